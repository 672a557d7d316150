"""The same work for many numbers, spread over processes."""

import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from autocnn import processes
from autocnn.errors import AutocnnError

Result = TypeVar("Result")


def spread(
    work: Callable[[int], Result], count: int, workers: int
) -> Iterator[tuple[int, Result]]:
    """Yield every number below `count` with what comes of it, in any order.

    At an interrupt, or when the caller has enough, the processes end at once: a pool of
    concurrent.futures would bring its work to an end first, or wait for ever.
    AutocnnError if one of them dies.
    """
    context = processes.worker_context(1)
    running = {}
    try:
        for first in range(workers):
            ours, theirs = context.Pipe(duplex=False)
            numbers = range(first, count, workers)
            # As a daemon it ends with this process, too, if it is not noted in time.
            process = context.Process(
                target=_serve, args=(theirs, work, numbers), daemon=True
            )
            process.start()
            theirs.close()
            running[ours] = process
        while running:
            for connection in wait(list(running)):
                assert isinstance(connection, Connection)
                try:
                    found = connection.recv()
                except EOFError:
                    process = running.pop(connection)
                    process.join()
                    _check(process.exitcode)
                    continue
                yield found
    finally:
        for process in running.values():
            process.terminate()


def _serve(
    connection: Connection, work: Callable[[int], Result], numbers: Sequence[int]
) -> None:
    """Be one of the processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    processes.end_with_parent()
    for number in numbers:
        connection.send((number, work(number)))


def _check(exit_code: int | None) -> None:
    if exit_code:
        raise AutocnnError(
            f"a process that works for this one ended with code {exit_code}",
            hint="it may have said why; if not, there was too little memory",
        )
