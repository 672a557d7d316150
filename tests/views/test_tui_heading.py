"""A line of parts, each as long as there is room for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from autocnn.views.tui.header import brief
from autocnn.views.tui.heading import line

PARTS = [
    {9: "best 90%"},
    {8: "45%", 3: "▌▌▌▌··· 45%"},
    {7: "2h left", 4: "1h, about 2h left"},
    {5: "9/h", 2: "9 trials/h"},
]
MACHINE = {6: "CPU 93%", 1: "CPU 93% mem 4/16G"}


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (79, ["▌▌▌▌··· 45% │ 1h, about 2h left │ 9 trials/h", "CPU 93% mem 4/16G"]),
        (70, ["▌▌▌▌··· 45% │ 1h, about 2h left │ 9 trials/h", "CPU 93%"]),
        (60, ["▌▌▌▌··· 45% │ 1h, about 2h left │ 9/h", "CPU 93%"]),
        (54, ["45% │ 1h, about 2h left │ 9/h", "CPU 93%"]),
        (42, ["45% │ 2h left │ 9/h", "CPU 93%"]),
        (36, ["45% │ 2h left", "CPU 93%"]),
        (30, ["45% │ 2h left"]),
        (18, ["45%"]),
    ],
)
def test_what_weighs_most_is_said_as_far_as_there_is_room(width, words):
    found = line(PARTS, MACHINE, width).removeprefix(" best 90% │ ")
    assert re.split(" {2,}", found.strip()) == words


def test_nothing_may_stand_at_the_right_end():
    assert line([{1: "left"}], {}, 10) == " left     "


@given(
    st.lists(st.dictionaries(st.integers(0, 9), st.text(max_size=20)), max_size=5),
    st.dictionaries(st.integers(0, 9), st.text(max_size=20)),
    st.integers(2, 90),
)
def test_a_line_is_as_wide_as_it_is_to_be(parts, right, width):
    assert cell_len(line(parts, right, width)) == width


@pytest.mark.parametrize(
    ("device", "word"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("Tesla V100-SXM2-16GB", "V100"),
        ("NVIDIA A100-PCIE-40GB", "A100"),
        ("2 CPU cores", "2 CPU cores"),
        ("mps", "mps"),
        ("NVIDIA", "NVIDIA"),
    ],
)
def test_devices_are_told_by_what_tells_them_apart(device, word):
    assert brief(device) == word
