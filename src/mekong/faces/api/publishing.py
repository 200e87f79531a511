"""Publishing products on platforms: their categories, what ours are there, and products on their way."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from mekong.catalog import queries as catalog
from mekong.catalog.errors import ProductNotFound
from mekong.channels import commands
from mekong.channels.contracts.publishing import AttributeRule, CategoryMappingView, PublicationView
from mekong.channels.queries import publishing as queries
from mekong.channels.remote import publishing as asking
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.shapes import Body, Cursor, Flag, Limit, Moment, PageOf, Sku
from mekong.foundation.actor import Actor

router = Router(tags=["channels"])
Channel = Annotated[str, Path(max_length=40)]
Category = Annotated[str, Path(max_length=64)]
Key = Annotated[str, Path(max_length=64)]
Words = Annotated[str, Field(max_length=500)]
State = Literal["waiting", "incomplete", "reviewing", "live", "hidden", "refused", "gone"]


class PlatformCategoryOut(Schema):
    """A category of the platform. `path`: names from the top to it."""

    external_id: str
    path: list[str]
    is_leaf: bool


class PlatformCategoriesOut(Schema):
    items: list[PlatformCategoryOut]


class CategoriesReadOut(Schema):
    categories: int


class MappedCategoryOut(Schema):
    """A category of ours. `inherited_from`: code of the category above whose mapping holds, "" for its own.
    `unanswered`: attributes the platform demands that nothing answers yet."""

    code: str
    name: str
    depth: int
    products: int
    platform: PlatformCategoryOut | None
    inherited_from: str
    unanswered: int


class MappedCategoriesOut(Schema):
    items: list[MappedCategoryOut]


class RuleIn(Body):
    """Where a platform's attribute gets its value from.

    `source`: our attribute (`key`: its code), an option of the product (`key`: its name), or fixed `values`. `choices`: our
    value to the id of the platform's choice that stands for it; values spelt alike need none.
    """

    source: Literal["attribute", "option", "fixed"]
    key: Annotated[str, Field(max_length=120)] = ""
    values: Annotated[list[Words], Field(max_length=20)] = Field(default_factory=list)
    unit: Annotated[str, Field(max_length=40)] = ""
    choices: Annotated[
        dict[Annotated[str, Field(max_length=500)], Annotated[str, Field(max_length=120)]], Field(max_length=2_000)
    ] = Field(default_factory=dict)


class RuleOut(Schema):
    source: str
    key: str
    values: list[str]
    unit: str
    choices: dict[str, str]


class PlatformChoiceOut(Schema):
    id: str
    name: str


class PlatformAttributeOut(Schema):
    """What the platform asks. `is_found`: the rule was found by its name; nobody said it."""

    id: str
    name: str
    kind: str
    is_required: bool
    is_option: bool
    choices: list[PlatformChoiceOut]
    takes_own_words: bool
    units: list[str]
    rule: RuleOut | None
    is_found: bool


class CategoryMappingOut(Schema):
    """`read_at`: when the platform was asked what it asks there; null: not yet."""

    category_code: str
    category_name: str
    platform: PlatformCategoryOut | None
    inherited_from: str
    attributes: list[PlatformAttributeOut]
    read_at: Moment | None


class MapCategoryIn(Body):
    """`external_id` "": no mapping of its own any more."""

    external_id: Annotated[str, Field(max_length=120)]


class RulesIn(Body):
    """By the platform's attribute id; null takes a rule away. Those that are left out stay."""

    rules: Annotated[dict[Annotated[str, Field(max_length=120)], RuleIn | None], Field(min_length=1, max_length=300)]


class GapOut(Schema):
    """Something that is missing. `params`: what its sentence is made of."""

    what: str
    params: dict[str, str | int]


class PublicationProblemOut(Schema):
    code: str
    params: dict[str, Any]


class PublicationOut(Schema):
    """A product on a channel. `gaps`: what an incomplete one misses. `reasons`: why the platform refused it, in its words.
    `follows`: changes of the catalogue are sent by themselves. `is_behind`: there is something to send."""

    channel: str
    product_code: str
    product_name: str
    state: str
    is_shown: bool
    follows: bool
    is_behind: bool
    item_id: str
    url: str
    gaps: list[GapOut]
    reasons: list[str]
    problem: PublicationProblemOut | None
    attempts: int
    asked_by: str
    asked_at: Moment
    sent_at: Moment | None
    live_at: Moment | None
    next_at: Moment | None


class PublishIn(Body):
    """SKUs: of each product, any of its variants'."""

    skus: Annotated[list[Sku], Field(min_length=1, max_length=500)]


class PublishedOut(Schema):
    """`asked`: products. `known`: of them published before. `incomplete`: miss something, told for up to 20 products at
    once; of more it is found out a moment later."""

    asked: int
    incomplete: int
    known: int


class PreviewVariantOut(Schema):
    sku: str
    values: list[str]
    price_minor: int
    currency: str


class PreviewAttributeOut(Schema):
    name: str
    value: str


class PreviewOut(Schema):
    """What would be sent now. `item_id`: it is there already and would be changed; "" it would be made. `is_ours`: made
    from here; what somebody listed by hand stays as it is until it is sent again on purpose (`retry`)."""

    item_id: str
    is_ours: bool
    platform: PlatformCategoryOut | None
    name: str
    description: str
    brand: str
    pictures: int
    options: list[str]
    variants: list[PreviewVariantOut]
    attributes: list[PreviewAttributeOut]
    gaps: list[GapOut]


class PublicationPatchIn(Body):
    """What is left out stays. `is_shown` false: taken off sale there."""

    is_shown: Flag | None = None
    follows: Flag | None = None


_VIEW = frozenset(PublicationOut.model_fields) - {"gaps", "problem"}


def publication_out(view: PublicationView) -> dict[str, Any]:
    plain = {name: getattr(view, name) for name in _VIEW}
    problem = None if view.problem is None else {"code": view.problem.code, "params": dict(view.problem.params)}
    return {**plain, "gaps": [asdict(each) for each in view.gaps], "problem": problem}


def mapping_out(view: CategoryMappingView) -> dict[str, Any]:
    return asdict(view)


# --- categories -------------------------------------------------------------------------------------------------------


@router.get("/channels/{code}/platform-categories", response=PlatformCategoriesOut)
def search_platform_categories(
    request: HttpRequest,
    code: Channel,
    q: Annotated[str, Field(max_length=200)] = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> Any:
    """Categories of the platform that take products and whose path has these words."""
    actor = authenticate(request)
    found = queries.search_platform_categories(actor=actor, channel=code, text=q, limit=limit)
    return {"items": [asdict(each) for each in found]}


@router.post("/channels/{code}/platform-categories/read", response=CategoriesReadOut)
def read_platform_categories(request: HttpRequest, code: Channel) -> Any:
    """Read the platform's whole tree now. A repeat does no harm."""
    return {"categories": asking.read_categories(actor=authenticate(request), channel=code)}


@router.get("/channels/{code}/category-mappings", response=MappedCategoriesOut)
def list_category_mappings(request: HttpRequest, code: Channel) -> Any:
    """Our category tree with what each is on the platform."""
    found = queries.list_mappings(actor=authenticate(request), channel=code)
    return {"items": [asdict(each) for each in found]}


@router.get("/channels/{code}/category-mappings/{category}", response=CategoryMappingOut)
def get_category_mapping(request: HttpRequest, code: Channel, category: Category) -> Any:
    """How a category is mapped, and how what the platform asks there is answered."""
    return mapping_out(queries.get_mapping(actor=authenticate(request), channel=code, category=category))


@router.put("/channels/{code}/category-mappings/{category}", response=CategoryMappingOut)
def map_category(request: HttpRequest, code: Channel, category: Category, body: MapCategoryIn) -> Any:
    """Say what a category is on the platform; those below it go along. The platform is asked what it asks there."""
    actor = authenticate(request)
    said = asking.map_category(actor=actor, channel=code, category=category, external_id=body.external_id)
    return mapping_out(said)


@router.patch("/channels/{code}/category-mappings/{category}", response=CategoryMappingOut)
def set_attribute_rules(request: HttpRequest, code: Channel, category: Category, body: RulesIn) -> Any:
    """Say how what the platform asks is answered. What waits for it is sent."""
    rules = {
        name: None if rule is None else AttributeRule(**{**rule.model_dump(), "values": tuple(rule.values)})
        for name, rule in body.rules.items()
    }
    actor = authenticate(request)
    said = commands.set_attribute_rules(actor=actor, channel=code, category=category, rules=rules, now=moment(request))
    return mapping_out(said)


# --- publications -----------------------------------------------------------------------------------------------------


@router.get("/channels/{code}/publications", response=PageOf[PublicationOut])
def list_publications(
    request: HttpRequest, code: Channel, state: State | None = None, cursor: Cursor = "", limit: Limit = 50
) -> Any:
    """Products published on a channel from here, newest first."""
    actor = authenticate(request)
    found = queries.list_publications(actor=actor, channel=code, state=state or "", cursor=cursor, limit=limit)
    return {"items": [publication_out(each) for each in found.publications], "next_cursor": found.next_cursor}


@router.post("/channels/{code}/publications", response={202: PublishedOut})
def publish_products(request: HttpRequest, code: Channel, body: PublishIn) -> Any:
    """List products on a channel; each is sent as soon as nothing is missing for it, and kept in step. A repeat sends what
    was hidden or refused again."""
    actor = authenticate(request)
    actor.require("channels.manage")
    ids = _product_ids(actor, body.skus)
    return Status(
        202, asdict(commands.publish_products(actor=actor, channel=code, product_ids=ids, now=moment(request)))
    )


@router.get("/channels/{code}/publications/{sku}", response=PublicationOut)
def get_publication(request: HttpRequest, code: Channel, sku: Key) -> Any:
    """How a product stands on a channel."""
    actor = authenticate(request)
    actor.require("channels.view")
    return publication_out(queries.get_publication(actor=actor, channel=code, product_id=_product_id(actor, sku)))


@router.get("/channels/{code}/publications/{sku}/preview", response=PreviewOut)
def preview_publication(request: HttpRequest, code: Channel, sku: Key) -> Any:
    """What would be sent of a product now, and what is missing for it."""
    actor = authenticate(request)
    actor.require("channels.view")
    found = queries.preview_publication(actor=actor, channel=code, product_id=_product_id(actor, sku))
    plain = {name: getattr(found, name) for name in PreviewOut.model_fields}
    return {
        **plain,
        "platform": asdict(found.platform) if found.platform else None,
        "variants": [asdict(each) for each in found.variants],
        "attributes": [{"name": name, "value": value} for name, value in found.attributes],
        "gaps": [asdict(each) for each in found.gaps],
    }


@router.patch("/channels/{code}/publications/{sku}", response=PublicationOut)
def change_publication(request: HttpRequest, code: Channel, sku: Key, body: PublicationPatchIn) -> Any:
    """Take a product off sale on a channel or put it back; have it follow the catalogue or not."""
    actor = authenticate(request)
    actor.require("channels.manage")
    product_id, now = _product_id(actor, sku), moment(request)
    said = queries.get_publication(actor=actor, channel=code, product_id=product_id)
    if body.is_shown is not None:
        said = commands.set_shown(actor=actor, channel=code, product_id=product_id, is_shown=body.is_shown, now=now)
    if body.follows is not None:
        said = commands.set_follows(actor=actor, channel=code, product_id=product_id, follows=body.follows, now=now)
    return publication_out(said)


@router.post("/channels/{code}/publications/{sku}/retry", response=PublicationOut)
def retry_publication(request: HttpRequest, code: Channel, sku: Key) -> Any:
    """Send a product again now, whatever was sent before."""
    actor = authenticate(request)
    actor.require("channels.sync")
    product_id = _product_id(actor, sku)
    return publication_out(
        commands.retry_publication(actor=actor, channel=code, product_id=product_id, now=moment(request))
    )


@router.delete("/channels/{code}/publications/{sku}", response={204: None})
def forget_publication(request: HttpRequest, code: Channel, sku: Key) -> Any:
    """No longer keep a product in step with a channel; what is listed there stays."""
    actor = authenticate(request)
    actor.require("channels.manage")
    commands.forget_publication(actor=actor, channel=code, product_id=_product_id(actor, sku))
    return Status(204, None)


def _product_id(actor: Actor, sku: str) -> int:
    return catalog.get_product(actor=actor, sku=sku).id


def _product_ids(actor: Actor, skus: list[str]) -> list[int]:
    known = catalog.variants_by_sku(actor=actor, skus=skus)
    found = []
    for sku in skus:
        if sku not in known:
            raise ProductNotFound(key=sku)
        found.append(known[sku].product_id)
    return list(dict.fromkeys(found))
