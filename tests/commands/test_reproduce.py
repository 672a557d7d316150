"""autocnn reproduce: a real trial trained again, bit by bit."""

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import optuna
import pytest

from autocnn.storage import open_storage, storage_url
from autocnn.store.environment import environments
from autocnn.store.final import FINAL

WORDS = ("--space", "small.toml", "--epochs", 3, "--jobs", 1)


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    """Other work may need the cores, and threads would wait for each other."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def edit(statement):
    with sqlite3.connect("studies/autocnn.db") as database:
        database.execute(statement)


def test_a_trial_is_trained_again_bit_by_bit(run, here, image_folder):
    assert run("search", image_folder, "--trials", 2, *WORDS).code == 0
    ran = run("reproduce", "best", "--format", "json")
    assert ran.code == 0, ran.err
    assert "bit-identical on this device: 3 epochs, and its weights" in ran.err
    rows = json.loads(ran.out)
    best = json.loads(run("leaderboard", "--format", "json").out)[0]
    assert max(row["again"] for row in rows) == best["val_accuracy"]
    assert [row["difference"] for row in rows] == [0, 0, 0]

    storage = open_storage(storage_url("studies/autocnn.db"))
    attributes = optuna.load_study(study_name="stripes", storage=storage).user_attrs
    (told,) = environments(attributes)
    assert (told.kind, told.jobs, told.threads) == ("cpu", 1, 1)
    assert told.words[:2] == ("autocnn", "search")

    ran = run("reproduce", "final")
    assert ran.code == 4
    assert "study 'stripes' has no final training" in ran.err
    shutil.rmtree("studies/stripes/networks")
    assert "same val accuracy on this device" in run("reproduce", "0").err
    edit(
        "UPDATE trial_intermediate_values SET intermediate_value = 0.35 WHERE step = 2"
    )
    ran = run("reproduce", "0")
    assert ran.code == 1
    assert "not reproduced, on the same device" in ran.err
    assert "(epoch 2)" in ran.err
    assert "35.0%" in ran.out
    edit("DELETE FROM study_user_attributes WHERE key = 'autocnn:environment'")
    assert "what it was trained on is not known" in run("reproduce", "0").err


def test_the_final_training_is_done_again_bit_by_bit(run, here, image_folder):
    words = ("--trials", 1, "--final", "--confirm", 0, *WORDS)
    assert run("search", image_folder, *words).code == 0
    ran = run("reproduce", "final", "--format", "json")
    assert ran.code == 0, ran.err
    rows = json.loads(ran.out)
    assert [row["difference"] for row in rows] == [0] * 9
    assert "final training epoch 9/9" in ran.err
    assert (
        "recipe in study stripes: reproduced, bit-identical on this device" in ran.err
    )
    assert "9 epochs, and its weights" in ran.err
    again = run("reproduce", "best")
    assert (
        "of its final training, which is another: autocnn reproduce final" in again.err
    )

    study = optuna.load_study(
        study_name="stripes", storage=open_storage(storage_url("studies/autocnn.db"))
    )
    told = study.user_attrs[FINAL]
    study.set_user_attr(FINAL, told | {"replanned": [[2, 6]], "threads": None})
    ran = run("reproduce", "final")  # another schedule until then: other numbers
    assert "final training epoch 2/6" in ran.err
    assert "final training epoch 9/9" in ran.err
    assert "planned anew after 2; how many threads it had is not told" in ran.err
    study.set_user_attr(FINAL, told | {"on_val": True})
    refused = run("reproduce", "final")
    assert (refused.code, "no accuracy to compare with" in refused.err) == (4, True)


def test_other_data_and_trials_without_an_epoch_are_refused(run, here, monkeypatch):
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 255, (60, 8, 8)), np.arange(60) % 2
    np.savez("mine.npz", images=images.astype(np.uint8), labels=labels)
    assert run("search", "mine.npz", "--trials", 1, *WORDS).code == 0
    monkeypatch.setenv("AUTOCNN_CACHE", str(here / "cache"))
    assert run("reproduce", "0").code == 0  # prepared again, and the same
    shutil.rmtree("cache")
    np.savez("mine.npz", images=images.astype(np.uint8)[::-1], labels=labels)
    ran = run("reproduce", "0")
    assert ran.code == 5
    assert f"the images of {Path('mine.npz').resolve()} are not those" in ran.err
    edit("DELETE FROM trial_intermediate_values")
    ran = run("reproduce", "0")
    assert ran.code == 4
    assert "trial 0 of study 'mine' has no epoch to compare with" in ran.err
    assert run("reproduce", "9").code == 2


def test_folds_are_compared_fold_by_fold(run, here, image_folder):
    words = ("--trials", 1, "--folds", 2, "--study", "folded", *WORDS)
    assert run("search", image_folder, *words).code == 0
    ran = run("reproduce", "0", "--study", "folded", "--format", "json")
    assert ran.code == 0, ran.err
    assert [row["fold"] for row in json.loads(ran.out)] == [1, 2]
    assert "bit-identical on this device: 2 folds" in ran.err
