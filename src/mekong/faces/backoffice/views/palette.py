"""Find and go: pages, products, orders."""

from __future__ import annotations

from django.http import HttpResponse

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.faces.backoffice import channel_book, shell
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.text import fold
from mekong.orders import queries as orders
from mekong.orders.contracts import OrderFilter, OrderSummary


@page()
def palette(visit: Visit) -> HttpResponse:
    """Up to a handful of each kind, best first."""
    text = visit.param("q")
    wanted = fold(text)
    pages = [
        room
        for room in shell.ROOMS
        if (not room.permission or visit.actor.may(room.permission))
        and (
            not wanted
            or any(word.startswith(wanted) for word in fold(str(room.word)).split())
            or wanted in fold(str(room.word))
        )
    ]
    products: tuple[VariantView, ...] = ()
    found_orders: list[OrderSummary] = []
    if wanted and visit.actor.may("catalog.view"):
        products = catalog.search_variants(actor=visit.actor, text=text, limit=6).variants
    if len(wanted) > 2 and visit.actor.may("orders.view"):
        page_found = orders.list_orders(actor=visit.actor, wanted=OrderFilter(text=text), limit=5)
        found_orders = list(page_found.orders)
    context = {
        "q": text,
        "pages": pages,
        "products": products,
        "orders": found_orders,
        "marks": channel_book.marks([order.channel for order in found_orders]) if found_orders else {},
    }
    return visit.render("parts/found.html", context)


@page()
def pulse(visit: Visit) -> HttpResponse:
    """The pulse of the channels, for the top bar to renew itself."""
    return visit.render("parts/pulse.html")
