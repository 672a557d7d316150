"""autocnn export: hand a network on, to where there is no autocnn."""

from pathlib import Path
from typing import Any

import click

from autocnn.commands.options import (
    Place,
    model_option,
    place_options,
    study_option,
)
from autocnn.commands.words import say
from autocnn.errors import RequestError


class ExportCommand(click.Command):
    """Reads the table of formats into its help."""

    def format_epilog(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the formats."""
        from autocnn.deliver.export.formats import FORMATS

        with formatter.section("Formats"):
            formatter.write_dl([(name, row.about) for name, row in FORMATS.items()])


@click.command("export", cls=ExportCommand)
@click.argument("reference", metavar="[TRIAL|ensemble]", default="best")
@click.option(
    "--format", "form", metavar="NAME", required=True, help="What to write; see below."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write.  [default: STUDY-TRIAL-FORMAT, here]",
)
@study_option
@model_option
@click.option(
    "--check",
    type=click.Path(exists=True, path_type=Path),
    metavar="IMAGES",
    help="Image, or folder of them, to check it on.  [default: the study's own]",
)
@place_options
def command(**options: Any) -> None:
    """Export a study's best network, a TRIAL's (17, best-2) if kept, or its ensemble.

    All formats take the pixels of images as they are decoded, uint8 (N, height, width,
    channels), and give logits; all but the bare weights normalize inside. Each is run
    beside the original on up to 1,000 of the study's training and validation images:
    if logits differ by more than 0.0001, nothing is written. card.json beside it holds
    the classes, what goes in and comes out, and the result.
    """
    _export(**options)


def _export(
    *,
    reference: str,
    form: str,
    output: Path | None,
    study: str | None,
    model: Path | None,
    check: Path | None,
    place: Place,
) -> None:
    import torch

    from autocnn.choices import pick
    from autocnn.deliver.export.check import sample
    from autocnn.deliver.export.formats import FORMATS
    from autocnn.deliver.export.make import export
    from autocnn.deliver.predict import load

    pick(FORMATS, form, "format")
    if model and reference != "best":
        raise RequestError(
            f"{reference} and --model {model} are two networks",
            hint="leave one of them out",
        )
    folder, label = (model, model.name) if model else _kept(reference, study, place)
    # There float32 is computed as such, in whatever precision it was trained.
    network = load(folder, torch.device("cpu"))
    target = output or Path(f"{label}-{form}")
    card = export(network, form, target, sample(network.card, check))
    _tell(card, target)


def _kept(reference: str, study: str | None, place: Place) -> tuple[Path, str]:
    """Find the folder of a study's network, and a name for it."""
    from autocnn.commands.references import kept_network
    from autocnn.deliver.networks import ENSEMBLE, ensemble
    from autocnn.storage import open_storage
    from autocnn.store.find import find_study
    from autocnn.store.rows import find_trial, snapshot

    found = find_study(open_storage(place.url), study)
    folder = place.folder(found.study_name)
    name = folder.name
    if reference == ENSEMBLE:
        return ensemble(folder), f"{name}-{ENSEMBLE}"
    if reference == "best":
        return kept_network(found, place), f"{name}-best"
    trial = find_trial(snapshot(found), reference).trial
    return kept_network(found, place, trial), f"{name}-{trial}"


def _tell(card: dict[str, Any], folder: Path) -> None:
    """Say which files there are, what they take and give, and how they were checked."""
    said, checked = card["export"], card["export"]["checked"]
    for name in [*said["files"], "card.json"]:
        size = (folder / name).stat().st_size
        say(f"{folder / name}  ({size / 1e3:,.1f} kB)")
    version = f"opset {said['opset']}; " if "opset" in said else ""
    taken, given = said["input"], said["output"]
    say(
        f"{version}{taken['type']} {taken['name']} {_shape(taken)} to "
        f"{given['type']} {given['name']} {_shape(given)}"
    )
    say(
        f"checked on {checked['images']:,} {checked['on']}: logits differ by at most "
        f"{checked['max_difference']:.2g}"
    )


def _shape(side: dict[str, Any]) -> str:
    return "(" + ", ".join(map(str, side["shape"])) + ")"
