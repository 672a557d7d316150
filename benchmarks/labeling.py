"""Two ways of labeling the images of a folder: the command, and a bare PyTorch loop."""

import contextlib
import io
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from autocnn import recipe as recipes
from autocnn.commands.predict import command
from autocnn.nets.net import build
from autocnn.recipe import ImageShape
from autocnn.train.weights import load_weights

CPU = torch.device("cpu")
BATCH = 256


class Command:
    """`autocnn predict FOLDER --format jsonl`, all of it, in this process."""

    def __init__(self, model: Path) -> None:
        self._words = ["--model", str(model), "--device", "cpu", "--format", "jsonl"]
        self.said: dict[str, str] = {}
        """File -> label."""

    def label(self, files: str) -> float:
        """Label all images of a folder; images per second."""
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()) as lines:
            command.main([files, *self._words], standalone_mode=False)
        seconds = time.perf_counter() - started
        rows = [json.loads(line) for line in lines.getvalue().splitlines()]
        self.said = {row["image"]: row["label"] for row in rows}
        return len(self.said) / seconds


class Bare:
    """What one writes in ten lines: open, resize, stack, ask, batch by batch."""

    def __init__(self, model: Path) -> None:
        card = json.loads((model / "card.json").read_text("utf-8"))
        given = card["preprocessing"]
        self._size = (given["width"], given["height"])
        self._mode = "L" if given["channels"] == 1 else "RGB"
        self._mean = torch.tensor(given["mean"])[:, None, None]
        self._std = torch.tensor(given["std"])[:, None, None]
        self._classes = card["classes"]
        shape = ImageShape(
            height=given["height"],
            width=given["width"],
            channels=given["channels"],
            classes=len(self._classes),
        )
        self._net = build(recipes.read(model / "recipe.toml"), shape, seed=0).eval()
        load_weights(model / "model.safetensors", self._net, CPU)
        self.said: dict[str, str] = {}
        """File -> label."""

    @torch.inference_mode()
    def label(self, files: str) -> float:
        """Label all images of a folder; images per second."""
        started = time.perf_counter()
        paths = sorted(path for path in Path(files).rglob("*") if path.is_file())
        self.said = {}
        lines = io.StringIO()
        for start in range(0, len(paths), BATCH):
            some = paths[start : start + BATCH]
            pixels = np.stack([self._read(path) for path in some])
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
            shares = self._net((images - self._mean) / self._std).softmax(1)
            best, labels = shares.max(1)
            for path, label, share in zip(
                some, labels.tolist(), best.tolist(), strict=True
            ):
                self.said[str(path)] = self._classes[label]
                lines.write(f"{path},{self._classes[label]},{share}\n")
        return len(self.said) / (time.perf_counter() - started)

    def _read(self, path: Path) -> np.ndarray:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert(self._mode).resize(self._size))
        return pixels.reshape(*self._size[::-1], -1)
