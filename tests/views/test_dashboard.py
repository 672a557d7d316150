"""The dashboard behind its guard: on this machine only, and without --write to read."""

import contextlib
import json
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import optuna
import pytest
from optuna.artifacts import FileSystemArtifactStore

from autocnn.errors import RequestError
from autocnn.storage import open_storage
from autocnn.store.exhibits import show_file, show_note
from autocnn.views.dashboard import Dashboard, make_dashboard

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    b'<rect width="9" height="9"/></svg>'
)
CHANGES = (
    ("POST", "/api/studies"),
    ("POST", "/api/studies/1/rename"),
    ("DELETE", "/api/studies/1"),
    ("PUT", "/api/studies/1/note"),
    ("PUT", "/api/studies/1/1/note"),
    ("POST", "/api/trials/1/tell"),
    ("POST", "/api/trials/1/user-attrs"),
    ("POST", "/api/artifacts/1"),
    ("DELETE", "/api/artifacts/1/0"),
)


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = optuna.create_study(
        study_name="seen", storage=open_storage(url, create=True)
    )
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    return url


@contextlib.contextmanager
def serving(*where, **how) -> Iterator[Dashboard]:
    with make_dashboard(*where, **how) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(server: Dashboard, path: str, method: str = "GET", **headers: str):
    """Ask as a browser that has been let in; give the status, the text and headers."""
    guard = server.guard
    headers = {"Cookie": f"autocnn-{guard.port}={guard.token}", **headers}
    sent = b"{}" if method in {"POST", "PUT"} else None
    if sent:
        headers["Content-Type"] = "application/json"
    address = f"http://127.0.0.1:{guard.port}{path}"
    request = urllib.request.Request(address, sent, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def names(url: str) -> list[str]:
    return [study.study_name for study in open_storage(url).get_all_studies()]


def test_dashboard_lists_the_studies_of_the_storage(url):
    with serving(url, 0) as server:
        assert server.server_address[0] == "127.0.0.1"
        status, text, headers = ask(server, "/api/studies")
    assert status == 200
    found = [study["study_name"] for study in json.loads(text)["study_summaries"]]
    assert found == ["seen"]
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_stranger_on_this_machine_sees_and_deletes_nothing(url):
    with serving(url, 0) as server:
        for method, path in (("GET", "/"), ("GET", "/api/studies"), *CHANGES):
            status, text, _ = ask(server, path, method, Cookie="")
            assert status == 403
            assert "seen" not in text
            assert "autocnn dashboard has printed" in json.loads(text)["reason"]
    assert names(url) == ["seen"]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_nothing_is_changed_without_being_asked_to(url, method, path):
    with serving(url, 0) as server:
        status, text, _ = ask(server, path, method)
    assert status == 403
    assert "autocnn dashboard --write" in json.loads(text)["reason"]
    assert names(url) == ["seen"]


def test_with_write_its_own_pages_may_delete_and_no_others(url):
    with serving(url, 0, write=True) as server:
        status, _, _ = ask(server, "/api/studies/1", "DELETE", Origin="http://evil.it")
        assert status == 403
        status, _, _ = ask(server, "/api/studies/1", "DELETE", Host="evil.it")
        assert status == 403
        assert names(url) == ["seen"]
        own = f"http://127.0.0.1:{server.server_port}"
        status, _, _ = ask(server, "/api/studies/1", "DELETE", Origin=own)
        assert status == 204
    assert names(url) == []


def test_all_that_the_dashboard_changes_is_no_reading(url):
    """Which of its own calls only read: those that GET, in the release installed."""
    import optuna_dashboard

    app = optuna_dashboard.wsgi(open_storage(url))
    reads = {route.rule for route in app.routes if route.method == "GET"}
    writes = {route.rule for route in app.routes if route.method != "GET"}
    assert "/api/studies/<study_id:int>" in reads & writes
    words = ("studies", "trials", "artifacts", "rdb", "migrate", "llm")
    assert all(any(word in rule for word in words) for rule in writes)


def test_a_refused_upload_is_answered_and_not_broken_off(url):
    with serving(url, 0) as server:
        guard = server.guard
        request = urllib.request.Request(
            f"http://127.0.0.1:{guard.port}/api/artifacts/1",
            b"x" * 500_000,
            {"Cookie": f"autocnn-{guard.port}={guard.token}"},
        )
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            urllib.request.urlopen(request)
        assert b"--write" in refused.value.read()
        refused.value.close()


def test_a_file_of_a_study_does_not_run_as_our_page(url, tmp_path):
    study = exhibited(url, tmp_path)
    with serving(url, 0, tmp_path / "artifacts") as server:
        seen = json.loads(ask(server, f"/api/studies/{study._study_id}")[1])
        (file,) = seen["artifacts"]
        path = f"/artifacts/{study._study_id}/{file['artifact_id']}"
        status, text, headers = ask(server, path)
    assert (status, text.encode()) == (200, SVG)
    assert headers["Content-Security-Policy"] == "sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Access-Control-Allow-Origin"] is None


def test_a_taken_port_is_told(url):
    with (
        make_dashboard(url, 0) as server,
        pytest.raises(RequestError, match="cannot be used"),
    ):
        make_dashboard(url, server.server_port)


def exhibited(url: str, tmp_path) -> optuna.Study:
    """Give the study a note and a picture."""
    study = optuna.load_study(study_name="seen", storage=open_storage(url))
    (tmp_path / "artifacts").mkdir()
    store = FileSystemArtifactStore(tmp_path / "artifacts")
    show_note(study, "## The result\n\nbest of *two*")
    show_file(study, store, "curves.svg", SVG, "image/svg+xml")
    return study


@pytest.fixture
def browse(tmp_path):
    """Open an address in Chromium; give the page that its scripts have made of it."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed")

    def browse(address: str) -> str:
        words = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=30000", "--timeout=60000", "--dump-dom", address,
        ]  # fmt: skip
        ran = subprocess.run(words, capture_output=True, timeout=200, check=True)
        return ran.stdout.decode("utf-8", "replace")

    return browse


def test_a_browser_shows_pages_notes_and_pictures_behind_the_guard(
    url, tmp_path, browse
):
    exhibited(url, tmp_path)
    with serving(url, 0, tmp_path / "artifacts") as server:
        asked: list[tuple[str, str]] = []
        guarded = server.get_app()

        def noted(environment, start):
            def started(status, *rest):
                asked.append((environment["PATH_INFO"], status[:3]))
                return start(status, *rest)

            return guarded(environment, started)

        server.set_app(noted)
        before, _, query = server.address.partition("?")
        everything = browse(server.address)
        study = browse(f"{before}dashboard/studies/1?{query}")
        note = browse(f"{before}dashboard/studies/1/note?{query}")
        stranger = browse(f"{before}dashboard")
    assert "seen" in everything
    assert "best of <em>two</em>" in study + note
    assert re.search(r'<img[^>]*src="/artifacts/1/[0-9a-f-]+"', study + note), asked
    pictures = [status for path, status in asked if path.startswith("/artifacts/")]
    assert pictures
    assert set(pictures) == {"200"}
    refused = [path for path, status in asked if status >= "400"]
    assert set(refused) <= {"/dashboard", "/favicon.ico"}, asked
    assert "open the whole address" in stranger
