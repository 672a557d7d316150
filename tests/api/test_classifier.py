"""The estimator, by scikit-learn's own checks and as its tools use it."""

import multiprocessing.util
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from autocnn import AutoCNNClassifier

SPACE = {
    "stages": 1,
    "convs_per_stage": 1,
    "width": 16,
    "kernel": 3,
    "block": "plain",
    "norm": "batch_norm",
    "optimizer": "adamw",
    "batch_size": 16,
    "augmentation": "none",
}


def small(**options):
    settings = {"trials": 1, "epochs": 8, "space": SPACE, "jobs": 1}
    return AutoCNNClassifier(**{**settings, "random_state": 0, **options})


@parametrize_with_checks([small()])
def test_all_of_scikit_learns_checks_are_passed(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted(arrays):
    return small().fit(*arrays)


def test_images_and_what_else_is_the_same_are_labeled_alike(fitted, arrays):
    images, labels = arrays
    assert fitted.image_shape_ == (8, 8, 1)
    shares = fitted.predict_proba(images)
    assert shares.shape == (180, 3)
    assert fitted.score(images, labels) > 0.5
    for same in (images[..., None], images.astype(np.int64), images.astype(float)):
        np.testing.assert_array_equal(fitted.predict_proba(same), shares)
    with pytest.raises(ValueError, match="expecting"):
        fitted.predict(images[:, :, :6])


def test_fractions_and_bytes_are_not_taken_for_each_other(fitted, arrays):
    images, labels = arrays
    with pytest.raises(ValueError, match=r"X has fractions from 0\.\d+ to 0\.\d+, but"):
        fitted.predict(images / 255)
    assert len(fitted.predict(np.zeros((2, 8, 8)))) == 2  # black is black
    of_fractions = small(epochs=1).fit(images / 255, labels)
    assert len(of_fractions.predict(images[:9] / np.float32(200))) == 9
    for whole in (images, images.astype(float)):
        with pytest.raises(ValueError, match="fitted with fractions from 0"):
            of_fractions.predict(whole)


def test_a_fitted_one_is_kept_by_joblib_without_its_network(fitted, arrays, tmp_path):
    images, _ = arrays
    joblib.dump(fitted, tmp_path / "kept")
    again = joblib.load(tmp_path / "kept")
    np.testing.assert_array_equal(
        again.predict_proba(images), fitted.predict_proba(images)
    )
    assert b"torch" not in pickle.dumps(fitted)
    assert fitted.files_["model.safetensors"][8:9] == b"{"
    assert not hasattr(clone(fitted), "files_")


def test_nothing_is_left_but_in_a_folder_that_was_named(arrays, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    multiprocessing.util.get_temp_dir()  # made once, where the first worker starts
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    small(epochs=1).fit(*arrays)
    assert list(tmp_path.iterdir()) == []
    found = small(epochs=1, studies="kept").fit(*arrays)
    assert (tmp_path / "kept" / "autocnn.db").exists()
    assert found.leaderboard_[0]["trial"] == found.card_["trial"] == 0


def test_it_is_tuned_and_validated_as_others_are(arrays):
    images, labels = arrays
    names = np.array(["rows", "columns", "checks"])[labels]
    search = GridSearchCV(small(epochs=2), {"image_size": [6]}, cv=2, n_jobs=1)
    search.fit(images, names)
    assert search.best_estimator_.card_["preprocessing"]["height"] == 6
    assert list(search.classes_) == ["checks", "columns", "rows"]
    brighter = FunctionTransformer(np.log1p)
    scores = cross_val_score(
        make_pipeline(brighter, small(epochs=2)), images, labels, cv=2
    )
    assert scores.shape == (2,)


def test_flat_rows_of_colors_are_folded_as_told(arrays):
    images, labels = arrays
    colors = images.repeat(3).reshape(180, -1)
    assert small(epochs=1).fit(colors, labels).image_shape_ == (8, 8, 3)
    tall = small(epochs=1, image_shape=(16, 4, 3)).fit(colors, labels)
    assert tall.image_shape_ == (16, 4, 3)
    with pytest.raises(ValueError, match="X has 192 features, and images of"):
        small(image_shape=(8, 8)).fit(colors, labels)


def test_what_a_search_refuses_is_a_value_error(arrays):
    with pytest.raises(ValueError, match=r"no sampler called 'tpee'\n.*mean 'tpe'"):
        small(sampler="tpee").fit(*arrays)
