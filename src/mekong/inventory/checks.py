"""The invariants of one stock, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext

from mekong.foundation import health

_LEDGER = """
    with folded as (
        select variant_id, location_id, sum(units) as units from (
            select variant_id, to_location_id as location_id, quantity as units from inventory_stockmovement
            union all select variant_id, from_location_id, -quantity from inventory_stockmovement) lines
         where location_id in (select id from inventory_location where kind in ('warehouse', 'store', 'transit'))
         group by 1, 2)
    select v.sku, l.code, coalesce(f.units, 0), coalesce(s.on_hand, 0)
      from folded f
      full join inventory_stocklevel s on s.variant_id = f.variant_id and s.location_id = f.location_id
      left join catalog_variant v on v.id = coalesce(s.variant_id, f.variant_id)
      left join inventory_location l on l.id = coalesce(s.location_id, f.location_id)
     where coalesce(f.units, 0) <> coalesce(s.on_hand, 0)
"""
_RESERVED = """
    with held as (select variant_id, location_id, sum(quantity) as units from inventory_holdline group by 1, 2)
    select v.sku, l.code, coalesce(h.units, 0), coalesce(s.reserved, 0)
      from held h full join inventory_stocklevel s on s.variant_id = h.variant_id and s.location_id = h.location_id
      left join catalog_variant v on v.id = coalesce(s.variant_id, h.variant_id)
      left join inventory_location l on l.id = coalesce(s.location_id, h.location_id)
     where coalesce(h.units, 0) <> coalesce(s.reserved, 0)
"""
_BOUNDS = "select variant_id, location_id, on_hand, reserved from inventory_stocklevel where reserved < 0 or reserved > on_hand"
_LOTS = """
    select v.sku, l.code, coalesce(sum(lot.on_hand), 0), s.on_hand
      from catalog_variant v join inventory_stocklevel s on s.variant_id = v.id
      join inventory_location l on l.id = s.location_id
      left join inventory_stocklot lot on lot.variant_id = s.variant_id and lot.location_id = s.location_id
     where v.tracks_lots group by v.sku, l.code, s.on_hand having coalesce(sum(lot.on_hand), 0) <> s.on_hand
"""
_TRANSIT = """
    with open as (
        select (line ->> 'variant_id')::bigint as variant_id,
               sum((line ->> 'quantity')::bigint - coalesce((line ->> 'received')::bigint, 0)
                   - coalesce((select sum((b ->> 'units')::bigint)
                                 from jsonb_array_elements(coalesce(line -> 'booked', '[]')) b), 0)) as units
          from inventory_transfer t cross join lateral jsonb_array_elements(t.lines) line
         where t.state in ('in_transit', 'differs') group by 1),
    stands as (
        select s.variant_id, sum(s.on_hand) as units from inventory_stocklevel s
          join inventory_location l on l.id = s.location_id and l.kind = 'transit' group by 1)
    select v.sku, coalesce(o.units, 0), coalesce(s.units, 0)
      from open o full join stands s on s.variant_id = o.variant_id
      left join catalog_variant v on v.id = coalesce(o.variant_id, s.variant_id)
     where coalesce(o.units, 0) <> coalesce(s.units, 0)
"""
_CAMPAIGNS = """
    select c.code, v.sku, l.code, s.set_aside, s.sold, coalesce(s.returned, 0), coalesce(held.quantity, 0)
      from inventory_campaignstock s
      join inventory_campaignline line on line.id = s.line_id join inventory_stockcampaign c on c.id = line.campaign_id
      join inventory_location l on l.id = s.location_id join catalog_variant v on v.id = s.variant_id
      join inventory_hold h on h.id = s.hold_id
      left join inventory_holdline held on held.hold_id = s.hold_id
     where c.state = 'running' and h.state = 'held' and s.set_aside <> s.sold + coalesce(held.quantity, 0)
        or c.state <> 'running' and (s.returned is null or held.quantity is not null)
    union all
    select c.code, '', '', 0, 0, 0, 0 from inventory_stockcampaign c
     where c.state = 'running' and c.ends_at < %(late)s
        or c.state = 'planned' and c.starts_at < %(late)s
"""

_CONTROLS = """
    with live as (
        select control_id, sum(units)::bigint as units from (
            select control_id, quantity as units from inventory_holdline where control_id is not null
            union all select b.control_id, b.quantity from inventory_holdbundle b
              join inventory_hold h on h.id = b.hold_id and h.state in ('held', 'claimed')) each group by 1),
    sold as (select control_id, sum(units)::bigint as units from inventory_controlsale group by 1)
    select c.channel, coalesce(nullif(c.target, ''), c.scope), c.kind, coalesce(l.units, 0), coalesce(s.units, 0), c.used
      from inventory_stockcontrol c
      left join live l on l.control_id = c.id left join sold s on s.control_id = c.id
     where c.used <> coalesce(l.units, 0) + coalesce(s.units, 0)
     order by c.id
"""


def _differences(sql: str, good: str, bad: str, remedy: str, **params: datetime) -> health.Finding:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    if not rows:
        return health.Finding(True, good)
    named = "; ".join(" ".join(str(each) for each in row) for row in rows[:5])
    return health.Finding(False, bad.format(count=len(rows), named=named + (" …" if len(rows) > 5 else "")), remedy)


def ledger_equals_balance(now: datetime) -> health.Finding:
    return _differences(
        _LEDGER,
        gettext("Every stock level equals the sum of its movements."),
        gettext("{count} levels differ from their ledger (sku, location, ledger, level): {named}"),
        gettext("Count the goods, then adjust by the difference; report how the level was changed outside Mekong."),
    )


def reserved_equals_holds(now: datetime) -> health.Finding:
    return _differences(
        _RESERVED,
        gettext("Reserved units equal the live holds of carts and orders."),
        gettext("{count} levels reserve other than their holds (sku, location, holds, reserved): {named}"),
        gettext("Stop selling these SKUs, then restore the latest backup or report the case."),
    )


def nothing_promised_twice(now: datetime) -> health.Finding:
    return _differences(
        _BOUNDS,
        gettext("No level is negative and none promises more than stands there."),
        gettext("{count} levels promise more than stands there (variant, location, on hand, reserved): {named}"),
        gettext("A database constraint forbids this: check that migrations are applied."),
    )


def lots_equal_balance(now: datetime) -> health.Finding:
    return _differences(
        _LOTS,
        gettext("Lots add up to their stock levels."),
        gettext("{count} levels differ from their lots (sku, location, lots, level): {named}"),
        gettext("Count the lots and adjust the difference."),
    )


def transit_equals_transfers(now: datetime) -> health.Finding:
    return _differences(
        _TRANSIT,
        gettext("What stands in transit is what transfers have sent and nobody has booked yet."),
        gettext("{count} SKUs in transit differ from their transfers (sku, transfers, transit): {named}"),
        gettext("Look through the movements of these SKUs in transit, and report the case."),
    )


def campaigns_keep_their_units(now: datetime) -> health.Finding:
    return _differences(
        _CAMPAIGNS,
        gettext("What is set aside for campaigns is sold, held or returned, and they begin and end on time."),
        gettext(
            "{count} campaigns do not add up or are late (code, sku, location, set aside, sold, returned, held): {named}"
        ),
        gettext("Start the worker; if it runs, end the campaigns named under Stock › Campaigns and report the case."),
        late=now - timedelta(minutes=10),
    )


def controls_count_what_is_sold(now: datetime) -> health.Finding:
    return _differences(
        _CONTROLS,
        gettext("Caps and slices count what is held and sold from them, bundles too."),
        gettext(
            "{count} rules count other than what is held and sold (channel, of what, kind, held, sold, counted): {named}"
        ),
        gettext(
            "Under Stock › Rules remove each of these rules and set it anew, with the units that may still be sold: it"
            " counts from zero. Report the case."
        ),
    )


health.register("inventory.ledger_equals_balance", ledger_equals_balance)
health.register("inventory.reserved_equals_holds", reserved_equals_holds)
health.register("inventory.nothing_promised_twice", nothing_promised_twice)
health.register("inventory.lots_equal_balance", lots_equal_balance)
health.register("inventory.transit_equals_transfers", transit_equals_transfers)
health.register("inventory.campaigns_keep_their_units", campaigns_keep_their_units)
health.register("inventory.controls_count_what_is_sold", controls_count_what_is_sold)
