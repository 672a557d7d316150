"""The table of hyperparameters: a file format, and always within its own bounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autocnn.choices import OneOf, size
from autocnn.recipe import ImageShape
from autocnn.search.parameters import PARAMETERS, max_flops, max_stages, suited_to
from autocnn.search.ranges import clip

# These names are a file format: they are in every user's studies and space files.
# A new one goes to the end of its list; none of them is ever renamed or removed.
NAMES = [
    "stages",
    "convs_per_stage",
    "width",
    "width_growth",
    "stem",
    "kernel",
    "block",
    "norm",
    "activation",
    "pooling",
    "conv_dropout",
    "head",
    "dense_units",
    "dense_dropout",
    "optimizer",
    "learning_rate_factor",
    "momentum",
    "weight_decay",
    "schedule",
    "batch_size",
    "label_smoothing",
    "augmentation",
]
WORDS = {
    "stem": ["conv", "patch"],
    "block": ["plain", "residual", "separable", "squeeze_excite"],
    "norm": ["batch_norm", "group_norm", "none"],
    "activation": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"],
    "pooling": ["max", "avg", "stride"],
    "head": ["global_avg_pool", "global_max_pool", "dense"],
    "optimizer": ["sgd", "adam", "adamw", "rmsprop", "adamax", "nadam"],
    "schedule": ["one_cycle", "cosine", "step_down", "constant"],
    "augmentation": [
        "none",
        "shift",
        "flip+shift",
        "flip+shift+cutout",
        "flip+shift+jitter",
        "shift+rotate",
    ],
}


def square(side: int, channels: int = 3) -> ImageShape:
    return ImageShape(height=side, width=side, channels=channels, classes=10)


def test_the_names_are_those_of_every_users_studies():
    assert list(PARAMETERS)[: len(NAMES)] == NAMES


@pytest.mark.parametrize("name", WORDS)
def test_the_words_are_those_of_every_users_studies(name):
    words = list(PARAMETERS[name].range.choices)
    assert words[: len(WORDS[name])] == WORDS[name]


@settings(max_examples=25)
@given(height=st.integers(1, 64), width=st.integers(1, 64), accelerated=st.booleans())
def test_the_first_trial_lies_within_the_ranges(height, width, accelerated):
    shape = ImageShape(height=height, width=width, channels=1, classes=2)
    for name, row in suited_to(shape, accelerated=accelerated).items():
        assert size(row.range) >= 1, name
        assert clip(row.default, row.range) == row.default, name
        assert row.help


@pytest.mark.parametrize(
    ("side", "stages"), [(1, 1), (3, 1), (4, 2), (7, 2), (8, 3), (28, 4), (64, 6)]
)
def test_the_last_stage_keeps_at_least_2_pixels_a_side(side, stages):
    assert max_stages(side) == stages


def test_small_images_keep_their_size_at_first():
    assert suited_to(square(8), accelerated=False)["stem"].range == OneOf(("conv",))


def test_large_images_are_halved_at_once_on_a_cpu():
    on_cpu, on_gpu = (suited_to(square(64), accelerated=gpu) for gpu in (False, True))
    assert on_cpu["stem"].range == OneOf(("patch",))
    assert on_gpu["stem"].range == PARAMETERS["stem"].range


def test_an_accelerator_gets_wider_networks():
    on_gpu = suited_to(square(32), accelerated=True)
    assert on_gpu["width"].range.high > PARAMETERS["width"].range.high
    bounds = [max_flops(square(32), accelerated=gpu) for gpu in (False, True)]
    assert bounds[1] > 10 * bounds[0]


def test_smaller_images_get_cheaper_networks_but_never_none():
    bounds = [max_flops(square(side), accelerated=False) for side in (1, 8, 16, 32, 64)]
    assert bounds[0] == bounds[1] > 1_000_000
    assert bounds[1] < bounds[2] < bounds[3] == bounds[4]


@pytest.mark.parametrize("accelerated", [True, False])
def test_what_never_paid_is_only_drawn_where_a_file_asks_for_it(accelerated):
    table = suited_to(square(32), accelerated=accelerated)
    assert table["norm"].range == OneOf(("batch_norm", "group_norm"))
    assert table["kernel"].range == OneOf((3, 5) if accelerated else (3,))
