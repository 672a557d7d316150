"""A training on disk goes on bit by bit as if it had never stopped."""

import dataclasses
import errno
import io
import itertools
import os
import pickle
import random
import subprocess
import sys
import time

import pytest
import torch

from autocnn import recipe as recipes
from autocnn.train import checkpoint
from autocnn.train.checkpoint import PLACED, SEAL
from autocnn.train.learner import Epoch, Learner
from autocnn.train.loop import fit

CPU = torch.device("cpu")
TIMES = ("seconds", "images_per_second")
# Everything that draws at random or keeps a state of its own.
RESTLESS = ["conv 8", "batch_norm", "dropout2d 0.2", "relu", "max_pool 2"]
RESTLESS += ["flatten", "dense 16", "prelu", "dropout 0.3"]
SETTINGS = {
    "sgd": {"schedule": "one_cycle", "augmentation": ["flip", "shift 0.2", "rotate"]},
    "adamw": {"schedule": "cosine", "augmentation": ["cutout", "jitter"]},
    "rmsprop": {"momentum": 0.9, "learning_rate": 0.001},
    "adamax": {"label_smoothing": 0.1},
    "nadam": {"weight_decay": 0.01},
    "adagrad": {},
    "adam": {"ema_decay": 0.9},
}


@pytest.fixture
def learner(make_recipe, tiny_shape):
    def make(**train) -> Learner:
        settings = {"epochs": 4, **train}
        recipe = make_recipe(RESTLESS, **settings)
        return Learner(recipe, tiny_shape, device=CPU, seed=7)

    return make


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "checkpoint.pt"


def outcome(learner: Learner) -> list[dict[str, float]]:
    """Give the epochs without what the clock says."""
    return [
        {
            name: value
            for name, value in dataclasses.asdict(epoch).items()
            if name not in TIMES
        }
        for epoch in learner.history
    ]


def check_equal(first: Learner, second: Learner) -> None:
    assert outcome(first) == outcome(second)
    for one, other in ((first.net, second.net), (first.result, second.result)):
        others = other.state_dict()
        for name, value in one.state_dict().items():
            assert torch.equal(value, others[name]), name


@pytest.mark.parametrize("optimizer", SETTINGS)
def test_what_was_interrupted_ends_as_what_was_not(
    learner, tiny_batches, path, optimizer
):
    settings = {"optimizer": optimizer, **SETTINGS[optimizer]}
    unbroken = learner(**settings)
    list(fit(unbroken, *tiny_batches))

    begun = learner(**settings)
    for _ in itertools.islice(fit(begun, *tiny_batches), 2):
        checkpoint.save(path, begun)
    resumed = learner(**settings)
    assert checkpoint.restore(path, resumed)
    assert [epoch.number for epoch in fit(resumed, *tiny_batches)] == [3, 4]
    check_equal(unbroken, resumed)


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("optimizer", SETTINGS)
def test_what_was_interrupted_within_an_epoch_too(
    learner, tiny_batches, path, optimizer, steps
):
    settings = {"optimizer": optimizer, **SETTINGS[optimizer]}
    unbroken = learner(**settings)
    list(fit(unbroken, *tiny_batches))

    asked, each = itertools.count(), len(tiny_batches[0]) // 32
    begun = learner(**settings)
    list(fit(begun, *tiny_batches, keep_going=lambda: next(asked) < each + steps))
    assert (len(begun.history), begun.begun.steps) == (1, steps)
    checkpoint.save(path, begun)
    torch.manual_seed(0)  # as another process would
    resumed = learner(**settings)
    assert checkpoint.restore(path, resumed)
    assert resumed.begun.seconds == begun.begun.seconds > 0
    assert [epoch.number for epoch in fit(resumed, *tiny_batches)] == [2, 3, 4]
    check_equal(unbroken, resumed)


def test_an_abandoned_epoch_is_trained_again_from_its_start(
    learner, tiny_batches, path
):
    unbroken = learner()
    list(fit(unbroken, *tiny_batches))

    asked, steps = itertools.count(), len(tiny_batches[0]) // 32
    begun = learner()
    for _ in fit(begun, *tiny_batches, keep_going=lambda: next(asked) < steps + 2):
        checkpoint.save(path, begun)
    assert len(begun.history) == 1
    resumed = learner()
    checkpoint.restore(path, resumed)
    list(fit(resumed, *tiny_batches))
    check_equal(unbroken, resumed)


def test_what_is_restored_is_what_was_saved(learner, tiny_batches, path):
    saved, restored = learner(), learner()
    next(fit(saved, *tiny_batches))
    checkpoint.save(path, saved)
    assert checkpoint.restore(path, restored)
    assert restored.history == saved.history
    check_equal(saved, restored)


def as_on_cuda(learner: Learner) -> Learner:
    """Give an optimizer what it has on a GPU, as far as a CPU can hold it."""
    for group in learner.optimizer.param_groups:
        group["lr"] = torch.tensor(group["lr"])
        if "capturable" in group:
            group["capturable"] = True
        if isinstance(learner.optimizer, torch.optim.Adagrad):
            group |= {"fused": None, "foreach": True}
    return learner


def options(learner: Learner) -> list[dict[str, object]]:
    """Give the kinds of the optimizer's options that its device decides."""
    return [
        {name: (type(group[name]), group[name]) for name in PLACED if name in group}
        for group in learner.optimizer.param_groups
    ]


@pytest.mark.parametrize("optimizer", SETTINGS)
def test_a_training_begun_on_a_gpu_goes_on_on_the_cpu(
    learner, tiny_batches, path, optimizer
):
    settings = {"optimizer": optimizer, **SETTINGS[optimizer]}
    unbroken, begun = learner(**settings), learner(**settings)
    list(fit(unbroken, *tiny_batches))
    next(fit(begun, *tiny_batches))
    checkpoint.save(path, as_on_cuda(begun))
    resumed = learner(**settings)
    assert checkpoint.restore(path, resumed)
    assert options(resumed) == options(learner(**settings))
    list(fit(resumed, *tiny_batches))
    check_equal(unbroken, resumed)


@pytest.mark.parametrize("optimizer", SETTINGS)
def test_on_a_gpu_the_learning_rate_stays_where_a_graph_reads_it(
    learner, tiny_batches, path, optimizer
):
    settings = {"optimizer": optimizer, **SETTINGS[optimizer]}
    begun = learner(**settings)
    next(fit(begun, *tiny_batches))
    checkpoint.save(path, begun)
    resumed = as_on_cuda(learner(**settings))
    assert checkpoint.restore(path, resumed)
    assert options(resumed) == options(as_on_cuda(learner(**settings)))


def test_a_scaler_begins_anew_where_there_was_none(learner, tiny_batches, path):
    begun, resumed = learner(), learner()
    next(fit(begun, *tiny_batches))
    checkpoint.save(path, begun)
    resumed.scaler = torch.amp.GradScaler("cpu", enabled=True)
    assert checkpoint.restore(path, resumed)
    assert resumed.history == begun.history


def test_without_a_file_a_training_begins_at_its_beginning(learner, path):
    fresh = learner()
    assert not checkpoint.restore(path, fresh)
    assert fresh.history == []


DAMAGE = {
    "nothing": lambda whole: b"",
    "a half": lambda whole: whole[: len(whole) // 2],
    "all but the end": lambda whole: whole[:-100],
    "garbage": lambda whole: b"garbage" * 100,
    "zeros": lambda whole: bytes(len(whole)),
    "a pickle of something else": lambda whole: pickle.dumps([1, 2], protocol=2),
    "a pickle of code": lambda whole: pickle.dumps(print, protocol=2),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_means_that_training_starts_over(
    learner, tiny_batches, path, damage
):
    unbroken, begun, fresh = learner(epochs=1), learner(epochs=1), learner(epochs=1)
    list(fit(begun, *tiny_batches))
    checkpoint.save(path, begun)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert not checkpoint.restore(path, fresh)
    list(fit(unbroken, *tiny_batches))
    list(fit(fresh, *tiny_batches))
    check_equal(unbroken, fresh)


def unsealed(path) -> bytes:
    """Give what an earlier version would have written."""
    seal, _, content = path.read_bytes().partition(b"\n")
    assert seal.startswith(SEAL)
    return content


@pytest.mark.parametrize("missing", ["net", "optimizer", "scaler", "history"])
def test_a_file_that_lacks_something_means_that_training_starts_over(
    learner, tiny_batches, path, missing
):
    begun, fresh = learner(), learner()
    next(fit(begun, *tiny_batches))
    checkpoint.save(path, begun)
    state = torch.load(io.BytesIO(unsealed(path)))
    del state[missing]
    torch.save(state, path)
    assert not checkpoint.restore(path, fresh)
    assert fresh.history == []


def test_a_file_of_an_earlier_version_is_read(learner, tiny_batches, path):
    begun, resumed = learner(), learner()
    next(fit(begun, *tiny_batches))
    checkpoint.save(path, begun)
    path.write_bytes(unsealed(path))
    assert checkpoint.restore(path, resumed)
    check_equal(begun, resumed)


def torn(new: bytes, old: bytes) -> bytes:
    """Give a file of which the second half never reached the disk."""
    return new[: len(new) // 2] + bytes(len(new) - len(new) // 2)


def half_stale(new: bytes, old: bytes) -> bytes:
    """Give a file whose second half is still that of the one before."""
    return new[: len(new) // 2] + old[len(new) // 2 :]


def flipped(new: bytes, old: bytes) -> bytes:
    place = len(new) // 3
    return new[:place] + bytes([new[place] ^ 1]) + new[place + 1 :]


@pytest.mark.parametrize("damage", [torn, half_stale, flipped, lambda new, old: b""])
def test_of_a_damaged_file_the_one_before_takes_the_place(
    learner, tiny_batches, path, damage
):
    unbroken, begun, resumed = learner(), learner(), learner()
    list(fit(unbroken, *tiny_batches))
    written = []
    for _ in itertools.islice(fit(begun, *tiny_batches), 3):
        checkpoint.save(path, begun)
        written.append(path.read_bytes())
    path.write_bytes(damage(written[2], written[1]))
    assert checkpoint.restore(path, resumed)
    assert len(resumed.history) == 2
    for _ in fit(resumed, *tiny_batches):
        checkpoint.save(path, resumed)
    check_equal(unbroken, resumed)
    again = learner()
    assert checkpoint.restore(path, again)
    check_equal(unbroken, again)


def test_a_flipped_bit_is_found_wherever_it_is(learner, tiny_batches, path):
    begun = learner(epochs=1)
    next(fit(begun, *tiny_batches))
    checkpoint.save(path, begun)
    whole, chance = path.read_bytes(), random.Random(0)
    for place in (*range(100), *chance.sample(range(len(whole)), 100)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        assert not checkpoint.restore(path, learner(epochs=1)), place


def test_where_both_are_damaged_training_starts_over(learner, path):
    checkpoint.save(path, learner())
    checkpoint.save(path, learner())
    for file in path.parent.iterdir():
        file.write_bytes(b"")
    assert not checkpoint.restore(path, learner())
    assert list(path.parent.iterdir()) == []


def test_a_file_that_cannot_be_read_is_not_taken_for_a_damaged_one(
    learner, path, monkeypatch
):
    for _ in range(2):
        checkpoint.save(path, learner())
    names = sorted(path.parent.iterdir())

    def read_bytes(file):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(file))

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "read_bytes", read_bytes)
        with pytest.raises(OSError, match="Input/output error"):
            checkpoint.restore(path, learner())
    assert sorted(path.parent.iterdir()) == names
    assert checkpoint.restore(path, learner())


def test_saving_keeps_one_file_and_the_one_before_it(learner, path):
    for _ in range(3):
        checkpoint.save(path, learner())
    names = sorted(file.name for file in path.parent.iterdir())
    assert names == ["checkpoint-before.pt", "checkpoint.pt"]


def test_whichever_write_fails_the_training_on_disk_can_go_on(
    learner, tiny_batches, path, failing
):
    begun = learner()
    epochs = fit(begun, *tiny_batches)
    for number in (1, 2, 3):
        next(epochs)
        if number < 3:
            checkpoint.save(path, begun)
    for number in range(2, 7):  # the first would make the folder, which is there
        with failing(number), pytest.raises(OSError, match="disk is full"):
            checkpoint.save(path, begun)
        found = learner()
        assert checkpoint.restore(path, found)
        assert len(found.history) in {2, 3}
        checkpoint.save(path, begun)
    assert checkpoint.restore(path, found)
    check_equal(begun, found)


SAVER = """
import pathlib, sys, torch
from autocnn import recipe as recipes
from autocnn.recipe import ImageShape
from autocnn.train import checkpoint
from autocnn.train.learner import Epoch, Learner
recipe = recipes.from_dict({"layers": ["flatten", "dense 4000"], "train": {}})
shape = ImageShape(height=8, width=8, channels=1, classes=3)
learner = Learner(recipe, shape, device=torch.device("cpu"), seed=0)
print("ready", flush=True)
while True:
    number = len(learner.history) + 1
    learner.history.append(Epoch(number=number, **dict.fromkeys(sys.argv[2:], 0.5)))
    checkpoint.save(pathlib.Path(sys.argv[1]), learner)
    print(len(learner.history), flush=True)
"""


def test_a_process_killed_while_it_saves_has_lost_one_epoch_at_most(path, tiny_shape):
    values = [field.name for field in dataclasses.fields(Epoch)][1:]
    recipe = recipes.from_dict({"layers": ["flatten", "dense 4000"], "train": {}})
    chance = random.Random(1)
    for _ in range(2):
        for file in path.parent.glob("*"):
            file.unlink()
        words = [sys.executable, "-c", SAVER, str(path), *values]
        saver = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert saver.stdout is not None
        assert saver.stdout.readline() == "ready\n"
        for _ in range(3):
            saver.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        saver.kill()
        out, _ = saver.communicate()
        told = max([3, *map(int, out.split())])
        found = Learner(recipe, tiny_shape, device=CPU, seed=0)
        assert checkpoint.restore(path, found)
        assert len(found.history) in {told, told + 1}
