"""A network as a file that a person likes to read: model.py, a layer a line."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from autocnn import __version__
from autocnn.deliver.export.calls import call_of, classes_of, tuple_of, written
from autocnn.deliver.export.cut import cut
from autocnn.deliver.export.files import python
from autocnn.deliver.predict import Network
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape

INDENT = 12
"""Of a layer."""


def model_py(network: Network) -> str:
    """Write the network, and the classes of ours that it needs."""
    preprocessing = network.card["preprocessing"]
    return python(
        "model.py",
        cut(*classes_of(network.net)),
        layers=list(_layers(network)),
        classes=written(tuple_of(network.classes), 0, "CLASSES = "),
        mean=written(tuple_of(preprocessing["mean"]), 0, "MEAN = "),
        std=written(tuple_of(preprocessing["std"]), 0, "STD = "),
        **about(network),
    )


def about(network: Network) -> dict[str, Any]:
    """Describe a network, for the words of a file."""
    shape = _shape(network)
    color = "gray" if shape.channels == 1 else "color"
    return {
        "card": network.card,
        "shape": shape,
        "images": f"{shape.height}x{shape.width} {color} images",
        "parameters": f"{summarize(network.recipe, shape).parameters:,}",
        "version": __version__,
    }


def _layers(network: Network) -> Iterator[str]:
    """Write each layer, and behind it what it gives where that has another shape."""
    summary = summarize(network.recipe, _shape(network))
    modules = list(network.net.children())
    before: tuple[int, ...] = ()
    for module, layer in zip(modules, summary.layers, strict=True):
        made = call_of(module)
        if module is modules[-1]:
            # Who changes the classes need not change the layer.
            given, (_, *more) = made.arguments[0], made.arguments[1:]
            made = dataclasses.replace(
                made, arguments=(given, ("", "len(CLASSES)"), *more)
            )
        alone = written(made, INDENT, after=",")
        shaped = written(made, INDENT, after=f",  # {layer.output}")
        longer = shaped.count("\n") > alone.count("\n")
        yield alone if layer.output == before or longer else shaped
        before = layer.output


def _shape(network: Network) -> ImageShape:
    shape = network.recipe.shape
    assert shape is not None
    return shape
