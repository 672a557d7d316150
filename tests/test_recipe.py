"""A recipe as TOML: it survives, and what is wrong in it is named."""

import dataclasses
import os

import pytest

from autocnn import recipe as recipes
from autocnn.choices import Choice
from autocnn.errors import RequestError
from autocnn.recipe import ImageShape, Recipe, TrainSettings

SHAPE = ImageShape(height=28, width=28, channels=1, classes=10)
RECIPE = Recipe(
    layers=(Choice("conv", (8,)), Choice("relu"), Choice("flatten")),
    train=TrainSettings(
        optimizer="adamw",
        epsilon=1e-6,
        schedule=Choice("cosine", (), (("warmup", 0.1),)),
        augmentation=(Choice("flip"), Choice("shift", (0.1,))),
        label_smoothing=0.1,
    ),
    shape=SHAPE,
)
TEXT = """
layers = ["conv 8", "relu", "flatten"]
[train]
"""


@pytest.mark.parametrize("recipe", [RECIPE, dataclasses.replace(RECIPE, shape=None)])
def test_a_recipe_survives_toml(recipe):
    assert recipes.loads(recipes.dumps(recipe)) == recipe


def test_a_recipe_is_written_one_layer_a_line():
    assert recipes.dumps(RECIPE).splitlines()[:5] == [
        "layers = [",
        '    "conv 8",',
        '    "relu",',
        '    "flatten",',
        "]",
    ]


def test_what_is_left_out_is_the_default():
    recipe = recipes.loads('layers = ["flatten"]')
    assert recipe.train == TrainSettings()
    assert recipe.shape is None


def test_a_whole_number_may_stand_for_a_fraction():
    rate = recipes.loads(TEXT + "learning_rate = 1").train.learning_rate
    assert (rate, type(rate)) == (1.0, float)


def test_the_key_is_of_what_is_built_and_trained_not_of_the_images():
    elsewhere = dataclasses.replace(RECIPE, shape=None)
    slower = dataclasses.replace(RECIPE.train, learning_rate=0.001)
    assert elsewhere.key == RECIPE.key
    assert dataclasses.replace(RECIPE, train=slower).key != RECIPE.key


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no list of layers"),
        ("layers = 3", "no list of layers"),
        ("layers = [3]", "no list of layers"),
        ('layers = [""]', "names nothing"),
        (TEXT + "[input]\nheight = 8", r"\[input\] is incomplete"),
        (TEXT + "[input]\nhight = 8", "no use for 'hight'"),
        (TEXT + "optimiser = 'sgd'", "no use for 'optimiser'"),
        (TEXT + "[trian]", "no use for 'trian'"),
        ('train = 3\nlayers = ["relu"]', "'train' is not a table"),
        (TEXT + "epochs = 0", "epochs = 0 must be above 0"),
        (TEXT + "epochs = 1.5", "epochs = 1.5 is of the wrong kind"),
        (TEXT + "epochs = true", "epochs = True is of the wrong kind"),
        (TEXT + "learning_rate = 0", "learning_rate = 0.0 must be above 0"),
        (TEXT + "learning_rate = 'fast'", "learning_rate = 'fast' is of the wrong"),
        (TEXT + "momentum = 1.0", "momentum = 1.0 is out of range"),
        (TEXT + "label_smoothing = -0.1", "label_smoothing = -0.1 is out of range"),
        (TEXT + "weight_decay = -1", "weight_decay = -1.0 is out of range"),
        (TEXT + "schedule = 3", "schedule = 3 is of the wrong kind"),
        (TEXT + "augmentation = 'flip'", "augmentation = 'flip' is of the wrong kind"),
        (TEXT + "learning_rate = nan", "learning_rate = nan"),
        (TEXT + "learning_rate = inf", "learning_rate = inf"),
        (TEXT + "weight_decay = inf", "weight_decay = inf"),
    ],
)
def test_what_is_wrong_is_named(text, problem):
    with pytest.raises(RequestError, match=problem):
        recipes.loads(text)


def test_an_unknown_setting_is_answered_with_the_nearest():
    with pytest.raises(RequestError) as caught:
        recipes.loads(TEXT + "optimiser = 'sgd'")
    assert caught.value.hint == "did you mean 'optimizer'?"


def test_a_file_is_named_in_what_is_wrong_with_it(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TEXT + "epochs = 0")
    with pytest.raises(RequestError, match=r"mine\.toml: epochs = 0"):
        recipes.read(path)


def test_a_missing_file_is_a_request_error(tmp_path):
    with pytest.raises(RequestError, match=r"cannot read .*: No such file"):
        recipes.read(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"layers = [", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_a_request_error(tmp_path, content):
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(RequestError, match="is not TOML"):
        recipes.read(tmp_path / "bad.toml")


def test_a_pipe_is_no_recipe_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(RequestError, match="it is a pipe or a device"):
        recipes.read(tmp_path / "pipe.toml")
