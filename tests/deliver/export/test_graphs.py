"""ONNX and PyTorch's own graphs compute what the network computes, for any batch."""

import json
import sys

import numpy as np
import onnx
import pytest
import torch

from autocnn.deliver.export import graphs
from autocnn.errors import RequestError

FORMATS = {
    "onnx": (graphs.write_onnx, graphs.open_onnx),
    "pt2": (graphs.write_pt2, graphs.open_pt2),
}


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    said = {name: write(network, folder) for name, (write, _) in FORMATS.items()}
    return folder, said


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("images", [1, 2, 3, 150])
def test_a_graph_gives_the_originals_logits_for_any_batch(
    exported, network, pixels, name, images
):
    folder, _ = exported
    run = FORMATS[name][1](folder)
    logits = run(pixels[:images])
    assert logits.dtype == np.float32
    assert logits.shape == (images, 3)
    assert np.abs(logits - network.logits(pixels[:images]).numpy()).max() < 1e-4


def test_an_onnx_file_says_its_opset_and_what_it_is(exported, network):
    folder, said = exported
    model = onnx.load(folder / "model.onnx")
    (opset,) = (each.version for each in model.opset_import if not each.domain)
    assert said["onnx"] == {"opset": opset} == {"opset": graphs.OPSET}
    told = {each.key: json.loads(each.value) for each in model.metadata_props}
    assert told["classes"] == network.classes
    assert told["input"]["shape"] == ["N", 8, 8, 1]
    assert told["output"]["shape"] == ["N", 3]
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, given.name) == ("pixels", "logits")
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    batch, *rest = taken.type.tensor_type.shape.dim
    assert batch.dim_param == "batch"
    assert [each.dim_value for each in rest] == [8, 8, 1]
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "model.pt2"]


def test_a_pt2_file_says_which_torch_wrote_it(exported):
    assert exported[1]["pt2"] == {"torch": torch.__version__}


def test_onnx_without_its_packages_is_refused_with_the_extra(
    network, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(RequestError, match="onnxscript") as caught:
        graphs.write_onnx(network, tmp_path)
    assert "autocnn[onnx]" in caught.value.hint
