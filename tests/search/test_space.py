"""Spaces: the default one, what a file makes of it, and a recipe with ranges."""

import json

import optuna
import pytest

from autocnn.choices import FloatRange, IntRange, OneOf
from autocnn.errors import RequestError
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.parameters import PARAMETERS

SHAPE = ImageShape(height=32, width=32, channels=3, classes=10)
TEMPLATE = """
layers = ["conv {width}", "relu", "flatten", "dropout {dropout}"]
[train]
learning_rate = 0.1
[space]
width = [8, 16]
dropout = { min = 0.0, max = 0.5, default = 0.1 }
batch_size = [32, 64]
"""


@pytest.fixture
def read(tmp_path):
    """Read a space from text, as from a file."""

    def read_text(text: str) -> spaces.Space:
        path = tmp_path / "space.toml"
        path.write_text(text)
        return spaces.read_space(path, SHAPE, accelerated=False)

    return read_text


def test_an_empty_file_is_the_default_space(read):
    default = spaces.default_space(SHAPE, accelerated=False)
    assert read("") == default
    assert {*default.ranges, *default.fixed} == set(PARAMETERS)
    assert default.fixed == {"kernel": 3}
    assert default.template is None


def test_a_file_narrows_fixes_and_extends(read):
    space = read("""
        [space]
        activation = ["relu", "tanh"]
        width = { min = 8, max = 32, default = 16 }
        norm = "batch_norm"
        initialization = ["default", "dirac"]
        epochs = 5
    """)
    assert space.ranges["activation"] == OneOf(("relu", "tanh"))
    assert space.ranges["width"] == IntRange(8, 32)
    assert space.ranges["initialization"] == OneOf(("default", "dirac"))
    assert space.fixed == {"kernel": 3, "norm": "batch_norm", "epochs": 5}
    assert space.defaults["width"] == 16
    assert space.defaults["activation"] == "relu"
    assert "norm" not in space.ranges


def test_whole_bounds_of_a_fraction_stay_a_fraction(read):
    space = read("[space]\nwidth_growth = { min = 1, max = 2 }")
    assert space.ranges["width_growth"] == FloatRange(1.0, 2.0)


def test_the_cost_may_be_bounded_by_hand(read):
    assert read("max_flops = 1000000").max_flops == 1_000_000
    assert read("[space]\nmax_flops = 1000000").max_flops == 1_000_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[space]\nwidht = 3", "no parameter called 'widht'"),
        ("[space]\nwidth = []", "the range of width is empty"),
        ("[space]\nactivation = ['geluu']", "no activation called 'geluu'"),
        ("space = 3", "'space' is not a table"),
        ("spcae = 3", "no use for 'spcae'"),
        ("[train]\nepochs = 3", "no use for 'train'"),
        ("recipe = 'none.toml'", "cannot read .*none.toml"),
        (TEMPLATE + "kernel = 3", "no parameter called 'kernel'"),
        (TEMPLATE.replace("dropout =", "momentum ="), "{dropout} but gives it no"),
        (TEMPLATE.replace('"relu"', '"relu 3"').replace("0.1", "-1"), "learning_rate"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(read, text, problem):
    with pytest.raises(RequestError, match=problem) as caught:
        read(text)
    assert ".toml" in caught.value.problem
    assert caught.value.hint


@pytest.mark.parametrize(
    "line",
    [
        "stages = 'many'",
        "stages = [1.5, 2]",
        "stages = { min = 1.5, max = 2.5 }",
        "kernel = ['big', 'small']",
        "width = 0",
        "width = { min = 8, max = 64, step = 8, log = true }",
        "conv_dropout = 1.5",
        "momentum = [0.9, 1.5]",
        "batch_size = [0, 32]",
        "epochs = [0, 2]",
        "max_flops = 'few'",
    ],
)
def test_values_that_no_trial_can_be_made_of_are_refused(read, line):
    with pytest.raises(RequestError, match=line.split()[0]):
        read("[space]\n" + line)


def test_a_space_survives_the_study_that_keeps_it(read):
    for text in ("", TEMPLATE, "[space]\nwidth = [8, 16]\nnorm = 'none'"):
        space = read(text)
        kept = json.loads(json.dumps(spaces.to_dict(space)))
        assert spaces.from_dict(kept) == space


def test_what_is_drawn_lies_in_the_ranges(read):
    space = read("")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        values = spaces.draw(space, study.ask())
        assert list(values) == list(space.ranges)
        for name, value in values.items():
            assert spaces.clip(value, space.ranges[name]) == value, name


def test_the_first_trial_is_the_default_where_it_fits(read):
    space = read(
        "[space]\nwidth = { min = 60, max = 64 }\nactivation = ['elu', 'relu']"
    )
    assert space.defaults["width"] == 60
    assert space.defaults["activation"] == "elu"
    assert space.defaults["batch_size"] == PARAMETERS["batch_size"].default


@pytest.mark.parametrize(
    ("value", "choice", "expected"),
    [
        (5, IntRange(8, 64, step=8), 8),
        (21, IntRange(8, 64, step=8), 24),
        (100, IntRange(8, 63, step=8), 56),
        (None, IntRange(2, 4), 3),
        (None, FloatRange(0.01, 1.0, log=True), pytest.approx(0.1)),
        ("sgd", FloatRange(0.0, 1.0), 0.5),
        (2.0, FloatRange(0.0, 1.0), 1.0),
        (3, OneOf((1, 2)), 1),
    ],
)
def test_a_value_is_brought_into_its_range(value, choice, expected):
    assert spaces.clip(value, choice) == expected


@pytest.mark.parametrize(
    ("choice", "only"),
    [
        (IntRange(3, 3), 3),
        (FloatRange(0.5, 0.5), 0.5),
        (OneOf(("a",)), "a"),
        (OneOf((0, 1)), None),
        (IntRange(2, 4), None),
    ],
)
def test_a_range_of_one_value_is_that_value(choice, only):
    assert spaces.single(choice) == only


def test_a_template_is_a_recipe_with_ranges(read):
    space = read(TEMPLATE)
    assert space.defaults == {"width": 8, "dropout": 0.1, "batch_size": 32}
    values = {"width": 16, "dropout": 0.25, "batch_size": 64}
    recipe = spaces.to_recipe(space, values, SHAPE, epochs=7)
    assert [str(layer) for layer in recipe.layers] == [
        "conv 16",
        "relu",
        "flatten",
        "dropout 0.25",
    ]
    train = recipe.train
    assert (train.batch_size, train.learning_rate, train.epochs) == (64, 0.1, 7)
    assert recipe.shape == SHAPE


def test_a_placeholder_may_stand_in_the_training_too(read):
    space = read("""
        layers = ["flatten"]
        [train]
        schedule = "cosine warmup={warmup}"
        augmentation = ["shift {distance}"]
        [space]
        warmup = [0.1, 0.2]
        distance = [0.1, 0.3]
    """)
    values = {"warmup": 0.2, "distance": 0.3}
    train = spaces.to_recipe(space, values, SHAPE, epochs=1).train
    assert str(train.schedule) == "cosine warmup=0.2"
    assert [str(each) for each in train.augmentation] == ["shift 0.3"]


def test_a_space_may_begin_from_a_recipe_in_another_file(read, tmp_path):
    (tmp_path / "base.toml").write_text(
        'layers = ["flatten"]\n'
        "[input]\nheight = 8\nwidth = 8\nchannels = 1\nclasses = 3\n"
        '[train]\noptimizer = "adam"\nlearning_rate = 0.5\n'
    )
    space = read("""
        recipe = "base.toml"
        [train]
        learning_rate = 0.25
        [space]
        batch_size = [16, 32]
    """)
    recipe = spaces.to_recipe(space, {"batch_size": 16}, SHAPE, epochs=1)
    train = recipe.train
    assert (train.optimizer, train.learning_rate, train.batch_size) == (
        "adam",
        0.25,
        16,
    )
    declared = spaces.declared_shape(tmp_path / "space.toml")
    assert declared == ImageShape(height=8, width=8, channels=1, classes=3)


def test_a_default_space_is_written_for_no_images(read, tmp_path):
    read("")
    assert spaces.declared_shape(tmp_path / "space.toml") is None
