"""Classes, files and studies whose names hold what a terminal would obey."""

import csv
import html
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import optuna
import pytest

from autocnn.cli import main
from autocnn.names import STEERING
from autocnn.storage import open_storage, storage_url

FAKE = "error: all is lost"
ACROSS = f"\x1b[31macross\x9b2J\n{FAKE}"
UPRIGHT = "[red]upright\u202e"
CLEARS = "\x1b[2J\x1b]52;c;aGFja2Vk\x07.png"
LINK = f"\x1b]8;;http:evil\x07click\n{FAKE}.png"
STUDY = f"../../x\x1b]0;title\x07[bold]y[/bold]\n{FAKE}"
SEARCH = ("--trials", 2, "--epochs", 2, "--jobs", 1, "--space", "small.toml")
SCREENS = ("overview", "curves", "importance", "space", "log", "trial:0", "compare:0,1")

SPACE = """
[space]
stages = 2
convs_per_stage = 1
width = [8, 16]
kernel = 3
block = "plain"
norm = "batch_norm"
optimizer = ["sgd", "adamw"]
batch_size = 16
augmentation = "none"
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no such names elsewhere")


@pytest.fixture(scope="module")
def images(image_folder, tmp_path_factory) -> Path:
    """The striped images, under hostile names; one of them is none."""
    folder = tmp_path_factory.mktemp("hostile") / "s\x1b[7mtripes\n"
    for before, after in (("across", ACROSS), ("upright", UPRIGHT)):
        shutil.copytree(image_folder / before, folder / after)
    (folder / ACROSS / "0.png").rename(folder / ACROSS / CLEARS)
    (folder / UPRIGHT / "0.png").rename(folder / UPRIGHT / LINK)
    (folder / UPRIGHT / f"broken{CLEARS}").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def said(images, cache, tmp_path_factory) -> Path:
    """Search them, keep what is said, and put a study of another program beside."""
    place = tmp_path_factory.mktemp("searched")
    (place / "small.toml").write_text(SPACE)
    with pytest.MonkeyPatch.context() as patch, (place / "said").open("w") as heard:
        patch.chdir(place)
        patch.setenv("AUTOCNN_CACHE", str(cache))
        patch.setattr(sys, "stderr", heard)
        words = ["search", str(images), *map(str, SEARCH), "--plain"]
        patch.setattr(sys, "argv", ["autocnn", *words])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code
    stranger(place / "studies" / "autocnn.db")
    return place


def stranger(database: Path) -> None:
    """Make a study as a foreign program might, with nothing in it that is harmless."""
    storage = open_storage(storage_url(str(database)))
    study = optuna.create_study(study_name=STUDY, storage=storage, direction="maximize")
    for number in range(4):
        trial = study.ask()
        trial.suggest_float("[blink]rate\x1b[5m", 0, 1)
        trial.suggest_categorical(f"kind\n{FAKE}", ["a\x9b2J", "[/]b\u202e"])
        trial.set_user_attr("reason", f"[/red]\x1b[31mtoo slow\n{FAKE}")
        trial.set_user_attr("origin", "\x1b]52;c;eA==\x07a friend")
        for epoch in (1, 2):
            trial.report(number / 9 + epoch / 9, epoch)
        study.tell(trial, number / 9 + 2 / 9)
    study.ask()
    notice = f"\x1b[2J{FAKE}"
    state = {"phase": "searching", "beat": 1, "host": notice, "pid": 1, "jobs": 1}
    state |= {"version": notice, "device": notice, "trials": 9, "seconds": 5.0}
    study.set_user_attr("autocnn:state", state | {"notice": notice})
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture
def studies(said) -> tuple[str, Path]:
    return "--studies", said / "studies"


def safe(text: str) -> str:
    """Make sure that a terminal gets lines of letters, and all of them are ours."""
    assert set(STEERING.findall(text)) <= {"\n"}, ascii(text)
    assert not re.search(f"^{FAKE}", text, re.MULTILINE), text
    return text


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_search_says_them_without_obeying_them(said):
    text = safe((said / "said").read_text())
    assert r"broken\u001b[2J\u001b]52;c;aGFja2Vk\u0007.png" in text
    assert "search complete" in text


def test_a_search_in_json_says_them_as_they_are(run, images):
    ran = run("search", images, *SEARCH, "--json")
    assert ran.code == 0, ran.err
    told = [json.loads(line) for line in safe(ran.out).splitlines()]
    assert any(CLEARS in event.get("text", "") for event in told)


def test_data_are_described(run, images):
    text = safe((ran := run("data", images)).out + ran.err)
    assert rf"\u001b[31macross\u009b2J\n{FAKE}" in text
    assert r"[red]upright\u202e" in text
    listed = rows(safe(run("data", images, "--format", "csv").out))
    assert {row[0] for row in listed[1:]} == {
        rf"\u001b[31macross\u009b2J\n{FAKE}",
        r"[red]upright\u202e",
    }
    told = json.loads(safe(run("data", images, "--format", "json").out))
    assert set(told["classes"]) == {ACROSS, UPRIGHT}


def test_images_are_labeled(run, images, studies):
    words = ("predict", images, "--study", "s-7mtripes", *studies)
    table = run(*words, "--format", "table")
    assert table.code in {0, 5}, table.err
    safe(table.err)
    assert r"s\u001b[7mtripes\n/" in safe(table.out)
    lines = safe(run(*words, "--format", "jsonl").out).splitlines()
    told = [json.loads(line) for line in lines]
    assert len(told) == 121
    assert any(row["image"].endswith(LINK) for row in told)
    assert {row["label"] for row in told if row["label"]} <= {ACROSS, UPRIGHT}
    listed = rows(safe(run(*words, "--format", "csv").out))
    assert len(listed) == 1 + 121
    assert len({len(row) for row in listed}) == 1


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_network_is_evaluated(run, images, studies, form):
    words = ("evaluate", images, "--study", "s-7mtripes", *studies)
    ran = run(*words, "--format", form)
    assert ran.code == 0, ran.err
    safe(ran.err)
    if form == "json":
        told = json.loads(safe(ran.out))
        assert {row["name"] for row in told["classes"]} == {ACROSS, UPRIGHT}
    else:
        assert r"[red]upright\u202e" in safe(ran.out)


@pytest.mark.parametrize("study", ["s-7mtripes", STUDY])
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_trials_are_ranked_and_studies_listed(run, studies, study, form):
    for words in (("leaderboard", "--study", study), ("studies",)):
        ran = run(*words, *studies, "--format", form)
        assert ran.code == 0, ran.err
        safe(ran.err)
        if form == "json":
            json.loads(safe(ran.out))
        else:
            safe(ran.out)


def test_json_keeps_what_csv_and_tables_write_out(run, studies):
    words = ("leaderboard", "--study", STUDY, *studies, "--format")
    ranked = json.loads(run(*words, "json").out)
    assert ranked[0]["params"][f"kind\n{FAKE}"] in {"a\x9b2J", "[/]b\u202e"}
    assert ranked[0]["reason"] == f"[/red]\x1b[31mtoo slow\n{FAKE}"
    listed = rows(run(*words, "csv").out)
    assert rf"params.kind\n{FAKE}" in listed[0]


def test_a_trial_is_shown(run, studies):
    for words in (("best", "--study", "s-7mtripes"), ("0", "--study", STUDY)):
        for form in ("table", "json", "csv"):
            ran = run("show", *words, *studies, "--format", form)
            safe(ran.out)
            assert "Traceback" not in safe(ran.err)


@pytest.mark.parametrize("study", ["s-7mtripes", STUDY])
def test_a_report_shows_them_as_text(run, studies, study):
    for name in ("report.html", "report.md"):
        ran = run("report", study, *studies, "--output", name)
        assert ran.code == 0, ran.err
        safe(ran.err)
        text = Path(name).read_text("utf-8")
        # Plotly's own code and the looks of the page hold no name.
        text = re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)
        # In a page the end of a line is a space.
        safe(text if name.endswith(".md") else text.replace("\n", " "))
    page = Path("report.html").read_text("utf-8")
    shown = html.unescape(page)
    wanted = r"[red]upright\u202e" if study != STUDY else r"../../x\u001b]0;title"
    assert wanted in shown


@pytest.mark.parametrize("study", ["s-7mtripes", STUDY])
@pytest.mark.parametrize("screen", SCREENS)
def test_screens_show_them_as_text(run, studies, study, screen):
    words = ("watch", study, *studies, "--screen", screen, "--size", "160x50")
    ran = run(*words, "--screenshot", "seen.svg")
    assert ran.code == 0, ran.err
    safe(ran.err)
    picture = safe(Path("seen.svg").read_text("utf-8"))
    shown = html.unescape(picture).replace("\xa0", " ")
    if study == STUDY:
        assert "[bold]y[/bold]" in shown


def test_errors_say_them_without_obeying_them(run, images, studies):
    for words in (
        ("search", images / CLEARS),
        ("search", "--study", STUDY),
        ("search", "--space", CLEARS),
        ("leaderboard", "--study", CLEARS, *studies),
        ("show", LINK, *studies),
        ("show", "0", "--study", LINK, *studies),
        ("predict", LINK, *studies),
        ("evaluate", CLEARS, *studies),
        ("watch", LINK, *studies, "--screenshot", "x.svg"),
        ("watch", *studies, "--screenshot", f"{LINK}/x.svg"),
        ("report", LINK, *studies),
        ("export", "best", "--format", CLEARS, *studies),
        ("leaderboard", "--studies", f"{LINK}/none"),
        ("leaderboard", "--storage", f"what://{LINK}"),
        ("search", "--trials", CLEARS),
        (f"{CLEARS}",),
        ("data", LINK),
    ):
        ran = run(*words)
        assert ran.code in {2, 3, 4, 5}, (words, ran)
        assert safe(ran.err).startswith("error: ")
        assert "Traceback" not in ran.err
        safe(ran.out)


def test_a_foreign_name_leads_nowhere(run, studies, here):
    """Nothing is read or written outside of the studies' folder for ``../../x``."""
    before = set(here.rglob("*"))
    where = ("--study", STUDY, *studies)
    for words in (
        ("predict", "small.toml", *where),
        ("evaluate", *where),
        ("ensemble", *where),
        ("train", "best", *where),
        ("reproduce", "best", *where),
        ("export", "best", "--format", "safetensors", *where),
        ("export", "0", "--format", "safetensors", *where),
    ):
        ran = run(*words)
        assert ran.code in {2, 3, 4, 5}, (words, ran)
        safe(ran.err)
    assert set(here.rglob("*")) == before
    names = {path.name for path in studies[1].parent.iterdir()}
    assert names == {"said", "small.toml", "studies"}
