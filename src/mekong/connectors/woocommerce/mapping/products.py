"""Products, their variations, and what is pushed to them."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, Looks, PricePush, PushResult, RemoteListing, SalePrice, StockPush
from mekong.channels.socket.looks import plain
from mekong.connectors.woocommerce.mapping import Word, minor, moment
from mekong.foundation.money import to_decimal

_GONE: Final = frozenset({"trash", "auto-draft"})
_STOCKLESS: Final = frozenset({"grouped", "external"})
"""A group is sold as its products, and an external product is sold by somebody else."""

_MOST_DIGITS: Final = 15


class Image(Struct, frozen=True):
    src: str = ""


class Attribute(Struct, frozen=True):
    option: Word = ""


class Variation(Struct, frozen=True):
    """A variation, and what a product has in common with one."""

    id: Word
    sku: Word = ""
    status: str = "publish"
    permalink: str = ""
    global_unique_id: Word = ""
    price: Decimal | None = None
    regular_price: Decimal | None = None
    sale_price: Decimal | None = None
    date_on_sale_from_gmt: str = ""
    date_on_sale_to_gmt: str = ""
    manage_stock: bool | str = False
    stock_quantity: Decimal | None = None
    stock_status: str = ""
    image: Image | tuple[Any, ...] | None = None
    attributes: tuple[Attribute, ...] = ()


class Product(Variation, frozen=True):
    name: Word = ""
    description: str | None = None
    type: str = "simple"
    variations: tuple[Word, ...] = ()
    images: tuple[Image, ...] = ()

    @property
    def is_listed(self) -> bool:
        return self.status not in _GONE and self.type not in _STOCKLESS

    @property
    def has_variations(self) -> bool:
        """By its type: a simple product that was a variable one may keep the numbers of its variations."""
        return self.type.startswith("variable") or (self.type != "simple" and bool(self.variations))


def listing(product: Product, currency: str, now: datetime) -> RemoteListing:
    """A product without variations.

    The price is the regular one, and the sale price that of a sale within its dates. The quantity is what is left to buy:
    None where the shop counts no stock and sells all the same, 0 where it says that the product is sold out.
    """
    sale = _sale(product, currency, now)
    return RemoteListing(
        key=ListingKey(str(product.id)),
        sku=str(product.sku),
        name=str(product.name),
        quantity=_quantity(product),
        price_minor=_price(product, currency),
        currency=currency,
        barcode=str(product.global_unique_id),
        is_active=product.status == "publish",
        url=product.permalink,
        image_url=_picture(product),
        sale_minor=None if sale is None else sale.price_minor,
        sale_ends_at=None if sale is None else sale.ends_at,
        looks=_looks(product),
    )


def listings(product: Product, variations: Sequence[Variation], currency: str, now: datetime) -> list[RemoteListing]:
    """One listing a variation.

    A variation without a SKU, barcode or picture shows those of its product. The picture may stand in; SKU and barcode
    may not: several variations would then claim one article.
    """
    found = []
    looks = _looks(product)
    for each in variations:
        if each.status in _GONE:
            continue
        words = ", ".join(str(one.option) for one in each.attributes if one.option)
        sale = _sale(each, currency, now)
        found.append(
            RemoteListing(
                key=ListingKey(str(product.id), str(each.id)),
                sku="" if str(each.sku) == str(product.sku) else str(each.sku),
                name=f"{product.name} - {words}" if words else str(product.name),
                quantity=_quantity(product if each.manage_stock == "parent" else each),
                price_minor=_price(each, currency),
                currency=currency,
                barcode=""
                if str(each.global_unique_id) == str(product.global_unique_id)
                else str(each.global_unique_id),
                is_active=product.status == each.status == "publish",
                url=each.permalink or product.permalink,
                image_url=_picture(each) or _picture(product),
                sale_minor=None if sale is None else sale.price_minor,
                sale_ends_at=None if sale is None else sale.ends_at,
                looks=looks,
            )
        )
    return found


def _looks(product: Product) -> Looks:
    said = product.description
    name = " ".join(html.unescape(str(product.name)).split())
    return Looks(name, None if said is None else plain(said), None if said is None else len(product.images))


def _quantity(thing: Variation) -> int | None:
    if thing.manage_stock is True:
        # Sold on back-order it stands below zero, and a shop that sells by weight counts in fractions.
        there = thing.stock_quantity or Decimal(0)
        if there.is_finite() and there.adjusted() > _MOST_DIGITS:
            raise ValueError("not a quantity")
        return max(0, math.floor(there))
    return 0 if thing.stock_status == "outofstock" else None


def _price(thing: Variation, currency: str) -> int | None:
    amount = thing.price if thing.regular_price is None else thing.regular_price
    return None if amount is None else minor(amount, currency)


def _sale(thing: Variation, currency: str, now: datetime) -> SalePrice | None:
    """The sale price in force: lower than the regular one, and within its dates."""
    if thing.sale_price is None or thing.regular_price is None or thing.sale_price >= thing.regular_price:
        return None
    begins = moment(thing.date_on_sale_from_gmt) if thing.date_on_sale_from_gmt else None
    ends = moment(thing.date_on_sale_to_gmt) if thing.date_on_sale_to_gmt else None
    sale = SalePrice(minor(thing.sale_price, currency), begins, ends)
    return sale if sale.is_in_force(now) else None


def _picture(thing: Variation) -> str:
    if isinstance(thing.image, Image):
        return thing.image.src
    return next((image.src for image in thing.images if image.src), "") if isinstance(thing, Product) else ""


# --- pushes ---------------------------------------------------------------------------------------------------------


class Trouble(Struct, frozen=True):
    code: str = "failed"
    message: str = ""
    data: Any = None

    @property
    def is_final(self) -> bool:
        status = self.data.get("status") if isinstance(self.data, dict) else None
        return not (isinstance(status, int) and (status >= 500 or status == 429))


class Updated(Struct, frozen=True):
    """One row of a batch's answer: the object as it stands now, or its id and what was wrong with it."""

    id: Word = 0
    error: Trouble | None = None
    manage_stock: bool | str | None = None


class BatchReply(Struct, frozen=True):
    update: tuple[Updated, ...]


def stock_row(push: StockPush) -> dict[str, Any]:
    return {"id": number(push.key), "manage_stock": True, "stock_quantity": push.quantity}


def price_row(push: PricePush, now: datetime) -> dict[str, Any]:
    """Both prices and both dates, each time: a member that is left out, or null, stays as it is, an empty one is cleared.

    Source: WooCommerce's own REST controllers (`set_sale_price`, `date_on_sale_from_gmt`, `date_on_sale_to_gmt`).
    """
    sale = push.sale_at(now)
    return {
        "id": number(push.key),
        "regular_price": format(to_decimal(push.price_minor, push.currency), "f"),
        "sale_price": "" if sale is None else format(to_decimal(sale.price_minor, push.currency), "f"),
        "date_on_sale_from_gmt": _gmt(sale.starts_at) if sale else "",
        "date_on_sale_to_gmt": _gmt(sale.ends_at) if sale else "",
    }


def _gmt(when: datetime | None) -> str:
    return "" if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def number(key: ListingKey) -> int:
    """What the shop calls the thing itself: the variation, or the product that has none."""
    return int(key.model_id or key.item_id)


def results(batch: Sequence[StockPush] | Sequence[PricePush], reply: BatchReply) -> list[PushResult]:
    """One result for each push of a call. What the answer does not mention is not acknowledged: it is pushed again.

    A shop whose stock management is switched off takes a quantity without a word and does not keep it.
    """
    rows = {str(row.id): row for row in reply.update}
    said = []
    for push in batch:
        row = rows.get(str(number(push.key)))
        if row is None:
            said.append(PushResult(push.key, "unconfirmed", "The shop did not mention this product."))
        elif row.error is not None:
            said.append(PushResult(push.key, row.error.code, row.error.message, is_final=row.error.is_final))
        elif isinstance(push, StockPush) and row.manage_stock is False:
            words = "The shop keeps no stock: turn on WooCommerce > Settings > Products > Inventory > Manage stock."
            said.append(PushResult(push.key, "stock_not_managed", words, is_final=True))
        else:
            said.append(PushResult(push.key))
    return said
