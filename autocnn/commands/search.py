"""autocnn search: the whole job, from images to ranked networks."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autocnn.commands.endings import begin_none, stop_the_search, unless_closed
from autocnn.commands.engines import ENGINES, engine_options
from autocnn.commands.options import (
    Duration,
    PatienceType,
    TrialCount,
    data_options,
    limit_options,
    place_options,
)
from autocnn.commands.words import say
from autocnn.events import Emit, Notice

if TYPE_CHECKING:
    import optuna

    from autocnn.commands.setup import Setup


EXIT_CODES = {
    "0": "done",
    "1": "an error",
    "2": "the command cannot be understood",
    "3": "the study of that name is a different search",
    "4": "no trial was completed, or the target was not reached",
    "5": "the data cannot be used",
    "75": "stopped; the same command goes on",
    "130": "stopped at once",
    "143": "ended by SIGTERM while nothing was trained",
}


class SearchCommand(click.Command):
    """Reads the tables of what can be chosen into its help."""

    def format_epilog(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List data sets, samplers, pruners and exit codes."""
        from autocnn.data.datasets import DATASETS
        from autocnn.search.pruners import PRUNERS
        from autocnn.search.samplers import SAMPLERS

        for title, rows in (
            ("Data sets", {name: row.about for name, row in DATASETS.items()}),
            ("Samplers", {name: row.help for name, row in SAMPLERS.items()}),
            ("Pruners", {name: row.help for name, row in PRUNERS.items()}),
            ("Engines", {name: row.help for name, row in ENGINES.items()}),
            ("Exit codes", EXIT_CODES),
        ):
            with formatter.section(title):
                formatter.write_dl(list(rows.items()))


@click.command("search", cls=SearchCommand)
@click.argument("data", default="digits")
@click.option(
    "-n",
    "--trials",
    "--n-trials",
    type=TrialCount(),
    help="How many the study shall have in total; +20 for 20 more.  [default: 50, or "
    "the whole grid]",
)
@click.option(
    "--timeout",
    type=Duration(),
    help="Stop this run after this time: 90, 30m, 2h. Without --trials, what is "
    "trained is planned to fill it.",
)
@click.option(
    "--trial-timeout",
    type=Duration(),
    help="Give a trial up that trains longer than this: it fails.",
)
@click.option(
    "--target",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="ACCURACY",
    help="Stop when a trial reaches this validation accuracy: 0.9.",
)
@click.option(
    "--patience",
    type=PatienceType(),
    help="Stop after N trials without a better one; auto: when more would gain less "
    "than the score's standard error.",
)
@click.option(
    "--final/--no-final",
    default=None,
    help="In the end train the best trial's recipe longer, with all the machine; half "
    "of the time is kept for it.  [default: final, with --timeout]",
)
@click.option(
    "--train-on-val",
    is_flag=True,
    help="Let the final training have the validation images, too: its epochs are fixed "
    "beforehand, and only the sealed test set can tell how good it is.",
)
@click.option(
    "--confirm",
    type=click.IntRange(0, 20),
    help="Before that, train the N best recipes again, from 3 fresh seeds each: the "
    "best by its mean wins.  [default: 3, where there is time]",
    metavar="N",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    help="Epochs of a full trial.  [default: by the number of images]",
)
@click.option("--study", metavar="NAME", help="Its name.  [default: the data's name]")
@click.option("--new", is_flag=True, help="Begin a new study; nothing is deleted.")
@click.option(
    "--space",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML file that narrows, fixes or extends what is drawn.",
)
@click.option(
    "--portfolio/--no-portfolio",
    default=None,
    help="Begin with recipes that do well on many data sets.  [default: portfolio]",
)
@click.option(
    "--from",
    "from_study",
    metavar="STUDY",
    help="Begin a new study with the best recipes of another one in the storage.",
)
@click.option("--sampler", metavar="NAME", help="Who proposes recipes.  [default: tpe]")
@click.option("--pruner", metavar="NAME", help="Who gives trials up.  [default: asha]")
@click.option(
    "--folds",
    type=click.IntRange(2, 20),
    help="Cross-validate each trial with so many folds.",
)
@limit_options
@engine_options
@click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, mps."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    help="Of the split, the sampler and the weights.  [default: 0]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and stop.")
@click.option(
    "--tui", "view", flag_value="tui", help="Show it live.  [default: on a terminal]"
)
@click.option("--plain", "view", flag_value="plain", help="Write lines of text.")
@click.option("--json", "view", flag_value="json", help="Write events as JSON lines.")
@click.option("--announce", type=click.Path(path_type=Path), hidden=True)
@data_options
@place_options
def command(**options: Any) -> int:
    """Search for the best network for DATA.

    DATA is a name (see below), a folder of images (class/img or
    train|val|test/class/img), a CSV file of path,label, or an .npz file of images and
    labels. Without DATA the search uses scikit-learn's handwritten digits, which need
    no download.

    On a terminal the search is shown live and runs apart from it: q leaves or stops
    it, and autocnn watch comes back. The same command again resumes the study. Without
    a screen, Ctrl-C stops it and loses nothing; a second Ctrl-C stops at once.
    """
    if _on_screen(options):
        from autocnn.commands.attached import search_attached

        words = sys.argv[1:]
        return search_attached(words, options["place"], target=options["target"])
    from autocnn import processes

    if options["engine"] == "local":
        # Workers load PyTorch in the background while this process does.
        asked = options["jobs"]
        jobs = int(asked) if asked.isdigit() and int(asked) else processes.cores()
        processes.worker_context(processes.threads_of(jobs))

    from autocnn.commands.conclude import conclude
    from autocnn.commands.configure import Request
    from autocnn.commands.run import run
    from autocnn.commands.setup import set_up
    from autocnn.storage import check_place

    request = Request(**{name: options[name] for name in Request.__slots__})
    check_place(request.place.studies, request.place.url)
    view: str | None = options["view"]
    tell = _writer(view, begin_none)
    setup = set_up(request, lambda text: tell(Notice(text=text)))
    if options["dry_run"]:
        return _dry_run(setup)
    path: Path | None = options["announce"]
    if path is not None:
        from autocnn.commands.attached import add_storage

        add_storage(sys.argv, setup.place)

    def ready(study: "optuna.Study") -> None:
        if path is not None:
            from autocnn.commands.attached import announce

            announce(path, study.study_name, setup.folder)

    found, outcome = run(setup, _writer(view, stop_the_search), ready)
    return conclude(
        setup.place, found, outcome, quiet=view == "json", target=options["target"]
    )


def _on_screen(options: Mapping[str, Any]) -> bool:
    """Whether the search is to be watched: on a terminal, if nobody says otherwise."""
    if options["view"] is not None or options["dry_run"]:
        return bool(options["view"] == "tui")
    streams = (sys.stdin, sys.stdout, sys.stderr)
    terminal = all(stream.isatty() for stream in streams)
    return terminal and os.environ.get("TERM") != "dumb" and os.name == "posix"


def _dry_run(setup: "Setup") -> int:
    """Write the plan on standard output; nothing is created."""
    from autocnn.commands.outline import outline

    for name, value in outline(setup).items():
        say(f"{name + ':':<10} {value}")
    return 0


def _writer(kind: str | None, unread: Callable[[], None]) -> Emit:
    """Choose how the search is told where no screen shows it."""
    from autocnn.views import jsonl, plain

    if kind == "json":
        return unless_closed(jsonl.write, sys.stdout, unread)
    return unless_closed(plain.write, sys.stderr, unread)
