"""Workers on a Ray cluster beside those here, and a search that loses a machine.

Turn by turn two workers of each kind train the same; Ray runs only in its own turns.
Then a search on a cluster of three machines, all on this one, of which one is killed.
"""

import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import ray
import torch
from ray.cluster_utils import Cluster as Machines

from autocnn import recipe as recipes
from autocnn.commands.configure import Request
from autocnn.commands.options import place_of
from autocnn.commands.run import run
from autocnn.commands.search import command
from autocnn.commands.setup import set_up
from autocnn.commands.words import read
from autocnn.data.cache import open_info
from autocnn.engines.cluster import Cluster
from autocnn.engines.local import LocalEngine
from autocnn.engines.mirror import last_checkpoint, take_over
from autocnn.engines.trainer import Files, Resources
from autocnn.events import EpochEnded as Epoch
from autocnn.events import Event, Notice, TrialEnded
from autocnn.locations import Location
from autocnn.recipe import ImageShape
from autocnn.search.jobs import Engine, Job, JobEnded
from autocnn.store.rows import StudySnapshot, snapshot
from autocnn.train import attempt
from autocnn.train.learner import Learner
from benchmarks.images import write_cache, write_digits

WORKERS = 2
PAIRS, QUICK_PAIRS = 5, 1
EPOCHS, QUICK_EPOCHS = 4, 1
IMAGES = 6_000
LAYERS = [
    "conv 32",
    "batch_norm",
    "relu",
    "max_pool 2",
    "conv 64",
    "batch_norm",
    "relu",
]
LAYERS += ["max_pool 2", "flatten"]
MACHINES = 3
TRIALS, TRIAL_EPOCHS = 12, 9
FINISHED = 3
"""Trials that have ended when a machine is killed."""
SPACE = """
[space]
stages = 2
convs_per_stage = 1
width = [16, 24, 32]
kernel = 3
block = "plain"
batch_size = [16, 32]
"""

Say = Callable[[str], None]


def measure(quick: bool, say: Say) -> dict[str, float]:
    """Take turns, and then kill a machine; what it came to."""
    with tempfile.TemporaryDirectory() as name:
        ratios = list(_turns(Path(name), quick, say))
    with tempfile.TemporaryDirectory() as name:
        lost, redone = _killed(Path(name), say)
    return {
        "ray_vs_local": round(statistics.median(ratios), 4),
        "ray_vs_local_min": round(min(ratios), 4),
        "ray_vs_local_max": round(max(ratios), 4),
        "pairs": len(ratios),
        "node_kill_finished_lost": lost,
        "node_kill_epochs_redone": redone,
    }


def _turns(folder: Path, quick: bool, say: Say) -> Iterator[float]:
    """Train by workers here and on Ray, one after the other; give ratios of speed."""
    data = write_cache(folder / "images", IMAGES)
    epochs = QUICK_EPOCHS if quick else EPOCHS
    for pair in range(QUICK_PAIRS if quick else PAIRS):
        seconds = {}
        for kind, start in (("local", _local), ("ray", _on_ray)):
            place = folder / f"{kind}-{pair}"
            with start(place) as engine:
                _seconds(engine, [_job(n, data, place, 1) for n in range(WORKERS)])
                more = [_job(n + WORKERS, data, place, epochs) for n in range(WORKERS)]
                seconds[kind] = _seconds(engine, more)
        ratio = seconds["local"] / seconds["ray"]
        say(f"local {seconds['local']:.2f} s, Ray {seconds['ray']:.2f} s: {ratio:.3f}")
        yield ratio


@contextmanager
def _local(_place: Path) -> Iterator[Engine]:
    with closing(LocalEngine(torch.device("cpu"), WORKERS)) as engine:
        yield engine


@contextmanager
def _on_ray(place: Path) -> Iterator[Engine]:
    files = Files(studies=place)
    try:
        cluster = Cluster(None, Resources(), files, insecure=True)
        with closing(cluster.engine(WORKERS)) as engine:
            yield engine
    finally:
        ray.shutdown()


def _job(number: int, data: Path, place: Path, epochs: int) -> Job:
    info = open_info(data)
    train = {"epochs": epochs, "batch_size": 128}
    return Job(
        trial=number,
        recipe=recipes.from_dict({"layers": LAYERS, "train": train}),
        shape=info.shape,
        data=data,
        folder=place / "checkpoints" / str(number),
        seed=number,
        split_seed=0,
    )


def _seconds(engine: Engine, jobs: list[Job]) -> float:
    """Have jobs trained at once; the seconds until the last one is done."""
    while engine.free() < len(jobs):
        engine.poll(0.1)
    started, left = time.perf_counter(), len(jobs)
    for job in jobs:
        engine.submit(job)
    while left:
        for message in engine.poll(0.2):
            if isinstance(message, JobEnded):
                if message.outcome != "complete":
                    raise RuntimeError(
                        f"a training {message.outcome}: {message.reason}"
                    )
                left -= 1
    return time.perf_counter() - started


class _Killer:
    """Watches a search, and kills a machine when some trials have ended."""

    def __init__(self, machines: Machines, folder: Path, say: Say) -> None:
        self._machines, self._folder, self._say = machines, folder, say
        self._ended = 0
        self._told: Counter[int] = Counter()
        """Epochs of each trial."""
        self.study: Any = None
        self.before: StudySnapshot | None = None
        """What the study was when the machine was killed."""
        self.redone: list[int] = []
        """Epochs trained again of each trial on it; that in progress is one."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, Epoch):
            self._told[event.trial] = event.epoch
        elif isinstance(event, TrialEnded):
            self._ended += 1
        elif isinstance(event, Notice) and "goes on from its checkpoint" in event.text:
            self._say(event.text)
            trial = int(event.text.split()[1])
            self.redone.append(1 + max(0, self._told[trial] - self._saved(trial)))
        if self._ended == FINISHED and self.before is None:
            self.before = snapshot(self.study)
            victim = next(iter(self._machines.worker_nodes))
            self._machines.remove_node(victim, allow_graceful=False)
            self._say(f"killed a machine when {self._ended} trials had ended")

    def _saved(self, trial: int) -> int:
        """Count the epochs that whoever takes a trial over begins with."""
        study = snapshot(self.study)
        recipe = recipes.loads(study.trials[trial].recipe)
        shape = ImageShape(**study.config["shape"])
        learner = Learner(recipe, shape, device=torch.device("cpu"), seed=0)
        place = self._folder / "studies" / study.name / "checkpoints" / str(trial)
        last = last_checkpoint(Location(str(place)), time.time_ns())
        with tempfile.TemporaryDirectory() as name:
            if last is not None:
                take_over(last, Path(name))
            attempt.resume(Path(name), learner)
        return len(learner.history)


def _killed(folder: Path, say: Say) -> tuple[int, int]:
    """Search on three machines of which one is killed.

    Returns:
        How many trials that had ended are not as they were, and the most epochs that a
        running one has trained again.
    """
    write_digits(folder / "digits.npz", slice(None), larger=2)
    (folder / "space.toml").write_text(SPACE, encoding="utf-8")
    with ExitStack() as stack:
        head = {"num_cpus": 1, "include_dashboard": False}
        machines = Machines(initialize_head=True, head_node_args=head)
        stack.callback(machines.shutdown)
        for _ in range(MACHINES - 1):
            machines.add_node(num_cpus=1)
        stack.callback(ray.shutdown)
        asked = {
            "data": folder / "digits.npz",
            "space": folder / "space.toml",
            "trials": TRIALS,
            "epochs": TRIAL_EPOCHS,
            "pruner": "none",
            "engine": "ray",
            "address": machines.address,
            "jobs": MACHINES,
            "allow_insecure_ray": True,
            "studies": folder / "studies",
        }
        killer = _Killer(machines, folder, say)
        after = _search(asked, killer)
    assert killer.before is not None
    ended = {row.trial: row for row in killer.before.trials if row.status == "complete"}
    lost = sum(after.trials[trial] != row for trial, row in ended.items())
    open_ = sum(row.status != "complete" for row in after.trials)
    say(f"{len(ended)} trials had ended; {open_} of {TRIALS} did not end at last")
    return lost, max(killer.redone, default=0)


def _search(asked: dict[str, Any], killer: _Killer) -> StudySnapshot:
    known = read(command, asked)
    known["place"] = place_of(known["storage"], known["studies"])
    setup = set_up(
        Request(**{name: known[name] for name in Request.__slots__}), lambda _: None
    )

    def ready(study: Any) -> None:
        killer.study = study

    found, _ = run(setup, killer, ready)
    return found
