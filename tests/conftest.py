"""Data that a network can really learn in a second, and recipes for it."""

import contextlib
import dataclasses
import errno
import functools
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import hypothesis
import numpy as np
import optuna
import pytest
import servers
import torch
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial

from autocnn import recipe as recipes
from autocnn import waiting
from autocnn.choices import FloatRange, OneOf, Range
from autocnn.data.batches import Batches, batches_of
from autocnn.data.cache import Prepared, open_search_images, prepare
from autocnn.data.splits import search_splits
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import best
from autocnn.search.space import Space
from autocnn.search.study import StudyConfig, open_study
from autocnn.search.widen import distributions
from autocnn.storage import open_storage, storage_url
from autocnn.train.learner import Learner
from autocnn.train.loop import fit
from autocnn.train.weights import save_weights

# Last, so that the installed package is what is tested: benchmarks are only here.
sys.path.append(str(Path(__file__).parent.parent))

# The same examples at each run, however slow it is; `benchmarks fuzz` finds new ones.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("here")

# The networks are so small that threads would only wait for one another.
torch.set_num_threads(1)

IMAGES = 180
SIDE = 8
LAYERS = ["conv 8 bias=false", "batch_norm", "relu", "max_pool 2", "flatten"]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Keep PyTorch to one core, as in a worker: small networks gain nothing by more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of prepared data, and of what is measured of this machine."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """180 gray images of 8x8: rows, columns or checks, under noise."""
    folder = tmp_path_factory.mktemp("tiny")
    images, labels = _patterns(IMAGES, seed=0)
    np.savez(folder / "tiny.npz", images=images, labels=labels)
    return prepare(str(folder / "tiny.npz"), cache_dir=folder / "cache")


@pytest.fixture(scope="session")
def tiny_shape() -> ImageShape:
    return ImageShape(height=SIDE, width=SIDE, channels=1, classes=3)


@pytest.fixture(scope="session")
def tiny_batches(tiny_data: Prepared) -> tuple[Batches, Batches]:
    """The training and the validation images of the split with seed 0."""
    images, groups = open_search_images(tiny_data.folder)
    (split,) = search_splits(images.labels, groups, seed=0)
    cpu = torch.device("cpu")
    return (
        batches_of(images, split.train, tiny_data.info, cpu),
        batches_of(images, split.val, tiny_data.info, cpu),
    )


@pytest.fixture(scope="session")
def make_recipe() -> Callable[..., Recipe]:
    """Make a recipe that learns the tiny data; settings as in a recipe's [train]."""

    def make(layers: list[str] | None = None, **train: object) -> Recipe:
        settings = {"batch_size": 32, "epochs": 3, "learning_rate": 0.02, **train}
        return recipes.from_dict(
            {"layers": LAYERS if layers is None else layers, "train": settings}
        )

    return make


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of the recipes and spaces that come with autocnn."""
    return Path(__file__).parent.parent / "studies" / "seeds"


@pytest.fixture(scope="session")
def keep(
    tiny_data: Prepared,
    tiny_batches: tuple[Batches, Batches],
    tiny_shape: ImageShape,
    make_recipe: Callable[..., Recipe],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    """Train a recipe on the tiny data, keep the network as trial 4's, and say where."""

    def keep(layers: list[str] | None = None, **train: object) -> Path:
        recipe = make_recipe(layers, **train)
        learner = Learner(recipe, tiny_shape, device=torch.device("cpu"), seed=3)
        *_, last = fit(learner, *tiny_batches)
        folder = tmp_path_factory.mktemp("kept")
        save_weights(folder / "weights.safetensors", learner.result)
        card = best.card(
            tiny_data.info,
            trial=4,
            val_accuracy=last.val_accuracy,
            val_images=len(tiny_batches[1]),
            seed=3,
        )
        with_shape = dataclasses.replace(recipe, shape=tiny_shape)
        best.keep(folder / "best", folder / "weights.safetensors", with_shape, card)
        return folder / "best"

    return keep


@pytest.fixture(scope="session")
def empty_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with its tables, to be copied: making them takes half a second."""
    path = tmp_path_factory.mktemp("storage") / "empty.db"
    open_storage(storage_url(str(path)), create=True).engine.dispose()
    return path


@pytest.fixture
def storage(tmp_path: Path, empty_storage: Path) -> Iterator[RDBStorage]:
    """An SQLite storage of the test's own."""
    path = shutil.copyfile(empty_storage, tmp_path / "autocnn.db")
    storage = open_storage(storage_url(str(path)))
    yield storage
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture(scope="session")
def started() -> Iterator[Callable[[type[servers.Server]], servers.Server]]:
    """Start a server of a kind, once."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def start(kind: type[servers.Server]) -> servers.Server:
            try:
                return stack.enter_context(servers.running(kind))
            except FileNotFoundError as error:
                pytest.skip(str(error))

        yield start


Started = Callable[[type[servers.Server]], servers.Server]


@contextlib.contextmanager
def emptied(server: servers.Server) -> Iterator[servers.Server]:
    """Leave it without any study."""
    yield server
    storage = open_storage(server.url, create=True)
    for study in storage.get_all_studies():
        storage.delete_study(study._study_id)
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture
def server(
    request: pytest.FixtureRequest, started: Started
) -> Iterator[servers.Server]:
    """A server without any study: PostgreSQL's, where a test does not name another."""
    with emptied(started(getattr(request, "param", servers.PostgreSQL))) as server:
        yield server


@pytest.fixture(params=["sqlite", *servers.KINDS])
def every_url(
    request: pytest.FixtureRequest, tmp_path: Path, started: Started
) -> Iterator[str]:
    """A storage of each kind, without any study."""
    if request.param == "sqlite":
        yield storage_url(str(tmp_path / "autocnn.db"))
    else:
        with emptied(started(request.param)) as server:
            yield server.url


@pytest.fixture
def every_storage(every_url: str) -> Iterator[RDBStorage]:
    """The same, open to search with."""
    storage = open_storage(every_url, create=True)
    yield storage
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture
def make_curves(
    storage: RDBStorage, tiny_shape: ImageShape
) -> Callable[..., optuna.Study]:
    """Make a study of trials whose curves are scripted; `changes` are of its config.

    The nearer its learning rate is to the usual one, the better a trial.
    """
    drawn: dict[str, Range] = {
        "learning_rate_factor": FloatRange(0.1, 10.0, log=True),
        "optimizer": OneOf(("sgd", "adam", "rmsprop")),
        "block": OneOf(("plain", "residual")),
    }
    defaults = {"learning_rate_factor": 1.0, "optimizer": "sgd", "block": "plain"}

    def make(complete: int, paused: int = 0, **changes: object) -> optuna.Study:
        space = Space(ranges=drawn, fixed={}, defaults=defaults)
        settings = {
            "data": "tiny",
            "source": "my images",
            "fingerprint": "",
            "shape": tiny_shape,
            "train_images": 119,
            "val_images": 31,
            "epochs": 3,
            "folds": 0,
            "seed": 0,
            "space": space,
            "sampler": "random",
            "pruner": "none",
        }
        config = StudyConfig(**{**settings, **changes})
        study = open_study(storage, "tiny", config)
        random = np.random.default_rng(0)
        for number in range(complete + paused):
            log = random.uniform(-1, 1)
            ends = number < complete
            curve = [(0.9 - abs(log) / 2) * (1 - 0.4**epoch) for epoch in (1, 2, 3)]
            study.add_trial(
                create_trial(
                    state=TrialState.COMPLETE if ends else TrialState.RUNNING,
                    value=max(curve) if ends else None,
                    intermediate_values=dict(enumerate(curve[: 3 if ends else 1], 1)),
                    user_attrs={} if ends else {"status": "paused"},
                    params={
                        "learning_rate_factor": 10**log,
                        "optimizer": ("sgd", "adam", "rmsprop")[random.integers(3)],
                        "block": ("plain", "residual")[random.integers(2)],
                    },
                    distributions=distributions(space),
                )
            )
        return study

    return make


WRITES = [(io, "open"), (os, "fsync"), (os, "mkdir"), (os, "replace"), (os, "rename")]


@pytest.fixture
def failing() -> Callable[..., AbstractContextManager[list[str]]]:
    """Let the n-th of the system's calls that write fail; gives those that were made.

    With `times`, as many after it do, too.
    """

    @contextlib.contextmanager
    def fail(
        first: int, times: int = 1, code: int = errno.ENOSPC
    ) -> Iterator[list[str]]:
        made: list[str] = []

        def counted(name: str, call: Callable[..., object]) -> Callable[..., object]:
            def perhaps(*args: object, **kwargs: object) -> object:
                if name != "open" or "w" in str(args[1:2]):
                    made.append(name)
                    if first <= len(made) < first + times:
                        raise OSError(code, os.strerror(code))
                return call(*args, **kwargs)

            return perhaps

        with pytest.MonkeyPatch.context() as patch:
            for module, name in WRITES:
                patch.setattr(module, name, counted(name, getattr(module, name)))
            yield made

    return fail


@dataclasses.dataclass(frozen=True)
class Disk:
    """A disk of its own, soon full."""

    path: Path

    @property
    def filler(self) -> Path:
        return self.path / "filler"

    def fill(self) -> None:
        """Take all the room there is; without `filler` it is there again."""
        with (
            contextlib.suppress(OSError),
            self.filler.open("wb", buffering=0) as filler,
        ):
            while True:
                filler.write(b"x" * 4096)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount a disk of one megabyte; only root can."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(words, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no disk can be mounted here")
    yield Disk(place)
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Write down how long is waited for a disk or a database, instead of waiting."""
    waited: list[float] = []
    monkeypatch.setattr(waiting, "sleep", waited.append)
    return waited


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What is said while something is waited for."""
    told: list[str] = []
    with waiting.saying(told.append):
        yield told


def _patterns(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    places = np.arange(SIDE)
    rows, columns = np.meshgrid(places, places, indexing="ij")
    images = np.empty((count, SIDE, SIDE), dtype=np.uint8)
    for number, label in enumerate(labels):
        lines = (rows, columns, rows + columns)[label] + random.integers(4)
        noise = random.integers(-40, 41, (SIDE, SIDE))
        images[number] = 80 + 80 * (lines // 2 % 2) + noise
    return images, labels
