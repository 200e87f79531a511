"""Pictures of products."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile

from mekong.catalog import commands, queries
from mekong.catalog.errors import VariantNotFound
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.product_shapes import MediaOut, media_out
from mekong.faces.api.shapes import public_id

router = Router(tags=["products"])


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
        found = queries.variants_by_sku(actor=actor, skus=[sku]).get(sku)
        if found is None:
            raise VariantNotFound(field="sku", key=sku)
        variant_id = found.id
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
