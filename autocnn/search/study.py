"""Create a study, resume it, or refuse one that does not fit, with a diff."""

import dataclasses
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import TrialState

from autocnn.errors import RequestError, StudyError
from autocnn.names import STUDY, likeness
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import space as spaces
from autocnn.search.grid import cells
from autocnn.search.portfolio import Point, start_points
from autocnn.search.pruners import make_pruner
from autocnn.search.samplers import make_sampler
from autocnn.search.space import Space
from autocnn.search.widen import is_wider, widen
from autocnn.storage import study_names
from autocnn.store.edition import EDITION, KNOWN, check_edition
from autocnn.store.rows import CONFIG, is_refused

TRIALS = "autocnn:trials"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyConfig:
    """What all trials of a study share; stored in the study itself."""

    data: str
    """Its name."""
    source: str
    fingerprint: str
    shape: ImageShape
    train_images: int
    """What a trial learns from (with folds: in the first)."""
    val_images: int
    """What a trial's accuracy is measured on (with folds: all of them together)."""
    epochs: int
    folds: int
    seed: int
    space: Space
    sampler: str
    pruner: str
    portfolio: bool = True
    """Whether it begins with recipes known to do well, instead of random ones."""
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """What a trial's network may cost at most, by the names in search.limits."""

    @property
    def startup(self) -> int:
        """After how many trials the sampler begins to learn from them."""
        points = start_points(self.space, portfolio=self.portfolio)
        return startup(sum(1 for _ in points))

    def recipe(self, values: Mapping[str, Any]) -> Recipe:
        """Write out the recipe that drawn values stand for in this study."""
        return spaces.to_recipe(
            self.space,
            values,
            self.shape,
            epochs=self.epochs,
            most_flops=self.limits.get("flops", math.inf),
        )

    def to_dict(self) -> dict[str, Any]:
        """Write the config as plain values."""
        own = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self)
        }
        return own | {
            "shape": dataclasses.asdict(self.shape),
            "space": spaces.to_dict(self.space),
            "limits": dict(self.limits),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "StudyConfig":
        """Read a config that a study keeps."""
        return cls(
            **{
                **document,
                "shape": ImageShape(**document["shape"]),
                "space": spaces.from_dict(document["space"]),
            }
        )


# How trials are drawn and judged may change between two runs of a study; what they
# are and what they are measured on may not, or they could not be compared.
CHANGEABLE = {"sampler", "pruner", "source", "portfolio", "limits"}
RANDOM_TRIALS = 10
"""Where there is no portfolio, as many trials are drawn at random first."""


def startup(points: int) -> int:
    """Say after how many trials a sampler may learn, if so many are start points."""
    return points if points > 1 else RANDOM_TRIALS


def check_name(name: str) -> str:
    """Let through what can name a folder and a study everywhere."""
    if not STUDY.fullmatch(name):
        raise RequestError(
            f"'{name[:40]}' cannot name a study",
            hint="use letters, digits, '-', '_' and '.', at most 100 of them",
        )
    return name


def stored_config(storage: BaseStorage, name: str) -> StudyConfig | None:
    """Read the config of a study, or None if there is no such study."""
    names = study_names(storage)
    if name not in names:
        _check_unlike(name, names)
        return None
    study = optuna.load_study(study_name=name, storage=storage)
    document = study.user_attrs.get(CONFIG)
    if document is None:
        raise StudyError(
            f"study '{name}' was not made by autocnn",
            hint="choose another name with --study",
        )
    check_edition(name, study.user_attrs)
    try:
        return StudyConfig.from_dict(document)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise StudyError(
            f"the settings of study '{name}' cannot be understood: another version of "
            "autocnn wrote them",
            hint="upgrade autocnn, or start another study with --new",
        ) from None


def _check_unlike(name: str, names: Iterable[str]) -> None:
    """Refuse a new name that a disk or a database may take for another study's."""
    for each in names:
        if likeness(each) == likeness(name):
            raise RequestError(
                f"'{name}' is too much like study '{each}': not every disk and "
                "database tells them apart",
                hint="write it in the same way to go on with that study, or choose "
                "another name with --study",
            )


def fresh_name(storage: BaseStorage, name: str) -> str:
    """Number a name until no study has it: digits, digits-2, digits-3, ..."""
    taken = {likeness(each) for each in study_names(storage)}
    fresh, number = name, 1
    while likeness(fresh) in taken:
        number += 1
        fresh = f"{name}-{number}"
    return fresh


def open_study(storage: RDBStorage, name: str, config: StudyConfig) -> optuna.Study:
    """Create the study, or resume it if it is the same search; StudyError if not."""
    before = stored_config(storage, name)
    if before is not None:
        wider = is_wider(before.space, config.space)
        same_space = dataclasses.replace(config, space=before.space)
        compared = same_space if wider else config
        differences = list(_differences(before.to_dict(), compared.to_dict()))
        if differences:
            raise _another(name, before, compared, differences)
        if wider:
            study_id = storage.get_study_id_from_name(name)
            widen(storage, study_id, before.space, config.space)
    study = optuna.create_study(
        study_name=name, storage=storage, direction="maximize", load_if_exists=True
    )
    if EDITION not in study.user_attrs:
        study.set_user_attr(EDITION, KNOWN)
    if before != config:
        study.set_user_attr(CONFIG, config.to_dict())
    if before is None:
        study.set_metric_names(["val_accuracy"])
    study.sampler = make_sampler(
        config.sampler,
        seed=config.seed,
        startup=config.startup,
        limits=config.limits,
    )
    study.pruner = make_pruner(config.pruner, config.folds or config.epochs)
    return study


def enqueue_start(
    study: optuna.Study,
    config: StudyConfig,
    trials: int | None = None,
    points: Iterable[Point] = (),
) -> None:
    """Queue what a new study of so many trials begins with.

    That is the whole grid; or `points`, and then those that are known to be good.
    """
    if config.sampler == "grid":
        there = study.get_trials(deepcopy=False)
        known = [t.system_attrs.get("fixed_params", t.params) for t in there]
        # Optuna's own look at what is there takes a minute for 600 of them.
        before = {frozenset(values.items()) for values in known}
        for cell in cells(config.space, config.recipe):
            if frozenset(cell.items()) not in before:
                study.enqueue_trial(cell)
    elif not study.get_trials(deepcopy=False) and config.space.defaults:
        own = start_points(config.space, portfolio=config.portfolio)
        for origin, values in itertools.islice(itertools.chain(points, own), trials):
            study.enqueue_trial(
                values, user_attrs={"origin": origin}, skip_if_exists=True
            )


def agree_on_trials(study: optuna.Study, typed: str, total: int) -> int:
    """Say how many trials the study is to reach; `total` was asked for as `typed`.

    A search that was broken off goes on to what it was to reach, also if a person had
    changed that meanwhile, when the same is asked for again.
    """
    before = study.user_attrs.get(TRIALS, {})
    there = study.get_trials(deepcopy=False)
    begun = sum(t.state is not TrialState.WAITING and not is_refused(t) for t in there)
    if before.get("typed") == typed and begun < before.get("total", 0):
        return int(before["total"])
    study.set_user_attr(TRIALS, {"typed": typed, "total": total})
    return total


def change_trials(study: optuna.Study, total: int) -> None:
    """Remember that the study is to reach another total than was asked for first."""
    before = study.user_attrs.get(TRIALS, {})
    study.set_user_attr(TRIALS, {**before, "total": total})


def _another(
    name: str, before: StudyConfig, now: StudyConfig, differences: Sequence[str]
) -> StudyError:
    """Say what is not as it was; of images, where it is they that have changed."""
    told = [each for each in differences if not each.startswith("fingerprint ")]
    hint = (
        "leave those options out to resume it (wider ranges and added choices are "
        "welcome, but what was fixed stays)"
    )
    alike = (before.data, before.shape) == (now.data, now.shape)
    if alike and before.fingerprint != now.fingerprint:
        told.insert(0, f"its images were others than those in {now.source} are now")
        hint = "bring the old images back to resume it"
    return StudyError(
        f"study '{name}' is a different search: " + "; ".join(told),
        hint=f"{hint}, start another with --new, or choose a name with --study",
    )


def _differences(before: Any, after: Any, name: str = "") -> Iterator[str]:
    """Say where two configs differ: ``epochs was 9, now 20``."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before | after:
            if name or key not in CHANGEABLE:
                path = f"{name}.{key}" if name else key
                yield from _differences(before.get(key), after.get(key), path)
    elif json.dumps(before) != json.dumps(after):
        yield f"{name} was {_short(before)}, now {_short(after)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
