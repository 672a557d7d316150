"""The origin's seven models and three grids, as its Keras summaries list them."""

import math

import numpy as np
import pytest
import torch

from autocnn import recipe as recipes
from autocnn.data.batches import Batches
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.grid import cells
from autocnn.train.learner import Learner
from autocnn.train.loop import fit

CIFAR10 = ImageShape(height=32, width=32, channels=3, classes=10)
WEIGHTLESS = {"relu", "leaky_relu", "dropout"}

# A row a layer that has weights or changes the shape, then the classifier:
# what it is, its output (C, H, W) or (F,), and its trainable parameters.
STAGE_3_ON = [
    ("conv", (128, 8, 8), 73_856),
    ("conv", (128, 8, 8), 147_584),
    ("max_pool", (128, 4, 4), 0),
    ("flatten", (2048,), 0),
    ("dense", (1024,), 2_098_176),
    ("dense", (10,), 10_250),
]
FOUR_CONVOLUTIONS = [
    ("conv", (32, 32, 32), 896),
    ("conv", (32, 30, 30), 9_248),
    ("max_pool", (32, 15, 15), 0),
    ("conv", (64, 15, 15), 18_496),
    ("conv", (64, 13, 13), 36_928),
    ("max_pool", (64, 6, 6), 0),
    ("flatten", (2304,), 0),
]
DENSE_512 = [("dense", (512,), 1_180_160), ("dense", (10,), 5_130)]

SUMMARIES = {
    1: [
        ("conv", (32, 32, 32), 896),
        ("conv", (32, 32, 32), 9_248),
        # Keras writes 128 and counts the 64 running statistics as not trainable.
        ("batch_norm", (32, 32, 32), 64),
        ("max_pool", (32, 16, 16), 0),
        ("conv", (64, 16, 16), 18_496),
        ("conv", (64, 16, 16), 36_928),
        ("max_pool", (64, 8, 8), 0),
        *STAGE_3_ON,
    ],
    2: [
        ("conv", (32, 32, 32), 896),
        ("conv", (32, 32, 32), 9_248),
        ("max_pool", (32, 16, 16), 0),
        ("conv", (32, 16, 16), 9_248),
        ("conv", (64, 16, 16), 18_496),
        ("max_pool", (64, 8, 8), 0),
        *STAGE_3_ON,
    ],
    3: FOUR_CONVOLUTIONS + DENSE_512,
    4: FOUR_CONVOLUTIONS + DENSE_512,
    5: [*FOUR_CONVOLUTIONS, ("dense", (1024,), 2_360_320), ("dense", (10,), 10_250)],
    6: [
        ("conv", (32, 32, 32), 896),
        ("conv", (32, 30, 30), 9_248),
        ("conv", (32, 28, 28), 9_248),
        ("max_pool", (32, 14, 14), 0),
        ("conv", (64, 14, 14), 18_496),
        ("conv", (64, 12, 12), 36_928),
        ("conv", (64, 10, 10), 36_928),
        ("max_pool", (64, 5, 5), 0),
        ("flatten", (1600,), 0),
        ("dense", (512,), 819_712),
        ("dense", (10,), 5_130),
    ],
    7: FOUR_CONVOLUTIONS + DENSE_512,
}
PARAMETERS = {
    1: 2_395_498,
    2: 2_367_754,
    3: 1_250_858,
    4: 1_250_858,
    5: 2_436_138,
    6: 936_586,
    7: 1_250_858,
}
LEAKY = "leaky_relu 0.3"
# What comes after each layer with weights, the classifier left out, and the dropouts.
RELUS = ["relu", "relu"]
OF_THE_EXAMPLE = [*RELUS, "dropout 0.25", *RELUS, "dropout 0.25"]
BETWEEN = {
    1: ["relu"] * 7,
    2: ["relu", "dropout 0.2", *RELUS, "dropout 0.2", *RELUS, *RELUS],
    3: [*OF_THE_EXAMPLE, "relu", "dropout 0.5"],
    4: [*OF_THE_EXAMPLE, "relu", "dropout 0.5"],
    5: [*OF_THE_EXAMPLE, LEAKY, "dropout 0.5", "dropout 0.5"],
    6: [*[LEAKY] * 7, "dropout 0.2"],
    7: [*[LEAKY] * 5, "dropout 0.2"],
}
# optimizer, learning rate, momentum, epsilon, schedule, batch size, epochs
SETTINGS = {
    1: ("sgd", 0.01, 0.0, None, "constant", 64, 50),
    2: ("sgd", 0.0008, 0.9, None, "constant", 32, 30),
    3: ("rmsprop", 1e-4, None, None, "inverse_time 1e-06", 32, 100),
    4: ("adamax", 0.002, None, 1.0, "constant", 32, 20),
    5: ("adamax", 0.002, None, 1.0, "constant", 32, 20),
    6: ("rmsprop", 1e-4, None, None, "inverse_time 1e-06", 32, 50),
    7: ("rmsprop", 1e-4, None, None, "inverse_time 1e-06", 32, 100),
}
GRIDS = {"grid-1": 9, "grid-2": 9, "grid-dropout": 5}

every_model = pytest.mark.parametrize("number", SUMMARIES)


@pytest.fixture
def model(seeds):
    return lambda number: recipes.read(seeds / f"model-{number}.toml")


@pytest.fixture
def color_batches():
    """One batch of noise."""
    random = np.random.default_rng(0)
    return Batches(
        pixels=torch.from_numpy(random.integers(0, 256, (32, 32, 32, 3), np.uint8)),
        labels=torch.arange(32) % 10,
        indices=torch.arange(32),
        scale=torch.full((3,), 1 / 127.5),
        offset=torch.full((3,), -1.0),
    )


@every_model
def test_a_model_has_the_origins_layers_shapes_and_parameters(model, number):
    layers = summarize(model(number), CIFAR10).layers
    kinds = [
        (layer.name.split()[0], layer.output, layer.parameters) for layer in layers
    ]
    assert [row for row in kinds if row[0] not in WEIGHTLESS] == SUMMARIES[number]


@every_model
def test_a_model_has_the_origins_activations_and_dropouts(model, number):
    words = [str(layer) for layer in model(number).layers]
    assert [word for word in words if word.split()[0] in WEIGHTLESS] == BETWEEN[number]


@every_model
def test_a_model_has_the_origins_parameters_in_total(model, number):
    assert summarize(model(number), CIFAR10).parameters == PARAMETERS[number]
    assert sum(row[2] for row in SUMMARIES[number]) == PARAMETERS[number]


def test_model_1_has_as_many_running_statistics_as_keras_counts(model):
    summary = summarize(model(1), CIFAR10)
    buffers = sum(layer.buffers for layer in summary.layers)
    assert (buffers, summary.parameters + buffers) == (64, 2_395_562)


def test_model_1_normalizes_as_keras_does(model):
    norm = next(layer for layer in model(1).layers if layer.name == "batch_norm")
    assert dict(norm.options) == {"epsilon": 1e-3, "momentum": 0.01}


@every_model
def test_a_model_learns_as_in_the_origin(model, number):
    train = model(number).train
    assert SETTINGS[number] == (
        train.optimizer,
        train.learning_rate,
        train.momentum,
        train.epsilon,
        str(train.schedule),
        train.batch_size,
        train.epochs,
    )
    assert [str(choice) for choice in train.augmentation] == ["flip", "shift 0.1"]
    assert train.initialization == "glorot_uniform"
    assert (train.weight_decay, train.label_smoothing) == (0.0, 0.0)


@every_model
def test_a_model_is_written_for_cifar10_and_survives_toml(model, number):
    recipe = model(number)
    assert recipe.shape == CIFAR10
    assert recipes.loads(recipes.dumps(recipe)) == recipe


def test_model_7_is_built_and_makes_a_step(model, color_batches):
    learner = Learner(model(7), CIFAR10, device=torch.device("cpu"), seed=0)
    before = [weights.clone() for weights in learner.net.parameters()]
    epoch = next(fit(learner, color_batches, color_batches))
    assert math.isfinite(epoch.train_loss)
    assert sum(weights.numel() for weights in before) == PARAMETERS[7]
    for old, new in zip(before, learner.net.parameters(), strict=True):
        assert not torch.equal(old, new)


@pytest.fixture
def grid(seeds):
    """Write out all recipes of a grid."""

    def made(name):
        space = spaces.read_space(seeds / f"{name}.toml", CIFAR10, accelerated=False)

        def to_recipe(values):
            return spaces.to_recipe(space, values, CIFAR10, epochs=7)

        return [to_recipe(cell) for cell in cells(space, to_recipe)]

    return made


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_has_all_its_cells_and_each_can_be_built(grid, name):
    made = grid(name)
    assert len({recipe.key for recipe in made}) == len(made) == GRIDS[name]
    for recipe in made:
        assert summarize(recipe, CIFAR10).parameters == PARAMETERS[7]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("grid-1", {(b, e) for b in (32, 70, 40) for e in (10, 30, 50)}),
        ("grid-2", {(b, e) for b in (32, 64, 128) for e in (20, 30, 40)}),
    ],
)
def test_a_grids_cells_reach_the_training(grid, name, settings):
    made = grid(name)
    assert {(each.train.batch_size, each.train.epochs) for each in made} == settings


def test_the_dropout_grid_is_model_7_but_for_its_dropout(seeds, model):
    path = seeds / "grid-dropout.toml"
    space = spaces.read_space(path, CIFAR10, accelerated=False)
    assert spaces.to_recipe(space, {"dropout": 0.2}, CIFAR10, epochs=1) == model(7)
    assert spaces.declared_shape(path) == CIFAR10
