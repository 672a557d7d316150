"""A study behind a proxy: seen by whoever has its address, changed by nobody else."""

import contextlib
import csv
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import optuna
import pytest

from autocnn.errors import NoResultError, RequestError, UnavailableError
from autocnn.storage import hide_password, open_storage
from autocnn.store.command import commands, send
from autocnn.store.find import find_study
from autocnn.store.reader import Reader
from autocnn.store.readers import ProxiedReader, open_reader
from autocnn.views.proxy import Proxy
from benchmarks.studies import make_study

pytest.importorskip("grpc")


@pytest.fixture
def url(tmp_path) -> str:
    return make_study(tmp_path / "studies.db", 12, running=2, paused=2)


@contextlib.contextmanager
def serving(url: str, *, write: bool = False) -> Iterator[str]:
    storage = open_storage(url, create=True)
    proxy = Proxy(storage, 0, host="127.0.0.1", write=write)
    with contextlib.closing(proxy):
        yield proxy.address
    storage.remove_session()
    storage.engine.dispose()


def test_what_is_read_through_it_is_what_the_database_has(url):
    direct = open_reader(url, None)
    with serving(url) as address:
        proxied = open_reader(address, None)
        assert isinstance(direct, Reader)
        assert isinstance(proxied, ProxiedReader)
        assert proxied.read() == direct.read()
        assert proxied.glance(5) is None
        assert proxied.histories() == direct.histories()
        assert proxied.detail(3) == direct.detail(3)
        assert proxied.detail(3)["epochs"]


def test_only_what_is_new_is_shown_again(url):
    with serving(url) as address:
        reader = open_reader(address, "large")
        first = reader.read()
        assert first is not None
        assert reader.read() is None
        study = optuna.load_study(study_name="large", storage=open_storage(url))
        study.tell(first.trials[-1].trial, 0.99)
        then = reader.read()
        assert then is not None
        assert then.trials[-1].val_accuracy == 0.99


def test_nobody_changes_a_study_that_is_only_to_be_read(url):
    with serving(url) as address:
        study = find_study(open_storage(address), "large")
        for change in (
            lambda: send(study, "stop"),
            lambda: study.enqueue_trial({}),
            lambda: optuna.delete_study(study_name="large", storage=study._storage),
        ):
            with pytest.raises(
                RequestError, match="lets nobody change a study"
            ) as told:
                change()
            assert "--write" in (told.value.hint or "")
    assert not commands(find_study(open_storage(url), "large").user_attrs)


def test_who_may_write_can_steer(url):
    with serving(url, write=True) as address:
        send(find_study(open_storage(address), "large"), "stop")
    (command,) = commands(find_study(open_storage(url), "large").user_attrs)
    assert command.operation == "stop"


@pytest.mark.parametrize("wrong", ["viewer:no", "", "viewer:", ":x"])
def test_without_its_key_nothing_is_seen(url, wrong):
    with serving(url, write=True) as address:
        place = address.partition("@")[2]
        with pytest.raises(RequestError, match="does not know this key"):
            open_storage(f"grpc://{wrong}@{place}" if wrong else f"grpc://{place}")
        plain = optuna.storages.GrpcStorageProxy(
            host="127.0.0.1", port=int(place.partition(":")[2])
        )
        with pytest.raises(Exception, match="another key is needed"):
            plain.get_all_studies()
        plain.close()


def test_its_key_is_never_shown(url):
    with serving(url) as address:
        key = re.search("viewer:(.*)@", address)
        assert key is not None
        assert key[1] not in hide_password(address)
    with pytest.raises(UnavailableError) as told:
        open_storage(address)
    assert "does not answer" in told.value.problem
    assert key[1] not in f"{told.value.problem} {told.value.hint}"


@pytest.mark.parametrize("wrong", ["grpc://", "grpc://a:b@:1", "grpc://h:port"])
def test_what_is_no_address_is_a_request_error(wrong):
    with pytest.raises(RequestError, match="no address of a proxy"):
        open_storage(wrong)


def test_a_search_is_to_write_to_the_database_itself(url):
    refused = pytest.raises(RequestError, match="cannot write through the proxy")
    with serving(url, write=True) as address, refused:
        open_storage(address, create=True)


def test_a_study_that_was_deleted_or_made_anew(server):
    storage = open_storage(server.url, create=True)
    aim = {"study_name": "a", "storage": storage, "direction": "maximize"}
    optuna.create_study(**aim).optimize(lambda t: t.suggest_float("x", 0, 1), 2)
    with serving(server.url) as address:
        reader = open_reader(address, "a")
        found = reader.read()
        assert found is not None
        assert len(found.trials) == 2
        optuna.delete_study(study_name="a", storage=storage)
        with pytest.raises(NoResultError, match="no study yet"):
            reader.read()
        optuna.create_study(**aim)
        found = reader.read()
        assert found is not None
        assert not found.trials
    storage.remove_session()
    storage.engine.dispose()


def test_a_port_that_is_taken_is_a_request_error(url):
    with serving(url) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises(RequestError, match=f"port {port} cannot be used"):
            Proxy(open_storage(url), port, host="127.0.0.1", write=False)


def table(text: str) -> list[dict[str, str]]:
    """Read rows without the order of their columns: gRPC's maps have none."""
    return list(csv.DictReader(io.StringIO(text)))


def test_the_command_serves_until_it_is_interrupted(url, tmp_path):
    def autocnn(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "autocnn", *words],
            check=False, capture_output=True, text=True, cwd=tmp_path,
            env=os.environ | more,
        )  # fmt: skip

    served = subprocess.Popen(
        [sys.executable, "-m", "autocnn", "proxy", "--port", "0", "--storage", url],
        stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    with served:
        assert served.stderr is not None
        said = served.stderr.readline()
        try:
            found = re.fullmatch(r"proxy: (grpc://\S+) of sqlite:\S+\n", said)
            assert found is not None, said
            direct = autocnn("leaderboard", "--storage", url, "--format", "csv")
            proxied = autocnn(
                "leaderboard", "--format", "csv", AUTOCNN_STORAGE=found[1]
            )
            assert proxied.returncode == 0, proxied.stderr
            assert table(proxied.stdout) == table(direct.stdout)
            searched = autocnn("search", "digits", "--storage", found[1])
            assert searched.returncode == 2
            assert "cannot write through the proxy" in searched.stderr
        finally:
            served.send_signal(signal.SIGINT)
            rest = served.stderr.read()
    assert rest.endswith("proxy ended\n"), rest
    assert served.returncode == 0
    gone = autocnn("leaderboard", "--storage", found[1])
    assert gone.returncode == 75
    assert gone.stderr.startswith("error: the proxy grpc://viewer:***@127.0.0.1:")
    assert "Traceback" not in gone.stderr
