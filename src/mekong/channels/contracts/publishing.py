"""Shapes of publishing: a platform's categories, how ours are mapped to them, and products on their way there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mekong.channels.contracts import Problem

PUBLICATION_STATES = ("waiting", "incomplete", "reviewing", "live", "hidden", "refused", "gone")
"""`waiting`: to be sent, or being sent. `incomplete`: something is missing here. `refused`: by the platform, until the
product or the mapping changes. `gone`: the platform knows it no more."""

RuleSource = Literal["attribute", "option", "fixed"]


@dataclass(frozen=True)
class AttributeRule:
    """Where a platform's attribute gets its value from.

    `source`: one of our attributes (`key`: its code), one of the product's options (`key`: its name; compared without
    case and accents) or `fixed` `values`. `choices`: which choice of the platform stands for which of our values; those
    that are spelt alike need no entry. `unit`: sent with a number.
    """

    source: RuleSource
    key: str = ""
    values: tuple[str, ...] = ()
    unit: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlatformCategoryView:
    """`path`: names from the top to this one."""

    external_id: str
    path: tuple[str, ...]
    is_leaf: bool


@dataclass(frozen=True)
class PlatformChoiceView:
    id: str
    name: str


@dataclass(frozen=True)
class PlatformAttributeView:
    """What a platform asks of products in a category, with the rule that answers it here.

    `kind`: text, number, choice, choices, bool, date. `rule`: as people said, else found by its name (`is_found`); None
    while nothing answers it.
    """

    id: str
    name: str
    kind: str
    is_required: bool
    is_option: bool
    choices: Sequence[PlatformChoiceView]
    takes_own_words: bool
    units: Sequence[str]
    rule: AttributeRule | None = None
    is_found: bool = False


@dataclass(frozen=True)
class MappedCategory:
    """One of our categories and what it is on a platform.

    `platform`: what its products are listed under, None while nobody said. `inherited_from`: code of the category above
    that says so, "" for its own. `products`: active ones in it, not those below. `unanswered`: required attributes that
    nothing answers.
    """

    code: str
    name: str
    depth: int
    products: int
    platform: PlatformCategoryView | None
    inherited_from: str = ""
    unanswered: int = 0


@dataclass(frozen=True)
class CategoryMappingView:
    """A mapping whole, with all that the platform asks. `read_at`: when it was asked what it asks; None: not yet."""

    category_code: str
    category_name: str
    platform: PlatformCategoryView | None
    inherited_from: str
    attributes: Sequence[PlatformAttributeView]
    read_at: datetime | None


@dataclass(frozen=True)
class Gap:
    """Something that keeps a product from being published.

    `what`: not_mapped, not_leaf, attribute_missing, choice_unknown, option_unmapped, currency, too_many_options,
    no_variant, listed_apart, duplicate_options, picture_unreadable; or a fact of `socket.listing_needs.FACTS`.
    `params`: what its sentence is made of.
    """

    what: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class PublicationView:
    """A product on one channel.

    `state`: of `PUBLICATION_STATES`. `gaps`: of an incomplete one. `reasons`: of a refused one, in the platform's words.
    `problem`: what the last try ran into. `is_shown`: whether it is to be on sale there. `follows`: changes of the
    catalogue are sent by themselves. `is_behind`: there is something to send. `live_at`: first seen on sale.
    """

    id: int
    channel: str
    product_id: int
    product_code: str
    product_name: str
    thumbnail_url: str
    state: str
    is_shown: bool
    follows: bool
    is_behind: bool
    item_id: str
    url: str
    gaps: Sequence[Gap]
    reasons: Sequence[str]
    problem: Problem | None
    attempts: int
    asked_by: str
    asked_at: datetime
    sent_at: datetime | None
    live_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True)
class PublicationPage:
    """`counts`: by state, of all of the channel."""

    publications: Sequence[PublicationView]
    counts: Mapping[str, int]
    next_cursor: str | None


@dataclass(frozen=True)
class PreviewVariant:
    sku: str
    values: tuple[str, ...]
    price_minor: int
    currency: str


@dataclass(frozen=True)
class PublicationPreview:
    """What would be sent now. `item_id`: the product is there already and would be changed; "" it would be made.

    `is_ours`: it was made from here; what somebody listed by hand stays as it is until it is sent over.
    `attributes`: (name, value) as the platform would show them.
    """

    channel: str
    product_id: int
    item_id: str
    is_ours: bool
    platform: PlatformCategoryView | None
    name: str
    description: str
    brand: str
    pictures: int
    options: tuple[str, ...]
    variants: Sequence[PreviewVariant]
    attributes: Sequence[tuple[str, str]]
    gaps: Sequence[Gap]


@dataclass(frozen=True)
class PublishReport:
    """What came of asking for products: how many there are, how many were published before, and how many of a few
    (`incomplete`; of many it is found out later) miss something."""

    asked: int
    incomplete: int
    known: int
