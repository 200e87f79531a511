"""Reads of the order book."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from mekong.foundation.actor import Actor
from mekong.orders.contracts import (
    BookedOrder,
    EarlierAddress,
    HoldNote,
    LineView,
    NamedOrder,
    OrderView,
    TimelineView,
)
from mekong.orders.errors import OrderNotFound
from mekong.orders.models import OrderLine, SalesOrder, TimelineEntry
from mekong.orders.queries.buyer import buyer_history
from mekong.orders.queries.counting import (
    MANY,
    count_by_channel,
    count_by_issue,
    count_by_state,
    count_by_state_and_channel,
    count_orders,
)
from mekong.orders.queries.filters import get_filter, list_filters
from mekong.orders.queries.listing import LOOKED_AT, codes_that_fit, list_orders, orders_on_screen
from mekong.orders.queries.narrowing import seen_by
from mekong.orders.queries.present import people_on
from mekong.orders.queries.preview import preview_offer
from mekong.orders.rules import OPEN, wanted_by, wrong_condition

__all__ = [
    "LOOKED_AT",
    "MANY",
    "OPEN",
    "booked_orders",
    "buyer_history",
    "codes_that_fit",
    "count_by_channel",
    "count_by_issue",
    "count_by_state",
    "count_by_state_and_channel",
    "count_orders",
    "find",
    "get_filter",
    "get_order",
    "know_platforms",
    "list_filters",
    "list_orders",
    "named_orders",
    "noted_orders",
    "open_lines",
    "order_of_key",
    "orders_on_screen",
    "orders_per_minute",
    "packed_together",
    "people_on",
    "platform_of",
    "preview_offer",
    "sales_of_day",
    "sees",
    "units_back",
    "units_beyond_stock",
    "view",
    "views_by_code",
    "wanted_by",
    "wrong_condition",
]


def find(actor: Actor, code: str, permission: str, rows: Any) -> SalesOrder:
    """An order by its code (in any case) or id, if the actor may see it. Raises: MayNot, OrderNotFound."""
    actor.require(permission)
    try:
        wanted = Q(code=code.strip().upper()) | Q(id=UUID(code.removeprefix("ord_")))
    except ValueError:
        wanted = Q(code=code.strip().upper())
    order: SalesOrder | None = rows.filter(wanted).first()
    if order is None or not sees(actor, order, permission):
        raise OrderNotFound(key=code)
    return order


def sees(actor: Actor, order: SalesOrder, permission: str) -> bool:
    """Orders follow their goods: an actor bound to places sees those allocated there, and those allocated nowhere yet."""
    scope = actor.locations_for(permission)
    return scope is None or not order.allocation or any(place in scope for _, place, _ in order.allocation)


def get_order(*, actor: Actor, code: str) -> OrderView:
    """One order whole: lines, allocation, timeline. Raises: MayNot, OrderNotFound."""
    return view(find(actor, code, "orders.view", SalesOrder.objects))


def order_of_key(*, idempotency_key: str) -> OrderView | None:
    """The order that a request with this key, as `Asked` carries it, has placed; None when there is none."""
    order = SalesOrder.objects.filter(idempotency_key=idempotency_key).first()
    return None if order is None else view(order)


def view(order: SalesOrder) -> OrderView:
    timeline = [
        TimelineView(row.kind, row.data, row.actor, row.at)
        for row in TimelineEntry.objects.filter(order=order).order_by("id")
    ]
    return _view(order, [_line(row) for row in OrderLine.objects.filter(order=order).order_by("line")], timeline)


def views_by_code(*, codes: Collection[str]) -> dict[str, OrderView]:
    """These orders with their lines and without their timelines, for commands that have checked the rights to them."""
    orders = list(SalesOrder.objects.filter(code__in=codes))
    lines: dict[UUID, list[LineView]] = {order.id: [] for order in orders}
    for row in OrderLine.objects.filter(order__in=orders).order_by("order_id", "line"):
        lines[row.order_id].append(_line(row))
    return {order.code: _view(order, lines[order.id], ()) for order in orders}


def _line(row: OrderLine) -> LineView:
    return LineView(
        row.line, row.variant_id, row.sku, row.name, row.quantity, row.returned, row.unit_price_minor,
        row.total_minor, row.tax_rate_bp, row.tax_minor, row.external_ids, row.listing, row.discount_minor,
    )  # fmt: skip


def _view(order: SalesOrder, lines: Sequence[LineView], timeline: Sequence[TimelineView]) -> OrderView:
    return OrderView(
        id=order.id, code=order.code, channel=order.channel, external_id=order.external_id, state=order.state,
        remote_state=order.remote_state, payment_state=order.payment_state, is_cod=order.is_cod,
        currency=order.currency, subtotal_minor=order.subtotal_minor, discount_minor=order.discount_minor,
        shipping_fee_minor=order.shipping_fee_minor, tax_minor=order.tax_minor, total_minor=order.total_minor,
        customer_name=order.customer_name, customer_phone=order.customer_phone, customer_ref=order.customer_ref,
        shipping_address=order.shipping_address, note=order.note, tags=order.tags, issues=order.issues,
        duplicate_of=order.duplicate_of, allocation=[(each[0], each[1], each[2]) for each in order.allocation],
        tracking_no=order.tracking_no, cancel_reason=order.cancel_reason, ship_by=order.ship_by,
        placed_at=order.placed_at, confirmed_at=order.confirmed_at, shipped_at=order.shipped_at,
        delivered_at=order.delivered_at, cancelled_at=order.cancelled_at, hold_id=order.hold_id, lines=lines,
        timeline=timeline, staff_note=order.staff_note, split_from=order.split_from, merged_into=order.merged_into,
        packed_with=order.packed_with, priced=order.priced, member=order.member, tenders=order.tenders,
        refunds=order.refunds,
        holds={name: _hold_note(said) for name, said in order.holds.items() if name in order.issues},
        earlier_addresses=[
            EarlierAddress(
                was["name"], was["phone"], was["address"], was["by"], datetime.fromisoformat(was["at"]),
            )
            for was in order.earlier_addresses
        ],
    )  # fmt: skip


def _hold_note(said: Mapping[str, Any]) -> HoldNote:
    call_at = said.get("call_at")
    return HoldNote(
        said.get("reason", ""), datetime.fromisoformat(call_at) if call_at else None, said.get("tries", 0), said["by"],
        datetime.fromisoformat(said["at"]),
    )  # fmt: skip


_BOOKED = """
    select o.external_id, o.code, o.state, o.total_minor, o.currency, coalesce(l.units, 0)::bigint, o.issues, o.note
      from orders_salesorder o
      left join lateral (select sum(quantity) as units from orders_orderline where order_id = o.id) l on true
     where o.channel = %s and
"""


def booked_orders(*, actor: Actor, channel: str, external_ids: Collection[str]) -> dict[str, BookedOrder]:
    """Those of a channel's orders that are in the book, by the channel's own ids. One statement. Raises: MayNot."""
    actor.require("orders.view")
    return {each.external_id: each for each in _booked("o.external_id = any(%s)", [channel, list(external_ids)])}


def named_orders(
    *, actor: Actor, permission: str, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], NamedOrder]:
    """Those of these (channel, the channel's own id) that are in the book, seen by the actor with this right or not.

    One statement. Raises: MayNot.
    """
    actor.require(permission)
    wanted = set(names)
    rows = SalesOrder.objects.filter(
        channel__in={channel for channel, _ in wanted}, external_id__in={each for _, each in wanted}
    ).only("code", "state", "channel", "external_id", "allocation")
    return {
        (row.channel, row.external_id): NamedOrder(row.code, row.state, sees(actor, row, permission))
        for row in rows
        if (row.channel, row.external_id) in wanted
    }


def units_back(*, channel: str, external_ids: Collection[str]) -> dict[str, int]:
    """How many units of each of a channel's orders were received back, by the channel's own ids. One statement."""
    rows = OrderLine.objects.filter(order__channel=channel, order__external_id__in=list(external_ids))
    return dict(rows.values_list("order__external_id").annotate(units=Sum("returned")))


def open_lines(*, actor: Actor, channel: str, listings: Collection[str]) -> list[tuple[str, int, str]]:
    """Unmatched lines of a channel's open orders that were sold from these listings: (order, line, `item:model`), oldest
    first. Raises: MayNot.
    """
    actor.require("orders.view")
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_LINES, [channel, list(listings)])
        return [(code, line, listing) for code, line, listing in cursor.fetchall()]


_OPEN_LINES = """
    select o.code, l.line, l.listing from orders_salesorder o join orders_orderline l on l.order_id = o.id
     where o.channel = %s and o.issues @> '["unmatched_line"]' and l.variant_id is null and l.listing = any(%s::text[])
     order by o.placed_at, o.id, l.line
"""


def noted_orders(*, actor: Actor, channel: str, notes: Collection[str], since: datetime) -> list[BookedOrder]:
    """A channel's orders placed since then whose note is one of these. Reads all of them since then. Raises: MayNot."""
    actor.require("orders.view")
    return _booked("o.placed_at >= %s and o.note = any(%s)", [channel, since, list(notes)])


def _booked(condition: str, parameters: list[Any]) -> list[BookedOrder]:
    with connection.cursor() as cursor:
        cursor.execute(_BOOKED + condition, parameters)
        return [
            BookedOrder(
                row[0], row[1], row[2], row[3], row[4], row[5],
                json.loads(row[6]) if isinstance(row[6], str) else row[6], row[7],
            )
            for row in cursor.fetchall()
        ]  # fmt: skip


def units_beyond_stock(*, channels: Collection[str]) -> int:
    """Units that orders of these channels were promised and that no goods came for, cancelled orders included."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select coalesce(sum(greatest(0, wanted.units - given.units)), 0)::bigint
                 from orders_salesorder o
                 cross join lateral (select sum(quantity) units from orders_orderline where order_id = o.id) wanted
                 cross join lateral (select coalesce(sum((a->>2)::bigint), 0) units
                                       from jsonb_array_elements(o.allocation) a) given
                where o.issues @> '["stock"]' and o.issues <> '[]' and o.channel = any(%s::text[])""",
            [list(channels)],
        )
        return int(cursor.fetchone()[0])


def orders_per_minute(*, since: datetime, now: datetime) -> dict[str, list[tuple[datetime, int]]]:
    """New orders of each channel by minute of arrival here, for live charts. At most a day back."""
    since = max(since, now - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(
            """select channel, date_trunc('minute', created_at) as minute, count(*) from orders_salesorder
                where created_at >= %s group by 1, 2 order by 1, 2""",
            [since],
        )
        found: dict[str, list[tuple[datetime, int]]] = {}
        for channel, minute, count in cursor.fetchall():
            found.setdefault(channel, []).append((minute, count))
        return found


def last_orders(*, channels: Collection[str]) -> dict[str, datetime]:
    """When the last order of each channel was placed; channels without one are missing. One look in the index each."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select c.code, o.placed_at from unnest(%s::text[]) c(code)
                cross join lateral (select placed_at from orders_salesorder where channel = c.code
                                     order by placed_at desc, id desc limit 1) o""",
            [list(channels)],
        )
        return dict(cursor.fetchall())


_GAPS = """
    with placed as (
        select channel, placed_at, lead(placed_at) over (partition by channel order by placed_at) as next_at
          from orders_salesorder where channel = any(%s::text[]) and placed_at >= %s and placed_at < %s),
    gaps as (
        select channel, extract(isodow from placed_at at time zone %s)::int as day,
               extract(hour from placed_at at time zone %s)::int as hour,
               ceil(extract(epoch from next_at - placed_at))::bigint as seconds
          from placed where next_at is not null)
    select channel, case when grouping(hour) = 1 then '' when grouping(day) = 1 then hour::text
                         else day || '-' || hour end,
           count(*), percentile_disc(0.5) within group (order by seconds),
           percentile_disc(0.99) within group (order by seconds)
      from gaps group by grouping sets ((channel, day, hour), (channel, hour), (channel))
"""


def gaps_between_orders(
    *, channels: Collection[str], since: datetime, until: datetime, zone: str
) -> dict[str, dict[str, tuple[int, int, int]]]:
    """How long it is quiet between two orders of a channel: by channel and slot, the number of gaps, and the seconds
    that half and 99 of 100 of them stayed under.

    A gap belongs to the hour in which it began, by the clock of `zone`. Slots: `2-9` Tuesday at nine, `9` nine on any
    day, "" all. Reads every order of the span: a matter of seconds for millions, so not for a page.
    """
    found: dict[str, dict[str, tuple[int, int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, [list(channels), since, until, zone, zone])
        for channel, slot, *figures in cursor.fetchall():
            found.setdefault(channel, {})[slot] = (figures[0], figures[1], figures[2])
    return found


def sales_of_day(*, actor: Actor, day_start: datetime) -> Mapping[str, tuple[int, int, str]]:
    """Orders and revenue of each channel in the 24 hours from `day_start`: (orders, total in minor units, currency).

    Of the orders that the actor sees; cancelled ones are left out. A channel that sells in two currencies answers with
    the one it took more of.
    """
    actor.require("orders.view")
    seen = seen_by(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""select channel, currency, count(*), sum(total_minor)::bigint from orders_salesorder o
                 where placed_at >= %s and placed_at < %s and state <> 'cancelled' and {seen}
                 group by 1, 2 order by 4""",  # noqa: S608 - constant text
            [day_start.astimezone(UTC), day_start.astimezone(UTC) + timedelta(days=1), *seen.params],
        )
        return {row[0]: (row[2], row[3], row[1]) for row in cursor.fetchall()}


def packed_together(*, actor: Actor, order: OrderView) -> list[str]:
    """Codes of the other orders that go into one parcel with this one, or are packed at its side."""
    actor.require("orders.view")
    if not order.packed_with:
        return []
    rows = SalesOrder.objects.filter(packed_with=order.packed_with).exclude(id=order.id).exclude(state="cancelled")
    return list(rows.order_by("placed_at", "id").values_list("code", flat=True))


# --- the platforms ----------------------------------------------------------------------------------------------------

Titled = Callable[[str], str]
"""The name of the platform that keeps a channel's orders too; "" for channels of our own."""


def _untold(channel: str) -> str:  # noqa: ARG001 - a `Titled`; until the module that knows channels has said it
    return ""


_titled: Titled = _untold


def know_platforms(titled: Titled) -> None:
    """Told once, by the module that keeps channels: whether a platform keeps their orders too is not a fact of orders."""
    global _titled
    _titled = titled


def platform_of(channel: str) -> str:
    """The platform that keeps this channel's orders beside us, by its name; "" when nobody does."""
    return _titled(channel)
