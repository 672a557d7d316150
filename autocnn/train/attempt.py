"""A training kept on disk epoch by epoch: whenever it ends, another goes on from there.

A folder holds one training, or those of one trial's folds, told apart by number.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from autocnn import durable
from autocnn.data.batches import Batches
from autocnn.events import EpochEnded
from autocnn.train import answers, checkpoint
from autocnn.train.answers import Answers
from autocnn.train.learner import Epoch, Learner
from autocnn.train.loop import always, fit
from autocnn.train.weights import save_weights

WORTH_SAVING = 1.0
"""Seconds of an epoch, from which on it is saved when it is broken off."""


def resume(folder: Path, learner: Learner, *, fold: int = 0) -> None:
    """Bring a fresh learner to where the training in this folder stands.

    While that cannot be read, it waits; UnavailableError after some minutes.
    """
    for leftover in folder.glob(".*"):  # of a process that died while it wrote
        with contextlib.suppress(OSError):
            leftover.unlink()
    durable.until_read(lambda: checkpoint.restore(_checkpoint(folder, fold), learner))


def go_on(
    folder: Path,
    learner: Learner,
    train: Batches,
    val: Batches | None,
    *,
    fold: int = 0,
    keep_going: Callable[[], bool] = always,
) -> Iterator[Epoch]:
    """As `fit`, but each epoch is on disk before it is yielded.

    With it, if they are what counts, its weights: those of the best epoch; in
    cross-validation those of the last one, as in scikit-learn, and so without
    validation images. While they cannot be written, it waits; UnavailableError after
    some minutes. What there is of an epoch that is broken off is on disk too, if it
    can be.
    """
    kept = durable.until_read(lambda: answers.read(answers_file(folder, fold)))
    for epoch in fit(learner, train, val, keep_going=keep_going):
        last = epoch.number == learner.settings.epochs
        leads = last if fold or val is None else epoch == learner.best
        if val is not None:
            kept = _with_last(kept, learner, leads=leads)
        save = partial(_save, folder, fold, learner, kept, leads=leads)
        durable.until_written(save)
        yield epoch
    if learner.begun.seconds >= WORTH_SAVING:
        with contextlib.suppress(OSError):
            checkpoint.save(_checkpoint(folder, fold), learner)


def _save(
    folder: Path, fold: int, learner: Learner, kept: Answers | None, *, leads: bool
) -> None:
    """Write an epoch down: the checkpoint last, so that where it is, all is."""
    weights = weights_file(folder, fold, len(learner.history))
    if leads:
        save_weights(weights, learner.result)
    if kept is not None:
        answers.save(answers_file(folder, fold), kept)
    checkpoint.save(_checkpoint(folder, fold), learner)
    if leads:
        for old in {*folder.glob(f"best-{fold}-*.safetensors")} - {weights}:
            old.unlink()


def _with_last(kept: Answers | None, learner: Learner, *, leads: bool) -> Answers:
    """Add the last epoch's answers to those of the epochs before it.

    There may be some of an epoch that a crash kept from being written down otherwise.
    """
    assert learner.said is not None
    logits, labels = (each.cpu() for each in learner.said)
    before = len(learner.history) - 1
    if kept is None or len(kept.right) < before:
        kept = answers.none_yet(*logits.shape)
    kept = Answers(kept.logits, kept.right[:before])
    return kept.after(logits, labels, leads=leads)


def weights_file(folder: Path, fold: int, epoch: int) -> Path:
    """Say where the weights of this epoch are, if they were kept."""
    return folder / f"best-{fold}-{epoch}.safetensors"


def answers_file(folder: Path, fold: int = 0) -> Path:
    """Say where the answers to the validation images are."""
    return folder / f"answers-{fold}.safetensors"


def seconds(learner: Learner, epochs: int | None = None) -> float:
    """Add up the time of its first so many epochs, or of all that was trained."""
    begun = learner.begun.seconds if epochs is None else 0.0
    return begun + sum(epoch.seconds for epoch in learner.history[:epochs])


def ended(
    learner: Learner, epoch: Epoch, *, trial: int, fold: int = 0, before: float = 0.0
) -> EpochEnded:
    """Write down what an epoch came to; `before` are seconds of earlier folds."""
    return EpochEnded(
        trial=trial,
        epoch=epoch.number,
        epochs=learner.settings.epochs,
        train_loss=epoch.train_loss,
        train_accuracy=epoch.train_accuracy,
        val_loss=epoch.val_loss,
        val_accuracy=epoch.val_accuracy,
        seconds=epoch.seconds,
        trained_seconds=before + seconds(learner, epoch.number),
        images_per_second=epoch.images_per_second,
        fold=fold,
    )


def _checkpoint(folder: Path, fold: int) -> Path:
    return folder / f"checkpoint-{fold}.pt"
