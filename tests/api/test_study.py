"""A study in a program's hands, and the networks it gives."""

import numpy as np
import pytest
from PIL import Image

import autocnn
from autocnn.errors import DataError, NoResultError, RequestError


def test_a_study_is_opened_again_and_shows_itself(study, home, monkeypatch):
    again = autocnn.load_study(study.name, studies=home)
    assert again.rows == study.rows
    monkeypatch.setenv("AUTOCNN_STUDIES", str(home))
    assert autocnn.load_study(study.name).folder == study.folder
    best = study.best
    shown = (
        f"{study.name}: 2 complete; best: trial {best.trial}, {best.val_accuracy:.1%}"
    )
    assert repr(again) == f"<Study {shown}>"
    page = again._repr_html_()
    assert page.count("<tr>") == 3
    assert f"<td>{best.trial}</td>" in page
    assert [trial.number for trial in again.optuna.trials] == [0, 1]
    with pytest.raises(RequestError, match="no study called 'other'"):
        autocnn.load_study("other", studies=home)
    with pytest.raises(NoResultError, match="no studies in"):
        autocnn.load_study(studies=home / "nowhere")


def test_its_sealed_test_set_is_opened_once(study, arrays):
    told = study.evaluate()
    assert told["set"] == "sealed test set"
    assert 0 <= told["interval"][0] <= told["accuracy"] <= told["interval"][1] <= 1
    assert study.evaluate() == told
    assert study.card["test_accuracy"] == told["accuracy"]


def test_the_leaderboard_is_a_data_frame(study):
    frame = study.leaderboard()
    assert list(frame["trial"]) == [row["trial"] for row in study.rows]
    assert list(frame["val_accuracy"]) == sorted(frame["val_accuracy"], reverse=True)
    assert set(frame["params.width"]) <= {8, 16}


def test_without_pandas_it_says_so(study, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(RequestError, match="pandas is not installed") as caught:
        study.leaderboard()
    assert "study.rows" in caught.value.hint


def test_every_finished_trial_has_its_network(study, arrays):
    worst = study.rows[-1]
    network = study.network(worst["trial"])
    assert network.card["trial"] == worst["trial"]
    assert study.network("best-2").card == network.card
    assert network.classes == [0, 1, 2]
    with pytest.raises(RequestError, match="no trial '99'"):
        study.network(99)


def test_a_kept_network_is_loaded_by_its_folder(study, arrays):
    images, _ = arrays
    network = autocnn.load(study.folder / "best", device="cpu")
    assert network.classes == ["0", "1", "2"]  # as their folders would be named
    assert list(network.predict(images).astype(int)) == list(study.predict(images))
    assert "conv" in network.recipe
    logits = network.module(__import__("torch").from_numpy(images[:4, ..., None]))
    assert logits.shape == (4, 3)


def test_images_are_files_pictures_or_arrays_of_any_kind(study, arrays, tmp_path):
    images = arrays[0][:4]
    network = study.network()
    shares = network.predict_proba(images)
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    pictures = [Image.fromarray(image) for image in images]
    for picture, path in zip(pictures, paths, strict=True):
        picture.save(path)
    for same in (paths, pictures, images[..., None], images / 255, list(images)):
        np.testing.assert_allclose(network.predict_proba(same), shares, atol=1e-6)
    assert network.predict(str(paths[0]))[0] == network.predict(images)[0]
    assert network.predict_proba(images.repeat(2, 1).repeat(2, 2)).shape == (4, 3)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"broken\.png"):
        network.predict([paths[0], tmp_path / "broken.png"])


def test_a_report_is_written(study, tmp_path):
    study.report(tmp_path / "found.md")
    assert study.name in (tmp_path / "found.md").read_text()


def test_a_network_is_exported(study, arrays, tmp_path):
    card = study.export("safetensors", tmp_path / "out", trial="best-2")
    assert card["trial"] == study.rows[1]["trial"]
    again = autocnn.load(tmp_path / "out")
    images, _ = arrays
    np.testing.assert_array_equal(
        again.predict_proba(images), study.network("best-2").predict_proba(images)
    )
    with pytest.raises(RequestError, match="no format called 'onyx'"):
        study.export("onyx", tmp_path / "other")
