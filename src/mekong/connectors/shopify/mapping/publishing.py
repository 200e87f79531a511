"""What Shopify says of categories, files and products. Source: Shopify, Admin GraphQL 2026-07, the objects' own pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket.publishing import Published, PublishedState, RemoteCategory
from mekong.connectors.shopify.mapping import Node, PageInfo, UserError, Word, number
from mekong.connectors.shopify.mapping.products import Variant, listing

MOST_OPTIONS: Final = 3
CATEGORY: Final = "gid://shopify/TaxonomyCategory/"
_GRAMS: Final = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[!-~]*)?")
_MOST_DIGITS: Final = 9


# --- categories -----------------------------------------------------------------------------------------------------


class Category(Struct, frozen=True):
    id: str
    name: str = ""
    parentId: str = ""  # noqa: N815 - the platform's own name
    isArchived: bool = False  # noqa: N815 - the platform's own name


class CategoryPage(Struct, frozen=True):
    nodes: tuple[Category, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


class Taxonomy(Struct, frozen=True):
    categories: CategoryPage


def categories(found: Iterable[Category]) -> list[RemoteCategory]:
    """Parents before children. Every node takes products, not only those at the ends; what is archived takes no more."""
    nodes = {each.id: each for each in found if not each.isArchived}
    below: dict[str, list[Category]] = {}
    for each in nodes.values():
        is_top = each.parentId not in nodes or each.parentId == each.id
        below.setdefault("" if is_top else each.parentId, []).append(each)
    ordered: list[RemoteCategory] = []
    row = [("", each) for each in below.pop("", ())]
    while row:
        ordered += [RemoteCategory(short(each.id), each.name, short(parent)) for parent, each in row]
        row = [(each.id, child) for _, each in row for child in below.pop(each.id, ())]
    return ordered


def short(category: str) -> str:
    return category.removeprefix(CATEGORY)


# --- pictures -------------------------------------------------------------------------------------------------------


class Parameter(Struct, frozen=True):
    name: str
    value: str = ""


class Target(Struct, frozen=True):
    """Where a file is to be sent, and what it is called from then on."""

    url: str
    resourceUrl: str  # noqa: N815 - the platform's own name
    parameters: tuple[Parameter, ...] = ()

    @property
    def is_usable(self) -> bool:
        return _ADDRESS.fullmatch(self.url) is not None


class Staged(Struct, frozen=True):
    stagedTargets: tuple[Target, ...] = ()  # noqa: N815 - the platform's own name
    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


class File(Struct, frozen=True):
    id: str = ""  # an id of another kind leaves an empty object
    fileStatus: str = ""  # noqa: N815 - the platform's own name


class Filed(Struct, frozen=True):
    files: tuple[File, ...] = ()
    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


def file_name(name: str, media_type: str) -> str:
    """A name that is safe in a header and in an address."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name.rpartition(".")[0] or name).strip("-")[:80] or "picture"
    kind = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}.get(media_type, "")
    return f"{stem}.{kind}" if kind else stem


def form(fields: Sequence[Parameter], name: str, media_type: str, content: bytes, boundary: str) -> bytes:
    """multipart/form-data (RFC 7578); the file comes last, as the platform's store asks."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(each.name)}"\r\n\r\n{each.value}\r\n'
        for each in fields
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(name)}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return b"".join([*(part.encode() for part in parts), head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


# --- a product as it stands -----------------------------------------------------------------------------------------


class Weight(Struct, frozen=True):
    value: Decimal = Decimal(0)
    unit: str = ""


class Measurement(Struct, frozen=True):
    weight: Weight | None = None


class Weighed(Struct, frozen=True):
    measurement: Measurement | None = None


class Selected(Struct, frozen=True):
    name: str = ""
    value: str = ""


class Media(Struct, frozen=True):
    nodes: tuple[Node, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [str(each.id) for each in self.nodes]


class Kept(Variant, frozen=True):
    """A variant of a product that is there."""

    weighed: Weighed = Weighed()
    selectedOptions: tuple[Selected, ...] = ()  # noqa: N815 - the platform's own name
    media: Media = Media()

    @property
    def weight_g(self) -> int | None:
        said = self.weighed.measurement.weight if self.weighed.measurement else None
        if said is None or not said.value.is_finite() or said.value.adjusted() > _MOST_DIGITS:
            return None
        return round(said.value * _GRAMS.get(said.unit.upper(), Decimal(0)))


class KeptPage(Struct, frozen=True):
    nodes: tuple[Kept, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


class Option(Struct, frozen=True):
    name: str = ""
    position: int = 0


class Product(Struct, frozen=True):
    id: Word
    title: str = ""
    descriptionHtml: str = ""  # noqa: N815 - the platform's own name
    vendor: str = ""
    status: str = ""
    publishedAt: str = ""  # noqa: N815 - the platform's own name
    onlineStoreUrl: str = ""  # noqa: N815 - the platform's own name
    category: Node | None = None
    options: tuple[Option, ...] = ()
    media: Media = Media()
    variants: KeptPage = KeptPage()

    @property
    def is_active(self) -> bool:
        return self.status.upper() == "ACTIVE"

    @property
    def option_names(self) -> list[str]:
        return [each.name for each in sorted(self.options, key=lambda each: each.position)]


class Set(Struct, frozen=True):
    """What a mutation of a product answers."""

    product: Node | None = None
    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name
    mediaUserErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


class Publication(Struct, frozen=True):
    id: Word
    name: str = ""
    supportsFuturePublishing: bool = False  # noqa: N815 - the platform's own name

    @property
    def is_online_store(self) -> bool:
        """Only an online store takes a day to publish on; its name is another in every language."""
        return self.supportsFuturePublishing or self.name == "Online Store"


class Publications(Struct, frozen=True):
    nodes: tuple[Publication, ...] = ()


class Bearer(Struct, frozen=True):
    product: Node
    sku: str = ""


class Bearers(Struct, frozen=True):
    nodes: tuple[Bearer, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


class Sku(Struct, frozen=True):
    sku: str = ""


class Skus(Struct, frozen=True):
    nodes: tuple[Sku, ...] = ()


class Handled(Struct, frozen=True):
    """The product at an address of the shop's."""

    id: Word
    variants: Skus = Skus()


def search(skus: Sequence[str]) -> str:
    """The query for variants with these SKUs. It finds more than is asked for: the answer is to be looked through."""
    return " OR ".join(f'sku:"{_escaped(sku)}"' for sku in skus)


def _escaped(sku: str) -> str:
    return sku.replace("\\", "\\\\").replace('"', '\\"')


def published(said: Product, variants: Sequence[Kept], currency: str) -> Published:
    """Raises: ValueError."""
    is_live = said.is_active and bool(said.publishedAt)
    reasons = ["The shop's online store does not show this product."] if said.is_active and not is_live else []
    found = {one.key: one for one in (listing(each, currency) for each in variants)}
    return Published(
        state=PublishedState.LIVE if is_live else PublishedState.HIDDEN,
        item_id=number(said.id),
        listings=list(found.values()),
        reasons=reasons,
        url=said.onlineStoreUrl,
    )
