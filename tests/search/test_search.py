"""Whole searches with real workers: totals, kept weights, interruptions, kills."""

import json
import os
import shutil
import signal

import pytest
import torch

from autocnn import device as devices
from autocnn import recipe as recipes
from autocnn.data.batches import batches_of
from autocnn.data.cache import open_search_images
from autocnn.data.splits import search_splits
from autocnn.engines.local import LocalEngine
from autocnn.events import EpochEnded, Notice, TrialStarted
from autocnn.nets.net import build
from autocnn.search import kept
from autocnn.search import space as spaces
from autocnn.search.best import ANSWERS, read_card
from autocnn.train import answers
from autocnn.train.loop import score
from autocnn.train.weights import load_weights

CPU = torch.device("cpu")
# About one recipe; the same twice would not be trained twice.
ALIKE = {"learning_rate": {"min": 0.019, "max": 0.021}, "batch_size": 32}
ALIKE |= {"optimizer": "sgd"}


@pytest.fixture
def engine():
    engine = LocalEngine(CPU, jobs=2)
    yield engine
    engine.close()


@pytest.fixture
def one_worker(monkeypatch):
    # Two threads for so small a network cost more than they give.
    monkeypatch.setattr(devices, "cores", lambda: 1)
    engine = LocalEngine(CPU, jobs=1)
    yield engine
    engine.close()


def rescored(search, fold: int = 0) -> float:
    """Measure the kept network on the validation images again."""
    best = search.folder / "best"
    recipe = recipes.read(best / "recipe.toml")
    net = devices.place(build(recipe, recipe.shape, seed=99), CPU)
    load_weights(best / "model.safetensors", net, CPU)
    images, groups = open_search_images(search.data.folder)
    splits = search_splits(images.labels, groups, seed=0, folds=search.config.folds)
    val = splits[fold - 1 if fold else 0].val
    return score(net, batches_of(images, val, search.data.info, CPU))[1]


def card(search) -> dict:
    return json.loads((search.folder / "best" / "card.json").read_text())


def test_a_search_finds_a_network_and_keeps_it(make_search, engine):
    search = make_search()
    assert search.run(engine, trials=6) == "complete"
    assert [row.status for row in search.rows()] == ["complete"] * 6
    best = search.read().best()
    assert best.val_accuracy > 0.8
    kept = card(search)
    assert (kept["trial"], kept["val_accuracy"]) == (best.trial, best.val_accuracy)
    assert kept["epoch"] == 1 + best.curve.index(best.val_accuracy)
    assert rescored(search) == kept["val_accuracy"]
    assert search.leftovers() == []


def test_the_best_finished_networks_are_kept_with_their_answers(
    make_search, one_worker, monkeypatch
):
    monkeypatch.setattr(kept, "MOST_NETWORKS", 3)
    search = make_search()
    search.run(one_worker, trials=5)
    ranked = search.read().ranked()
    networks = search.folder / "networks"
    assert {each.name for each in networks.iterdir()} == {
        str(row.trial) for row in ranked[:3]
    }
    for row in ranked[:3]:
        found = answers.load(networks / str(row.trial) / ANSWERS)
        scores = found.right.float().mean(dim=1).tolist()
        assert scores == pytest.approx(list(row.curve))
    leader = networks / str(ranked[0].trial)
    for name in ("model.safetensors", "recipe.toml"):
        kept_best = (search.folder / "best" / name).read_bytes()
        assert (leader / name).read_bytes() == kept_best
    cards = [read_card(folder) for folder in (search.folder / "best", leader)]
    for card in cards:
        del card["sha256"][ANSWERS]  # of later epochs there are more
    assert cards[0] == cards[1]


def test_networks_of_a_study_that_was_deleted_are_not_taken_for_its_own(
    make_search, one_worker
):
    search = make_search()
    search.run(one_worker, trials=2)
    stale = search.folder / "networks" / "7"
    shutil.copytree(search.folder / "networks" / "0", stale)
    of_another = json.loads((stale / "card.json").read_text()) | {"trial": 7}
    (stale / "card.json").write_text(json.dumps(of_another))
    search.run(one_worker, trials=3)
    assert not stale.exists()
    assert (search.folder / "networks" / "0").exists()


def test_the_default_space_is_searched(make_search, engine, tiny_shape):
    space = spaces.default_space(tiny_shape, accelerated=False)
    search = make_search(space=space, sampler="tpe", pruner="asha", epochs=2)
    assert search.run(engine, trials=4) == "complete"
    assert {row.status for row in search.rows()} <= {"complete", "pruned"}
    assert rescored(search) == card(search)["val_accuracy"]


def test_pruning_with_one_worker_ends_trials_but_not_the_search(
    make_search, one_worker
):
    search = make_search(pruner="asha", epochs=9)
    assert search.run(one_worker, trials=8) == "complete"
    rows = search.rows()
    assert len(rows) == 8
    pruned = [row for row in rows if row.status == "pruned"]
    assert pruned
    for row in pruned:
        assert row.reason.endswith((" at epoch 1", " at epoch 3"))
        assert row.epochs in (1, 3)


def test_a_seed_decides_a_search_with_one_worker(make_search, one_worker):
    found = []
    for seed in (1, 1, 2):
        search = make_search(seed=seed)
        search.run(one_worker, trials=3)
        found.append([(row.params, row.curve) for row in search.rows()])
        search.forget()
    assert found[0] == found[1] != found[2]


def test_a_search_goes_on_to_a_larger_total(make_search, engine):
    search = make_search()
    search.run(engine, trials=2)
    before = search.rows()
    search.run(engine, trials=5)
    assert search.rows()[:2] == before
    assert len(search.rows()) == 5


def interrupt_after(search, engine, epochs: int, **run):
    """Stop a search once so many epochs were heard of."""
    return search.run(
        engine, stopping=lambda: len(search.told(EpochEnded)) >= epochs, **run
    )


def test_what_was_interrupted_ends_as_what_was_not(make_search, engine):
    unbroken = make_search(ALIKE, epochs=100)
    unbroken.run(engine, trials=2)
    expected = [(row.trial, row.curve) for row in unbroken.rows()]
    unbroken.forget()

    search = make_search(ALIKE, epochs=100)
    assert interrupt_after(search, engine, 3, trials=2) == "interrupted"
    rows = search.rows()
    assert [row.status for row in rows] == ["interrupted"] * 2
    assert {row.state for row in rows} == {"running"}
    assert search.run(engine, trials=2) == "complete"
    assert [(row.trial, row.curve) for row in search.rows()] == expected
    resumed = search.told(TrialStarted)[2:]
    assert [each.trial for each in resumed] == [0, 1]
    assert any(each.epochs_done for each in resumed)


def test_a_killed_workers_trial_goes_on_and_the_total_is_kept(make_search, engine):
    unbroken = make_search(ALIKE, epochs=40)
    unbroken.run(engine, trials=2)
    expected = [(row.trial, row.status, row.curve) for row in unbroken.rows()]
    unbroken.forget()

    search = make_search(ALIKE, epochs=40)
    killed = []

    def kill_once(event):
        if isinstance(event, EpochEnded) and not killed:
            (worker,) = [w for w in engine._workers if w.trial == event.trial]
            os.kill(worker.process.pid, signal.SIGKILL)
            killed.append(event.trial)

    assert search.run(engine, trials=2, emit=kill_once) == "complete"
    (notice,) = search.told(Notice)
    assert f"trial {killed[0]} goes on from its checkpoint" in notice.text
    assert [(row.trial, row.status, row.curve) for row in search.rows()] == expected


def test_folds_are_cross_validated(make_search, engine):
    search = make_search(ALIKE, folds=3, epochs=3)
    search.run(engine, trials=2)
    for row in search.rows():
        assert len(row.curve) == row.epochs == 3
        assert row.val_accuracy == pytest.approx(sum(row.curve) / 3)
    kept = card(search)
    best = search.read().best()
    assert kept["val_accuracy"] == best.val_accuracy
    assert rescored(search, kept["fold"]) == max(best.curve)
    said = answers.load(search.folder / "best" / ANSWERS)
    assert said.right.shape == (1, 153)
    assert said.right.float().mean().item() == pytest.approx(
        best.val_accuracy, abs=0.01
    )


def test_the_wilcoxon_pruner_judges_folds(make_search, engine):
    search = make_search(folds=4, epochs=1, pruner="wilcoxon")
    assert search.run(engine, trials=4) == "complete"
    assert {row.status for row in search.rows()} <= {"complete", "pruned"}
    assert len(search.rows()) == 4


def test_every_cell_of_a_grid_is_trained_once(make_search, engine):
    grid = {"batch_size": [16, 32], "optimizer": ["sgd", "adam"]}
    search = make_search(grid, sampler="grid", epochs=1)
    assert interrupt_after(search, engine, 2, trials=50) == "interrupted"
    assert search.run(engine, trials=50) == "complete"
    rows = search.rows()
    assert [row.status for row in rows] == ["complete"] * 4
    cells = {(row.params["batch_size"], row.params["optimizer"]) for row in rows}
    assert cells == {(b, o) for b in (16, 32) for o in ("sgd", "adam")}


def test_three_lost_losses_stop_the_search(make_search, engine):
    layers = ["conv 8", "relu", "flatten", "dense 8", "relu"]
    rates = [1e30, 2e30, 3e30, 4e30, 5e30]
    search = make_search({"learning_rate": rates, "batch_size": [16, 32]}, layers)
    assert search.run(engine, trials=20) == "failed"
    rows = search.rows()
    assert 3 <= len(rows) <= 5
    failed = [row for row in rows if row.status == "failed"]
    # What runs beside the third that fails goes on another time, or fails as well.
    assert 3 <= len(failed) <= 4
    assert all(row.reason.startswith("diverged: ") for row in failed)
    assert not (search.folder / "best").exists()


def test_a_search_may_find_its_data_gone(make_search, engine, tmp_path):
    search = make_search()
    gone = type(search.data)(tmp_path / "gone", search.data.info, None)
    whole, search.data = search.data, gone
    assert search.run(engine, trials=2) == "interrupted"
    said = [each.text for each in search.told(Notice)]
    assert any(f"the decoded images in {gone.folder} cannot be read" in t for t in said)
    assert {row.status for row in search.rows()} == {"interrupted"}
    search.data = whole
    assert search.run(engine, trials=2) == "complete"
    assert {row.status for row in search.rows()} <= {"complete", "pruned"}


def test_a_promoted_trial_learns_exactly_as_if_it_had_never_paused(
    make_search, one_worker
):
    rates = [1e-6, 0.02, 2e-6, 3e-6]  # the first trial never pauses
    drawn = {"learning_rate": rates, "batch_size": 32, "optimizer": "sgd"}
    paused = make_search(drawn, epochs=9, pruner="asha")
    assert paused.run(one_worker, trials=4) == "complete"
    (promoted,) = [row for row in paused.rows() if row.promotions]
    assert (promoted.status, promoted.params["learning_rate"]) == ("complete", 0.02)
    paused.forget()
    unbroken = make_search(drawn, epochs=9)
    assert unbroken.run(one_worker, trials=4) == "complete"
    assert unbroken.rows()[promoted.trial].curve == promoted.curve
