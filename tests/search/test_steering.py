"""What a person asks of a running search: done once, answered, or refused in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import optuna
import pytest

from autocnn.errors import RequestError
from autocnn.events import EpochEnded, Event, TrialEnded, TrialPaused, TrialStarted
from autocnn.search import steering
from autocnn.search.steering import DO, Steering, check_params
from autocnn.store.command import OPERATIONS, PREFIX, Command, commands, send
from autocnn.store.rows import snapshot
from autocnn.store.state import SearchState

COPY = {"learning_rate": 0.03, "batch_size": 16, "optimizer": "adam"}
MIXED = {
    "width": {"min": 8, "max": 32, "step": 8},
    "pool": [2, 4, 99],
    "learning_rate": {"min": 0.01, "max": 0.05, "log": True},
}
MIXED_LAYERS = ["conv {width}", "relu", "max_pool {pool}", "flatten"]


def rising(job, fold, epoch):
    return 0.5 + job.trial / 100 + epoch / 1000


@pytest.fixture(autouse=True)
def _asked_every_time(monkeypatch):
    monkeypatch.setattr(steering, "SECONDS", 0.0)


@dataclass
class Person:
    """Watches a search from elsewhere and asks for something when she sees something.

    Given to a search as `emit` she sees events; given as `stopping` she sees how the
    search says it stands.
    """

    study: optuna.Study
    wishes: list[tuple[Callable[[Any], bool], str, dict]] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    leaves_when: str = ""

    def when(self, seen: Callable[[Any], bool], operation: str, **details) -> None:
        self.wishes.append((seen, operation, details))

    def watch(self, event: Event) -> None:
        self._wish(event)

    def stopping(self) -> bool:
        state = self.state
        if state and state.phase not in self.phases[-1:]:
            self.phases.append(state.phase)
        self._wish(state)
        return bool(state and state.phase == self.leaves_when)

    @property
    def state(self) -> SearchState | None:
        return snapshot(self.study).state

    def answers(self) -> list[tuple[bool, str | None]]:
        return [(each.done, each.answer) for each in commands(self.study.user_attrs)]

    def _wish(self, what: Event | SearchState | None) -> None:
        for wish in list(self.wishes):
            seen, operation, details = wish
            if seen(what):
                self.wishes.remove(wish)
                send(self.study, operation, **details)


def epoch(trial: int, number: int = 1):
    return lambda seen: (
        isinstance(seen, EpochEnded) and (seen.trial, seen.epoch) == (trial, number)
    )


def end(trial: int):
    return lambda seen: isinstance(seen, TrialEnded) and seen.trial == trial


def phase(name: str):
    return lambda seen: isinstance(seen, SearchState) and seen.phase == name


@pytest.fixture
def search(make_search):
    return make_search(epochs=2)


@pytest.fixture
def person(search):
    return Person(search.study)


@pytest.fixture
def run(search, scripted, person):
    """Run the search while a person watches; `engine` and `outcome` are kept."""

    def run_it(trials: int, slots: int = 1, **changes):
        engine = scripted(changes.pop("script", rising), slots)
        outcome = search.run(
            engine, trials=trials, emit=person.watch, stopping=person.stopping
        )
        return SimpleNamespace(engine=engine, outcome=outcome)

    return run_it


def statuses(search) -> list[str]:
    return [row.status for row in search.rows()]


def trained(search) -> list[tuple[str, int]]:
    """List what was begun and what ended, in order."""
    words = {TrialStarted: "begin", TrialEnded: "end"}
    return [
        (words[type(event)], event.trial)
        for event in search.heard
        if type(event) in words
    ]


def at_once(search) -> list[int]:
    """Count the trials being trained whenever one has begun."""
    running, counts = 0, []
    for word, _ in trained(search):
        running += 1 if word == "begin" else -1
        if word == "begin":
            counts.append(running)
    return counts


def test_every_operation_that_can_be_sent_can_be_done():
    assert set(DO) == set(OPERATIONS)


def test_a_paused_search_starts_nothing_and_lets_the_running_trials_end(
    search, person, run
):
    person.when(epoch(0), "pause")
    person.leaves_when = "paused"
    ended = run(trials=4, slots=2)
    assert ended.outcome == "interrupted"
    assert [job.trial for job in ended.engine.submitted] == [0, 1]
    assert statuses(search) == ["complete", "complete"]
    assert person.phases == ["searching", "pausing", "paused"]
    assert person.answers() == [(True, "paused; 2 trials will go on to the end")]


def test_a_paused_search_that_goes_on_reaches_its_total(search, person, run):
    person.when(epoch(0), "pause")
    person.when(phase("paused"), "resume")
    assert run(trials=3).outcome == "complete"
    assert statuses(search) == ["complete"] * 3
    assert person.phases == ["searching", "pausing", "paused", "searching"]
    assert person.answers()[1] == (True, "the search goes on")


def test_a_search_paused_in_its_last_trial_ends_with_it(search, person, run):
    person.when(epoch(1), "pause")
    assert run(trials=2).outcome == "complete"
    assert person.state.phase == "ended"


def test_a_paused_search_can_be_finished(search, person, run):
    person.when(epoch(0), "pause")
    person.when(phase("paused"), "finish")
    assert run(trials=3).outcome == "interrupted"
    assert statuses(search) == ["complete"]


def test_a_paused_search_can_be_stopped(search, person, run):
    person.when(epoch(0), "pause")
    person.when(phase("paused"), "stop")
    assert run(trials=3).outcome == "interrupted"
    assert statuses(search) == ["complete"]


def test_a_search_to_be_finished_lets_the_running_trials_end(search, person, run):
    person.when(epoch(0), "finish")
    assert run(trials=9, slots=2).outcome == "interrupted"
    assert statuses(search) == ["complete", "complete"]
    assert person.phases == ["searching", "stopping"]
    assert person.answers() == [(True, "the search ends after 2 trials")]


def test_a_search_finished_in_its_last_trial_is_complete(person, run):
    person.when(epoch(0), "finish")
    assert run(trials=1).outcome == "complete"
    assert person.answers() == [(True, "the search ends after 1 trial")]


def test_a_search_to_be_finished_may_go_on_after_all(search, person, run):
    person.when(epoch(0), "finish")
    person.when(phase("stopping"), "resume")
    assert run(trials=2).outcome == "complete"
    assert statuses(search) == ["complete", "complete"]


def test_a_stopped_search_leaves_its_trials_to_a_later_run(search, person, run):
    person.when(epoch(1), "stop")
    assert run(trials=3, slots=2).outcome == "interrupted"
    assert statuses(search) == ["interrupted", "interrupted"]
    assert (person.state.phase, person.state.outcome) == ("ended", "interrupted")
    assert person.answers()[0][0]
    later = run(trials=3)
    assert later.outcome == "complete"
    assert [(job.trial, job.reported) for job in later.engine.submitted] == [
        (0, 1),
        (1, 1),
        (2, 0),
    ]
    assert statuses(search) == ["complete"] * 3


def test_a_larger_total_is_reached(search, person, run):
    person.when(epoch(0), "trials", count=3)
    assert run(trials=1).outcome == "complete"
    assert statuses(search) == ["complete"] * 3
    assert person.answers() == [(True, "the study is to reach 3 trials")]
    assert person.state.trials == 3


def test_a_smaller_total_ends_the_search_earlier(search, person, run):
    person.when(epoch(1), "trials", count=2)
    assert run(trials=9).outcome == "complete"
    assert statuses(search) == ["complete", "complete"]
    assert person.state.trials == 2


def test_a_total_below_what_is_begun_is_refused(search, person, run):
    # Who means five more and says five would end the search, and lose what is paused.
    person.when(epoch(2), "trials", count=2)
    assert run(trials=9, slots=3).outcome == "complete"
    assert statuses(search) == ["complete"] * 9
    ((done, answer),) = person.answers()
    assert not done
    assert "3 trials are begun already" in answer


def test_more_jobs_train_more_at_once(search, person, run):
    person.when(epoch(0), "jobs", count=3)
    ended = run(trials=4)
    assert statuses(search) == ["complete"] * 4
    assert ended.engine.slots == 3
    assert max(at_once(search)) == 3
    assert trained(search)[:3] == [("begin", 0), ("begin", 1), ("begin", 2)]
    assert person.answers() == [(True, "3 trials at once; those that run go on")]
    assert person.state.jobs == 3


def test_fewer_jobs_let_those_that_run_end(search, person, run):
    person.when(epoch(0), "jobs", count=1)
    assert run(trials=5, slots=3).outcome == "complete"
    assert statuses(search) == ["complete"] * 5
    assert at_once(search) == [1, 2, 3, 1, 1]
    assert person.state.jobs == 1


@pytest.mark.parametrize(
    ("operation", "count", "most"),
    [
        ("trials", 0, "1000000"),
        ("trials", -3, "1000000"),
        ("trials", 10**6 + 1, "1000000"),
        ("trials", None, "1000000"),
        ("trials", "many", "1000000"),
        ("trials", 2.5, "1000000"),
        ("jobs", 0, "256"),
        ("jobs", 257, "256"),
        ("jobs", None, "256"),
    ],
)
def test_a_count_that_cannot_be_is_refused(operation, count, most):
    command = Command(id="x", operation=operation, count=count)
    with pytest.raises(RequestError, match=f"{count} is no number from 1 to {most}"):
        DO[operation](Recorder(), command)


def test_a_count_that_cannot_be_is_answered_and_changes_nothing(search, person, run):
    person.when(epoch(0), "trials", count=0)
    assert run(trials=2).outcome == "complete"
    assert statuses(search) == ["complete", "complete"]
    assert person.answers() == [(False, "0 is no number from 1 to 1000000")]


def test_a_running_trial_is_given_up(search, person, run):
    person.when(epoch(0), "prune", trial=0)
    ended = run(trials=2)
    assert ended.outcome == "complete"
    first, second = search.rows()
    assert (first.status, first.reason, first.epochs) == ("pruned", "by a person", 1)
    assert second.status == "complete"
    assert person.answers() == [(True, "trial 0 is pruned")]
    assert ended.engine.stopped == set()
    assert search.leftovers() == []


def test_giving_one_trial_up_leaves_the_others_alone(search, person, run):
    person.when(epoch(1), "prune", trial=1)
    run(trials=3, slots=3)
    assert statuses(search) == ["complete", "pruned", "complete"]
    assert [row.epochs for row in search.rows()] == [2, 1, 2]


@pytest.mark.parametrize(
    ("trial", "text"),
    [
        (0, "trial 0 is neither running nor paused"),
        (99, "trial 99 is neither running nor paused"),
        (None, "no trial was named"),
    ],
)
def test_a_trial_that_is_not_running_cannot_be_given_up(
    search, person, run, trial, text
):
    person.when(epoch(1), "prune", trial=trial)
    run(trials=2)
    assert person.answers() == [(False, text)]
    assert statuses(search) == ["complete", "complete"]


LEVELS = [[0.9] * 9, [0.5] * 9, [0.6] * 9, [0.55] * 9]
"""Of trials of 9 epochs, judged after 1 and 3; the first goes on, others pause."""


@pytest.fixture
def rungs(make_search, scripted):
    """Run a search with rungs that a person watches."""
    search = make_search(epochs=9, pruner="asha")
    person = Person(search.study)

    def run(trials: int = 4):
        engine = scripted(LEVELS)
        search.run(engine, trials=trials, emit=person.watch, stopping=person.stopping)
        return [(job.trial, job.reported) for job in engine.submitted]

    return SimpleNamespace(search=search, person=person, run=run)


def paused(trial: int):
    return lambda seen: isinstance(seen, TrialPaused) and seen.trial == trial


def test_a_paused_trial_goes_on_next_when_a_person_says_so(rungs):
    rungs.person.when(paused(1), "promote", trial=1)
    submitted = rungs.run()
    assert submitted[:3] == [(0, 0), (1, 0), (1, 1)]
    assert rungs.person.answers() == [(True, "trial 1 goes on when a worker is free")]
    row = rungs.search.rows()[1]
    assert (row.promotions, row.epochs) == (1, 3)


def test_a_trial_that_a_person_promotes_is_not_given_up_before(rungs):
    # With the second of four pausing, at most one can pass, and one more.
    rungs.person.when(paused(2), "promote", trial=1)
    assert (1, 1) in rungs.run(trials=3)
    assert rungs.search.rows()[1].promotions == 1


def test_a_paused_trial_is_given_up_with_its_checkpoint(rungs):
    kept = []

    def look(seen) -> bool:
        if epoch(2)(seen):
            kept.extend(rungs.search.leftovers())
        return False

    rungs.person.when(paused(1), "prune", trial=1)
    rungs.person.when(look, "stop")
    rungs.run()
    row = rungs.search.rows()[1]
    assert (row.status, row.epochs, row.reason) == ("pruned", 1, "by a person")
    assert rungs.person.answers() == [(True, "trial 1 is pruned")]
    assert kept == ["2"]


@pytest.mark.parametrize(
    ("trial", "text"),
    [
        (0, "trial 0 is not paused"),
        (99, "trial 99 is not paused"),
        (None, "no trial was named"),
    ],
)
def test_a_trial_that_is_not_paused_cannot_be_promoted(rungs, trial, text):
    rungs.person.when(epoch(0, 2), "promote", trial=trial)
    rungs.run()
    assert rungs.person.answers() == [(False, text)]


def test_an_edited_copy_is_trained_next_besides_what_was_planned(search, person, run):
    person.when(epoch(0), "enqueue", trial=0, params=COPY)
    ended = run(trials=3)
    rows = search.rows()
    assert [row.status for row in rows] == ["complete"] * 4
    assert (rows[1].params, rows[1].origin) == (COPY, "edited copy of trial 0")
    assert [row.origin for row in rows[2:]] == ["", ""]
    train = ended.engine.submitted[1].recipe.train
    assert (train.learning_rate, train.batch_size) == (0.03, 16)
    assert person.state.trials == 4
    assert person.answers() == [(True, "queued: the next trial trains it")]


def test_a_copy_that_was_not_edited_is_no_new_recipe(search, person, run):
    person.when(epoch(0), "enqueue", params=COPY)
    person.when(epoch(1), "enqueue", trial=1, params=COPY)
    run(trials=2)
    refusal = "trial 1 has this recipe: change a value"
    assert (False, refusal) in person.answers()


def test_copies_are_trained_in_the_order_they_were_sent(search, person, run):
    for rate in (0.02, 0.03, 0.04):
        person.when(epoch(0), "enqueue", params=COPY | {"learning_rate": rate})
    run(trials=1)
    rates = [row.params["learning_rate"] for row in search.rows()]
    assert rates[1:] == [0.02, 0.03, 0.04]


def test_a_copy_sent_while_the_last_trial_runs_is_still_trained(search, person, run):
    person.when(epoch(0, 2), "enqueue", params=COPY)
    assert run(trials=1).outcome == "complete"
    assert [row.params for row in search.rows()][1:] == [COPY]


def test_a_copy_that_was_not_begun_is_trained_by_a_later_run(search, person, run):
    person.when(epoch(0), "enqueue", trial=0, params=COPY)
    person.when(epoch(0), "finish")
    assert run(trials=1).outcome == "interrupted"
    assert statuses(search) == ["complete", "waiting"]
    run(trials=2)
    assert search.rows()[1].params == COPY
    assert statuses(search) == ["complete", "complete"]


def test_a_copy_is_trained_though_the_total_was_lowered(search, person, run):
    person.when(epoch(2), "trials", count=3)
    person.when(epoch(2), "enqueue", params=COPY)
    run(trials=9)
    assert [row.status for row in search.rows()] == ["complete"] * 4


def test_a_copy_is_trained_next_in_a_grid_too(make_search, scripted):
    grid = {"batch_size": [16, 32], "optimizer": ["sgd", "adam", "nadam"]}
    search = make_search(grid, sampler="grid", epochs=1)
    person = Person(search.study)
    copy = {"batch_size": 32, "optimizer": "nadam"}
    person.when(epoch(0), "enqueue", trial=0, params=copy)
    search.run(scripted(rising), trials=3, emit=person.watch)
    begun = [event.trial for event in search.told(TrialStarted)]
    origins = {row.trial: row.origin for row in search.rows()}
    assert origins[begun[1]] == "edited copy of trial 0"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (
            COPY | {"learning_rate": 1.0},
            "learning_rate cannot be 1.0: it is a number from 0.01 to 0.05",
        ),
        (
            {"learning_rate": 0.03, "batch_size": 16},
            "a value for 'optimizer' is missing",
        ),
        (COPY | {"width": 8}, "'width' is not drawn in this study"),
        ({}, "a value for 'batch_size' is missing"),
        (None, "a value for 'batch_size' is missing"),
    ],
)
def test_a_copy_that_cannot_be_trained_is_refused_in_words(
    search, person, run, params, text
):
    person.when(epoch(0), "enqueue", trial=0, params=params)
    assert run(trials=1).outcome == "complete"
    assert person.answers() == [(False, text)]
    assert len(search.rows()) == 1
    assert person.state.trials == 1


@pytest.fixture
def mixed(make_search):
    return make_search(MIXED, MIXED_LAYERS).config


GOOD = {"width": 16, "pool": 2, "learning_rate": 0.05}


@pytest.mark.parametrize(
    "changed", [{}, {"width": 32}, {"width": 8}, {"pool": 4}, {"learning_rate": 0.01}]
)
def test_what_could_have_been_drawn_is_let_through(mixed, changed):
    assert check_params(GOOD | changed, mixed) == GOOD | changed


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"width": 7}, "width cannot be 7: it is a whole number from 8 to 32"),
        ({"width": 33}, "width cannot be 33: it is a whole number from 8 to 32"),
        ({"width": 12}, "width cannot be 12: it is 8 and 8 more each"),
        ({"width": 16.5}, "width cannot be 16.5: it is a whole number"),
        ({"width": "16"}, "width cannot be '16': it is a whole number"),
        ({"width": None}, "width cannot be None: it is a whole number"),
        ({"pool": 3}, "pool cannot be 3: it is one of 2, 4, 99"),
        ({"pool": [2]}, "it is one of 2, 4, 99"),
        ({"learning_rate": 0.06}, "it is a number from 0.01 to 0.05"),
        ({"learning_rate": float("nan")}, "learning_rate cannot be nan"),
        ({"learning_rate": "0.02"}, "it is a number from 0.01 to 0.05"),
        ({"pool": 99}, "max_pool 99"),
    ],
)
def test_what_could_not_have_been_drawn_or_built_is_refused(mixed, changed, problem):
    with pytest.raises(RequestError) as caught:
        check_params(GOOD | changed, mixed)
    assert problem in caught.value.problem


def test_yes_is_no_number(make_search):
    narrow = make_search({"width": {"min": 1, "max": 3}}, ["conv {width}", "flatten"])
    with pytest.raises(RequestError):
        check_params({"width": True}, narrow.config)


def test_what_was_asked_before_the_search_began_is_answered_and_not_done(
    search, person, run
):
    send(person.study, "stop")
    send(person.study, "enqueue", params=COPY)
    assert run(trials=1).outcome == "complete"
    assert statuses(search) == ["complete"]
    assert person.answers() == [(False, "the search had not begun; ask again")] * 2


class Recorder:
    """A search that writes down what it is told."""

    def __init__(self, refuses: str = "") -> None:
        self.told: list[tuple] = []
        self.refuses = refuses

    def __getattr__(self, name: str) -> Callable[..., str]:
        def do(*arguments) -> str:
            self.told.append((name, *arguments))
            if name == self.refuses:
                raise RequestError(f"cannot {name}", hint="never shown")
            return f"did {name}"

        return do


@pytest.fixture
def study(storage):
    return optuna.create_study(study_name="tiny", storage=storage, direction="maximize")


def answered(study) -> list[tuple[bool, str | None]]:
    return [(each.done, each.answer) for each in commands(study.user_attrs)]


def test_every_command_reaches_the_search_as_it_was_meant(study):
    recorder, helm = Recorder(), Steering(study)
    for operation in ("pause", "resume", "finish", "stop"):
        send(study, operation)
    send(study, "trials", count=9)
    send(study, "jobs", count=2)
    send(study, "prune", trial=3)
    send(study, "promote", trial=3)
    send(study, "enqueue", trial=4, params=COPY)
    send(study, "enqueue", params=COPY)
    helm.obey(recorder)
    assert recorder.told == [
        ("pause",),
        ("resume",),
        ("finish",),
        ("stop",),
        ("set_trials", 9),
        ("set_jobs", 2),
        ("prune", 3),
        ("promote", 3),
        ("enqueue", COPY, "edited copy of trial 4"),
        ("enqueue", COPY, ""),
    ]
    assert answered(study) == [(True, f"did {name}") for name, *_ in recorder.told]


def test_a_command_is_carried_out_once(study):
    recorder, helm = Recorder(), Steering(study)
    send(study, "pause")
    helm.obey(recorder)
    helm.obey(recorder)
    send(study, "resume")
    helm.obey(recorder)
    helm.obey(recorder)
    assert recorder.told == [("pause",), ("resume",)]


def test_a_command_that_was_refused_is_not_tried_again(study):
    recorder, helm = Recorder(refuses="prune"), Steering(study)
    send(study, "prune", trial=3)
    helm.obey(recorder)
    helm.obey(recorder)
    assert recorder.told == [("prune", 3)]
    assert answered(study) == [(False, "cannot prune")]


def test_a_command_of_an_earlier_search_is_not_carried_out_by_the_next(study):
    first, second = Recorder(), Recorder()
    helm = Steering(study)
    send(study, "pause")
    helm.obey(first)
    send(study, "stop")
    Steering(study).obey(second)
    assert (first.told, second.told) == ([("pause",)], [])
    assert answered(study) == [
        (True, "did pause"),
        (False, "the search had not begun; ask again"),
    ]


def test_an_operation_of_a_newer_version_is_answered(study):
    recorder, helm = Recorder(), Steering(study)
    study.set_user_attr(f"{PREFIX}x", {"id": "x", "operation": "dance"})
    helm.obey(recorder)
    assert recorder.told == []
    assert answered(study) == [(False, "this search cannot 'dance'")]


def test_a_command_that_cannot_be_understood_stops_nothing(study):
    recorder, helm = Recorder(), Steering(study)
    study.set_user_attr(f"{PREFIX}x", {"id": "x", "mood": "good"})
    study.set_user_attr(f"{PREFIX}y", "pause")
    send(study, "resume")
    helm.obey(recorder)
    assert recorder.told == [("resume",)]


@pytest.mark.parametrize(
    "details", [{"operation": ["pause"]}, {"operation": "enqueue", "params": 5}]
)
def test_a_command_of_odd_values_does_not_end_the_search(search, person, run, details):
    def ask(seen) -> bool:
        if epoch(0)(seen):
            person.study.set_user_attr(f"{PREFIX}x", {"id": "x"} | details)
        return False

    person.when(ask, "pause")
    assert run(trials=1).outcome == "complete"


def test_a_mistake_of_ours_is_not_taken_for_an_unknown_operation(study):
    class Broken(Recorder):
        def pause(self) -> str:
            raise KeyError("a bug")

    helm = Steering(study)
    send(study, "pause")
    with pytest.raises(KeyError, match="a bug"):
        helm.obey(Broken())


def test_the_study_is_asked_every_so_often(study, monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(steering, "SECONDS", 0.5)
    monkeypatch.setattr(steering, "time", SimpleNamespace(monotonic=lambda: clock.now))
    recorder, helm = Recorder(), Steering(study)
    helm.obey(recorder)
    send(study, "pause")
    clock.now = 100.49
    helm.obey(recorder)
    assert recorder.told == []
    clock.now = 100.51
    helm.obey(recorder)
    assert recorder.told == [("pause",)]
