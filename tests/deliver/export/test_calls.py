"""Every layer there is can be written as code that makes it anew."""

import copy

import pytest
import torch
from torch import nn

from autocnn.choices import Choice
from autocnn.deliver.export.calls import (
    Call,
    call,
    call_of,
    classes_of,
    tuple_of,
    written,
)
from autocnn.deliver.export.cut import cut
from autocnn.nets.activations import ACTIVATIONS
from autocnn.nets.blocks import BLOCKS, make

MAPS, FLAT = (6, 7, 7), (9,)
LINES = [
    ("conv 4", MAPS),
    ("conv 4 valid kernel=5 bias=false", MAPS),
    ("conv 4 kernel=4", MAPS),
    ("conv 4 kernel=4 stride=2", MAPS),
    ("separable 4 kernel=5 stride=2", MAPS),
    ("residual 6", MAPS),
    ("residual 4 stride=2 activation=prelu", MAPS),
    ("residual 8 kernel=2 norm=none activation=leaky_relu", MAPS),
    ("residual 8 norm=group_norm activation=none", MAPS),
    ("squeeze_excite", MAPS),
    ("squeeze_excite 0.9", MAPS),
    ("batch_norm", MAPS),
    ("batch_norm 0.001 0.1", FLAT),
    ("group_norm 3", MAPS),
    ("max_pool", MAPS),
    ("max_pool 3", MAPS),
    ("avg_pool 3", MAPS),
    ("global_avg_pool", MAPS),
    ("global_max_pool", MAPS),
    ("dropout 0.3", FLAT),
    ("dropout2d", MAPS),
    ("flatten", MAPS),
    ("dense 5", FLAT),
    ("dense 5 bias=false", FLAT),
    ("leaky_relu 0.3", MAPS),
    *((name, MAPS) for name in ACTIVATIONS),
]


def made(code: str, module: nn.Module) -> nn.Module:
    """Run code that makes a module, with the classes of ours that it needs."""
    needed = cut(*classes_of(module))
    lines = [*map(str, needed.imports), *needed.constants, *needed.definitions]
    namespace: dict[str, object] = {"nn": nn, "__name__": "elsewhere"}
    exec("\n".join([*lines, f"made = {code.strip()}"]), namespace)
    return namespace["made"]


def test_every_block_and_every_activation_has_a_line():
    assert {line.split()[0] for line, _ in LINES} == {*BLOCKS, *ACTIVATIONS}


@pytest.mark.parametrize(("line", "shape"), LINES)
def test_what_is_written_computes_the_same_with_the_same_weights(line, shape):
    torch.manual_seed(0)
    original = make(Choice.parse(line), shape)
    images = torch.randn(5, *shape)
    original(images * 1)  # so that running statistics are not what they were at first
    twin = made(written(call_of(original), 0), original)
    assert not any(
        type(part).__module__.startswith("autocnn") for part in twin.modules()
    )
    twin.load_state_dict(copy.deepcopy(original.state_dict()))
    for training in (True, False):
        torch.manual_seed(1)
        expected = original.train(training)(images * 1)
        torch.manual_seed(1)
        assert torch.equal(twin.train(training)(images * 1), expected)
    for name, values in original.state_dict().items():
        assert torch.equal(twin.state_dict()[name], values)


@pytest.mark.parametrize(
    ("module", "code"),
    [
        (nn.Conv2d(3, 8, 3, padding=1, bias=False), "(3, 8, 3, padding=1, bias=False)"),
        (nn.Conv2d(3, 8, (3, 1), (2, 1)), "(3, 8, (3, 1), stride=(2, 1))"),
        (nn.BatchNorm2d(8), "(8)"),
        (nn.MaxPool2d(2), "(2)"),
        (nn.MaxPool2d(2, stride=1), "(2, stride=1)"),
        (nn.ReLU(inplace=True), "(inplace=True)"),
        (nn.Identity(), "()"),
        (nn.GELU(approximate="tanh"), '(approximate="tanh")'),
    ],
)
def test_what_is_as_by_default_is_not_said(module, code):
    assert str(call_of(module)) == f"nn.{type(module).__name__}{code}"


def test_a_long_call_has_an_argument_a_line():
    short = Call("f", (("", "1"), ("x", "2")))
    assert written(short, 4, "y = ") == "    y = f(1, x=2)"
    long = Call("g", (("", short), ("name", "n" * 80)))
    assert written(long, 4, after=",").splitlines() == [
        "    g(",
        "        f(1, x=2),",
        "        name=" + "n" * 80 + ",",
        "    ),",
    ]


def test_choices_and_tuples_are_written_as_python():
    choice = Choice.parse("shift 0.1 fraction=true name=x")
    expected = 'shift(rows, 0.1, fraction=True, name="x")'
    assert str(call("shift", ["rows"], choice)) == expected
    assert str(tuple_of([0.25])) == "(0.25,)"
    assert str(tuple_of(['T-shirt/"top"', "ä"])) == '("T-shirt/\\"top\\"", "ä")'
