"""Pictures of products."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile
from pydantic import Field

from mekong.catalog import commands, queries
from mekong.catalog.contracts import KEEP
from mekong.catalog.errors import VariantNotFound
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.product_shapes import MediaOut, media_out
from mekong.faces.api.shapes import Body, public_id
from mekong.foundation.actor import Actor

router = Router(tags=["products"])


class PicturePatchIn(Body):
    """What is left out stays. `sku`: the variant it shows; empty for the whole product."""

    alt_text: Annotated[str, Field(max_length=300)] | None = None
    sku: Annotated[str, Field(max_length=64)] | None = None


@router.post("/products/{path:sku}/pictures", response={201: MediaOut})
def add_picture(
    request: HttpRequest,
    sku: str,
    file: File[UploadedFile],
    alt_text: Form[str] = "",
    of_variant: Form[bool] = False,
) -> Any:
    """Add a picture (JPEG, PNG, WebP, GIF) to a product, or, `of_variant`, to this SKU alone. A repeat adds none."""
    actor = authenticate(request)
    actor.require("catalog.edit")
    product_id = variant_id = None
    if of_variant:
        variant_id = _variant_id(actor, sku)
    else:
        product_id = queries.get_product(actor=actor, sku=sku).id
    made = commands.add_media(
        actor=actor,
        content=file.read(),
        now=moment(request),
        product_id=product_id,
        variant_id=variant_id,
        alt_text=alt_text,
    )
    return Status(201, media_out(made))


@router.delete("/pictures/{picture_id}", response={204: None})
def remove_picture(request: HttpRequest, picture_id: str) -> Any:
    """Take a picture away. A repeat changes nothing."""
    actor = authenticate(request)
    actor.require("catalog.edit")
    commands.remove_media(actor=actor, uid=public_id("pic", picture_id, "Picture"), now=moment(request))
    return Status(204, None)


@router.patch("/pictures/{picture_id}", response=MediaOut)
def change_picture(request: HttpRequest, picture_id: str, body: PicturePatchIn) -> Any:
    """Say what a picture shows, or whose it is."""
    actor = authenticate(request)
    actor.require("catalog.edit")
    owner: Any = KEEP
    if body.sku is not None:
        owner = None
        if body.sku:
            owner = _variant_id(actor, body.sku)
    changed = commands.change_media(
        actor=actor,
        uid=public_id("pic", picture_id, "Picture"),
        now=moment(request),
        alt_text=KEEP if body.alt_text is None else body.alt_text,
        variant_id=owner,
    )
    return media_out(changed)


def _variant_id(actor: Actor, sku: str) -> int:
    found = queries.variants_by_sku(actor=actor, skus=[sku]).get(sku)
    if found is None:
        raise VariantNotFound(field="sku", key=sku)
    return found.id
