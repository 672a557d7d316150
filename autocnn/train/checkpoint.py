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

from autocnn.train.learner import Epoch, Learner

logger = logging.getLogger(__name__)


def save(path: Path, learner: Learner) -> None:
    """Write the learner's state; a crash leaves the old file or the new one."""
    state = {
        "net": learner.net.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "history": [dataclasses.asdict(epoch) for epoch in learner.history],
    }
    with replacing(path) as temporary:
        torch.save(state, temporary)


def restore(path: Path, learner: Learner) -> bool:
    """Bring a fresh learner of the same recipe to the state on disk, if there is one.

    A file that cannot be read is put aside: the training then starts over.
    """
    try:
        state: dict[str, Any] = torch.load(
            path, map_location=learner.device, weights_only=True
        )
        history = [Epoch(**epoch) for epoch in state["history"]]
        net, optimizer, scaler = (state[key] for key in ("net", "optimizer", "scaler"))
    except FileNotFoundError:
        return False
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.PickleError):
        logger.warning("%s is damaged; its training starts over", path)
        path.unlink()
        return False
    learner.net.load_state_dict(net)
    learner.optimizer.load_state_dict(optimizer)
    learner.scaler.load_state_dict(scaler)
    learner.history[:] = history
    return True


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
