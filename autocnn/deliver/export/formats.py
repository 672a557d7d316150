"""The formats a network is exported to. To add one, add its line to FORMATS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.deliver.export import graphs, standalone, weights
from autocnn.deliver.export.contract import Run

if TYPE_CHECKING:
    from autocnn.deliver.predict import Network


@dataclass(frozen=True, slots=True)
class Format:
    """How a network is written, and how what was written is run."""

    write: "Callable[[Network, Path], dict[str, Any]]"
    """Put files into a folder; return what the card is to say of them besides."""
    open: Callable[[Path], Run]
    about: str
    several: bool = False
    """Whether it can hold the networks of an ensemble, too."""


FORMATS: Mapping[str, Format] = {
    "onnx": Format(
        graphs.write_onnx,
        graphs.open_onnx,
        f"model.onnx, opset {graphs.OPSET}, for any ONNX runtime; needs autocnn[onnx]",
        several=True,
    ),
    "pt2": Format(
        graphs.write_pt2,
        graphs.open_pt2,
        "model.pt2, for torch.export.load: PyTorch, without the network's code",
        several=True,
    ),
    "safetensors": Format(
        weights.write,
        weights.open_,
        "the bare weights and their recipe; what autocnn predict --model reads",
    ),
    "python": Format(
        standalone.write,
        standalone.open_,
        "model.py, its weights, predict.py and train.py: PyTorch without autocnn",
    ),
}
