"""A search beside plain Optuna in equal time: both with our trainer, on real images.

The rivals are Optuna as its users write it: an objective that draws a recipe of the
same space, trains it in this process, reports every epoch and asks whether to stop, one
process a core over a shared SQLite study. To add one, add its line to RIVALS.
"""

import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
import torch
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from autocnn import device as devices
from autocnn.commands.configure import default_epochs
from autocnn.data.batches import batches_of, train_and_val
from autocnn.data.cache import Prepared, open_search_images, open_test_images, prepare
from autocnn.data.splits import search_splits
from autocnn.deliver.predict import load
from autocnn.errors import AutocnnError
from autocnn.nets.net import build
from autocnn.processes import cores
from autocnn.search import space as spaces
from autocnn.storage import open_storage
from autocnn.train.learner import Learner
from autocnn.train.loop import Diverged, fit, score
from autocnn.train.weights import load_weights, save_weights
from autocnn.views import tables

OURS = "autocnn"
CPU = torch.device("cpu")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rival:
    """How plain Optuna is told to search."""

    sampler: Callable[[int], BaseSampler]
    pruner: Callable[[], BasePruner]


RIVALS: Mapping[str, Rival] = {
    "optuna tpe + median": Rival(lambda seed: TPESampler(seed=seed), MedianPruner),
    "random": Rival(lambda seed: RandomSampler(seed=seed), NopPruner),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one search came to."""

    seed: int
    trials: int
    val_accuracy: float
    test_accuracy: float
    """Of the network that it would ship; the search never saw these images."""
    seconds: float


def measure(
    data: str, data_dir: Path | None, seconds: float, seeds: Sequence[int], say: Say
) -> Mapping[str, list[Found]]:
    """Let everyone search for so many seconds with every seed, one after the other."""
    prepared = prepare(data, data_dir=data_dir)
    found: dict[str, list[Found]] = {name: [] for name in (OURS, *RIVALS)}
    for seed in seeds:
        for name, results in found.items():
            with tempfile.TemporaryDirectory() as folder:
                begun = time.monotonic()
                if name == OURS:
                    one = _ours(data, data_dir, prepared, seconds, seed, Path(folder))
                else:
                    one = _rival(name, prepared, seconds, seed, Path(folder))
                taken = time.monotonic() - begun
            trials, val, test = one
            results.append(Found(seed, trials, val, test, taken))
            say(f"{name}, seed {seed}: val {val:.1%}, test {test:.1%}, {trials} trials")
    return found


def write(found: Mapping[str, Sequence[Found]]) -> None:
    """Write medians and ranges over the seeds."""
    rows = [
        {
            "search": name,
            "trials": statistics.median(one.trials for one in results),
            "val accuracy": _range([one.val_accuracy for one in results]),
            "test accuracy": _range([one.test_accuracy for one in results]),
            "seconds": statistics.median(one.seconds for one in results),
        }
        for name, results in found.items()
    ]
    tables.write(rows, "table", columns=tuple(rows[0]))


def _range(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1%} ({min(values):.1%} to {max(values):.1%})"


def _ours(
    data: str,
    data_dir: Path | None,
    prepared: Prepared,
    seconds: float,
    seed: int,
    folder: Path,
) -> tuple[int, float, float]:
    words = [sys.executable, "-m", "autocnn", "search", data, "--json"]
    words += ["--timeout", str(seconds), "--seed", str(seed), "--studies", str(folder)]
    words += ["--study", "ours"] + (["--data-dir", str(data_dir)] if data_dir else [])
    done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603
    events = [json.loads(line) for line in done.stdout.splitlines()]
    trials = sum(event["event"] == "trial_ended" for event in events)
    network = load(folder / "ours" / "best", CPU)
    card = json.loads((folder / "ours" / "best" / "card.json").read_text("utf-8"))
    return trials, card["val_accuracy"], _test(network.net, prepared)


def _rival(
    name: str, prepared: Prepared, seconds: float, seed: int, folder: Path
) -> tuple[int, float, float]:
    """Search in one process a core; the best network of all is what one would ship."""
    url = f"sqlite:///{folder / 'rival.db'}"
    optuna.create_study(
        study_name="rival", storage=open_storage(url, create=True), direction="maximize"
    )
    until = time.time() + seconds
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(
            target=_optimize, args=(name, prepared, url, until, seed, number, folder)
        )
        for number in range(cores())
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    study = optuna.load_study(study_name="rival", storage=url)
    best = [json.loads(file.read_text("utf-8")) for file in folder.glob("best-*.json")]
    if not best:
        return len(study.trials), 0.0, 0.0
    first = max(best, key=lambda one: one["val_accuracy"])
    trial = study.trials[first["trial"]]
    space = spaces.default_space(prepared.info.shape, accelerated=False)
    recipe = spaces.to_recipe(space, trial.params, prepared.info.shape, epochs=1)
    net = build(recipe, prepared.info.shape, seed=0)
    load_weights(folder / first["weights"], net, CPU)
    return len(study.trials), first["val_accuracy"], _test(net, prepared)


def _optimize(
    name: str,
    prepared: Prepared,
    url: str,
    until: float,
    seed: int,
    number: int,
    folder: Path,
) -> None:
    """Be one of the processes."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    devices.prepare(CPU, 1)
    shape = prepared.info.shape
    space = spaces.default_space(shape, accelerated=False)
    images, groups = open_search_images(prepared.folder)
    split = search_splits(images.labels, groups, seed=seed)[0]
    train, val = train_and_val(images, split, prepared.info, CPU)
    epochs = default_epochs(prepared.info.search_images, CPU)
    best = 0.0

    def objective(trial: optuna.Trial) -> float:
        nonlocal best
        drawn = spaces.draw(space, trial)
        recipe = spaces.to_recipe(space, drawn, shape, epochs=epochs)
        learner = Learner(recipe, shape, device=CPU, seed=trial.number)
        value = 0.0
        in_time = lambda: time.time() < until  # noqa: E731
        for epoch in fit(learner, train, val, keep_going=in_time):
            value = max(value, epoch.val_accuracy)
            trial.report(epoch.val_accuracy, epoch.number)
            if value > best:
                best = value
                weights = f"best-{number}.safetensors"
                save_weights(folder / weights, learner.result)
                told = {
                    "trial": trial.number,
                    "val_accuracy": value,
                    "weights": weights,
                }
                (folder / f"best-{number}.json").write_text(json.dumps(told))
            if trial.should_prune():
                raise optuna.TrialPruned
        if len(learner.history) < epochs:
            raise optuna.TrialPruned
        return value

    rival = RIVALS[name]
    study = optuna.load_study(
        study_name="rival",
        storage=open_storage(url),
        sampler=rival.sampler(seed * 100 + number),
        pruner=rival.pruner(),
    )
    left = max(0.0, until - time.time())
    study.optimize(objective, timeout=left, catch=(Diverged, AutocnnError))


def _test(net: torch.nn.Module, prepared: Prepared) -> float:
    images = open_test_images(prepared.folder)
    all_of_them = np.arange(len(images))
    return score(net, batches_of(images, all_of_them, prepared.info, CPU))[1]
