"""Who looks at a search that runs changes nothing in it."""

import re
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from autocnn.storage import open_storage, storage_url
from autocnn.store.find import find_study
from autocnn.store.rows import snapshot
from benchmarks.terminal import Terminal

AUTOCNN = [sys.executable, "-m", "autocnn"]
WORDS = ("--space", "small.toml", "--trials", "2", "--epochs", "50", "--jobs", "1")


def trials(study: str) -> list[tuple[object, ...]]:
    """Say what they are, and what they came to."""
    storage = open_storage(storage_url("studies/autocnn.db"))
    found = snapshot(find_study(storage, study))
    storage.engine.dispose()
    rows = sorted(found.trials, key=lambda row: row.trial)
    return [(row.trial, row.status, row.recipe, row.curve) for row in rows]


@pytest.fixture
def dashboard(here):
    """Open the storage in optuna-dashboard; gives who asks it for a page."""
    words = [*AUTOCNN, "dashboard", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"(http://[^/]+)(/\S*)", process.stderr.readline())
        assert found is not None
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        browser = urllib.request.build_opener(cookies)

        def ask(path: str) -> str:
            with browser.open(found[1] + path) as answer:
                return answer.read().decode()

        ask(found[2])  # which lets it in
        yield ask
        process.terminate()


def test_a_dashboard_and_three_watches_change_nothing(run, here, image_folder, request):
    alone = run("search", image_folder, *WORDS, "--study", "alone")
    assert alone.code == 0, alone.err
    ask = request.getfixturevalue("dashboard")
    words = [*AUTOCNN, "search", str(image_folder), *WORDS, "--study", "beside"]
    with ExitStack() as stack:
        said = stack.enter_context(Path("said").open("w"))
        search = stack.enter_context(subprocess.Popen([*words, "--json"], stdout=said))
        while "trial_started" not in Path("said").read_text():
            assert search.poll() is None
            time.sleep(0.1)
        watches = [
            stack.enter_context(Terminal([*AUTOCNN, "watch", "beside"]))
            for _ in range(3)
        ]
        shown = 0
        while search.poll() is None:
            shown += "beside" in ask("/api/studies") and "epochs" in ask(
                "/api/studies/2"
            )
            for watch in watches:
                watch.read(0.05)
        for watch in watches:
            watch.wait_for("ENDED complete")
    assert search.returncode == 0
    assert shown
    assert trials("beside") == trials("alone")
