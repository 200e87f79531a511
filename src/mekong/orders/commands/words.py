"""What people write on orders: notes for who packs, tags, a better address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mekong.foundation import audit, phones
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.text import fold
from mekong.orders.commands.holding import require_here
from mekong.orders.commands.steps import lock, write_down
from mekong.orders.contracts import OrderView
from mekong.orders.errors import BadAddress, BadPhone, BadTag
from mekong.orders.models import SalesOrder
from mekong.orders.queries import view

MOST_TAGS = 20
LONGEST_TAG = 40
LONGEST_NOTE = 5000
MOST_EARLIER = 20
"""Addresses before, kept with the order; the oldest beyond it, the buyer's own words, stays first."""

_PARTS: Mapping[str, int] = {
    "line": 300, "ward": 120, "district": 120, "province": 120, "full": 500, "postcode": 20, "country": 60,
}  # fmt: skip


@command
def add_note(*, actor: Actor, code: str, text: str, now: datetime) -> OrderView:
    """Write a note for who packs, onto the order and into its timeline. The buyer's own words stay as they are."""
    order = lock(actor, code, "orders.edit")
    order.staff_note = text.strip()[:LONGEST_NOTE]
    order.save(update_fields=["staff_note"])
    write_down(order, "note", actor, now, {"text": order.staff_note})
    return view(order)


@command
def set_tags(*, actor: Actor, code: str, tags: Sequence[str], now: datetime) -> OrderView:
    """Replace an order's tags; at most 20, each up to 40 letters. Tags that fold alike are one. Raises: BadTag."""
    order = lock(actor, code, "orders.edit")
    _keep_tags(order, _cleaned(tags, "tags"), actor, now)
    return view(order)


@command
def change_tags(
    *, actor: Actor, code: str, now: datetime, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> OrderView:
    """Put tags on an order and take others off; those not named stay. Repeating changes nothing. Raises: BadTag.

    A tag is known by its letters without tone marks and case: taking off "vip" takes off "VIP".
    """
    order = lock(actor, code, "orders.edit")
    gone = {_folded(tag) for tag in remove}
    kept = [tag for tag in order.tags if _folded(tag) not in gone]
    _keep_tags(order, _cleaned([*kept, *_cleaned(add, "add")], "add"), actor, now)
    return view(order)


def _folded(tag: str) -> str:
    return fold(tag) or tag.strip()


def _cleaned(tags: Sequence[str], field: str) -> list[str]:
    """Without blanks and doubles, the first spelling kept. Raises: BadTag."""
    found: dict[str, str] = {}
    for position, tag in enumerate(tags):
        text = " ".join(tag.split())
        if len(text) > LONGEST_TAG or "," in text:
            raise BadTag(
                field=f"{field}[{position}]", problem="A tag has at most {longest} letters and no comma.",
                longest=LONGEST_TAG,
            )  # fmt: skip
        if text:
            found.setdefault(_folded(text), text)
    if len(found) > MOST_TAGS:
        raise BadTag(field=field, problem="An order has at most {most} tags. Take one off first.", most=MOST_TAGS)
    return list(found.values())


def _keep_tags(order: SalesOrder, tags: list[str], actor: Actor, now: datetime) -> None:
    if tags != order.tags:
        order.tags = tags
        order.save(update_fields=["tags"])
        write_down(order, "tags", actor, now, {"tags": tags})


@command
def edit_address(
    *,
    actor: Actor,
    code: str,
    address: Mapping[str, str],
    now: datetime,
    name: str | None = None,
    phone: str | None = None,
) -> OrderView:
    """Correct who gets an order and where, before it leaves; lifts the address hold. Repeating changes nothing.

    `address`: line (number and street), ward, province, and district for an address in the form before July 2025; or
    full, as the buyer wrote it. What stood there before is kept with the order. `name`, `phone` None: as they are.

    Raises: MayNot, OrderNotFound, HasLeft, BadPhone, BadAddress (no street, a part too long or unknown).
    """
    order = lock(actor, code, "orders.edit")
    require_here(order)
    parts = _checked(address)
    recipient = order.customer_name if name is None else " ".join(name.split())
    if len(recipient) > 160:
        raise BadAddress(field="name", problem="This is longer than {longest} characters. Shorten it.", longest=160)
    reached = order.customer_phone if phone is None else _phone(phone)
    new = {"name": recipient, "phone": reached, "address": parts}
    was = {"name": order.customer_name, "phone": order.customer_phone, "address": order.shipping_address}
    if new == was:
        if "address" in order.issues:
            _lift_address(order, ["issues"])
            write_down(order, "released", actor, now, {"hold": "address"})
        return view(order)
    earlier = [*order.earlier_addresses, {**was, "by": actor.ref, "at": now.isoformat()}]
    order.earlier_addresses = earlier if len(earlier) <= MOST_EARLIER else [earlier[0], *earlier[2:]]
    order.customer_name, order.customer_phone, order.shipping_address = recipient, reached, parts
    _lift_address(order, ["earlier_addresses", "customer_name", "customer_phone", "shipping_address", "issues"])
    changed = [field for field in ("name", "phone", "address") if new[field] != was[field]]
    write_down(order, "address", actor, now, {"changed": changed})
    # Which particulars, not what they were: the trail outlives the buyer's right to have them erased.
    audit.record(actor, action="update", table="orders_salesorder", row_id=order.id, now=now, facts={"fields": changed})
    return view(order)


def _lift_address(order: SalesOrder, fields: list[str]) -> None:
    order.issues = [issue for issue in order.issues if issue != "address"]
    order.save(update_fields=fields)


def _checked(address: Mapping[str, str]) -> dict[str, str]:
    """The parts of an address without blanks. Raises: BadAddress."""
    parts: dict[str, str] = {}
    for name, text in address.items():
        if name not in _PARTS:
            raise BadAddress(
                field=f"address.{name}", problem="This is no part of an address. Use one of: {known}.",
                known=", ".join(_PARTS),
            )  # fmt: skip
        cleaned = " ".join(text.split())
        if len(cleaned) > _PARTS[name]:
            raise BadAddress(
                field=f"address.{name}", problem="This is longer than {longest} characters. Shorten it.",
                longest=_PARTS[name],
            )  # fmt: skip
        if cleaned:
            parts[name] = cleaned
    if not parts.get("line") and not parts.get("full"):
        raise BadAddress(
            field="address.line", problem="Say the number and street, or the whole address as it was written."
        )
    return parts


def _phone(text: str) -> str:
    if not text.strip():
        return ""
    found = phones.e164(text)
    if found is None:
        raise BadPhone(field="phone", phone=text[:40])
    return found
