"""One search at a time on a study: the second is refused, and told who has it."""

import os
import socket

import pytest

from autocnn.errors import RequestError, UnavailableError
from autocnn.search.beat import starting
from autocnn.search.sole import check_free, only_search
from autocnn.storage import storage_url


@pytest.fixture
def url(tmp_path) -> str:
    return storage_url(str(tmp_path / "a.db"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_second_search_on_the_same_study_is_refused(tmp_path, url, kind):
    url = url if kind == "sqlite" else "postgresql+psycopg://u@127.0.0.1:1/db"
    folder = tmp_path / "tiny"
    refused = pytest.raises(UnavailableError, match="another search works on study")
    with only_search(folder, url), refused, only_search(folder, url):
        pass
    with only_search(folder, url), only_search(tmp_path / "other", url):
        pass


def test_a_look_beforehand_makes_nothing(tmp_path, url):
    folder = tmp_path / "tiny"
    check_free(folder, url)
    assert not list(tmp_path.iterdir())
    refused = pytest.raises(UnavailableError, match="another search works on study")
    with only_search(folder, url), refused:
        check_free(folder, url)
    check_free(folder, url)


def test_it_is_told_which_process_searches(make_search, tmp_path):
    search = make_search()
    url = str(search.storage.engine.url)
    starting(search.study, "cpu", 1, 1)
    who = f"'tiny': process {os.getpid()} on {socket.gethostname()}\n"
    refused = pytest.raises(UnavailableError, match=who)
    folder = tmp_path / "tiny"
    with only_search(folder, url), refused, only_search(folder, url):
        pass


def test_a_search_that_is_over_or_crashed_frees_its_study(tmp_path, url):
    def crash() -> None:
        with only_search(tmp_path / "tiny", url):
            raise KeyError

    with pytest.raises(KeyError):
        crash()
    with only_search(tmp_path / "tiny", url):
        pass


def test_a_folder_that_cannot_be_made_is_a_request_error(tmp_path, url):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RequestError, match="cannot write to"),
        only_search(tmp_path / "file" / "tiny", url),
    ):
        pass
