"""autocnn report: a study as one file that can be mailed, read anywhere, and kept."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autocnn import durable
from autocnn.commands.options import Place, place_options, study_argument
from autocnn.commands.words import say
from autocnn.errors import RequestError

if TYPE_CHECKING:
    import optuna

    from autocnn.views.report.contents import Report


@click.command("report")
@study_argument
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    default="report.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write it: .html, or .md for Markdown, without figures.",
)
@place_options
def command(study: str | None, output: Path, place: Place) -> None:
    """Write all that STUDY found as one file; by default, of the study active last.

    The result with its uncertainty, the trials and their curves, what pausing saved,
    what mattered, confusions, the worst mistakes, the data, and the command that does
    it again. The file needs no network and no other file. The sealed test images are
    not opened: if they were before, what was found then is told.
    """
    _writer(output)
    from autocnn.storage import open_storage
    from autocnn.store.find import find_study
    from autocnn.views.tables import size

    written = write(find_study(open_storage(place.url), study), place, output)
    say(f"report: {output} ({size(written)})", err=True)


def write(study: "optuna.Study", place: Place, output: Path) -> int:
    """Write a study's report as the file's name says; give how many bytes it has."""
    from autocnn.commands.gather import gather
    from autocnn.commands.references import study_folder

    study_folder(study, place)
    text = _writer(output)(gather(study, place))
    # A name may hold what is no text: a file's, in another encoding.
    document = text.encode("utf-8", errors="replace")
    durable.write_output(output, document)
    return len(document)


def _html(report: "Report") -> str:
    from autocnn.views.report import html

    return html.write(report)


def _markdown(report: "Report") -> str:
    from autocnn.views.report import markdown

    return markdown.write(report)


WRITERS: Mapping[str, Callable[["Report"], str]] = {
    ".html": _html,
    ".htm": _html,
    ".md": _markdown,
    ".markdown": _markdown,
}


def _writer(output: Path) -> Callable[["Report"], str]:
    try:
        return WRITERS[output.suffix.lower()]
    except KeyError:
        raise RequestError(
            f"a report cannot be written as {output.suffix or 'a file without suffix'}",
            hint="name a file that ends in .html or .md",
        ) from None
