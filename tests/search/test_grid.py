"""Grids: every recipe that lists of values make, once."""

import optuna
import pytest

from autocnn.errors import RequestError
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.grid import cells

SHAPE = ImageShape(height=8, width=8, channels=1, classes=3)
TEMPLATE = """
layers = ["conv {width}", "relu", "flatten", "dropout {dropout}"]
[space]
width = [8, 16]
dropout = [0.1, 0.5]
batch_size = [32, 64]
"""


@pytest.fixture
def grid(tmp_path):
    """List the cells of a space that is read from text."""

    def listed(text: str) -> list:
        path = tmp_path / "space.toml"
        path.write_text(text)
        space = spaces.read_space(path, SHAPE, accelerated=False)

        def to_recipe(values):
            return spaces.to_recipe(space, values, SHAPE, epochs=1)

        return list(cells(space, to_recipe))

    return listed


def test_a_grid_is_every_combination_once(grid):
    found = grid(TEMPLATE)
    assert len({tuple(cell.items()) for cell in found}) == len(found) == 8
    assert found[0] == {"width": 8, "dropout": 0.1, "batch_size": 32}


def test_whole_numbers_are_walked_by_their_step(grid):
    found = grid(
        'layers = ["flatten", "dense {units}"]\n'
        "[space]\nunits = { min = 8, max = 24, step = 8 }"
    )
    assert [cell["units"] for cell in found] == [8, 16, 24]


def test_what_has_no_effect_makes_no_more_of_them(grid):
    only = "stages = 2\nconvs_per_stage = 1\nwidth = 8\nwidth_growth = 1.0\n"
    only += "conv_dropout = 0.0\nlearning_rate_factor = 1.0\nweight_decay = 0.0\n"
    only += "label_smoothing = 0.0\ndense_dropout = 0.0\nbatch_size = 32\n"
    for name, value in spaces.default_space(SHAPE, accelerated=False).defaults.items():
        if name not in only and name not in ("head", "dense_units"):
            only += f"{name} = {value!r}\n".replace("'", '"')
    both = grid(
        f'[space]\n{only}head = ["dense", "global_max_pool"]\ndense_units = [16, 32]'
    )
    units = [(cell["head"], cell["dense_units"]) for cell in both]
    assert units == [("dense", 16), ("dense", 32), ("global_max_pool", 16)]


def test_real_numbers_are_refused(grid):
    text = TEMPLATE.replace("[0.1, 0.5]", "{ min = 0.0, max = 0.5, default = 0.1 }")
    with pytest.raises(
        RequestError, match="a grid needs a list of values, and dropout"
    ):
        grid(text)


def test_more_than_can_be_looked_through_are_refused(grid):
    text = TEMPLATE.replace("batch_size = [32, 64]", "batch_size = { min=1, max=9000 }")
    with pytest.raises(RequestError, match="the grid has 36,000 combinations"):
        grid(text)


def test_a_network_that_cannot_be_built_is_a_cell_that_fails(grid):
    found = grid(TEMPLATE.replace('"flatten"', '"max_pool 32", "flatten"'))
    assert len(found) == 8


def test_a_grid_is_queued_once_however_often_it_is_begun(make_search):
    search = make_search(
        {"batch_size": [16, 32], "optimizer": ["sgd", "adam"]}, sampler="grid"
    )
    from autocnn.search.study import enqueue_start

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for _ in range(2):
        enqueue_start(search.study, search.config)
        assert len(search.study.trials) == 4
