"""Whether it is said that a network was made narrower."""

import pytest

from autocnn import recipe as recipes
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.views.narrowed import narrowed

BOUNDED = {"space": {"max_flops": 10**6, "template": None, "fixed": {}}}
RECIPE = 'layers = ["conv 40 kernel=3", "relu"]'


def test_a_network_that_was_made_narrower_says_from_what_to_what():
    said = narrowed(BOUNDED, {"width": 48}, RECIPE)
    assert said == "narrowed from 48 to 40, to fit what an image may cost"


def test_a_width_that_is_fixed_for_all_trials_counts_too():
    fixed = {"space": {**BOUNDED["space"], "fixed": {"width": 48}}}
    assert "from 48 to 40" in narrowed(fixed, {}, RECIPE)


@pytest.mark.parametrize(
    ("config", "width"),
    [
        (BOUNDED, 40),
        (BOUNDED, None),
        ({}, 48),
        ({"space": {"max_flops": 10**6, "template": "{}"}}, 48),
    ],
)
def test_other_networks_say_nothing(config, width):
    assert narrowed(config, {"width": width}, RECIPE) == ""


def test_a_stem_of_half_the_width_is_not_narrower():
    shape = ImageShape(height=32, width=32, channels=3, classes=10)
    space = spaces.default_space(shape, accelerated=False)
    for pooling in ("early_max", "max"):
        drawn = {**space.defaults, "pooling": pooling, "width": 24}
        recipe = spaces.to_recipe(space, drawn, shape, epochs=1)
        said = narrowed(BOUNDED, {"width": 24}, recipes.dumps(recipe))
        assert said == ""
        said = narrowed(BOUNDED, {"width": 32}, recipes.dumps(recipe))
        assert "from 32 to 24" in said
