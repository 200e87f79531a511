"""Products and what is pushed to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final
from xml.etree import ElementTree as ET

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
    special_price: Decimal | None = None
    special_from_date: Word = ""
    special_from_time: Word = ""
    special_to_date: Word = ""
    special_to_time: Word = ""
    Url: str = ""
    Images: tuple[str, ...] = ()
    multiWarehouseInventories: tuple[Warehouse, ...] = ()  # noqa: N815 - the platform's own name


class Attributes(Struct, frozen=True):
    name: Word = ""
    description: Word | None = None


class Product(Struct, frozen=True):
    item_id: Word
    status: str = ""
    images: tuple[str, ...] | str = ()
    attributes: Attributes = Attributes()
    skus: tuple[Sku, ...] = ()


class ProductPage(Struct, frozen=True):
    total_products: int = 0
    products: tuple[Product, ...] = ()


def listings(product: Product, currency: str, now: datetime) -> list[RemoteListing]:
    """One listing a SKU; deleted ones are left out.

    The price is the retail price (`price`), and the sale price the special one within its dates. The quantity is what
    shoppers may buy: `Available`, or what the warehouses may sell, and only failing both the total, which still counts units
    withheld and occupied by orders.
    """
    if product.status.lower() == "deleted":
        return []
    images = product.images if isinstance(product.images, tuple) else ()
    looks = _looks(product)
    listed = [sku for sku in product.skus if sku.Status.lower() != "deleted"]
    sales = {str(sku.SkuId): sale_at(sku, currency, now) for sku in listed}
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
            sale_minor=None if sale is None else sale.price_minor,
            sale_ends_at=None if sale is None else sale.ends_at,
            looks=looks,
        )
        for sku in listed
        for sale in (sales[str(sku.SkuId)],)
    ]


def _looks(product: Product) -> Looks:
    """Pictures may be told as JSON in a text: then they are not counted."""
    said = product.attributes.description
    pictures = len(product.images) if isinstance(product.images, tuple) else None
    return Looks(str(product.attributes.name), None if said is None else plain(str(said)), pictures)


def _sellable(sku: Sku) -> int | None:
    if sku.Available is not None:
        return sku.Available
    said = [place.sellableQuantity for place in sku.multiWarehouseInventories if place.sellableQuantity is not None]
    return sum(said) if said else sku.quantity


# --- special prices -------------------------------------------------------------------------------------------------

_HOURS_AHEAD: Final = {"VND": 7, "THB": 7, "IDR": 7, "MYR": 8, "SGD": 8, "PHP": 8}
_FIRST: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""The beginning of a sale that names none, and the year in which one ended where there is to be none."""
_DAY: Final = timedelta(days=1)
_LAST: Final = datetime(2099, 12, 31, tzinfo=UTC)
_MOMENT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]?(\d{2}:\d{2}(?::\d{2})?)?")


def special(push: PricePush, now: datetime) -> dict[str, str]:
    """The members of a write that set the special price, or end the one that stands.

    The platform has no way to take a special price away: it shows the retail price when the special one has expired. So
    where none is to stand, one that is no lower is written with dates long past.

    Source: Lazada Open Platform, "Updateproduct overview" (fields `price`, `special_price`, `special_from_date`,
    `special_to_date`: expiry, not removable, times as "2022-06-20 17:18:31") and UpdatePriceQuantity. That the times
    are those of the seller's country is from live integrations, not from the documents.
    """
    sale = push.sale_at(now)
    if sale is None:
        price, begins, ends = push.price_minor, _FIRST, _FIRST + timedelta(days=1)
    else:
        price, begins, ends = sale.price_minor, sale.starts_at or _FIRST, sale.ends_at or _LAST
    return {
        "SalePrice": format(to_decimal(price, push.currency), "f"),
        "SaleStartDate": _local(begins, push.currency),
        "SaleEndDate": _local(ends, push.currency),
    }


def sale_at(sku: Sku, currency: str, now: datetime) -> SalePrice | None:
    """The special price in force at a moment; its end is None where the platform has written none or a far one."""
    if not sku.special_price or sku.price is None or sku.special_price >= sku.price:
        return None
    begins = _moment(sku.special_from_date, sku.special_from_time, currency)
    ends = _moment(sku.special_to_date, sku.special_to_time, currency, is_end=True)
    sale = SalePrice(minor(sku.special_price, currency), begins, None if ends and ends >= _LAST - _DAY else ends)
    return sale if sale.is_in_force(now) else None


def _moment(date: Word, exact: Word, currency: str, *, is_end: bool = False) -> datetime | None:
    """A time of the seller's country; an end that names but a day is that day's end. Raises: ValueError."""
    text = str(exact or date).strip()
    if not text:
        return None
    if (found := _MOMENT.match(text)) is None:
        raise ValueError(f"not a time: {text!r}")
    when = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}").replace(tzinfo=_zone(currency)).astimezone(UTC)
    return when + _DAY if is_end and found[2] is None else when


def _local(when: datetime, currency: str) -> str:
    return when.astimezone(_zone(currency)).strftime("%Y-%m-%d %H:%M:%S")


def _zone(currency: str) -> timezone:
    return timezone(timedelta(hours=_HOURS_AHEAD.get(currency, 7)))


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
    return _payload([(push.key, push.sku, {"SellableQuantity": str(push.quantity)}) for push in batch])


def price_payload(batch: Sequence[PricePush], now: datetime, *, is_alone: bool = False) -> str:
    """Retail and special prices, both told each time: a member that is left out stays as it is. `is_alone`: without."""
    rows = []
    for push in batch:
        price = {"Price": format(to_decimal(push.price_minor, push.currency), "f")}
        rows.append((push.key, push.sku, price if is_alone else price | special(push, now)))
    return _payload(rows)


def _payload(rows: Sequence[tuple[ListingKey, str, Mapping[str, str]]]) -> str:
    """The XML of a write. All three names of a SKU go along: the seller's alone is no longer enough."""
    request = ET.Element("Request")
    skus = ET.SubElement(ET.SubElement(request, "Product"), "Skus")
    for key, sku, values in rows:
        row = ET.SubElement(skus, "Sku")
        named = {"ItemId": key.item_id, "SkuId": key.model_id, "SellerSku": sku, **values}
        for tag, text in named.items():
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


def is_about_special(result: PushResult) -> bool:
    """Whether a refusal is of the special price rather than of the retail price."""
    words = f"{result.error} {result.message}".lower()
    return bool(result.error) and any(
        sign in words for sign in ("special", "saleprice", "sale price", "4157", "discount")
    )


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
