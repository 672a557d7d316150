"""Events as lines of text, on standard error: for pipes, logs and CI."""

import sys

from autocnn.events import (
    BestImproved,
    EpochEnded,
    Event,
    FinalEnded,
    FinalStarted,
    Notice,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialPaused,
    TrialStarted,
    Verdict,
)
from autocnn.names import printable
from autocnn.store.aim import unit_of
from autocnn.views import verdict
from autocnn.views.tables import accuracy, count, duration, plural


def write(event: Event) -> None:
    """Write one event as a line."""
    sys.stderr.write(printable(line(event)) + "\n")
    sys.stderr.flush()


def line(event: Event) -> str:
    """Say one event in a sentence."""
    match event:
        case SearchStarted():
            return started(event)
        case TrialStarted():
            again = f", from epoch {event.epochs_done}" if event.epochs_done else ""
            pace = f", {_about(event.epoch_seconds)} an epoch"
            left = f"; {_about(event.seconds_left)} left in all"
            begun = "promoted" if event.promotions else "started"
            return (
                f"trial {event.trial} {begun}: {count(event.parameters)} parameters, "
                f"{count(event.flops)}FLOPs an image{again}"
                + (pace if event.epoch_seconds is not None else "")
                + (left if event.seconds_left is not None else "")
            )
        case EpochEnded():
            fold = f" fold {event.fold}" if event.fold else ""
            who = "final training" if event.final else f"trial {event.trial}{fold}"
            return (
                f"{who} epoch {event.epoch}/{event.epochs}: "
                f"val {accuracy(event.val_accuracy)}, loss {event.train_loss:.3f}, "
                f"{duration(event.seconds)}, {event.images_per_second:.0f} images/s"
            )
        case TrialPaused():
            return (
                f"trial {event.trial} paused: {event.reason} "
                f"(val {accuracy(event.val_accuracy)}, {plural(event.epochs, 'epoch')})"
            )
        case TrialEnded():
            return trial_ended(event)
        case BestImproved():
            return f"best so far: trial {event.trial}, {accuracy(event.val_accuracy)}"
        case FinalStarted():
            left = f", {_about(event.seconds_left)}" if event.seconds_left else ""
            again = f", from epoch {event.epochs_done}" if event.epochs_done else ""
            return (
                f"final training: trial {event.trial}'s recipe, "
                f"{plural(event.epochs, 'epoch')} with all the machine has{again}{left}"
            )
        case FinalEnded():
            kept = "kept" if event.kept else "not better than the best trial, not kept"
            reached = f"val {accuracy(event.val_accuracy)}"
            if event.val_accuracy is None:
                reached = "on the validation images, too"
            return (
                f"final training complete ({reached}, "
                f"{plural(event.epochs, 'epoch')}, {duration(event.seconds)}): {kept}"
            )
        case Verdict():
            return _verdict(event)
        case Notice():
            return event.text
        case SearchEnded():
            return ended(event)


def _verdict(event: Verdict) -> str:
    """Say what the best network is worth on other images."""
    said = []
    if event.corrected is not None and event.corrected_interval is not None:
        said.append(
            verdict.corrected(
                event.corrected, event.corrected_interval, event.test_images
            )
        )
    if event.test_accuracy is not None and event.test_interval is not None:
        said.append(
            verdict.test(event.test_accuracy, event.test_interval, event.test_images)
        )
    return "; ".join(said)


def _about(seconds: float | None) -> str:
    return f"about {duration(seconds)}"


def started(event: SearchStarted) -> str:
    """Introduce a search."""
    share = "1 worker" if event.jobs == 1 else f"{event.jobs} workers"
    before = f", {event.done} done before" if event.done else ""
    resumed = ", ".join(map(str, event.resumed))
    trials = (
        plural(event.trials, "trial") if event.trials else "trials until time is up"
    )
    return (
        f"study {event.study}: {event.data}, {trials}{before}, up to "
        f"{plural(event.epochs, 'epoch')} each, {share} on {event.device}, "
        f"sampler {event.sampler}, pruner {event.pruner}"
        + (f", {event.limits}" if event.limits else "")
        + (f"; trials that go on: {resumed}" if resumed else "")
    )


def trial_ended(event: TrialEnded) -> str:
    """Say how a trial ended."""
    why = f": {event.reason}" if event.reason else ""
    if event.status == "refused":
        return f"trial {event.trial} refused{why}"
    steps = plural(event.epochs, unit_of({"folds": event.folds}))
    return (
        f"trial {event.trial} {event.status}{why} "
        f"(val {accuracy(event.val_accuracy)}, {steps}, {duration(event.seconds)})"
    )


def ended(event: SearchEnded) -> str:
    """Sum a search up."""
    statuses = ", ".join(f"{n} {status}" for status, n in event.counts.items())
    best = (
        f"; best is trial {event.best} with {accuracy(event.val_accuracy)} validation "
        "accuracy"
        if event.best is not None
        else ""
    )
    plain = event.outcome in ("complete", "interrupted", "failed")
    over = event.outcome if plain else f"over, {event.outcome},"
    return (
        f"search {over} after {duration(event.seconds)}: "
        f"{event.trials} trials ({statuses}){best}"
    )
