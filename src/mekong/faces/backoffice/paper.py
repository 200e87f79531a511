"""Orders on paper: delivery notes for those who carry and receive, pick lists for those who fetch the goods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext

from mekong.catalog import queries as catalog
from mekong.faces import printing
from mekong.faces.backoffice import channel_book, order_prices, words
from mekong.faces.backoffice.templatetags.mekong import day, masked, money, num, phone, when
from mekong.foundation.actor import SYSTEM, Actor
from mekong.inventory import queries as inventory
from mekong.orders.contracts import OrderView, Printed

KINDS: Mapping[str, tuple[str, str]] = {
    "delivery-a5": ("delivery_note", "a5"),
    "delivery-a6": ("delivery_note", "a6"),
    "pick": ("pick_list", "a4"),
}
"""Papers that can be chosen: what they are, and their size."""


def name_of(kind: str, copy: int) -> str:
    """A paper in words, and whether it is a reprint."""
    name = str(words.PAPERS.get(kind, kind))
    return name if copy < 2 else f"{name} · {reprint(copy)}"


def reprint(copy: int) -> str:
    return gettext("Reprint {n}").format(n=copy - 1) if copy > 1 else ""


def document(actor: Actor, printed: Sequence[Printed], *, kind: str, size: str, now: datetime) -> bytes:
    """The PDF. A phone is shown in full to those who may see it, and masked on the paper of the others."""
    around = {"lang": get_language() or "vi", "size": size, "at": f"{day(now)} {when(now)[-5:]}"}
    if kind == "pick_list":
        return printing.render("pick-list", {**around, **_pick_list(printed)})
    reveals = actor.may("customers.reveal")
    places = {place.id: place.name for place in inventory.list_locations(actor=SYSTEM)}
    marks = channel_book.marks([each.order.channel for each in printed])
    notes = [_note(each, marks[each.order.channel].name, places, reveals=reveals) for each in printed]
    said = {
        "title": gettext("Delivery note"), "to": gettext("Deliver to"), "from": gettext("Goods from"),
        "sku": gettext("SKU"), "name": gettext("Product"), "units": gettext("Qty"), "amount": gettext("Amount"),
        "received": gettext("Received by"), "packed": gettext("Packed by"), "page": gettext("Page"),
        "note": gettext("Note"), "tracking": gettext("Tracking no."),
    }  # fmt: skip
    return printing.render("delivery-note", {**around, "said": said, "notes": notes})


def _note(printed: Printed, channel: str, places: Mapping[int, str], *, reveals: bool) -> dict[str, Any]:
    order = printed.order
    reasons = order_prices.why(order)
    amounts = [(gettext("Goods"), money(order.subtotal_minor, order.currency))]
    if order.discount_minor:
        amounts.append((gettext("Discount"), money(-order.discount_minor, order.currency)))
    amounts.append((gettext("Shipping fee"), money(order.shipping_fee_minor, order.currency)))
    is_due = order.is_cod and order.payment_state in ("unpaid", "partly_paid")
    return {
        "code": order.code,
        "bars": printing.barcode_svg(order.code),
        "channel": f"{channel} {order.external_id}".strip(),
        "placed": f"{day(order.placed_at)} {when(order.placed_at)[-5:]}",
        "copy": reprint(printed.copy),
        "buyer": order.customer_name or "–",
        "phone": phone(order.customer_phone) if reveals else masked(order.customer_phone),
        "address": _address(order),
        "places": ", ".join(dict.fromkeys(places.get(place, "–") for _, place, _ in order.allocation)) or "–",
        "tracking": order.tracking_no,
        "note": order.note,
        "lines": [
            {
                "sku": line.sku or "–", "name": line.name, "units": num(line.quantity),
                "amount": money(line.paid_minor, order.currency), "why": " · ".join(reasons.lines.get(line.line, ())),
                "was": money(line.total_minor, order.currency) if line.discount_minor else "",
            }
            for line in order.lines
        ],
        "amounts": amounts,
        "why": " · ".join(reasons.whole),
        "total": [
            gettext("Collect on delivery") if is_due else gettext("Buyer pays"), money(order.total_minor, order.currency)
        ],
        "paid": "" if is_due else str(words.PAYMENT_STATES[order.payment_state].word),
    }  # fmt: skip


def _address(order: OrderView) -> str:
    said = order.shipping_address
    parts = [said.get(name, "") for name in ("line", "ward", "district", "province")]
    return ", ".join(part for part in parts if part) or said.get("full", "") or gettext("Handed over in person.")


def _pick_list(printed: Sequence[Printed]) -> dict[str, Any]:
    """By place, then by SKU, then by order, so that each shelf is walked to once. Bundles are named by their parts."""
    wanted: dict[int, dict[int, list[tuple[str, int]]]] = {}
    without = []
    copies = {each.order.code: reprint(each.copy) for each in printed}
    for each in printed:
        for variant, place, units in each.order.allocation:
            wanted.setdefault(place, {}).setdefault(variant, []).append((each.order.code, units))
        if not each.order.allocation:
            without.append(each.order.code)
    ids = {variant for of_place in wanted.values() for variant in of_place}
    variants = catalog.variants_by_id(actor=SYSTEM, ids=list(ids)) if ids else {}
    names = {place.id: place.name for place in inventory.list_locations(actor=SYSTEM)}
    places = []
    for place, of_place in sorted(wanted.items(), key=lambda each: names.get(each[0], "")):
        rows = [
            {
                "sku": variants[variant].sku if variant in variants else "–",
                "name": variants[variant].full_name if variant in variants else "–",
                "units": num(sum(units for _, units in orders)),
                "orders": [{"code": code, "units": num(units), "copy": copies[code]} for code, units in sorted(orders)],
            }
            for variant, orders in of_place.items()
        ]
        rows.sort(key=lambda row: str(row["sku"]))
        places.append({"name": names.get(place, "–"), "rows": rows})
    return {
        "places": places,
        "without": without,
        "count": num(len(printed)),
        "said": {
            "title": gettext("Pick list"), "orders": gettext("orders"), "sku": gettext("SKU"),
            "name": gettext("Product"), "units": gettext("Qty"), "of": gettext("For the orders"),
            "page": gettext("Page"), "without": gettext("No goods are held for these orders yet"),
        },
    }  # fmt: skip
