"""`autocnn predict` beside a bare PyTorch loop over the same files.

Both run in a process that has loaded PyTorch, with as many threads. Ours is the whole
command: reading the network, listing the files, and writing a line for each.
"""

import dataclasses
import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from autocnn import recipe as recipes
from autocnn.nets.net import build
from autocnn.processes import cores
from autocnn.train.weights import save_weights
from benchmarks.images import write_files, write_photos
from benchmarks.networks import NETWORKS, SHAPE
from benchmarks.report import Bar, Measured, OtherLoad
from benchmarks.side import Side

BARS = {
    "predict_vs_bare": Bar(0.8, 1.2, unit="x", what="images/s, small JPEG files"),
    "photos_vs_bare": Bar(0.8, 2.0, unit="x", what="images/s, JPEG files of 1024x768"),
}
PAIRS, QUICK_PAIRS = 7, 2
FILES, QUICK_FILES = 4_000, 1_000
PHOTOS, QUICK_PHOTOS = 200, 40

Say = Callable[[str], None]


def measure(
    quick: bool, files: Path | None, model: Path | None, say: Say
) -> tuple[dict[str, Measured], float]:
    """Label the same files in turns; with the load of other processes."""
    measured = {name: Measured() for name in BARS}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        place = Path(name)
        small = files or write_files(place / "files", QUICK_FILES if quick else FILES)
        photos = write_photos(place / "photos", QUICK_PHOTOS if quick else PHOTOS)
        folders = dict(zip(BARS, (small, photos), strict=True))
        kept = model or keep_network(place / "network")
        ours, bare = (
            stack.enter_context(Side(kind, kept, cores()))
            for kind in ("predict", "bare")
        )
        load = OtherLoad()
        say("warming up")
        for folder in folders.values():
            for side in (ours, bare):
                side.ask("label", str(folder))
        for pair in range(QUICK_PAIRS if quick else PAIRS):
            for bar, folder in folders.items():
                first, second = (ours, bare) if pair % 2 else (bare, ours)
                rates = {
                    side: side.ask("label", str(folder)) for side in (first, second)
                }
                measured[bar].values.append(rates[ours] / rates[bare])
                say(f"{bar}: {rates[ours]:.0f} beside {rates[bare]:.0f} images/s")
        return measured, load.cores()


def keep_network(folder: Path) -> Path:
    """Keep a network as a search on a CPU finds it; untrained ones are as fast."""
    folder.mkdir()
    recipe = dataclasses.replace(NETWORKS["airbench"], shape=SHAPE)
    save_weights(folder / "model.safetensors", build(recipe, SHAPE, seed=0))
    (folder / "recipe.toml").write_text(recipes.dumps(recipe), "utf-8")
    card = {
        "classes": [f"class{label}" for label in range(SHAPE.classes)],
        "preprocessing": {
            "height": SHAPE.height,
            "width": SHAPE.width,
            "channels": SHAPE.channels,
            "mean": [0.5] * SHAPE.channels,
            "std": [0.25] * SHAPE.channels,
        },
    }
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    return folder
