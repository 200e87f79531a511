"""Find and go: pages, acts, orders, buyers, products."""

from __future__ import annotations

import re

from django.http import HttpResponse

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.faces.backoffice import channel_book, places
from mekong.faces.backoffice.shell import ROOMS
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import phones
from mekong.foundation.text import fold
from mekong.insights import queries as insights
from mekong.insights.contracts import Buyer
from mekong.orders import queries as orders
from mekong.orders.contracts import OrderFilter, OrderSummary

_LEAST = 3
"""Letters from which on orders are looked for: fewer fit too many."""
_PHONE = re.compile(r"\+?[\d\s.()-]{9,20}")


@page()
def palette(visit: Visit) -> HttpResponse:
    """Up to a handful of each kind, best first."""
    text = visit.param("q")
    wanted = fold(text)
    found = places.find(text, visit.actor.may)
    products: tuple[VariantView, ...] = ()
    found_orders: list[OrderSummary] = []
    if wanted and visit.actor.may("catalog.view"):
        products = catalog.search_variants(actor=visit.actor, text=text, limit=6).variants
    if len(wanted) >= _LEAST and visit.actor.may("orders.view"):
        page_found = orders.list_orders(actor=visit.actor, wanted=OrderFilter(text=text), limit=5)
        found_orders = list(page_found.orders)
    context = {
        "q": text,
        "acts": [each for each in found if each.is_act],
        "pages": [each for each in found if not each.is_act],
        "keys": {room.path: room.key for room in ROOMS},
        "products": products,
        "orders": found_orders,
        "buyer": _buyer(visit, text),
        "marks": channel_book.marks([order.channel for order in found_orders]) if found_orders else {},
    }
    return visit.render("parts/found.html", context)


def _buyer(visit: Visit, text: str) -> Buyer | None:
    """Whose whole phone number was typed, for those who see customers."""
    if not (visit.actor.may("customers.view") and visit.actor.may("orders.view") and _PHONE.fullmatch(text)):
        return None
    number = phones.e164(text)
    return insights.buyer(actor=visit.actor, phone=number) if number else None


@page()
def pulse(visit: Visit) -> HttpResponse:
    """The pulse of the channels, for the top bar to renew itself."""
    return visit.render("parts/pulse.html")
