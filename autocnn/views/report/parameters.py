"""Which parameters mattered, and which of their values did well."""

from autocnn.store.rows import TrialRow
from autocnn.views.report import explore, figures
from autocnn.views.report.blocks import Bar, Plot, Section, Table, Text
from autocnn.views.report.contents import Report
from autocnn.views.report.result import measured
from autocnn.views.tables import plural
from autocnn.views.tui.drawn import Drawn, collect, number
from autocnn.views.tui.weighed import NEEDED, Weighed, measure

ROUGH = 100
"""Of fewer complete trials importances are no more than hints."""


def importances(report: Report) -> Section:
    """Each parameter's share of what can be explained."""
    found, complete = weighed(report)
    if not found:
        text = (
            f"{plural(complete, 'complete trial')}: from fewer than {NEEDED} nothing "
            "can be said of what mattered."
            if complete < NEEDED
            else "No parameter was drawn more than one way."
        )
        return Section("importances", "What mattered", (Text(text),))
    top = max(each.share for each in found) or 1.0
    rough = "; of so few trials, a rough hint" if complete < ROUGH else ""
    table = Table(
        columns=("parameter", "share", "", "best quarter"),
        rows=tuple(
            (
                each.drawn.name,
                f"{each.share:.0%}",
                Bar(each.share / top),
                each.drawn.where(),
            )
            for each in found
        ),
        right=("share",),
        caption="Which parameters tell the best quarter of the trials from the others: "
        f"PED-ANOVA (arXiv:2304.10255) over {complete} complete trials{rough}.",
    )
    return Section("importances", "What mattered", (table,))


def space(report: Report) -> Section | None:
    """Where in the space the good trials lie."""
    rows = _scored(report)
    drawn = collect(rows, report.study.distributions)
    if not drawn:
        return None
    best = max(rows, key=lambda row: row.val_accuracy or 0.0)
    count = int(drawn[0].best.sum())
    table = Table(
        columns=("parameter", "range", f"best trial ({best.trial})", "best quarter"),
        rows=tuple(
            (each.name, each.range(), _value(best, each), each.where())
            for each in drawn
        ),
        caption=f"Where most of the best {plural(count, 'trial')} lie (a quarter of "
        f"{len(rows)}), and what the best one has. Paused trials count with what they "
        "had reached.",
    )
    plots = _plots(report, rows, drawn) if len(rows) > 1 else ()
    return Section("space", "Which values did well", (table, *plots))


def _plots(
    report: Report, rows: list[TrialRow], drawn: tuple[Drawn, ...]
) -> tuple[Plot, Plot]:
    """Let a person look for themselves, in Optuna's own figures."""
    found, _ = weighed(report)
    names = _heaviest(found, drawn)
    which = "mattered most" if found else "were drawn in several ways"
    ranked = sorted(rows, key=lambda row: -(row.val_accuracy or 0.0))
    few = sorted(figures.thinned(ranked), key=lambda row: row.trial)
    lines = min(len(rows), explore.MOST_LINES)
    return (
        Plot(
            explore.slices(few, report.study.distributions, names),
            "Each trial's validation accuracy against its values of parameters that "
            f"{which}; the first trials are gray, the last ones orange. "
            f"{measured(report)}" + figures.left_out(len(rows)),
            width=200 * min(len(names), explore.MOST_SLICES),
        ),
        Plot(
            explore.parallels(rows, report.study.distributions, names),
            f"The best {lines} trials as lines through their values, the most accurate "
            f"in orange. {measured(report)}",
            width=120 * (len(names) + 1),
        ),
    )


def weighed(report: Report) -> tuple[tuple[Weighed, ...], int]:
    """Weigh the parameters; of how many complete trials."""
    rows = report.ranked
    complete = [row for row in rows if row.status == "complete"]
    if len(complete) < NEEDED:
        return (), len(complete)
    return measure(complete, report.study.distributions), len(complete)


def _scored(report: Report) -> list[TrialRow]:
    """Give trials at rest, in the order in which they were drawn."""
    found = [row for row in report.ranked if row.status in figures.AT_REST]
    return sorted(found, key=lambda row: row.trial)


def _heaviest(found: tuple[Weighed, ...], drawn: tuple[Drawn, ...]) -> list[str]:
    """Name the parameters that mattered most; else those that have most values."""
    varied = [each for each in drawn if len(set(each.numbers.tolist())) > 1] or drawn
    shares = {each.drawn.name: each.share for each in found}
    order = sorted(varied, key=lambda each: -shares.get(each.name, 0.0))
    return [each.name for each in order[: explore.MOST_AXES]]


def _value(best: TrialRow, drawn: Drawn) -> str:
    value = best.params.get(drawn.name)
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else str(value)
