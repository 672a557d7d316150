"""autocnn train: one recipe, trained to its end with all the machine has."""

import dataclasses
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from autocnn.commands.options import Place, data_options, place_options, study_option
from autocnn.commands.words import say


@click.command("train")
@click.argument("reference", metavar="TRIAL|FILE")
@click.argument("data", required=False)
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True)
@click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, mps."
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the network.  [default: studies/trained/NAME]",
)
@click.option(
    "--train-on-val",
    is_flag=True,
    help="Learn from the validation images, too: only a test set can then tell how "
    "good it is.",
)
@study_option
@click.option("--json", "as_json", is_flag=True, help="Write epochs as JSON lines.")
@data_options
@place_options
def command(**options: Any) -> int:
    """Train a trial (17, best) or a recipe FILE.toml on DATA.

    DATA is what `autocnn search` takes; without it, the study's own data, or the
    digits, resized to what the recipe was written for. The network of the best epoch,
    by validation accuracy, is kept. The same command again goes on where it stopped.
    """
    from autocnn import processes

    # The worker loads PyTorch in the background while this process does, below.
    processes.worker_context(processes.threads_of(1))
    return _train(**options)


def _train(
    *,
    reference: str,
    data: str | None,
    epochs: int | None,
    seed: int,
    device: str,
    output: Path | None,
    train_on_val: bool,
    study: str | None,
    as_json: bool,
    data_dir: Path | None,
    image_size: int | None,
    place: Place,
) -> int:
    from autocnn import device as devices
    from autocnn import durable
    from autocnn.commands.progress import decoding_progress
    from autocnn.commands.references import find
    from autocnn.data.cache import prepare
    from autocnn.deliver.single import Request, train
    from autocnn.engines.local import LocalEngine
    from autocnn.views import jsonl, plain

    named = find(reference, study, place)
    folder = output or place.studies / "trained" / named.label
    durable.check_writable(folder)
    target = devices.assign(devices.pick_device(device), 0)
    wanted = named.recipe.shape or (named.shape if named.row else None)
    source = named.study.config["source"] if named.study else "digits"
    with decoding_progress(lambda text: say(text, err=True)) as progress:
        prepared = prepare(
            data or source,
            data_dir=data_dir,
            image_size=image_size or (wanted.height if wanted else None),
            channels=wanted.channels if wanted else None,
            progress=progress,
        )
    settings = named.recipe.train
    if epochs is not None:
        settings = dataclasses.replace(settings, epochs=epochs)
    request = Request(
        recipe=dataclasses.replace(named.recipe, train=settings, shape=None),
        shape=prepared.info.shape,
        data=prepared,
        seed=seed,
        folder=folder,
        on_val=train_on_val,
    )
    view = jsonl.write if as_json else plain.write
    with _interrupts() as stopping, closing(LocalEngine(target, 1)) as engine:
        card = train(request, engine, view, stopping=stopping)
    if card is None:
        say("stopped; the same command goes on from here", err=True)
        return 75
    say(f"{_scored(card, on_val=train_on_val)}; kept in {request.folder}")
    return 0


def _scored(card: Mapping[str, Any], *, on_val: bool) -> str:
    if on_val:
        return "no score: the validation images were learned from, too"
    accuracy, error = card["val_accuracy"], card["val_standard_error"]
    images = f"(standard error, {card['val_images']} images)"
    return f"val accuracy {accuracy:.1%} ± {error:.1%} {images}"


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Leave after the first Ctrl-C at the next step, after the second at once."""
    asked: list[int] = []

    def heard(*_: object) -> None:
        asked.append(1)
        if len(asked) > 1:
            os._exit(130)

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
