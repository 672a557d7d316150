"""What was found in the data before the search."""

from autocnn.views.report.blocks import Block, Section, Table, Text
from autocnn.views.report.contents import Data, Report

MOST_CLASSES = 100


def audit(report: Report) -> Section | None:
    """Counts, sizes, faults, copies."""
    config, found = report.study.config, report.data
    if not config:
        return None
    if found is None:
        text = (
            f"The prepared images of {config['data']} are no longer in the cache of "
            "this machine, so that their counts cannot be given; autocnn data DATA "
            "looks at them anew."
        )
        return Section("data", "The data", (Text(text), _facts(report)))
    blocks: list[Block] = [Text(each) for each in found.findings]
    if not found.findings:
        blocks.append(
            Text("No unreadable file, no duplicate, no copy across two sets was found.")
        )
    return Section("data", "The data", (*blocks, _facts(report), _counts(found)))


def _facts(report: Report) -> Table:
    config = report.study.config
    shape = config["shape"]
    rows = [
        ("source", str(config["source"])),
        ("fingerprint", str(config["fingerprint"])),
        ("used as", f"{shape['height']}x{shape['width']}x{shape['channels']}"),
        ("to learn from", f"{config['train_images']:,} images"),
        ("validation", f"{config['val_images']:,} images"),
    ]
    if report.data is not None:
        rows[2:2] = [("sizes found", report.data.sizes)]
        rows.append(("sealed test set", f"{report.data.test_images:,} images"))
    return Table(columns=("", ""), rows=tuple(rows))


def _counts(found: Data) -> Table:
    splits = list(found.counts)
    names = list(
        dict.fromkeys(name for split in splits for name in found.counts[split])
    )
    said = {
        "search": "train and validation",
        "val": "validation",
        "test": "sealed test",
    }
    more = len(names) - MOST_CLASSES
    return Table(
        columns=("class", *(said.get(split, split) for split in splits)),
        rows=tuple(
            (name, *(f"{found.counts[split].get(name, 0):,}" for split in splits))
            for name in names[:MOST_CLASSES]
        ),
        right=tuple(said.get(split, split) for split in splits),
        caption="Images of each class"
        + (f"; {more} more classes." if more > 0 else "."),
    )
