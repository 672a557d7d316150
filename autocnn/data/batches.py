"""Batches of images, gathered, augmented and normalized for the training device."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from autocnn import device as devices
from autocnn.choices import Choice, pick
from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.data.images import DataInfo, Images, Pixels
from autocnn.data.splits import Split

EVALUATION_BATCH = 256

_Move = Callable[..., tuple[Tensor, Tensor]]
_Change = Callable[..., Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Some images of a set, ready to be trained on or scored."""

    pixels: Tensor
    """uint8 (N, H, W, C): all images, on the device or memory-mapped on disk."""
    labels: Tensor
    """int64 (N,), beside the pixels."""
    indices: Tensor
    """int64: which of the N images these batches are made of, beside the pixels."""
    scale: Tensor
    offset: Tensor
    """Per channel, on the device: pixel * scale + offset has mean 0, deviation 1."""

    def __len__(self) -> int:
        return len(self.indices)

    def in_order(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every image once, in order, unchanged: (n, C, H, W) and labels (n,)."""
        chosen = self.indices.split(EVALUATION_BATCH)
        loaded = ((self._gather(some, [], None), self.labels[some]) for some in chosen)
        for pixels, labels in self._brought(loaded):
            yield self._normalize(pixels), labels

    def shuffled(
        self, batch_size: int, augmentation: Sequence[Choice], seed: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield augmented batches of exactly this size, in an order the seed decides.

        The last few images that fill no batch wait for another epoch's order, so that
        every step has the same shape.
        """
        on_device = Generator(self.scale.device).manual_seed(seed + 1)
        moves, changes = _split(augmentation)
        loaded = self._loaded(min(batch_size, len(self)), moves, seed)
        for pixels, labels in self._brought(loaded):
            images = self._normalize(pixels)
            for change, choice in changes:
                images = change(
                    images, on_device, *choice.arguments, **dict(choice.options)
                )
            yield images, labels

    def _loaded(
        self, size: int, moves: list[tuple[_Move, Choice]], seed: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield moved pixels (n, H, W, C) and labels, where the pixels are."""
        generator = Generator(self.pixels.device).manual_seed(seed)
        order = torch.randperm(
            len(self), generator=generator, device=self.pixels.device
        )
        for start in range(0, len(self) - size + 1, size):
            chosen = self.indices[order[start : start + size]]
            yield self._gather(chosen, moves, generator), self.labels[chosen]

    def _brought(
        self, loaded: Iterator[tuple[Tensor, Tensor]]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Bring what was loaded to the device, unless it is there."""
        if self.pixels.device == self.scale.device:
            return loaded
        return devices.brought(loaded, self.scale.device)

    def _gather(
        self,
        chosen: Tensor,
        moves: list[tuple[_Move, Choice]],
        generator: Generator | None,
    ) -> Tensor:
        """Collect images, moved, in one gather: uint8 (n, H, W, C)."""
        if not moves:
            return self.pixels.index_select(0, chosen)
        _, height, width, channels = self.pixels.shape
        place = self.pixels.device
        rows = torch.arange(height, device=place).expand(len(chosen), height)
        columns = torch.arange(width, device=place).expand(len(chosen), width)
        for move, choice in moves:
            rows, columns = move(
                rows, columns, generator, *choice.arguments, **dict(choice.options)
            )
        first = (chosen[:, None] * height + rows) * width
        places = first[:, :, None] + columns[:, None]
        gathered = self.pixels.view(-1, channels).index_select(0, places.view(-1))
        return gathered.view(len(chosen), height, width, channels)

    def _normalize(self, pixels: Tensor) -> Tensor:
        """uint8 (n, H, W, C) to float (n, C, H, W), which then is channels_last."""
        count, height, width, _ = pixels.shape
        rows = pixels.float()
        rows = rows.view(count, height, -1)
        # Over whole rows: vectors as short as a pixel take ten times as long.
        scale, offset = self.scale.repeat(width), self.offset.repeat(width)
        torch.addcmul(offset, rows, scale, out=rows)
        return rows.view(pixels.shape).permute(0, 3, 1, 2)


def batches_of(
    images: Images, indices: np.ndarray, info: DataInfo, device: torch.device
) -> Batches:
    """Lay images out for a device; `indices` says which of them to use.

    An accelerator holds the chosen images itself when they fill at most a quarter of
    its free memory; else, and on CPU, they stay where they are.
    """
    mean, std = torch.tensor(info.mean), torch.tensor(info.std).clamp_min(1e-3)
    size = len(indices) * int(np.prod(images.pixels.shape[1:]))
    if devices.holds(device, size):
        images = images.take(indices)
        indices = np.arange(len(indices))
        home = device
    else:
        home = torch.device("cpu")
    return Batches(
        pixels=_as_tensor(images.pixels).to(home),
        labels=torch.from_numpy(images.labels).to(home),
        indices=torch.from_numpy(indices).to(home),
        scale=(1 / (255 * std)).to(device),
        offset=(-mean / std).to(device),
    )


def _as_tensor(pixels: Pixels) -> Tensor:
    """Let PyTorch read pixels where they are, in a file that stays as it is."""
    with warnings.catch_warnings():
        # It knows no read-only tensors; nothing here writes to one.
        warnings.filterwarnings("ignore", "The given NumPy array is not writ")
        return torch.from_numpy(pixels)


def train_and_val(
    images: Images, split: Split, info: DataInfo, device: torch.device
) -> tuple[Batches, Batches]:
    """Lay out both sides of a split."""
    return (
        batches_of(images, split.train, info, device),
        batches_of(images, split.val, info, device),
    )


def check_augmentation(augmentation: Sequence[Choice]) -> None:
    """Refuse unknown names and wrong arguments before anything is trained."""
    for choice in augmentation:
        row = pick(AUGMENTATIONS, choice.name, "augmentation")
        choice.bind(row.function, *(["given"] * (3 if row.move else 2)))


def _split(
    augmentation: Sequence[Choice],
) -> tuple[list[tuple[_Move, Choice]], list[tuple[_Change, Choice]]]:
    rows = [(AUGMENTATIONS[choice.name], choice) for choice in augmentation]
    moves = [(row.move, choice) for row, choice in rows if row.move]
    changes = [(row.change, choice) for row, choice in rows if row.change]
    return moves, changes
