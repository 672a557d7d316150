"""A line of parts, each of which says as much as there is room for."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

Part = Mapping[int, str]
"""What can be said of one thing, in more and more words; each with its weight."""
BETWEEN = " │ "
SPACE = 2
"""Cells between the parts on the left and the one on the right, at least."""


def line(parts: Sequence[Part], right: Part, width: int) -> str:
    """Write parts on a line of `width` cells, and one more at its right end.

    Words are taken in the order of their weights, the greatest first, as far as they
    fit; more words for the same thing take the place of fewer.
    """
    parts = [*parts, right]
    texts = [""] * len(parts)
    words = [(weight, place) for place, part in enumerate(parts) for weight in part]
    for weight, place in sorted(words, key=lambda word: -word[0]):
        more = [*texts[:place], parts[place][weight], *texts[place + 1 :]]
        if _space(more, width) >= (SPACE if more[-1] else 0):
            texts = more
    return f" {_left(texts)}{' ' * _space(texts, width)}{texts[-1]} "


def _left(texts: Sequence[str]) -> str:
    return BETWEEN.join(filter(None, texts[:-1]))


def _space(texts: Sequence[str], width: int) -> int:
    """Count the cells that are left between both sides of a line."""
    return width - 2 - cell_len(_left(texts)) - cell_len(texts[-1])
