"""A kept network, handed on in a format: written, checked, put in place."""

from pathlib import Path
from typing import Any

from autocnn.choices import pick
from autocnn.deliver.export.check import TOLERANCE, Sample, difference
from autocnn.deliver.export.contract import contract
from autocnn.deliver.export.folder import CARD, digests, whole
from autocnn.deliver.export.formats import FORMATS
from autocnn.deliver.predict import Network
from autocnn.errors import AutocnnError, RequestError
from autocnn.search.best import written


def export(network: Network, name: str, output: Path, images: Sample) -> dict[str, Any]:
    """Export a network, on the CPU, in a format; return the card that lies beside it.

    AutocnnError if it differs from the original on the images by more than TOLERANCE,
    RequestError if the format cannot hold it: then nothing is written.
    """
    row = pick(FORMATS, name, "format")
    if "ensemble" in network.card and not row.several:
        fitting = " or ".join(name for name, row in FORMATS.items() if row.several)
        raise RequestError(
            f"the {name} format holds one network, and an ensemble is several",
            hint=f"choose --format {fitting}, or one of its members",
        )
    with whole(output) as folder:
        (folder / CARD).write_bytes(written(network.card))
        said = row.write(network, folder)
        gap = difference(network, row.open(folder), images.pixels)
        if gap > TOLERANCE:
            raise AutocnnError(
                f"the {name} export's logits differ from the original's by {gap:.2g} "
                f"on {images}, more than {TOLERANCE:g}",
                hint="nothing was written; try another --format",
            )
        checked = {
            "images": len(images.pixels),
            "on": images.about,
            "max_difference": gap,
        }
        said = {"format": name, **contract(network), **said, "checked": checked}
        card = network.card | {"export": said | {"files": digests(folder)}}
        (folder / CARD).write_bytes(written(card))
    return card
