"""autocnn bench: search policies compared on a study's own learning curves."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from autocnn.commands.options import Place, format_option, place_options, study_argument
from autocnn.commands.words import say
from autocnn.errors import NoResultError, RequestError
from autocnn.quantities import plural

if TYPE_CHECKING:
    from autocnn.offline.compare import Compared
    from autocnn.offline.table import Table
    from autocnn.store.rows import StudySnapshot

LEAST = 20
"""Recipes without which a comparison would say nothing."""
MOST_TRIALS = 50
SHARE = 4
"""One recipe in so many is a trial of the rival's.

Of 40 recipes, ours then begins two thirds; with a third for the rival, all but a sixth.
"""


@click.command("bench")
@study_argument
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="How often each policy searches.",
)
@click.option(
    "-n",
    "--trials",
    type=click.IntRange(1),
    metavar="N",
    help="All have the epochs that TPE with the median pruner takes for so many.  "
    f"[default: a quarter of the curves, at most {MOST_TRIALS}]",
)
@format_option
@place_options
def command(
    study: str | None, seeds: int, trials: int | None, form: str, place: Place
) -> None:
    """Compare search policies on a STUDY's own learning curves; train nothing.

    Without STUDY, the one that was active last. Each policy searches the study's space
    anew, many times, with two workers and epochs as the clock: what it proposes is
    answered by the nearest trial it has not had yet. So only trials that were trained
    to their end count, and 20 of them are needed: search with --pruner none first.

    Played are our search (start points, TPE, pauses at rungs), Optuna's TPE with its
    median pruner, TPE with successive halving that stops, and random search.

    What it tells holds for this space, these data and this many epochs only.
    """
    from autocnn import processes

    if seeds > 1:
        # What plays is loaded in the background while this process loads it, below.
        processes.worker_context(1)
    from autocnn.commands.progress import progress_of
    from autocnn.offline.board import Board
    from autocnn.offline.compare import compare
    from autocnn.offline.policies import policies
    from autocnn.offline.study import table_of
    from autocnn.storage import open_storage
    from autocnn.store.find import find_study
    from autocnn.store.rows import snapshot
    from autocnn.views import policies as view

    found = snapshot(find_study(open_storage(place.url), study))
    table = table_of(found)
    _check(found, table, trials, place)
    trials = trials or min(MOST_TRIALS, len(table.rows) // SHARE)
    things = "seed" if seeds == 1 else "seeds"
    with progress_of(things, lambda text: say(text, err=True)) as progress:
        progress("searching the curves", 0, seeds)
        compared = compare(
            Board(table),
            policies(len(table.starts)),
            trials=trials,
            seeds=seeds,
            heard=lambda done: progress("searching the curves", done, seeds),
        )
    if form == "table":
        say(_heading(found, table), err=True)
    view.write(compared.rows(), form)
    if form == "table":
        for line in _legend(compared, trials, seeds, table.epochs):
            say(line, err=True)


def _check(
    study: "StudySnapshot", table: "Table", trials: int | None, place: Place
) -> None:
    """Refuse what no comparison could be made of."""
    rows = len(table.rows)
    if rows < LEAST:
        data = shlex.quote(study.config["source"])
        name = shlex.quote(study.name)
        more = f"--study {name} --pruner none --trials +{LEAST - rows} {place.typed}"
        raise NoResultError(
            f"study '{study.name}' has {plural(rows, 'trial')} that were trained to "
            f"their end, and a comparison needs {LEAST}",
            hint=f"train all to their end: autocnn search {data} {more}".rstrip(),
        )
    if trials is not None and trials > rows:
        raise RequestError(
            f"--trials {trials} is more than the {rows} that there are to find",
            hint=f"a quarter of them, {rows // SHARE}, is the default",
        )


def _heading(study: "StudySnapshot", table: "Table") -> str:
    """Name the study, and say what of it is searched."""
    others = study.total - len(table.rows)
    lacks = f"; {plural(others, 'other trial')} left out: bad ones are rarer here"
    return (
        f"study {study.name}: {plural(len(table.rows), 'curve')} of "
        f"{plural(table.epochs, 'epoch')}{lacks if others else ''}"
    )


def _legend(
    compared: "Compared", trials: int, seeds: int, epochs: int
) -> Iterator[str]:
    """Say what the columns are."""
    import statistics

    from autocnn.offline.policies import RIVAL

    budget = statistics.median(compared.budgets)
    yield (
        f"best accuracy in percent, the median over {plural(seeds, 'seed')}, at tenths "
        f"of {plural(round(budget), 'epoch')}, which '{RIVAL}' takes for "
        f"{plural(trials, 'trial')}; recipes: begun by then"
    )
    yield (
        "matches at: the share of them after which the best of that whole search is "
        "reached (median; 1: never); missed: seeds that never reach it"
    )
    yield f"this holds for this space, these data and {plural(epochs, 'epoch')} only"
