"""What a list of orders is narrowed to, as conditions on `orders_salesorder o`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.inventory.queries import get_location
from mekong.orders import rules
from mekong.orders.contracts import OrderFilter

_OPEN = ", ".join(f"'{state.value}'" for state in sorted(rules.OPEN))
IS_OPEN = f"o.state in ({_OPEN})"
"""The condition of the index `order_queue`, word for word enough for the planner to see it."""


@dataclass
class Where:
    """Conditions that all hold, and their parameters in order."""

    parts: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def add(self, part: str, *params: Any) -> None:
        self.parts.append(part)
        self.params += params

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __str__(self) -> str:
        return " and ".join(self.parts) or "true"

    def and_(self, other: Where) -> Where:
        return Where([*self.parts, *other.parts], [*self.params, *other.params])


@dataclass(frozen=True)
class Sought:
    """What a text looks for: lexemes of `OrderSearch`, and orders with one of these SKUs."""

    words: str
    variant_ids: Sequence[int]
    sku: str


@dataclass(frozen=True)
class Narrowed:
    """`walked`: conditions that an index answers. `told_apart`: those that each order is looked at for."""

    walked: Where
    told_apart: Where
    sought: Sought | None
    is_open: bool


def seen_by(actor: Actor) -> tuple[str, list[str]]:
    """The orders an actor sees: those whose goods stand where the right holds, and those that have none anywhere yet."""
    scope = actor.locations_for("orders.view")
    if scope is None:
        return "true", []
    return _at_any([0, *sorted(scope)])


def _at_any(places: Sequence[int]) -> tuple[str, list[str]]:
    return f"({' or '.join('o.places @> %s::jsonb' for _ in places)})", [str(place) for place in places]


def narrowed(actor: Actor, wanted: OrderFilter) -> Narrowed:
    """Raises: MayNot, LocationNotFound."""
    actor.require("orders.view")
    walked, told_apart = Where(), Where()
    is_open = bool(wanted.states) and set(wanted.states) <= rules.OPEN
    if is_open:
        walked.add(IS_OPEN)
    if wanted.states and not (is_open and set(wanted.states) == rules.OPEN):
        walked.add("o.state = any(%s)", list(wanted.states))
    if channels := [*([wanted.channel] if wanted.channel else []), *wanted.channels]:
        walked.add("o.channel = any(%s)", channels)
    _add_issues(walked, [*([wanted.issue] if wanted.issue else []), *wanted.issues])
    if wanted.tag:
        walked.add("o.tags @> %s::jsonb and o.tags <> '[]'", msgspec.json.encode([wanted.tag]).decode())
    if wanted.placed_from:
        walked.add("o.placed_at >= %s", wanted.placed_from)
    if wanted.placed_to:
        walked.add("o.placed_at < %s", wanted.placed_to)
    if wanted.location:
        walked.add("o.places @> %s::jsonb", str(get_location(actor=SYSTEM, code=wanted.location).id))
    seen, places = seen_by(actor)
    if places:
        walked.add(seen, *places)
    _add_figures(walked if is_open else told_apart, wanted)
    return Narrowed(walked, told_apart, _sought(wanted.text), is_open)


def _add_figures(where: Where, wanted: OrderFilter) -> None:
    if wanted.due_before:
        where.add("o.ship_by < %s", wanted.due_before)
    if wanted.is_cod is not None:
        where.add("o.is_cod = %s", wanted.is_cod)
    if wanted.money_from_minor is not None:
        where.add("o.total_minor >= %s", wanted.money_from_minor)
    if wanted.money_to_minor is not None:
        where.add("o.total_minor <= %s", wanted.money_to_minor)


def _add_issues(where: Where, issues: Sequence[str]) -> None:
    """A duplicate is one to look at until it is confirmed or cancelled; any other issue holds an order back."""
    if not issues:
        return
    parts, params = [], []
    if "duplicate" in issues:
        parts.append("(o.duplicate_of <> '' and o.state = 'pending_confirmation')")
    for issue in issues:
        if issue != "duplicate":
            parts.append("(o.issues @> %s::jsonb and o.issues <> '[]')")
            params.append(msgspec.json.encode([issue]).decode())
    where.add(f"({' or '.join(parts)})", *params)


def _sought(text: str) -> Sought | None:
    text = text.replace("\0", "").strip()[:120]
    if not text:
        return None
    found = catalog.variants_by_sku(actor=SYSTEM, skus=[text])
    return Sought(rules.search_words(text), [variant.id for variant in found.values()], text)
