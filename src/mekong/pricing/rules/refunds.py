"""What comes back for what goes back."""

from __future__ import annotations


def part_paid(amount_minor: int, units: int, before: int, now: int) -> int:
    """What was paid for `now` of a line's units, after `before` of them went back earlier.

    Parts of one line add up to the whole amount, whatever their sizes and order: what the first k units are worth is the
    amount × k ÷ units, rounded down, and a part is the difference of two such values.

    Raises:
        ValueError: more units than there are, or fewer than none.
    """
    if min(before, now) < 0 or before + now > units:
        raise ValueError("a refund is of units that were sold and have not come back")
    return amount_minor * (before + now) // units - amount_minor * before // units
