"""What a list of orders is narrowed to, as conditions on `orders_salesorder o`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.inventory.queries import get_location
from mekong.orders import rules
from mekong.orders.contracts import OrderFilter

IS_OPEN = f"o.state in ({', '.join(repr(state.value) for state in sorted(rules.OPEN))})"
NOWHERE, SEVERAL = 0, -1
"""`SalesOrder.place` of an order without goods, and of one whose goods stand at more places than one."""

FEW_PLACES = 8
"""So many places are walked each for itself; an order of one of more is met soon on a walk through all."""


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

    def and_(self, *others: Where) -> Where:
        whole = Where([*self.parts], [*self.params])
        for other in others:
            whole.parts += other.parts
            whole.params += other.params
        return whole


@dataclass(frozen=True)
class Sought:
    """What a text looks for: lexemes of `OrderSearch`, those of the list's places too, and orders with one of these SKUs."""

    words: str
    variant_ids: Sequence[int]
    sku: str


@dataclass(frozen=True)
class Narrowed:
    """`walked`: conditions that an index answers. `told_apart`: those that each order is looked at for.

    `places`: the few places that it may be walked by, each for itself; None: everywhere, or too many for that. Then
    `but_places` is `walked` without its places, and `of_places` those.
    `is_tallied`: `walked` asks for nothing but states, channels and places, which are counted as orders move.
    """

    walked: Where
    told_apart: Where
    sought: Sought | None
    is_open: bool
    places: Sequence[int] | None
    is_tallied: bool
    but_places: Where
    of_places: Where
    also: str = ""
    """Columns that `told_apart` asks for beyond those of every list."""


def at_places(places: Collection[int]) -> Where:
    """Orders with goods at one of these places."""
    of_several = " or ".join("o.places @> %s::jsonb" for place in places if place != NOWHERE) or "false"
    return Where(
        [f"(o.place = any(%s::bigint[]) or (o.place = {SEVERAL} and ({of_several})))"],
        [sorted(places), *(str(place) for place in places if place != NOWHERE)],
    )


def seen_by(actor: Actor) -> Where:
    """The orders an actor sees: those whose goods stand where the right holds, and those that have none anywhere yet."""
    scope = actor.locations_for("orders.view")
    return Where() if scope is None else at_places(sorted({NOWHERE, *scope}))


def narrowed(actor: Actor, wanted: OrderFilter) -> Narrowed:
    """Raises: MayNot, LocationNotFound."""
    actor.require("orders.view")
    of_places, walked, told_apart = seen_by(actor), Where(), Where()
    scope = actor.locations_for("orders.view")
    places = None if scope is None else [NOWHERE, *sorted(scope)]
    standing = [places]
    if wanted.location:
        place = get_location(actor=SYSTEM, code=wanted.location).id
        of_places = of_places.and_(at_places([place]))
        standing.append([place])
        places = [place] if scope is None or place in scope else []
    is_open = bool(wanted.states) and set(wanted.states) <= rules.OPEN
    if wanted.states:
        walked = walked.and_(_one_of("o.state", wanted.states))
    if channels := [*([wanted.channel] if wanted.channel else []), *wanted.channels]:
        walked = walked.and_(_one_of("o.channel", channels))
    tallied = len(walked.parts)
    _add_issues(walked, [*([wanted.issue] if wanted.issue else []), *wanted.issues])
    if wanted.tag:
        walked = walked.and_(_tagged(wanted.tag))
    if wanted.placed_from:
        walked.add("o.placed_at >= %s", wanted.placed_from)
    if wanted.placed_to:
        walked.add("o.placed_at < %s", wanted.placed_to)
    _add_figures(walked if is_open else told_apart, wanted)
    sought = _sought(wanted.text, standing)
    is_tallied = sought is None and not told_apart and len(walked.parts) == tallied
    if places is not None and len(places) > FEW_PLACES:
        places = None
    return Narrowed(
        of_places.and_(walked), told_apart, sought, is_open, None if places is None else [*places, SEVERAL], is_tallied,
        walked, of_places,
    )  # fmt: skip


def _one_of(column: str, values: Sequence[str]) -> Where:
    """One alone is written as equal: an index that begins with it then gives its orders in the list's order."""
    return (
        Where([f"{column} = %s"], [values[0]]) if len(values) == 1 else Where([f"{column} = any(%s)"], [list(values)])
    )


def narrowed_but_for_tag(actor: Actor, wanted: OrderFilter) -> Narrowed:
    """As `narrowed`, with each order looked at for the tag, and the index of tags not asked. Raises: as that."""
    narrow = narrowed(actor, replace(wanted, tag=""))
    return replace(narrow, told_apart=narrow.told_apart.and_(_tagged(wanted.tag)), also=", o.tags")


def _tagged(tag: str) -> Where:
    return Where(["o.tags @> %s::jsonb and o.tags <> '[]'"], [msgspec.json.encode([tag]).decode()])


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


def _sought(text: str, standing: Sequence[Collection[int] | None]) -> Sought | None:
    """`standing`: places of which an order's goods stand at one or more, each time; None: anywhere."""
    text = text.replace("\0", "").strip()[:120]
    if not text:
        return None
    found = catalog.variants_by_sku(actor=SYSTEM, skus=[text])
    words = rules.search_words(text)
    for places in standing:
        if places is not None:
            words = f"({words}) & ({' | '.join(f'L{place}' for place in places)})"
    return Sought(words, [variant.id for variant in found.values()], text)
