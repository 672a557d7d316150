"""The sealed test set of a network's data: opened once, then told by the record."""

from dataclasses import dataclass
from pathlib import Path

import optuna

from autocnn.commands.options import Place
from autocnn.commands.progress import decoding_progress
from autocnn.commands.words import say
from autocnn.data.cache import Prepared, find_prepared, prepare, reopen
from autocnn.deliver.predict import Network
from autocnn.deliver.seal import open_seal, read, record, weights_hash
from autocnn.errors import DataError, NoResultError, RequestError
from autocnn.evaluation import Evaluation
from autocnn.storage import open_storage
from autocnn.store.find import find_study
from autocnn.store.honest import openings
from autocnn.views.report.again import day
from autocnn.views.tables import accuracy
from autocnn.views.verdict import whose


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What the test set tells of a network, and whether that was told before."""

    evaluation: Evaluation
    remark: str


def unseal(
    folder: Path,
    network: Network,
    place: Place,
    data_dir: Path | None,
    *,
    again: bool,
) -> Unsealed:
    """Open a network's test set, or give the record of when it was opened.

    With `again` it is opened anew, and that is noted, too.
    """
    study = _study(network, place)
    home = folder if study is None else place.folder(study.study_name)
    if not again and (known := _recorded(study, folder, home)) is not None:
        return known
    data = _own(network, data_dir)
    _, evaluation = open_seal(study, folder, home, data, network.device)
    times = len(openings(study.user_attrs)) if study else 1
    if times == 1:
        remark = "the sealed test set is open now: this score is written down for good"
    else:
        remark = f"the test set was opened {times} times: it is no longer sealed"
    return Unsealed(evaluation, remark)


def _study(network: Network, place: Place) -> optuna.Study | None:
    """Find the study that a network is of, if it is of one in this storage."""
    name = network.card.get("study")
    try:
        return find_study(open_storage(place.url), name) if name else None
    except (RequestError, NoResultError):
        return None


def _recorded(study: optuna.Study | None, folder: Path, home: Path) -> Unsealed | None:
    """Find what was told of this network; RequestError if only another was scored."""
    if study is None:
        found = read(record(home))
        if found is None:
            return None
        return Unsealed(found, _told(record(home).stat().st_mtime))
    notes = openings(study.user_attrs)
    if not notes:
        return None
    known, own = [each.weights for each in notes], weights_hash(folder)
    if own not in known:
        first = notes[0]
        raise RequestError(
            f"this network was not scored: the test set was opened on "
            f"{day(first.at)} for that of {whose(first)} ({accuracy(first.accuracy)})",
            hint="--again scores this one, too, and notes that the seal was broken",
        )
    place = known.index(own)
    found = read(record(home, place + 1))
    if found is None:
        raise RequestError(
            f"the record of the opened test set, {record(home, place + 1)}, is lost",
            hint="--again scores it anew, and notes that it was no longer sealed",
        )
    return Unsealed(found, _told(notes[place].at))


def _told(at: float) -> str:
    return f"the test set was opened on {day(at)}; this is the record"


def _own(network: Network, data_dir: Path | None) -> Prepared:
    """Prepare the data that a network comes from; DataError if they are others now.

    Where they are no longer, what was prepared of them is taken.
    """
    card = network.card
    shape, known = card["preprocessing"], card["data"]
    try:
        with decoding_progress(lambda text: say(text, err=True)) as progress:
            data = prepare(
                known["source"],
                data_dir=data_dir,
                image_size=shape["height"],
                channels=shape["channels"],
                progress=progress,
            )
    except (DataError, RequestError):
        folder = find_prepared(known["name"], known["fingerprint"])
        if folder is None or Path(known["source"]).exists():
            raise
        text = f"{known['source']} is not there: what was prepared of it is used"
        say(text, err=True)
        return reopen(folder)
    if data.info.fingerprint != known["fingerprint"]:
        raise DataError(
            f"{known['source']} is not what it was when the network was trained",
            hint="bring the old images back, or evaluate it on them as other data",
        )
    return data
