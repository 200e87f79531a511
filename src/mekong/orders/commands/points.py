"""Points for orders: earned when the buyer has the goods, taken back for what comes back."""

from __future__ import annotations

import contextlib
from datetime import datetime
from uuid import UUID

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.money import part_of
from mekong.loyalty import commands as loyalty
from mekong.loyalty import queries as members
from mekong.loyalty.contracts import MemberView
from mekong.loyalty.errors import EarningNotFound, MemberClosed, MemberNotFound, PointsInvalid
from mekong.orders.models import SalesOrder

WHOLE_BP = 10_000


@command
def earn_points(*, actor: Actor, order_id: UUID, now: datetime) -> int:
    """Give the order's member the points it earns; how many. Repeating changes nothing.

    The member is the one who was named, else the one with the buyer's phone, also when they joined after they bought. Counted
    is what was paid for goods (as the channel's rule has shipping and tax), without what points paid.
    """
    order = SalesOrder.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        return 0
    member = _member(order, now)
    base = _base(order, now)
    if member is None or base <= 0:
        return 0
    try:
        earned = loyalty.earn_for(
            actor=actor, member_id=member.id, reference=order.code, channel=order.channel, amount_minor=base,
            currency=order.currency, multiplier_bp=order.priced.get("points_times_bp", WHOLE_BP), now=now,
        )  # fmt: skip
    except (MemberClosed, PointsInvalid):
        return 0  # a member who left, or an order in a currency the programme does not know
    unearn(order, now)
    return earned.points


def unearn(order: SalesOrder, now: datetime) -> None:
    """Take back what the refunded part of an order had earned; what was taken back before is not taken again."""
    base = _base(order, now)
    if base <= 0:
        return
    before = 0
    for each in order.refunds:
        amount = each["amount_minor"]
        part = part_of(base, order.total_minor, before, min(amount, order.total_minor - before))
        before += amount
        if part:
            with contextlib.suppress(EarningNotFound):
                loyalty.take_back_for(actor=SYSTEM, reference=order.code, part=each["part"], part_minor=part, now=now)


def _member(order: SalesOrder, now: datetime) -> MemberView | None:
    key = order.member or order.customer_phone
    if not key:
        return None
    try:
        return members.member_by(actor=SYSTEM, key=key, now=now)
    except MemberNotFound:
        return None


def _base(order: SalesOrder, now: datetime) -> int:
    """The amount that earns: fixed by the rule in force when it is first asked, and kept with the order."""
    kept = order.priced.get("earns_on_minor")
    if kept is not None:
        return int(kept)
    rule = members.earn_rule(channel=order.channel, now=now)
    base = order.subtotal_minor - order.discount_minor
    if rule is not None and rule.counts_shipping:
        base += order.shipping_fee_minor
    if rule is not None and not rule.counts_tax:
        base -= order.tax_minor
    base -= sum(int(tender["amount_minor"]) for tender in order.tenders if tender["kind"] == "points")
    base = max(base, 0)
    order.priced = {**order.priced, "earns_on_minor": base}
    order.save(update_fields=["priced"])
    return base
