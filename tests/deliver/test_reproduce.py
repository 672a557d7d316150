"""When a trial counts as reproduced."""

import pytest

from autocnn.deliver.reproduce import Comparison, verdict

CURVE = (0.5, 0.75, 0.8)


def compared(again=CURVE, same_weights=True):
    return Comparison(
        before=CURVE, again=again, same_weights=same_weights, val_images=400
    )


@pytest.mark.parametrize("changed", [[], ["torch was 2.6, is 2.7"], None])
def test_the_same_bits_are_reproduced_wherever_they_come_from(changed):
    done, text = verdict(compared(), changed)
    assert done
    assert "bit-identical on this device: 3 epochs, and its weights" in text
    done, text = verdict(compared(same_weights=None), changed)
    assert done
    assert "the same val accuracy on this device in 3 epochs" in text


def test_on_the_same_device_all_bits_count():
    done, text = verdict(compared((0.5, 0.7475, 0.8)), [])
    assert not done
    assert "differs by up to -0.25 points (epoch 2)" in text
    done, text = verdict(compared(same_weights=False), [])
    assert not done
    assert "but the weights are not" in text


def test_elsewhere_the_last_accuracy_may_be_three_standard_errors_off():
    changed = ["torch was 2.6, is 2.7", "threads was 1, is 2"]
    done, text = verdict(compared((0.3, 0.6, 0.85)), changed)
    assert done
    assert "(torch was 2.6, is 2.7; threads was 1, is 2)" in text
    assert "+5.00 of ±6.00 points at the last epoch" in text
    done, text = verdict(compared((0.5, 0.75, 0.73)), changed)
    assert not done
    assert "more than this explains" in text
    assert verdict(compared((0.5, 0.75, 0.81)), None)[0]


def test_rows_are_epochs():
    assert compared((0.5, 0.5, 0.8)).rows()[1] == {
        "epoch": 2,
        "val_accuracy": 0.75,
        "again": 0.5,
        "difference": -0.25,
    }
