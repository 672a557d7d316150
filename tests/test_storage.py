"""Storages: opened or refused in a sentence, and passwords never shown."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from hypothesis import example, given
from hypothesis import strategies as st
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

from autocnn import storage as storages
from autocnn.errors import AutocnnError, NoResultError, RequestError, UnavailableError
from autocnn.storage import (
    check_place,
    file_of,
    hide_password,
    open_engine,
    open_storage,
    retried,
    sqlite_file,
    storage_url,
    study_names,
)


@pytest.fixture
def url(tmp_path) -> str:
    return storage_url(str(tmp_path / "a.db"))


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("/data/a.db", "sqlite:////data/a.db"),
        ("postgres://u@h/db", "postgresql+psycopg://u@h/db"),
        ("postgresql://u@h/db", "postgresql+psycopg://u@h/db"),
        ("postgresql+psycopg://u@h/db", "postgresql+psycopg://u@h/db"),
        ("mysql://u@h/db", "mysql+pymysql://u@h/db"),
        ("mariadb://u@h/db", "mariadb+pymysql://u@h/db"),
        ("mysql+mysqldb://u@h/db", "mysql+mysqldb://u@h/db"),
    ],
)
def test_a_path_or_a_url_is_a_url(written, url):
    assert storage_url(written) == url


def test_a_relative_path_and_a_home_are_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for written in ("a.db", "~/a.db"):
        assert storage_url(written) == f"sqlite:///{tmp_path / 'a.db'}"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6))
@example("pass@word")
@example("pass:word")
@example("pass/word")
@example("pass?word")
@example("pass#word")
def test_a_password_is_never_shown_however_it_is_written(password):
    for url in (
        f"postgresql://user:{password}@host/db",
        f"postgresql+psycopg://user:{password}@host:5432/db?sslmode=require",
        f"postgresql://user:{password}@host:port/db",
        f"mysql://:{password}@host",
        f"://user:{password}@host/db",
    ):
        shown = hide_password(url)
        hidden = shown.replace("***", "").replace("user", "").replace("host", "")
        assert password not in hidden


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db?password=secret",
        "postgresql://host/db?user=me&password=secret",
        "postgresql://secret@host:5432/db?password=secret",
        "postgresql://host:5432/db?password=sec@secret",
        "postgresql://host:5432/db?sslpassword=s@secret&user=me",
        "postgresql://user:secret@host:5432/db?password=s@secret@secret",
        "mysql+pymysql://host:3306/db?passwd=secret@secret&user=me",
    ],
)
def test_a_password_in_the_query_is_not_shown_either(url):
    assert "secret" not in hide_password(url).replace("//secret@", "")


def test_what_is_no_password_is_shown():
    assert hide_password("sqlite:////data/a.db") == "sqlite:////data/a.db"
    shown = hide_password("postgresql://user:secret@host:5432/db")
    assert shown == "postgresql://user:***@host:5432/db"


def test_a_new_file_is_made_when_asked_for(tmp_path):
    path = tmp_path / "deep" / "a.db"
    storage = open_storage(storage_url(str(path)), create=True)
    assert study_names(storage) == []
    assert path.is_file()


TOGETHER = """
import sys
from autocnn.storage import open_storage, study_names
print("ready", flush=True)
sys.stdin.readline()
print(study_names(open_storage(sys.argv[1], create=True)))
"""


@pytest.fixture
def new_url(every_url):
    """A storage of each kind in which there are no tables yet."""
    server = sqlalchemy.make_url(every_url)
    if server.get_backend_name() == "sqlite":
        return every_url
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("CREATE DATABASE made_at_once"))
    engine.dispose()
    return server.set(database="made_at_once").render_as_string(hide_password=False)


def test_programs_that_make_one_at_once_all_have_it(new_url):
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER, new_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.stdin.write("\n")
        program.stdin.flush()
    for program in programs:
        said, errors = program.communicate()
        assert (program.returncode, said) == (0, "[]\n"), errors


def test_a_missing_file_stays_missing(url, tmp_path):
    with pytest.raises(NoResultError, match="there are no studies in"):
        open_storage(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("create", [False, True])
def test_readers_and_the_writer_do_not_wait_for_each_other(url, create):
    open_storage(url, create=True).engine.dispose()
    with open_storage(url, create=create).engine.connect() as connection:
        mode = connection.execute(sqlalchemy.text("PRAGMA journal_mode")).scalar()
    assert mode == "wal"


def test_a_place_is_refused_before_anything_is_made_in_it(tmp_path):
    (tmp_path / "file").write_text("")
    studies, below = tmp_path / "studies", tmp_path / "file" / "below"
    check_place(studies, storage_url(str(studies / "a.db")))
    with pytest.raises(RequestError, match=f"cannot write to {below}"):
        check_place(below, "postgresql://host/db")
    with pytest.raises(RequestError, match=f"cannot write the storage {below}"):
        check_place(studies, storage_url(str(below / "a.db")))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("://", "is not a storage URL"),
        ("postgresql://user:secret@host:port/db", "is not a storage URL"),
        ("mongodb://user:secret@host/db", "no driver for the storage"),
        ("oracle+nothing://host/db", "no driver for the storage"),
        ("postgresql://user:sec@ret@host/db", "more than one '@'"),
    ],
)
def test_what_is_no_storage_is_a_request_error(url, problem):
    with pytest.raises(RequestError, match=problem) as caught:
        open_storage(url)
    assert caught.value.hint
    assert "sec" not in caught.value.problem


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize(
    "content", [b"garbage" * 1000, b"SQLite format 3\0" + b"x" * 999]
)
def test_a_file_that_is_no_database_is_a_request_error(tmp_path, content, create):
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(RequestError, match="is not a study storage"):
        open_storage(storage_url(str(path)), create=create)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_a_request_error(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE studies (name TEXT)")
    connection.close()
    with pytest.raises(AutocnnError):
        study_names(open_storage(storage_url(str(tmp_path / "a.db"))))


def test_a_folder_is_no_storage(tmp_path):
    for create in (False, True):
        with pytest.raises((RequestError, UnavailableError)):
            open_storage(storage_url(str(tmp_path)), create=create)


def test_a_place_that_cannot_be_written_is_a_request_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot write"):
        open_storage(storage_url(str(tmp_path / "file" / "a.db")), create=True)


def test_a_pipe_is_no_storage(tmp_path):
    os.mkfifo(tmp_path / "a.db")
    with pytest.raises(RequestError, match="is a pipe or a device"):
        open_storage(storage_url(str(tmp_path / "a.db")))


def test_a_link_that_leads_in_circles_is_no_storage(tmp_path):
    (tmp_path / "a.db").symlink_to(tmp_path / "a.db")
    with pytest.raises(NoResultError, match="there are no studies"):
        open_storage(storage_url(str(tmp_path / "a.db")))
    with pytest.raises(RequestError, match="cannot write the storage"):
        open_storage(storage_url(str(tmp_path / "a.db")), create=True)


@pytest.mark.parametrize(
    ("kind", "driver", "extra"),
    [
        ("postgres", "psycopg", "postgres"),
        ("mysql", "pymysql", "mysql"),
        ("mariadb", "pymysql", "mysql"),
    ],
)
def test_a_missing_driver_is_named_as_it_is_installed(kind, driver, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(RequestError, match="no driver for the storage") as caught:
        open_storage(storage_url(f"{kind}://me:secret@host/db"))
    assert f"pip install 'autocnn[{extra}]'" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_may_do_so_later():
    with pytest.raises((UnavailableError, RequestError)) as caught:
        open_storage("postgresql+psycopg://user:secret@127.0.0.1:1/db")
    assert "secret" not in caught.value.problem


@pytest.mark.parametrize(
    ("revision", "who", "hint"),
    [
        ("v9.0.0.a", "a newer Optuna made them", "upgrade autocnn"),
        ("v3.0.0.d", "an older Optuna made them", "optuna storage upgrade"),
    ],
)
def test_tables_of_another_optuna_are_a_request_error(
    url, tmp_path, revision, who, hint
):
    open_storage(url, create=True)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()
    with pytest.raises(RequestError, match=who) as caught:
        open_storage(url)
    assert hint in caught.value.hint


def test_of_a_locked_storage_it_is_said_what_to_do(url, monkeypatch):
    open_storage(url, create=True)

    def locked(*_, **__):
        raise OperationalError("BEGIN", {}, sqlite3.OperationalError("it is locked"))

    monkeypatch.setattr(storages, "_open", locked)
    with pytest.raises(UnavailableError, match="cannot be opened") as caught:
        open_storage(url)
    assert "run the same command again later" in caught.value.hint


def test_studies_are_listed_in_the_order_they_were_made(url):
    storage = open_storage(url, create=True)
    for name in ("b", "c", "a"):
        optuna.create_study(study_name=name, storage=storage)
    assert study_names(storage) == ["b", "c", "a"]


BUSY = [StorageInternalError("locked"), OperationalError("x", {}, Exception("gone"))]


@pytest.mark.parametrize("error", BUSY)
def test_a_busy_storage_is_asked_again(pauses, error):
    answers = iter([error, error, "answer"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert retried(ask) == "answer"
    assert pauses == [0.5, 1.0]


def test_after_minutes_a_storage_is_given_up(pauses):
    def ask() -> None:
        raise StorageInternalError("locked")

    with pytest.raises(UnavailableError, match="did not answer: locked") as caught:
        retried(ask)
    assert "run the same command again" in caught.value.hint
    assert sum(pauses) > 120


def test_other_errors_are_not_asked_again(pauses):
    def ask() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        retried(ask)
    assert pauses == []


def test_a_url_is_a_file_wherever_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = storage_url("a.db")
    open_storage(url, create=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert study_names(open_storage(url)) == []
    assert not Path("a.db").exists()


@pytest.mark.parametrize("name", ["a?b.db", "a%20b.db", "100%.db", "a#b c.db", "ä.db"])
def test_a_file_may_have_any_name(tmp_path, name):
    url = storage_url(str(tmp_path / name))
    assert sqlite_file(url) == tmp_path / name
    storage = open_storage(url, create=True)
    optuna.create_study(storage=storage, study_name="mine")
    engine = open_engine(url)
    assert file_of(engine) == tmp_path / name
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("SELECT study_name FROM studies"))
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {name}


def test_memory_is_no_storage():
    for create in (False, True):
        with pytest.raises(RequestError, match="is gone when its program ends"):
            open_storage("sqlite:///:memory:", create=create)


def test_a_second_look_at_a_storage_leaves_its_locks(tmp_path):
    url = storage_url(str(tmp_path / "study.db"))
    storage = open_storage(url, create=True)
    optuna.create_study(study_name="first", storage=storage)
    open_storage(url, create=True).engine.dispose()
    # Who closes an SQLite file last deletes its log; this one is not the last.
    reads = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
    reads += "print(c.execute('SELECT count(*) FROM studies').fetchone()[0]); c.close()"
    words = [sys.executable, "-c", reads, str(tmp_path / "study.db")]
    for count in (1, 2):
        found = subprocess.run(words, check=True, capture_output=True, text=True)
        assert int(found.stdout) == count
        assert (tmp_path / "study.db-wal").exists()
        optuna.create_study(study_name=f"after {count}", storage=storage)
