"""The networks that are trained for time. To add one, add its line to NETWORKS."""

from collections.abc import Mapping
from pathlib import Path

from autocnn import recipe as recipes
from autocnn.recipe import ImageShape, Recipe

SHAPE = ImageShape(height=32, width=32, channels=3, classes=10)
SEEDS = Path(__file__).parent.parent / "studies" / "seeds"
FOR_EVER = 1_000_000
"""Epochs: a measurement ends when its time is over."""
AUGMENTATION = ["flip", "shift 0.1"]


def _normalized(width: int, activation: str) -> list[str]:
    return [f"conv {width} bias=false", "batch_norm", activation]


def vgg6() -> Recipe:
    """Six convolutions with batch normalization, after Simonyan 2014."""
    layers: list[str] = []
    for width in (32, 64, 128):
        layers += _normalized(width, "relu") * 2 + ["max_pool 2"]
    layers += ["flatten", "dense 256", "relu"]
    return _recipe(layers, batch_size=128, optimizer="sgd", learning_rate=0.05)


def airbench() -> Recipe:
    """A network in the manner of Jordan 2024, arXiv:2404.00498, sized for a CPU."""
    layers = ["conv 32 kernel=4 stride=2 bias=false", "gelu"]
    for width in (48, 96, 128):
        layers += [f"conv {width} bias=false", "max_pool 2", "batch_norm", "gelu"]
        layers += _normalized(width, "gelu")
    layers += ["global_max_pool"]
    return _recipe(layers, batch_size=512, optimizer="sgd", learning_rate=0.2)


def model7() -> Recipe:
    """The seventh hand-tuned network of `studies/seeds`."""
    document = recipes.read_toml(SEEDS / "model-7.toml")
    document["train"] |= {"epochs": FOR_EVER, "augmentation": AUGMENTATION}
    return recipes.from_dict(document)


def _recipe(layers: list[str], **train: object) -> Recipe:
    settings = {"epochs": FOR_EVER, "augmentation": AUGMENTATION, **train}
    return recipes.from_dict({"layers": layers, "train": settings})


NETWORKS: Mapping[str, Recipe] = {
    "model7": model7(),
    "vgg6": vgg6(),
    "airbench": airbench(),
}
