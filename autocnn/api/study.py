"""A study in a program's hands: its trials, and the networks it found."""

import html
import importlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.errors import RequestError
from autocnn.names import printable

if TYPE_CHECKING:
    import numpy as np
    import optuna
    import pandas as pd

    from autocnn.api.network import Network
    from autocnn.commands.options import Place
    from autocnn.store.rows import StudySnapshot, TrialRow

LABELS = "autocnn:labels"
"""A study attribute: the labels that its class names stand for, where they differ."""
SHOWN = ("rank", "trial", "status", "val_accuracy", "epochs", "parameters", "settings")
TOP = 10


def load_study(
    study: str | None = None,
    *,
    storage: str | Path | None = None,
    studies: str | Path | None = None,
) -> "Study":
    """Open a study by its name; without one, the one that was active last.

    `storage` and `studies` are where it is, as on the command line. AutocnnError if it
    is not there.
    """
    load_optuna()
    from autocnn.commands.leaderboard import command
    from autocnn.commands.options import place_of
    from autocnn.commands.words import read
    from autocnn.storage import open_storage
    from autocnn.store.find import find_study

    known = read(command, {"storage": storage, "studies": studies})
    place = place_of(known["storage"], known["studies"])
    return Study(find_study(open_storage(place.url), study), place)


def load_optuna() -> None:
    """Import Optuna without what its progress bars have to say, which are not shown."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        importlib.import_module("optuna")


class Study:
    """A study. What is asked of it is read anew: it may be searched meanwhile."""

    def __init__(self, study: "optuna.Study", place: "Place") -> None:
        self._place = place
        self.optuna = study
        """The same as Optuna sees it."""
        self.name = study.study_name
        self.folder = place.folder(self.name)
        """Of its files."""

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{n} {status}" for status, n in self._read().counts().items()
        )
        best = self.best
        score = f"; best: trial {best.trial}, {best.val_accuracy:.1%}" if best else ""
        return f"<Study {printable(self.name)}: {counts or 'no trials'}{score}>"

    def _repr_html_(self) -> str:
        """Show the best trials, in a notebook."""
        from autocnn.views.leaderboard import key_settings
        from autocnn.views.tables import cell

        rows = [
            row | {"settings": key_settings(row["params"])} for row in self.rows[:TOP]
        ]
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in SHOWN)
        body = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(cell(name, row))}</td>" for name in SHOWN)
            + "</tr>"
            for row in rows
        )
        return (
            f"<p>{html.escape(repr(self)[1:-1])}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its trials, best first, as plain values."""
        from autocnn.views import leaderboard

        return leaderboard.rows(self._read())

    def leaderboard(self) -> "pd.DataFrame":
        """Lay its trials out, best first; drawn values are in columns ``params.NAME``.

        It needs pandas; `rows` does not.
        """
        from autocnn.views.tables import flat

        try:
            import pandas as pd
        except ImportError:
            raise RequestError(
                "a leaderboard is a DataFrame, and pandas is not installed",
                hint="install it: pip install 'autocnn[pandas]'; or use study.rows",
            ) from None
        return pd.DataFrame([flat(row) for row in self.rows])

    @property
    def best(self) -> "TrialRow | None":
        """The best trial; None before one has a score."""
        return self._read().best()

    @property
    def outcome(self) -> str:
        """How its last search ended, as ``complete`` or ``time is up``; or ''."""
        state = self._read().state
        return state.outcome if state else ""

    @property
    def card(self) -> dict[str, Any]:
        """What its best network is: classes, scores, data, versions."""
        return self.network(device="cpu").card

    def network(self, trial: int | str = "best", *, device: str = "auto") -> "Network":
        """Load the best network, or that of a trial (17, "best-2") if it was kept.

        Or "ensemble", which `autocnn ensemble` puts together.
        """
        from autocnn import device as devices
        from autocnn.api.network import Network
        from autocnn.commands.references import kept_network
        from autocnn.deliver import networks, predict
        from autocnn.store.rows import find_trial

        if trial == networks.ENSEMBLE:
            folder = networks.ensemble(self.folder)
        elif trial == "best":
            folder = kept_network(self.optuna, self._place)
        else:
            number = find_trial(self._read(), str(trial)).trial
            folder = kept_network(self.optuna, self._place, number)
        network = predict.load(folder, devices.pick_device(device))
        labels: Mapping[str, Any] = self.optuna.user_attrs.get(LABELS, {})
        return Network(network, labels)

    def predict(self, images: Any) -> "np.ndarray":
        """Label images with the best network: see `Network.predict_proba`."""
        return self.network().predict(images)

    def predict_proba(self, images: Any) -> "np.ndarray":
        """Give the best network's probability of each class, (N, classes)."""
        return self.network().predict_proba(images)

    def evaluate(
        self, data: str | Path | None = None, *, again: bool = False
    ) -> dict[str, Any]:
        """Score the best network, as `autocnn evaluate` does; what its JSON has.

        On data that a search takes; without any, on the study's sealed test set, once:
        asked again, the record is told, unless `again` breaks the seal.
        """
        from autocnn import device as devices
        from autocnn.commands.evaluate import score_on
        from autocnn.commands.references import kept_network
        from autocnn.deliver import predict

        folder = kept_network(self.optuna, self._place)
        network = predict.load(folder, devices.pick_device())
        named = None if data is None else str(data)
        found, others, _ = score_on(named, network, folder, self._place, again=again)
        return found.to_dict() | others

    def export(
        self, form: str, folder: str | Path, *, trial: int | str = "best"
    ) -> dict[str, Any]:
        """Write a network in a format of `autocnn export`; return the export's card."""
        # There float32 is computed as such, in whatever precision it was trained.
        return self.network(trial, device="cpu").export(form, folder)

    def report(self, path: str | Path) -> None:
        """Write all that was found as one file: .html, or .md."""
        from autocnn.commands.report import write

        write(self.optuna, self._place, Path(path))

    def _read(self) -> "StudySnapshot":
        from autocnn.store.rows import snapshot

        return snapshot(self.optuna)
