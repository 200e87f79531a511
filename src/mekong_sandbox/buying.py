"""Buying as a shopper: `POST /<platform>/buy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mekong_sandbox.http import Reply, Request, json_reply
from mekong_sandbox.money import to_minor

if TYPE_CHECKING:
    from mekong_sandbox.platform import Platform

MAX_LINES = 2000
MAX_QUANTITY = 1_000_000
Amount = int | float | str | None


class Refused(Exception):
    """A purchase that cannot be; carries the HTTP status and the answer."""

    def __init__(self, status: int, error: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.answer = {"error": error, "message": message, **more}


class BuyLine(msgspec.Struct, forbid_unknown_fields=True):
    """What and how many. Named by `sku`, or by the ids the platform has: `item_id` with `model_id`, or `sku_id`."""

    quantity: int = 1
    sku: str = ""
    item_id: int = 0
    model_id: int = 0
    sku_id: int = 0
    unit_price: Amount = None
    unit_price_minor: int | None = None


class Buyer(msgspec.Struct):
    """The shopper; `address` overrides address fields of the platform's order."""

    name: str = "Nguyễn Văn An"
    phone: str = "0901234567"
    address: dict[str, str] = {}


class Purchase(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a purchase. `unit_price` (major units) and `currency` default to the listing's."""

    lines: list[BuyLine]
    shop: int | str = 0
    seller: int | str = ""
    buyer: Buyer = msgspec.field(default_factory=Buyer)
    cod: bool = False
    unpaid: bool = False
    unit_price: Amount = None
    note: str = ""
    currency: str = ""


def price_of(line: BuyLine, purchase: Purchase, currency: str) -> int | None:
    """The price wanted for a unit, in minor units; None = the listing's."""
    if line.unit_price_minor is not None:
        return line.unit_price_minor
    value = line.unit_price if line.unit_price is not None else purchase.unit_price
    return None if value is None else to_minor(value, currency)


def check(purchase: Purchase) -> None:
    """Raises: Refused."""
    if not 1 <= len(purchase.lines) <= MAX_LINES:
        raise Refused(422, "invalid", f"lines must hold 1 to {MAX_LINES} lines")
    for line in purchase.lines:
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise Refused(422, "invalid", f"quantity must be between 1 and {MAX_QUANTITY}")


def answer(platform: Platform, request: Request) -> Reply:
    """Answer a purchase: 201 with the order, 409 when sold out, 404 or 422 else. On disk before the reply."""
    try:
        purchase = msgspec.json.decode(request.body, type=Purchase, strict=True)
        check(purchase)
        made = platform.buy(purchase)
    except (msgspec.DecodeError, ValueError) as bad:
        return json_reply({"error": "invalid", "message": str(bad)}, 422)
    except Refused as refused:
        return json_reply(refused.answer, refused.status)
    platform.world.store.flush()
    return json_reply(made, 201)
