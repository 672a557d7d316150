"""A training on disk: written whole or not at all, checked, continued exactly."""

import contextlib
import dataclasses
import hashlib
import io
import logging
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import optim

from autocnn import durable
from autocnn.train.learner import Begun, Epoch, Learner

logger = logging.getLogger(__name__)
SEAL = b"autocnn checkpoint, SHA-256 "
"""How a file begins; the sum follows, a line's end, and what PyTorch writes."""
UNSEALED = b"PK\x03\x04"
"""How one of an earlier version begins: with what PyTorch writes."""
DAMAGE = (RuntimeError, EOFError, LookupError, TypeError, ValueError)
PARTS = ("net", "average", "optimizer", "scaler")
PLACED = ("lr", "capturable", "fused", "foreach")
"""What an optimizer's options are by its device, not by its recipe."""


def save(path: Path, learner: Learner) -> None:
    """Write the learner's state, and keep the one before it beside it.

    OSError says why it cannot be written; what was there then stays.
    """
    state = {
        "net": learner.net.state_dict(),
        "average": learner.average.net.state_dict() if learner.average else None,
        "optimizer": learner.optimizer.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "history": [dataclasses.asdict(epoch) for epoch in learner.history],
        "begun": dataclasses.asdict(learner.begun),
    }
    # In memory first: on a full disk PyTorch would name another error.
    written = io.BytesIO()
    torch.save(state, written)
    content = written.getvalue()
    seal = SEAL + hashlib.sha256(content).hexdigest().encode() + b"\n"
    durable.write(path, seal + content, before=_before(path))


def restore(path: Path, learner: Learner) -> bool:
    """Bring a fresh learner of the same recipe to the state on disk, if there is one.

    It may be of another device than the one that was saved. Of a file that is damaged
    the one before it takes the place; without one, the training starts over. OSError
    says why one cannot be read: it may be whole.
    """
    for file in (path, _before(path)):
        try:
            state = _read(file)
            history = [Epoch(**epoch) for epoch in state["history"]]
            begun = Begun(**state.get("begun", {}))
            parts = [state[part] for part in PARTS]
        except FileNotFoundError:
            continue
        except (*DAMAGE, pickle.PickleError):
            logger.warning("%s is damaged, and not used", file)
            with contextlib.suppress(OSError):
                file.unlink()  # or it would become the one before
            continue
        _bring(learner, *parts)
        learner.history[:], learner.begun = history, begun
        return True
    return False


def _before(path: Path) -> Path:
    return path.with_name(f"{path.stem}-before{path.suffix}")


def _read(file: Path) -> dict[str, Any]:
    """Read a state onto the CPU; ValueError if it is not what was written."""
    content = file.read_bytes()
    if content.startswith(SEAL):
        seal, _, content = content.partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != seal.removeprefix(SEAL):
            raise ValueError(f"{file} is not what was written")
    elif not content.startswith(UNSEALED):
        raise ValueError(f"{file} is no checkpoint")
    # On the CPU, where some optimizers count their steps: they move the rest.
    state: dict[str, Any] = torch.load(
        io.BytesIO(content), map_location="cpu", weights_only=True
    )
    return state


def _bring(
    learner: Learner,
    net: dict[str, Any],
    average: dict[str, Any] | None,
    optimizer: dict[str, Any],
    scaler: dict[str, Any],
) -> None:
    """Bring a learner's parts to their states."""
    learner.net.load_state_dict(net)
    if learner.average is not None and average is not None:
        learner.average.net.load_state_dict(average)
    _load(learner.optimizer, optimizer)
    if scaler:  # that of a device without one is empty, and another refuses it
        learner.scaler.load_state_dict(scaler)


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
