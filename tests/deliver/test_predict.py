"""A kept network is what was written, or it is not used."""

import json
import shutil

import pytest
import torch

from autocnn.deliver.predict import load
from autocnn.errors import NoResultError
from autocnn.search import best

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def original(keep):
    return keep()


@pytest.fixture
def kept(original, tmp_path):
    return shutil.copytree(original, tmp_path / "best")


def change_card(folder, **changes) -> None:
    file = folder / "card.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_flipped_bit_in_the_weights_is_found(kept):
    file = kept / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1  # a weight's
    file.write_bytes(content)
    with pytest.raises(NoResultError, match=f"{file} is damaged") as caught:
        load(kept, CPU)
    assert "SHA-256" in caught.value.problem
    assert "autocnn train" in caught.value.hint


@pytest.mark.parametrize("text", ['{"a', "[]", "{}", '{"classes": 3}', "\xff"])
def test_a_card_that_is_none_is_found(kept, text):
    (kept / "card.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(NoResultError, match=f"the network in {kept} is damaged"):
        load(kept, CPU)


def test_a_file_that_is_missing_is_named(kept):
    (kept / "model.safetensors").unlink()
    with pytest.raises(NoResultError, match=r"no trained network \(model.safetensors"):
        load(kept, CPU)


def test_another_recipe_than_was_written_is_found(kept):
    text = (kept / "recipe.toml").read_text()
    (kept / "recipe.toml").write_text(text.replace("0.02", "0.03"))
    with pytest.raises(NoResultError, match=r"recipe\.toml is damaged"):
        load(kept, CPU)


def test_the_card_of_an_earlier_version_says_nothing_of_that(kept, original):
    change_card(kept, sha256={})
    old, new = load(kept, CPU), load(original, CPU)
    assert old.card == new.card
    for one, other in zip(old.net.parameters(), new.net.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_a_copy_lacks_is_not_missed(kept):
    change_card(kept, sha256=best.read_card(kept)["sha256"] | {best.ANSWERS: "0"})
    load(kept, CPU)


def test_what_is_added_to_the_card_leaves_the_rest_as_it_is(kept):
    best.annotate(kept, test_accuracy=0.5)
    assert load(kept, CPU).card["test_accuracy"] == 0.5
