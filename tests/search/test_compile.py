"""From drawn values to a recipe: every draw builds, and costs what it may."""

import dataclasses
import math

import optuna
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autocnn.choices import Choice, OneOf
from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.errors import RequestError
from autocnn.nets.net import build, summarize
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.compile import (
    AUGMENTATION_CHOICES,
    KNOWN,
    NARROWEST,
    check_choices,
)
from autocnn.search.parameters import PARAMETERS

CIFAR10 = ImageShape(height=32, width=32, channels=3, classes=10)
SIDES = st.integers(1, 64)
FEW = 300_000


def drawn(space: spaces.Space, seed: int) -> dict:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return spaces.draw(space, study.ask())


@pytest.fixture
def compiled():
    """Write the first trial for CIFAR-10 out, some values changed, at any cost."""
    default = spaces.default_space(CIFAR10, accelerated=False)

    def compile_with(max_flops=10**12, most_flops=math.inf, shape=CIFAR10, **changes):
        space = dataclasses.replace(default, max_flops=max_flops)
        values = {**space.defaults, **changes}
        return spaces.to_recipe(space, values, shape, epochs=9, most_flops=most_flops)

    return compile_with


def words(recipe) -> list[str]:
    return [str(layer) for layer in recipe.layers]


@settings(max_examples=25)
@given(
    height=SIDES,
    width=SIDES,
    channels=st.sampled_from([1, 3]),
    accelerated=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_every_draw_builds_for_every_image_within_its_cost(
    height, width, channels, accelerated, seed
):
    shape = ImageShape(height=height, width=width, channels=channels, classes=7)
    space = spaces.default_space(shape, accelerated=accelerated)
    recipe = spaces.to_recipe(space, drawn(space, seed), shape, epochs=2)
    summary = summarize(recipe, shape)
    assert summary.layers[-1].output == (7,)
    narrowest = f"{recipe.layers[0].name} {NARROWEST} "
    assert summary.flops <= space.max_flops or words(recipe)[0].startswith(narrowest)
    if summary.parameters < FEW:
        net = build(recipe, shape, seed=0).eval()
        logits = net(torch.randn(2, channels, height, width))
        assert logits.shape == (2, 7)
        assert torch.isfinite(logits).all()


@pytest.mark.parametrize("side", [1, 4, 7, 8, 28, 64])
@pytest.mark.parametrize("accelerated", [False, True])
def test_the_first_trial_builds_for_every_size(side, accelerated):
    shape = ImageShape(height=side, width=side, channels=1, classes=2)
    space = spaces.default_space(shape, accelerated=accelerated)
    recipe = spaces.to_recipe(space, space.defaults, shape, epochs=1)
    assert summarize(recipe, shape).flops <= space.max_flops


def test_a_known_good_network_comes_first(compiled):
    recipe = compiled()
    stage = ["conv {} kernel=3 bias=false", "max_pool 2", "batch_norm", "gelu"]
    stage += ["conv {} kernel=3 bias=false", "batch_norm", "gelu"]
    assert words(recipe) == [
        "conv 32 kernel=4 stride=2 bias=false",
        "batch_norm",
        "gelu",
        *[layer.format(56) for layer in stage],
        *[layer.format(104) for layer in stage],
        *[layer.format(184) for layer in stage],
        "global_max_pool",
    ]


def test_stages_may_begin_at_half_the_size(compiled):
    recipe = compiled(pooling="max", width=48, width_growth=1.5)
    assert words(recipe) == [
        "conv 48 kernel=4 stride=2 bias=false",
        "batch_norm",
        "gelu",
        *["conv 48 kernel=3 bias=false", "batch_norm", "gelu"] * 2,
        "max_pool 2",
        *["conv 72 kernel=3 bias=false", "batch_norm", "gelu"] * 2,
        "max_pool 2",
        *["conv 112 kernel=3 bias=false", "batch_norm", "gelu"] * 2,
        "global_max_pool",
    ]
    assert recipe.train.epochs == 9
    assert [str(each) for each in recipe.train.augmentation] == ["flip", "shift 0.1"]


def test_a_network_dearer_than_its_bound_is_made_narrower(compiled):
    dear = {"width": 64, "width_growth": 2.0, "convs_per_stage": 3, "kernel": 5}
    for bound in (10**8, 3 * 10**7, 10**7):
        recipe = compiled(**dear, max_flops=bound)
        assert summarize(recipe, CIFAR10).flops <= bound
        assert recipe.layers[0].arguments[0] < 64


def test_a_limit_on_flops_makes_narrower_too_by_what_they_really_are(compiled):
    for block in ("plain", "separable"):
        free = summarize(compiled(block=block), CIFAR10).flops
        recipe = compiled(block=block, most_flops=free / 3)
        assert free / 9 < summarize(recipe, CIFAR10).flops <= free / 3


def test_the_narrowest_network_may_cost_more_than_its_bound(compiled):
    recipe = compiled(max_flops=1000)
    assert recipe.layers[0].arguments == (NARROWEST,)
    assert summarize(recipe, CIFAR10).flops > 1000


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stem": "conv"}, "conv 32 kernel=3 bias=false"),
        ({"norm": "none"}, "conv 56 kernel=3"),
        ({"norm": "group_norm"}, "group_norm"),
        ({"block": "residual"}, "residual 56 kernel=3 norm=batch_norm activation=gelu"),
        ({"block": "separable"}, "separable 56 kernel=3 bias=false"),
        ({"block": "squeeze_excite"}, "squeeze_excite 0.25"),
        ({"pooling": "stride"}, "conv 104 kernel=3 stride=2 bias=false"),
        ({"pooling": "avg"}, "avg_pool 2"),
        ({"conv_dropout": 0.12345}, "dropout2d 0.123"),
        ({"dense_dropout": 0.5}, "dropout 0.5"),
        ({"head": "dense", "dense_units": 99}, "dense 99"),
        ({"head": "global_avg_pool"}, "global_avg_pool"),
        ({"activation": "silu"}, "silu"),
    ],
)
def test_a_value_is_seen_in_the_layers(compiled, changes, expected):
    assert expected in words(compiled(**changes))


def test_early_pooling_follows_the_convolution_that_widens(compiled):
    layers = words(compiled(pooling="early_max", stages=2, width=48, width_growth=1.5))
    assert layers == [
        "conv 24 kernel=4 stride=2 bias=false", "batch_norm", "gelu",
        "conv 48 kernel=3 bias=false", "max_pool 2", "batch_norm", "gelu",
        "conv 48 kernel=3 bias=false", "batch_norm", "gelu",
        "conv 72 kernel=3 bias=false", "max_pool 2", "batch_norm", "gelu",
        "conv 72 kernel=3 bias=false", "batch_norm", "gelu",
        "global_max_pool",
    ]  # fmt: skip


@pytest.mark.parametrize("block", ["plain", "residual", "separable", "squeeze_excite"])
@pytest.mark.parametrize(
    ("stem", "side"),
    [("conv", 2), ("conv", 3), ("conv", 5), ("conv", 32), ("patch", 8), ("patch", 28)],
)
def test_early_pooling_halves_once_a_stage_as_long_as_it_can(
    compiled, block, stem, side
):
    shape = dataclasses.replace(CIFAR10, height=side, width=side)
    recipe = compiled(
        shape=shape, pooling="early_max", block=block, stem=stem, stages=4
    )
    before_head = summarize(recipe, shape).layers[-3].output
    assert before_head[1] in (1, 2, 3)


@pytest.mark.parametrize(
    "inactive",
    [
        {"dense_units": 100},
        {"conv_dropout": 0.004},
        {"dense_dropout": 0.004},
        {"optimizer": "adam", "momentum": 0.85},
    ],
)
def test_inactive_values_leave_no_trace(compiled, inactive):
    without = {name: PARAMETERS[name].default for name in inactive} | {
        name: value for name, value in inactive.items() if name == "optimizer"
    }
    assert compiled(**inactive).key == compiled(**without).key


def test_training_follows_from_the_values(compiled):
    train = compiled(
        optimizer="adamw",
        learning_rate_factor=0.5,
        weight_decay=0.0012345,
        schedule="cosine",
        batch_size=64,
        label_smoothing=0.1,
        augmentation="shift+rotate",
    ).train
    assert (train.optimizer, train.learning_rate) == ("adamw", 0.001)
    assert (train.weight_decay, train.label_smoothing) == (0.00123, 0.1)
    assert (train.schedule, train.batch_size) == (Choice("cosine"), 64)
    assert train.augmentation == (Choice("shift", (0.1,)), Choice("rotate", (10,)))
    assert train.momentum is None


def test_a_space_may_set_what_the_table_does_not_draw(compiled):
    train = compiled(
        learning_rate=0.123, epochs=4, initialization="dirac", epsilon=1e-3
    ).train
    assert (train.learning_rate, train.epochs) == (0.123, 4)
    assert (train.initialization, train.epsilon) == ("dirac", 1e-3)


def test_every_augmentation_has_a_strength_in_a_search():
    assert set(AUGMENTATION_CHOICES) == set(AUGMENTATIONS)


@pytest.mark.parametrize("name", sorted(set(KNOWN) & set(PARAMETERS)))
def test_what_a_search_draws_is_known(name):
    check_choices(name, PARAMETERS[name].range, "the table")


@pytest.mark.parametrize(
    ("name", "choices", "problem"),
    [
        ("activation", ("relu", "geluu"), "no activation called 'geluu'"),
        ("optimizer", ("sdg",), "no optimizer called 'sdg'"),
        ("augmentation", ("flip+shfit 0.2",), "no augmentation called 'shfit'"),
        ("schedule", ("cosine 0.1", "linear"), "no schedule called 'linear'"),
        ("block", ("dense",), "no block called 'dense'"),
    ],
)
def test_a_name_that_stands_in_no_table_is_refused_before_a_trial(
    name, choices, problem
):
    with pytest.raises(RequestError, match=problem):
        check_choices(name, OneOf(choices), "a.toml")
