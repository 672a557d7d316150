"""What a search keeps is used on a machine that has only its storage and a location."""

import json
import subprocess
import sys

import pytest

WORDS = ("--space", "small.toml", "--epochs", "2", "--jobs", "1", "--study", "mine")


@pytest.fixture
def storage(here, tmp_path) -> tuple[str, str]:
    return "--storage", str(tmp_path / "storage.db")


def test_another_machine_has_the_networks(run, here, image_folder, storage):
    place = (*storage, "--studies", "one")
    words = ("search", image_folder, *WORDS, *place, "--trials", "2", "--final")
    ran = run(*words, "--confirm", "0", "--artifacts", "shared")
    assert ran.code == 0, ran.err
    assert not list(here.glob("shared/mine/checkpoints/*"))

    other = (*storage, "--studies", "two")
    ran = run("predict", image_folder / "across" / "0.png", *other)
    assert ran.code == 0, ran.err
    assert f"1 network fetched from {here / 'shared' / 'mine'}" in ran.err
    there = {path.name for path in here.glob("two/mine/[!.]*")}
    assert there == {"test.json", "best"}
    ran = run("evaluate", *other, "--format", "json")
    assert json.loads(ran.out)["set"] == "sealed test set"
    assert "this is the record" in ran.err
    ran = run("export", "0", "--format", "safetensors", "--output", "zero", *other)
    assert (ran.code, "1 network fetched" in ran.err) == (0, True), ran.err
    ran = run("ensemble", *other)
    assert (ran.code, "1 network fetched" in ran.err) == (0, True), ran.err
    ran = run("report", "--output", "report.md", *other)
    assert (ran.code, "fetched" in ran.err) == (0, False), ran.err
    assert "are not kept" not in (here / "report.md").read_text()

    # It goes on there, with the location that the study has.
    words = ("search", image_folder, *WORDS, *other, "--trials", "3")
    ran = run(*words)
    assert ran.code == 0, ran.err
    ran = run("export", "2", "--format", "safetensors", "--output", "two-2", *place)
    assert (ran.code, "1 network fetched" in ran.err) == (0, True), ran.err


def test_a_cluster_that_shares_no_folder_leaves_only_what_is_of_use(
    run, here, image_folder, storage
):
    pytest.importorskip("ray")
    place = (*storage, "--studies", "one", "--artifacts", "shared")
    words = ("search", image_folder, *WORDS, *place, "--trials", "2", "--engine", "ray")
    # Ray is in a process once, and other tests have another cluster.
    command = [sys.executable, "-m", "autocnn", *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    there = here / "shared"
    assert {path.name for path in there.iterdir()} == {".cluster", "images", "mine"}
    assert not list(there.glob("mine/checkpoints/*"))
    ran = run("predict", image_folder / "across" / "0.png", *storage)
    assert (ran.code, "1 network fetched" in ran.err) == (0, True), ran.err
