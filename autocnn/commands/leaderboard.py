"""autocnn leaderboard: a study's trials, best first."""

import click

from autocnn.commands.options import Place, format_option, place_options, study_argument
from autocnn.commands.words import say
from autocnn.store.pareto import COSTS


@click.command("leaderboard")
@study_argument
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the best N.")
@click.option(
    "--pareto",
    type=click.Choice(list(COSTS)),
    help="Only trials that no other beats in both accuracy and this, the cheapest "
    "first; latency: of trials for which --max-latency measured it.",
)
@format_option
@place_options
def command(
    study: str | None, top: int | None, pareto: str | None, form: str, place: Place
) -> None:
    """Rank the trials of a STUDY by validation accuracy.

    Without STUDY, of the one that was active last.

    A trial's val_accuracy is the best over its epochs (with --folds: the mean over its
    folds). It is measured on the validation images, never on the test images.
    """
    from autocnn.storage import open_storage
    from autocnn.store.find import find_study
    from autocnn.store.rows import snapshot
    from autocnn.views import leaderboard, verdict

    found = snapshot(find_study(open_storage(place.url), study))
    if form == "table":
        say(leaderboard.heading(found), err=True)
    leaderboard.write(found, form, top=top, pareto=pareto or "")
    if pareto and not any(COSTS[pareto](row) is not None for row in found.trials):
        say(f"of no trial the {pareto} is known: search with --max-{pareto}", err=True)
    if form == "table":
        for sentence in verdict.sentences(found):
            say(sentence, err=True)
