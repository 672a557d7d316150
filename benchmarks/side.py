"""One side of a comparison: a process of its own, which measures when it is asked to.

Asked over standard input, one JSON list a line: a method's name and its arguments.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from autocnn.processes import worker_environment


class Side:
    """The parent's end: start the process, ask it, end it."""

    def __init__(self, kind: str, folder: Path, threads: int) -> None:
        environment = dict(os.environ)
        if kind == "ours":
            environment |= worker_environment(threads)
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "benchmarks.side", kind, str(folder), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def ask(self, *request: object) -> float:
        """Have something measured, and wait for it."""
        self.begin(*request)
        return self.answer()

    def begin(self, *request: object) -> None:
        """Have something measured; `answer` must follow."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answer(self) -> float:
        """Wait for what was measured."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a measuring process died; its error stands above")
        return float(json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # With its loaders, which end when their pipe does.
        self._process.kill()
        self._process.wait()


def _worker(kind: str, folder: Path, threads: int) -> object:
    """Make what measures; the folder holds images, or a network to label them with."""
    match kind:
        case "ours":
            from benchmarks.ours import Ours

            return Ours(folder, threads)
        case "naive":
            from benchmarks.naive import Naive

            return Naive(folder)
        case "predict":
            from benchmarks.labeling import Command

            return Command(folder)
        case _:
            from benchmarks.labeling import Bare

            return Bare(folder)


def main(kind: str, folder: str, threads: str) -> None:
    """Answer until there is nobody to ask."""
    worker = _worker(kind, Path(folder), int(threads))
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(worker, method)(*arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
