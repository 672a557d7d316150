"""A folder by its path or URL: files are there whole, or not at all."""

import uuid
from pathlib import Path

import pytest

from autocnn.errors import RequestError
from autocnn.locations import Location, check_location


@pytest.fixture(params=["path", "file", "memory"])
def location(request, tmp_path):
    kinds = {"path": str(tmp_path), "file": tmp_path.as_uri()}
    return Location(kinds.get(request.param, f"memory://{uuid.uuid4()}")) / "study"


def test_what_is_written_is_read_and_listed(location):
    assert location.names() == []
    location.write("b", b"two")
    location.write("a", b"one")
    location.write("a", b"three")
    (location / "below").write("c", b"four")
    assert location.names() == ["a", "b", "below"]
    assert (location.read("a"), location.read("b")) == (b"three", b"two")
    assert (location / "below").read("c") == b"four"
    location.remove(["a", "nothing"])
    assert location.names() == ["b", "below"]
    location.clear()
    assert location.names() == []


def test_what_is_not_there_is_not_found(location):
    with pytest.raises(FileNotFoundError):
        location.read("nothing")
    location.clear()
    location.remove(["nothing"])


def test_large_files_go_there_and_back(location, tmp_path):
    file, back = tmp_path / "large", tmp_path / "back"
    file.write_bytes(b"x" * 3_000_000)
    location.put(file, "large")
    location.get("large", back)
    assert back.read_bytes() == file.read_bytes()
    assert location.names() == ["large"]


def test_a_location_that_can_be_written_is_fine(location):
    assert check_location(location.url) == location
    assert location.names() == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("/proc/nowhere", "nothing can be written to /proc/nowhere"),
        ("nosuch://bucket/path", "nosuch"),
    ],
)
def test_one_that_cannot_be_is_told_with_the_next_step(url, said):
    with pytest.raises(RequestError, match=said) as caught:
        check_location(url)
    assert caught.value.hint


def test_a_half_written_file_is_not_there(tmp_path):
    (tmp_path / ".large.1").write_bytes(b"half")
    location = Location(str(tmp_path))
    location.put(Path(__file__), "large")
    assert location.read("large") == Path(__file__).read_bytes()
