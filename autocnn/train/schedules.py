"""How the learning rate changes over a training. To add one, add it to SCHEDULES.

A function takes the step (from 0) and the training's steps, then its own arguments,
and returns the factor on the recipe's learning rate.
"""

import math
from collections.abc import Callable, Mapping

from autocnn.choices import Choice, pick

Factor = Callable[..., float]


def constant(step: int, steps: int) -> float:
    """Keep the rate."""
    return 1.0


def one_cycle(step: int, steps: int, warmup: float = 0.25) -> float:
    """Rise in a line to the full rate, then fall in a line to zero."""
    top = max(1.0, warmup * steps)
    if step < top:
        return (step + 1) / (top + 1)
    return (steps - step) / (steps - top + 1)


def cosine(step: int, steps: int, warmup: float = 0.05) -> float:
    """Warm up, then fall along half a cosine (arXiv:1608.03983)."""
    rise = max(1.0, warmup * steps)
    if step < rise:
        return (step + 1) / (rise + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise)))


def step_down(step: int, steps: int, factor: float = 0.1) -> float:
    """Multiply by `factor` after a half and again after three quarters."""
    return factor ** ((step >= steps * 0.5) + (step >= steps * 0.75))


def inverse_time(step: int, steps: int, decay: float = 1e-6) -> float:
    """1 / (1 + decay * step): the `decay` of Keras's early optimizers."""
    return 1 / (1 + decay * step)


SCHEDULES: Mapping[str, Factor] = {
    "constant": constant,
    "one_cycle": one_cycle,
    "cosine": cosine,
    "step_down": step_down,
    "inverse_time": inverse_time,
}


def make_schedule(choice: Choice, steps: int) -> Callable[[int], float]:
    """Make the function from a step to the factor on the learning rate."""
    function = pick(SCHEDULES, choice.name, "schedule")
    choice.bind(function, 0, steps)
    options = dict(choice.options)
    return lambda step: function(step, steps, *choice.arguments, **options)
