"""What one may do on the “last unit” page: buy on any channel, put units back on the shelf. Plain Django views.

A purchase on a marketplace is made at that marketplace's own test-purchase address, as a shopper would; Mekong learns
of it as of any other order there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import uuid4

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_POST

from mekong.catalog import queries as catalog
from mekong.channels import remote
from mekong.channels.queries import get_channel, list_listings
from mekong.faces.api import problems
from mekong.faces.api.auth import of_session
from mekong.faces.api.entrance import as_error
from mekong.faces.api.errors import MalformedJson
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import NotFound
from mekong.inventory import commands as inventory
from mekong.inventory import queries as stock
from mekong.inventory.contracts import AdjustmentLine
from mekong.orders import commands as orders


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    sku: str
    channel: str = ""
    quantity: int = 1


def _action(action: Callable[[Actor, Wish, datetime], dict[str, Any]]) -> Callable[[HttpRequest], HttpResponse]:
    """A POST of a signed-in person with a JSON body; refusals are answered as problem documents."""

    @require_POST
    @wraps(action)
    def view(request: HttpRequest) -> HttpResponse:
        language = translation.get_language() or "vi"
        try:
            answer = action(_person(request), _wish(request), datetime.now(UTC))
        except Exception as failure:  # noqa: BLE001 - every failure becomes an answer; defects are logged
            made = problems.problem(as_error(failure), language, request.path)
            return HttpResponse(made.encoded(), status=made.status, content_type=problems.MEDIA_TYPE)
        return HttpResponse(msgspec.json.encode(answer), content_type="application/json")

    return view


def _person(request: HttpRequest) -> Actor:
    return of_session(request)


def _wish(request: HttpRequest) -> Wish:
    try:
        return msgspec.json.decode(request.body, type=Wish)
    except msgspec.ValidationError as wrong:
        raise problems.from_msgspec(wrong) from wrong
    except msgspec.DecodeError as wrong:
        raise MalformedJson(reason=str(wrong)) from wrong


@_action
def buy(actor: Actor, wish: Wish, now: datetime) -> dict[str, Any]:
    """Buy units on a channel: an order of ours on web and till, a shopper's order on a marketplace."""
    channel = get_channel(actor=actor, code=wish.channel)
    if channel.is_remote:
        listed = list_listings(actor=actor, channel=channel.code, sku=wish.sku, limit=1).listings
        if not listed:
            raise NotFound(kind="SKU", key=wish.sku)
        bought = remote.buy_test(actor=actor, listing_id=listed[0].id, quantity=wish.quantity)
        return {"ok": True, "order": bought.get("order_id") or bought.get("order_sn")}
    asked = orders.Asked(
        channel=channel.code,
        lines=[orders.AskedLine(wish.sku, wish.quantity)],
        customer_name=actor.name,
        idempotency_key=f"live:{uuid4().hex}",
        note="live",
        is_confirmed=True,
    )
    placed = orders.place_order(actor=actor, asked=asked, now=now)
    return {"ok": True, "order": placed.code}


@_action
def put_back(actor: Actor, wish: Wish, now: datetime) -> dict[str, Any]:
    """Put units on the shelf of the first place that serves the web shop, booked as found."""
    variant = catalog.variants_by_sku(actor=SYSTEM, skus=[wish.sku]).get(wish.sku)
    places = stock.list_locations(actor=actor)
    if variant is None or not places:
        raise NotFound(kind="SKU", key=wish.sku)
    level = next(iter(stock.levels(actor=actor, variant_ids=[variant.id], limit=1)), None)
    inventory.adjust_stock(
        actor=actor,
        location=level.location_code if level else places[0].code,
        reason="found",
        lines=[AdjustmentLine(variant.id, wish.quantity)],
        now=now,
    )
    return {"ok": True}
