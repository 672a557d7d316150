"""The sealed test set: what is found there is true, noted, and told again."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from autocnn.data.batches import batches_of
from autocnn.data.cache import open_test_images
from autocnn.deliver.predict import load
from autocnn.deliver.seal import open_seal, opened, read, record, weights_hash
from autocnn.deliver.single import Request, train
from autocnn.deliver.verdict import pronounce
from autocnn.engines.local import LocalEngine
from autocnn.events import Notice, Verdict, ignore
from autocnn.search import best
from autocnn.search.study import stored_config
from autocnn.search.trials import Plan
from autocnn.store.rows import snapshot
from autocnn.train.loop import score
from autocnn.train.weights import save_weights

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, make_recipe, tiny_shape, tiny_data) -> Path:
    """A study's folder with a network in best/."""
    folder = tmp_path_factory.mktemp("sealed")
    engine = LocalEngine(CPU, 1)
    request = Request(
        recipe=make_recipe(), shape=tiny_shape, data=tiny_data, seed=0,
        folder=folder / "best",
    )  # fmt: skip
    try:
        train(request, engine, ignore, stopping=lambda: False)
    finally:
        engine.close()
    return folder


@pytest.fixture
def folder(trained, tmp_path) -> Path:
    shutil.copytree(trained / "best", tmp_path / "tiny" / "best")
    return tmp_path / "tiny"


@pytest.fixture
def study(make_curves):
    return make_curves(2)


@pytest.fixture
def say(study, folder, tiny_data):
    """Let the search have its last word; give the events."""

    def pronounced(*, open_test: bool) -> list:
        config = stored_config(study._storage, "tiny")
        plan = Plan(
            config=config, info=tiny_data.info, data=tiny_data.folder, folder=folder,
            trials=2,
        )  # fmt: skip
        heard = []
        pronounce(study, plan, tiny_data, CPU, heard.append, open_test=open_test)
        return heard

    return pronounced


def test_the_score_is_that_of_the_kept_network_on_the_test_images(
    study, folder, tiny_data
):
    opening, found = open_seal(study, folder / "best", folder, tiny_data, CPU)
    images = open_test_images(tiny_data.folder)
    everything = np.arange(len(images))
    batches = batches_of(images, everything, tiny_data.info, CPU)
    network = load(folder / "best", CPU)
    assert opening.accuracy == pytest.approx(score(network.net, batches)[1])
    assert opening.images == len(images)
    low, high = opening.interval
    assert low <= opening.accuracy <= high
    assert found.accuracy == opening.accuracy
    assert read(record(folder)) == found


def test_an_opening_stands_in_the_study_and_in_the_card(study, folder, tiny_data):
    assert opened(study, folder / "best") is None
    opening, _ = open_seal(study, folder / "best", folder, tiny_data, CPU)
    assert snapshot(study).openings == (opening,)
    assert opened(study, folder / "best") == opening
    card = json.loads((folder / "best" / "card.json").read_text())
    assert card["test_accuracy"] == opening.accuracy
    assert card["val_accuracy"] > 0.5


def test_the_test_set_stays_shut_unless_it_is_to_be_opened(say, study, folder):
    (verdict,) = say(open_test=False)
    assert verdict.test_accuracy is None
    assert verdict.corrected <= verdict.val_accuracy
    assert snapshot(study).openings == ()
    assert snapshot(study).estimate.corrected == verdict.corrected
    card = json.loads((folder / "best" / "card.json").read_text())
    assert card["val_accuracy_corrected"] == verdict.corrected
    assert "test_accuracy" not in card


def test_the_same_network_is_told_the_same_again(say, study):
    (first,) = say(open_test=True)
    (again,) = say(open_test=True)
    assert again == first
    assert first.test_accuracy is not None
    assert len(snapshot(study).openings) == 1


def test_for_another_network_it_stays_shut(say, study, folder, make_recipe):
    say(open_test=True)
    # As after more trials: other weights, and a card that knows of no test.
    network = load(folder / "best", CPU)
    changed = {k: v + 0.001 for k, v in network.net.state_dict().items()}
    network.net.load_state_dict(changed)
    before = weights_hash(folder / "best")
    save_weights(folder / "best" / "model.safetensors", network.net)
    assert weights_hash(folder / "best") != before
    notice, verdict = say(open_test=True)
    assert isinstance(notice, Notice)
    assert "opened before" in notice.text
    assert isinstance(verdict, Verdict)
    assert verdict.test_accuracy is None
    assert len(snapshot(study).openings) == 1


def test_a_card_is_added_to_whole_or_not_at_all(folder):
    before = json.loads((folder / "best" / "card.json").read_text())
    best.annotate(folder / "best", test_accuracy=0.5)
    after = json.loads((folder / "best" / "card.json").read_text())
    assert after == before | {"test_accuracy": 0.5}


def test_a_study_without_a_network_has_no_verdict(say, folder):
    shutil.rmtree(folder / "best")
    assert say(open_test=True) == []


def test_a_network_of_no_study_has_its_record_beside_it(folder, tiny_data):
    opening, found = open_seal(None, folder / "best", folder / "best", tiny_data, CPU)
    assert read(record(folder / "best")) == found
    card = json.loads((folder / "best" / "card.json").read_text())
    assert card["test_accuracy"] == opening.accuracy


def test_a_second_opening_does_not_hide_the_first(study, folder, tiny_data):
    first, _ = open_seal(study, folder / "best", folder, tiny_data, CPU)
    second, _ = open_seal(study, folder / "best", folder, tiny_data, CPU)
    assert snapshot(study).openings == (first, second)
    assert read(record(folder)) == read(record(folder, 2))


def test_a_lost_record_is_no_record(tmp_path):
    assert read(record(tmp_path)) is None
    record(tmp_path).write_text("{}")
    assert read(record(tmp_path)) is None
