"""Words on the command line name files as a person expects."""

import os

import pytest

from autocnn.commands.files import named_files

FILES = ("a.png", "b.jpg", "notes.txt", "in/c.png", "in/deeper/d.PNG", ".hidden.png")


@pytest.fixture
def here(tmp_path, monkeypatch):
    for name in FILES:
        (tmp_path / "pics" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pics" / name).write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(*words, listed=b""):
    return named_files(words, lambda: listed)


def test_a_folder_names_the_images_in_it_and_below(here):
    found = named("pics")
    assert found.files == [
        "pics/a.png", "pics/b.jpg", "pics/in/c.png", "pics/in/deeper/d.PNG"
    ]  # fmt: skip
    assert found.problems == {}
    assert found.notes == ["pics: 1 file left out, not images by their names: .txt."]


def test_a_pattern_is_expanded_sorted_and_may_go_down(here):
    assert named("pics/*.???").files == ["pics/a.png", "pics/b.jpg", "pics/notes.txt"]
    assert named("pics/**/*.png").files == ["pics/a.png", "pics/in/c.png"]
    assert named("pics/**").files[-1] == "pics/notes.txt"
    assert named("pics/i*").files == ["pics/in/c.png", "pics/in/deeper/d.PNG"]


def test_a_file_that_is_named_twice_is_one(here):
    files = named("pics/b.jpg", "pics", "./pics/a.png", "pics/*.jpg").files
    assert files[0] == "pics/b.jpg"
    assert len(files) == 4


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_itself(here):
    (here / "[x]*.png").write_bytes(b"x")
    assert named("[x]*.png").files == ["[x]*.png"]


def test_a_list_has_lines_or_null_bytes(here):
    lines = b"pics/a.png\r\n\npics/in\n"
    assert named("-", listed=lines).files == [
        "pics/a.png", "pics/in/c.png", "pics/in/deeper/d.PNG"
    ]  # fmt: skip
    odd = here / "two\nlines.png"
    odd.write_bytes(b"x")
    nulls = b"two\nlines.png\0pics/b.jpg\0"
    assert named("-", listed=nulls).files == ["two\nlines.png", "pics/b.jpg"]
    assert named("-").files == []


def test_bytes_that_are_no_text_name_a_file_too(here):
    assert named("-", listed=b"caf\xe9.png\n").files == [os.fsdecode(b"caf\xe9.png")]


def test_what_names_nothing_is_a_problem_and_not_an_end(here):
    found = named("empty", "pics/*.gif", "pics/a.png")
    assert found.files == ["pics/a.png"]
    assert found.problems == {
        "empty": "empty holds no images",
        "pics/*.gif": "no file matches pics/*.gif",
    }


def test_a_name_that_no_file_can_have_is_left_to_who_reads_it(here):
    assert named("x" * 5000).files == ["x" * 5000]
