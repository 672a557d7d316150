"""The driver beside very many workers, which are simulated; all else is real.

The search is one as any other, on a PostgreSQL server, without an end. What is measured
begins when as many trials have begun as there are workers.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import psutil

from autocnn import events
from autocnn.data.cache import prepare
from autocnn.remembering import RememberingStorage
from autocnn.search.driver import Driver
from autocnn.search.study import StudyConfig, enqueue_start, open_study
from autocnn.search.trials import Plan
from autocnn.storage import open_storage
from benchmarks import past
from benchmarks.crowd import Crowd
from benchmarks.curves import RECORDED, read
from tests.servers import Server, running

Say = Callable[[str], None]


@dataclass(slots=True)
class Clock:
    """Takes the figures of a search, and ends it."""

    crowd: Crowd
    server: Server
    seconds: float
    began: float = field(default_factory=time.monotonic)
    counted: float | None = None
    """Since when; None: fewer trials have begun than there are workers."""
    asks: list[float] = field(default_factory=list)
    """Seconds to draw a trial."""
    cpu: tuple[float, float] = (0.0, 0.0)

    def over(self) -> bool:
        """Say whether the search is to stop; a driver asks between its rounds."""
        now = time.monotonic()
        if self.counted is None:
            if self.crowd.given >= self.crowd.size:
                self.counted, self.cpu = now, self._cpu()
                self.asks.clear()
                self.crowd.forget()
            return False
        return now - self.counted > self.seconds

    def found(self, workers: int, trials: int) -> dict[str, float | int]:
        """Sum up."""
        assert self.counted is not None
        seconds = time.monotonic() - self.counted
        ours, servers = (
            (now - then) / seconds
            for now, then in zip(self._cpu(), self.cpu, strict=True)
        )
        return {
            "workers": workers,
            "trials": trials,
            "events_per_s": round(len(self.crowd.latencies) / seconds, 1),
            "decision_p50_s": round(statistics.median(self.crowd.latencies), 3),
            "decision_p95_s": round(_p95(self.crowd.latencies), 3),
            "next_trial_p95_s": round(_p95(self.crowd.waits), 3),
            "ask_p50_s": round(statistics.median(self.asks), 3),
            "all_begun_s": round(self.counted - self.began, 1),
            "driver_cores": round(ours, 2),
            "server_cores": round(servers, 2),
        }

    def _cpu(self) -> tuple[float, float]:
        """Seconds of a core that this process and the server have taken so far."""
        both = [psutil.Process()], self.server.processes()
        times = ([one.cpu_times() for one in each] for each in both)
        mine, servers = (sum(t.user + t.system for t in each) for each in times)
        return mine, servers


def measure(
    workers: int, trials: int, seconds: float, say: Say
) -> dict[str, float | int]:
    """Search with so many workers for so long, after so many trials."""
    curves = read(RECORDED)
    with tempfile.TemporaryDirectory() as name, running() as server:
        crowd = Crowd(workers, curves)
        storage = open_storage(server.url, create=True)
        study, plan = _search(storage, crowd, Path(name))
        if trials:
            say(f"writing {trials} trials down")
            past.write(storage, study._study_id, plan.config.space, curves, trials)
        say(f"{workers} workers begin, and are watched for {seconds:.0f} seconds")
        clock = Clock(crowd, server, seconds)
        _time_asks(study, clock.asks)
        with storage.alone_with(study._study_id):
            Driver(study, plan, crowd, events.ignore).run(clock.over)
        found = clock.found(workers, len(study.get_trials(deepcopy=False)))
        storage.remove_session()
        storage.engine.dispose()
        return found


def _search(
    storage: RememberingStorage, crowd: Crowd, folder: Path
) -> tuple[optuna.Study, Plan]:
    curves, prepared = crowd.curves, prepare("digits")
    config = StudyConfig(
        data="digits",
        source="digits",
        fingerprint=prepared.info.fingerprint,
        shape=curves.shape,
        train_images=45_000,
        val_images=5_000,
        epochs=curves.epochs,
        folds=0,
        seed=0,
        space=curves.space,
        sampler="tpe",
        pruner="asha",
    )
    study = open_study(storage, "scale", config)
    enqueue_start(study, config)
    plan = Plan(
        config=config,
        info=prepared.info,
        data=prepared.folder,
        folder=folder,
        trials=None,
    )
    return study, plan


def _time_asks(study: optuna.Study, asks: list[float]) -> None:
    ask = study.ask

    def timed() -> optuna.Trial:
        began = time.monotonic()
        trial = ask()
        asks.append(time.monotonic() - began)
        return trial

    study.ask = timed  # type: ignore[method-assign, assignment]


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
