"""A step too large is taken in halves; a graph stays only where it is faster."""

import pytest
import torch

from autocnn.train.graphed import GraphedStep
from autocnn.train.learner import Learner
from autocnn.train.step import Step

CPU = torch.device("cpu")
# Without what normalizes over the batch or draws at random: halves are then exact.
LAYERS = ["conv 8", "relu", "max_pool 2", "flatten"]


@pytest.fixture
def learner(make_recipe, tiny_shape):
    recipe = make_recipe(LAYERS, label_smoothing=0.1)
    return Learner(recipe, tiny_shape, device=CPU, seed=0)


@pytest.fixture
def batch(tiny_batches):
    train, _ = tiny_batches
    return next(iter(train.shuffled(32, (), seed=0)))


def refuse_above(learner, images):
    """Let the network run out of memory on more images than this."""

    def check(_net, given):
        if len(given[0]) > images:
            raise torch.OutOfMemoryError("pretended")

    return learner.net.register_forward_pre_hook(check)


def weights(learner):
    return torch.nn.utils.parameters_to_vector(learner.net.parameters()).detach()


def test_halves_learn_what_the_whole_batch_would(make_recipe, tiny_shape, batch):
    results = []
    for limit in (32, 16):
        recipe = make_recipe(LAYERS, label_smoothing=0.1)
        learner = Learner(recipe, tiny_shape, device=CPU, seed=0)
        refuse_above(learner, limit)
        step = Step(learner)
        said = [step(*batch, 0.05) for _ in range(3)]
        results.append((weights(learner), said))
    (whole, whole_said), (halves, halves_said) = results
    torch.testing.assert_close(halves, whole)
    torch.testing.assert_close(halves_said, whole_said)


def test_halves_that_do_not_fit_either_fail_the_step(learner, batch):
    refuse_above(learner, 15)
    with pytest.raises(torch.OutOfMemoryError):
        Step(learner)(*batch, 0.05)


def test_after_one_refusal_whole_batches_are_not_tried_again(learner, batch):
    sizes = []
    learner.net.register_forward_pre_hook(
        lambda _net, given: sizes.append(len(given[0]))
    )
    refuse_above(learner, 16)
    step = Step(learner)
    step(*batch, 0.05)
    step(*batch, 0.05)
    assert sizes == [32, 16, 16, 16, 16]


class Pretended(GraphedStep):
    """A graph on a machine that has none, with a clock that only steps move."""

    def __init__(self, plain_seconds, replay_seconds, *, fails=False):
        self.calls = []
        super().__init__(self.plain, CPU)
        self.seconds = {"plain": plain_seconds, "replay": replay_seconds}
        self.fails = fails
        self.time = 0.0

    def take(self, way):
        self.calls.append(way)
        self.time += self.seconds[way]

    def plain(self, images, labels):
        self.take("plain")
        return images, labels

    def replay(self, images, labels):
        self.take("replay")
        return images, labels

    def _now(self):
        return self.time

    def _capture(self, images, labels):
        return None if self.fails else self.replay


STEPS = 40
BEFORE = GraphedStep.UNTIMED + GraphedStep.TIMED


@pytest.mark.parametrize(
    ("graph", "replays"),
    [
        (Pretended(2.0, 1.0), STEPS - BEFORE),
        (Pretended(1.0, 2.0), GraphedStep.UNTIMED + GraphedStep.TIMED),
        (Pretended(2.0, 1.0, fails=True), 0),
    ],
    ids=["faster", "slower", "cannot be captured"],
)
def test_a_graph_stays_only_if_it_is_faster(graph, replays):
    one = torch.ones(1)
    for _ in range(STEPS):
        assert graph(one, one) == (one, one)
    assert graph.calls.count("replay") == replays
    assert len(graph.calls) == STEPS


@pytest.mark.parametrize("steps", [5, 9, 12, 15, 18, 20, 25])
def test_what_passes_between_epochs_is_no_part_of_a_step(steps):
    one, graph = torch.ones(1), Pretended(2.0, 1.0)
    for number in range(60):
        if number % steps == 0:
            graph.time += 100.0
        graph(one, one)
    assert graph.calls[-1] == "replay"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_step_that_cannot_be_captured_still_draws_and_frees(make_recipe, tiny_shape):
    recipe = make_recipe([*LAYERS, "dropout 0.5"])
    learner = Learner(recipe, tiny_shape, device=torch.device("cuda"), seed=0)

    def look(*given):
        given[-1].sum().item()

    learner.net.register_forward_hook(look)
    step = Step(learner)
    stream = torch.cuda.current_stream()
    for _ in range(STEPS):
        images = torch.randn(32, 1, 8, 8, device="cuda")
        step(images, torch.arange(32, device="cuda") % 3, 0.01)
    assert step._run._replay is None
    assert torch.cuda.current_stream() == stream
    torch.cuda.empty_cache()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_captured_step_learns_what_the_plain_one_does(make_recipe, tiny_shape):
    results = []
    for timed in (GraphedStep.TIMED, 10**9):
        recipe = make_recipe(LAYERS, optimizer="adamw")
        learner = Learner(recipe, tiny_shape, device=torch.device("cuda"), seed=0)
        step = Step(learner)
        if timed > STEPS:
            step._run = step._run._step
        random = torch.Generator("cuda").manual_seed(0)
        for _ in range(STEPS):
            images = torch.randn(32, 1, 8, 8, device="cuda", generator=random)
            step(images, torch.arange(32, device="cuda") % 3, 0.01)
        results.append(weights(learner))
    torch.testing.assert_close(results[0], results[1], rtol=1e-3, atol=1e-4)
