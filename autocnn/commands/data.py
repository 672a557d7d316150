"""autocnn data: look at a data set before a search."""

from pathlib import Path

import click

from autocnn.commands.options import data_options, format_option
from autocnn.commands.words import say


@click.command("data")
@click.argument("data", default="digits")
@data_options
@format_option
def command(
    data: str, data_dir: Path | None, image_size: int | None, form: str
) -> None:
    """Decode DATA and say what it is: classes, counts, sizes, faults, duplicates."""
    from autocnn.commands.findings import findings
    from autocnn.commands.progress import decoding_progress
    from autocnn.data.cache import prepare
    from autocnn.views import tables

    with decoding_progress(lambda text: say(text, err=True)) as progress:
        prepared = prepare(
            data, data_dir=data_dir, image_size=image_size, progress=progress
        )
    info, audit = prepared.info, prepared.audit
    if form == "json":
        tables.write_json(info.to_dict() | {"audit": audit.to_dict()})
        return
    rows = [
        {"class": name}
        | {split: counts.get(name, 0) for split, counts in audit.counts.items()}
        for name in info.classes
    ]
    tables.write(rows, form)
    if form == "table":
        say(
            f"{info.name}: {len(info.classes)} classes, {info.search_images} images "
            f"for training and validation, {info.test_images} sealed for the test"
            f" ({'its own' if info.given_test else 'cut from all'})"
        )
        say(f"sizes {audit.sizes}, used as {info.height}x{info.width}x{info.channels}")
        for finding in findings(audit):
            say(finding)
