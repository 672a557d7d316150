"""An evaluation on a terminal: a matrix while it can be read, else what is confused."""

import numpy as np
import pytest

from autocnn.evaluation import evaluate
from autocnn.views import evaluation as view


def evaluated(classes, *, wrong=0):
    """Two images of each class, all right but that `wrong` times 0 is taken for 1."""
    labels = np.arange(2 * classes) % classes
    said = labels.copy()
    said[np.flatnonzero(labels == 0)[:wrong]] = 1
    shares = np.full((len(labels), classes), 0.1 / (classes - 1))
    shares[np.arange(len(labels)), said] = 0.9
    names = [f"[bold]{row}.png" for row in range(len(labels))]
    names_of = [f"class {number}" for number in range(classes)]
    return evaluate(shares, labels, classes=names_of, names=names)


def shown(capsys, evaluation):
    view.write(evaluation, "table", others={})
    return capsys.readouterr().out


def test_few_classes_are_a_matrix_with_letters(capsys):
    lines = shown(capsys, evaluated(12, wrong=1)).splitlines()
    head = next(line for line in lines if "said to be" in line)
    assert head.split()[-12:] == list("abcdefghijkl")
    row = lines[lines.index(head) + 1]
    assert row.split() == ["a", "class", "0", "1", "1", *["."] * 10]


def test_many_classes_are_a_list_of_what_is_confused(capsys):
    text = shown(capsys, evaluated(13, wrong=1))
    assert "said to be  images  share" in " ".join(text.split("\n"))
    assert ["class", "0", "class", "1", "1", "50.0%"] in map(
        str.split, text.splitlines()
    )


def test_nothing_confused_is_nothing_listed(capsys):
    text = shown(capsys, evaluated(13))
    assert "said to be" not in text


def test_names_with_brackets_stay_whole(capsys):
    assert "[bold]0.png" in shown(capsys, evaluated(3, wrong=1))


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(0.99, "too sure of itself"), (0.6, "not sure enough"), (0.75, "as it should be")],
)
def test_calibration_is_told_in_a_word(confidence, word):
    shares = np.tile([confidence, 1 - confidence], (4, 1))
    found = evaluate(shares, np.array([0, 0, 0, 1]), classes="ab", names="wxyz")
    lines = list(view.summary(found, "image"))
    assert "accuracy 75.0% on 4 images (95 %: 30.1% to 95.4%)" in lines
    assert lines[-1].endswith(word)
