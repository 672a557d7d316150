"""What a network's answers come to: checked by hand, and by those who defined it."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import log_loss

from autocnn.evaluation import WORST, Evaluation, evaluate, wilson

CLASSES = ("cat", "dog", "eel")
SAYS = np.array(
    [
        [0.9, 0.1, 0.0],
        [0.6, 0.4, 0.0],
        [0.2, 0.8, 0.0],
        [0.7, 0.3, 0.0],
    ],
    dtype=np.float32,
)
IS = np.array([0, 1, 1, 1])


def evaluated(probabilities=SAYS, labels=IS, classes=CLASSES):
    names = [f"image {row}" for row in range(len(labels))]
    return evaluate(probabilities, labels, classes=classes, names=names)


def random_answers(classes, images=500):
    random = np.random.default_rng(0)
    logits = random.normal(size=(images, classes))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return shares.astype(np.float32), random.integers(0, classes, images)


def test_accuracy_confusion_and_classes_are_counted():
    found = evaluated()
    assert found.accuracy == 0.5
    assert found.confusion == ((1, 0, 0), (2, 1, 0), (0, 0, 0))
    cat, dog, eel = found.classes
    assert (cat.name, cat.images, cat.recall) == ("cat", 1, 1.0)
    assert cat.precision == pytest.approx(1 / 3)
    assert (dog.precision, dog.recall) == (1.0, pytest.approx(1 / 3))
    assert dog.f1 == pytest.approx(0.5)
    assert (eel.images, eel.precision, eel.recall, eel.f1) == (0, None, None, None)


def test_mistakes_are_told_the_most_confident_first():
    first, second = evaluated().mistakes
    assert (first.image, first.truth, first.label) == ("image 3", "dog", "cat")
    assert first.probability == pytest.approx(0.7)
    assert second.image == "image 1"
    shares, labels = random_answers(4)
    worst = evaluated(shares, labels, tuple("abcd")).mistakes
    assert len(worst) == WORST
    wrong = shares.argmax(axis=1) != labels
    assert worst[0].probability == pytest.approx(shares.max(axis=1)[wrong].max())


def test_the_calibration_error_is_the_gap_of_each_bin_weighed_by_its_images():
    # 0.9 is right, 0.8 is right, 0.7 and 0.6 are wrong: four bins of one image each.
    found = evaluated()
    assert found.calibration_error == pytest.approx((0.1 + 0.2 + 0.7 + 0.6) / 4)
    assert found.confidence == pytest.approx(0.75)
    assert [each.images for each in found.bins] == [1, 1, 1, 1]
    both = evaluated(np.array([[0.61, 0.39], [0.62, 0.38]]), [0, 1], ("a", "b"))
    assert both.calibration_error == pytest.approx(abs(0.5 - 0.615))


def test_a_network_that_is_sure_and_right_makes_no_error_at_all():
    found = evaluated(np.eye(3, dtype=np.float32), np.arange(3))
    assert (found.accuracy, found.calibration_error, found.loss) == (1, 0, 0)
    assert found.mistakes == ()


def test_the_loss_is_the_cross_entropy_and_never_infinite():
    shares, labels = random_answers(4)
    found = evaluated(shares, labels, tuple("abcd"))
    assert found.loss == pytest.approx(log_loss(labels, shares), rel=1e-5)
    impossible = evaluated(np.eye(3, dtype=np.float32), np.array([1, 1, 2]))
    assert 20 < impossible.loss < 100


def test_the_likeliest_five_are_asked_where_there_are_more_classes():
    shares, labels = random_answers(8)
    found = evaluated(shares, labels, tuple("abcdefgh"))
    rank = (shares > shares[np.arange(500), labels][:, None]).sum(axis=1)
    assert found.top5_accuracy == pytest.approx((rank < 5).mean())
    assert evaluated().top5_accuracy is None


def test_it_is_read_from_json_as_it_was_written():
    found = evaluated()
    assert Evaluation.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize(("hits", "images"), [(0, 10), (8, 10), (10, 10), (830, 1000)])
def test_the_interval_is_wilsons(hits, images):
    expected = binomtest(hits, images).proportion_ci(0.95, method="wilson")
    assert wilson(hits, images) == pytest.approx((expected.low, expected.high))


def test_nothing_is_known_of_no_images():
    assert wilson(0, 0) == (0, 1)
