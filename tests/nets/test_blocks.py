"""The contract of every line of BLOCKS, and what layers refuse."""

import pytest
import torch

from autocnn.choices import Choice
from autocnn.errors import RequestError
from autocnn.nets.blocks import BLOCKS, make

# For each block: a line of a recipe, the incoming shape and the outgoing one.
EXAMPLES = {
    "conv": [
        ("conv 6", (4, 8, 8), (6, 8, 8)),
        ("conv 6 valid", (4, 8, 8), (6, 6, 6)),
        ("conv 6 kernel=5 stride=2 bias=false", (4, 8, 8), (6, 4, 4)),
        ("conv 6 kernel=4 stride=2", (4, 8, 8), (6, 4, 4)),
        ("conv 6 stride=2", (4, 7, 7), (6, 4, 4)),
    ],
    "separable": [
        ("separable 6", (4, 8, 8), (6, 8, 8)),
        ("separable 6 kernel=5 stride=2", (4, 8, 8), (6, 4, 4)),
    ],
    "residual": [
        ("residual 4", (4, 8, 8), (4, 8, 8)),
        ("residual 6", (4, 8, 8), (6, 8, 8)),
        ("residual 6 stride=2", (4, 7, 7), (6, 4, 4)),
        ("residual 6 kernel=5 norm=none activation=gelu", (4, 8, 8), (6, 8, 8)),
    ],
    "squeeze_excite": [
        ("squeeze_excite", (4, 8, 8), (4, 8, 8)),
        ("squeeze_excite 0.5", (32, 8, 8), (32, 8, 8)),
    ],
    "batch_norm": [
        ("batch_norm", (4, 8, 8), (4, 8, 8)),
        ("batch_norm", (9,), (9,)),
    ],
    "group_norm": [
        ("group_norm", (16, 8, 8), (16, 8, 8)),
        ("group_norm 4", (10, 8, 8), (10, 8, 8)),
        ("group_norm", (9,), (9,)),
    ],
    "max_pool": [
        ("max_pool", (4, 8, 8), (4, 4, 4)),
        ("max_pool 3", (4, 8, 8), (4, 2, 2)),
    ],
    "avg_pool": [("avg_pool 2", (4, 7, 7), (4, 3, 3))],
    "global_avg_pool": [("global_avg_pool", (4, 8, 8), (4,))],
    "global_max_pool": [("global_max_pool", (4, 8, 8), (4,))],
    "dropout": [("dropout 0.25", (4, 8, 8), (4, 8, 8)), ("dropout", (9,), (9,))],
    "dropout2d": [("dropout2d 0.25", (4, 8, 8), (4, 8, 8))],
    "flatten": [("flatten", (4, 8, 8), (256,))],
    "dense": [("dense 5", (9,), (5,)), ("dense 5 bias=false", (9,), (5,))],
}
LINES = [example for examples in EXAMPLES.values() for example in examples]


def test_every_block_has_an_example():
    assert set(EXAMPLES) == set(BLOCKS)


@pytest.mark.parametrize(("line", "incoming", "outgoing"), LINES)
def test_a_block_gives_the_shape_it_says_and_passes_gradients(line, incoming, outgoing):
    torch.manual_seed(0)
    block = make(Choice.parse(line), incoming)
    images = torch.randn(4, *incoming, requires_grad=True)
    output = block(images)
    # Not the plain sum: normalization makes that a constant.
    (output * torch.randn_like(output)).sum().backward()
    assert output.shape == (4, *outgoing)
    for tensor in (images, *block.parameters()):
        assert torch.isfinite(tensor.grad).all()
        assert tensor.grad.abs().sum() > 0


@pytest.mark.parametrize(("line", "incoming", "outgoing"), LINES)
def test_a_block_scores_every_image_on_its_own(line, incoming, outgoing):
    torch.manual_seed(0)
    block = make(Choice.parse(line), incoming).eval()
    images = torch.randn(3, *incoming)
    alone = torch.cat([block(image[None]) for image in images])
    assert torch.allclose(block(images), alone, atol=1e-5)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_same_keeps_the_size_whatever_the_kernel(kernel):
    block = make(Choice.parse(f"conv 6 same {kernel}"), (4, 8, 8))
    assert block(torch.ones(1, 4, 8, 8)).shape == (1, 6, 8, 8)


@pytest.mark.parametrize(
    ("line", "incoming", "problem"),
    [
        ("konv 8", (3, 8, 8), "no layer called 'konv'"),
        ("conv 8 full", (3, 8, 8), "no padding 'full'"),
        ("conv", (3, 8, 8), "missing a required argument: 'width'"),
        ("relu 3", (3, 8, 8), "'relu 3' does not fit"),
        ("residual 8 norm=layer_norm", (3, 8, 8), "no layer called 'layer_norm'"),
        ("dense 8", (3, 8, 8), "a dense layer takes flat input"),
    ],
)
def test_what_cannot_be_is_refused(line, incoming, problem):
    with pytest.raises(RequestError, match=problem):
        make(Choice.parse(line), incoming)


def test_an_unknown_layer_is_answered_with_the_nearest_of_all():
    for word, hint in (("konv", "conv"), ("geluu", "gelu")):
        with pytest.raises(RequestError) as caught:
            make(Choice(word), (3, 8, 8))
        assert caught.value.hint == f"did you mean '{hint}'?"


def test_a_residual_block_of_its_own_width_adds_its_input():
    block = make(Choice.parse("residual 4 norm=none"), (4, 8, 8))
    for weights in block.parameters():
        torch.nn.init.zeros_(weights)
    images = torch.rand(2, 4, 8, 8)
    assert torch.equal(block(images), images)


def test_dropout2d_silences_whole_channels():
    torch.manual_seed(0)
    output = make(Choice.parse("dropout2d 0.5"), (64, 4, 4))(torch.ones(2, 64, 4, 4))
    kept = (output != 0).flatten(2).float().mean(2)
    assert set(kept.unique().tolist()) == {0.0, 1.0}


def test_group_norm_takes_the_most_groups_that_divide_the_channels():
    assert make(Choice.parse("group_norm 8"), (30, 2, 2)).num_groups == 3
