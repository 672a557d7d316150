"""What the commands of all benchmarks share: two options, and how they tell."""

import json
import os
from collections.abc import Mapping

import click

from benchmarks.report import Bar, Measured, to_json, write_table

as_json = click.option("--json", "as_json", is_flag=True, help="End with a JSON line.")
quick = click.option("--quick", is_flag=True, help="Two pairs, under a minute: rough.")


def say(text: str) -> None:
    """Tell how far it is, beside what is measured."""
    click.echo(text, err=True)


def tell(told: Mapping[str, float], as_json: bool) -> None:
    """Write what has no pairs to compare: a line of figures."""
    from autocnn.views import tables

    tables.write([told], "table", columns=tuple(told))
    if as_json:
        click.echo(json.dumps(told))


def write(
    measured: dict[str, Measured],
    others: float | None,
    bars: dict[str, Bar],
    as_json: bool,
) -> None:
    """Write pairs' ratios beside their bars, and what else the machine did."""
    write_table(measured, bars)
    known = "unknown" if others is None else f"{others:.2f} cores"
    click.echo(
        f"other processes meanwhile: {known}; load average {os.getloadavg()[0]:.1f}"
    )
    if as_json:
        click.echo(to_json(measured))
