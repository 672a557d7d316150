"""What a word on the command line names: a recipe file, a trial, a study's network."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn import recipe as recipes
from autocnn.commands.options import Place
from autocnn.commands.words import say
from autocnn.deliver import artifacts, networks
from autocnn.errors import NoResultError, RequestError
from autocnn.names import folder_name
from autocnn.recipe import ImageShape, Recipe
from autocnn.storage import open_storage
from autocnn.store.find import find_study
from autocnn.store.rows import StudySnapshot, TrialRow, find_trial, snapshot

if TYPE_CHECKING:
    import optuna

DEFAULT_SHAPE = ImageShape(height=32, width=32, channels=3, classes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A recipe and where it came from."""

    recipe: Recipe
    shape: ImageShape
    """Of the images it was written or drawn for; CIFAR-10's if that is not said."""
    label: str
    """What it is called, and its folder."""
    study: StudySnapshot | None = None
    row: TrialRow | None = None


def network_folder(
    model: Path | None, study: str | None, place: Place, *, together: bool
) -> Path:
    """Say where the network is that --model names, or else a study's best.

    Or, `together`, a study's ensemble: NoResultError if it has none.
    """
    if model is not None and together:
        raise RequestError(
            f"--model {model} and --ensemble are two networks",
            hint="leave one of them out",
        )
    if model is not None:
        return model
    found = find_study(open_storage(place.url), study)
    if together:
        return networks.ensemble(place.folder(found.study_name))
    return kept_network(found, place)


def kept_network(study: "optuna.Study", place: Place, trial: int | None = None) -> Path:
    """Find a study's best network, or a trial's, and fetch it from where it is.

    NoResultError if the trial's was not kept.
    """
    wanted = ["best"] if trial is None else ["best", f"networks/{trial}"]
    return networks.find(study_folder(study, place, *wanted), trial)


def study_folder(study: "optuna.Study", place: Place, *wanted: str) -> Path:
    """Say where a study's files are, and fetch networks that are on another machine.

    All, or only those `wanted`, by their paths in it.
    """
    folder = place.folder(study.study_name)
    artifacts.fetch(study, folder, lambda text: say(text, err=True), wanted)
    return folder


def find(reference: str, study: str | None, place: Place) -> Named:
    """Find the recipe that a file's path, ``17``, ``best`` or ``best-2`` names."""
    path = Path(reference)
    if path.suffix == ".toml" or path.is_file():
        recipe = recipes.read(path)
        return Named(
            recipe=recipe, shape=recipe.shape or DEFAULT_SHAPE, label=path.stem
        )
    found = snapshot(find_study(open_storage(place.url), study))
    row = find_trial(found, reference)
    if not row.recipe:
        raise NoResultError(
            f"trial {row.trial} of study '{found.name}' has no recipe yet",
            hint="it was interrupted before it began; the search will go on with it",
        )
    shape = ImageShape(**found.config["shape"])
    return Named(
        recipe=recipes.loads(row.recipe),
        shape=shape,
        label=f"{folder_name(found.name)}-{row.trial}",
        study=found,
        row=row,
    )
