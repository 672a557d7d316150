"""What the trials came to: the best of them, their curves, and what pausing saved."""

from collections.abc import Iterator
from dataclasses import dataclass

from autocnn.quantities import milliseconds
from autocnn.store.aim import Unit
from autocnn.store.pareto import COSTS, front
from autocnn.store.rows import TrialRow
from autocnn.views import leaderboard
from autocnn.views.report import figures
from autocnn.views.report.blocks import Bar, Block, Figure, Section, Table, Text
from autocnn.views.report.contents import Report
from autocnn.views.report.result import measured
from autocnn.views.tables import accuracy, count, duration, plural, score

TOP = 20
FEW = 5
NUMBERS = ("rank", "trial", "validation accuracy", "parameters", "time")


def best_trials(report: Report) -> Section:
    """The leaderboard; what was trained again; the final training."""
    rows = leaderboard.rows(report.study, top=TOP)
    rows = [row for row in rows if row["val_accuracy"] is not None]
    more, steps = len(report.ranked) - len(rows), f"{report.unit}s"
    each = {
        "epoch": "the best over the trial's epochs",
        "fold": "the mean over the trial's folds, each at its last epoch",
    }[report.unit]
    blocks: list[Block] = [
        Table(
            columns=(
                *("rank", "trial", "status", "validation accuracy", steps),
                *("parameters", "time", "settings"),
            ),
            rows=tuple(
                (
                    str(row["rank"]),
                    str(row["trial"]),
                    row["status"],
                    score(row["val_accuracy"], row["val_standard_error"]),
                    str(row["epochs"]),
                    count(row["parameters"]),
                    duration(row["seconds"]),
                    leaderboard.key_settings(row["params"]),
                )
                for row in rows
            ),
            right=(*NUMBERS, steps),
            caption=f"{measured(report)} Each score is {each}"
            + (f"; {plural(more, 'more trial')} below." if more > 0 else "."),
        )
    ]
    if report.study.confirmed is not None and report.study.confirmed.scores:
        blocks += _confirmed(report)
    if line := leaderboard.final(report.study):
        blocks.append(Text(f"{line[0].upper()}{line[1:]}."))
    return Section("trials", "The best trials", tuple(blocks))


def curves(report: Report) -> Section | None:
    """The learning curves, or what the folds came to."""
    if not any(row.curve for row in report.study.trials):
        return None
    if not report.has_curves:
        return Section("curves", "Folds", (_folds(report), *_final_curve(report)))
    drawn = min(figures.MOST_CURVES, len(report.ranked))
    band = " The shaded band holds the middle half of all trials at each epoch."
    resting = sum(bool(row.curve) for row in report.study.trials)
    curves: tuple[Block, ...] = (
        Figure(
            figures.curves(report),
            f"Validation accuracy by epoch of {plural(drawn, 'trial')}, the best ones; "
            "where a line ends early, the trial was paused or given up. "
            f"{measured(report)}" + (band if resting > figures.BAND_FROM else ""),
            (("first", "the best, and the next four"), ("", "others")),
        ),
        _milestones(report),
    )
    return Section("curves", "Learning curves", (*curves, *_final_curve(report)))


def _final_curve(report: Report) -> Iterator[Figure]:
    """The final training's, beside the trial's if that has one."""
    last = report.study.final
    if last is None or not last.curve:
        return
    long = plural(last.epochs, "epoch")
    beside = f", {long} long"
    keys = [("second", "final training")]
    if report.has_curves:
        beside = (
            f" beside the trial: another schedule, {long} long, so that only the ends "
            "compare"
        )
        keys.append(("first", "the trial"))
    caption = f"The final training of trial {last.trial}'s recipe{beside}. "
    yield Figure(figures.final_curve(report), caption + measured(report), tuple(keys))


def _folds(report: Report) -> Table:
    """What each fold of the best few trials came to."""
    rows = [row for row in report.ranked if row.curve][:FEW]
    return Table(
        columns=("trial", "mean", "lowest", "highest", "each fold"),
        rows=tuple(
            (
                str(row.trial),
                score(row.val_accuracy, row.val_standard_error),
                accuracy(min(row.curve)),
                accuracy(max(row.curve)),
                "  ".join(map(accuracy, row.curve)),
            )
            for row in rows
        ),
        right=("trial", "mean", "lowest", "highest"),
        caption="Validation accuracy of each fold at its last epoch, of the best "
        f"{plural(len(rows), 'trial')}: a network for each, judged by the images that "
        "it was not trained on.",
    )


def _milestones(report: Report) -> Table:
    """Where the best few trials stood on their way."""
    rows = [row for row in report.ranked if row.curve][:FEW]
    return Table(
        columns=("trial", "first epoch", "half way", "last epoch", "best", "at"),
        rows=tuple(
            (
                str(row.trial),
                accuracy(row.curve[0]),
                accuracy(row.curve[(row.epochs - 1) // 2]),
                accuracy(row.curve[-1]),
                accuracy(max(row.curve)),
                f"epoch {1 + row.curve.index(max(row.curve))} of {row.epochs}",
            )
            for row in rows
        ),
        right=("trial", "first epoch", "half way", "last epoch", "best"),
        caption=f"The curves of the best {len(rows)} in numbers.",
    )


@dataclass(frozen=True, slots=True)
class _Stop:
    """The trials that came to rest after the same number of epochs."""

    epochs: int
    rows: tuple[TrialRow, ...]


def saved(report: Report) -> Section | None:
    """What was paused or pruned, and what that spared."""
    whole = _whole(report)
    rows = [row for row in report.study.trials if row.status in figures.AT_REST]
    rows = [row for row in rows if row.epochs]
    if not rows or not whole:
        return None
    trained = sum(row.epochs for row in rows)
    whole_epochs = sum(max(row.epochs, row.planned_epochs or whole) for row in rows)
    early = [row for row in rows if row.status != "complete"]
    if not early:
        text = (
            f"No trial was paused or pruned: all {len(rows)} were trained to the end."
        )
        return Section("saved", "What pausing saved", (Text(text, lead=True),))
    lead = (
        f"{len(early)} of {plural(len(rows), 'trial')} stopped early. {trained:,} "
        f"{report.unit}s were trained, where all of them to the end would have been "
        f"{whole_epochs:,}: "
        f"{1 - trained / whole_epochs:.0%} was spared"
    )
    seconds = [_spared(row, whole) for row in early]
    if seconds and all(seconds):
        spared = sum(filter(None, seconds))
        lead += f", about {duration(spared)} of training at each trial's own pace"
    promoted = sum(row.promotions > 0 for row in rows)
    again = f" {plural(promoted, 'trial')} went on after a pause." if promoted else ""
    table = Table(
        columns=("stopped after", "trials", "how many", "best of them", "why, of one"),
        rows=tuple(_stops(rows, report.unit)),
        right=("trials", "best of them"),
        caption=f"Trials at rest by the {report.unit}s they had. Those that stopped "
        f"early can be compared only with others at the same {report.unit}.",
    )
    return Section(
        "saved", "What pausing saved", (Text(f"{lead}.{again}", lead=True), table)
    )


def costs(report: Report) -> Section | None:
    """Which networks are worth their size."""
    rows = [row for row in report.ranked if row.parameters]
    best = front(rows, COSTS["params"])
    if len(best) < 1 or len(rows) < 2:
        return None
    on_line = "The trials" if len(best) <= TOP else f"Some of the {len(best)} trials"
    timed = any(row.latency is not None for row in best)
    return Section(
        "costs",
        "Accuracy and size",
        (
            Figure(
                figures.pareto(report),
                "Each trial's validation accuracy against the number of its network's "
                "parameters; the line joins those that no other beats in both. "
                f"{measured(report)}" + figures.left_out(len(rows)),
                (("first", "no other is smaller and as good"), ("", "others")),
            ),
            Table(
                columns=("trial", "parameters", "FLOPs an image")
                + (("latency",) if timed else ())
                + ("validation accuracy", "settings"),
                rows=tuple(
                    (str(row.trial), count(row.parameters), count(row.flops))
                    + ((milliseconds(row.latency),) if timed else ())
                    + (
                        score(row.val_accuracy, row.val_standard_error),
                        leaderboard.key_settings(dict(row.params)),
                    )
                    for row in figures.spread(best, TOP)
                ),
                right=(*NUMBERS, "FLOPs an image", "latency"),
                caption=f"{on_line} on that line, the smallest first.",
            ),
        ),
    )


def _whole(report: Report) -> int:
    """Say how many epochs (or folds) a whole trial has; 0 if that is not known."""
    config = report.study.config
    return int(config.get("folds") or config.get("epochs") or 0)


def _spared(row: TrialRow, whole: int) -> float | None:
    """Predict what the rest of a trial would have taken, in seconds."""
    if row.seconds is None:
        return None
    left = max(0, (row.planned_epochs or whole) - row.epochs)
    return row.seconds / row.epochs * left


def _stops(rows: list[TrialRow], unit: Unit) -> Iterator[tuple[str | Bar, ...]]:
    groups = [
        _Stop(epochs, tuple(row for row in rows if row.epochs == epochs))
        for epochs in sorted({row.epochs for row in rows})
    ]
    most = max(len(group.rows) for group in groups)
    for group in groups:
        best = max(group.rows, key=lambda row: row.val_accuracy or 0.0)
        reasons = [row.reason for row in group.rows if row.reason]
        yield (
            plural(group.epochs, unit),
            str(len(group.rows)),
            Bar(len(group.rows) / most),
            accuracy(best.val_accuracy),
            reasons[0] if reasons else "trained to the end",
        )


def _confirmed(report: Report) -> Iterator[Block]:
    confirmed = report.study.confirmed
    assert confirmed is not None
    rows = []
    for trial in confirmed.trials:
        scores = confirmed.scores.get(trial, {})
        mean, error = confirmed.mean(trial) if scores else (None, None)
        each = "  ".join(accuracy(scores[seed]) for seed in sorted(scores))
        won = "the winner" if trial == confirmed.winner else ""
        rows.append((str(trial), score(mean, error), each, won))
    yield Table(
        columns=("trial", "mean", "each training", "chosen"),
        rows=tuple(rows),
        right=("trial", "mean"),
        caption="The best recipes trained again from fresh seeds: a single training "
        "may have been lucky. Mean ± standard error over "
        f"{plural(confirmed.seeds, 'training')}, on the validation images.",
    )
