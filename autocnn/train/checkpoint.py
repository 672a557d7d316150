"""A training on disk: written whole or not at all, continued exactly."""

import contextlib
import dataclasses
import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import optim

from autocnn.train.learner import Epoch, Learner

logger = logging.getLogger(__name__)
PARTS = ("net", "average", "optimizer", "scaler")
PLACED = ("lr", "capturable", "fused", "foreach")
"""What an optimizer's options are by its device, not by its recipe."""


def save(path: Path, learner: Learner) -> None:
    """Write the learner's state; a crash leaves the old file or the new one."""
    state = {
        "net": learner.net.state_dict(),
        "average": learner.average.net.state_dict() if learner.average else None,
        "optimizer": learner.optimizer.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "history": [dataclasses.asdict(epoch) for epoch in learner.history],
    }
    with replacing(path) as temporary:
        torch.save(state, temporary)


def restore(path: Path, learner: Learner) -> bool:
    """Bring a fresh learner of the same recipe to the state on disk, if there is one.

    It may be of another device than the one that was saved. A file that cannot be
    read is put aside: the training then starts over.
    """
    try:
        # On the CPU, where some optimizers count their steps: they move the rest.
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        history = [Epoch(**epoch) for epoch in state["history"]]
        net, average, optimizer, scaler = (state[part] for part in PARTS)
    except FileNotFoundError:
        return False
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.PickleError):
        logger.warning("%s is damaged; its training starts over", path)
        path.unlink()
        return False
    learner.net.load_state_dict(net)
    if learner.average is not None:
        learner.average.net.load_state_dict(average)
    _load(learner.optimizer, optimizer)
    if scaler:  # that of a device without one is empty, and another refuses it
        learner.scaler.load_state_dict(scaler)
    learner.history[:] = history
    return True


def _load(optimizer: optim.Optimizer, state: dict[str, Any]) -> None:
    """Bring a fresh optimizer to a state; what its device asks of it stays.

    Its rate may be a tensor: each step sets that, whatever it was.
    """
    groups = [
        saved | {name: own[name] for name in PLACED if name in own}
        for saved, own in zip(
            state["param_groups"], optimizer.param_groups, strict=True
        )
    ]
    # By these options PyTorch then says where the counts of steps belong.
    optimizer.load_state_dict(state | {"param_groups": groups})


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Hand out a temporary path that takes `path`'s place when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
