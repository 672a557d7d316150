"""Successive halving with pauses, as pure functions and played to the end."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.search import rungs
from autocnn.search.rungs import ETA, FIRST, Course, Standings

EPOCHS = 9
JUDGED = rungs.rungs(EPOCHS)


@st.composite
def histories(draw) -> list[Course]:
    lengths = st.sampled_from([0, 1, 2, 3, 5, 9])
    found = []
    for trial in range(draw(st.integers(0, 25))):
        length = draw(lengths)
        curve = draw(st.lists(st.floats(0, 1), min_size=length, max_size=length))
        paused = length in JUDGED and draw(st.booleans())
        found.append(Course(trial, tuple(curve), paused))
    return draw(st.permutations(found))


def there(history, rung):
    return [course for course in history if len(course.curve) >= rung]


@pytest.mark.parametrize(
    ("epochs", "judged"),
    [(1, []), (2, [1]), (3, [1]), (4, [1, 3]), (9, [1, 3]), (10, [2, 6]), (20, [3, 9])],
)
def test_successive_halving_judges_at_a_ninth_and_a_third(epochs, judged):
    assert rungs.rungs(epochs) == judged


def test_a_search_trains_a_third_of_a_third():
    assert rungs.epoch_share(9) == pytest.approx((1 + 2 / 3 + 6 / 9) / 9)
    assert rungs.epoch_share(1) == 1.0


@given(histories(), st.sampled_from(JUDGED))
def test_the_first_and_a_third_pass_and_nobody_passes_before_a_better_one(
    history, rung
):
    arrived = there(history, rung)
    standings = Standings(JUDGED, history)
    passed = [c for c in arrived if standings.passes(c.trial, rung)]
    first = [course for course in arrived if course.trial == FIRST]
    assert all(course in passed for course in first)
    earned = [course for course in passed if course not in first]
    assert len(arrived) // ETA - len(first) <= len(earned) <= len(arrived) // ETA
    rest = [course for course in arrived if course not in passed]
    assert all(p.score(rung) >= r.score(rung) for p in earned for r in rest)


@given(histories(), st.randoms())
def test_the_order_in_which_trials_are_known_changes_nothing(history, order):
    shuffled = list(history)
    order.shuffle(shuffled)
    for choose in (rungs.next_promotion, rungs.most_promising):
        assert choose(Standings(JUDGED, history)) == choose(Standings(JUDGED, shuffled))


@given(histories(), st.randoms())
def test_places_are_those_of_all_scores_sorted_however_trials_came_to_them(
    history, order
):
    standings, curves = Standings(JUDGED), {course.trial: [] for course in history}
    grown = [course.trial for course in history for _ in course.curve]
    order.shuffle(grown)
    for trial in [*curves, *grown]:
        whole = next(course.curve for course in history if course.trial == trial)
        curves[trial] += whole[len(curves[trial]) :][:1]
        standings.put(Course(trial, curves[trial]))
    for course in history:
        standings.put(course)
    failed = {course.trial for course in history[::4]}
    for trial in failed:
        standings.remove(trial)
    left = [course for course in history if course.trial not in failed]
    assert len(standings) == len(left)
    for rung in JUDGED:
        ranked = sorted(there(left, rung), key=lambda c: (-c.score(rung), c.trial))
        assert standings.ranking(rung) == ranked


@given(histories(), st.sets(st.integers(0, 25)))
def test_who_is_promoted_waits_has_earned_it_and_leaves_no_better_one(history, busy):
    standings = Standings(JUDGED, history)
    chosen = rungs.next_promotion(standings, busy)
    waiting = [c for c in history if c.paused and c.trial not in busy]
    earned = [
        course
        for course in waiting
        if standings.passes(course.trial, len(course.curve))
    ]
    if chosen is None:
        assert earned == []
        return
    (course,) = [course for course in earned if course.trial == chosen]
    rung = len(course.curve)
    assert rung == max(len(other.curve) for other in earned)
    beside = [other for other in waiting if len(other.curve) == rung]
    best = max(other.score(rung) for other in beside)
    assert course.score(rung) == best or course.trial == FIRST


@given(histories(), st.integers(1, 60), st.integers(0, 4))
def test_nobody_is_given_up_who_might_still_pass(history, more, spare):
    most = len(history) + more
    standings = Standings(JUDGED, history)
    given_up = set(rungs.hopeless(standings, most, spare))
    assert given_up <= {course.trial for course in history if course.paused} - {FIRST}
    for rung, quota in zip(JUDGED, (most // ETA, most // ETA**2), strict=True):
        kept = [c for c in history if c.paused and len(c.curve) == rung]
        kept = [c for c in kept if c.trial not in given_up]
        assert len([c for c in kept if c.trial != FIRST]) <= rungs.KEPT
        best = standings.ranking(rung)[: min(quota, rungs.KEPT)]
        assert not given_up & {c.trial for c in best if len(c.curve) == rung}


def test_the_disk_has_a_bound_however_many_trials_there_are():
    history = [Course(n, (n / 1000,), paused=True) for n in range(1000)]
    given_up = rungs.hopeless(Standings(JUDGED, history), float("inf"), spare=2)
    kept = {course.trial for course in history} - set(given_up)
    assert kept == {FIRST, *range(1000 - rungs.KEPT, 1000)}


@dataclass
class Play:
    """A search without training: workers take epochs one by one, in any order."""

    curves: list[list[float]]
    workers: int
    order: random.Random
    seen: dict[int, list[float]] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    training: set[int] = field(default_factory=set)

    @property
    def history(self) -> list[Course]:
        return [Course(t, c, t in self.paused) for t, c in self.seen.items()]

    @property
    def standings(self) -> Standings:
        return Standings(JUDGED, self.history)

    def employ(self) -> None:
        while len(self.training) < self.workers:
            trial = rungs.next_promotion(self.standings)
            if trial is not None:
                self.paused.remove(trial)
            elif len(self.seen) < len(self.curves):
                trial = len(self.seen)
                self.seen[trial] = []
            else:
                return
            assert trial not in self.training
            self.training.add(trial)

    def train(self) -> None:
        trial = self.order.choice(sorted(self.training))
        self.seen[trial].append(self.curves[trial][len(self.seen[trial])])
        done = len(self.seen[trial])
        if done == EPOCHS:
            self.training.remove(trial)
        elif done in JUDGED and not self.standings.passes(trial, done):
            self.training.remove(trial)
            self.paused.add(trial)

    def crash(self) -> None:
        """Whoever was trained is open; at a rung it is as good as paused there."""
        for trial in list(self.training):
            if len(self.seen[trial]) in JUDGED:
                self.training.remove(trial)
                self.paused.add(trial)


@given(
    st.integers(1, 40), st.integers(1, 5), st.randoms(use_true_random=False), st.data()
)
def test_a_search_leaves_nobody_behind_who_has_earned_to_go_on(
    trials, workers, order, data
):
    curves = [[order.random() for _ in range(EPOCHS)] for _ in range(trials)]
    play = Play(curves, workers, order)
    crashes = data.draw(st.sets(st.integers(0, 100), max_size=3))
    play.employ()
    steps = 0
    while play.training:
        play.train()
        if steps in crashes:
            play.crash()
        play.employ()
        steps += 1
        assert len(play.training) <= workers
        assert not play.training & play.paused
    assert len(play.seen) == trials
    assert rungs.next_promotion(play.standings) is None
    for rung in JUDGED:
        arrived = there(play.history, rung)
        beyond = there(play.history, rung + 1)
        assert len(beyond) >= len(arrived) // ETA
