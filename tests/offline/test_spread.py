"""Work in several processes: all of it once, and no process that outlives its use."""

import multiprocessing
import os
import signal
import time

import pytest

from autocnn.errors import AutocnnError
from autocnn.offline.spread import spread


def square(number):
    return number**2


def be_interrupted(number):
    os.kill(os.getpid(), signal.SIGINT)
    return number


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def take_long(number):
    if number:
        time.sleep(3_600)
    return number


def test_every_number_is_worked_on_once():
    assert sorted(spread(square, 5, 2)) == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]


def test_an_interrupt_is_not_for_those_who_work():
    assert dict(spread(be_interrupted, 2, 1)) == {0: 0, 1: 1}


def test_a_process_that_dies_is_told_of():
    with pytest.raises(AutocnnError, match="ended with code -9"):
        list(spread(die, 2, 1))


def test_nobody_works_on_when_the_caller_has_enough():
    before = multiprocessing.active_children()
    working = spread(take_long, 2, 2)
    assert next(working) == (0, 0)
    working.close()
    started = set(multiprocessing.active_children()) - set(before)
    for process in started:
        process.join(60)
    # The one whose number was done may have ended by itself.
    codes = {process.exitcode for process in started}
    assert -signal.SIGTERM in codes
    assert codes <= {0, -signal.SIGTERM}
