"""Products and what is pushed to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

from msgspec import Struct

from mekong.channels.socket import (
    ListingKey,
    PricePush,
    PushResult,
    RemoteListing,
    StockPush,
)
from mekong.connectors.lazada.mapping import Word, minor
from mekong.foundation.errors import Invalid
from mekong.foundation.money import to_decimal


class Warehouse(Struct, frozen=True):
    sellableQuantity: int | None = None  # noqa: N815 - the platform's own name


class Sku(Struct, frozen=True):
    SkuId: Word
    SellerSku: Word = ""
    Status: str = ""
    Available: int | None = None
    quantity: int | None = None
    price: Decimal | None = None
    Url: str = ""
    Images: tuple[str, ...] = ()
    multiWarehouseInventories: tuple[Warehouse, ...] = ()  # noqa: N815 - the platform's own name


class Attributes(Struct, frozen=True):
    name: Word = ""


class Product(Struct, frozen=True):
    item_id: Word
    status: str = ""
    images: tuple[str, ...] | str = ()
    attributes: Attributes = Attributes()
    skus: tuple[Sku, ...] = ()


class ProductPage(Struct, frozen=True):
    total_products: int = 0
    products: tuple[Product, ...] = ()


def listings(product: Product, currency: str) -> list[RemoteListing]:
    """One listing a SKU; deleted ones are left out.

    The price is the seller's own (`price`, what a price push sets), not the promotion's. The quantity is what shoppers
    may buy: `Available`, or what the warehouses may sell, and only failing both the total, which still counts units
    withheld and occupied by orders.
    """
    if product.status.lower() == "deleted":
        return []
    images = product.images if isinstance(product.images, tuple) else ()
    return [
        RemoteListing(
            key=ListingKey(str(product.item_id), str(sku.SkuId)),
            sku=str(sku.SellerSku),
            name=str(product.attributes.name),
            quantity=_sellable(sku),
            price_minor=None if sku.price is None else minor(sku.price, currency),
            currency=currency,
            is_active=sku.Status.lower() == "active" and product.status.lower() in {"active", ""},
            url=sku.Url,
            image_url=next(iter((*sku.Images, *images)), ""),
        )
        for sku in product.skus
        if sku.Status.lower() != "deleted"
    ]


def _sellable(sku: Sku) -> int | None:
    if sku.Available is not None:
        return sku.Available
    said = [place.sellableQuantity for place in sku.multiWarehouseInventories if place.sellableQuantity is not None]
    return sum(said) if said else sku.quantity


# --- pushes ---------------------------------------------------------------------------------------------------------


class Trouble(Struct, frozen=True):
    """One entry of `detail`."""

    seller_sku: Word = ""
    sku_id: Word = ""
    item_id: Word = ""
    code: Word = ""
    message: Word = ""
    field: Word = ""


# 4170: the SKU is in a campaign; 4171, 4225: stock reserved or locked. All three end by themselves.
_PASSING_CODES = ("4170", "4171", "4225")
_PASSING_WORDS = ("campaign", "reserved", "locked", "withhold", "occup", "timeout", "busy", "again", "system error")
_CODE = re.compile(r"^\W*(E?\d{1,5})\b")


def stock_payload(batch: Sequence[StockPush]) -> str:
    return _payload([(push.key, push.sku, "SellableQuantity", str(push.quantity)) for push in batch])


def price_payload(batch: Sequence[PricePush]) -> str:
    amounts = [format(to_decimal(push.price_minor, push.currency), "f") for push in batch]
    return _payload([(push.key, push.sku, "Price", amount) for push, amount in zip(batch, amounts, strict=True)])


def _payload(rows: Sequence[tuple[ListingKey, str, str, str]]) -> str:
    """The XML of a write. All three names of a SKU go along: the seller's alone is no longer enough."""
    request = ET.Element("Request")
    skus = ET.SubElement(ET.SubElement(request, "Product"), "Skus")
    for key, sku, name, value in rows:
        row = ET.SubElement(skus, "Sku")
        for tag, text in (("ItemId", key.item_id), ("SkuId", key.model_id), ("SellerSku", sku), (name, value)):
            if text:
                ET.SubElement(row, tag).text = text
    return ET.tostring(request, encoding="unicode")


def results(
    batch: Sequence[StockPush] | Sequence[PricePush], troubles: Sequence[Trouble], code: str, message: str
) -> list[PushResult]:
    """One result for each push of a call.

    `detail` names the SKUs that failed, also under code "0". A SKU that a refused call does not name is not
    acknowledged and not blamed: it may go again without the others. The same holds when `detail` names someone we did
    not push. A call about a single SKU is about that SKU, named or not.
    """
    blamed: dict[ListingKey, Trouble] = {}
    strangers = 0
    for trouble in troubles:
        named = [push.key for push in batch if _is_about(trouble, push)] or ([batch[0].key] if len(batch) == 1 else [])
        strangers += not named
        for key in named:
            blamed.setdefault(key, trouble)
    said = []
    for push in batch:
        trouble_here = blamed.get(push.key)
        if trouble_here is not None:
            reason = str(trouble_here.message or trouble_here.field or message)
            named_code = str(trouble_here.code) or _code_in(reason) or (code if code != "0" else "failed")
            said.append(PushResult(push.key, named_code, reason, is_final=not may_pass(named_code, reason)))
        elif code != "0":
            is_final = len(batch) == 1 and not may_pass(code, message)
            said.append(PushResult(push.key, code, message, is_final=is_final))
        elif strangers:
            said.append(PushResult(push.key, "unconfirmed", "The platform reported a failure without naming its SKU."))
        else:
            said.append(PushResult(push.key))
    return said


def may_pass(code: str, reason: str) -> bool:
    lowered = reason.lower()
    return code.removeprefix("E") in _PASSING_CODES or any(
        word in lowered for word in (*_PASSING_WORDS, *_PASSING_CODES)
    )


def _is_about(trouble: Trouble, push: StockPush | PricePush) -> bool:
    if trouble.sku_id:
        return str(trouble.sku_id) == push.key.model_id
    if trouble.seller_sku:
        return str(trouble.seller_sku) == push.sku
    return bool(trouble.item_id) and str(trouble.item_id) == push.key.item_id


def _code_in(reason: str) -> str:
    found = _CODE.match(reason)
    return found[1] if found else ""


# --- paging -----------------------------------------------------------------------------------------------------------

_PRODUCT_OFFSET_CAP = 10_000
_PLATFORM_BORN = 1_325_376_000  # 2012-01-01: no product is older
_SHORTEST_S = 2


@dataclass(frozen=True)
class Span:
    """Where a pull of products stands: an offset in a window of update time.

    `since` and `until` are whole seconds since 1970, 0 where the window is open at that side; `end` is when the pull
    began, after which the last window stays open.
    """

    offset: int = 0
    since: int = 0
    until: int = 0
    end: int = 0

    @classmethod
    def read(cls, cursor: str) -> Span:
        try:
            return cls(*(int(part) for part in cursor.split(".")))
        except (TypeError, ValueError) as wrong:
            raise Invalid(
                field="cursor", problem="It is not one of this connector. Start from the first page."
            ) from wrong

    def text(self) -> str:
        return f"{self.offset}.{self.since}.{self.until}.{self.end}"

    def dates(self) -> dict[str, str]:
        said = {"update_after": self.since, "update_before": self.until}
        return {name: datetime.fromtimestamp(second, UTC).isoformat() for name, second in said.items() if second}

    def halved(self, total: int, now: int) -> Span | None:
        """The first half of a window with more products than an offset reaches; None when it fits, or is too short.

        Two seconds are the shortest: with both borders outside, that is one second of products.
        """
        since, until, end = self.since or _PLATFORM_BORN, self.until or self.end or now, self.end or now
        if self.offset or total <= _PRODUCT_OFFSET_CAP or until - since <= _SHORTEST_S:
            return None
        return Span(0, since, since + max((until - since) // 2, _SHORTEST_S), end)

    def following(self, total: int, count: int) -> Span | None:
        """Where to read on after a page of `count` products out of `total` in the window; None at the very end.

        An offset past the cap is asked for only where no window can be shorter: the platform says what it thinks of it.
        """
        if count and self.offset + count < total:
            return Span(self.offset + count, self.since, self.until, self.end)
        if not self.until:
            return None
        # The next window starts a second early, whichever side of its borders the platform counts in, and is twice
        # as wide, so that a quiet stretch does not take a call for each of its days.
        begin = self.until - 1
        until = begin + 2 * (self.until - self.since)
        return Span(0, begin, until if until < self.end else 0, self.end)
