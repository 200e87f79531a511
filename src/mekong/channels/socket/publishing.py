"""Products of our catalogue on a platform: its categories, what it asks of products in them, making and updating them.

Division of work. A connector knows the calls; `channels/` keeps what was mapped and sent, asks `find_product` before it
makes anything, and comes back to what is still under review. So a call whose answer was lost never makes a product
twice, and a product that was made by half is finished by `update_product`.

Stock is not sent here: a new variant starts with nothing for sale, and the reconciler tells its figure as soon as its
listing is known. Prices of variants that are there already are the reconciler's as well.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # the socket's own first module names this one's capability
    from mekong.channels.socket import RemoteListing


@dataclass(frozen=True)
class RemoteCategory:
    """A node of a platform's tree. `parent_id` "" at the top; only a leaf takes products."""

    id: str
    name: str
    parent_id: str = ""
    is_leaf: bool = True


class AttributeKind(enum.StrEnum):
    """What a value is: words, a number, one of the choices, several of them, yes or no, a day (ISO 8601)."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"
    BOOL = "bool"
    DATE = "date"


@dataclass(frozen=True)
class RemoteChoice:
    id: str
    name: str


@dataclass(frozen=True)
class RemoteAttribute:
    """What a platform asks of products in a category.

    `takes_own_words`: a value that is none of `choices` may be sent. `units`: one must be named with a number; empty for
    none. `is_option`: it sets variants apart (colour, size). Brand, weight, size of the parcel and barcode, which a
    `Draft` carries by themselves, are not among the attributes, whatever the platform calls them.
    """

    id: str
    name: str
    kind: AttributeKind = AttributeKind.TEXT
    is_required: bool = False
    is_option: bool = False
    choices: Sequence[RemoteChoice] = ()
    takes_own_words: bool = True
    units: Sequence[str] = ()


@dataclass(frozen=True)
class Value:
    """One value of an attribute: a choice by its id, or words of our own where the attribute takes them."""

    text: str
    choice_id: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture's file. `url`: where the platform may fetch it itself; "" when nobody outside reaches it."""

    content: bytes = field(repr=False)
    media_type: str
    name: str
    width: int
    height: int
    url: str = ""


@dataclass(frozen=True)
class DraftOption:
    """What sets the variants apart: our name for it, and the platform's attribute it is mapped to ("" for none)."""

    name: str
    attribute_id: str = ""


@dataclass(frozen=True)
class DraftVariant:
    """`values`: one for each option of the draft, in their order. `model_id`: of its listing, where it is there already.

    `picture`: as `upload_picture` answered; "" for none. `barcode` is a GTIN. Weight in grams, sizes in millimetres.
    """

    sku: str
    price_minor: int
    values: Sequence[Value] = ()
    barcode: str = ""
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    picture: str = ""
    model_id: str = ""


@dataclass(frozen=True)
class Draft:
    """A product as a platform is to show it. `code`: our product's code, where platforms keep a seller's own.

    `attributes`: values by the platform's attribute id. `pictures`: as `upload_picture` answered, the first one leads.
    `options` is empty and `variants` is one for a product without variants. `brand` "" for none.
    """

    code: str
    category_id: str
    name: str
    description: str
    variants: Sequence[DraftVariant]
    currency: str = "VND"
    options: Sequence[DraftOption] = ()
    attributes: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    pictures: Sequence[str] = ()
    brand: str = ""
    is_shown: bool = True


class PublishedState(enum.StrEnum):
    """`REVIEWING`: the platform looks at it first. `REFUSED`: it will not show it as it is; `reasons` say why."""

    LIVE = "live"
    REVIEWING = "reviewing"
    REFUSED = "refused"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Published:
    """Where a product stands on the platform.

    `item_id` "" while a platform reviews it without having named it; `ticket` is what it is asked after by then.
    `listings`: every variant of it that is there, with its key and seller SKU.
    """

    state: PublishedState
    item_id: str = ""
    ticket: str = ""
    listings: Sequence[RemoteListing] = ()
    reasons: Sequence[str] = ()
    url: str = ""


@runtime_checkable
class PublishesProducts(Protocol):
    async def list_categories(self) -> list[RemoteCategory]:
        """The whole tree, parents before children. Names in Vietnamese where the platform has them."""
        ...

    async def list_attributes(self, *, category_id: str) -> list[RemoteAttribute]:
        """What it asks of products in one leaf; empty where it asks nothing. Raises: RemoteRefused (no such leaf)."""
        ...

    async def upload_picture(self, *, picture: Picture) -> str:
        """Give the platform a picture; answers how a `Draft` names it. A repeat does no harm.

        Raises: RemoteRefused; with code `picture_url_needed` where the platform only fetches and `url` is "".
        """
        ...

    async def find_product(self, *, draft: Draft) -> Published | None:
        """The product that carries one of the draft's SKUs already, or a review under way that does; None for none."""
        ...

    async def create_product(self, *, draft: Draft) -> Published:
        """Make it, with nothing for sale. Not safe to repeat: `find_product` comes first.

        Where it takes several calls and one fails after the product is there, that failure is raised, and
        `find_product` and `update_product` finish what was begun.
        Raises: RemoteRefused with the platform's words when the draft is not taken.
        """
        ...

    async def update_product(self, *, item_id: str, draft: Draft) -> Published:
        """Bring a product's words, pictures, attributes and variants to the draft, shown or hidden. Safe to repeat.

        Variants the draft has and the platform has not are added, with nothing for sale; those it has no more are taken
        off sale there. A variant is the same by `model_id`, else by SKU. Prices and stock of the others stay.
        Raises: RemoteRefused.
        """
        ...

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:
        """Where it stands now; None when the platform knows it no more."""
        ...
