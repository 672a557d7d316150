"""From a command's words to a search that can begin: data, space, study, workers."""

import dataclasses
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.commands.configure import Request, check, configure
from autocnn.commands.engines import site_of
from autocnn.commands.existing import existing
from autocnn.commands.findings import tell
from autocnn.commands.options import Place, Trials
from autocnn.commands.progress import Decoding, Say, decoding_progress
from autocnn.data.cache import Prepared, prepare
from autocnn.engines.site import Site
from autocnn.errors import RequestError
from autocnn.locations import Location
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import space as spaces
from autocnn.search.budget import final_seconds, planned
from autocnn.search.confirm import CANDIDATES
from autocnn.search.final import MOST_EPOCHS
from autocnn.search.grid import cells
from autocnn.search.jobs import Engine
from autocnn.search.portfolio import Point, points_of
from autocnn.search.sample import Cost, cost, draw_some, heaviest
from autocnn.search.sole import check_free
from autocnn.search.study import StudyConfig, agree_on_trials
from autocnn.search.trials import Plan
from autocnn.storage import hide_password
from autocnn.store.find import find_study
from autocnn.store.rows import is_refused, snapshot
from autocnn.train.cost import Calibration
from autocnn.waiting import saying

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage


DEFAULT_TRIALS = 50
MEMORY_DRAWS = 32
"""Networks among which the one that needs the most memory is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A search that can begin."""

    name: str
    config: StudyConfig
    data: Prepared
    place: Place
    location: Location | None
    """Where other machines find what the study keeps."""
    site: Site
    """What trains."""
    jobs: int
    resumes: bool
    prices: Calibration | None
    """None where the machine's speed could not be measured."""
    request: Request
    trials: Trials | None
    """How many were asked for, or the default; None: as many as there is time for."""

    @property
    def folder(self) -> Path:
        """Where the study's files go."""
        return self.place.folder(self.name)

    @property
    def shown_storage(self) -> str:
        """The storage's URL without its password."""
        return hide_password(self.place.url)

    @property
    def device_name(self) -> str:
        """What trains, as a person knows it."""
        return self.site.name

    def describe_data(self) -> str:
        """Name the data and count the images of each set."""
        info = self.data.info
        return (
            f"{info.name} ({self.config.shape}; {self.config.train_images} train, "
            f"{self.config.val_images} validation, "
            f"{info.test_images} sealed test images)"
        )

    def plan(self, study: "optuna.Study", started: float) -> Plan:
        """Fix what this run, that was started then, is to do."""
        there = study.get_trials(deepcopy=False)
        begun = (trial for trial in there if trial.state.name != "WAITING")
        done = sum(not is_refused(trial) for trial in begun)
        timeout = self.request.timeout
        return Plan(
            config=self.config,
            info=self.data.info,
            data=self.data.folder,
            folder=self.folder,
            trials=self._total(study, done),
            location=self.location,
            begun=started,
            deadline=math.inf if timeout is None else started + timeout,
            final=self.final,
            on_val=self.request.train_on_val,
            final_seconds=self.final_seconds,
            confirm=CANDIDATES if (n := self.request.confirm) is None else n,
            target=self.request.target,
            patience=self.request.patience,
            trial_timeout=self.request.trial_timeout or math.inf,
            device=self.device_name,
            prices=self.prices,
            typical_epoch=cache(self._typical_epoch),
            latency=self._latency,
            epoch_alone=self._epoch_alone,
        )

    @property
    def final(self) -> bool:
        """Whether the winner is trained for good: with a time, unless it is refused."""
        asked = self.request.final
        if asked is None:
            return self.request.timeout is not None or self.request.train_on_val
        return asked

    @property
    def final_seconds(self) -> float:
        """What is kept back for that, where the search would else use all the time."""
        timeout = self.request.timeout
        if not self.final or timeout is None or self.trials is not None:
            return 0.0
        return final_seconds(self.config, self.prices, timeout, MOST_EPOCHS)

    def points(self, storage: "BaseStorage") -> list[Point]:
        """List what another study, if one was named, has to begin with."""
        if self.request.from_study is None:
            return []
        found = snapshot(find_study(storage, self.request.from_study))
        return list(points_of(found, self.config.space))

    def _latency(self, recipe: Recipe) -> float | None:
        return self.site.latency(recipe, self.config.shape)

    def _epoch_alone(self, recipe: Recipe) -> float | None:
        config = self.config
        return self.site.epoch_alone(
            recipe, config.shape, config.train_images, config.val_images
        )

    def typical_cost(self) -> Cost | None:
        """Price some of the space's networks; None without prices. Takes a second."""
        if self.prices is None:
            return None
        config = self.config
        return cost(
            draw_some(
                config.space, config.shape, epochs=config.epochs, limits=config.limits
            ),
            self.prices,
            config.shape,
            train_images=config.train_images,
            val_images=config.val_images,
        )

    def _typical_epoch(self) -> float | None:
        found = self.typical_cost()
        return found.median if found else None

    def _total(self, study: "optuna.Study", done: int) -> int | None:
        if self.trials is None:
            return None
        return agree_on_trials(study, str(self.trials), self.trials.total(done))

    def engine(self, trials: int | None) -> Engine:
        """Start the workers."""
        return self.site.engine(min(self.jobs, trials or self.jobs))


def set_up(request: Request, say: Say, decoding: Decoding = decoding_progress) -> Setup:
    """Check everything that can be checked before anything is trained."""
    with saying(say):
        return _set_up(request, say, decoding)


def _set_up(request: Request, say: Say, decoding: Decoding) -> Setup:
    asked_jobs = _jobs(request.jobs)
    check(request)
    name, before, location = existing(request)
    check_free(request.place.folder(name), request.place.url)
    site = site_of(request, location)
    shape = before.shape if before else None
    if request.space is not None:
        shape = spaces.declared_shape(request.space) or shape
    data = _data(request, shape, say, decoding)
    tell(data, say)
    config = configure(request, data, site.device, before)

    def heaviest_recipe() -> Recipe:
        drawn = draw_some(
            config.space,
            config.shape,
            epochs=config.epochs,
            draws=MEMORY_DRAWS,
            limits=config.limits,
        )
        return heaviest(drawn)

    images = config.train_images + config.val_images
    jobs = asked_jobs or site.jobs(heaviest_recipe, config.shape, images)
    known = site.prices(jobs, say)
    if known is None and "epoch_seconds" in config.limits:
        raise RequestError(
            "how fast this machine trains cannot be measured, and so not predicted",
            hint="do without --max-epoch-time (none lifts it)",
        )
    setup = Setup(
        name=name,
        config=config,
        data=data,
        place=request.place,
        location=location,
        site=site,
        jobs=jobs,
        resumes=before is not None,
        prices=known,
        request=request,
        trials=_trials(request, config),
    )
    timed = request.timeout is not None and request.trials is None
    if timed and known and before is None and request.epochs is None:
        assert request.timeout is not None
        left = request.timeout - setup.final_seconds
        config = planned(config, known, left, final=setup.final)
        trials = _trials(request, config)
        setup = dataclasses.replace(setup, config=config, trials=trials)
    return setup


def _data(
    request: Request, shape: ImageShape | None, say: Say, decoding: Decoding
) -> Prepared:
    """Prepare the data, unless that is done; in the shape that a study has, if any."""
    if isinstance(request.data, Prepared):
        return request.data
    with decoding(say) as progress:
        return prepare(
            request.data,
            data_dir=request.data_dir,
            image_size=request.image_size or (shape.height if shape else None),
            channels=shape.channels if shape else None,
            progress=progress,
        )


def _trials(request: Request, config: StudyConfig) -> Trials | None:
    """Say how many there are to be: 50 if nobody says, or the whole grid."""
    if request.trials is not None:
        return request.trials
    if config.sampler == "grid":
        return Trials(sum(1 for _ in cells(config.space, config.recipe)))
    return None if request.timeout else Trials(DEFAULT_TRIALS)


def _jobs(text: str) -> int | None:
    """Read how many workers were asked for; None: as many as suit the machine."""
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise RequestError(
            f"{text} is no number of workers",
            hint="give --jobs (or --workers) auto, or 1 or more",
        )
    return int(text)
