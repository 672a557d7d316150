"""What may train a search's trials: an open choice, so a table, and its options."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from autocnn.choices import pick
from autocnn.commands.options import Command
from autocnn.errors import RequestError

if TYPE_CHECKING:
    from autocnn.commands.configure import Request
    from autocnn.engines.site import Site
    from autocnn.locations import Location


class Amount(click.FloatRange):
    """How much of something each worker has; above `parts_below`, a whole number."""

    def __init__(
        self, least: float, parts_below: float = math.inf, **limits: Any
    ) -> None:
        super().__init__(least, **limits)
        self._parts_below = parts_below

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Read a number that is one."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no amount.", param, ctx)
        if found > self._parts_below and found % 1:
            self.fail(
                f"{value} is neither a part of one nor a whole number.", param, ctx
            )
        return found


engine_options_list = (
    click.option(
        "--engine",
        metavar="NAME",
        default="local",
        show_default=True,
        help="What trains; see below.",
    ),
    click.option(
        "--jobs",
        "--workers",
        "-j",
        "jobs",
        metavar="N",
        default="auto",
        show_default=True,
        help="Trials trained at once: one per CPU core; up to 4 on a GPU, as fit.",
    ),
    click.option(
        "--address",
        envvar="RAY_ADDRESS",
        metavar="ADDRESS",
        help="Of a Ray cluster: auto, HOST:PORT or ray://HOST:PORT.  [default: one is "
        "started here]",
    ),
    click.option(
        "--cpus-per-worker",
        type=Amount(0, min_open=True),
        default=1.0,
        show_default=True,
        metavar="N",
        help="CPU cores that each worker on a cluster has.",
    ),
    click.option(
        "--gpus-per-worker",
        type=Amount(0, parts_below=1),
        default=0.0,
        show_default=True,
        metavar="F",
        help="GPUs of each; of 0.5 two share one.",
    ),
    click.option(
        "--artifacts",
        metavar="URL",
        help="Where other machines find the study's networks, and a cluster's that do "
        "not share this one's folders images and checkpoints: a folder, or "
        "s3://BUCKET/PATH.  [default: what the study has]",
    ),
    click.option(
        "--allow-insecure-ray",
        is_flag=True,
        help="Use a cluster that asks nobody for a token.",
    ),
)


def engine_options(command: Command) -> Command:
    """Add what trains, and how much of it there is."""
    for option in reversed(engine_options_list):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class EngineKind:
    """A way to have workers."""

    help: str
    reach: "Callable[[Request, Location | None], Site]"


def site_of(request: "Request", location: "Location | None") -> "Site":
    """Reach what is to train; RequestError says what is missing.

    `location` is where it finds files that are not on a machine of its.
    """
    return pick(ENGINES, request.engine, "engine").reach(request, location)


def _here(request: "Request", _location: "Location | None") -> "Site":
    from autocnn.engines.site import Here

    return Here(request.device)


def _ray(request: "Request", location: "Location | None") -> "Site":
    try:
        from autocnn.engines.cluster import Cluster
    except ImportError:
        raise RequestError(
            "Ray, which --engine ray runs on, is not installed",
            hint="install it: pip install 'autocnn[ray]'",
        ) from None
    from autocnn.engines.trainer import Files, Resources

    return Cluster(
        request.address,
        Resources(cpus=request.cpus_per_worker, gpus=request.gpus_per_worker),
        Files(location=location, studies=request.place.studies.resolve()),
        insecure=request.allow_insecure_ray,
    )


ENGINES: Mapping[str, EngineKind] = {
    "local": EngineKind(
        "worker processes on this machine, for its cores or GPUs", _here
    ),
    "ray": EngineKind("actors on a Ray cluster (pip install 'autocnn[ray]')", _ray),
}
