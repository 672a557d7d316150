"""A study's kept networks are found by trial, or the way to one is told."""

import json

import pytest

from autocnn.deliver.networks import find
from autocnn.errors import NoResultError


@pytest.fixture
def study(tmp_path):
    """A study's folder whose best network is that of trial 4."""

    def keep(place, trial):
        (tmp_path / "birds" / place).mkdir(parents=True)
        card = json.dumps({"trial": trial})
        (tmp_path / "birds" / place / "card.json").write_text(card)

    keep("best", 4)
    keep("networks/7", 7)
    return tmp_path / "birds"


def test_the_best_is_the_default(study):
    assert find(study) == study / "best"


def test_a_trials_network_is_found_where_it_was_kept(study):
    assert find(study, 4) == study / "best"
    assert find(study, 7) == study / "networks" / "7"


@pytest.mark.parametrize("card", [None, "", "[]", "{}", '{"trial": null}'])
def test_a_network_that_was_not_kept_can_be_trained(study, card):
    if card is not None:
        (study / "best" / "card.json").write_text(card)
    with pytest.raises(NoResultError, match="trial 5 was not kept") as caught:
        find(study, 5)
    assert "autocnn train 5 --study birds" in caught.value.hint
    assert f"--model {study.parent / 'trained' / 'birds-5'}" in caught.value.hint
