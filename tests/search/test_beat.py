"""The driver's word on itself: now and then, at once when it matters, to the end."""

import os
from types import SimpleNamespace

import optuna
import pytest

from autocnn import __version__
from autocnn.events import EpochEnded
from autocnn.search import beat as beats
from autocnn.search import driver as drivers
from autocnn.search.beat import Beat
from autocnn.search.jobs import Progress
from autocnn.store.command import send
from autocnn.store.rows import snapshot
from autocnn.store.state import BEAT_SECONDS, STATE, Pace, SearchState


@pytest.fixture
def study(storage):
    return optuna.create_study(study_name="tiny", storage=storage, direction="maximize")


class Clock:
    """Stands still until it is told the time; `step` seconds pass at each look."""

    def __init__(self, monkeypatch, step: float = 0.0) -> None:
        self.now = 1000.0
        self.step = step
        monkeypatch.setattr(beats, "time", SimpleNamespace(monotonic=self._look))

    def _look(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def read(study) -> SearchState:
    return snapshot(study).state


def say(beat: Beat, phase: str = "searching", **changes) -> None:
    settings = {"jobs": 1, "trials": 9, "seconds_left": lambda: 60.0, "paces": {}}
    beat.write(phase, **(settings | changes))


def test_a_state_says_who_searches_and_where(study, clock):
    beat = Beat(study, "2 x fast", clock.now, (1, 3, 9))
    paces = {3: Pace(epoch=2, share=0.5, images_per_second=900.0)}
    clock.now += 1.5
    say(beat, jobs=2, paces=paces)
    state = read(study)
    assert (state.phase, state.jobs, state.trials) == ("searching", 2, 9)
    assert (state.device, state.rungs) == ("2 x fast", (1, 3, 9))
    assert (state.pid, state.version) == (os.getpid(), __version__)
    assert state.host
    assert (state.seconds, state.earlier_seconds) == (1.5, 0.0)
    assert (state.seconds_left, state.paces) == (60.0, paces)


def test_a_state_says_what_the_machine_is_doing(study, clock):
    say(Beat(study, "cpu", clock.now))
    load = read(study).load
    assert 0 <= load.cpu <= 1
    assert load.cores >= 1
    assert 0 < load.memory < load.memory_total


def test_a_state_says_what_checkpoints_take_on_the_disk(study, clock, tmp_path):
    beat = Beat(study, "cpu", clock.now, checkpoints=tmp_path / "checkpoints")
    sizes = []

    def look(passed: float, phase: str = "searching") -> None:
        clock.now += passed
        say(beat, phase)
        sizes.append(read(study).checkpoint_bytes)

    look(0.0)
    (tmp_path / "checkpoints" / "3").mkdir(parents=True)
    (tmp_path / "checkpoints" / "3" / "state.pt").write_bytes(b"x" * 1000)
    (tmp_path / "checkpoints" / "best.pt").write_bytes(b"x" * 24)
    look(beats.LOOK_SECONDS - 1)  # it is looked for again only after a while
    look(2.0)
    (tmp_path / "checkpoints" / "best.pt").unlink()
    look(BEAT_SECONDS, "ended")
    assert sizes == [0, 0, 1024, 1000]


def test_a_search_says_what_its_paused_trials_take(make_search, scripted):
    search = make_search(epochs=9, pruner="asha")
    stop = iter([False] * 4)
    search.run(scripted(rising), trials=9, stopping=lambda: next(stop, True))
    kept = search.read().state.checkpoint_bytes
    files = search.folder.glob("checkpoints/**/*")
    assert kept == sum(file.stat().st_size for file in files if file.is_file()) > 0
    assert search.run(scripted(rising), trials=3) == "complete"
    assert search.read().state.checkpoint_bytes == 0


@pytest.mark.parametrize(
    ("goes_on", "seconds"), [(True, (7.0, 0.0)), (False, (2.0, 5.0))]
)
def test_a_run_goes_on_to_count_its_seconds_or_begins_anew(
    study, clock, goes_on, seconds
):
    begun = clock.now
    first = Beat(study, "cpu", begun, rungs=(1, 3))
    clock.now += 5.0
    say(first)
    if not goes_on:
        begun = clock.now
        beats.starting(study, "cpu", 1, 9)
    second = Beat(study, "cpu", begun)
    clock.now += 2.0
    say(second)
    state = read(study)
    assert (state.seconds, state.earlier_seconds) == seconds
    assert tuple(state.rungs) == ((1, 3) if goes_on else ())


def test_a_state_is_written_every_so_often(study, clock):
    beat = Beat(study, "cpu", clock.now)
    begun, counts = clock.now, []
    for passed in (0.0, 0.1, BEAT_SECONDS - 0.1, BEAT_SECONDS, BEAT_SECONDS + 0.1):
        clock.now = begun + passed
        say(beat)
        counts.append(read(study).beat)
    assert counts == [1, 1, 1, 2, 2]


def test_what_is_not_written_is_not_worked_out(study, clock):
    asked = []
    beat = Beat(study, "cpu", clock.now)
    for _ in range(3):
        say(beat, seconds_left=lambda: asked.append(1))
    assert len(asked) == 1
    assert read(study).seconds_left is None


@pytest.mark.parametrize(
    "change",
    [
        {"phase": "paused"},
        {"jobs": 2},
        {"trials": 10},
        {"phase": "ended", "outcome": "complete"},
    ],
)
def test_what_a_person_did_is_written_at_once(study, clock, change):
    beat = Beat(study, "cpu", clock.now)
    say(beat)
    say(beat, **change)
    state = read(study)
    assert state.beat == 2
    assert all(getattr(state, name) == value for name, value in change.items())


def test_the_pace_of_trials_alone_waits(study, clock):
    beat = Beat(study, "cpu", clock.now)
    say(beat)
    say(beat, paces={0: Pace(epoch=1, share=0.5)})
    assert read(study).paces == {}


def test_the_last_notice_is_said_from_then_on(study, clock):
    beat = Beat(study, "cpu", clock.now)
    for text in ("first", "second"):
        beat.notice(text)
    say(beat)
    assert read(study).notice == "second"
    say(beat, phase="ended")
    assert read(study).notice == "second"


def test_a_search_that_has_ended_has_no_time_left(study, clock):
    beat = Beat(study, "cpu", clock.now)
    say(beat, phase="ended", outcome="time is up")
    state = read(study)
    assert (state.phase, state.outcome) == ("ended", "time is up")
    assert state.seconds_left is None


def test_the_seconds_of_all_runs_add_up(study, clock):
    for seconds, earlier in ((10.0, 0.0), (5.0, 10.0), (2.5, 15.0)):
        beats.starting(study, "cpu", 1, 9)
        beat = Beat(study, "cpu", clock.now)
        clock.now += seconds
        say(beat)
        state = read(study)
        assert (state.seconds, state.earlier_seconds) == (seconds, earlier)
        assert state.beat == 1


def test_a_state_of_another_version_counts_for_nothing(study, clock):
    study.set_user_attr(STATE, {"phase": "dreaming", "seconds": 99.0})
    say(Beat(study, "cpu", clock.now))
    assert read(study).earlier_seconds == 0.0


def rising(job, fold, epoch):
    return 0.5 + job.trial / 100 + epoch / 1000


class Seen:
    """Every state that a search wrote, seen between two steps of it."""

    def __init__(self, search) -> None:
        self.study = search.study
        self.states: list[SearchState] = []

    def look(self) -> bool:
        state = read(self.study)
        if state is not None and state not in self.states[-1:]:
            self.states.append(state)
        return False


def test_a_search_says_how_it_ended(make_search, scripted):
    search = make_search(epochs=1)
    assert search.run(scripted(rising, slots=2), trials=2) == "complete"
    state = search.read().state
    assert (state.phase, state.outcome) == ("ended", "complete")
    assert (state.jobs, state.trials) == (2, 2)
    assert state.paces == {}


def test_an_interrupted_search_says_so(make_search, scripted):
    search = make_search()
    stop = iter([False])
    search.run(scripted(rising), trials=2, stopping=lambda: next(stop, True))
    state = search.read().state
    assert (state.phase, state.outcome) == ("ended", "interrupted")


def test_a_search_whose_trials_keep_failing_says_so(make_search, scripted):
    search = make_search(epochs=1)
    search.run(scripted(lambda *_: "failed: diverged: at epoch 1"), trials=9)
    state = search.read().state
    assert (state.phase, state.outcome) == ("ended", "failed")


def test_a_search_whose_time_is_up_says_so(make_search, scripted, monkeypatch):
    monkeypatch.setattr(drivers, "time", SimpleNamespace(monotonic=lambda: 1.0))
    search = make_search()
    search.run(scripted(rising), trials=9, deadline=0.5)
    state = search.read().state
    assert (state.phase, state.outcome) == ("ended", "time is up")


def test_a_driver_that_dies_does_not_say_that_it_has_ended(make_search, scripted):
    search = make_search()

    def die(event):
        if type(event) is EpochEnded:
            raise MemoryError

    with pytest.raises(MemoryError):
        search.run(scripted(rising), trials=2, emit=die)
    state = search.read().state
    assert (state.phase, state.outcome) == ("searching", "")


def test_a_run_knows_how_long_the_earlier_ones_took(make_search, scripted, monkeypatch):
    clock = Clock(monkeypatch, step=1.0)
    search = make_search(epochs=1)
    states = []
    for trials in (1, 2, 3):
        beats.starting(search.study, "cpu", 1, trials)
        search.run(scripted(rising), trials=trials, begun=clock.now)
        states.append(search.read().state)
    first, second, third = states
    assert first.earlier_seconds == 0.0
    assert second.earlier_seconds == first.seconds > 0
    assert third.earlier_seconds == first.seconds + second.seconds


def test_a_search_says_where_its_trials_are(make_search, scripted, monkeypatch):
    monkeypatch.setattr(beats, "BEAT_SECONDS", 0.0)
    search = make_search(epochs=3)
    engine, seen = scripted(rising), Seen(search)
    heard = engine.poll

    def poll(timeout):
        said = heard(timeout)
        if len(search.told(EpochEnded)) == 0:
            said.append(Progress(trial=0, epoch=2, share=0.123456))
        return said

    engine.poll = poll
    search.run(engine, trials=1, stopping=seen.look)
    paces = [state.paces.get(0) for state in seen.states]
    assert paces[:3] == [
        None,
        Pace(epoch=2, share=0.123, images_per_second=100.0),
        Pace(epoch=3, share=0.0, images_per_second=100.0),
    ]
    beaten = [state.beat for state in seen.states]
    assert beaten == sorted(set(beaten))


@pytest.mark.parametrize("folds", [0, 2])
def test_no_trial_is_in_an_epoch_that_it_has_not(
    make_search, scripted, monkeypatch, folds
):
    monkeypatch.setattr(beats, "BEAT_SECONDS", 0.0)
    search = make_search(epochs=2, folds=folds)
    seen = Seen(search)
    search.run(scripted(rising), trials=1, stopping=seen.look)
    paces = [pace for state in seen.states for pace in state.paces.values()]
    assert paces
    assert all(pace.epoch <= 2 for pace in paces)


def test_a_progress_of_a_trial_that_is_over_is_ignored(make_search, scripted):
    search = make_search(epochs=1)
    engine = scripted(rising)
    heard = engine.poll
    engine.poll = lambda timeout: [
        Progress(trial=99, epoch=1, share=0.5),
        *heard(timeout),
    ]
    assert search.run(engine, trials=2) == "complete"


def test_a_trial_that_goes_on_elsewhere_is_the_notice(make_search, scripted):
    search = make_search()
    losses = iter(["lost: its worker was ended by SIGKILL"])
    script = scripted(lambda job, fold, epoch: next(losses, 0.5))
    search.run(script, trials=1)
    assert search.read().state.notice == (
        "trial 0 begins again: its worker was ended by SIGKILL"
    )


@pytest.mark.parametrize(
    ("changes", "rungs"),
    [
        ({"pruner": "asha", "epochs": 9}, (1, 3)),
        ({"pruner": "none", "epochs": 9}, ()),
        ({"pruner": "asha", "epochs": 2, "folds": 2}, ()),
    ],
)
def test_a_search_says_at_which_epochs_it_judges(make_search, scripted, changes, rungs):
    search = make_search(**changes)
    search.run(scripted(rising), trials=1)
    assert search.read().state.rungs == rungs


def test_a_new_search_does_not_end_as_the_last_one_did(make_search, scripted):
    search = make_search(epochs=1)
    search.run(scripted(rising), trials=1)
    seen = Seen(search)
    send(seen.study, "pause")
    search.run(scripted(rising), trials=2, stopping=seen.look)
    (ended, *later) = seen.states
    assert (ended.phase, ended.outcome) == ("ended", "complete")
    assert {(state.phase, state.outcome) for state in later} == {("searching", "")}
