"""A folder of images that was renamed holds the same data: its study goes on."""

import json
import shutil

WORDS = ("--space", "small.toml", "--epochs", "2", "--jobs", "1", "--study", "mine")


def test_a_study_goes_on_with_its_images_under_another_name(
    run, here, image_folder, monkeypatch
):
    monkeypatch.setenv("AUTOCNN_CACHE", "cache")
    shutil.copytree(image_folder, "before")
    ran = run("search", "before", *WORDS, "--trials", "1")
    assert ran.code == 0, ran.err
    shutil.move("before", "after")

    ran = run("evaluate", "--study", "mine", "--format", "json")
    assert ran.code == 0, ran.err
    assert "before is not there: what was prepared of it is used" in ran.err
    assert json.loads(ran.out)["set"] == "sealed test set"

    ran = run("search", "after", *WORDS, "--trials", "+1")
    assert ran.code == 0, ran.err
    rows = json.loads(run("leaderboard", "--format", "json").out)
    assert {row["trial"] for row in rows} == {0, 1}
    assert run("report", "--output", "report.md").code == 0

    for number in range(9):
        (here / "after" / "across" / f"{number}.png").unlink()
    ran = run("search", "after", *WORDS, "--trials", "+1")
    assert (ran.code, "is a different search" in ran.err) == (3, True)
