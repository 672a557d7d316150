"""The chapters of a report, in order. To add one, add its line to CHAPTERS."""

from collections.abc import Callable, Sequence

from autocnn.views.report import again, data, network, parameters, result, trials
from autocnn.views.report.blocks import Section
from autocnn.views.report.contents import Report

CHAPTERS: Sequence[Callable[[Report], Section | None]] = (
    result.result,
    trials.best_trials,
    trials.curves,
    trials.saved,
    parameters.importances,
    parameters.space,
    trials.costs,
    network.classes,
    network.mistakes,
    data.audit,
    again.environment,
    again.reproduction,
)


def chapters(report: Report) -> list[Section]:
    """Write all chapters that have something to say."""
    written = (chapter(report) for chapter in CHAPTERS)
    return [section for section in written if section is not None]
