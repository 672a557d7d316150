"""Searches over the tiny data, by real workers or by a script of what they say."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
import tomli_w
from optuna.storages import RDBStorage

from autocnn import events
from autocnn.data.cache import Prepared
from autocnn.events import Emit, EpochEnded, Event
from autocnn.recipe import ImageShape
from autocnn.search import ending, forecast
from autocnn.search import space as spaces
from autocnn.search.driver import Driver
from autocnn.search.hands import Outcome
from autocnn.search.jobs import Engine, Job, JobEnded, Message
from autocnn.search.jobs import Outcome as JobOutcome
from autocnn.search.study import StudyConfig, enqueue_start, open_study
from autocnn.search.trials import Plan
from autocnn.store.rows import StudySnapshot, TrialRow, snapshot
from autocnn.train.attempt import weights_file

# Learns the tiny data; what is left open is how.
LAYERS = ["conv 8 bias=false", "batch_norm", "relu", "max_pool 2", "flatten"]
DRAWN = {
    "learning_rate": {"min": 0.01, "max": 0.05, "log": True},
    "batch_size": [16, 32],
    "optimizer": ["sgd", "adam", "nadam"],
}


@dataclass(kw_only=True)
class Search:
    """A study in a folder and a storage of its own; `run` is one run of the search."""

    data: Prepared
    folder: Path
    storage: RDBStorage
    config: StudyConfig
    heard: list[Event] = field(default_factory=list)

    @property
    def study(self) -> optuna.Study:
        return open_study(self.storage, "tiny", self.config)

    def driver(
        self,
        engine: Engine,
        *,
        trials: int | None,
        emit: Emit = events.ignore,
        deadline: float = math.inf,
        **plan: Any,
    ) -> Driver:
        def hear(event: Event) -> None:
            self.heard.append(event)
            emit(event)

        study = self.study
        enqueue_start(study, self.config, trials)
        made = Plan(
            config=self.config,
            info=self.data.info,
            data=self.data.folder,
            folder=self.folder,
            trials=trials,
            deadline=deadline,
            **plan,
        )
        return Driver(study, made, engine, hear)

    def run(
        self,
        engine: Engine,
        *,
        trials: int | None,
        stopping: Callable[[], bool] = lambda: False,
        emit: Emit = events.ignore,
        deadline: float = math.inf,
        **plan: Any,
    ) -> Outcome:
        driver = self.driver(
            engine, trials=trials, emit=emit, deadline=deadline, **plan
        )
        return driver.run(stopping)

    def read(self) -> StudySnapshot:
        return snapshot(self.study)

    def rows(self) -> list[TrialRow]:
        return list(self.read().trials)

    def forget(self) -> None:
        """Delete the study and its files, so that it can be searched anew."""
        optuna.delete_study(study_name="tiny", storage=self.storage)
        shutil.rmtree(self.folder)

    def told(self, kind: type) -> list[Event]:
        return [event for event in self.heard if isinstance(event, kind)]

    def leftovers(self) -> list[str]:
        """Name the trials whose checkpoints lie on the disk."""
        return sorted(path.name for path in self.folder.glob("checkpoints/*"))


@pytest.fixture
def make_search(
    tmp_path: Path, storage: RDBStorage, tiny_data: Prepared, tiny_shape: ImageShape
) -> Callable[..., Search]:
    """Make a search; `drawn` is its space, `changes` are of the study's config."""

    def make(
        drawn: dict[str, object] | None = None,
        layers: Sequence[str] = LAYERS,
        **changes: object,
    ) -> Search:
        path = tmp_path / "space.toml"
        document = {"layers": list(layers), "space": DRAWN if drawn is None else drawn}
        path.write_text(tomli_w.dumps(document))
        space = spaces.read_space(path, tiny_shape, accelerated=False)
        settings = {
            "data": "tiny",
            "source": tiny_data.info.source,
            "fingerprint": tiny_data.info.fingerprint,
            "shape": tiny_shape,
            "train_images": 119,
            "val_images": 31,
            "epochs": 3,
            "folds": 0,
            "seed": 0,
            "space": space,
            "sampler": "random",
            "pruner": "none",
        }
        config = StudyConfig(**{**settings, **changes})
        return Search(
            data=tiny_data, folder=tmp_path / "tiny", storage=storage, config=config
        )

    return make


Say = float | str
Script = Callable[[Job, int, int], Say]


class ScriptedEngine:
    """Plays what workers say: each poll is one epoch of every trial it has.

    The script takes a job, a fold and an epoch, and gives the epoch's accuracy, or
    ``failed: REASON``, or ``lost: REASON``. Weights are a file that names its epoch.
    """

    def __init__(self, script: Script, slots: int = 1) -> None:
        self.script = script
        self.slots = slots
        self.jobs: list[Job] = []
        self.stopped: set[int] = set()
        self.when_stopped: JobOutcome = "stopped"
        self.submitted: list[Job] = []
        self._playing: dict[int, Iterator[Message]] = {}

    def free(self) -> int:
        return max(0, self.slots - len(self._playing))

    def submit(self, job: Job) -> None:
        assert self.free()
        self.submitted.append(job)
        self._playing[job.trial] = self._play(job)

    def stop(self, trial: int) -> None:
        self.stopped.add(trial)

    def resize(self, jobs: int) -> None:
        self.slots = jobs

    def poll(self, timeout: float) -> list[Message]:
        said = []
        for trial, messages in list(self._playing.items()):
            message = next(messages)
            if trial in self.stopped:
                message = JobEnded(trial=trial, outcome=self.when_stopped)
            if isinstance(message, JobEnded):
                del self._playing[trial]
                self.stopped.discard(trial)
            said.append(message)
        return said

    def close(self) -> None:
        self._playing.clear()

    def _play(self, job: Job) -> Iterator[Message]:
        for fold in range(1, job.folds + 1) if job.folds else [0]:
            first = 1 if fold else job.reported + 1
            for epoch in range(first, job.recipe.train.epochs + 1):
                said = self.script(job, fold, epoch)
                if isinstance(said, str):
                    outcome, _, reason = said.partition(": ")
                    yield JobEnded(trial=job.trial, outcome=outcome, reason=reason)
                    return
                weights = weights_file(job.folder, fold, epoch)
                weights.parent.mkdir(parents=True, exist_ok=True)
                weights.write_text(f"trial {job.trial} fold {fold} epoch {epoch}")
                yield _epoch(job, fold, epoch, said)
        yield JobEnded(trial=job.trial, outcome="complete")


def _epoch(job: Job, fold: int, epoch: int, accuracy: float) -> EpochEnded:
    return EpochEnded(
        trial=job.trial,
        epoch=epoch,
        epochs=job.recipe.train.epochs,
        train_loss=1.0,
        train_accuracy=0.5,
        val_loss=1.0,
        val_accuracy=accuracy,
        seconds=1.0,
        trained_seconds=float(epoch),
        images_per_second=100.0,
        fold=fold,
    )


@pytest.fixture
def scripted() -> Callable[..., ScriptedEngine]:
    """Make an engine that plays a script, or a list of each trial's accuracies."""

    def make(script: Script | Sequence[Sequence[Say]], slots: int = 1):
        if callable(script):
            return ScriptedEngine(script, slots)
        return ScriptedEngine(
            lambda job, fold, epoch: script[job.trial][epoch - 1], slots
        )

    return make


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """A moment that lasts for who reckons with what is left, however busy we are."""
    now = time.monotonic()
    for module in (ending, forecast):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    return now
