"""A search from its first trial to its last word, told in events."""

import dataclasses
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

import optuna

from autocnn.commands.endings import interrupts
from autocnn.commands.outline import started
from autocnn.commands.setup import Setup
from autocnn.deliver.artifacts import Sender
from autocnn.deliver.verdict import pronounce
from autocnn.errors import UnavailableError
from autocnn.events import Emit, Notice, SearchEnded
from autocnn.processes import threads_of
from autocnn.search.beat import starting
from autocnn.search.confirm import Confirmation
from autocnn.search.driver import Driver
from autocnn.search.ending import broken_off, ended, finish
from autocnn.search.gone import told_when_gone
from autocnn.search.hands import WON, Outcome
from autocnn.search.sole import check_silent, only_search
from autocnn.search.study import enqueue_start, open_study
from autocnn.search.trials import Plan
from autocnn.storage import open_storage
from autocnn.store.environment import Environment, environment, record
from autocnn.store.rows import StudySnapshot, snapshot
from autocnn.waiting import no_longer, patiently, saying

Interrupts = Callable[[Emit], AbstractContextManager[Callable[[], bool]]]


def run(
    setup: Setup,
    emit: Emit,
    ready: Callable[[optuna.Study], None] | None = None,
    *,
    interrupts: Interrupts = interrupts,
) -> tuple[StudySnapshot, Outcome]:
    """Hold the study, start the workers, drive; return how it ended.

    `ready` is called with the study when the search is about to begin; `interrupts`
    hand out, while it trains, who says when to stop.
    """
    begun_at = time.monotonic()

    def say(text: str) -> None:
        emit(Notice(text=text))

    url = setup.place.url
    gone = told_when_gone(setup.name, url)
    with saying(say), only_search(setup.folder, url), gone:
        # It was there when the search was set up: it comes back.
        storage = patiently(lambda: open_storage(url, create=True), _away)
        check_silent(storage, setup.name, say)
        study = open_study(storage, setup.name, setup.config)
        plan = setup.plan(study, begun_at)
        enqueue_start(study, setup.config, plan.trials, setup.points(storage))
        starting(study, setup.device_name, setup.jobs, plan.trials or 0)
        record(study, _environment(setup, plan.trials))
        told = emit
        if setup.location is not None:
            told = Sender(study, setup.folder, setup.location, say).after(emit)
        if ready is not None:
            ready(study)
        alone = storage.alone_with(study._study_id)
        with alone, interrupts(emit) as stopping, no_longer(stopping):
            outcome = _drive(setup, study, plan, told, stopping)
        if outcome != "interrupted":
            opens = plan.final and outcome in WON
            pronounce(study, plan, setup.data, setup.site.home, told, open_test=opens)
        found = snapshot(study)
    best = found.best()
    told(
        SearchEnded(
            study=setup.name,
            outcome=outcome,
            trials=found.total,
            best=best.trial if best else None,
            val_accuracy=best.val_accuracy if best else None,
            seconds=time.monotonic() - begun_at,
            counts=found.counts(),
        )
    )
    return found, outcome


def _away(error: Exception) -> str | None:
    return error.problem if isinstance(error, UnavailableError) else None


def _environment(setup: Setup, trials: int | None) -> Environment:
    """Say what this run is on and with: each worker has its share of the cores."""
    jobs = min(setup.jobs, trials or setup.jobs)
    return environment(
        device=setup.device_name,
        kind=setup.site.device.type,
        jobs=jobs,
        threads=threads_of(jobs),
    )


def _drive(
    setup: Setup,
    study: optuna.Study,
    plan: Plan,
    emit: Emit,
    stopping: Callable[[], bool],
) -> Outcome:
    """Train the trials; if wanted, then the best ones again, and the winner."""
    final = broken_off(snapshot(study), plan.trials) if plan.final else None
    outcome: Outcome = "complete"
    if final is not None:
        emit(started(setup, study, plan.trials, ()))
    else:
        with closing(setup.engine(plan.trials)) as engine:
            driver = Driver(study, plan, engine, emit)
            emit(started(setup, study, plan.trials, driver.interrupted))
            outcome = driver.run(stopping)
            if not plan.final or outcome not in WON:
                return outcome
            if not Confirmation(study, plan, engine, emit).run(stopping):
                return ended(study, plan, "interrupted")
    ending = finish(
        study, plan, setup.site.engine_alone, emit, outcome, stopping, final
    )
    if ending is not None:
        return ending
    emit(Notice(text="so its time goes to more trials"))
    rest = dataclasses.replace(plan, final=False, final_seconds=0.0)
    with closing(setup.engine(plan.trials)) as engine:
        return Driver(study, rest, engine, emit).run(stopping)
