"""Products, where they lie, and what is pushed to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import (
    ListingKey,
    Looks,
    PricePush,
    PushResult,
    RemoteListing,
    SalePrice,
    StockPush,
)
from mekong.channels.socket.looks import plain
from mekong.connectors.tiktok.mapping import Word, minor
from mekong.foundation.money import to_decimal

NOT_FOR_SALE: Final = frozenset({"DELETED", "DRAFT"})


class Price(Struct, frozen=True):
    currency: str = ""
    sale_price: Decimal | None = None
    tax_exclusive_price: Decimal | None = None
    amount: Decimal | None = None


class Heap(Struct, frozen=True):
    """Units of one SKU in one warehouse, as a product shows them."""

    warehouse_id: Word = ""
    quantity: int = 0


class Attribute(Struct, frozen=True):
    value_name: Word = ""


class Identifier(Struct, frozen=True):
    code: Word = ""


class Image(Struct, frozen=True):
    urls: tuple[str, ...] = ()


class Sku(Struct, frozen=True):
    id: Word
    seller_sku: Word = ""
    price: Price = Price()
    inventory: tuple[Heap, ...] = ()
    sales_attributes: tuple[Attribute, ...] = ()
    identifier_code: Identifier = Identifier()


class Product(Struct, frozen=True):
    id: Word
    title: Word = ""
    description: Word | None = None
    status: str = ""
    skus: tuple[Sku, ...] = ()
    main_images: tuple[Image, ...] = ()


class ProductPage(Struct, frozen=True):
    products: tuple[Product, ...] | None = None
    next_page_token: Word = ""
    total_count: int | None = None


def listings(
    product: Product,
    available: Mapping[str, int],
    currency: str,
    sales: Mapping[str, SalePrice] = MappingProxyType({}),
) -> list[RemoteListing]:
    """One listing a SKU; those of deleted products and of drafts are left out.

    `available`: units that shoppers may buy, by SKU id, where the inventory was asked; a SKU that is not in it shows
    what its product says. The price is the seller's own, what a price push sets. `sales`: the prices of activities under
    way, by SKU id or by product id.
    """
    if product.status in NOT_FOR_SALE:
        return []
    picture, looks = next((url for image in product.main_images for url in image.urls), ""), _looks(product)
    return [
        RemoteListing(
            key=ListingKey(str(product.id), str(sku.id)),
            sku=str(sku.seller_sku),
            name=_name(product, sku),
            quantity=available.get(str(sku.id), _shown(sku)),
            price_minor=_price(sku.price, currency),
            currency=sku.price.currency or currency,
            barcode=str(sku.identifier_code.code),
            is_active=product.status in {"ACTIVATE", ""},
            image_url=picture,
            sale_minor=None if sale is None else sale.price_minor,
            sale_ends_at=None if sale is None else sale.ends_at,
            looks=looks,
        )
        for sku in product.skus
        for sale in (_sale(product, sku, currency, sales),)
    ]


def _looks(product: Product) -> Looks:
    """A search tells titles alone; words and pictures come with a product asked for by its number."""
    if product.description is None:
        return Looks(str(product.title))
    return Looks(str(product.title), plain(str(product.description)), len(product.main_images))


def _sale(product: Product, sku: Sku, currency: str, sales: Mapping[str, SalePrice]) -> SalePrice | None:
    sale, price = sales.get(str(sku.id)) or sales.get(str(product.id)), _price(sku.price, currency)
    return sale if sale is not None and price is not None and sale.price_minor < price else None


def _name(product: Product, sku: Sku) -> str:
    words = ", ".join(str(attribute.value_name) for attribute in sku.sales_attributes if attribute.value_name)
    return f"{product.title} - {words}" if words else str(product.title)


def _shown(sku: Sku) -> int | None:
    return sum(heap.quantity for heap in sku.inventory) if sku.inventory else None


def _price(price: Price, currency: str) -> int | None:
    for amount in (price.sale_price, price.tax_exclusive_price, price.amount):
        if amount is not None:
            return minor(amount, price.currency or currency)
    return None


# --- where it lies --------------------------------------------------------------------------------------------------


class Place(Struct, frozen=True):
    """One SKU in one warehouse. `available_quantity` may still be bought; what orders hold is counted apart."""

    warehouse_id: Word
    available_quantity: int = 0


class SkuStock(Struct, frozen=True):
    id: Word
    total_available_quantity: int | None = None
    warehouse_inventory: tuple[Place, ...] = ()

    @property
    def available(self) -> int:
        said = self.total_available_quantity
        return sum(place.available_quantity for place in self.warehouse_inventory) if said is None else said

    @property
    def warehouses(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(place.warehouse_id) for place in self.warehouse_inventory))


class ProductStock(Struct, frozen=True):
    skus: tuple[SkuStock, ...] = ()


class Inventory(Struct, frozen=True):
    inventory: tuple[ProductStock, ...]

    def by_sku(self) -> dict[str, SkuStock]:
        return {str(sku.id): sku for product in self.inventory for sku in product.skus}


class Warehouse(Struct, frozen=True):
    id: Word
    type: str = ""
    effect_status: str = ""
    is_default: bool = False


class WarehouseList(Struct, frozen=True):
    warehouses: tuple[Warehouse, ...]

    def main(self) -> str:
        """The warehouse that new stock belongs in: of those that sell and are in use, the default; "" for none."""
        selling = [
            one for one in self.warehouses if one.type in {"SALES_WAREHOUSE", ""} and one.effect_status in _IN_USE
        ]
        chosen = min(selling, key=lambda one: not one.is_default, default=None)
        return str(chosen.id) if chosen else ""


_IN_USE = frozenset({"ENABLED", "HOLIDAY_MODE", "ORDER_LIMIT_MODE", ""})


# --- pushes ---------------------------------------------------------------------------------------------------------

# A promotion holds price and stock; it ends by itself. So does a review.
_PASSING_CODES = frozenset({"12019045", "12052038", "12052393"})
_PASSING_WORDS = (
    "promotion",
    "campaign",
    "locked",
    "reviewing",
    "under review",
    "timeout",
    "busy",
    "again",
    "internal error",
)


class WarehouseTrouble(Struct, frozen=True):
    code: Word = ""
    message: Word = ""


class TroubleDetail(Struct, frozen=True):
    sku_id: Word = ""
    extra_errors: tuple[WarehouseTrouble, ...] = ()


class Trouble(Struct, frozen=True):
    """One entry of `errors`: a SKU that was not written, and in which warehouses."""

    code: Word = ""
    message: Word = ""
    detail: TroubleDetail = TroubleDetail()

    @property
    def words(self) -> str:
        said = [str(self.message), *(str(one.message) for one in self.detail.extra_errors)]
        return "; ".join(dict.fromkeys(text for text in said if text))


class Pushed(Struct, frozen=True):
    errors: tuple[Trouble, ...] = ()


def stock_rows(batch: Sequence[StockPush], warehouses: Mapping[str, Sequence[str]], main: str) -> list[dict[str, Any]]:
    """What a stock write says of each push: all its units in one warehouse, and none in the SKU's others.

    The platform takes a figure for a SKU only with every warehouse the SKU is assigned to. The one that gets the units
    is the shop's main one where the SKU lies in it, else the first by number, so that it stays the same one.
    """
    rows = []
    for push in batch:
        places = sorted(warehouses[push.key.model_id])
        home = main if main in places else places[0]
        inventory = [{"warehouse_id": each, "quantity": push.quantity if each == home else 0} for each in places]
        rows.append({"id": push.key.model_id, "inventory": inventory})
    return rows


def price_rows(batch: Sequence[PricePush]) -> list[dict[str, Any]]:
    return [
        {
            "id": push.key.model_id,
            "price": {
                "amount": format(to_decimal(push.price_minor, push.currency), "f"),
                "currency": push.currency,
            },
        }
        for push in batch
    ]


def results(
    batch: Sequence[StockPush] | Sequence[PricePush],
    troubles: Sequence[Trouble],
    code: str,
    message: str,
    doubtful: Collection[str] = (),
) -> list[PushResult]:
    """One result for each push of a call about one product.

    `errors` under code 0 name the SKUs that failed. A call refused whole blames its SKU where it had but one; of several
    none is blamed, and each may go again alone. When `errors` names nobody we pushed, none is acknowledged. `doubtful`:
    SKUs whose warehouses were remembered, not asked for just now: what failed may succeed when they are asked for anew.
    """
    blamed: dict[str, Trouble] = {}
    strangers = 0
    for trouble in troubles:
        sku_id = str(trouble.detail.sku_id) or (batch[0].key.model_id if len(batch) == 1 else "")
        if sku_id in {push.key.model_id for push in batch}:
            blamed.setdefault(sku_id, trouble)
        else:
            strangers += 1
    said = []
    for push in batch:
        trouble_here = blamed.get(push.key.model_id)
        is_certain = push.key.model_id not in doubtful
        if trouble_here is not None:
            named, reason = str(trouble_here.code) or "failed", trouble_here.words or message
            said.append(PushResult(push.key, named, reason, is_final=is_certain and not may_pass(named, reason)))
        elif code != "0":
            is_final = is_certain and len(batch) == 1 and not may_pass(code, message)
            said.append(PushResult(push.key, code, message, is_final=is_final))
        elif strangers:
            said.append(PushResult(push.key, "unconfirmed", "The platform reported a failure without naming its SKU."))
        else:
            said.append(PushResult(push.key))
    return said


def may_pass(code: str, reason: str) -> bool:
    lowered = reason.lower()
    return code in _PASSING_CODES or any(words in lowered for words in _PASSING_WORDS)
