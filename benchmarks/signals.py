"""Which early sign of a training tells how well it will end: ranks, on real images.

Recipes of the default space are trained to their end; on the way everything is scored
that a search could judge by, and the same recipes are trained on fewer and on smaller
images. Each sign then is as good as its rank correlation with the final accuracy.
"""

import copy
import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from autocnn import device as devices
from autocnn.data.batches import Batches, train_and_val
from autocnn.data.cache import open_info, open_search_images, prepare
from autocnn.data.splits import Split, search_splits
from autocnn.processes import cores
from autocnn.recipe import Recipe
from autocnn.search import space as spaces
from autocnn.search.compile import EMA_DECAY
from autocnn.search.sample import draw_some
from autocnn.train.average import Average
from autocnn.train.learner import Learner
from autocnn.train.loop import score
from autocnn.train.schedules import make_schedule
from autocnn.train.step import Step

EPOCHS = 9
RUNGS = (1, 3)
SCORED = (*RUNGS, 4)
COOLING = 0.3
"""Epochs for which a copy's learning rate falls to zero before it is scored."""
SUBSET = 3
"""One image of so many, where fewer are trained on."""
LAST = 3
"""Epochs whose weights and averages make up the final accuracy: less noise."""
SAMPLES = 1_000
VAL_IMAGES = 2_000

Say = Callable[[str], None]
Signs = Mapping[str, float]
"""Sign -> val_accuracy; ``final`` is what all others are to foretell."""


@dataclass(frozen=True, slots=True)
class Task:
    """A recipe, and the images to train it on."""

    number: int
    recipe: Recipe
    whole: Path
    small: Path
    """The same images at half the size."""
    images: int


def measure(
    data: str, data_dir: Path | None, recipes: int, images: int, size: int,
    output: Path, say: Say,
) -> list[Signs]:  # fmt: skip
    """Train what `output` lacks of so many recipes; give the signs of all."""
    known: dict[int, Signs] = {}
    if output.exists():
        lines = output.read_text(encoding="utf-8").splitlines()
        known = {each["number"]: each["signs"] for each in map(json.loads, lines)}
    whole = prepare(data, data_dir=data_dir, image_size=size)
    small = prepare(data, data_dir=data_dir, image_size=size // 2)
    space = spaces.default_space(whole.info.shape, accelerated=False)
    drawn = draw_some(space, whole.info.shape, epochs=EPOCHS, draws=recipes)
    tasks = [
        Task(number, each.recipe, whole.folder, small.folder, images)
        for number, each in enumerate(drawn)
        if number not in known
    ]
    with (
        output.open("a", encoding="utf-8") as file,
        ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool,
    ):
        for task, signs in zip(tasks, pool.map(signs_of, tasks), strict=True):
            known[task.number] = signs
            file.write(json.dumps({"number": task.number, "signs": signs}) + "\n")
            file.flush()
            say(
                f"recipe {task.number}: {signs['raw 1']:.1%}, then {signs['final']:.1%}"
            )
    return [known[number] for number in sorted(known)]


def signs_of(task: Task) -> Signs:
    """Train one recipe in all ways."""
    torch.set_num_threads(1)
    found = dict(_trained(task, task.whole, EPOCHS, cool=True))
    subset = dict(_trained(task, task.whole, RUNGS[1], part=SUBSET))
    found[f"a third, {RUNGS[1]} of {RUNGS[1]}"] = subset[f"raw {RUNGS[1]}"]
    subset = dict(_trained(task, task.whole, EPOCHS, part=SUBSET))
    found[f"a third, {EPOCHS} of {EPOCHS}"] = subset[f"raw {EPOCHS}"]
    small = dict(_trained(task, task.small, EPOCHS))
    found["half size, 4 of 9"] = small["raw 4"]
    found["half size, 4 of 9, averaged"] = small["averaged 4"]
    found["half size, 9 of 9"] = small["raw 9"]
    return found


def _trained(
    task: Task, data: Path, epochs: int, *, part: int = 1, cool: bool = False
) -> Iterator[tuple[str, float]]:
    """Train for so many epochs, and score weights and averages after each."""
    train, val = _batches(data, task.images, part)
    learner = Learner(
        task.recipe, open_info(data).shape, device=torch.device("cpu"), seed=task.number
    )
    average, step, steps = Average(learner.net, EMA_DECAY), Step(learner), 0
    size = min(learner.settings.batch_size, len(train))
    factor = make_schedule(learner.settings.schedule, len(train) // size * epochs)
    last = []
    for epoch in range(1, epochs + 1):
        torch.manual_seed(epoch)
        learner.net.train()
        for images, labels in train.shuffled(
            size, learner.settings.augmentation, seed=epoch
        ):
            step(images, labels, learner.settings.learning_rate * factor(steps))
            steps += 1
            average.follow(learner.net, steps)
        if epoch not in SCORED and epoch <= epochs - LAST:
            continue
        raw, averaged = score(learner.net, val)[1], score(average.net, val)[1]
        yield f"raw {epoch}", raw
        yield f"averaged {epoch}", averaged
        if cool and epoch in RUNGS:
            rate = learner.settings.learning_rate * factor(steps)
            yield f"cooled {epoch}", _cooled(learner, train, val, size, rate)
        if epoch > epochs - LAST:
            last += [raw, averaged]
    yield "final", statistics.mean(last)


def _cooled(
    learner: Learner, train: Batches, val: Batches, size: int, rate: float
) -> float:
    """Score a copy after a short training whose rate falls to zero."""
    state = copy.deepcopy((learner.net.state_dict(), learner.optimizer.state_dict()))
    step, steps = Step(learner), max(1, int(COOLING * len(train) / size))
    learner.net.train()
    batches = train.shuffled(size, learner.settings.augmentation, seed=999)
    for number, (images, labels) in zip(range(steps), batches, strict=False):
        step(images, labels, rate * (1 - number / steps))
    found = score(learner.net, val)[1]
    learner.net.load_state_dict(state[0])
    learner.optimizer.load_state_dict(state[1])
    return found


def _batches(data: Path, images: int, part: int) -> tuple[Batches, Batches]:
    """Take the first so many images of a shuffled set, or a part of what is learned."""
    device = torch.device("cpu")
    devices.prepare(device, 1)
    held, groups = open_search_images(data)
    info = open_info(data)
    split = search_splits(held.labels, groups, seed=0, given_val=info.given_val)[0]
    shuffled = np.random.default_rng(0).permutation
    chosen = Split(
        train=split.train[shuffled(len(split.train))[:images][: images // part]],
        val=split.val[shuffled(len(split.val))[:VAL_IMAGES]],
    )
    return train_and_val(held, chosen, info, device)


def correlations(signs: Sequence[Signs]) -> Mapping[str, tuple[float, float, float]]:
    """Correlate each sign's ranks with the final ones; with a 90 % interval.

    The interval is a bootstrap over recipes.
    """
    names = [name for name in signs[0] if name != "final"]
    values = np.array([[one[name] for name in names] for one in signs])
    final = np.array([one["final"] for one in signs])
    generator = np.random.default_rng(0)
    samples = [generator.integers(len(final), size=len(final)) for _ in range(SAMPLES)]
    found = {}
    for column, name in enumerate(names):
        again = [spearmanr(values[some, column], final[some])[0] for some in samples]
        low, high = np.nanquantile(again, [0.05, 0.95])
        found[name] = (float(spearmanr(values[:, column], final)[0]), low, high)
    return found
