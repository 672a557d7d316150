"""A real PostgreSQL server, for tests and benchmarks."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


class Server:
    """PostgreSQL, in a folder of its own, on a port that nobody else has."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._data = programs, folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._run("initdb", "--auth=trust", "--username=me", "--no-sync")
        self.start()
        self.url = f"postgresql+psycopg://me:secret@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-p {self._port} -h 127.0.0.1 -k {self._data} -F"
        log = str(self._data / "log")
        self._run("pg_ctl", "start", "--wait", f"--log={log}", f"--options={options}")

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def processes(self) -> list[psutil.Process]:
        """List those that are its own."""
        first = (self._data / "postmaster.pid").read_text().split()[0]
        server = psutil.Process(int(first))
        return [server, *server.children()]

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._data}", *words]
        if os.geteuid() == 0:  # which it refuses
            command = ["setpriv", "--reuid=postgres", "--clear-groups", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)


@contextmanager
def running() -> Iterator[Server]:
    """Start one; FileNotFoundError where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise FileNotFoundError("there is no PostgreSQL in /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="autocnn-server-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = Server(found[-1].parent, folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
