"""Benchmarks of what lasts: faults, load, bad input, machines that go."""

import click

from benchmarks.words import as_json, quick, say, tell


@click.command()
@as_json
@click.option("--trials", type=click.IntRange(50), default=2_000, show_default=True)
def soak(as_json: bool, trials: int) -> None:
    """Search with very many short trials: does anything grow?"""
    from benchmarks import soak as module

    tell(module.measure(trials, say), as_json)


@click.command()
@as_json
@click.option("--inputs", type=click.IntRange(5), default=10_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def fuzz(as_json: bool, inputs: int, seed: int) -> None:
    """Read damaged images, tables, arrays, recipes and spaces: does one crash it?"""
    from benchmarks import fuzz as module

    tell(module.measure(inputs, seed, say), as_json)


@click.command()
@as_json
@click.option("--kills", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of who is killed, when.")
def chaos(as_json: bool, kills: int, seed: int) -> None:
    """Kill processes of searches at random moments, and count what is lost."""
    from benchmarks import chaos as module

    tell(module.measure(-(-kills // 2), seed, say), as_json)


@click.command()
@quick
@as_json
def ray(quick: bool, as_json: bool) -> None:
    """Compare workers on Ray with those here, and kill a machine of a search."""
    from benchmarks import ray as module

    tell(module.measure(quick, say), as_json)


@click.command()
@as_json
@click.option("--workers", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--trials", type=click.IntRange(0), default=0, help="Done before.")
@click.option("--seconds", type=click.FloatRange(1), default=60.0, show_default=True)
def scale(as_json: bool, workers: int, trials: int, seconds: float) -> None:
    """Let a driver and a PostgreSQL server serve very many simulated workers."""
    from benchmarks import scale as module

    tell(module.measure(workers, trials, seconds, say), as_json)


COMMANDS = (soak, fuzz, chaos, ray, scale)
