"""The last word of a search on its winner: what it is worth on other images."""

import optuna
import torch

from autocnn import events
from autocnn.data.cache import Prepared
from autocnn.deliver.estimate import estimate
from autocnn.deliver.seal import open_seal, opened
from autocnn.events import Emit
from autocnn.search import best
from autocnn.search.trials import Plan
from autocnn.store.honest import ESTIMATE, openings


def pronounce(
    study: optuna.Study,
    plan: Plan,
    data: Prepared,
    device: torch.device,
    emit: Emit,
    *,
    open_test: bool,
) -> None:
    """Correct the best network's score, and with `open_test` open the sealed test set.

    It is opened for the first network alone: another one of the same study would be
    chosen in knowledge of the first one's result.
    """
    folder = plan.folder / "best"
    if not (folder / "card.json").exists():
        return
    found = None
    if not best.read_card(folder).get("on_val"):  # that one has no score to correct
        found = estimate(plan.folder, data.info.test_images)
    study.set_user_attr(ESTIMATE, found.to_dict() if found else None)
    if found is not None:
        best.annotate(folder, **found.to_card())
    opening = opened(study, folder)
    if opening is not None:  # this very network may have been kept anew since
        best.annotate(folder, **opening.to_card())
    if opening is None and open_test:
        if openings(study.user_attrs):
            text = (
                "the test set was opened before, for an earlier network: it stays shut "
            )
            emit(events.Notice(text=text + "(autocnn evaluate --again opens it)"))
        else:
            opening, _ = open_seal(study, folder, plan.folder, data, device)
    if found is None and opening is None:
        return
    emit(
        events.Verdict(
            val_accuracy=found.val_accuracy if found else None,
            corrected=found.corrected if found else None,
            corrected_interval=found.interval if found else None,
            test_accuracy=opening.accuracy if opening else None,
            test_interval=opening.interval if opening else None,
            test_images=data.info.test_images,
        )
    )
