"""Real database servers and other programs, for tests and benchmarks."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import psutil


class Server(ABC):
    """A server in a folder of its own, on a port that nobody else has."""

    user: ClassVar[str]
    """Whose processes they are where root starts it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._data = programs, folder / "data"
        self._make()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.start()

    @staticmethod
    @abstractmethod
    def programs() -> Path:
        """Say where its programs are; FileNotFoundError where they are not."""

    @property
    @abstractmethod
    def url(self) -> str:
        """What a storage is called in it."""

    @abstractmethod
    def _make(self) -> None: ...

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it at once, as if it had lost its power."""

    @abstractmethod
    def processes(self) -> list[psutil.Process]:
        """List those that are its own."""


class PostgreSQL(Server):
    """It trusts every user."""

    user = "postgres"

    @staticmethod
    def programs() -> Path:
        """Find them where Debian has them."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise FileNotFoundError("there is no PostgreSQL in /usr/lib/postgresql")
        return found[-1].parent

    @property
    def url(self) -> str:
        """What a storage is called in it."""
        return f"postgresql+psycopg://me:secret@127.0.0.1:{self._port}/postgres"

    def _make(self) -> None:
        self._run("initdb", "--auth=trust", "--username=me", "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -h 127.0.0.1 -k {self._data} -F"
        log = str(self._data / "log")
        self._run("pg_ctl", "start", "--wait", f"--log={log}", f"--options={options}")

    def stop(self) -> None:
        """Stop it at once, as if it had lost its power."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def processes(self) -> list[psutil.Process]:
        """List those that are its own."""
        first = (self._data / "postmaster.pid").read_text().split()[0]
        server = psutil.Process(int(first))
        return [server, *server.children()]

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._data}", *words]
        if os.geteuid() == 0:  # which it refuses
            command = ["setpriv", f"--reuid={self.user}", "--clear-groups", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)


class MariaDB(Server):
    """It speaks as MySQL does, and trusts every user."""

    user = "mysql"

    @staticmethod
    def programs() -> Path:
        """Find them among the system's."""
        found = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        if not found or not shutil.which("mariadb-install-db"):
            raise FileNotFoundError("there is no MariaDB here")
        return Path(found).parent

    @property
    def url(self) -> str:
        """What a storage is called in it."""
        return f"mysql+pymysql://me:secret@127.0.0.1:{self._port}/studies"

    def _make(self) -> None:
        words = [f"--datadir={self._data}", "--skip-test-db"]
        if os.geteuid() == 0:
            words.append(f"--user={self.user}")
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", *words],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (self._data / "studies").mkdir()
        if os.geteuid() == 0:
            shutil.chown(self._data / "studies", self.user)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [
            f"--datadir={self._data}",
            f"--socket={self._data / 'socket'}",
            f"--port={self._port}",
            "--bind-address=127.0.0.1",
            "--skip-grant-tables",
            "--skip-networking=0",
            "--innodb-flush-log-at-trx-commit=2",  # what is killed loses nothing
        ]
        if os.geteuid() == 0:
            words.append(f"--user={self.user}")
        with (self._data / "log").open("a") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "mariadbd"), "--no-defaults", *words],
                stdout=log,
                stderr=log,
            )
        while self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self._data / "log").read_text())

    def stop(self) -> None:
        """Stop it at once, as if it had lost its power."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def processes(self) -> list[psutil.Process]:
        """List those that are its own."""
        return [psutil.Process(self._process.pid)]


KINDS: Sequence[type[Server]] = (PostgreSQL, MariaDB)


@contextmanager
def running(kind: type[Server] = PostgreSQL) -> Iterator[Server]:
    """Start one; FileNotFoundError where it is not installed."""
    programs = kind.programs()
    folder = Path(tempfile.mkdtemp(prefix="autocnn-server-"))
    if os.geteuid() == 0:
        shutil.chown(folder, kind.user)
    server = kind(programs, folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended; nobody may have asked how it did."""
    try:
        zombie = process.status() == psutil.STATUS_ZOMBIE
        return bool(process.is_running()) and not zombie
    except psutil.NoSuchProcess:
        return False


HOLD = """
import sqlite3, sys
sys.stdin.readline()
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""


class Holder:
    """Another program, which holds an SQLite database from `take` to `let_go`."""

    def __init__(self, file: Path) -> None:
        words = [sys.executable, "-c", HOLD, str(file)]
        self._process = subprocess.Popen(words, stdin=-1, stdout=-1)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked, self._told = self._process.stdin, self._process.stdout

    def take(self) -> None:
        """Hold it from now on."""
        self._asked.write(b"\n")
        self._asked.flush()
        assert self._told.readline() == b"held\n"

    def let_go(self) -> None:
        """End; once it has, this does nothing."""
        self._asked.close()
        self._process.wait()
        self._told.close()
