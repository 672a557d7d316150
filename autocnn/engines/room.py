"""What room a Ray cluster has for workers: more is waited for where it may come."""

import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayTaskError

from autocnn.engines.trainer import Resources
from autocnn.errors import AutocnnError, RequestError, UnavailableError
from autocnn.quantities import plural
from autocnn.waiting import LATER, patiently

HEAD_SECONDS = 10.0
"""A head that does not answer for so long is gone."""
LONG_SECONDS = 60.0
"""A machine that has not answered for so long has perhaps not been asked yet."""
ENDED = 128 + signal.SIGTERM
"""The exit code of a program that was told to end."""


class NoRoom(Exception):  # noqa: N818 - what is, not what is wrong
    """Nothing has what a worker needs, and is free."""


class Room:
    """How many workers a cluster has room for, if nobody else uses it."""

    def __init__(self, resources: Resources, *, grows: bool) -> None:
        """Each worker has these resources; `grows`: machines may join."""
        self.resources = resources
        self._grows = grows

    def for_each(self, resources: Resources) -> "Room":
        """See the same cluster for workers of another kind."""
        return Room(resources, grows=self._grows)

    def workers(self) -> int:
        """Count those that fit on the machines that live."""
        return sum(self.on(each) for each in machines())

    def on(self, machine: dict[str, float]) -> int:
        """Count those that fit on one machine."""
        own = self.resources
        counts = [machine.get("CPU", 0.0) / own.cpus] if own.cpus else []
        if own.gpus:
            counts.append(machine.get("GPU", 0.0) / own.gpus)
        return int(min(counts, default=0.0) + 1e-9)

    def wait(self) -> None:
        """Return when there is some; RequestError where it cannot come."""
        patiently(self._check, self.obstacle)

    def answer(self, promise: Any) -> Any:
        """Wait for what a machine gives, and for one that is free to give it."""

        def fetch() -> Any:
            if not ray.wait([promise], timeout=1.0)[0]:
                raise NoRoom
            return got(promise)

        with leaving():
            ray.wait([promise], timeout=LONG_SECONDS)
            return patiently(fetch, self.obstacle)

    def obstacle(self, error: Exception) -> str | None:
        """Say what is waited for."""
        return self.lack() if isinstance(error, NoRoom) else None

    def lack(self) -> str:
        """Say that there is none; UnavailableError if there can never be any again."""
        there = machines()
        if not there and not self._grows:
            raise UnavailableError(
                "Ray, started here for this search, ended", hint=LATER
            )
        free = _sum([ray.available_resources()])
        return (
            f"the cluster has no room for a worker of {self.resources}: of its "
            f"{_sum(there)} on {plural(len(there), 'machine')}, {free} are free"
        )

    def check_head(self) -> None:
        """Return if the cluster's head answers; UnavailableError if it is gone.

        Ray itself waits for it a minute in silence, and then ends this program.
        """
        if ray.util.client.ray.is_connected():  # it is told that by Ray's proxy
            return
        address = ray.get_runtime_context().gcs_address
        host, _, port = address.rpartition(":")
        until = time.monotonic() + HEAD_SECONDS
        while True:
            try:
                socket.create_connection((host, int(port)), HEAD_SECONDS).close()
            except OSError as error:
                if time.monotonic() > until:
                    what = f"the head of the Ray cluster, {address}, is gone"
                    raise UnavailableError(what, hint=LATER) from error
                time.sleep(0.5)
            else:
                return

    def _check(self) -> None:
        if self.workers():
            return
        if self._grows:
            raise NoRoom
        raise RequestError(
            f"there is no room here for a worker of {self.resources}: Ray, started on "
            f"this machine, has {_sum(machines())}",
            hint="ask for less with --cpus-per-worker and --gpus-per-worker, or name a "
            "larger cluster with --address",
        )


def machines() -> list[dict[str, float]]:
    """List what each living machine has."""
    return [dict(node["Resources"]) for node in ray.nodes() if node["Alive"]]


@contextmanager
def leaving() -> Iterator[None]:
    """Leave with the code that SIGTERM asks for; where it waits, Ray gives another."""
    try:
        yield
    except SystemExit:
        sys.exit(ENDED)


def got(promise: Any) -> Any:
    """Wait for what a machine gives; what it has to say to a person is raised."""
    try:
        return ray.get(promise)
    except RayTaskError as error:
        if isinstance(error.cause, AutocnnError):
            raise error.cause from None
        raise


def _sum(there: list[dict[str, float]]) -> str:
    cpus, gpus = (sum(each.get(kind, 0.0) for each in there) for kind in ("CPU", "GPU"))
    return f"{cpus:g} CPU and {gpus:g} GPU"
