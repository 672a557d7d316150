"""One training step, as its device is fastest with it and within its memory."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from autocnn import device as devices
from autocnn.train.graphed import StepFunction, graphed
from autocnn.train.learner import Learner
from autocnn.train.optimizers import set_learning_rate


class Step:
    """Learns from one batch a call; all batches must have the same size."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._halved = False
        plain = not learner.scaler.is_enabled()
        self._run: StepFunction = partial(_learn, learner, 1)
        if plain:
            self._run = graphed(self._run, learner.device)

    def __call__(
        self, images: Tensor, labels: Tensor, learning_rate: float
    ) -> tuple[Tensor, Tensor]:
        """Move the weights; give the mean loss and the hits, still on the device.

        A batch that does not fit into memory is learned from in two halves from then
        on: the same gradient, but for what normalizes over the batch.
        torch.OutOfMemoryError if the halves do not fit either.
        """
        set_learning_rate(self._learner.optimizer, learning_rate)
        try:
            return self._run(images, labels)
        except torch.OutOfMemoryError:
            if self._halved or len(labels) < 2:
                raise
        # Outside of the handler, which holds on to the tensors of the failed step.
        self._halved, self._run = True, partial(_learn, self._learner, 2)
        self._learner.optimizer.zero_grad(set_to_none=True)
        devices.free_memory(self._learner.device)
        return self._run(images, labels)


# No method: a step that held on to one would hold on to itself, and to all memory that
# the training had.
def _learn(
    learner: Learner, parts: int, images: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor]:
    learner.optimizer.zero_grad(set_to_none=True)
    loss_sum = torch.zeros((), device=images.device)
    hits = torch.zeros((), dtype=torch.long, device=images.device)
    for part, truth in zip(images.chunk(parts), labels.chunk(parts), strict=True):
        with devices.mixed_precision(learner.device):
            logits = learner.net(part)
            loss = functional.cross_entropy(
                logits.float(),
                truth,
                label_smoothing=learner.settings.label_smoothing,
            )
        loss = loss * (len(truth) / len(labels))
        learner.scaler.scale(loss).backward()
        loss_sum += loss.detach()
        hits += (logits.detach().argmax(1) == truth).sum()
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    return loss_sum, hits
