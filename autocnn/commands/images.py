"""The images that a study was made with, wherever they are now."""

from pathlib import Path

from autocnn.commands.progress import decoding_progress
from autocnn.commands.words import say
from autocnn.data.cache import find_prepared, prepare
from autocnn.errors import DataError
from autocnn.search.study import StudyConfig


def images_of(config: StudyConfig, study: str, data_dir: Path | None) -> Path:
    """Find the prepared data with the study's fingerprint, or prepare them again.

    DataError if they are others now.
    """
    if (known := find_prepared(config.data, config.fingerprint)) is not None:
        return known
    with decoding_progress(lambda text: say(text, err=True)) as progress:
        prepared = prepare(
            config.source,
            data_dir=data_dir,
            image_size=config.shape.height,
            channels=config.shape.channels,
            progress=progress,
        )
    if prepared.info.fingerprint != config.fingerprint:
        raise DataError(
            f"the images of {config.source} are not those of study '{study}': their "
            f"fingerprint is {prepared.info.fingerprint[:12]}, the study's "
            f"{config.fingerprint[:12]}",
            hint="put the images back that were there when the study began",
        )
    return prepared.folder
