"""A report of a real search, as one file: what is in it, and what it never needs."""

import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import optuna
import pytest

from autocnn.cli import main
from autocnn.storage import open_storage, storage_url
from autocnn.store.rows import CONFIG

CHAPTERS = [
    "The result", "The best trials", "Learning curves", "What pausing saved",
    "What mattered", "Which values did well", "Accuracy and size",
    "Classes and confusions", "Worst mistakes", "The data", "Environment",
    "To do it again",
]  # fmt: skip


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


class Page(HTMLParser):
    """What a page is made of, as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.policy = ""
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        known = dict(attrs)
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"]
        names = ("src", "href", "srcset", "data", "action", "poster", "xlink:href")
        self.links += [known[name] or "" for name in names if name in known]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def searched(image_folder, cache, tmp_path_factory) -> Path:
    """The folder of the studies of a search with a final training."""
    place = tmp_path_factory.mktemp("searched")
    (place / "small.toml").write_text(SPACE)
    words = (
        "--trials 3 --final --confirm 0 --epochs 3 --jobs 1 --space small.toml --plain"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("AUTOCNN_CACHE", str(cache))
        words = ["search", str(image_folder), *words.split()]
        patch.setattr(sys, "argv", ["autocnn", *words])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code
    return place / "studies"


@pytest.fixture
def report(run, searched):
    """Write a report of that search, and read it."""

    def report(name: str = "report.html", *words: object) -> str:
        ran = run("report", "--studies", searched, "--output", name, *words)
        assert ran.code == 0, ran.err
        assert name in ran.err
        return Path(name).read_text("utf-8")

    return report


def test_a_report_needs_nothing_but_itself(report):
    text = report()
    page = Page(text)
    assert {link.partition(":")[0] for link in page.links if link[0] != "#"} == {"data"}
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert page.policy.startswith("default-src 'none'; script-src 'sha256-")
    assert page.tags.count("script") == 4  # plotly, our own, and two figures
    assert len(text.encode()) < 6_000_000


def test_a_report_has_all_its_chapters_and_they_can_be_reached(report):
    text = report()
    titles = re.findall("<h2>(.*?)</h2>", text)
    assert titles == CHAPTERS
    for link in re.findall('href="#(.*?)"', text):
        assert f'<section id="{link}">' in text
    assert (
        text.count('<svg class="chart') == 5
    )  # best so far, curves, final, costs, confusions
    assert text.count('class="plot"') == 2


def test_markdown_tells_the_same(report, run, searched):
    text = report("report.md")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == CHAPTERS
    rows = json.loads(run("leaderboard", "--studies", searched, "--format", "json").out)
    card = json.loads((searched / "stripes" / "best" / "card.json").read_text())
    assert f"{card['val_accuracy']:.1%}" in text
    for row in rows:
        known = (row["rank"], row["trial"], row["status"], f"{row['val_accuracy']:.1%}")
        start = "".join(f"| {each} " for each in known)
        assert [line for line in text.splitlines() if line.startswith(start)]
    assert "autocnn search " in text
    assert "--trials 3 --final --confirm 0 --epochs 3 --jobs 1" in text
    assert (searched / "stripes" / "best" / "recipe.toml").read_text().strip() in text


def test_the_sealed_test_images_are_not_looked_at(report, cache, tmp_path, monkeypatch):
    def told() -> str:
        return re.sub("Written .*", "", report("report.md"))

    before = told()
    shutil.copytree(cache, tmp_path / "cache")
    for path in (tmp_path / "cache").rglob("test-pixels.npy"):
        np.save(path, np.zeros_like(np.load(path)))
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    assert told() == before


def test_without_the_images_a_report_says_so(report, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "nothing"))
    text = report()
    assert "no longer in the cache" in Page(text).text
    assert "<img" not in text[: text.index("<script>")]
    assert "Learning curves" in report("report.md")


def test_a_study_without_a_score_has_no_report(run, here):
    storage = open_storage(storage_url("studies.db"), create=True)
    optuna.create_study(study_name="new", storage=storage, direction="maximize")
    ran = run("report", "new", "--storage", "studies.db")
    assert ran.code == 4
    assert "study 'new' has no result yet" in ran.err
    assert not Path("report.html").exists()


@pytest.mark.parametrize(
    ("directions", "value", "told"),
    [
        (["minimize"], 0.3, "it minimizes"),
        (["maximize", "maximize"], (0.3, 0.4), "several objectives"),
        (["maximize"], 17.0, "not from 0 to 1"),
    ],
)
def test_a_study_of_something_else_is_told(run, here, directions, value, told):
    storage = open_storage(storage_url("studies.db"), create=True)
    study = optuna.create_study(
        study_name="other", storage=storage, directions=directions
    )
    study.optimize(lambda trial: value, n_trials=1)
    for words in (["report"], ["leaderboard"], ["watch", "--screenshot", "x.svg"]):
        ran = run(*words, "--storage", "studies.db")
        assert ran.code == 2
        assert told in ran.err
    ran = run("studies", "--storage", "studies.db", "--format", "json")
    assert told in json.loads(ran.out)[0]["status"]


def test_a_card_that_is_none_is_left_out(run, searched, tmp_path):
    shutil.copytree(searched, tmp_path / "damaged")
    (tmp_path / "damaged" / "stripes" / "best" / "card.json").write_text("[]")
    ran = run("report", "--studies", tmp_path / "damaged", "--output", "r.md")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("name", ["other.html", "other.md"])
def test_accuracies_of_another_program_are_reported(run, here, name):
    storage = open_storage(storage_url("studies.db"), create=True)
    study = optuna.create_study(
        study_name="other", storage=storage, direction="maximize"
    )
    study.set_user_attr(CONFIG, {"epochs": 3})  # of what knows no more
    study.optimize(lambda t: 1 - t.suggest_float("x", 0, 1), n_trials=12)
    ran = run("report", "--storage", "studies.db", "--output", name)
    assert ran.code == 0, ran.err
    text = Path(name).read_text()
    assert "was not made by autocnn" in text
    assert f"{study.best_value:.1%}" in text


def test_what_cannot_be_written_is_told(run, searched, report, tmp_path):
    ran = run("report", "--studies", searched, "--output", "report.pdf")
    assert (ran.code, ".html or .md" in ran.err) == (2, True)
    ran = run("report", "--studies", searched, "--output", tmp_path / "no" / "r.html")
    assert ran.code == 2
    assert "cannot write" in ran.err
