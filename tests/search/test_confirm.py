"""The best recipes trained again: which wins by its mean, broken off and gone on."""

import json
import math
import time

import pytest

from autocnn.events import Notice
from autocnn.search import confirm
from autocnn.search.confirm import SEEDS, Confirmation, chosen
from autocnn.search.trials import Plan
from autocnn.store.command import send
from autocnn.store.confirmed import Confirmed

CURVES = [[0.5] * 3, [0.6, 0.8, 0.7], [0.4] * 3, [0.7, 0.7, 0.7]]
LUCKY = {1: 0.6, 3: 0.72, 0: 0.5}
"""What fresh trainings of each recipe come to: trial 1 had been lucky."""


@pytest.fixture
def searched(make_search, scripted):
    search = make_search(epochs=3)
    assert search.run(scripted(CURVES), trials=4, final=True) == "complete"
    return search


def again(job, fold, epoch):
    """The best epoch is the second; seeds differ a little."""
    trial, seed = divmod(job.trial, SEEDS)
    return LUCKY[trial] + 0.01 * seed - 0.1 * (epoch != 2)


def run(search, engine, *, stopping=lambda: False, count=3, deadline=math.inf) -> bool:
    plan = Plan(
        config=search.config, info=search.data.info, data=search.data.folder,
        folder=search.folder, trials=4, final=True, confirm=count, deadline=deadline,
    )  # fmt: skip
    return Confirmation(search.study, plan, engine, search.heard.append).run(stopping)


def test_the_recipe_that_is_best_by_its_mean_wins(searched, scripted):
    assert searched.read().best().trial == 1
    engine = scripted(again, slots=2)
    assert run(searched, engine)
    found = searched.read()
    assert found.confirmed.trials == (1, 3, 0)
    assert found.confirmed.scores[3] == pytest.approx({0: 0.72, 1: 0.73, 2: 0.74})
    mean, error = found.confirmed.mean(3)
    assert (mean, error) == pytest.approx((0.73, 0.01 / 3**0.5))
    assert found.confirmed.winner == chosen(found).trial == 3
    assert found.best().trial == 1
    assert sum("confirmed: trial" in n.text for n in searched.told(Notice)) == 3
    assert searched.leftovers() == []


def test_all_recipes_have_the_same_fresh_seeds(searched, scripted):
    engine = scripted(again)
    run(searched, engine)
    seeds = {}
    for job in engine.submitted:
        seeds.setdefault(job.trial // SEEDS, set()).add(job.seed)
        assert job.recipe.train.epochs == 3
    assert seeds[1] == seeds[3] == seeds[0]
    assert len(seeds[1]) == SEEDS
    tried = {row.trial for row in searched.rows()}
    assert not seeds[1] & tried


def test_a_full_disk_breaks_it_off_and_it_goes_on(searched, scripted):
    full = ["unsaved: the disk is full"]

    def script(job, fold, epoch):
        return full.pop() if full and epoch == 2 else again(job, fold, epoch)

    assert not run(searched, scripted(script))
    assert searched.told(Notice)[-1].text == "the disk is full"
    assert run(searched, scripted(script))
    assert searched.read().confirmed.winner == 3


def test_one_that_is_broken_off_goes_on(searched, scripted):
    heard = []
    engine = scripted(lambda *of: heard.append(of) or again(*of))
    assert not run(searched, engine, stopping=lambda: len(heard) >= 8)
    begun = searched.read().confirmed
    assert not begun.complete
    assert begun.winner is None
    assert chosen(searched.read()).trial == 1
    assert searched.leftovers() == ["confirm"]
    # A driver that looks for what can be deleted lets it be.
    searched.driver(scripted(again), trials=4)
    assert searched.leftovers() == ["confirm"]
    rest = scripted(again)
    assert run(searched, rest)
    assert len(rest.submitted) == 9 - sum(map(len, begun.scores.values()))
    assert searched.read().confirmed.winner == 3


def test_a_person_can_stop_it(searched, scripted):
    slow = scripted(again)
    patient = slow.poll

    def poll(timeout):
        time.sleep(0.2)
        if len(slow.submitted) == 2 and not searched.read().commands:
            send(searched.study, "stop")
        return patient(timeout)

    slow.poll = poll
    assert not run(searched, slow)
    assert searched.read().commands[0].done


def test_what_is_confirmed_is_not_trained_again(searched, scripted):
    run(searched, scripted(again))
    engine = scripted(again)
    assert run(searched, engine)
    assert engine.submitted == []


def test_with_a_better_trial_the_old_confirmation_decides_nothing(searched, scripted):
    run(searched, scripted(again))
    searched.run(scripted([*CURVES, [0.95] * 3]), trials=5, final=True)
    assert chosen(searched.read()).trial == 4
    engine = scripted(lambda job, fold, epoch: 0.9)
    run(searched, engine)
    # Of trials 1 and 3 it is known what they come to.
    assert {job.trial // SEEDS for job in engine.submitted} == {4}


def test_a_failure_counts_as_nothing_learned_and_a_lost_worker_is_replaced(
    searched, scripted
):
    lost = []

    def play(job, fold, epoch):
        trial, seed = divmod(job.trial, SEEDS)
        if (trial, seed) == (3, 0):
            return "failed: diverged"
        if (trial, seed) == (1, 0) and not lost:
            lost.append(job)
            return "lost: its worker was ended by SIGKILL"
        return again(job, fold, epoch)

    assert run(searched, scripted(play))
    found = searched.read().confirmed
    assert found.scores[3][0] == 0.0
    assert found.scores[1][0] == pytest.approx(0.6)
    assert found.winner == 1


def test_without_time_for_it_none_is_made_and_that_is_said(searched, scripted):
    engine = scripted(again)  # nine trainings of three seconds
    assert run(searched, engine, deadline=time.monotonic() + 100)
    assert engine.submitted == []
    (notice,) = searched.told(Notice)
    assert notice.text.startswith("no confirmation: ")
    assert searched.read().confirmed is None


def test_with_folds_the_mean_over_folds_counts(make_search, scripted):
    search = make_search(epochs=2, folds=2)
    search.run(scripted(lambda job, fold, epoch: 0.5), trials=1, final=True)
    run(search, scripted(lambda job, fold, epoch: 0.1 * fold + 0.01 * epoch), count=1)
    assert search.read().confirmed.scores[0][0] == pytest.approx(0.17)


def test_none_are_confirmed_if_none_are_asked_for(searched, scripted):
    engine = scripted(again)
    assert run(searched, engine, count=0)
    assert engine.submitted == []
    assert confirm.candidates(searched.read(), 0) == []


def test_it_is_read_as_it_was_written():
    found = Confirmed(trials=(4, 2), seeds=3, scores={4: {0: 0.5}, 2: {0: 0.4, 2: 0.6}})
    assert Confirmed.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert Confirmed.from_dict({"trials": 3}) is None
    assert Confirmed.from_dict(None) is None
