"""Products of ours as the platform takes them, and what it says of them.

Sources of what the shared facts leave out: the platform's API reference (Get Categories, Get Attributes, Get Brands,
Create/Edit/Partial Edit Product, Get Product 202309), as client libraries generated from it repeat it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket import RemoteListing
from mekong.channels.socket.publishing import (
    AttributeKind,
    Published,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
    RemoteChoice,
)
from mekong.connectors.tiktok.mapping import Word
from mekong.connectors.tiktok.mapping.products import Heap, Identifier, Price

# --- what it asks ---------------------------------------------------------------------------------------------------


class Node(Struct, frozen=True):
    id: Word
    parent_id: Word = ""
    local_name: Word = ""
    is_leaf: bool = False
    permission_statuses: tuple[str, ...] = ()


class Tree(Struct, frozen=True):
    categories: tuple[Node, ...]


def categories(nodes: Sequence[Node]) -> list[RemoteCategory]:
    """The tree from its top down. Leaves that the seller may not use are left out; a node whose parent is not among
    them stands at the top."""
    known = {str(node.id) for node in nodes}
    below: dict[str, list[Node]] = {}
    for node in nodes:
        if not node.is_leaf or not node.permission_statuses or "AVAILABLE" in node.permission_statuses:
            parent = str(node.parent_id)
            below.setdefault(parent if parent in known else "", []).append(node)
    found: dict[str, RemoteCategory] = {}
    waiting = deque([""])
    while waiting:
        parent = waiting.popleft()
        for node in below.pop(parent, ()):
            number = str(node.id)
            if number not in found:
                found[number] = RemoteCategory(number, str(node.local_name), parent, node.is_leaf)
                waiting.append(number)
    return list(found.values())


class AttributeChoice(Struct, frozen=True):
    id: Word = ""
    name: Word = ""


class AttributeRow(Struct, frozen=True):
    """`is_requried` is how the platform spells it."""

    id: Word
    name: Word = ""
    type: str = ""
    is_requried: bool = False
    is_required: bool = False
    is_multiple_selection: bool = False
    is_customizable: bool = False
    value_data_format: str = ""
    values: tuple[AttributeChoice, ...] = ()
    unit_list: tuple[Word, ...] = ()


class Attributes(Struct, frozen=True):
    attributes: tuple[AttributeRow, ...] = ()


_CARRIED: Final = frozenset(
    {"brand", "thương hiệu", "package weight", "trọng lượng kiện hàng", "package dimensions", "gtin", "barcode"}
)
"""What a draft carries by itself, should a category name it among its attributes."""


def attributes(rows: Sequence[AttributeRow]) -> list[RemoteAttribute]:
    return [_attribute(row) for row in rows if str(row.name).strip().casefold() not in _CARRIED]


def _attribute(row: AttributeRow) -> RemoteAttribute:
    is_option = row.type == "SALES_PROPERTY"
    choices = tuple(RemoteChoice(str(one.id), str(one.name)) for one in row.values if one.id and one.name)
    kind = AttributeKind.NUMBER if row.value_data_format.startswith("POSITIVE_INT") else AttributeKind.TEXT
    if choices:
        kind = AttributeKind.CHOICES if row.is_multiple_selection and not is_option else AttributeKind.CHOICE
    return RemoteAttribute(
        id=str(row.id),
        name=str(row.name),
        kind=kind,
        # What sets variants apart is never asked for: a product may have no variants.
        is_required=(row.is_requried or row.is_required) and not is_option,
        is_option=is_option,
        choices=choices,
        takes_own_words=is_option or row.is_customizable or not choices,
        units=tuple(str(unit) for unit in row.unit_list),
    )


class Brand(Struct, frozen=True):
    id: Word = ""
    name: Word = ""
    brand_status: str = ""


class Brands(Struct, frozen=True):
    brands: tuple[Brand, ...] = ()
    next_page_token: Word = ""

    def named(self, name: str) -> str:
        """The brand of this very name; "" for none that products of the category may carry."""
        wanted = name.strip().casefold()
        fits = (one for one in self.brands if one.brand_status != "UNAVAILABLE")
        return next((str(one.id) for one in fits if str(one.name).strip().casefold() == wanted), "")


class Uploaded(Struct, frozen=True):
    uri: str


# --- what stands there ----------------------------------------------------------------------------------------------


class Image(Struct, frozen=True):
    uri: str = ""


class SalesAttribute(Struct, frozen=True):
    id: Word = ""
    name: Word = ""
    value_id: Word = ""
    value_name: Word = ""
    sku_img: Image = Image()


class Sku(Struct, frozen=True):
    id: Word
    seller_sku: Word = ""
    price: Price = Price()
    inventory: tuple[Heap, ...] = ()
    sales_attributes: tuple[SalesAttribute, ...] = ()
    identifier_code: Identifier = Identifier()


class Measure(Struct, frozen=True):
    value: Decimal | None = None
    unit: str = ""


class Size(Struct, frozen=True):
    length: Decimal | None = None
    width: Decimal | None = None
    height: Decimal | None = None
    unit: str = ""


class ProductAttribute(Struct, frozen=True):
    id: Word = ""
    values: tuple[AttributeChoice, ...] = ()


class Audit(Struct, frozen=True):
    status: str = ""


class Failure(Struct, frozen=True):
    position: Word = ""
    reasons: tuple[str, ...] = ()


class Detail(Struct, frozen=True):
    id: Word
    title: Word = ""
    description: Word = ""
    status: str = ""
    category_chains: tuple[Node, ...] = ()
    brand: Brand = Brand()
    main_images: tuple[Image, ...] = ()
    package_weight: Measure = Measure()
    package_dimensions: Size = Size()
    product_attributes: tuple[ProductAttribute, ...] = ()
    skus: tuple[Sku, ...] = ()
    audit: Audit = Audit()
    audit_failed_reasons: tuple[Failure, ...] = ()

    @property
    def category_id(self) -> str:
        """The leaf of the chain; "" where the platform named none."""
        chain = self.category_chains
        leaf = next((node for node in chain if node.is_leaf), chain[-1] if chain else None)
        return str(leaf.id) if leaf else ""


class Made(Struct, frozen=True):
    product_id: Word


class ToggleTrouble(Struct, frozen=True):
    code: Word = ""
    message: Word = ""


class Toggled(Struct, frozen=True):
    errors: tuple[ToggleTrouble, ...] = ()


_STATES: Final[Mapping[str, PublishedState]] = {
    "ACTIVATE": PublishedState.LIVE,
    "PENDING": PublishedState.REVIEWING,
    "FAILED": PublishedState.REFUSED,
    "SELLER_DEACTIVATED": PublishedState.HIDDEN,
    "DRAFT": PublishedState.HIDDEN,
    "PLATFORM_DEACTIVATED": PublishedState.REFUSED,
    "FREEZE": PublishedState.REFUSED,
}


def published(said: Detail, listings: Sequence[RemoteListing]) -> Published:
    """A status that the platform adds later is asked after again. Of a product on sale whose change is looked at, the
    change counts: it waits, or was refused while the product went on as it was."""
    state = _STATES.get(said.status, PublishedState.REVIEWING)
    if state is PublishedState.LIVE and said.audit.status in {"AUDITING", "FAILED"}:
        state = PublishedState.REVIEWING if said.audit.status == "AUDITING" else PublishedState.REFUSED
    reasons: list[str] = []
    if state is PublishedState.REFUSED:
        reasons = [
            f"{failure.position}: {reason}" if failure.position else reason
            for failure in said.audit_failed_reasons
            for reason in failure.reasons
        ] or [said.status]
    return Published(state, str(said.id), listings=tuple(listings), reasons=tuple(dict.fromkeys(reasons)))
