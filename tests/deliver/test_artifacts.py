"""A study's networks at a location: sent as they are kept, fetched where they lack."""

import errno
import io
import shutil
import uuid
import zipfile

import pytest
import torch

from autocnn import durable
from autocnn import recipe as recipes
from autocnn.deliver.artifacts import ARTIFACTS, Sender, fetch, told
from autocnn.deliver.predict import load
from autocnn.errors import RequestError, UnavailableError
from autocnn.events import Notice
from autocnn.locations import Location
from autocnn.search import best

NETWORKS = ("best", "networks-4")
CPU = torch.device("cpu")
CARD = {"val_accuracy": 0.5, "trial": 4}


@pytest.fixture(params=["path", "memory"])
def location(request, tmp_path):
    shared = str(tmp_path / "shared")
    return Location(shared if request.param == "path" else f"memory://{uuid.uuid4()}")


@pytest.fixture
def study(make_curves):
    return make_curves(1)


@pytest.fixture
def home(tmp_path, keep):
    """The study's folder where it is searched."""
    folder = tmp_path / "searched" / "tiny"
    shutil.copytree(keep(), folder / "best")
    shutil.copytree(keep(), folder / "networks" / "4")
    durable.write(folder / "test.json", b"{}")
    durable.write(folder / "checkpoints" / "4" / "card.json", b"{}")
    return folder


@pytest.fixture
def away(tmp_path):
    """The same on another machine."""
    return tmp_path / "away" / "tiny"


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("[!.]*")
        if path.is_file() and "checkpoints" not in path.parts
    }


def change(folder, text, tmp_path):
    """Keep another network."""
    weights = tmp_path / "weights"
    weights.write_text(text)
    recipe = recipes.read(folder / "recipe.toml")
    best.keep(folder, weights, recipe, CARD)


def test_what_is_kept_is_fetched_once(study, home, away, location, said):
    Sender(study, home, location, said.append)
    fetch(study, away, said.append)
    there = location.url + "/tiny"
    assert said == [f"2 networks fetched from {there}"]
    assert files(away) == files(home)
    assert load(away / "best", CPU).card["trial"] == 4
    fetch(study, away, said.append)
    assert len(said) == 1


def test_only_what_is_asked_for_is_fetched(study, home, away, location, said):
    Sender(study, home, location, said.append)
    fetch(study, away, said.append, ["networks/4"])
    assert {name.split("/")[0] for name in files(away)} == {"networks", "test.json"}


def test_whatever_is_told_what_was_kept_is_sent(
    study, home, away, location, said, tmp_path
):
    heard = []
    emit = Sender(study, home, location, said.append).after(heard.append)
    fetch(study, away, said.append)
    change(home / "best", "better", tmp_path)
    shutil.rmtree(home / "networks" / "4")
    emit(Notice(text="an epoch"))
    assert heard == [Notice(text="an epoch")]
    assert (location / "tiny").names() == ["best.zip", "owner", "test.json.zip"]
    fetch(study, away, said.append)
    assert (away / "best" / "model.safetensors").read_text() == "better"
    before = (location / "tiny").read("best.zip")
    best.annotate(home / "best", test_accuracy=0.5)
    emit(Notice(text="the end"))
    assert (location / "tiny").read("best.zip") != before


def test_nothing_is_fetched_to_where_it_is_searched(study, home, location, said):
    Sender(study, home, location, said.append)
    shutil.rmtree(home / "best")
    fetch(study, home, said.append)
    assert said == []
    assert not (home / "best").exists()


def test_a_search_that_goes_on_elsewhere_has_what_was_kept(
    study, home, away, location, said, tmp_path
):
    Sender(study, home, location, said.append)
    before = told(study)
    Sender(study, away, location, said.append)
    assert files(away) == files(home)
    assert told(study).owner == before.owner
    change(away / "best", "better", tmp_path)
    Sender(study, away, location, said.append)
    fetch(study, home, said.append)
    assert (home / "best" / "model.safetensors").read_text() == "better"


def test_what_is_another_studys_is_left_alone(study, home, location, said):
    (location / "tiny").write("owner", b"another")
    with pytest.raises(RequestError, match="holds the files of another study"):
        Sender(study, home, location, said.append)
    assert (location / "tiny").names() == ["owner"]
    assert told(study) is None


def test_what_cannot_be_fetched_is_said(study, home, away, location, said):
    Sender(study, home, location, said.append)
    (location / "tiny").write("best.zip", b"no archive")
    fetch(study, away, said.append, ["best"])
    there = f"{location.url}/tiny"
    assert said.pop(0) == f"{there}/best.zip is damaged, and not used"
    assert set(files(away)) == {"test.json"}
    (location / "tiny").clear()
    fetch(study, away, said.append)
    assert said == [f"{there}/{name}.zip is not there" for name in NETWORKS]


def test_where_it_cannot_be_reached_that_is_said_and_waited_for_by_a_search(
    study, home, away, location, said, monkeypatch, pauses
):
    def unreachable(*_: object) -> None:
        raise OSError(errno.EIO, "no answer", location.url)

    Sender(study, home, location, said.append)
    with monkeypatch.context() as patch:
        patch.setattr(Location, "read", unreachable)
        fetch(study, away, said.append)
        text = "the study's networks cannot be fetched from where it keeps them"
        assert said == [f"{text}: no answer"]
        with pytest.raises(UnavailableError, match="no answer"):
            Sender(study, away, location, said.append)
    assert "best.zip" in (location / "tiny").names()


def test_no_name_leads_out_of_the_folder(study, home, away, location, said):
    Sender(study, home, location, said.append)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../outside", b"")
        archive.writestr("card.json", b"{}")
    (location / "tiny").write("best.zip", packed.getvalue())
    kept = {"best": "other", "../outside": "other", "networks/../../4": "other"}
    study.set_user_attr(ARTIFACTS, study.user_attrs[ARTIFACTS] | {"kept": kept})
    fetch(study, away, said.append)
    assert set(files(away.parent)) == {"tiny/best/card.json"}


def test_a_study_without_a_location_has_nothing_to_fetch(study, away, said):
    fetch(study, away, said.append)
    study.set_user_attr(ARTIFACTS, {"url": "of a newer release"})
    fetch(study, away, said.append)
    assert said == []
    assert not away.exists()
