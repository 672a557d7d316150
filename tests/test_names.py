"""Names that others chose: what a terminal obeys is written out, no folder is left."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from autocnn.errors import RequestError
from autocnn.names import STEERING, folder_name, printable
from autocnn.search.study import check_name

BIDI = "".join(
    chr(code)
    for code in range(0x110000)
    if unicodedata.bidirectional(chr(code))
    in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[2Jgone", r"\u001b[2Jgone"),
        ("\x9b31mred", r"\u009b31mred"),
        ("a\nerror: b\r\tc", r"a\nerror: b\r\tc"),
        ("\x1b]52;c;aGk=\x07", r"\u001b]52;c;aGk=\u0007"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("bytes \udcff", r"bytes \udcff"),
        ("Ärger 猫 👩‍🔬 [red]", "Ärger 猫 👩‍🔬 [red]"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_what_steers_a_terminal_is_written_out_and_words_stay(name, shown):
    assert printable(name) == shown


def test_nothing_that_unicode_calls_a_control_or_an_end_of_line_is_left():
    for code in range(0x110000):
        letter = chr(code)
        steers = unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"}
        assert bool(STEERING.match(letter)) >= (steers or letter in BIDI), hex(code)


def test_lines_stay_where_they_are_wanted():
    assert printable("one\ntwo\x1b\n", lines=True) == "one\ntwo\\u001b\n"


@given(st.text(st.characters(), max_size=50))
@example("\x7f\x80\x9b\u2028\u2029")
def test_json_says_the_same_with_nothing_in_it_that_steers(text):
    written = printable(json.dumps({text: text}, ensure_ascii=False))
    assert not STEERING.search(written)
    assert json.loads(written) == {text: text}


def test_what_steers_takes_no_cells_so_that_a_screen_can_leave_it_out():
    for code in range(0x3000):
        if STEERING.match(chr(code)):
            assert cell_len(chr(code)) == 0, hex(code)


@given(st.text(st.characters(), min_size=1, max_size=300))
@example("..")
@example(".")
@example("../../etc/passwd")
@example("/etc/passwd")
@example("a\x00b")
@example("\udcff/..")
def test_no_name_leads_out_of_the_studies(name):
    folder = Path("studies") / folder_name(name)
    assert folder.parent == Path("studies")
    assert folder.name not in {"", ".", ".."}
    assert len(folder.name) <= 255
    assert "\x00" not in str(folder)


@pytest.mark.parametrize("name", ["digits", "digits-2", "my.study_3", "猫"])
def test_our_own_names_are_their_folders(name):
    assert check_name(name) == folder_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "-x", "a b", "a\n", "\x1b[2J", "a'b", "a;b",
     "$(id)", "a\u202eb", "x" * 101, "%2e%2e"],
)  # fmt: skip
def test_other_names_are_refused(name):
    with pytest.raises(RequestError, match="cannot name a study"):
        check_name(name)
    assert folder_name(name) != name
