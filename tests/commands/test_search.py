"""A whole search by the command line: real images, real training, real SQLite."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = ("--space", "small.toml", "--epochs", 2, "--jobs", 1)


def test_search_ranks_networks_keeps_the_best_and_resumes(run, here, image_folder):
    first = run("search", image_folder, "--trials", 3, *SMALL)
    assert first.code == 0, first.err
    assert "82 train, 20 validation, 18 sealed test images" in first.err
    assert "rank" in first.out
    assert {path.name for path in Path("studies/stripes/best").iterdir()} == {
        "card.json",
        "model.safetensors",
        "recipe.toml",
        "validation.safetensors",
    }
    assert list(Path("studies/stripes/checkpoints").iterdir()) == []

    again = run("search", image_folder, "--trials", 3, *SMALL)
    assert again.code == 0
    assert "3 trials, 3 done before" in again.err

    more = run("search", image_folder, "--trials", "+1")
    assert more.code == 0
    rows = json.loads(run("leaderboard", "--format", "json").out)
    assert sorted(row["trial"] for row in rows) == [0, 1, 2, 3]

    other = run("search", image_folder, "--epochs", 5)
    assert other.code == 3
    assert "epochs was 2, now 5" in other.err
    assert "--new" in other.err

    fresh = run("search", image_folder, "--new", "--trials", 1, *SMALL)
    assert fresh.code == 0
    names = json.loads(run("studies", "--format", "json").out)
    assert [row["study"] for row in names] == ["stripes", "stripes-2"]


def test_leaderboard_show_and_predict_agree_on_the_best(run, here, image_folder):
    run("search", image_folder, "--trials", 2, *SMALL)
    rows = json.loads(run("leaderboard", "--format", "json").out)
    needed = "trial state val_accuracy epochs parameters seconds params"
    assert set(needed.split()) <= set(rows[0])
    shown = json.loads(run("show", "best", "--format", "json").out)
    assert shown["epoch_seconds"] > 0
    assert shown["epoch_workers"] >= 1
    assert "(predicted, for " in run("show", "best").out
    assert shown["trial"] == rows[0]["trial"]
    assert shown["parameters"] == rows[0]["parameters"]
    assert sum(layer["parameters"] for layer in shown["layers"]) == shown["parameters"]
    card = json.loads(Path("studies/stripes/best/card.json").read_text())
    assert card["trial"] == rows[0]["trial"]
    assert card["val_accuracy"] == rows[0]["val_accuracy"]

    picture = image_folder / "across" / "0.png"
    Path("broken.png").write_bytes(b"no picture")
    labeled = run("predict", picture, "broken.png", "--format", "json")
    assert labeled.code == 0
    good, bad = json.loads(labeled.out)
    assert good["label"] in {"across", "upright"}
    assert good["probability"] == max(good["probabilities"].values())
    assert abs(sum(good["probabilities"].values()) - 1) < 1e-5
    assert bad["label"] is None
    assert "broken.png" in bad["error"]
    assert run("predict", "broken.png").code == 5
    csv = run("leaderboard", "--format", "csv").out.splitlines()
    assert "params.width" in csv[0]
    assert len(csv) == 3
    assert "accuracy on 20 validation images" in run("leaderboard").err
    assert "parameters" in run("show", "best").out


def test_a_recipe_shown_can_be_trained_again(run, here, image_folder):
    run("search", image_folder, "--trials", 1, *SMALL)
    Path("mine.toml").write_text(run("show", "best", "--recipe").out)
    trained = run("train", "mine.toml", image_folder, "--epochs", 3)
    assert trained.code == 0
    assert "standard error" in trained.out
    card = json.loads(Path("studies/trained/mine/card.json").read_text())
    assert card["classes"] == ["across", "upright"]
    again = run("train", "best", "--json", "--output", "copy")
    assert again.code == 0
    assert '"event": "epoch_ended"' in again.out
    picture = image_folder / "upright" / "1.png"
    assert run("predict", picture, "--model", "copy").code == 0


def test_json_writes_one_event_a_line(run, here, image_folder):
    ran = run("search", image_folder, "--trials", 2, "--json", *SMALL)
    events = [json.loads(line) for line in ran.out.splitlines()]
    kinds = [event["event"] for event in events]
    begun = [e["trial"] for e in events if e["event"] == "trial_started"]
    assert set(begun) == {0, 1}
    assert kinds.count("trial_ended") == 2
    assert "search_started" in kinds
    assert kinds[-1] == "search_ended"
    assert events[-1]["best"] is not None
    assert ran.err == ""


def test_dry_run_says_the_plan_and_creates_nothing(run, here, image_folder):
    ran = run("search", image_folder, "--dry-run", *SMALL)
    assert ran.code == 0
    assert "82 train, 20 validation, 18 sealed test images" in ran.out
    assert "pruner:" in ran.out
    assert not Path("studies").exists()


def test_grid_with_folds_runs_every_cell_once(run, here, image_folder):
    Path("grid.toml").write_text(
        'layers = ["conv 8", "relu", "max_pool 2", "flatten", "dropout {rate}"]\n'
        '[train]\noptimizer = "adam"\nlearning_rate = 0.01\nepochs = 1\n'
        "[space]\nrate = [0.0, 0.2]\nbatch_size = [16, 32]\n"
    )
    words = ("--space", "grid.toml", "--sampler", "grid", "--folds", 3, "--jobs", 1)
    assert run("search", image_folder, *words).code == 0
    rows = json.loads(run("leaderboard", "--format", "json").out)
    cells = {(row["params"]["rate"], row["params"]["batch_size"]) for row in rows}
    assert cells == {(0.0, 16), (0.0, 32), (0.2, 16), (0.2, 32)}
    assert len(rows) == 4
    assert all(row["epochs"] == 3 for row in rows), "one value a fold"
    assert run("search", image_folder, *words).code == 0
    assert len(json.loads(run("leaderboard", "--format", "json").out)) == 4
    assert Path("studies/stripes/best/card.json").is_file()


def test_a_time_limit_ends_the_search_and_leaves_no_trial_open(run, here, image_folder):
    words = ("--space", "small.toml", "--epochs", 4000, "--jobs", 1, "--pruner", "none")
    ran = run("search", image_folder, "--timeout", 12, "--no-final", *words)
    assert ran.code == 0, ran.err
    assert "time is up" in ran.err
    states = {
        row["state"] for row in json.loads(run("leaderboard", "--format", "json").out)
    }
    # What a search was to begin with, and there was no time for, waits for the next.
    assert states - {"waiting"} == {"pruned"}


def test_the_winner_is_trained_for_good(run, here, image_folder):
    ran = run("search", image_folder, "--trials", 2, "--final", "--json", *SMALL)
    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in ran.out.splitlines()]
    (started,) = (e for e in events if e["event"] == "final_started")
    (ended,) = (e for e in events if e["event"] == "final_ended")
    assert (started["epochs"], ended["epochs"]) == (6, 6)
    assert sum(e.get("final", False) for e in events) == 6
    card = json.loads(Path("studies/stripes/best/card.json").read_text())
    assert card.get("final", False) == ended["kept"]
    assert list(Path("studies/stripes/checkpoints").iterdir()) == []
    assert f"final training of trial {started['trial']}'s" in run("leaderboard").err
    assert run("predict", image_folder / "across").code == 0


def test_the_test_set_is_opened_once_and_that_is_written_down(run, here, image_folder):
    words = ("search", image_folder, "--study", "sealed", "--json", *SMALL)
    first = run(*words, "--trials", 3, "--final", "--confirm", 2)
    assert first.code == 0, first.err
    events = [json.loads(line) for line in first.out.splitlines()]
    notices = [each["text"] for each in events if each["event"] == "notice"]
    assert sum("fresh trainings" in text for text in notices) == 2
    (verdict,) = (each for each in events if each["event"] == "verdict")
    best = Path("studies/sealed/best")
    card = json.loads((best / "card.json").read_text())
    assert card["test_accuracy"] == verdict["test_accuracy"]
    assert card["test_interval"] == verdict["test_interval"]
    assert card["test_images"] == verdict["test_images"] == 18
    low, high = card["test_interval"]
    assert 0 <= low <= card["test_accuracy"] <= high <= 1
    assert card["val_accuracy_corrected"] == verdict["corrected"]
    assert verdict["corrected"] <= verdict["val_accuracy"]
    result = json.loads((best.parent / "test.json").read_text())
    assert result["accuracy"] == card["test_accuracy"]
    assert sum(map(sum, result["confusion"])) == 18

    again = run(*words, "--trials", 5, "--final", "--confirm", 0)
    assert again.code == 0, again.err
    events = [json.loads(line) for line in again.out.splitlines()]
    notices = [each["text"] for each in events if each["event"] == "notice"]
    (verdict,) = (each for each in events if each["event"] == "verdict")
    if verdict["test_accuracy"] is None:  # another network leads
        assert any("opened before" in text for text in notices)
    else:
        assert verdict["test_accuracy"] == card["test_accuracy"]


def test_options_that_are_left_out_are_the_study_s_own(run, here, image_folder):
    words = ("--trials", 1, "--image-size", 12, "--seed", 3, *SMALL)
    assert run("search", image_folder, *words).code == 0
    again = run("search", image_folder, "--trials", 2, "--sampler", "random")
    assert again.code == 0, again.err
    assert "12x12x1" in again.err
    assert "sampler random" in again.err
    other = run("search", image_folder, "--image-size", 8)
    assert other.code == 3
    assert "shape.height was 12, now 8" in other.err


def test_one_study_is_one_search_s_whatever_folder_it_is_started_in(
    run, here, image_folder, monkeypatch
):
    from autocnn.search.sole import only_search

    storage = f"sqlite:///{here / 'shared.db'}"
    Path("elsewhere").mkdir()
    with only_search(here / "studies" / "stripes", storage):
        monkeypatch.chdir(here / "elsewhere")
        space = here / "small.toml"
        ran = run("search", image_folder, "--storage", storage, "--space", space)
    assert ran.code == 75
    assert "another search" in ran.err


def test_a_reader_that_leaves_stops_the_search_and_loses_nothing(here, image_folder):
    command = [sys.executable, "-m", "autocnn", "search", str(image_folder), "--json"]
    command += ["--space", "small.toml", "--epochs", "4000", "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "trial_started" not in process.stdout.readline():
            pass
        process.stdout.close()
        assert process.wait() == 75


@pytest.mark.parametrize("way", ["--json", "--plain"])
def test_a_reader_that_leaves_before_it_begins_is_told_by_the_code(
    way, here, image_folder, monkeypatch
):
    monkeypatch.setenv("AUTOCNN_CACHE", str(here / "empty"))
    command = [sys.executable, "-m", "autocnn", "search", str(image_folder), way]
    output, ours = os.pipe()
    os.close(output)
    process = subprocess.Popen([*command, "--epochs", "1"], stdout=ours, stderr=ours)
    os.close(ours)
    assert process.wait() == 75
    assert not Path("studies").exists()


def test_two_storages_never_share_a_network(run, here, image_folder):
    assert run("search", image_folder, "--trials", 1, *SMALL).code == 0
    words = ("--trials", 1, "--storage", "other.db", "--seed", 5, *SMALL)
    assert run("search", image_folder, *words).code == 0
    cards = [
        Path(f"{folder}/stripes/best/card.json") for folder in ("studies", "other")
    ]
    seeds = [json.loads(card.read_text())["seed"] for card in cards]
    assert seeds == [0, 5000]


def test_limits_are_the_study_s_until_they_are_changed(run, here, image_folder):
    words = ("--trials", 5, "--sampler", "random", *SMALL)
    limits = ("--max-params", "3k", "--max-flops", "1G", "--max-epoch-time", "1h")
    plan = run("search", image_folder, "--dry-run", *words, *limits).out
    assert "at most 3 k parameters, 1 GFLOPs an image, 1h00m an epoch" in plan
    tiny = run("search", image_folder, "--dry-run", *words, "--max-params", "1").out
    assert "; not trained: " in tiny
    assert "parameters, over the limit of 1\n" in tiny
    first = run("search", image_folder, *words, *limits)
    assert first.code == 0, first.err
    assert "at most 3 k parameters" in first.err
    assert "over the limit of 3 k" in first.err
    rows = json.loads(run("leaderboard", "--format", "json").out)
    assert len(rows) == 5
    assert all(row["parameters"] <= 3000 for row in rows)
    assert "drawn and not trained" in run("leaderboard").err

    again = run("search", image_folder, "--trials", "+1")
    assert again.code == 0, again.err
    assert "5 done before" in again.err
    assert "at most 3 k parameters" in again.err
    lifted = ("--max-params", "none", "--max-latency", "1s", "--trials", "+3")
    more = run("search", image_folder, *lifted)
    assert more.code == 0, more.err
    assert "at most 1 GFLOPs an image, 1h00m an epoch, 1e+03 ms" in more.err
    rows = json.loads(run("leaderboard", "--format", "json").out)
    assert len(rows) == 9
    measured = [row for row in rows if row["latency"]]
    assert len(measured) == 3
    chosen = json.loads(
        run("leaderboard", "--pareto", "latency", "--format", "json").out
    )
    latencies = [row["latency"] for row in chosen]
    assert latencies == sorted(latencies)
    assert {row["trial"] for row in chosen} <= {row["trial"] for row in measured}
    assert "latency" in run("leaderboard", "--pareto", "latency").out
    csv = run("leaderboard", "--pareto", "params", "--format", "csv").out
    assert "parameters" in csv.splitlines()[0]


def test_a_limit_that_nothing_keeps_is_an_error(run, here, image_folder):
    words = ("--trials", 3, "--sampler", "random", *SMALL)
    ran = run("search", image_folder, *words, "--max-params", 10)
    assert ran.code == 4
    assert "nothing that was drawn keeps the limits, 100 times in a row" in ran.err
    assert "parameters, over the limit of 10" in ran.err
    assert "--space" in ran.err


def test_the_winner_may_learn_from_the_validation_images_too(run, here, image_folder):
    words = ("search", image_folder, "--trials", 1, "--train-on-val", "--confirm", 0)
    ran = run(*words, "--json", *SMALL)
    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in ran.out.splitlines()]
    last = [e for e in events if e.get("final")]
    assert [e["val_accuracy"] for e in last] == [None] * len(last)
    assert last
    (said,) = (e for e in events if e["event"] == "verdict")
    assert (said["val_accuracy"], said["corrected"]) == (None, None)
    card = json.loads(Path("studies/stripes/best/card.json").read_text())
    assert (card["on_val"], card["val_accuracy"]) == (True, None)
    assert card["test_accuracy"] == said["test_accuracy"] is not None
    told = run("leaderboard").err
    assert "on the validation images too, so none are left to score it" in told
    assert run("predict", image_folder / "across").code == 0
    report = run("report", "--output", "report.md")
    assert report.code == 0, report.err
    text = Path("report.md").read_text()
    assert "has learned from them, too" in text
    assert "only the test set can say" in text
    trained = run("train", "best", "--train-on-val", "--epochs", 1)
    assert trained.code == 0, trained.err
    assert "no score: the validation images were learned from, too" in trained.out
    refused = run(*words, "--no-final")
    assert refused.code == 2
    assert "--no-final leaves out" in refused.err


def test_trials_that_take_too_long_fail_and_end_the_search(run, here, image_folder):
    words = ("--trials", 9, "--trial-timeout", 0.1, *SMALL, "--epochs", 500)
    ran = run("search", image_folder, *words)
    assert ran.code == 4
    assert "it trained longer than 0.1s" in ran.err
    rows = json.loads(run("leaderboard", "--format", "json").out)
    assert sum(row["status"] == "failed" for row in rows) == 3
