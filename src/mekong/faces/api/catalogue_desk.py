"""Categories, attributes, pictures in order, bundles, in-store barcodes, and how ready products are for channels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from mekong.catalog import commands, queries
from mekong.catalog.contracts import KEEP, AttributeView, NewPart
from mekong.catalog.errors import CategoryNotFound, VariantNotFound
from mekong.channels import queries as channels
from mekong.faces import bundling
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.product_shapes import CategoryOut, MediaOut, PartIn, PartOut, category_out, media_out
from mekong.faces.api.shapes import Body, Code, Flag, public_id

router = Router(tags=["products"])
Name = Annotated[str, Field(min_length=1, max_length=120)]
Key = Annotated[str, Path(max_length=64)]


class RenameIn(Body):
    name: Name


class PlaceIn(Body):
    """`parent`: code of the category above, empty for the top. `before`: the one it stands before, empty for the end."""

    parent: Annotated[str, Field(max_length=64)] = ""
    before: Annotated[str, Field(max_length=64)] = ""


class AskedIn(Body):
    code: Code
    is_required: Flag = False


class AttributeSetIn(Body):
    attributes: Annotated[list[AskedIn], Field(max_length=200)]


class AttributeIn(Body):
    """`code` empty: made of the name. `choices`: of kind `choice` only. `unit`: such as cm."""

    name: Name
    code: Annotated[str, Field(max_length=60)] = ""
    kind: Literal["text", "number", "choice", "bool"] = "text"
    choices: Annotated[list[Name], Field(max_length=500)] = Field(default_factory=list)
    unit: Annotated[str, Field(max_length=20)] = ""


class AttributePatchIn(Body):
    """What is left out stays. `choices` are all of them, in order."""

    name: Name | None = None
    choices: Annotated[list[Name], Field(max_length=500)] | None = None
    unit: Annotated[str, Field(max_length=20)] | None = None


class AttributeOut(Schema):
    code: str
    name: str
    kind: str
    choices: list[str]
    unit: str
    is_required: bool


class AttributesOut(Schema):
    items: list[AttributeOut]


class OrderIn(Body):
    """Ids of the product's pictures, the main one first. Those left out follow in the order they have."""

    pictures: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]


class MediaListOut(Schema):
    items: list[MediaOut]


class PartsIn(Body):
    parts: Annotated[list[PartIn], Field(min_length=1, max_length=100)]


class PartsOut(Schema):
    items: list[PartOut]


class SkusIn(Body):
    skus: Annotated[list[Code], Field(min_length=1, max_length=1000)]


class GivenOut(Schema):
    sku: str
    barcode: str


class GivenListOut(Schema):
    items: list[GivenOut]


class ShortfallOut(Schema):
    """`has` lies outside of `least` and `most`. `skus`: the variants concerned; `attributes`: codes of those missing."""

    fact: str
    is_required: bool
    has: int
    least: int | None
    most: int | None
    skus: list[str]
    attributes: list[str]


class ReadyOut(Schema):
    """`missing`: how many required things are lacking; with any the platform refuses the listing."""

    kind: str
    score: int
    missing: int
    lacking: list[ShortfallOut]


class ReadyListOut(Schema):
    items: list[ReadyOut]


def _attribute_out(each: AttributeView) -> dict[str, Any]:
    return {
        "code": each.code, "name": each.name, "kind": each.kind, "choices": list(each.choices), "unit": each.unit,
        "is_required": each.is_required,
    }  # fmt: skip


@router.patch("/categories/{code}", response=CategoryOut)
def rename_category(request: HttpRequest, code: Key, body: RenameIn) -> Any:
    """Give a category another name; its code stays."""
    return category_out(commands.rename_category(actor=authenticate(request), code=code, name=body.name))


@router.post("/categories/{code}/move", response=CategoryOut)
def move_category(request: HttpRequest, code: Key, body: PlaceIn) -> Any:
    """Put a category, with all below it, under another one. A repeat changes nothing."""
    return category_out(
        commands.move_category(actor=authenticate(request), code=code, parent=body.parent, before=body.before)
    )


@router.get("/categories/{code}/attributes", response=AttributesOut)
def list_category_attributes(request: HttpRequest, code: Key) -> Any:
    """What products of a category are asked for, those of the categories above it first."""
    actor = authenticate(request)
    found = next((each for each in queries.list_categories(actor=actor) if each.code == code), None)
    if found is None:
        raise CategoryNotFound(field="code", key=code)
    asked = queries.list_attributes(actor=actor, category_id=found.id)
    return {"items": [_attribute_out(each) for each in asked]}


@router.put("/categories/{code}/attributes", response=AttributesOut)
def set_category_attributes(request: HttpRequest, code: Key, body: AttributeSetIn) -> Any:
    """Which attributes a category asks for itself, in this order, in place of those it had. A repeat changes nothing."""
    wanted = [(each.code, each.is_required) for each in body.attributes]
    commands.set_category_attributes(actor=authenticate(request), code=code, attributes=wanted)
    return list_category_attributes(request, code)


@router.get("/attributes", response=AttributesOut)
def list_attributes(request: HttpRequest) -> Any:
    """Every attribute there is."""
    return {"items": [_attribute_out(each) for each in queries.list_attributes(actor=authenticate(request))]}


@router.post("/attributes", response={201: AttributeOut})
def create_attribute(request: HttpRequest, body: AttributeIn) -> Any:
    """Create an attribute that categories may ask for."""
    made = commands.create_attribute(actor=authenticate(request), **body.model_dump())
    return Status(201, _attribute_out(made))


@router.patch("/attributes/{code}", response=AttributeOut)
def change_attribute(request: HttpRequest, code: Key, body: AttributePatchIn) -> Any:
    """Change what an attribute is called, its unit or the values to choose from; its kind stays."""
    return _attribute_out(
        commands.update_attribute(
            actor=authenticate(request),
            code=code,
            name=KEEP if body.name is None else body.name,
            choices=KEEP if body.choices is None else body.choices,
            unit=KEEP if body.unit is None else body.unit,
        )
    )


@router.put("/products/{path:sku}/pictures/order", response=MediaListOut)
def arrange_pictures(request: HttpRequest, sku: str, body: OrderIn) -> Any:
    """Put the pictures of a product in this order. A repeat changes nothing."""
    actor = authenticate(request)
    actor.require("catalog.edit")
    product = queries.get_product(actor=actor, sku=sku)
    order = [public_id("pic", each, "Picture") for each in body.pictures]
    arranged = commands.arrange_media(actor=actor, product_id=product.id, order=order, now=moment(request))
    return {"items": [media_out(each) for each in arranged]}


@router.post("/pictures/{picture_id}/restore", response=MediaOut)
def restore_picture(request: HttpRequest, picture_id: str) -> Any:
    """Put a picture back that was taken away less than a month ago. A repeat changes nothing."""
    uid = public_id("pic", picture_id, "Picture")
    return media_out(commands.restore_media(actor=authenticate(request), uid=uid, now=moment(request)))


@router.put("/variants/{path:sku}/parts", response=PartsOut)
def set_bundle(request: HttpRequest, sku: str, body: PartsIn) -> Any:
    """Make a variant a bundle of these parts, in place of those it had. A repeat changes nothing."""
    actor = authenticate(request)
    actor.require("catalog.edit")
    found = queries.variants_by_sku(actor=actor, skus=[sku]).get(sku)
    if found is None:
        raise VariantNotFound(field="sku", key=sku)
    parts = [NewPart(each.sku, each.quantity) for each in body.parts]
    made = bundling.set_bundle(actor=actor, variant=found, parts=parts, now=moment(request))
    return {"items": [{"sku": each.sku, "name": each.name, "quantity": each.quantity} for each in made]}


@router.post("/barcodes/in-store", response=GivenListOut)
def give_in_store_barcodes(request: HttpRequest, body: SkusIn) -> Any:
    """Give each of these variants that has no barcode an EAN-13 of the shop's own. A repeat gives none."""
    actor = authenticate(request)
    actor.require("catalog.edit")
    ids = _variant_ids(actor, body.skus)
    skus = {variant: sku for sku, variant in ids.items()}
    given = commands.give_internal_barcodes(actor=actor, variant_ids=list(ids.values()), now=moment(request))
    return {"items": [{"sku": skus[variant], "barcode": code} for variant, code in given.items()]}


def _variant_ids(actor: Any, skus: list[str]) -> dict[str, int]:
    found = queries.variants_by_sku(actor=actor, skus=skus)
    for place, sku in enumerate(skus):
        if sku not in found:
            raise VariantNotFound(field=f"skus[{place}]" if len(skus) > 1 else "sku", key=sku)
    return {sku: each.id for sku, each in found.items()}


@router.get("/products/{path:sku}/readiness", response=ReadyListOut)
def readiness(request: HttpRequest, sku: str) -> Any:
    """How ready a product is for each kind of platform that is connected, and what is lacking."""
    actor = authenticate(request)
    actor.require("channels.view")
    product = queries.get_product(actor=actor, sku=sku)
    kinds = [each.kind for each in channels.list_channels(actor=actor) if each.is_remote and each.is_active]
    facts = queries.listing_facts(actor=actor, product_ids=[product.id])
    found = channels.completeness(facts=facts.values(), kinds=kinds)[product.id]
    skus = [each.sku for each in product.variants]
    return {
        "items": [
            {
                "kind": kind,
                "score": each.score,
                "missing": each.missing,
                "lacking": [
                    {
                        "fact": lack.fact, "is_required": lack.is_required, "has": lack.has, "least": lack.least,
                        "most": lack.most, "skus": [skus[place] for place in lack.places],
                        "attributes": [code for code, _name in lack.attributes],
                    }
                    for lack in each.lacking
                ],
            }
            for kind, each in found.items()
        ]
    }  # fmt: skip
