"""What stands where, what may be promised, how it came about."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Lower

from mekong.catalog import queries as catalog
from mekong.foundation.actor import Actor
from mekong.foundation.arrays import bigints
from mekong.foundation.pipeline import server_cursor
from mekong.inventory import rules
from mekong.inventory.contracts import (
    Availability,
    ControlView,
    HoldView,
    LevelView,
    LotView,
    LowStock,
    MovementView,
)
from mekong.inventory.errors import HoldNotFound
from mekong.inventory.models import (
    KEPT_KINDS,
    Hold,
    Location,
    OversellEntry,
    StockControl,
    StockLot,
)
from mekong.inventory.policy import KEPT_S, Policy
from mekong.inventory.policy import know_listings as know_listings
from mekong.inventory.queries.adjustments import count_waiting_adjustments, get_adjustment, list_adjustments
from mekong.inventory.queries.campaigns import campaign_view, count_campaigns, get_campaign, list_campaigns
from mekong.inventory.queries.limits import approval_limits, value_of
from mekong.inventory.queries.low import FIRST as FIRST_LOW
from mekong.inventory.queries.low import count_low, list_low_lines
from mekong.inventory.queries.movements import find_movements
from mekong.inventory.queries.places import (
    forget_virtual,
    get_location,
    list_locations,
    list_places,
    location_view,
    virtual_location,
)
from mekong.inventory.queries.transfers import TO_DO, count_transfers, get_transfer, incoming_units, list_transfers

__all__ = [
    "FIRST_LOW",
    "TO_DO",
    "approval_limits",
    "availability",
    "availability_on",
    "campaign_view",
    "control_view",
    "count_campaigns",
    "count_low",
    "count_oversells",
    "count_transfers",
    "count_waiting_adjustments",
    "find_movements",
    "forget_places",
    "get_adjustment",
    "get_campaign",
    "get_hold",
    "get_location",
    "get_transfer",
    "incoming_units",
    "know_listings",
    "levels",
    "list_adjustments",
    "list_campaigns",
    "list_controls",
    "list_locations",
    "list_lots",
    "list_low_lines",
    "list_low_stock",
    "list_places",
    "list_transfers",
    "location_view",
    "moved_since",
    "stock_card",
    "stock_pulse",
    "value_of",
    "virtual_location",
]

_POLICY_TURN = 1 << 32
"""The policy's version counts above the levels' versions, so that any change of either makes the sum grow."""


def forget_places() -> None:
    """Look system places up anew (their rows were made again)."""
    global _policy
    forget_virtual()
    _policy = None


def levels(
    *, actor: Actor, variant_ids: Collection[int] | None = None, location: str = "", after: tuple[int, int] = (0, 0),
    limit: int = 200,
) -> list[LevelView]:  # fmt: skip
    """Stock levels by variant and location, one statement; `after` is the last (variant, location) already seen."""
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    with connection.cursor() as cursor:
        cursor.execute(
            """select s.variant_id, s.location_id, l.code, s.on_hand, s.reserved, s.version
                 from inventory_stocklevel s join inventory_location l on l.id = s.location_id
                where (%s::bigint[] is null or s.variant_id = any(%s::bigint[]))
                  and (%s = '' or l.code = %s) and (%s::bigint[] is null or s.location_id = any(%s::bigint[]))
                  and (s.variant_id, s.location_id) > (%s, %s)
                order by s.variant_id, s.location_id limit %s""",
            [
                *([list(variant_ids)] * 2 if variant_ids is not None else [None, None]),
                location.upper(), location.upper(),
                *([sorted(scope)] * 2 if scope is not None else [None, None]),
                *after, limit,
            ],
        )  # fmt: skip
        return [LevelView(*row) for row in cursor.fetchall()]


_LEVELS = """
    select variant_id, location_id, on_hand, reserved, version from inventory_stocklevel
     where variant_id = any(%s::bigint[])
"""
_ASIDE = """
    select s.line_id, s.location_id, l.quantity from inventory_campaignstock s
      join inventory_hold h on h.id = s.hold_id and h.state = 'held' and h.expires_at > now()
      join inventory_holdline l on l.hold_id = s.hold_id
     where s.line_id = any(%s::bigint[])
"""
_MOVED = """
    with seen as (select * from unnest(%s::bigint[], %s::bigint[]) s(variant_id, version))
    select seen.variant_id from seen
      left join inventory_stocklevel l on l.variant_id = seen.variant_id and l.location_id = any(%s::bigint[])
     group by seen.variant_id, seen.version having coalesce(sum(l.version), 0) + %s > seen.version
"""

_policy: Policy | None = None
_policy_until = 0.0


def _current_policy() -> Policy:
    """Supply and controls as they are now: kept while their version stays, so that a read costs one small statement.

    Inside a transaction they are read afresh: it may see, or be about to roll back, a version of its own.
    """
    global _policy, _policy_until
    kept, clock = _policy, time.monotonic()
    if connection.in_atomic_block:
        return Policy()
    if kept is not None and clock < _policy_until and (kept.stale_at is None or kept.stale_at > datetime.now(UTC)):
        with connection.cursor() as cursor:
            cursor.execute("select version from inventory_stockpolicy where id = 1")
            row = cursor.fetchone()
        if row and row[0] == kept.version:
            return kept
    _policy, _policy_until = Policy(), clock + KEPT_S
    return _policy


def availability(
    *, channel: str, variant_ids: Collection[int], listings: Mapping[int, str] | None = None
) -> dict[int, Availability]:
    """What a channel may promise of each variant: on hand less reserved where it is served from, shaped by controls.

    A bundle has as many units as its scarcest part gives. A variant never stocked reads as zero. `listings` names the
    listing (`item:model`) of a variant where controls may be set on one. Three statements however many variants.
    """
    named = listings or {}
    found = availability_on({channel: {variant: named.get(variant, "") for variant in variant_ids}})
    return {variant: each for (_, variant), each in found.items()}


def availability_on(wanted: Mapping[str, Mapping[int, str]]) -> dict[tuple[str, int], Availability]:
    """As `availability`, on many channels at once: by channel and variant. Three statements for all of them.

    `wanted`: by channel, the variants asked for, each with its listing (`item:model`) or "".
    """
    policy = _current_policy()
    facts = catalog.stock_facts(variant_ids={variant for each in wanted.values() for variant in each})
    parts = {variant: fact.parts or ((variant, 1),) for variant, fact in facts.items()}
    needed = {part for each in parts.values() for part, _ in each}
    policy.know({*needed, *parts})
    places: dict[int, dict[int, tuple[int, int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS, [list(needed)])
        for variant, place, *figures in cursor.fetchall():
            places.setdefault(variant, {})[place] = (figures[0], figures[1], figures[2])
        used = _used(cursor, policy)
        asides = _asides(cursor, policy, needed)
    found: dict[tuple[str, int], Availability] = {}
    for channel, variants in wanted.items():
        served = policy.locations(channel)
        supply = {part: _sum(places.get(part, {}), served) for part in needed}
        for variant, listing in variants.items():
            if variant in parts:
                aside = {
                    part: _aside(
                        asides, policy.campaign_lines(channel, part, listing if part == variant else ""), served
                    )
                    for part, _ in parts[variant]
                }
                found[channel, variant] = _available(
                    policy, channel, variant, listing, parts[variant], supply, used, aside
                )
    return found


def _sum(places: Mapping[int, tuple[int, int, int]], served: Sequence[int]) -> tuple[int, int, int]:
    rows = [places[place] for place in served if place in places]
    return sum(row[0] for row in rows), sum(row[1] for row in rows), sum(row[2] for row in rows)


def _asides(cursor: Any, policy: Policy, variants: Collection[int]) -> dict[int, dict[int, int]]:
    """What running campaigns have left of these variants: by line and place."""
    lines = policy.every_campaign_line(variants) if policy.has_campaigns else ()
    if not lines:
        return {}
    cursor.execute(_ASIDE, [list(lines)])
    found: dict[int, dict[int, int]] = {}
    for line, place, units in cursor.fetchall():
        found.setdefault(line, {})[place] = units
    return found


def _aside(asides: Mapping[int, Mapping[int, int]], lines: Sequence[int], served: Sequence[int]) -> int:
    return sum(units for line in lines for place, units in asides.get(line, {}).items() if place in served)


def _available(
    policy: Policy,
    channel: str,
    variant: int,
    listing: str,
    made_of: Sequence[tuple[int, int]],
    supply: Mapping[int, tuple[int, int, int]],
    used: Mapping[int, int],
    aside: Mapping[int, int],
) -> Availability:
    rows = [(supply[part], each) for part, each in made_of]
    on_hand = min(row[0] // each for row, each in rows)
    unsold = min((row[0] - row[1]) // each for row, each in rows)
    is_bundle = len(made_of) > 1 or made_of[0][1] > 1 or made_of[0][0] != variant
    # Of a bundle a campaign may hold one part and the shelf another; controls are of the bundle itself.
    extra = aside if is_bundle else {}
    free = min(
        (max(0, supply[part][0] - supply[part][1] - _sliced(policy, used, channel, part)) + extra.get(part, 0)) // each
        for part, each in made_of
    )
    control = policy.control(channel, variant, listing)
    quantity = rules.shaped(
        control,
        free=max(0, unsold) if control is not None and control.kind == "slice" else free,
        sliced_to_others=0,
        used=used.get(control.id, 0) if control else 0,
    )
    if is_bundle:
        quantity = min(quantity, _parts_allow(policy, channel, variant, made_of, supply, used, aside))
    own = 0 if is_bundle else aside.get(variant, 0)
    return Availability(
        variant, channel, quantity + own, on_hand, on_hand - unsold, max(0, unsold - quantity),
        policy.version * _POLICY_TURN + sum(row[2] for row, _ in rows), control.kind if control else "pool", own,
    )  # fmt: skip


def _parts_allow(
    policy: Policy,
    channel: str,
    bundle: int,
    made_of: Sequence[tuple[int, int]],
    supply: Mapping[int, tuple[int, int, int]],
    used: Mapping[int, int],
    aside: Mapping[int, int],
) -> int:
    """How many bundles the controls of their parts allow, of those that do not meet the bundle too."""
    most: list[int] = []
    for part, each in made_of:
        control = policy.control(channel, part)
        allowed = rules.shaped(
            None if control is None or policy.meets(control, bundle) else control,
            free=max(0, supply[part][0] - supply[part][1]), sliced_to_others=_sliced(policy, used, channel, part),
            used=used.get(control.id, 0) if control else 0,
        )  # fmt: skip
        most.append((allowed + aside.get(part, 0)) // each)
    return min(most)


def _sliced(policy: Policy, used: Mapping[int, int], channel: str, variant: int) -> int:
    slices = policy.slices(variant) if policy.has_controls else ()
    return sum(
        max(0, control.amount - used.get(control.id, 0)) * each
        for control, each in slices
        if control.channel != channel
    )


def _used(cursor: Any, policy: Policy) -> dict[int, int]:
    if not policy.has_controls:
        return {}
    cursor.execute("select id, used from inventory_stockcontrol")
    return dict(cursor.fetchall())


def moved_since(*, channel: str, versions: Mapping[int, int]) -> set[int]:
    """Those variants whose availability on the channel has a higher version than the one given; bundles included.

    Two statements; the answer is as long as what moved.
    """
    policy = _current_policy()
    contents = catalog.bundle_contents(variant_ids=versions)
    base, places = policy.version * _POLICY_TURN, list(policy.locations(channel))
    plain = [variant for variant in versions if variant not in contents]
    with server_cursor() as cursor:
        cursor.execute(_MOVED, [bigints(plain), bigints([versions[variant] for variant in plain]), places, base])
        moved = {row[0] for row in cursor.fetchall()}
    if contents:
        now = availability(channel=channel, variant_ids=contents)
        moved |= {variant for variant, each in now.items() if each.version > versions[variant]}
    return moved


def stock_pulse() -> tuple[int, int]:
    """Two numbers that are the same again only while no stock level and no control has changed: for cheap watching."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce((select version from inventory_stockpolicy where id = 1), 0),"
            " coalesce((select sum(version) from inventory_stocklevel), 0)::bigint"
        )
        row = cursor.fetchone()
    return row[0], row[1]


_CARD = """
    select * from (
        select m.id, m.variant_id, f.code as from_code, t.code as to_code, m.quantity,
               case when m.to_location_id = any(%(places)s) then m.quantity else 0 end
             - case when m.from_location_id = any(%(places)s) then m.quantity else 0 end as change,
               sum(case when m.to_location_id = any(%(places)s) then m.quantity else 0 end
                 - case when m.from_location_id = any(%(places)s) then m.quantity else 0 end)
                   over (partition by m.variant_id order by m.id)::bigint as balance,
               m.reason, m.reference, m.note, coalesce(lot.code, ''), m.unit_cost_minor, m.actor, m.occurred_at
          from inventory_stockmovement m
          join inventory_location f on f.id = m.from_location_id
          join inventory_location t on t.id = m.to_location_id
          left join inventory_stocklot lot on lot.id = m.lot_id
         where m.variant_id = %(variant)s
           and (m.from_location_id = any(%(places)s) or m.to_location_id = any(%(places)s))
    ) card where id < %(before)s order by id desc limit %(limit)s
"""


def stock_card(
    *, actor: Actor, variant_id: int, location: str = "", before: int | None = None, limit: int = 50
) -> list[MovementView]:
    """Every movement of a variant, newest first, with the balance after each, at one place or all that keep stock.

    `change` is what the movement did to those places together: a transfer between two of them changes nothing.
    """
    actor.require("inventory.view")
    places = [
        place.id
        for place in Location.objects.filter(kind__in=KEPT_KINDS)
        if actor.sees_location(place.id, "inventory.view") and (not location or place.code == location.upper())
    ]
    with connection.cursor() as cursor:
        cursor.execute(_CARD, {"variant": variant_id, "places": places, "before": before or 2**62, "limit": limit})
        return [MovementView(*row) for row in cursor.fetchall()]


def list_lots(*, actor: Actor, variant_id: int) -> list[LotView]:
    """Lots of a variant that have units, earliest expiry first."""
    actor.require("inventory.view")
    rows = StockLot.objects.filter(variant_id=variant_id, on_hand__gt=0).select_related("location")
    found = [row for row in rows if actor.sees_location(row.location_id, "inventory.view")]
    far = datetime.max.replace(tzinfo=UTC).date()
    return [
        LotView(row.variant_id, row.location.code, row.code, row.expires_on, row.on_hand)
        for row in sorted(found, key=lambda lot: (lot.expires_on or far, lot.id))
    ]


def list_low_stock(*, actor: Actor, limit: int = 200) -> list[LowStock]:
    """Variants whose free units have fallen to their reorder level or below, the emptiest first."""
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    with connection.cursor() as cursor:
        cursor.execute(
            """select r.variant_id, l.code, coalesce(s.on_hand - s.reserved, 0), r.min_qty, r.max_qty
                 from inventory_reorderlevel r join inventory_location l on l.id = r.location_id
                 left join inventory_stocklevel s on s.variant_id = r.variant_id and s.location_id = r.location_id
                where coalesce(s.on_hand - s.reserved, 0) <= r.min_qty
                  and (%s::bigint[] is null or r.location_id = any(%s::bigint[]))
                order by coalesce(s.on_hand - s.reserved, 0) - r.min_qty, r.variant_id limit %s""",
            [*([sorted(scope)] * 2 if scope is not None else [None, None]), limit],
        )
        return [LowStock(*row) for row in cursor.fetchall()]


def control_view(row: StockControl) -> ControlView:
    return ControlView(
        row.uid, row.channel, row.scope, row.target, row.kind, row.amount, row.used, row.position, row.starts_at,
        row.ends_at,
    )  # fmt: skip


def list_controls(*, actor: Actor, channel: str = "") -> list[ControlView]:
    """Controls in the order in which they are asked."""
    actor.require("inventory.view")
    rows = StockControl.objects.filter(channel=channel) if channel else StockControl.objects.all()
    order = {scope: place for place, scope in enumerate(rules.SCOPES)}
    return [control_view(row) for row in sorted(rows, key=lambda each: (order[each.scope], each.position, each.id))]


def sku_controls(*, actor: Actor, skus: Collection[str]) -> dict[tuple[str, str], ControlView]:
    """The standing control of each of these SKUs on each channel that has one: by channel and SKU, in the case asked for.

    One SQL statement. Raises: MayNot.
    """
    actor.require("inventory.view")
    asked = {sku.casefold(): sku for sku in skus}
    rows = StockControl.objects.annotate(folded=Lower("target")).filter(
        scope="sku", folded__in={*asked, *(sku.lower() for sku in skus)}, starts_at=None, ends_at=None
    )
    found: dict[tuple[str, str], ControlView] = {}
    for row in rows.order_by("position", "id"):
        if (sku := asked.get(row.target.casefold())) is not None:
            found.setdefault((row.channel, sku), control_view(row))
    return found


def stock_sums(*, actor: Actor, variant_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """On hand and reserved of each variant at the places the actor may see; those never stocked are left out.

    One SQL statement. Raises: MayNot.
    """
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    with connection.cursor() as cursor:
        cursor.execute(
            """select variant_id, sum(on_hand)::bigint, sum(reserved)::bigint from inventory_stocklevel
                where variant_id = any(%s::bigint[]) and (%s::bigint[] is null or location_id = any(%s::bigint[]))
                group by variant_id""",
            [list(variant_ids), *([sorted(scope)] * 2 if scope is not None else [None, None])],
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def get_hold(*, hold_id: UUID) -> HoldView:
    """Whose a hold is, and until when. Raises: HoldNotFound."""
    row = Hold.objects.filter(id=hold_id).first()
    if row is None:
        raise HoldNotFound(key=hold_id)
    return HoldView(row.channel, row.owner, row.expires_at)


def count_oversells(*, since: datetime | None = None) -> int:
    """Units sold below zero since a moment, or ever."""
    entries = OversellEntry.objects.filter(occurred_at__gte=since) if since else OversellEntry.objects.all()
    return sum(entries.values_list("quantity", flat=True))


def units_received(*, actor: Actor, reference: str) -> dict[int, int]:
    """Units that came into stock under one reference (a goods receipt), by variant; at places this actor sees.

    One statement. An unknown reference has none.
    """
    actor.require("inventory.view")
    if "\0" in reference:
        return {}
    scope = actor.locations_for("inventory.view")
    with connection.cursor() as cursor:
        cursor.execute(
            """select m.variant_id, sum(m.quantity)::bigint
                 from inventory_stockmovement m
                 join inventory_location f on f.id = m.from_location_id
                 join inventory_location t on t.id = m.to_location_id
                where m.reference = %s and t.kind = any(%s) and not f.kind = any(%s)
                  and (%s::bigint[] is null or m.to_location_id = any(%s::bigint[]))
                group by 1 order by 1""",
            [
                reference,
                list(KEPT_KINDS),
                list(KEPT_KINDS),
                *([sorted(scope)] * 2 if scope is not None else [None, None]),
            ],
        )
        return dict(cursor.fetchall())
