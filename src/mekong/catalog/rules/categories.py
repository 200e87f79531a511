"""The tree of categories: what may stand where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def stands_below(parents: Mapping[int, int | None], category: int, other: int | None) -> bool:
    """Whether `other` is `category` itself or stands anywhere below it.

    Args:
        parents: of every category, the one above it; None at the top. It holds no loop.
    """
    while other is not None:
        if other == category:
            return True
        other = parents.get(other)
    return False


def in_place(siblings: Sequence[int], moved: int, before: int | None) -> list[int]:
    """The siblings in their new order: `moved` before another one, or last."""
    others = [each for each in siblings if each != moved]
    place = others.index(before) if before in others else len(others)
    return [*others[:place], moved, *others[place:]]
