"""The best of many scores, corrected: tried on candidates whose truth is known."""

import json
import statistics

import numpy as np
import pytest
import torch

from autocnn.deliver.estimate import correct, estimate, expected, predicted
from autocnn.search.best import ANSWERS
from autocnn.train import answers


def guesses(candidates: int, images: int, accuracy: float, seed: int) -> np.ndarray:
    """Candidates that are all equally good, each right on images of its own."""
    return np.random.default_rng(seed).random((candidates, images)) < accuracy


def test_of_many_equals_the_best_is_worth_no_more_than_the_others():
    raw, corrected = [], []
    for seed in range(20):
        right = guesses(40, 300, 0.9, seed)
        raw.append(right.mean(axis=1).max())
        corrected.append(correct(right))
    assert statistics.mean(raw) > 0.93
    assert statistics.mean(corrected) == pytest.approx(0.9, abs=0.008)


def test_one_that_is_much_better_keeps_its_score():
    right = np.concatenate([guesses(20, 500, 0.6, 0), guesses(1, 500, 0.9, 1)])
    assert correct(right) == pytest.approx(right[-1].mean(), abs=0.003)


def test_a_single_candidate_was_not_chosen():
    right = guesses(1, 200, 0.8, 0)
    assert correct(right) == pytest.approx(right.mean(), abs=0.003)


def test_equals_count_the_same_whatever_their_order():
    right = guesses(6, 100, 0.8, 3)
    again = np.concatenate([right, right[::-1]])
    assert correct(again) == pytest.approx(correct(right), abs=1e-6)


@pytest.mark.parametrize("accuracy", [0.7, 0.95, 0.99])
def test_test_scores_fall_into_the_predicted_interval(accuracy):
    generator = np.random.default_rng(0)
    within = 0
    for _ in range(400):
        seen = generator.binomial(300, accuracy) / 300
        low, high = predicted(seen, 300, 400)
        within += low <= generator.binomial(400, accuracy) / 400 <= high
    assert within / 400 >= 0.93


@pytest.mark.parametrize("others", [0.94, 0.955, 0.985])
def test_the_chosen_one_s_test_score_falls_into_the_interval(others, monkeypatch):
    """One of many is better, or no better, and few images tell."""
    monkeypatch.setattr("autocnn.deliver.estimate.DRAWS", 100)
    generator, within = np.random.default_rng(1), 0
    truth = np.array([0.985] + [others] * 60)
    for _ in range(200):
        right = generator.random((61, 150)) < truth[:, None]
        scores = right.mean(axis=1)
        best = scores.max()
        low, high = expected(min(best, correct(right)), best, 150, 135)
        chosen = truth[scores == best].max()
        within += low <= generator.binomial(135, chosen) / 135 <= high
    assert within / 200 >= 0.95


def test_an_interval_is_wider_than_what_was_seen_alone_and_stays_within_bounds():
    low, high = predicted(1.0, 300, 300)
    assert 0.97 < low < 1.0
    assert high == 1.0
    narrow = predicted(0.9, 10_000, 10_000)
    assert narrow[0] == pytest.approx(0.9 - 1.96 * (2 * 0.09 / 10_000) ** 0.5, abs=2e-3)


@pytest.fixture
def put(tmp_path):
    """Keep a network's answers in a study's folder."""

    def keep(name: str, right: np.ndarray, **card) -> None:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "card.json").write_text(json.dumps(card))
        logits = torch.zeros(right.shape[1], 2, dtype=torch.float16)
        kept = answers.Answers(logits, torch.from_numpy(right))
        answers.save(folder / ANSWERS, kept)

    return keep


def test_all_kept_networks_of_a_study_have_competed(put, tmp_path):
    put("networks/3", guesses(4, 100, 0.8, 0), trial=3)
    put("networks/5", guesses(2, 100, 0.8, 1), trial=5)
    put("best", guesses(6, 100, 0.9, 2), trial=3, final=True)
    found = estimate(tmp_path, 500)
    assert (found.networks, found.epochs, found.test_images) == (3, 12, 500)
    assert found.corrected < found.val_accuracy
    assert found.interval[0] < found.corrected < found.interval[1]


def test_the_best_trial_is_counted_once(put, tmp_path):
    right = guesses(4, 100, 0.8, 0)
    put("best", right[:2], trial=3)
    put("networks/3", right, trial=3)
    assert estimate(tmp_path, 100).epochs == 4


def test_answers_to_other_images_are_left_out(put, tmp_path):
    put("best", guesses(2, 100, 0.8, 0), trial=3, final=True)
    put("networks/4", guesses(3, 90, 0.8, 0), trial=4)
    assert estimate(tmp_path, 100).networks == 1


def test_without_answers_nothing_is_estimated(tmp_path):
    assert estimate(tmp_path, 100) is None
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "card.json").write_text("{}")
    assert estimate(tmp_path, 100) is None


@pytest.mark.parametrize("seed", range(6))
def test_a_correction_never_makes_a_score_better(put, tmp_path, seed):
    put("best", guesses(1, 300, 0.97, seed), trial=0)
    found = estimate(tmp_path, 100, seed=seed)
    assert found.corrected <= found.val_accuracy
