"""Work of others is all but this process and its tree; searches played on curves."""

import json
import subprocess
import sys

import numpy as np
import optuna
import psutil
import pytest
from click.testing import CliRunner

from autocnn.choices import FloatRange, OneOf
from autocnn.events import EpochEnded
from autocnn.offline.board import Board
from autocnn.offline.compare import Compared, Seen
from autocnn.offline.policies import OURS, STOPPING
from autocnn.recipe import ImageShape
from autocnn.search.jobs import JobEnded
from autocnn.search.space import Space
from benchmarks import chaos, crowd, fuzz, record, replay, scale, soak
from benchmarks import curves as tables
from benchmarks.__main__ import main
from benchmarks.curves import Curves, Row
from benchmarks.images import write_files
from benchmarks.labeling import Bare, Command
from benchmarks.predict import keep_network
from benchmarks.report import OtherLoad

PARENT = """
import subprocess, sys
busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print(busy.pid, flush=True)
sys.stdin.read()
busy.kill()
busy.wait()
"""
SECONDS = 0.2


@pytest.fixture
def parent():
    """A process with a busy child, which it does not wait for until its input ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=pipe, stdout=pipe, text=True
    ) as process:
        yield process


@pytest.fixture
def busy(parent):
    """The busy child."""
    return psutil.Process(int(parent.stdout.readline()))


def test_the_work_of_a_childs_child_is_our_own_even_when_it_is_gone(parent, busy):
    load = OtherLoad()
    while load._own[busy] < SECONDS:
        load.own_seconds()
    parent.stdin.close()
    parent.wait()
    assert not busy.is_running()
    assert load.own_seconds() >= load._own[busy] >= SECONDS
    assert load.cores() >= 0


def test_work_is_seen_while_nobody_asks(busy, monkeypatch):
    monkeypatch.setattr(OtherLoad, "SECONDS", 0.01)
    load = OtherLoad()
    while load._own[busy] < SECONDS:
        pass
    assert load.cores() >= 0


def test_a_process_that_is_not_ours_is_of_others():
    load = OtherLoad()
    load.cores()
    assert psutil.Process().parent() not in load._own


def test_the_command_and_a_bare_loop_say_the_same_of_every_file(tmp_path):
    files = write_files(tmp_path / "files", 30)
    network = keep_network(tmp_path / "network")
    sides = Command(network), Bare(network)
    assert all(side.label(str(files)) > 0 for side in sides)
    assert sides[0].said == sides[1].said
    assert len(sides[0].said) == 30


def a_table(rows=60, epochs=9):
    """Made-up curves: the nearer to x = 0.8 and rate = 1, the better; b beats a."""
    space = Space(
        ranges={
            "x": FloatRange(0.0, 1.0),
            "rate": FloatRange(0.1, 10.0, log=True),
            "kind": OneOf(("a", "b")),
        },
        fixed={},
        defaults={"x": 0.5, "rate": 1.0, "kind": "a"},
    )
    random = np.random.default_rng(0)
    made = []
    for number in range(rows):
        x, log = random.uniform(), random.uniform(-1, 1)
        kind = "ab"[random.integers(2)]
        limit = 0.9 - abs(x - 0.8) / 3 - abs(log) / 5 - 0.1 * (kind == "a")
        made.append(
            Row(
                number=number,
                origin="random",
                params={"x": x, "rate": 10**log, "kind": kind},
                curve=[limit * (1 - 0.6**epoch) for epoch in range(1, epochs + 1)],
                parameters=1_000,
                predicted_seconds=None,
                seconds=1.0,
            )
        )
    shape = ImageShape(height=8, width=8, channels=1, classes=10)
    return Curves(about={}, shape=shape, space=space, epochs=epochs, rows=made)


@pytest.fixture
def quiet():
    """Optuna says nothing of each trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.parametrize("name", replay.VARIANTS)
def test_a_variant_spends_its_epochs_and_trains_no_row_twice(name, quiet):
    played = replay.VARIANTS[name].play(Board(a_table().table), 1, epochs=120)
    assert len(played.best) == sum(played.epochs.values()) == 120
    assert played.best == sorted(played.best)


def test_what_was_taken_from_the_table_is_not_begun_with():
    recorded = tables.read(tables.RECORDED)
    starts = recorded.table.starts
    assert len(starts) == replay.PORTFOLIO
    assert starts[0] == recorded.rows[0].params
    # Those two are 1.0 and 1.2 from a row; any other is 2.9 or more from all but the
    # first recipe's, whose changes they are.
    board = Board(recorded.table)
    for values in starts[1:]:
        assert board.distances(values)[board.nearest(values, {0})] > 2


def test_bars_are_held_by_what_was_compared():
    ten = [0.5] * 10
    seen = {
        OURS: [Seen(ten, 0.2, 9), Seen(ten, None, 9)],
        STOPPING: [Seen([0.6, *ten[1:]], 0.1, 9)] * 2,
    }
    measured = replay.measured(Compared([100, 100], seen))
    assert measured["epochs_to_match"].values == [0.2, 1.0]
    assert measured["worse_deciles"].values == [1]


def test_a_variant_may_let_the_first_trial_pause(quiet):
    board = Board(a_table().table)
    plays = {
        name: replay.ALL[name].play(board, 1, epochs=60)
        for name in ("ours, one start", "one start, first may pause")
    }
    first, other = (next(iter(played.epochs.values())) for played in plays.values())
    assert first == 9
    assert other < 9


def test_replay_ends_with_the_names_that_scripts_read(tmp_path):
    file = tmp_path / "table.json.gz"
    tables.write(file, a_table())
    words = ["replay", "--table", str(file), "--seeds", "1", "--json"]
    done = CliRunner().invoke(main, [*words, "--policy", "random"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output.splitlines()[-1])
    assert set(found) == {"epochs_to_match", "worse_deciles"}
    assert 0 < found["epochs_to_match"]["ratio"] <= 1
    assert "random" in done.output


def test_a_table_is_read_as_it_was_written_and_the_same_makes_the_same_file(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    tables.write(one, a_table())
    assert tables.read(one) == a_table()
    tables.write(other, tables.read(one))
    assert one.read_bytes() == other.read_bytes()


class Quick:
    """An engine that needs no time, and in which the third recipe fails."""

    def __init__(self, device, jobs):
        self._jobs = []

    def free(self):
        return 2 - len(self._jobs)

    def submit(self, job):
        self._jobs.append(job)

    def poll(self, timeout):
        job = self._jobs.pop(0)
        epochs = job.recipe.train.epochs
        for epoch in range(1, epochs + 1):
            if job.trial == 2 and epoch == epochs:
                yield JobEnded(trial=2, outcome="failed", reason="diverged: nan")
                return
            yield an_epoch(job.trial, epoch, epochs)
        yield JobEnded(trial=job.trial, outcome="complete")

    def close(self):
        pass


def an_epoch(trial, epoch, epochs):
    return EpochEnded(
        trial=trial,
        epoch=epoch,
        epochs=epochs,
        train_loss=1.0,
        train_accuracy=0.5,
        val_loss=1.0,
        val_accuracy=(epoch + trial) / 100,
        seconds=0.5,
        trained_seconds=0.5 * epoch,
        images_per_second=100.0,
    )


def test_recording_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "LocalEngine", Quick)
    monkeypatch.setattr(record, "prices", lambda *_: None)
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    file, said = tmp_path / "table.json.gz", []
    for recipes in (4, 4, 6):
        record.record("digits", recipes, 3, 200, 8, file, said.append)
    curves = tables.read(file)
    assert [row.number for row in curves.rows] == list(range(6))
    assert [row.origin for row in curves.rows] == [
        "start", "random", "tpe", "random", "random", "tpe"
    ]  # fmt: skip
    assert len(said) == 6
    assert curves.rows[0].params == curves.space.defaults
    assert curves.rows[1].curve == [0.02, 0.03, 0.04]
    assert curves.rows[2].failure == "diverged: nan"
    assert [row.number for row in curves.whole] == [0, 1, 3, 4, 5]
    assert curves.about["train_images"] + curves.about["val_images"] == 200


def test_a_table_of_other_images_is_not_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "LocalEngine", Quick)
    monkeypatch.setattr(record, "prices", lambda *_: None)
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "table.json.gz"
    record.record("digits", 1, 3, 200, 8, file, [].append)
    with pytest.raises(ValueError, match="recorded on"):
        record.record("digits", 2, 3, 100, 8, file, [].append)
    with pytest.raises(ValueError, match="3 epochs"):
        record.record("digits", 2, 9, 200, 8, file, [].append)


@pytest.mark.parametrize("kind", fuzz.KINDS)
def test_damaged_files_are_read_or_refused(kind):
    assert [fuzz.try_one(kind, number, seed=1) for number in range(15)] == [""] * 15
    assert not fuzz.Marker.path.exists()


def test_what_crashes_or_hangs_on_a_damaged_file_is_told(monkeypatch):
    def crash(_damaged, _folder):
        raise KeyError("lost")

    def hang(_damaged, _folder):
        while True:
            pass

    for read in (crash, hang):
        monkeypatch.setitem(fuzz.KINDS, read.__name__, fuzz.Kind(lambda: [b"a"], read))
    assert fuzz.try_one("crash", 0, seed=1).endswith("KeyError: 'lost'\n")
    monkeypatch.setattr(fuzz, "HANG_SECONDS", 1)
    assert fuzz.try_one("hang", 0, seed=1) == "hang"


def test_a_search_that_is_killed_loses_nothing(monkeypatch):
    monkeypatch.setattr(chaos, "TRIALS", 3)
    monkeypatch.setattr(chaos, "SOON", 1.0)
    told = chaos.measure(1, seed=3, say=lambda _: None)
    assert told == {
        "kills": 2,
        "finished_lost": 0,
        "zombies": 0,
        "epochs_redone_max": 1,
        "equal_to_unbroken": True,
    }


def test_many_short_trials_are_looked_at_again_and_again():
    told = soak.measure(50, lambda _: None)
    assert told["trials"] == 50
    assert told["zombies"] == 0
    assert told["memory_mb"] > 100
    assert -0.5 < told["memory_growth"] < 0.5


@pytest.mark.usefixtures("server")  # or it is skipped
def test_workers_that_only_say_what_others_said_are_served(monkeypatch):
    monkeypatch.setattr(crowd, "EPOCH_SECONDS", 0.5)
    told = scale.measure(workers=3, trials=20, seconds=10.0, say=lambda _: None)
    assert told["workers"] == 3
    assert told["trials"] > 20 + 3
    assert told["events_per_s"] > 0
    assert 0 < told["decision_p50_s"] <= told["decision_p95_s"]
