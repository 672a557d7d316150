"""What a search may bound of its networks. To add a limit, add its line to LIMITS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autocnn.nets.net import NetSummary
from autocnn.quantities import count, duration, milliseconds
from autocnn.search.forecast import predicted_epoch
from autocnn.search.trials import Plan, Running


@dataclass(frozen=True, slots=True)
class Limit:
    """A cost that is known before a trial is trained, and how people write it."""

    option: str
    cost: Callable[[Running, Plan], float | None]
    """Of a trial whose recipe is written out; None if it cannot be told."""
    write: Callable[[float], str]
    phrase: str
    """What the cost is, with {} for its number."""

    def reason(self, cost: float, limit: float) -> str:
        """Say why a trial is over the limit: 2.1 M parameters, over the limit of 300 k.

        Where the short numbers would be the same, all digits are written.
        """
        said, allowed = self.write(cost), self.write(limit)
        if said == allowed:
            said, allowed = f"{cost:,.10g}", f"{limit:,.10g}"
        return f"{self.phrase.format(said)}, over the limit of {allowed}"


def _of_summary(read: Callable[[NetSummary], float]) -> Callable[..., float]:
    def cost(running: Running, _: Plan) -> float:
        assert running.summary is not None
        return read(running.summary)

    return cost


def _latency(running: Running, plan: Plan) -> float | None:
    assert running.job is not None
    return plan.latency(running.job.recipe)


# In the order in which they are looked at: what must be measured comes last. The names
# are those of trials' attributes, and stand in every study's config.
LIMITS: Mapping[str, Limit] = {
    "parameters": Limit(
        "--max-params", _of_summary(lambda net: net.parameters), count, "{} parameters"
    ),
    "flops": Limit(
        "--max-flops", _of_summary(lambda net: net.flops), count, "{}FLOPs an image"
    ),
    "epoch_seconds": Limit(
        "--max-epoch-time", predicted_epoch, duration, "{} an epoch"
    ),
    "latency": Limit("--max-latency", _latency, milliseconds, "{} for one image"),
}


def describe(limits: Mapping[str, float]) -> str:
    """Say what is allowed: at most 300 k parameters, 20 ms for one image."""
    allowed = [
        row.phrase.format(row.write(limits[name]))
        for name, row in LIMITS.items()
        if name in limits
    ]
    return f"at most {', '.join(allowed)}" if allowed else ""
