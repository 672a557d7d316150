"""Batched augmentations. To add one, add its line to AUGMENTATIONS.

An augmentation either moves rows and columns, which the batch's one gather then
follows at no cost, or changes normalized images (N, C, H, W) on their device. All
randomness comes from the generator that is handed in.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Augmentation:
    """One of two ways to vary a batch; the other is None."""

    move: Callable[..., tuple[Tensor, Tensor]] | None = None
    """(rows (N, H), columns (N, W), generator, ...) to new indices, in range."""
    change: Callable[..., Tensor] | None = None
    """(images (N, C, H, W), generator, ...) to images of the same shape."""

    @property
    def function(self) -> Callable[..., object]:
        """Whichever of the two there is."""
        function = self.move or self.change
        assert function is not None
        return function


def flip(
    rows: Tensor, columns: Tensor, generator: Generator, chance: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Mirror left and right."""
    mirrored = _uniform(len(columns), generator) < chance
    return rows, torch.where(mirrored[:, None], columns.flip(1), columns)


def shift(
    rows: Tensor, columns: Tensor, generator: Generator, fraction: float = 0.1
) -> tuple[Tensor, Tensor]:
    """Move by up to a fraction of the size; the edge pixels fill the gap."""
    return _offset(rows, fraction, generator), _offset(columns, fraction, generator)


def rotate(images: Tensor, generator: Generator, degrees: float = 10.0) -> Tensor:
    """Turn by up to so many degrees; what comes in is the mean color."""
    count = len(images)
    turn = (_uniform(count, generator) * 2 - 1) * math.radians(degrees)
    cosine, sine, zero = turn.cos(), turn.sin(), torch.zeros_like(turn)
    matrix = torch.stack([cosine, -sine, zero, sine, cosine, zero], dim=1)
    grid = functional.affine_grid(
        matrix.view(count, 2, 3), list(images.shape), align_corners=False
    )
    return functional.grid_sample(images, grid, align_corners=False)


def cutout(images: Tensor, generator: Generator, fraction: float = 0.25) -> Tensor:
    """Blank a square of that fraction of the side (DeVries 2017, arXiv:1708.04552)."""
    count, _, height, width = images.shape
    hidden = _span(count, height, fraction, generator)[:, None, :, None]
    hidden = hidden & _span(count, width, fraction, generator)[:, None, None, :]
    return images.masked_fill(hidden, 0.0)


def jitter(images: Tensor, generator: Generator, strength: float = 0.2) -> Tensor:
    """Vary contrast and brightness by up to `strength` standard deviations."""
    shape = (len(images), 1, 1, 1)
    contrast = 1 + (_uniform(len(images), generator) * 2 - 1) * strength
    brightness = (_uniform(len(images), generator) * 2 - 1) * strength
    return images * contrast.view(shape) + brightness.view(shape)


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "flip": Augmentation(move=flip),
    "shift": Augmentation(move=shift),
    "rotate": Augmentation(change=rotate),
    "cutout": Augmentation(change=cutout),
    "jitter": Augmentation(change=jitter),
}


def _uniform(count: int, generator: Generator) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device)


def _offset(indices: Tensor, fraction: float, generator: Generator) -> Tensor:
    size = indices.shape[1]
    most = max(1, round(fraction * size)) if fraction > 0 else 0
    draw = _uniform(len(indices), generator) * (2 * most + 1)
    moved = indices + (draw.long() - most)[:, None]
    return moved.clamp_(0, size - 1)


def _span(count: int, size: int, fraction: float, generator: Generator) -> Tensor:
    """Mark a stretch of each line: (count, size), True where it lies."""
    length = max(1, round(fraction * size))
    center = (_uniform(count, generator) * size).long()
    first = (center - length // 2)[:, None]
    places = torch.arange(size, device=generator.device)[None]
    return (places >= first) & (places < first + length)
