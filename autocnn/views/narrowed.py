"""Says where a network is narrower than drawn: it was to fit the bound on its cost."""

import re
from collections.abc import Mapping
from typing import Any


def narrowed(config: Mapping[str, Any], params: Mapping[str, Any], recipe: str) -> str:
    """Say from which width to which; nothing if the network is as wide as drawn.

    Only networks that are put together from parameters are bounded.
    """
    space = config.get("space") or {}
    drawn = params.get("width", space.get("fixed", {}).get("width"))
    # The stem's, which may be half of it, and the first stage's.
    widths = re.findall(r"\b(?:conv|residual|separable) (\d+)", recipe)[:2]
    bounded = space.get("max_flops") and space.get("template") is None
    if not bounded or not isinstance(drawn, int) or not widths:
        return ""
    width = int(widths[-1])
    if width >= drawn:
        return ""
    return f"narrowed from {drawn} to {width}, to fit what an image may cost"
