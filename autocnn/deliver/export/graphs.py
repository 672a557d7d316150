"""Networks as graphs that run without the Python they were written in."""

import copy
import importlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autocnn import __version__
from autocnn.data.images import Pixels
from autocnn.deliver.export.contract import Run, contract
from autocnn.errors import RequestError

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from autocnn.deliver.predict import Network

OPSET = 18
"""Of ONNX: the first that PyTorch translates to; runtimes have it since 2023."""
NEEDED = ("onnx", "onnxscript", "onnxruntime")


def write_onnx(network: "Network", folder: Path) -> dict[str, Any]:
    """Write model.onnx; its metadata hold the classes, and what goes in and out."""
    _require(NEEDED)
    import onnx
    import torch

    program = torch.onnx.export(
        _program(network),
        dynamic_shapes=({0: "batch"},),  # how the axis is named
        input_names=["pixels"],
        output_names=["logits"],
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    told = {"autocnn": __version__, "classes": network.classes, **contract(network)}
    onnx.helper.set_model_props(
        model, {name: json.dumps(value) for name, value in told.items()}
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, folder / "model.onnx")
    return {
        "opset": next(each.version for each in model.opset_import if not each.domain)
    }


def open_onnx(folder: Path) -> Run:
    """Run model.onnx in ONNX Runtime, on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )

    def run(pixels: Pixels) -> np.ndarray:
        (logits,) = session.run(["logits"], {"pixels": pixels})
        return np.asarray(logits)

    return run


def write_pt2(network: "Network", folder: Path) -> dict[str, Any]:
    """Write model.pt2, which torch.export.load reads."""
    import torch

    # In memory first: on a full disk PyTorch would name another error.
    written = io.BytesIO()
    torch.export.save(_program(network), written)
    (folder / "model.pt2").write_bytes(written.getvalue())
    return {"torch": str(torch.__version__)}


def open_pt2(folder: Path) -> Run:
    """Run model.pt2 with PyTorch."""
    import torch

    module = torch.export.load(folder / "model.pt2").module()

    def run(pixels: Pixels) -> np.ndarray:
        with torch.inference_mode():
            logits: np.ndarray = module(torch.from_numpy(pixels)).numpy()
        return logits

    return run


def _program(network: "Network") -> "ExportedProgram":
    """Follow the network, behind its preprocessing, for any number of images."""
    import torch

    shape = network.recipe.shape
    assert shape is not None
    pixels = torch.zeros(
        2, shape.height, shape.width, shape.channels, dtype=torch.uint8
    )
    batch = torch.export.Dim("batch", min=1)
    # PyTorch warns of weights that lie in memory otherwise than it writes them.
    whole = copy.deepcopy(network.classifier).to(memory_format=torch.contiguous_format)
    return torch.export.export(whole, (pixels,), dynamic_shapes=({0: batch},))


def _require(modules: tuple[str, ...]) -> None:
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            raise RequestError(
                f"{name}, which ONNX files are made with, is not installed",
                hint="install it: pip install 'autocnn[onnx]'",
            ) from None
