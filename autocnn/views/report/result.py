"""The first page: what came of the search, how sure that is, and how to do it again."""

from collections.abc import Iterator

from autocnn.store.aim import standard_error
from autocnn.store.honest import METHOD
from autocnn.views.evaluation import interval
from autocnn.views.report import figures
from autocnn.views.report.again import command, day
from autocnn.views.report.blocks import (
    Block,
    Code,
    Fact,
    Facts,
    Figure,
    Section,
    Table,
    Text,
)
from autocnn.views.report.contents import Report
from autocnn.views.tables import accuracy, count, duration, plural, score
from autocnn.views.verdict import whose


def result(report: Report) -> Section:
    """The first screen."""
    blocks: list[Block] = [
        Text(headline(report), lead=True),
        Facts(tuple(_facts(report))),
        Figure(
            figures.best_so_far(report),
            "Best validation accuracy so far, over the time of the search (the line), "
            "and where each trial came to rest (the dots; on the axis: lower); long "
            f"breaks are cut short. {measured(report)}"
            + figures.left_out(len(report.ranked)),
            tuple(_keys(report)),
        ),
    ]
    if report.study.config:
        blocks.append(Code(command(report), "to do it again"))
    blocks.append(Table(columns=("", ""), rows=tuple(_outline(report))))
    return Section("result", "The result", tuple(blocks))


def headline(report: Report) -> str:
    """Say what the best network is worth by the most honest figure there is."""
    begun = "So far, the best network" if report.running else "The best network"
    network = f"{begun} found for {report.data_name}"
    tested = report.tested
    if tested is not None:
        return (
            f"{network} is right on {accuracy(tested.accuracy)} of {tested.images:,} "
            "test images that the search never saw "
            f"(95 %: {interval(tested.interval)})."
        )
    if report.card.get("on_val"):
        return (
            f"{network} has learned from all images but the sealed test set, which "
            "autocnn evaluate opens: nothing else can say how often it is right."
        )
    estimate = report.study.estimate
    if estimate is not None:
        return (
            f"{network} is expected to be right on {accuracy(estimate.corrected)} of "
            f"new images (95 %: {interval(estimate.interval)}, "
            f"in a set of {estimate.test_images:,})."
        )
    measured = (
        f"{report.val_images:,} validation images"
        if report.val_images
        else ("the validation images")
    )
    return (
        f"{network} is right on {_score(report)} of {measured}; it was chosen by them, "
        "so new images may fare a little worse."
    )


def _facts(report: Report) -> Iterator[Fact]:
    """The honest line: three figures, and what each of them is."""
    scored = plural(len(report.ranked), "trial")
    last = report.study.final
    also = " and a final training" if last is not None and last.curve else ""
    images = f" over {report.val_images:,} images" if report.val_images else ""
    on_val = report.card.get("on_val")
    after = "; the network that is kept has learned from them, too" if on_val else ""
    yield Fact(
        "Best validation accuracy",
        _score(report),
        f"± standard error{images}; the best of {scored}{also}, "
        f"and so a little too good{after}",
    )
    estimate = report.study.estimate
    if estimate is None:
        why = "the networks' answers to the validation images are not kept"
        if on_val:
            why = "it has learned from the validation images: only the test set can say"
        yield Fact("Corrected for choosing", "not known", why)
    else:
        yield Fact(
            "Corrected for choosing",
            accuracy(estimate.corrected),
            f"95 % of sets of {estimate.test_images:,} new images: "
            f"{interval(estimate.interval)}; {METHOD} over "
            f"{plural(estimate.networks, 'training')} and {estimate.epochs:,} epochs",
        )
    if not report.study.openings:
        how = "autocnn evaluate opens it, once"
        yield Fact("Sealed test set", "still sealed", how)
        return
    first, *later = report.study.openings
    shown = report.tested or first
    told = f"95 %: {interval(shown.interval)} (Wilson); {shown.images:,} images that "
    told += f"the search never saw, opened on {day(shown.at)}"
    if report.tested is None:
        told += f"; of {whose(shown)}, which is not the best network now"
    if later:
        told += f"; opened {len(report.study.openings)} times, so no longer sealed"
    yield Fact("Sealed test set", accuracy(shown.accuracy), told)


def _outline(report: Report) -> Iterator[tuple[str, str]]:
    """Say in a few lines what was searched."""
    study, config, state = report.study, report.study.config, report.study.state
    counts = study.counts()
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    yield "study", study.name
    if config:
        shape = config["shape"]
        size = f"{shape['height']}x{shape['width']}x{shape['channels']}"
        yield (
            "data",
            (
                f"{config['data']}: {shape['classes']} classes, {size}, "
                f"{config['train_images']:,} images to learn from, "
                f"{config['val_images']:,} to be judged by"
                + (f" ({config['folds']} folds)" if config.get("folds") else "")
            ),
        )
        yield (
            "search",
            (
                f"sampler {config['sampler']}, pruner {config['pruner']}, "
                f"{plural(config['epochs'], 'epoch')} a trial, seed {config['seed']}"
            ),
        )
    yield "trials", f"{len(study.trials)}: {told}"
    if state is not None:
        spent = duration(state.seconds + state.earlier_seconds)
        over = state.outcome or state.phase
        yield "time", f"{spent} on {state.device or 'an unknown device'} ({over})"
    if "parameters" in report.card:
        whose = (
            f"trial {report.card.get('trial')}'s recipe, "
            if report.final
            else (f"trial {report.card.get('trial')}, ")
        )
        kind = "trained for good" if report.final else "as the search trained it"
        kind += ", on the validation images too" * bool(report.card.get("on_val"))
        yield (
            "best network",
            (f"{whose}{kind}: {count(report.card['parameters'])} parameters"),
        )


def _keys(report: Report) -> Iterator[tuple[str, str]]:
    yield "first", "best so far; complete trials"
    yield "", "paused or pruned"
    if any(row.status == "failed" for row in report.ranked):
        yield "failed", "failed"
    if report.study.final is not None and report.study.final.curve:
        yield "second", "final training"


def measured(report: Report) -> str:
    """Say what set a score is of, and what ± means, for captions."""
    images = report.study.config.get("val_images")
    if not images:
        return "Scores are as the study has them."
    error = standard_error(report.best.val_accuracy, images)
    each = f" (± {100 * error:.1f} points standard error at the best)" if error else ""
    return f"Scores are on {images:,} validation images{each}."


def _score(report: Report) -> str:
    error = standard_error(report.val_accuracy, report.val_images)
    return score(report.val_accuracy, error)
