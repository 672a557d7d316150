"""autocnn space: what a search draws from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autocnn.commands.options import format_option
from autocnn.commands.words import say

if TYPE_CHECKING:
    import torch

    from autocnn.recipe import ImageShape
    from autocnn.search.space import Space


@click.command("space")
@click.option(
    "--space",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file that changes the default space.",
)
@click.option(
    "--image",
    metavar="HxWxC",
    help="Size and channels of the images.  [default: 32x32x3]",
)
@click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, mps."
)
@format_option
def command(file: Path | None, image: str | None, device: str, form: str) -> None:
    """Print the parameters of a space, their ranges, and where the first trial starts.

    \b
    A space file narrows, fixes or extends the default space:
      [space]
      width = { min = 16, max = 32, step = 8 }   # a range; log = true for a log scale
      activation = ["relu", "gelu"]              # some of the choices, or more
      optimizer = "sgd"                          # fixed
      epochs = [10, 20]                          # any training setting can be drawn
    """  # noqa: D301 - click takes the backspace as "do not wrap this paragraph"
    from autocnn.choices import describe
    from autocnn.device import pick_device
    from autocnn.search import space as spaces
    from autocnn.search.parameters import PARAMETERS
    from autocnn.views import tables

    shape = _shape(image)
    target = pick_device(device)
    accelerated = target.type != "cpu"
    if file is not None:
        shape = spaces.declared_shape(file) or shape
        space = spaces.read_space(file, shape, accelerated=accelerated)
    else:
        space = spaces.default_space(shape, accelerated=accelerated)
    rows = [
        {
            "parameter": name,
            "range": describe(choice),
            "first": space.defaults[name],
            "meaning": PARAMETERS[name].help if name in PARAMETERS else "",
        }
        for name, choice in space.ranges.items()
    ]
    rows += [
        {"parameter": name, "range": f"fixed: {value}", "first": value, "meaning": ""}
        for name, value in space.fixed.items()
    ]
    tables.write(rows, form, columns=("parameter", "range", "first", "meaning"))
    if space.template is None:
        say(
            f"for {shape}; networks that cost more than convolutions of "
            f"{tables.count(space.max_flops)}FLOPs an image are made narrower",
            err=True,
        )
    _say_cost(space, shape, target)


IMAGES, VAL_IMAGES = 45_000, 5_000


def _say_cost(space: "Space", shape: "ImageShape", device: "torch.device") -> None:
    """Predict what the space's networks take on this machine, on standard error."""
    from autocnn.device import default_jobs
    from autocnn.engines.machine import prices
    from autocnn.search.sample import cost, draw_some
    from autocnn.views.tables import duration

    def remark(text: str) -> None:
        say(text, err=True)

    jobs = default_jobs(device)
    found = prices(device, jobs, remark)
    if found is None:
        return
    drawn = draw_some(space, shape, epochs=1)
    spent = cost(drawn, found, shape, train_images=IMAGES, val_images=VAL_IMAGES)
    remark(
        f"on this machine, {jobs} at once, an epoch of {IMAGES:,} images takes about "
        f"{duration(spent.median)}; four of five networks take "
        f"{duration(spent.low)} to {duration(spent.high)}"
    )


def _shape(text: str | None) -> "ImageShape":
    from autocnn.errors import RequestError
    from autocnn.recipe import ImageShape

    words = (text or "32x32x3").lower().split("x")
    if len(words) != 3 or not all(w.isdigit() and int(w) > 0 for w in words):
        raise RequestError(
            f"'{text}' is no image size",
            hint="write HEIGHTxWIDTHxCHANNELS, as 28x28x1",
        )
    height, width, channels = map(int, words)
    return ImageShape(height=height, width=width, channels=channels, classes=10)
