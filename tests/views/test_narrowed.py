"""Whether it is said that a network was made narrower."""

import pytest

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
