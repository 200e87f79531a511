"""Reservation and checkout: `POST /api/v1/reservations`, `DELETE …/{id}`, `POST /api/v1/orders`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from mekong.faces.api import openapi
from mekong.faces.api.entrance import checked_key
from mekong.faces.express.catalogue import catalogue
from mekong.faces.express.http import Call, decode, in_thread
from mekong.foundation.actor import Actor
from mekong.foundation.errors import IdempotencyMismatch
from mekong.foundation.ids import parse_public
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import Held, Short
from mekong.inventory.engine import engine
from mekong.inventory.errors import HoldNotFound
from mekong.inventory.queries import get_hold, get_location
from mekong.orders import commands as orders
from mekong.orders.contracts import DraftLine, Placed
from mekong.orders.errors import UnknownSku
from mekong.orders.placing import Asked, AskedLine, short

Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=inventory.MAX_QUANTITY)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**13)]
Text = Annotated[str, msgspec.Meta(max_length=500)]
Name = Annotated[str, msgspec.Meta(max_length=160)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class ReservationLine(msgspec.Struct, forbid_unknown_fields=True):
    sku: Sku
    quantity: Quantity


class NewReservation(msgspec.Struct, forbid_unknown_fields=True):
    """Hold units for an owner for `ttl_seconds`: all lines or none. `location` takes them from one place only."""

    channel: Code
    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    lines: Annotated[list[ReservationLine], msgspec.Meta(min_length=1, max_length=500)]
    ttl_seconds: Annotated[int, msgspec.Meta(ge=1, le=30 * 86400)] = 900
    location: Annotated[str, msgspec.Meta(max_length=30)] = ""


class OrderLine(msgspec.Struct, forbid_unknown_fields=True):
    """`unit_price_minor` left out means the price of the catalogue."""

    sku: Sku
    quantity: Quantity
    unit_price_minor: Minor | None = None


class Buyer(msgspec.Struct, forbid_unknown_fields=True):
    name: Name = ""
    phone: Annotated[str, msgspec.Meta(max_length=30)] = ""


class GiftCard(msgspec.Struct, forbid_unknown_fields=True):
    """A gift card to pay with. `amount_minor` left out: as much as is left to pay, or is on it."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    amount_minor: Minor | None = None


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """An order of a channel of the retailer's own. `reservation_id` uses units held before.

    `external_id` is the order's id in the system that sends it: sent again, the order is answered, not made again.

    Prices come from the price lists and offers in force, as `POST /api/v1/quotes` tells them beforehand.
    `shipping_fee_minor` is before offers, `discount_minor` is taken off by hand after them. `codes` are vouchers,
    `checkout_id` names a quote that kept offers, `expected_total_minor` is what the buyer was told: when it is another by
    now, nothing is placed. `allow_below_floor` needs the right to sell below the price floor. `member` is a number, phone
    or card; without it the buyer's phone tells. `points` and `gift_cards` pay: they are taken with the order or not at all.
    """

    channel: Code
    lines: Annotated[list[OrderLine], msgspec.Meta(min_length=1, max_length=2000)]
    customer: Buyer | None = None
    shipping_address: dict[Annotated[str, msgspec.Meta(max_length=40)], Text] | Text | None = None
    external_id: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    reservation_id: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    payment_method: Annotated[str, msgspec.Meta(max_length=30)] = ""
    is_paid: bool = False
    shipping_fee_minor: Minor = 0
    discount_minor: Minor = 0
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] | None = None
    location: Annotated[str, msgspec.Meta(max_length=30)] = ""
    codes: Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=60)]], msgspec.Meta(max_length=10)] = []
    delivery_method: Annotated[str, msgspec.Meta(max_length=30)] = ""
    checkout_id: Annotated[str, msgspec.Meta(max_length=60)] = ""
    expected_total_minor: Minor | None = None
    allow_below_floor: bool = False
    visitor: Annotated[str, msgspec.Meta(max_length=60)] = ""
    member: Annotated[str, msgspec.Meta(max_length=60)] = ""
    points: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 0
    gift_cards: Annotated[list[GiftCard], msgspec.Meta(max_length=10)] = []


_reservation = msgspec.json.Decoder(NewReservation)
_order = msgspec.json.Decoder(NewOrder)
_REPLAYED = ((b"idempotency-replayed", b"true"),)


async def make_reservation(call: Call) -> None:
    """201 with the hold, or 409 naming the lines that fell short."""
    actor = await call.actor()
    body = decode(await call.json_body(), _reservation)
    actor.require("inventory.reserve")
    body.channel = await catalogue.channel(body.channel)
    variants = await catalogue.variants([line.sku for line in body.lines])
    wanted = []
    for position, line in enumerate(body.lines):
        variant = variants.get(line.sku.casefold())
        if variant is None or not variant.is_sellable:
            raise UnknownSku(field=f"lines[{position}].sku", sku=line.sku)
        wanted.append((variant.id, line.quantity))
    key = checked_key(call.header(b"idempotency-key"))
    places = await _places(actor, body.location, "inventory.reserve")
    facts = orders.stock_facts_of(variants.values())
    if all(variant.id in facts for variant in variants.values()):
        request = _request(actor, body, wanted, call.now, key, places, facts)
    else:
        request = await in_thread(_request, actor, body, wanted, call.now, key, places, facts)
    answer = await engine().acall(request)
    if isinstance(answer, Short):
        lines = [DraftLine(view.id, view.sku, "", 1, 0) for view in variants.values()]
        # Parts of bundles that fell short are named, too, and may have to be read.
        raise await in_thread(short, answer, lines) if request.bundles else short(answer, lines)
    expires_at: datetime | None = call.now + timedelta(seconds=body.ttl_seconds)
    if answer.is_repeat:
        before = await in_thread(get_hold, hold_id=UUID(answer.hold_id))
        if (before.channel, before.owner) != (body.channel, body.owner) or _asked(request.lines) != _got(answer):
            raise IdempotencyMismatch
        expires_at = before.expires_at
    await call.json(
        201, await _hold(answer, body, expires_at, {view.id: view.sku for view in variants.values()}),
        _REPLAYED if answer.is_repeat else (),
    )  # fmt: skip


def _request(
    actor: Actor,
    body: NewReservation,
    wanted: Sequence[tuple[int, int]],
    now: datetime,
    key: str | None,
    places: tuple[int, ...] | None,
    facts: Mapping[int, Any],
) -> Any:
    return inventory.reservation(
        actor=actor, channel=body.channel, owner=body.owner, lines=wanted, ttl_s=body.ttl_seconds, now=now,
        key=f"{actor.ref}:{key}"[:250] if key else None, location_ids=places, facts=facts,
    )  # fmt: skip


def _asked(lines: Sequence[tuple[int, int]]) -> Counter[int]:
    units: Counter[int] = Counter()
    for variant, count in lines:
        units[variant] += count
    return units


def _got(held: Held) -> Counter[int]:
    units: Counter[int] = Counter(held.missing)
    for variant, _, count in held.lines:
        units[variant] += count
    return units


async def _hold(
    held: Held, body: NewReservation, expires_at: datetime | None, skus: Mapping[int, str]
) -> dict[str, Any]:
    return {
        "id": f"res_{held.hold_id.replace('-', '')}",
        "channel": body.channel,
        "owner": body.owner,
        "expires_at": expires_at,
        "lines": [
            {"sku": skus.get(variant, ""), "location": await catalogue.location_code(place), "quantity": units}
            for variant, place, units in held.lines
        ],
        "backordered": [{"sku": skus.get(variant, ""), "quantity": units} for variant, units in held.missing.items()],
    }


async def _places(actor: Actor, location: str, permission: str) -> tuple[int, ...] | None:
    """Where this actor may take goods from: the place named, else those the actor is bound to, else any (None)."""
    if location:
        place = await in_thread(get_location, actor=actor, code=location)
        actor.require_location(place.id, place.code, permission)
        return (place.id,)
    scope = actor.locations_for(permission)
    return None if scope is None else tuple(sorted(scope))


async def end_reservation(call: Call) -> None:
    """204; again 204 when it had ended; 404 when there never was one, or an order has claimed it."""
    actor = await call.actor()
    checked_key(call.header(b"idempotency-key"))
    text = call.scope["path"].removeprefix("/api/v1/reservations/")
    hold = parse_public("res", text)
    if hold is None:
        raise HoldNotFound(key=text[:60])
    await in_thread(inventory.release_hold, actor=actor, hold_id=hold, now=call.now)
    await call.answer(204, b"", ())


async def make_order(call: Call) -> None:
    """201 with the order; 200 with the order that is there already when it was sent before."""
    actor = await call.actor()
    body = decode(await call.json_body(), _order)
    actor.require("orders.place")
    body.channel = await catalogue.channel(body.channel)
    variants = await catalogue.variants([line.sku for line in body.lines])
    key = checked_key(call.header(b"idempotency-key"))
    asked = _asked_order(actor, body, key, await _places(actor, body.location, "orders.place"))
    placed = await orders.aplace_order(actor=actor, asked=asked, variants=variants, now=call.now)
    await call.json(201 if placed.is_new or key else 200, _placed(placed), () if placed.is_new else _REPLAYED)


def _asked_order(actor: Actor, body: NewOrder, key: str | None, places: tuple[int, ...] | None) -> Asked:
    address = body.shipping_address
    hold = parse_public("res", body.reservation_id) if body.reservation_id else None
    if body.reservation_id and hold is None:
        raise HoldNotFound(key=body.reservation_id)
    return Asked(
        channel=body.channel,
        lines=[AskedLine(line.sku, line.quantity, line.unit_price_minor) for line in body.lines],
        customer_name=body.customer.name if body.customer else "",
        customer_phone=body.customer.phone if body.customer else "",
        shipping_address={"full": address} if isinstance(address, str) else address,
        external_id=body.external_id or "",
        idempotency_key=f"{actor.ref}:{key}"[:250] if key else None,
        reservation_id=str(hold) if hold else None,
        note=body.note,
        is_cod=body.payment_method.lower() == "cod",
        is_paid=body.is_paid,
        location_ids=places,
        shipping_fee_minor=body.shipping_fee_minor,
        discount_minor=body.discount_minor,
        currency=body.currency,
        location=body.location,
        codes=tuple(body.codes),
        payment=body.payment_method.strip().lower(),
        delivery=body.delivery_method.strip().lower(),
        checkout=body.checkout_id,
        expected_total_minor=body.expected_total_minor,
        allows_below_floor=body.allow_below_floor,
        member=body.member,
        visitor=body.visitor,
        points=body.points,
        gift_cards=tuple((card.code, card.amount_minor) for card in body.gift_cards),
    )


def _placed(placed: Placed) -> dict[str, Any]:
    return {
        "id": f"ord_{placed.id.replace('-', '')}",
        "code": placed.code,
        "state": placed.state,
        "currency": placed.currency,
        "total_minor": placed.total_minor,
        "tax_minor": placed.tax_minor,
        "duplicate_of": placed.duplicate_of or None,
    }


# --- the OpenAPI document ---------------------------------------------------------------------------------------------

_RESERVATION_ANSWER = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "channel": {"type": "string"},
        "owner": {"type": "string"},
        "expires_at": {"type": "string", "format": "date-time"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "sku": {"type": "string"}, "location": {"type": "string"}, "quantity": {"type": "integer"},
                },
            },
        },
        "backordered": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["id", "channel", "owner", "expires_at", "lines"],
}  # fmt: skip
_ORDER_ANSWER = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "code": {"type": "string"},
        "state": {"type": "string"},
        "currency": {"type": "string"},
        "total_minor": {"type": "integer"},
        "tax_minor": {"type": "integer", "description": "Tax contained in the lines."},
        "duplicate_of": {"type": ["string", "null"], "description": "Code of an order that looks the same."},
    },
    "required": ["id", "code", "state", "currency", "total_minor"],
}


_TOKEN: list[dict[str, list[str]]] = [{"token": []}]
"""Programs alone come here: the lane reads no cookie."""
_REFUSALS = {
    400: "The body is not JSON.",
    401: "No token, or one that is unknown, revoked or expired.",
    403: "The token may not do this, or not at this location.",
    404: "There is no such hold.",
    409: "Too few units, a hold that has expired, or a key used before for something else.",
    413: "The body is larger than 10 MiB.",
    415: "The body is of another type than JSON.",
    422: "A field is wrong; `errors` names each with its remedy.",
    503: "Too many wait, or the database does not answer. Send it again in a moment.",
}


def describe() -> None:
    """Put these paths into the API's document."""
    made, components = msgspec.json.schema_components(
        [NewReservation, NewOrder], ref_template="#/components/schemas/{name}"
    )

    def takes(schema: Any) -> dict[str, Any]:
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    def gives(text: str, schema: Any) -> dict[str, Any]:
        return {"description": text, "content": {"application/json": {"schema": schema}}}

    def refuses(*statuses: int) -> dict[str, Any]:
        return {str(status): openapi.problem(_REFUSALS[status]) for status in statuses}

    openapi.extend(
        {
            "/api/v1/reservations": {
                "post": {
                    "operationId": "make_reservation",
                    "tags": ["stock"],
                    "summary": "Hold units for an owner: all lines or none",
                    "requestBody": takes(made[0]),
                    "responses": {
                        "201": gives("The hold.", _RESERVATION_ANSWER),
                        **refuses(400, 401, 403, 409, 413, 415, 422, 503),
                    },
                    "security": _TOKEN,
                }
            },
            "/api/v1/reservations/{reservation_id}": {
                "delete": {
                    "operationId": "end_reservation",
                    "tags": ["stock"],
                    "summary": "Give a hold's units back",
                    "parameters": [
                        {"name": "reservation_id", "in": "path", "required": True, "schema": {"type": "string"}}
                    ],
                    "responses": {
                        "204": {"description": "Given back, now or before."},
                        **refuses(401, 403, 404, 422, 503),
                    },
                    "security": _TOKEN,
                }
            },
            "/api/v1/orders": {
                "post": {
                    "operationId": "make_order",
                    "tags": ["orders"],
                    "summary": "Place an order of a channel of your own",
                    "requestBody": takes(made[1]),
                    "responses": {
                        "200": gives("The order was placed before.", _ORDER_ANSWER),
                        "201": gives("The order.", _ORDER_ANSWER),
                        **refuses(400, 401, 403, 404, 409, 413, 415, 422, 503),
                    },
                    "security": _TOKEN,
                }
            },
        },
        components,
    )
