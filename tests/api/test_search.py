"""autocnn.search: the command's options by name; real searches of arrays."""

import inspect
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

import autocnn
from autocnn.api.search import interrupts
from autocnn.commands.search import command
from autocnn.errors import DataError, RequestError, StudyError
from autocnn.events import EpochEnded, Notice, SearchEnded, TrialStarted, ignore

SHOWN = {"view", "dry_run", "announce"}
"""Options of the command that say how it shows itself."""


def test_the_function_has_the_options_of_the_command():
    ours = set(inspect.signature(autocnn.search).parameters)
    assert ours - {"progress"} == {option.name for option in command.params} - SHOWN


def test_arrays_are_searched_and_their_labels_come_back(study, arrays):
    images, labels = arrays
    assert study.name.startswith("arrays-")
    assert [row["rank"] for row in study.rows] == [1, 2]
    assert study.best.trial == study.rows[0]["trial"]
    assert study.outcome == "complete"
    said = study.predict(images)
    assert said.dtype.kind == "i"
    assert (said == labels).mean() >= study.card["val_accuracy"] - 0.2
    shares = study.predict_proba(images[:5])
    assert shares.shape == (5, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_the_test_images_are_sealed_as_ever(study, arrays):
    info = study.card["data"]
    assert (info["name"], info["source"]) == ("arrays", "an array")
    config = study.optuna.user_attrs["autocnn:config"]
    assert config["train_images"] + config["val_images"] < len(arrays[0])


def test_the_same_call_resumes_and_trains_nothing_twice(study, search, arrays):
    heard = []
    again = search(arrays, progress=heard.append)
    assert again.name == study.name
    assert not [event for event in heard if isinstance(event, TrialStarted)]
    more = search(arrays, trials="+1", progress=heard.append)
    assert len(more.rows) == 3
    begun = [event.trial for event in heard if isinstance(event, TrialStarted)]
    assert begun == [2]
    assert isinstance(heard[-1], SearchEnded)
    with pytest.raises(StudyError, match="epochs was 3, now 4") as caught:
        search(arrays, epochs=4)
    assert "\n  hint: leave those options out" in str(caught.value)


def test_other_arrays_are_another_study(study, search, arrays):
    images, labels = arrays
    names = np.array(["rows", "columns", "checks"])[labels]
    other = search((images / np.float32(255), names), trials=1)
    assert other.name != study.name
    assert set(other.predict(images[:9])) <= {"rows", "columns", "checks"}


def test_a_data_set_of_pillow_images_is_searched(search, arrays):
    pairs = [
        (Image.fromarray(image), int(label))
        for image, label in zip(*arrays, strict=True)
    ]
    found = search(pairs, study="pictures", trials=1, epochs=1, image_size=6)
    assert found.card["preprocessing"]["height"] == 6
    picture, _ = pairs[0]
    assert found.predict([picture.resize((20, 20))])[0] in (0, 1, 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trials": 0}, "'0' is no number of trials; write 50"),
        ({"epochs": 0}, "invalid value for '--epochs'"),
        ({"timeout": "soon"}, "'soon' is no time"),
        ({"sampler": "tpee"}, "there is no sampler called 'tpee'"),
        ({"space": {"widht": 3}}, "there is no parameter called 'widht'"),
        ({"jobs": -1}, "-1 is no number of workers"),
    ],
)
def test_what_the_command_refuses_is_refused(search, arrays, options, said):
    with pytest.raises(RequestError, match=said):
        search(arrays, study="refused", **options)


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (np.zeros((9, 8, 8)), RequestError, "data cannot be of type ndarray"),
        (3, RequestError, "data cannot be of type int"),
        ("nowhere", RequestError, "there is no data set called 'nowhere'"),
        ((np.zeros((9, 8, 8)), [0] * 8), DataError, "9 images, but 8 labels"),
        ((np.zeros((9, 8, 8)), [0] * 9), DataError, "an array has only 1 class"),
    ],
)
def test_what_is_no_data_is_refused(search, data, kind, said):
    with pytest.raises(kind, match=said):
        search(data, study="refused")


def test_an_interrupt_stops_the_search_which_goes_on_with_the_next_call(search, arrays):
    options = {"study": "long", "trials": 1, "epochs": 60, "pruner": "none"}
    heard = []

    def hear(event):
        heard.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="the same call goes on from here"):
        search(arrays, progress=hear, **options)
    assert signal.getsignal(signal.SIGINT) is before
    assert any("stopping" in e.text for e in heard if isinstance(e, Notice))
    heard.clear()
    study = search(arrays, progress=heard.append, **options)
    begun = next(event for event in heard if isinstance(event, TrialStarted))
    assert 2 <= begun.epochs_done < 60
    assert study.rows[0]["epochs"] == 60


def test_in_another_thread_nothing_interrupts():
    said = []

    def ask():
        with interrupts(ignore) as stopping:
            said.append(stopping())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert said == [False]


SCRIPT = """
import sys
import numpy as np
import autocnn

assert not {"torch", "optuna"} & set(sys.modules)
print("begun")
with np.load(sys.argv[1]) as found:
    data = found["images"], found["labels"]
study = autocnn.search(data, study="script", trials=1, epochs=1, jobs=1, final=True)
print(autocnn.load_study().name, len(study.rows), autocnn.search is not None)
print(autocnn.load(study.folder / "best"))
"""


def test_a_script_needs_no_guard(home, tiny_data):
    (home / "script.py").write_text(SCRIPT)
    ran = subprocess.run(
        [sys.executable, "script.py", tiny_data.info.source],
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    begun, found, network = ran.stdout.splitlines()
    assert (begun, found) == ("begun", "script 1 True")
    assert network.startswith("<Network of 3 classes, for images of 8x8x1")
    assert "search complete" in ran.stderr
    assert "epoch 1/1" not in ran.stderr
