"""What signals come to where no search is run."""

import os
import signal

import pytest

from autocnn.commands.endings import AS_EVER, interrupts
from autocnn.events import Notice


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="has no such signal")
def test_who_has_no_workers_does_not_say_that_they_save():
    said = []
    with interrupts(said.append) as stopping:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert not stopping()
        assert said == [Notice(text=AS_EVER)]
        assert not stopping()
    assert len(said) == 1
