"""Decisions about stock, as plain functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCOPES = ("exclusion", "listing", "sku", "category", "channel")
"""Order in which controls are asked; within a scope by position, then age. The first match wins."""

BASIS_POINTS = 10_000

COUNTED_KINDS = ("cap", "slice")
"""Kinds that count the units sold from them."""

HARD_KINDS = ("exclude", "cap", "slice")
"""Kinds that bound back-orders too: the others shape what stands on the shelf, and a back-order is beyond it."""


@dataclass(frozen=True, slots=True)
class Control:
    """One channel's claim on stock of what it matches. See `shaped` for the meaning of each kind."""

    id: int
    channel: str
    scope: str
    target: str
    kind: str
    amount: int


def shaped(control: Control | None, *, free: int, sliced_to_others: int, used: int) -> int:
    """Units a channel may promise, given what is free where it is served from.

    Args:
        control: the control that applies to the channel and variant; None means the pool.
        free: on hand less reserved, in units.
        sliced_to_others: units still set aside for other channels by their slices.
        used: units already sold from this control, where it is a cap or a slice.

    Returns:
        Not negative. Of the pool (`free` less other channels' slices): `pool` all; `share` that part of it, rounded
        down; `cap` at most the amount in total; `buffer` all but the amount; `floor` all while more than the amount is
        there, else none. `slice` gives its own set-aside units and no more; `exclude` none.
    """
    pool = max(0, free - sliced_to_others)
    if control is None or control.kind == "pool":
        return pool
    match control.kind:
        case "exclude":
            return 0
        case "share":
            return pool * min(control.amount, BASIS_POINTS) // BASIS_POINTS
        case "cap":
            return max(0, min(pool, control.amount - used))
        case "buffer":
            return max(0, pool - control.amount)
        case "floor":
            return pool if pool > control.amount else 0
        case "slice":
            return max(0, min(free, control.amount - used))
    raise ValueError(f"unknown kind of control: {control.kind}")


def first_match(
    controls: Sequence[Control], *, sku: str, categories: Sequence[str], listing: str = ""
) -> Control | None:
    """The control of a channel that applies to a variant. `controls` are in order already.

    An exclusion names a SKU, a category or, with an empty target, the whole channel.
    """
    for control in controls:
        target = control.target
        if control.scope == "channel" or (control.scope == "exclusion" and not target):
            return control
        if control.scope in ("sku", "exclusion") and target.casefold() == sku.casefold():
            return control
        if control.scope in ("category", "exclusion") and target in categories:
            return control
        if control.scope == "listing" and listing and target == listing:
            return control
    return None


def place(
    lines: Sequence[tuple[int, int]], locations: Sequence[int], free: Mapping[tuple[int, int], int]
) -> list[tuple[int, int, int]] | None:
    """Choose where each line is taken from: (variant, location, units), or None when a line cannot be filled.

    One place for the whole request if any can, the first in order; else each line whole from the first place that
    has it; else the line split over places in order. Lines name each variant once.
    """
    for location in locations:
        if all(free.get((variant, location), 0) >= units for variant, units in lines):
            return [(variant, location, units) for variant, units in lines]
    chosen: list[tuple[int, int, int]] = []
    for variant, units in lines:
        whole = next((spot for spot in locations if free.get((variant, spot), 0) >= units), None)
        if whole is not None:
            chosen.append((variant, whole, units))
            continue
        left = units
        for spot in locations:
            part = min(left, max(0, free.get((variant, spot), 0)))
            if part:
                chosen.append((variant, spot, part))
                left -= part
        if left:
            return None
    return chosen


def take_lots(wanted: int, lots: Sequence[tuple[int, int]]) -> list[tuple[int, int]] | None:
    """Units from each lot, earliest expiry first (FEFO): (lot id, units). `lots`: (lot id, on hand) in that order.

    None when the lots together hold less than wanted.
    """
    taken: list[tuple[int, int]] = []
    for lot, on_hand in lots:
        if not wanted:
            break
        units = min(wanted, on_hand)
        if units:
            taken.append((lot, units))
            wanted -= units
    return None if wanted else taken


# --- transfers and approval -------------------------------------------------------------------------------------------

STEPS = {
    "change": ("draft",),
    "request": ("draft",),
    "approve": ("draft", "requested"),
    "send_back": ("requested", "ready"),
    "cancel": ("draft", "requested", "ready"),
    "ship": ("ready",),
    "receive": ("in_transit",),
    "settle": ("differs",),
}
"""From which states a transfer takes a step."""

AFTER = {
    "request": ("requested", "ready", "in_transit", "received", "differs", "settled"),
    "approve": ("ready", "in_transit", "received", "differs", "settled"),
    "send_back": ("draft",),
    "cancel": ("cancelled",),
    "ship": ("in_transit", "received", "differs", "settled"),
    "receive": ("received", "differs", "settled"),
    "settle": ("settled",),
}
"""States in which a step is behind: taking it again changes nothing."""

CAUSES = ("source_short", "lost", "wrong_item", "late")
"""Why units that left on paper did not arrive: they stayed at the source, are gone, something else was packed in their
place, or they came later."""


def is_above(limit_units: int | None, limit_value: int | None, *, units: int, value_minor: int | None) -> bool:
    """Whether somebody else has to approve. `value_minor` None: not known in đồng, which a limit of value does not trust."""
    if limit_units is not None and units > limit_units:
        return True
    return limit_value is not None and (value_minor is None or value_minor > limit_value)
