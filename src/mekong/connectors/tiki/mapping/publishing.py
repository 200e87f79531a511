"""What the platform asks of products, what it says of them and of requests for them, and where that leads.

Sources of what the shared facts leave out: Tiki's own API reference ("Product API": categories, attribute values, option
labels, tracking, requests, updateProductInfo) and the models that public clients of it declare.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from mekong.channels.socket.publishing import AttributeKind, RemoteAttribute, RemoteCategory, RemoteChoice
from mekong.connectors.tiki.mapping import Paging, Word

# --- what it asks ---------------------------------------------------------------------------------------------------


def rows(said: Any) -> Any:
    """The list of a page: the whole of it, or what stands under `data`. Raises: ValueError for a page without it."""
    found = said.get("data") if isinstance(said, dict) else said
    if isinstance(found, list):
        return found
    raise ValueError("a page without its list")


def last_page(said: Any) -> int:
    """How many pages there are; 1 where the platform does not count them."""
    paging = said.get("paging", {}) if isinstance(said, dict) else {}
    return msgspec.convert(paging, Paging, strict=False).last_page or 1


class Node(Struct, frozen=True):
    """The newer call names the parent `parent_id` and tells `is_primary`, the older one `parent` and `primary`."""

    id: Word
    name: Word = ""
    parent_id: Word = ""
    parent: Word = ""
    is_primary: bool | int = False
    primary: bool | int = False
    is_product_listing_enabled: bool | int = True

    @property
    def above(self) -> str:
        return str(self.parent_id or self.parent)

    @property
    def takes_products(self) -> bool:
        return bool(self.is_primary or self.primary)


def unasked(nodes: Mapping[str, Node], asked: set[str]) -> list[str]:
    """Those whose children are still to be asked for: a list that came whole leaves none but empty branches."""
    above = {node.above for node in nodes.values()}
    return [key for key, node in nodes.items() if not (node.takes_products or key in above or key in asked)]


def categories(nodes: Mapping[str, Node]) -> list[RemoteCategory]:
    """The tree from its top down. Categories that take no products any more are left out."""
    below: dict[str, list[tuple[str, Node]]] = {}
    for key, node in nodes.items():
        if node.is_product_listing_enabled or not node.takes_products:
            below.setdefault(node.above if node.above in nodes else "", []).append((key, node))
    found: dict[str, RemoteCategory] = {}
    waiting = deque([""])
    while waiting:
        parent = waiting.popleft()
        for key, node in below.pop(parent, ()):
            found[key] = RemoteCategory(key, str(node.name), parent, node.takes_products)
            waiting.append(key)
    return list(found.values())


class Choice(Struct, frozen=True):
    id: Word = ""
    value: Word = ""


class AttributeRow(Struct, frozen=True):
    code: str
    id: Word = ""
    display_name: Word = ""
    is_required: bool | int = False
    input_type: str = ""
    data_type: str = ""
    values: tuple[Choice | Word, ...] = ()

    @property
    def is_chosen(self) -> bool:
        return self.input_type in _CHOSEN


class OptionLabel(Struct, frozen=True):
    option_label: Word = ""


_CHOSEN: Final[Mapping[str, AttributeKind]] = {
    "select": AttributeKind.CHOICE,
    "dropdown": AttributeKind.CHOICE,
    "multiselect": AttributeKind.CHOICES,
}
_KINDS: Final[Mapping[str, AttributeKind]] = {
    "boolean": AttributeKind.BOOL,
    "date": AttributeKind.DATE,
    "price": AttributeKind.NUMBER,
    "number": AttributeKind.NUMBER,
}
_NUMBERS: Final = frozenset({"int", "integer", "decimal", "float", "number"})
_PICTURES: Final = frozenset({"media_image", "gallery"})
BRAND: Final = "brand"
NO_BRAND: Final = "OEM"
WEIGHT: Final = "product_weight_kg"
SIDES: Final = ("product_length", "product_width", "product_height")
_CARRIED: Final = frozenset(
    {
        BRAND, WEIGHT, *SIDES, "barcode", "gtin", "ean", "name", "description", "sku", "price", "market_price", "image",
        "images", "thumbnail",
    }
)  # fmt: skip
"""What a draft carries by itself."""


def options(labels: Sequence[OptionLabel | Word]) -> list[RemoteAttribute]:
    """What may set variants apart: a request names it by its label, and takes any value."""
    said = [str(label.option_label if isinstance(label, OptionLabel) else label) for label in labels]
    return [RemoteAttribute(label, label, is_option=True) for label in dict.fromkeys(said) if label]


def is_asked(row: AttributeRow) -> bool:
    return row.code not in _CARRIED and row.input_type not in _PICTURES


def attribute(row: AttributeRow, values: Sequence[Choice | Word], *, is_whole: bool) -> RemoteAttribute:
    """`is_whole`: these are all the values there are, so that no other is taken."""
    said = [value if isinstance(value, Choice) else Choice(value, value) for value in values]
    choices = tuple(RemoteChoice(str(one.id or one.value), str(one.value)) for one in said if one.value)
    kind = _KINDS.get(row.input_type, AttributeKind.NUMBER if row.data_type in _NUMBERS else AttributeKind.TEXT)
    if choices:
        kind = _CHOSEN.get(row.input_type, AttributeKind.CHOICE)
    return RemoteAttribute(
        id=row.code,
        name=str(row.display_name or row.code),
        kind=kind,
        is_required=bool(row.is_required),
        choices=choices,
        takes_own_words=not (choices and is_whole),
    )


# --- requests -------------------------------------------------------------------------------------------------------


class Queued(Struct, frozen=True):
    """The answer to a request, and what tracking says of it later."""

    track_id: Word = ""
    state: str = ""
    request_id: Word = ""
    reason: Any = None


class Image(Struct, frozen=True):
    url: str = ""


class Category(Struct, frozen=True):
    id: Word = ""
    is_primary: bool | int = False


class Standing(Struct, frozen=True):
    """A product as it stands, or as a request would have it."""

    product_id: Word = ""
    id: Word = ""
    original_sku: Word = ""
    super_id: Word = 0
    name: Word = ""
    type: str = ""
    entity_type: str = ""
    active: bool | int | str = 1
    description: Word = ""
    images: tuple[Image, ...] = ()
    attributes: dict[str, Any] | tuple[Any, ...] = {}

    @property
    def number(self) -> str:
        return str(self.product_id or self.id)

    @property
    def is_on(self) -> bool:
        return str(self.active).lower() in {"1", "true"}

    @property
    def is_sold(self) -> bool:
        """Whether it is what a shopper buys, and not what gathers such."""
        return self.type != "configurable" and not self.entity_type.startswith("master")

    @property
    def item_id(self) -> str:
        """What gathers the variants of one product, else the product itself."""
        gathers = str(self.super_id)
        return gathers if gathers not in {"0", ""} else self.number

    def told(self, code: str) -> list[str]:
        """The words of an attribute, in whichever of the shapes it came."""
        said = self.attributes.get(code) if isinstance(self.attributes, dict) else None
        return [str(one) for one in _scalars(said)]

    @property
    def words(self) -> str:
        return str(self.description) or " ".join(self.told("description"))


def _scalars(said: Any) -> Iterator[Any]:
    if isinstance(said, dict):
        yield from _scalars(said.get("value", said.get("values")))
    elif isinstance(said, list | tuple):
        for one in said:
            yield from _scalars(one)
    elif said is not None and not isinstance(said, bool):
        yield said
    elif said is not None:
        yield int(said)


class RequestRow(Struct, frozen=True):
    request_id: Word = ""
    state: str = ""
    kind: str = ""
    reasons: Any = None
    reason: Any = None
    products: tuple[Standing, ...] = ()

    @property
    def is_waiting(self) -> bool:
        return is_waiting(self.state)


def is_waiting(state: str) -> bool:
    """A state that the platform adds later waits as well."""
    return state not in {"approved", "rejected", "deleted"}


def reasons(*said: Any) -> list[str]:
    """Why a request was rejected: a sentence, several, or JSON in a text with errors in it."""
    return list(dict.fromkeys(one for each in said for one in _sentences(each)))


def _sentences(said: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(said, str) and said.strip()[:1] in {"{", "["} and depth == 0:
        try:
            inner = msgspec.json.decode(said)
        except (msgspec.MsgspecError, RecursionError):
            inner = None
        found = list(_sentences(inner, 1))
        yield from found or [said.strip()]
    elif isinstance(said, str):
        if said.strip():
            yield said.strip()
    elif isinstance(said, list) and depth < 4:
        for one in said:
            yield from _sentences(one, depth + 1)
    elif isinstance(said, dict) and depth < 4:
        found = list(_sentences(said.get("errors"), depth + 1))
        words = (said.get(name) for name in ("msg", "message", "reason", "description", "content"))
        yield from found or [next((str(one) for one in words if isinstance(one, str) and one.strip()), str(said)[:200])]
