"""A training on disk goes on bit by bit as if it had never stopped."""

import dataclasses
import itertools
import pickle

import pytest
import torch

from autocnn.train import checkpoint
from autocnn.train.checkpoint import PLACED, replacing
from autocnn.train.learner import Learner
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


@pytest.mark.parametrize("missing", ["net", "optimizer", "scaler", "history"])
def test_a_file_that_lacks_something_means_that_training_starts_over(
    learner, tiny_batches, path, missing
):
    begun, fresh = learner(), learner()
    next(fit(begun, *tiny_batches))
    checkpoint.save(path, begun)
    state = torch.load(path)
    del state[missing]
    torch.save(state, path)
    assert not checkpoint.restore(path, fresh)
    assert fresh.history == []


def test_a_crash_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def crash() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        crash()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [
        ("file", "old")
    ]


def test_saving_leaves_one_file(learner, path):
    checkpoint.save(path, learner())
    checkpoint.save(path, learner())
    assert list(path.parent.iterdir()) == [path]
