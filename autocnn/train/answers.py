"""What a network in training says of the validation images, kept beside its weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from autocnn import durable


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of the best epoch what it says; of every epoch which images it got right.

    The first makes ensembles; from the second follows how much the best of many
    scores flatters.
    """

    logits: Tensor
    """float16 (images, classes), of the epoch whose weights are kept."""
    right: Tensor
    """bool (epochs, images)."""

    def after(self, logits: Tensor, labels: Tensor, *, leads: bool) -> "Answers":
        """Add an epoch, on the CPU; `leads` says whether its weights are kept."""
        right = (logits.argmax(1) == labels)[None]
        return Answers(
            logits.half() if leads else self.logits, torch.cat([self.right, right])
        )


def none_yet(images: int, classes: int) -> Answers:
    """Stand before the first epoch."""
    return Answers(
        torch.zeros(images, classes, dtype=torch.float16),
        torch.zeros(0, images, dtype=torch.bool),
    )


def joined(folds: Sequence[Answers]) -> Answers:
    """Put those of a cross-validation's folds together, as of one long epoch."""
    return Answers(
        torch.cat([fold.logits for fold in folds]),
        torch.cat([fold.right[-1] for fold in folds])[None],
    )


def save(path: Path, answers: Answers) -> None:
    """Write them whole or not at all."""
    durable.write(path, dumps(answers))


def dumps(answers: Answers) -> bytes:
    """Give what a file of them holds, eight images a byte."""
    packed = torch.from_numpy(np.packbits(answers.right.numpy(), axis=1))
    return safetensors.torch.save(
        {"logits": answers.logits.contiguous(), "right": packed}
    )


def load(path: Path) -> Answers | None:
    """Read what `save` wrote; None if it is not there, damaged, or cannot be read."""
    try:
        return read(path)
    except OSError:
        return None


def read(path: Path) -> Answers | None:
    """Read what `save` wrote; None if it is not there, or damaged.

    OSError says why it cannot be read: it may be whole.
    """
    try:
        found = safetensors.torch.load(path.read_bytes())
        images = len(found["logits"])
        right = np.unpackbits(found["right"].numpy(), axis=1, count=images)
    except (FileNotFoundError, SafetensorError, KeyError, ValueError):
        return None
    return Answers(found["logits"], torch.from_numpy(right).bool())
