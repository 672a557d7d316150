"""Processes around the terminal UI while it is measured: one reports, one trains, ...

Started as ``python -m benchmarks.watching KIND ARGUMENTS``; they run until killed.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from optuna.storages import BaseStorage

from autocnn.storage import open_storage
from autocnn.store.state import BEAT_SECONDS, STATE, Load, Pace, SearchState
from autocnn.views.tui import app
from autocnn.views.tui.app import Watch
from autocnn.views.tui.feed import LiveFeed, Read

EPOCH_SECONDS = 1.0


class Probe(Watch):
    """The screens, writing down what each refresh costs the main thread."""

    # Textual would look for it beside this file.
    CSS_PATH = str(Path(app.__file__).with_name("app.tcss"))

    def __init__(self, feed: LiveFeed, file: Path) -> None:
        super().__init__(feed)
        self._file = file
        self._begun = 0.0

    def on_read(self, message: Read) -> None:  # noqa: ARG002 - its signature
        """Start the clock; the screens' own `on_read` follows."""
        self._begun = time.thread_time()

    def _settle(self) -> None:
        super()._settle()
        seconds = time.thread_time() - self._begun
        with self._file.open("a", encoding="ascii") as file:
            file.write(f"{json.dumps(seconds)}\n")


def probe(url: str, file: str) -> None:
    """Show a study; write the seconds of each refresh as lines of a file."""
    Probe(LiveFeed(url, None), Path(file)).run()


def report(url: str, trials: str, running: str) -> None:
    """Act as a driver: report an epoch of one running trial a second, and beat."""
    storage = open_storage(url)
    study = storage.get_all_studies()[0]._study_id
    numbers = range(int(trials) - int(running), int(trials))
    epochs: dict[int, int] = dict.fromkeys(numbers, 5)
    begun, beaten = time.monotonic(), float("-inf")
    for count in itertools.count():
        number = numbers[count % len(numbers)]
        epochs[number] += 1
        _report(storage, number, epochs[number])
        if time.monotonic() - beaten >= BEAT_SECONDS:
            beaten = time.monotonic()
            state = _state(count, int(trials), beaten - begun, epochs)
            storage.set_study_user_attr(study, STATE, state.to_dict())
        time.sleep(max(0.0, begun + (count + 1) * EPOCH_SECONDS - time.monotonic()))


def _report(storage: BaseStorage, number: int, epoch: int) -> None:
    trial = number + 1  # make_study's identifiers
    value = 0.9 - 0.5 / epoch
    log = [[time.time(), 1.0, value, 1.0, 25.0, 900.0] for _ in range(epoch)]
    storage.set_trial_user_attr(trial, "epochs", log)
    storage.set_trial_intermediate_value(trial, epoch, value)


def _state(
    beat: int, trials: int, seconds: float, epochs: dict[int, int]
) -> SearchState:
    return SearchState(
        phase="searching",
        beat=beat,
        host="benchmark",
        pid=1,
        version="0",
        device="cpu",
        jobs=len(epochs),
        trials=trials + 50,
        seconds=seconds,
        seconds_left=3600 - seconds,
        rungs=(1, 3, 9),
        paces={
            number: Pace(epoch + 1, round(seconds % 4 / 4, 3), 0, 900.0)
            for number, epoch in epochs.items()
        },
        load=Load(cpu=0.9, cores=4, memory=4 << 30, memory_total=16 << 30),
    )


def train() -> None:
    """Keep one core busy with a small convolutional network."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.Flatten(),
        nn.Linear(32 * 28 * 28, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(net.parameters(), 1e-3)
    images, labels = torch.randn(128, 3, 32, 32), torch.zeros(128, dtype=torch.long)
    sys.stdout.write("training\n")
    sys.stdout.flush()
    while True:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()


if __name__ == "__main__":
    kinds: dict[str, Callable[..., None]] = {
        "probe": probe,
        "report": report,
        "train": train,
    }
    kinds[sys.argv[1]](*sys.argv[2:])
