"""The command line: ``python -m benchmarks trainer``, ``overhead``, ``cost``, ..."""

from pathlib import Path

import click

from benchmarks.faults import COMMANDS
from benchmarks.images import COUNT, QUICK_COUNT
from benchmarks.report import to_json, write_table
from benchmarks.words import as_json, quick, say, tell, write

PAIRS, QUICK_PAIRS = 7, 2
SECONDS, QUICK_SECONDS = 3.0, 0.3
SEEDS, QUICK_SEEDS = 100, 10


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure autocnn side by side with what it replaces; ratios, not seconds."""


@main.command()
@quick
@as_json
@click.option("--pairs", type=click.IntRange(1), help=f"[default: {PAIRS}]")
def trainer(quick: bool, as_json: bool, pairs: int | None) -> None:
    """Compare the trainer with a naive PyTorch loop and with sgemm."""
    from benchmarks import trainer as module

    pairs = pairs or (QUICK_PAIRS if quick else PAIRS)
    seconds = QUICK_SECONDS if quick else SECONDS
    images = QUICK_COUNT if quick else COUNT
    write(*module.measure(pairs, seconds, images, say), module.BARS, as_json)


@main.command()
@quick
@as_json
def overhead(quick: bool, as_json: bool) -> None:
    """Measure what a search costs beside training: starts, the driver, the study."""
    from benchmarks import overhead as module

    write(*module.measure(quick, say), module.BARS, as_json)


@main.command()
@quick
@as_json
def cost(quick: bool, as_json: bool) -> None:
    """Compare predicted with measured seconds, for networks of the default space."""
    from benchmarks import cost as module

    write(*module.measure(quick, say), module.BARS, as_json)


@main.command()
@quick
@as_json
def tui(quick: bool, as_json: bool) -> None:
    """Measure what watching costs: the first screen, a refresh, a key, the search."""
    from benchmarks import tui as module

    write(*module.measure(quick, say), module.BARS, as_json)


@main.command()
@quick
@as_json
@click.option(
    "--files",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of images.  [default: small ones made for it]",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a kept network.  [default: an untrained one]",
)
def predict(quick: bool, as_json: bool, files: Path | None, model: Path | None) -> None:
    """Label files by `autocnn predict` and by a bare PyTorch loop, in turns."""
    from benchmarks import predict as module

    write(*module.measure(quick, files, model, say), module.BARS, as_json)


@main.command()
@click.argument("data")
@click.option("--images", default=10_000, show_default=True, help="To train on.")
@click.option("--epochs", default=4, show_default=True)
@click.option("--only", multiple=True, help="Changes to try, as 'kernel = 5'.")
def choices(data: str, images: int, epochs: int, only: tuple[str, ...]) -> None:
    """Train the first recipe with one change at a time: what pays, what only costs."""
    from autocnn.data.cache import prepare
    from autocnn.views import tables
    from benchmarks import choices as module

    results = module.measure(prepare(data).folder, images, epochs, only, say)
    base = results[0]
    rows = [
        {
            "change": one.change,
            "val accuracy": f"{one.val_accuracy:.1%}",
            "cost": f"{one.image_seconds / base.image_seconds:.2f}x",
            "work": tables.count(one.work),
        }
        for one in sorted(results, key=lambda one: -one.val_accuracy)
    ]
    tables.write(rows, "table", columns=tuple(rows[0]))


@main.command()
@click.argument("cifar10", type=click.Path(exists=True, file_okay=False))
@click.option("--fashion", metavar="DIR", help="Folder of Fashion-MNIST's idx files.")
@click.option("--most", default=8, show_default=True)
def portfolio(cifar10: str, fashion: str | None, most: int) -> None:
    """Find recipes that together do well over data sets: a search begins with them."""
    from autocnn.views import tables
    from benchmarks import portfolio as module

    scores = module.measure(cifar10, fashion, say)
    rows = [
        {
            "recipe": name,
            "still missed": f"{missed:.2%}",
            **{task: f"{found[name]:.1%}" for task, found in scores.items()},
        }
        for name, missed in module.chosen(scores, most)
    ]
    tables.write(rows, "table", columns=tuple(rows[0]))


@main.command()
@click.argument("data")
@click.option("--recipes", default=240, show_default=True, help="In the table.")
@click.option("--epochs", default=9, show_default=True)
@click.option("--images", default=5_000, show_default=True, help="To train and score.")
@click.option("--image-size", default=16, show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), required=True
)
def record(
    data: str, recipes: int, epochs: int, images: int, image_size: int, output: Path
) -> None:
    """Train recipes of the default space to their end, into a table for `replay`.

    It is written after every recipe; the same command goes on where it stopped.
    """
    from benchmarks import record as module

    module.record(data, recipes, epochs, images, image_size, output, say)


@main.command()
def outlook() -> None:
    """Check intervals for where a learning curve will end, on recorded curves."""
    from autocnn.views import tables
    from benchmarks import curves
    from benchmarks import outlook as module

    rows = module.rows(curves.read(curves.RECORDED), (1, 3, 6))
    tables.write(rows, "table", columns=tuple(rows[0]))


@main.command()
@click.argument("data")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False))
@click.option("--minutes", default=5.0, show_default=True, help="For each search.")
@click.option("--seeds", default=3, show_default=True)
def search(data: str, data_dir: Path | None, minutes: float, seeds: int) -> None:
    """Search in equal time beside plain Optuna, which has our trainer, too."""
    from benchmarks import search as module

    found = module.measure(data, data_dir, 60 * minutes, range(seeds), say)
    module.write(found)


@main.command()
@as_json
@click.option("--searches", type=click.IntRange(2), default=20, show_default=True)
def honest(as_json: bool, searches: int) -> None:
    """Compare what searches say of their best network with the sealed test sets."""
    from benchmarks import honest as module

    tell(module.summary(module.measure(searches, say)), as_json)


@main.command()
@click.argument("data")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False))
@click.option("--recipes", default=32, show_default=True)
@click.option("--images", default=2_500, show_default=True, help="To train on.")
@click.option("--image-size", default=16, show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), required=True
)
def signals(
    data: str,
    data_dir: Path | None,
    recipes: int,
    images: int,
    image_size: int,
    output: Path,
) -> None:
    """Find out which early sign of a training tells best how well it will end.

    A line is written after every recipe; the same command goes on where it stopped.
    """
    from autocnn.views import tables
    from benchmarks import signals as module

    found = module.measure(data, data_dir, recipes, images, image_size, output, say)
    rows = [
        {
            "sign": name,
            "rank correlation": f"{value:.2f}",
            "90 %": f"{low:.2f}-{high:.2f}",
        }
        for name, (value, low, high) in module.correlations(found).items()
    ]
    tables.write(rows, "table", columns=tuple(rows[0]))


@main.command()
@click.option("--quick", is_flag=True, help="Few seeds, under a minute: rough.")
@as_json
@click.option(
    "--seeds", type=click.IntRange(1), help=f"[default: {SEEDS}; quick: {QUICK_SEEDS}]"
)
@click.option(
    "--table",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Of `record`. [default: the one of this repository]",
)
@click.option("--policy", "policies", multiple=True, help="Only these and the rivals.")
@click.option("--variants", is_flag=True, help="Ours with one change each, too.")
@click.option("--start/--no-start", default=True, help="With our start points, or not.")
def replay(
    quick: bool,
    as_json: bool,
    seeds: int | None,
    table: Path | None,
    policies: tuple[str, ...],
    variants: bool,
    start: bool,
) -> None:
    """Play search policies on recorded curves, with epochs as the clock."""
    from autocnn.choices import pick
    from autocnn.offline.policies import OURS
    from benchmarks import curves
    from benchmarks import replay as module

    for name in policies:
        pick(module.ALL, name, "policy")
    chosen = policies or ((OURS,) if quick else ())
    chosen += tuple(module.ALL) if variants else ()
    seeds = seeds or (QUICK_SEEDS if quick else SEEDS)
    recorded = curves.read(table or curves.RECORDED)
    compared = module.compare(recorded, seeds, say, chosen, start=start)
    module.write(compared)
    measured = module.measured(compared)
    write_table(measured, module.BARS)
    if as_json:
        click.echo(to_json(measured))


for each in COMMANDS:
    main.add_command(each)

if __name__ == "__main__":
    main()
