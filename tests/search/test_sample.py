"""A sample of a space tells what its trials will cost."""

import pytest

from autocnn.errors import RequestError
from autocnn.recipe import ImageShape
from autocnn.search.sample import cost, draw_some, heaviest
from autocnn.search.space import adjusted, default_space, to_recipe
from autocnn.train.cost import reference, work

SHAPE = ImageShape(height=32, width=32, channels=3, classes=10)


@pytest.fixture(scope="module")
def space():
    return default_space(SHAPE, accelerated=False)


@pytest.fixture(scope="module")
def drawn(space):
    return draw_some(space, SHAPE, epochs=9)


def test_the_first_is_the_first_trials(space, drawn):
    assert drawn[0].recipe == to_recipe(space, space.defaults, SHAPE, epochs=9)


def test_the_sample_is_always_the_same(space, drawn):
    again = draw_some(space, SHAPE, epochs=9)
    assert [one.recipe for one in again] == [one.recipe for one in drawn]
    assert len({one.recipe.key for one in drawn}) == len(drawn)


def test_no_drawn_network_is_dearer_than_the_space_allows(space, drawn):
    narrowest = 1.15  # the smallest width may cost more
    assert max(work(one.summary) for one in drawn) <= narrowest * space.max_flops


def test_the_heaviest_needs_the_most_memory(drawn):
    most = max(one.training_bytes for one in drawn)
    chosen = next(one for one in drawn if one.recipe == heaviest(drawn))
    assert chosen.training_bytes == most
    assert most > chosen.recipe.train.batch_size * chosen.summary.activation_bytes


def test_the_cost_grows_with_the_images(drawn):
    few, many = (
        cost(drawn, reference(), SHAPE, train_images=n, val_images=1000)
        for n in (10_000, 20_000)
    )
    assert 0 < few.low < few.median < few.high
    assert few.median < many.median < 2.2 * few.median


def test_what_a_limit_would_refuse_is_left_out(space, drawn):
    parameters = sorted(one.summary.parameters for one in drawn)
    few = draw_some(space, SHAPE, epochs=9, limits={"parameters": parameters[3]})
    assert sorted(one.summary.parameters for one in few) == parameters[:4]
    # If nothing is within the limit, something must tell what a trial may cost.
    none = draw_some(space, SHAPE, epochs=9, limits={"parameters": 1})
    assert len(none) == len(drawn)
    cheap = draw_some(space, SHAPE, epochs=9, limits={"flops": 2e6})
    assert all(one.summary.flops <= 2e6 for one in cheap)


def test_a_space_that_never_fits_is_refused(space):
    speck = ImageShape(height=1, width=1, channels=1, classes=2)
    wide = adjusted({"stem": "patch", "stages": 4}, SHAPE, accelerated=False, where="")
    with pytest.raises(RequestError):
        draw_some(wide, speck, epochs=1)
