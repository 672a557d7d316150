"""Search for the best convolutional network for your images.

    study = autocnn.search("path/to/images", trials=50)
    study.leaderboard()
    study.predict(["photo.jpg"])

`autocnn.search` is the command `autocnn search`; `autocnn.load_study` opens what was
searched before, `autocnn.load` a network, and `AutoCNNClassifier` is all of it for
scikit-learn. Importing this loads none of it yet.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from autocnn.errors import AutocnnError

__version__ = "0.1.0"
_HOMES: Mapping[str, str] = {  # __init__.pyi tells type checkers the same
    "search": "search",
    "load_study": "study",
    "Study": "study",
    "load": "network",
    "Network": "network",
    "AutoCNNClassifier": "classifier",
}
__all__ = [
    "search",
    "load_study",
    "Study",
    "load",
    "Network",
    "AutoCNNClassifier",
    "AutocnnError",
]

# A package has the function's name. Loaded now, it never takes the function's place.
importlib.import_module("autocnn.search")
del globals()["search"]


def __getattr__(name: str) -> Any:
    """Load what is asked for, and PyTorch with it where it is needed."""
    if name not in _HOMES:
        raise AttributeError(f"module 'autocnn' has no attribute '{name}'")
    found = getattr(importlib.import_module(f"autocnn.api.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
