"""Orders on paper. Each print is written into the order's timeline, so a second paper says that it is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from mekong.foundation import audit
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.orders import book
from mekong.orders.contracts import Printed
from mekong.orders.errors import BadPaper, OrderNotFound
from mekong.orders.models import SalesOrder, TimelineEntry
from mekong.orders.queries import sees, views_by_code

PAPERS = ("delivery_note", "pick_list", "platform_label")
MOST = 200
"""Orders on one print."""


@command
def print_orders(*, actor: Actor, codes: Sequence[str], paper: str, key: str, now: datetime) -> list[Printed]:
    """What stands on the papers of these orders, in the order named, and which copy each is.

    `key` names this print: asked for again under the same key it is the same print, and no copy is counted twice.
    Without a key each call is a print.
    Buyers' names and addresses are on all but pick lists, so that they were read is in the audit trail.
    Raises: MayNot, OrderNotFound, BadPaper.
    """
    actor.require("orders.ship")
    if paper not in PAPERS:
        raise BadPaper(field="paper", problem="Use one of: {known}.", known=", ".join(PAPERS))
    codes = list(dict.fromkeys(code.strip().upper() for code in codes))
    if not 1 <= len(codes) <= MOST:
        raise BadPaper(field="codes", problem="From 1 to {most} orders on one print.", most=MOST)
    locked = SalesOrder.objects.select_for_update(no_key=True).filter(code__in=codes).order_by("id")
    ids = {order.code: order.id for order in locked if sees(actor, order, "orders.ship")}
    for code in codes:
        if code not in ids:
            raise OrderNotFound(key=code)
    printed = TimelineEntry.objects.filter(order_id__in=ids.values(), kind="printed", data__paper=paper)
    copies: Counter[object] = Counter()
    again: dict[object, int] = {}
    for order_id, data in printed.values_list("order_id", "data"):
        copies[order_id] += 1
        if key and data.get("key") == key:
            again[order_id] = data["copy"]
    fresh = [order_id for order_id in ids.values() if order_id not in again]
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            order_id=order_id, kind="printed", actor=actor.ref, at=now,
            data={"paper": paper, "copy": copies[order_id] + 1, "key": key},
        )
        for order_id in fresh
    )  # fmt: skip
    if paper != "pick_list":
        for order_id in fresh:
            fields = ["customer_name", "customer_phone", "shipping_address"]
            audit.record_read(actor, table="orders_salesorder", row_id=order_id, fields=fields, now=now)
    if fresh:
        book.tell_live()
    views = views_by_code(codes=codes)
    return [Printed(views[code], again.get(ids[code], copies[ids[code]] + 1)) for code in codes]
