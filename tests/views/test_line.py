"""A search as one line: on a terminal, in a notebook, in a log."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from autocnn import events
from autocnn.views import line
from autocnn.views.line import Standing, shown


def started(trials=50):
    return events.SearchStarted(
        study="digits",
        data="digits",
        storage="autocnn.db",
        device="2 CPU cores",
        jobs=2,
        sampler="tpe",
        pruner="asha",
        epochs=9,
        trials=trials,
        done=3,
    )


def begun(trial, seconds_left=None):
    return events.TrialStarted(
        trial=trial,
        parameters=10,
        flops=10,
        epochs=9,
        epochs_done=0,
        params={},
        seconds_left=seconds_left,
    )


def ended(trial, status="complete"):
    return events.TrialEnded(
        trial=trial, status=status, val_accuracy=0.9, epochs=9, seconds=1.0
    )


SEARCH = [
    events.Notice(text="measuring this machine"),
    started(),
    begun(3),
    begun(4, seconds_left=60.0),
    events.TrialPaused(trial=4, val_accuracy=0.5, epochs=1, reason="3rd of 3"),
    begun(5, seconds_left=42.0),
    ended(3),
    ended(6, "refused"),
    events.BestImproved(trial=3, val_accuracy=0.9, folder="studies/digits/best"),
]


def test_a_line_says_where_the_search_is():
    standing = Standing()
    for event in SEARCH:
        standing.hear(event)
    assert str(standing) == (
        "digits: 4 of 50 trials, 1 running, best 90.0% (trial 3), about 42s left"
    )
    assert standing.share == 4 / 50
    standing.hear(
        events.SearchEnded(
            study="digits",
            outcome="complete",
            trials=4,
            best=3,
            val_accuracy=0.9,
            seconds=60.0,
        )
    )
    assert str(standing) == "digits: 4 of 50 trials, best 90.0% (trial 3), complete"
    standing.hear(started(trials=0))
    assert str(standing).startswith("digits: 3 trials")
    assert standing.share is None


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(line, "SECONDS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")


def test_on_a_terminal_the_line_is_written_anew(terminal, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with shown() as display:
        for event in SEARCH:
            display.emit(event)
        display.work("decoding", 5, 60)
    said = capsys.readouterr().err
    assert said.count("\n") == 1  # the notice stays
    frames = said.split(line.CLEAR)
    assert all(len(frame) < 40 for frame in frames)
    assert frames[-1] == ""
    assert "digits: 4 of 50 trials, 1 running, best"[:39] in frames[-3]


def test_in_a_notebook_one_element_is_updated(monkeypatch):
    pages = []
    handle = SimpleNamespace(update=pages.append)
    display = ModuleType("IPython.display")
    display.HTML = str
    display.display = lambda page, display_id: handle
    ipython = ModuleType("IPython")
    ipython.display = display
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(line, "SECONDS", 0.0)
    with shown() as found:
        for event in SEARCH:
            found.emit(event)
        found.emit(events.Notice(text="<b>"))
    assert pages[-1].startswith('<progress value="0.080"></progress> digits: 4 of 50')
    assert pages[-1].endswith("<br><small>&lt;b&gt;</small>")


def test_elsewhere_lines_are_written_that_a_log_should_hold(capsys):
    with shown() as display:
        for event in SEARCH:
            display.emit(event)
        display.work("decoding", 5, 60)
    said = capsys.readouterr().err.splitlines()
    assert [text.split(":")[0] for text in said] == [
        "measuring this machine",
        "study digits",
        "trial 3 complete (val 90.0%, 9 epochs, 1.0s)",
        "trial 6 refused",
    ]
