"""Environment variables of this process and of those that it starts."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

PATIENCE_OF_THREADS = {"GOMP_SPINCOUNT": "10000"}
"""How often a thread looks whether the others are ready before it lets go of its core.

GNU's OpenMP looks for milliseconds. Where other programs want the cores, too, the one
that is waited for then has none, and a step of a small network takes 300 ms instead of
3. So it takes 14, and as long as ever on a quiet machine.
"""


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables for processes that start now; what a person has set stays."""
    added = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
