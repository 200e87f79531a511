"""What holds an order back: set by people after a call or for a reason of theirs, and lifted when it is mended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.orders import rules
from mekong.orders.commands.steps import lock, missing_of, write_down
from mekong.orders.commands.stock import reserve_again
from mekong.orders.commands.together import keep_both
from mekong.orders.contracts import OrderView
from mekong.orders.errors import BadHold, HasLeft, NeedsMatching, NoAnswerLimit, StillShort
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.queries import find, view
from mekong.orders.rules import OrderState

FURTHEST = timedelta(days=60)
LONGEST_REASON = 300


def require_here(order: SalesOrder) -> None:
    """Raises: HasLeft: it has gone out, or is over."""
    if OrderState(order.state) not in (*rules.RESERVED, OrderState.AWAITING_STOCK):
        raise HasLeft(number=order.code, state=order.state)


@command
def hold_order(
    *, actor: Actor, code: str, hold: str, now: datetime, reason: str = "", call_at: datetime | None = None
) -> OrderView:
    """Keep an order from going on until somebody lifts the hold.

    `hold`: manual (needs a reason), call_back (needs the time agreed), no_answer (counts one more call, up to three;
    may say when to call next). Setting manual or call_back again changes its reason or time.

    Raises: MayNot, OrderNotFound, HasLeft, NoAnswerLimit, BadHold (another hold, no reason or time, a time that has
    passed or is more than 60 days away).
    """
    order = lock(actor, code, "orders.edit")
    require_here(order)
    said = _checked(hold, reason.strip(), call_at, now)
    was = order.holds.get(hold, {}) if hold in order.issues else {}
    if hold == "no_answer":
        said["tries"] = was.get("tries", 0) + 1
        if said["tries"] > rules.MOST_CALLS:
            raise NoAnswerLimit(number=order.code, tries=rules.MOST_CALLS)
    elif {name: was.get(name) for name in ("reason", "call_at")} == {
        "reason": said["reason"],
        "call_at": said["call_at"],
    }:
        return view(order)
    order.holds = {**order.holds, hold: {**said, "by": actor.ref, "at": now.isoformat()}}
    order.issues = list(dict.fromkeys([*order.issues, hold]))
    order.save(update_fields=["holds", "issues"])
    write_down(order, f"held_{hold}", actor, now, {name: each for name, each in said.items() if each})
    return view(order)


def _checked(hold: str, reason: str, call_at: datetime | None, now: datetime) -> dict[str, Any]:
    """Raises: BadHold."""
    if hold not in rules.SET_HOLDS:
        raise BadHold(field="hold", problem="Use one of: {known}.", known=", ".join(rules.SET_HOLDS))
    if hold == "manual" and not reason:
        raise BadHold(field="reason", problem="Say why the order is held.")
    if len(reason) > LONGEST_REASON:
        raise BadHold(
            field="reason", problem="This is longer than {longest} characters. Shorten it.", longest=LONGEST_REASON
        )
    if hold == "call_back" and call_at is None:
        raise BadHold(field="call_at", problem="Say when to call back.")
    if call_at is not None and not now < call_at <= now + FURTHEST:
        raise BadHold(
            field="call_at", problem="Choose a time from now on, at most {days} days away.", days=FURTHEST.days
        )
    return {"reason": reason, "call_at": call_at.isoformat() if call_at else None}


def lift_hold(*, actor: Actor, code: str, hold: str, now: datetime) -> OrderView:
    """Mend what holds an order back, or say that it is mended: any of `rules.HOLDING_ISSUES`, or duplicate.

    For address somebody has checked it; for stock the goods that lack are reserved, if they are there by now; for
    duplicate both orders go on. A hold that is not there changes nothing.

    Raises: MayNot, OrderNotFound, BadHold, StillShort (naming what lacks), NeedsMatching, HasLeft.
    """
    if hold == "duplicate":
        return keep_both(actor=actor, code=code, now=now)
    if hold not in rules.HOLDING_ISSUES:
        known = ", ".join(sorted(rules.HOLDING_ISSUES))
        raise BadHold(field="hold", problem="Use one of: {known}.", known=known)
    if hold == "stock":
        return _lift_stock(actor, code, now)
    return _lift(actor=actor, code=code, hold=hold, now=now)


@command
def _lift(*, actor: Actor, code: str, hold: str, now: datetime) -> OrderView:
    order = lock(actor, code, "orders.edit")
    if hold not in order.issues:
        return view(order)
    require_here(order)
    if hold == "unmatched_line":
        raise NeedsMatching(number=order.code)
    order.issues = [issue for issue in order.issues if issue != hold]
    order.holds = {name: said for name, said in order.holds.items() if name != hold}
    order.save(update_fields=["issues", "holds"])
    write_down(order, "released", actor, now, {"hold": hold})
    return view(order)


def _lift_stock(actor: Actor, code: str, now: datetime) -> OrderView:
    order = find(actor, code, "orders.edit", SalesOrder.objects)
    if "stock" not in order.issues:
        return view(order)
    require_here(order)
    lines = list(OrderLine.objects.filter(order=order))
    if any(line.variant_id is None for line in lines):
        raise NeedsMatching(number=order.code)
    after = reserve_again(actor, code, now)
    if "stock" not in after.issues:
        return after
    missing = missing_of(lines, str(order.hold_id) if order.hold_id else None)
    views = catalog.variants_by_id(actor=SYSTEM, ids=list(missing))
    lacks = sorted((views[variant].sku, units) for variant, units in missing.items())
    summary = ", ".join(f"{units} × {sku}" for sku, units in lacks)
    raise StillShort(number=order.code, missing=summary, lines=[list(each) for each in lacks])
