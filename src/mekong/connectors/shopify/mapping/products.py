"""Products, locations, and what is pushed to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, Looks, PricePush, PushResult, RemoteListing, StockPush
from mekong.channels.socket.looks import plain
from mekong.connectors.shopify.mapping import PageInfo, UserError, Word, gid, minor, number
from mekong.foundation.money import to_decimal

_ONLY_VARIANT: Final = "Default Title"
_MODEL: Final = re.compile(r"(\d{1,24})-(\d{1,24})")


class Place(Struct, frozen=True):
    id: Word
    isActive: bool = True  # noqa: N815 - the platform's own name
    fulfillsOnlineOrders: bool = True  # noqa: N815 - the platform's own name


class Places(Struct, frozen=True):
    nodes: tuple[Place, ...] = ()


class Quantity(Struct, frozen=True):
    name: str = ""
    quantity: int = 0


class Level(Struct, frozen=True):
    quantities: tuple[Quantity, ...] = ()


class Item(Struct, frozen=True):
    id: Word
    tracked: bool = True
    inventoryLevel: Level | None = None  # noqa: N815 - the platform's own name


class Product(Struct, frozen=True):
    id: Word
    title: str = ""
    descriptionHtml: str | None = None  # noqa: N815 - the platform's own name
    status: str = ""


class Variant(Struct, frozen=True):
    id: Word
    product: Product
    inventoryItem: Item  # noqa: N815 - the platform's own name
    title: str = ""
    sku: str = ""
    barcode: str = ""
    price: Decimal | None = None
    compareAtPrice: Decimal | None = None  # noqa: N815 - the platform's own name

    @property
    def is_on_sale(self) -> bool:
        return self.price is not None and self.compareAtPrice is not None and self.price < self.compareAtPrice


class VariantPage(Struct, frozen=True):
    nodes: tuple[Variant, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


def place(places: Places) -> str:
    """The location that is kept: of those which fulfil online orders the oldest; "" where there is none."""
    open_ones = [int(number(each.id)) for each in places.nodes if each.isActive and each.fulfillsOnlineOrders]
    return str(min(open_ones)) if open_ones else ""


def key(product: Word, variant: Word, item: Word) -> ListingKey:
    """Orders and prices know a variant, stock knows its inventory item: the key names both, so no push must ask."""
    return ListingKey(number(product), f"{number(variant)}-{number(item)}")


def variant_of(listing: ListingKey) -> str:
    """The variant in a key; "" in one that is not of this connector."""
    found = _MODEL.fullmatch(listing.model_id)
    return found[1] if found else ""


def item_of(listing: ListingKey) -> str:
    found = _MODEL.fullmatch(listing.model_id)
    return found[2] if found else ""


def listing(variant: Variant, currency: str) -> RemoteListing:
    """One variant. The quantity is what may be sold (`available`) at the location that is kept: 0 where it is not
    stocked there, None where the shop does not count it. Where there is a higher price to compare with, that is the
    list price, and the price asked is the sale's."""
    own = "" if variant.title == _ONLY_VARIANT else variant.title
    price = variant.compareAtPrice if variant.is_on_sale else variant.price
    sale = variant.price if variant.is_on_sale else None
    return RemoteListing(
        key=key(variant.product.id, variant.id, variant.inventoryItem.id),
        sku=variant.sku,
        name=" - ".join(part for part in (variant.product.title, own) if part),
        quantity=_quantity(variant.inventoryItem),
        price_minor=None if price is None else minor(price, currency),
        currency=currency,
        barcode=variant.barcode,
        is_active=variant.product.status.upper() == "ACTIVE",
        sale_minor=None if sale is None else minor(sale, currency),
        looks=_looks(variant.product),
    )


def _looks(product: Product) -> Looks:
    """Pictures of variants are pictures of their product there, so they are not counted."""
    said = product.descriptionHtml
    return Looks(product.title, None if said is None else plain(said))


def _quantity(item: Item) -> int | None:
    if not item.tracked:
        return None
    said = item.inventoryLevel.quantities if item.inventoryLevel else ()
    # Oversold it stands below zero.
    return max(0, next((each.quantity for each in said if each.name in ("available", "")), 0))


# --- pushes ---------------------------------------------------------------------------------------------------------

NO_PLACE: Final = frozenset({"INVALID_LOCATION", "LOCATION_NOT_FOUND"})
_PASSING = ("STALE", "IDEMPOTENCY", "UNAVAILABLE", "THROTTLED", "CONCURRENT", *NO_PLACE)


class PushReply(Struct, frozen=True):
    """The part of both mutations that tells what failed. Each sets all of its entries or none."""

    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


def stock_input(batch: Sequence[StockPush], at: str, channel: str) -> dict[str, Any]:
    """`changeFromQuantity` null: the figure is absolute, and what stands there is not known at this moment."""
    return {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://mekong/Channel/{channel}",
        "quantities": [
            {
                "inventoryItemId": gid("InventoryItem", item_of(push.key)),
                "locationId": gid("Location", at),
                "quantity": push.quantity,
                "changeFromQuantity": None,
            }
            for push in batch
        ],
    }


def price_input(batch: Sequence[PricePush], now: datetime) -> list[dict[str, Any]]:
    """What is asked at this moment, and beside it the list price while a sale is on: the platform knows no dates."""
    return [
        {
            "id": gid("ProductVariant", variant_of(push.key)),
            "price": _amount(shown, push.currency),
            "compareAtPrice": _amount(push.price_minor, push.currency) if shown < push.price_minor else None,
        }
        for push in batch
        for shown in (push.shown_minor(now),)
    ]


def _amount(amount_minor: int, currency: str) -> str:
    return format(to_decimal(amount_minor, currency), "f")


def results(batch: Sequence[StockPush] | Sequence[PricePush], errors: Sequence[UserError]) -> list[PushResult]:
    """One result for each push of a call. One wrong entry spoils the call: the others may go again without it."""
    blamed: dict[int, UserError] = {}
    unplaced: UserError | None = None
    for error in errors:
        at = 0 if len(batch) == 1 else error.place
        if at is not None and at < len(batch):
            blamed.setdefault(at, error)
        else:
            unplaced = unplaced or error
    said = []
    for at, named in enumerate([push.key for push in batch]):
        if error_here := blamed.get(at):
            is_final = not any(word in error_here.code for word in _PASSING)
            said.append(PushResult(named, error_here.code or "refused", error_here.message, is_final=is_final))
        elif unplaced is not None:
            said.append(PushResult(named, unplaced.code or "refused", unplaced.message))
        elif errors:
            said.append(PushResult(named, "not_done", "Another listing of the same call was refused."))
        else:
            said.append(PushResult(named))
    return said
