"""What a network says of the validation images, as it is kept from epoch to epoch."""

import pytest
import torch

from autocnn.train import answers, attempt
from autocnn.train.learner import Learner

CPU = torch.device("cpu")


@pytest.fixture
def train(tmp_path, make_recipe, tiny_shape, tiny_batches):
    """Train in a folder for so many epochs of four, from where it stands."""

    def go(epochs: int = 4, folder=tmp_path / "a", fold: int = 0) -> Learner:
        recipe = make_recipe(epochs=4)
        learner = Learner(recipe, tiny_shape, device=CPU, seed=3)
        attempt.resume(folder, learner, fold=fold)
        for epoch in attempt.go_on(folder, learner, *tiny_batches, fold=fold):
            if epoch.number == epochs:
                break
        return learner

    return go


def read(folder, fold: int = 0) -> answers.Answers:
    found = answers.load(attempt.answers_file(folder, fold))
    assert found is not None
    return found


def test_of_every_epoch_it_is_known_which_images_were_right(train, tmp_path):
    learner = train()
    found = read(tmp_path / "a")
    scores = found.right.float().mean(dim=1).tolist()
    assert scores == pytest.approx([epoch.val_accuracy for epoch in learner.history])


def test_of_the_best_epoch_all_is_known(train, tmp_path, tiny_batches):
    learner = train()
    _, val = tiny_batches
    found = read(tmp_path / "a")
    assert found.logits.shape == (len(val), 3)
    right = found.logits.argmax(1) == val.labels[val.indices]
    assert torch.equal(right, found.right[learner.best.number - 1])


def test_of_a_fold_the_last_epoch_counts(train, tmp_path, tiny_batches):
    train(fold=2)
    _, val = tiny_batches
    found = read(tmp_path / "a", fold=2)
    right = found.logits.argmax(1) == val.labels[val.indices]
    assert torch.equal(right, found.right[-1])


def test_a_training_that_was_broken_off_has_the_same_answers_in_the_end(
    train, tmp_path
):
    train(folder=tmp_path / "whole")
    for epochs in (1, 3, 4):
        train(epochs, folder=tmp_path / "broken")
    whole, broken = read(tmp_path / "whole"), read(tmp_path / "broken")
    assert torch.equal(whole.right, broken.right)
    assert torch.equal(whole.logits, broken.logits)


def test_answers_that_are_ahead_of_the_checkpoint_are_given_again(train, tmp_path):
    # The process died after it had written them, before the epoch was on disk.
    train(2)
    checkpoint = (tmp_path / "a" / "checkpoint-0.pt").read_bytes()
    train(3)
    (tmp_path / "a" / "checkpoint-0.pt").write_bytes(checkpoint)
    train()
    train(folder=tmp_path / "whole")
    assert torch.equal(read(tmp_path / "a").right, read(tmp_path / "whole").right)


@pytest.mark.parametrize("damage", [b"", b"no numbers", None])
def test_damaged_answers_do_not_keep_a_training_from_going_on(train, tmp_path, damage):
    train(2)
    file = attempt.answers_file(tmp_path / "a")
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    assert answers.load(file) is None
    learner = train()
    assert len(learner.history) == 4
    last = read(tmp_path / "a").right[-1].float().mean().item()
    assert last == pytest.approx(learner.history[-1].val_accuracy)


def test_folds_make_one_set_of_answers():
    folds = [
        answers.none_yet(n, 2).after(torch.eye(2)[[0] * n], labels, leads=True)
        for n, labels in ((3, torch.tensor([0, 0, 1])), (2, torch.tensor([1, 0])))
    ]
    found = answers.joined(folds)
    assert found.right.tolist() == [[True, True, False, False, True]]
    assert found.logits.shape == (5, 2)
