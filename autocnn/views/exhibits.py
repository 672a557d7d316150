"""A study's notes and pictures for optuna-dashboard: chapters of its report."""

from collections.abc import Mapping

from autocnn.evaluation import Evaluation
from autocnn.store.rows import TrialRow
from autocnn.views.report import figures, markdown, matrix, result, trials
from autocnn.views.report.charts import alone
from autocnn.views.report.contents import Report
from autocnn.views.tables import duration, plural, score

CHAPTERS = (result.result, trials.best_trials, trials.saved)
CONFUSION = "autocnn-confusion-matrix.svg"
CURVES = "autocnn-learning-curves.svg"
BEST = "autocnn-best-so-far.svg"
FINAL = "autocnn-final-training.svg"


def note(report: Report) -> str:
    """Sum a study up, as Markdown."""
    sections = (chapter(report) for chapter in CHAPTERS)
    return "\n\n".join(markdown.section(each) for each in sections if each)


def pictures(report: Report) -> dict[str, str]:
    """Draw what helps to see a study, by the names of the files."""
    drawn = {BEST: figures.best_so_far(report)}
    if report.has_curves:
        drawn[CURVES] = figures.curves(report)
    if report.study.final is not None and report.study.final.curve:
        drawn[FINAL] = figures.final_curve(report)
    return _files(drawn | _confusion(report.evaluation))


def trial_note(report: Report, row: TrialRow, rank: int) -> str:
    """Say of a trial what its values do not, as Markdown."""
    reached = score(row.val_accuracy, row.val_standard_error)
    why = f": {row.reason}" if row.reason else ""
    sentence = (
        f"Rank {rank} of {len(report.ranked)}, validation accuracy {reached}, "
        f"{row.status} after {plural(row.epochs, report.unit)}, "
        f"{duration(row.seconds)}{why}."
    )
    origin = f"It comes from {row.origin}." if row.origin else ""
    parts = [
        markdown.plain(sentence),
        markdown.plain(origin),
        markdown.code(row.recipe),
    ]
    return "\n\n".join(part for part in parts if part)


def trial_pictures(
    report: Report, row: TrialRow, evaluation: Evaluation | None
) -> dict[str, str]:
    """Draw a trial's curve among the others, and its confusions if they are known."""
    drawn = {}
    if report.has_curves and row.curve:
        drawn[CURVES] = figures.curves(report, row)
    return _files(drawn | _confusion(evaluation))


def _confusion(evaluation: Evaluation | None) -> dict[str, str]:
    if evaluation is None or len(evaluation.classes) > matrix.WIDEST:
        return {}
    return {CONFUSION: matrix.confusion(evaluation)}


def _files(drawn: Mapping[str, str]) -> dict[str, str]:
    return {name: alone(picture) for name, picture in drawn.items()}
