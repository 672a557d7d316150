"""A Ray cluster as the site of a search: reached, checked, measured."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import ray

from autocnn import device as devices
from autocnn.engines import machine
from autocnn.engines.ray import RayEngine
from autocnn.engines.room import ENDED, Room, leaving, machines
from autocnn.engines.trainer import Files, Resources
from autocnn.errors import RequestError, UnavailableError
from autocnn.processes import cores
from autocnn.quantities import plural
from autocnn.recipe import ImageShape, Recipe
from autocnn.train.cost import Calibration

Say = Callable[[str], None]
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"}
CONNECT_SECONDS = 10.0
NOTHING = Resources(cpus=0)
"""What a call needs that only asks."""
UNKNOWN = """
import sys
import threading
from ray._raylet import GcsClient
GcsClient(address=sys.argv[1]).get_all_node_info(timeout=5)
"""
"""A program that succeeds where a cluster talks to anyone."""


class Cluster:
    """The machines of a Ray cluster."""

    def __init__(
        self, address: str | None, resources: Resources, files: Files, *, insecure: bool
    ) -> None:
        """Connect to a cluster; without an address, start one on this machine.

        RequestError if there is none, or one that anyone may run code on, unless
        `insecure` is fine.
        """
        if address is not None and insecure:
            # With a token, which it finds in a home, Ray asks in vain for actors there.
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")
        _connect(address)
        self._room = Room(resources, grows=address is not None)
        if address is not None and not insecure:
            self._check_closed(address)
        self._room.wait()
        self.device = resources.device
        self.home = devices.pick_device()
        self._files = files

    @property
    def name(self) -> str:
        """All that there is, as a person knows it."""
        there = ray.cluster_resources()
        count = plural(len(machines()), "machine")
        gpus = f", {there['GPU']:g} GPU" if there.get("GPU") else ""
        return f"a Ray cluster ({count}, {there.get('CPU', 0):g} CPU{gpus})"

    def jobs(
        self,
        heaviest: Callable[[], Recipe],  # noqa: ARG002 - the protocol's
        shape: ImageShape,  # noqa: ARG002
        images: int,  # noqa: ARG002
    ) -> int:
        """As many workers as there is room for now."""
        return max(1, self._room.workers())

    def prices(self, jobs: int, say: Say) -> Calibration | None:
        """Measure on the largest machine, with as many workers as it is to have."""
        largest = max(machines(), key=self._room.on, default={})
        workers = max(1, min(jobs, self._room.on(largest)))
        say("measuring how fast the cluster trains, if that is not known there yet")
        own = self._room.resources
        whole = replace(own, cpus=own.cpus * workers, gpus=own.gpus * workers)
        found: Calibration | None = self._call(
            machine.prices, self.device, workers, _silence, having=whole
        )
        return found

    def latency(self, recipe: Recipe, shape: ImageShape) -> float | None:
        """Measure beside what is trained, on a CPU; a GPU's is not known."""
        if self._room.resources.gpus:
            raise RequestError(
                "how long a network takes for one image cannot be measured on the "
                "GPUs of a cluster, which are all taken",
                hint="do without --max-latency; --max-flops is like it",
            )
        found: float | None = self._call(
            machine.latency, self.device, recipe, shape, having=NOTHING
        )
        return found

    def epoch_alone(
        self, recipe: Recipe, shape: ImageShape, train_images: int, val_images: int
    ) -> float | None:
        """Measure on one machine, as the final training will have it."""
        arguments = (recipe, shape, train_images, val_images)
        found: float | None = self._call(
            machine.epoch_alone, self.device, *arguments, having=self._most
        )
        return found

    def engine(self, jobs: int) -> RayEngine:
        """Start an actor for each, wherever there is room."""
        return RayEngine(jobs, self._room, self._files)

    def engine_alone(self) -> RayEngine:
        """Start one with all the cores of a machine, and a GPU if workers have one."""
        return RayEngine(1, self._room.for_each(self._most), self._files)

    @property
    def _most(self) -> Resources:
        wanted = "GPU" if self._room.resources.gpus else "CPU"
        fit = [each for each in machines() if each.get(wanted)]
        cpus = max((each.get("CPU", 1.0) for each in fit), default=1.0)
        return Resources(cpus=cpus, gpus=float(wanted == "GPU"))

    def _check_closed(self, address: str) -> None:
        """Refuse a cluster that does what anyone asks of it."""
        if self._call(_talks_to_anyone, having=NOTHING):
            ray.shutdown()
            raise RequestError(
                f"the Ray cluster at {address} asks nobody for a token: whoever "
                "reaches its port can run programs on it",
                hint="start it with RAY_AUTH_MODE=token (ray get-auth-token makes "
                "one), or add --allow-insecure-ray where nobody else can reach it",
            )

    def _call(
        self, function: Callable[..., Any], *arguments: Any, having: Resources
    ) -> Any:
        """Call a function on some machine of the cluster, with these resources."""
        remote: Any = ray.remote(_on_machine).options(**having.options)
        promise = remote.remote(having, function, *arguments)
        return self._room.for_each(having).answer(promise)


def _connect(address: str | None) -> None:
    if ray.is_initialized():
        return
    os.environ.update(
        {name: value for name, value in QUIET.items() if name not in os.environ}
    )
    own = {"num_cpus": cores(), "include_dashboard": False}
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    try:
        if host and port.isdecimal():  # Ray tries for minutes
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        with _private(), leaving():
            ray.init(
                address=address or "local",
                logging_level=logging.ERROR,
                log_to_driver=False,
                namespace="autocnn",
                **(own if address is None else {}),
            )
        # What its machines say of themselves would stand between our events.
        ray._private.worker._worker_logs_enabled = False
        _end_quietly()
    except Exception as error:  # noqa: BLE001 - Ray's are of all kinds, bare ones too
        first = str(error).strip().splitlines()[0]
        if address is None:
            raise UnavailableError(
                f"Ray cannot be started on this machine: {first}",
                hint="run the same command again when it is less busy",
            ) from None
        raise RequestError(
            f"no Ray cluster can be reached at {address}: {first}",
            hint="start one with ray start --head, or leave --address out, and it is "
            "started here; one that asks for a token wants its own in RAY_AUTH_TOKEN, "
            "and no --allow-insecure-ray",
        ) from None


@contextmanager
def _private() -> Iterator[None]:
    """Let nobody else read what is written, as the token of a cluster that begins."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _end_quietly() -> None:
    """Let SIGTERM end this program, and with it what it started, without Ray's dump."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))


def _talks_to_anyone() -> bool:
    """Ask this machine's cluster something without its token."""
    address = ray.get_runtime_context().gcs_address
    asked = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", UNKNOWN, address],
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


def _on_machine(having: Resources, function: Callable[..., Any], *given: Any) -> Any:
    having.check()
    return function(*given)


def _silence(_text: str) -> None:
    """Say nothing: nobody hears it there."""
