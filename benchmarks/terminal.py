"""A program in a terminal of its own, which another program reads and types into."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ESCAPES = re.compile(
    r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()].|[=>78])"
)
# The first of a session to open a terminal owns it: it hears when its size changes.
OWNED = 'exec "$@" <>"$0" >&0 2>&0'


class Terminal:
    """A pseudo-terminal and the program in it, which ends with the `with`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`size`: columns and lines."""
        # Ours stays open too: without any, the other end hangs up now and then.
        self._screen, self._child = pty.openpty()
        os.set_blocking(self._screen, False)
        self.resize(*size)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._raw = ""
        self.bytes = 0
        """How many the program has written and were read."""
        # The terminal says how large it is, and nothing else.
        own = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            ["/bin/sh", "-c", OWNED, os.ttyname(self._child), *command],
            start_new_session=True,
            env={**own, "TERM": "xterm-256color", **(environment or {})},
        )

    @property
    def raw(self) -> str:
        """What was written since the last `forget`."""
        return self._raw

    @property
    def text(self) -> str:
        """What was written since the last `forget`, without colors and positions."""
        return ESCAPES.sub(" ", self._raw)

    def forget(self) -> None:
        """Begin `text` anew."""
        self._raw = ""

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._screen, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        packed = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, packed)

    def read(self, seconds: float) -> bool:
        """Wait for the program to write, and read it; False if it wrote nothing."""
        if not select.select([self._screen], [], [], seconds)[0]:
            return False
        try:
            found = os.read(self._screen, 1 << 16)
        except BlockingIOError:
            return False
        self.bytes += len(found)
        self._raw += self._decode(found)
        return bool(found)

    def read_for(self, seconds: float) -> None:
        """Read all that is written in so many seconds."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self.read(left)

    def wait_for(self, *patterns: str, seconds: float = 60.0) -> float:
        """Read until all patterns were written; seconds since the program's start."""
        until = time.perf_counter() + seconds
        while not all(re.search(pattern, self.text) for pattern in patterns):
            if time.perf_counter() > until or self.process.poll() is not None:
                raise TimeoutError(f"{patterns} never came:\n{self.text[-3000:]}")
            self.read(0.05)
        return time.perf_counter() - self.begun

    def wait_for_end(self, seconds: float = 60.0) -> int:
        """Read until the program has ended; its exit code."""
        until = time.perf_counter() + seconds
        while self.process.poll() is None and time.perf_counter() < until:
            self.read(0.05)
        return self.process.wait(timeout=0.1)

    def cpu_seconds(self) -> float:
        """Say how long the program has kept a core busy."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def peak_memory(self) -> int:
        """Bytes that the program had in memory at most, by Linux's accounts."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def close(self) -> None:
        """End the program, and the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._screen)
        os.close(self._child)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
