"""Files that were damaged at random, read as a search reads them: no one may crash it.

Each kind has some whole files; a piece of one is changed, cut, doubled or replaced, and
what reads it may answer, or refuse it with an error that says what is wrong.
"""

import contextlib
import io
import json
import random
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from autocnn import recipe as recipes
from autocnn.data.cache import prepare
from autocnn.errors import AutocnnError
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces

HANG_SECONDS = 20
SHAPE = ImageShape(height=12, width=12, channels=3, classes=2)
WORDS = (
    *(b"-1", b"0", b"1e999", b"nan", b"inf", b"99999999999", b"0.5", b"true", b"''"),
    *(b"\x00", b"\xff\xfe", b"\n", b",", b'"', b"[", b"]", b"{", b"=", b"#", b"\\"),
    *("ß", "\u202e", "\U0001d518", "../", "\x1b[31m"),
)
RECIPE = b"""
layers = ["conv 8 bias=false", "batch_norm", "relu", "max_pool 2", "flatten"]
[train]
optimizer = "adam"
learning_rate = 0.01
batch_size = 16
epochs = 6
augmentation = ["flip", "shift 2"]
schedule = "one_cycle"
"""
SPACE = b"""[space]
width = { min = 16, max = 32, step = 8 }
activation = ["relu", "gelu"]
optimizer = "sgd"
learning_rate_factor = { min = 0.1, max = 10.0, log = true }
epochs = [10, 20]
conv_dropout = { min = 0.0, max = 0.3 }
block = { choices = ["plain", "residual"], prior = 0.5 }
"""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is damaged, and who reads it."""

    whole: Callable[[], list[bytes]]
    """Makes files that are as they should be."""
    read: Callable[[bytes, Path], object]
    """Reads a damaged one; a folder is there for what it needs."""


@cache
def _pictures() -> list[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    image, found = Image.fromarray(noise), []
    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        file = io.BytesIO()
        image.save(file, form)
        found.append(file.getvalue())
    return found


def _as_folder(damaged: bytes, folder: Path) -> object:
    for name in ("one", "two"):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(3):
            file = folder / "images" / name / f"{number}.png"
            file.write_bytes(_pictures()[0])
    (folder / "images" / "one" / "damaged.png").write_bytes(damaged)
    return prepare(str(folder / "images"), cache_dir=folder / "cache")


def _tables() -> list[bytes]:
    rows = "".join(f"{n}.png,{'one' if n % 2 else 'two'}\n" for n in range(6))
    return [f"path,label\n{rows}".encode(), f"path,label,split\n{rows}".encode()]


def _as_table(damaged: bytes, folder: Path) -> object:
    for number in range(6):
        (folder / f"{number}.png").write_bytes(_pictures()[0])
    (folder / "labels.csv").write_bytes(damaged)
    return prepare(str(folder / "labels.csv"), cache_dir=folder / "cache")


def _arrays() -> list[bytes]:
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
    labels = np.arange(12) % 2
    found = []
    for arrays in (
        {"images": images, "labels": labels},
        {"x_train": images, "y_train": labels},
    ):
        file = io.BytesIO()
        np.savez(file, **arrays)  # type: ignore[arg-type]
        found.append(file.getvalue())
    hostile = io.BytesIO()
    objects = np.array([Marker()] * 12, dtype=object)
    np.savez(hostile, images=images, labels=objects)
    return [*found, hostile.getvalue()]


def _as_arrays(damaged: bytes, folder: Path) -> object:
    (folder / "arrays.npz").write_bytes(damaged)
    return prepare(str(folder / "arrays.npz"), cache_dir=folder / "cache")


def _as_recipe(damaged: bytes, folder: Path) -> object:
    (folder / "recipe.toml").write_bytes(damaged)
    return summarize(recipes.read(folder / "recipe.toml"), SHAPE)


def _as_space(damaged: bytes, folder: Path) -> object:
    file = folder / "space.toml"
    file.write_bytes(damaged)
    space = spaces.read_space(file, SHAPE, accelerated=False)
    return spaces.to_recipe(space, space.defaults, SHAPE, epochs=2)


class Marker:
    """Is run when it is read as Python's own objects are: then a file appears."""

    path = Path(tempfile.gettempdir()) / "autocnn-fuzz-was-run"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Say what is to be run."""
        return Path.touch, (self.path,)


KINDS: Mapping[str, Kind] = {
    "image": Kind(_pictures, _as_folder),
    "csv": Kind(_tables, _as_table),
    "npz": Kind(_arrays, _as_arrays),
    "recipe": Kind(lambda: [RECIPE], _as_recipe),
    "space": Kind(lambda: [SPACE], _as_space),
}


def damage(dice: random.Random, whole: bytes) -> bytes:
    """Change a file in one to four places."""
    data = bytearray(whole)
    for _ in range(dice.randint(1, 4)):
        if not data:
            break
        at, length = dice.randrange(len(data)), dice.randint(1, 16)
        piece = bytes(data[at : at + length])
        word = dice.choice(WORDS)
        match dice.randrange(6):
            case 0:
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                del data[at:]
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = piece * dice.randint(1, 3)
            case 4:
                data[at : at + length] = dice.randbytes(length)
            case _:
                data[at:at] = word if isinstance(word, bytes) else word.encode()
    return bytes(data)


def _inside(dice: random.Random, whole: bytes) -> bytes:
    """Damage one file of an archive, and pack it anew: its checksums are right."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(packed, "w") as new:
        chosen = dice.choice(old.namelist())
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, damage(dice, data) if name == chosen else data)
    return packed.getvalue()


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raise TimeoutError in what takes too long."""

    def ring(_signal: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def try_one(name: str, number: int, seed: int) -> str:
    """Damage a file of a kind and read it; say what came of it, '' for no harm."""
    dice, kind = random.Random(f"{seed} {name} {number}"), KINDS[name]
    whole = dice.choice(kind.whole())
    archive = name == "npz" and dice.random() < 0.5
    damaged = _inside(dice, whole) if archive else damage(dice, whole)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with _limited():
                kind.read(damaged, Path(folder))
        except TimeoutError:
            return "hang"
        except AutocnnError:
            return ""
        except Exception:  # noqa: BLE001 - what is looked for
            return traceback.format_exc()
    return ""


def run(name: str, first: int, count: int, seed: int) -> None:
    """Try inputs of a kind in this process; a line of JSON for each that harms."""
    for number in range(first, first + count):
        if harm := try_one(name, number, seed):
            sys.stdout.write(json.dumps([number, harm]) + "\n")
            sys.stdout.flush()
    sys.stdout.write("done\n")


def measure(inputs: int, seed: int, say: Say) -> dict[str, int]:
    """Try so many inputs of all kinds, each in a process that may die of it."""
    Marker.path.unlink(missing_ok=True)
    told: Counter[str] = Counter(tracebacks=0, hangs=0)
    each = -(-inputs // len(KINDS))
    for name in KINDS:
        words = [sys.executable, "-m", "benchmarks.fuzz", name, "0", str(each)]
        done = subprocess.run(  # noqa: S603 - our own command
            [*words, str(seed)], check=False, capture_output=True, text=True
        )
        lines = done.stdout.splitlines()
        for line in lines:
            if line != "done":
                number, harm = json.loads(line)
                told["hangs" if harm == "hang" else "tracebacks"] += 1
                say(f"{name} {number}: {harm.strip().splitlines()[-1]}")
        if lines[-1:] != ["done"]:
            told["tracebacks"] += 1
            say(f"{name}: the process ended with {done.returncode}: {done.stderr}")
        say(f"{name}: {each} inputs")
    return {"inputs": each * len(KINDS), **told, "code_run": int(Marker.path.exists())}


if __name__ == "__main__":
    run(sys.argv[1], *map(int, sys.argv[2:]))
