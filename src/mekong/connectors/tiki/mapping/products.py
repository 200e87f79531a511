"""Products, and what is pushed to them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, PushResult, RemoteListing
from mekong.connectors.tiki.mapping import Paging, Word, minor
from mekong.connectors.tiki.mapping.stock import Inventory


class Product(Struct, frozen=True):
    product_id: Word = ""
    id: Word = ""
    original_sku: Word = ""
    name: Word = ""
    active: bool | int | str = 1
    type: str = ""
    entity_type: str = ""
    price: Decimal | None = None
    thumbnail: str = ""
    # A product without stock figures has an empty list where the object should be.
    inventory: Inventory | tuple[Inventory, ...] = ()

    @property
    def stock(self) -> Inventory | None:
        return self.inventory if isinstance(self.inventory, Inventory) else next(iter(self.inventory), None)


class ProductPage(Struct, frozen=True):
    data: tuple[Product, ...] = ()
    paging: Paging = Paging()


def listings(products: Sequence[Product], currency: str) -> list[RemoteListing]:
    """One listing a sellable product, each once.

    What is sold is the simple product; the configurable one above it, and the `master` that Tiki keeps for all sellers
    of an article, only gather others. The listing's SKU is the seller's own (`original_sku`): the member named `sku` is
    a number of Tiki's, no barcode though it looks like one.
    """
    found: dict[ListingKey, RemoteListing] = {}
    for product in products:
        if product.type == "configurable" or product.entity_type.startswith("master"):
            continue
        number = str(product.product_id or product.id)
        if not number:
            raise ValueError("a product without its number")
        stock = product.stock
        found[ListingKey(number)] = RemoteListing(
            key=ListingKey(number),
            sku=str(product.original_sku),
            name=str(product.name),
            quantity=None if stock is None else stock.sellable,
            price_minor=None if product.price is None else minor(product.price, currency),
            currency=currency,
            is_active=str(product.active).lower() in {"1", "true"},
            image_url=product.thumbnail,
        )
    return list(found.values())


# --- pushes ---------------------------------------------------------------------------------------------------------

# A refusal with one of these words may pass by itself: a lock, a promotion that fixes the price, a hiccup.
_PASSING_WORDS: Final = (
    "again",
    "busy",
    "campaign",
    "deal",
    "lock",
    "processing",
    "promotion",
    "timeout",
    "khuyến mãi",
    "thử lại",
)


class Written(Struct, frozen=True):
    """The answer to a write of price or stock."""

    state: str = "approved"


def written(key: ListingKey, reply: Written) -> PushResult:
    if reply.state == "approved":
        return PushResult(key)
    return PushResult(key, reply.state, "The change was not approved.", is_final=reply.state == "rejected")


def refused(key: ListingKey, code: str, message: str) -> PushResult:
    return PushResult(key, code, message, is_final=not may_pass(message))


def may_pass(reason: str) -> bool:
    lowered = reason.lower()
    return any(word in lowered for word in _PASSING_WORDS)
