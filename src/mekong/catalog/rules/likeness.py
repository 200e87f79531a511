"""How alike two names are that different people gave to one thing."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

RAREST = 3
"""Candidates share at least one of the so many rarest words of a name."""


def rarest(words: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """The rarest words of a name that occur in the catalogue at all, rarest first. Ties: the longer, then as written."""
    known = [word for word in dict.fromkeys(words) if counts.get(word, 0) > 0]
    return sorted(known, key=lambda word: (counts[word], -len(word)))[:RAREST]


def likeness(one: Collection[str], other: Collection[str], counts: Mapping[str, int]) -> float:
    """From 0 (nothing shared) to 1 (the same words): the weight of the words shared, of that of all words.

    A word weighs the more the rarer it is in the catalogue, `ln(1 + 1000 / (1 + count))` (the weighted Jaccard index); one that
    is in no text of ours, such as a platform's "freeship", weighs like a common one, so that such ornaments do not part
    what is alike.
    """
    mine, theirs = set(one), set(other)
    if not mine or not theirs:
        return 0.0
    common = max(counts.values(), default=1)

    def weight(word: str) -> float:
        return math.log(1 + 1000 / (1 + (counts.get(word) or common)))

    return sum(map(weight, mine & theirs)) / sum(map(weight, mine | theirs))
