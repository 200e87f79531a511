"""Products, variants, prices and categories."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import Annotated, Any, BinaryIO, Literal, cast

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile
from pydantic import Field

from mekong.catalog import commands, queries
from mekong.catalog.contracts import (
    KEEP,
    NewProduct,
    NewVariant,
    PriceLine,
    ProductChange,
    ProductView,
    VariantChange,
    VariantView,
)
from mekong.catalog.errors import VariantNotFound
from mekong.faces.api import problems
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.errors import BadFields, FieldProblem
from mekong.faces.api.product_shapes import (
    CategoriesOut,
    CategoryIn,
    CategoryOut,
    FoundOut,
    ImportOut,
    PricesIn,
    PricesOut,
    ProductIn,
    ProductOut,
    ProductPatchIn,
    ProductRowOut,
    VariantIn,
    VariantOut,
    VariantPatchIn,
    category_out,
    product_out,
    row_out,
    variant_out,
)
from mekong.faces.api.product_shapes import Status as ProductStatus
from mekong.faces.api.shapes import Body, Cursor, Limit, PageOf
from mekong.foundation.actor import Actor

router = Router(tags=["products"])
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
Text = Annotated[str, Field(max_length=200)]


def _to_edit(actor: Actor, sku: str) -> ProductView:
    """The product to change; who may not change it is not told whether it is there."""
    actor.require("catalog.edit")
    return queries.get_product(actor=actor, sku=sku)


def _variant(actor: Actor, sku: str) -> VariantView:
    found = queries.variants_by_sku(actor=actor, skus=[sku]).get(sku)
    if found is None:
        raise VariantNotFound(field="sku", key=sku)
    return found


class VariantsIn(Body):
    variants: Annotated[list[VariantIn], Field(min_length=1, max_length=500)]


@router.post("/products", response={201: ProductOut})
def create_product(request: HttpRequest, body: ProductIn) -> Any:
    """Create a product with its variants, barcodes, packs and bundle parts, or nothing at all."""
    actor = authenticate(request)
    product = msgspec.convert(body.model_dump(), NewProduct)
    return Status(201, product_out(commands.create_product(actor=actor, product=product, now=moment(request)), actor))


@router.get("/products", response=PageOf[ProductRowOut])
def list_products(
    request: HttpRequest,
    q: Text = "",
    category: Text = "",
    status: ProductStatus | None = None,
    brand: Text = "",
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """Products, newest first. `q`: words of the name, brand, options or SKU, or a whole barcode."""
    found = queries.list_products(
        actor=authenticate(request),
        q=q,
        category=category,
        status=status or "",
        brand=brand,
        cursor=cursor,
        limit=limit,
    )
    return {"items": [row_out(each) for each in found.items], "next_cursor": found.next_cursor}


@router.get(
    "/products/export",
    openapi_extra={
        "responses": {
            "200": {
                "description": "Every product, one row a variant, in the columns that the import reads.",
                "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in _TYPES.values()},
            }
        }
    },
)
def export_products(request: HttpRequest, format: Literal["xlsx", "csv"] = "xlsx") -> Any:  # noqa: A002 - the parameter's name
    """All products as Excel or CSV; it imports back unchanged. Costs are blank without `money.view_cost`."""
    out = io.BytesIO()
    queries.export_products(actor=authenticate(request), out=out, format=format)
    headers = {"Content-Disposition": f'attachment; filename="products.{format}"'}
    return HttpResponse(out.getvalue(), content_type=_TYPES[format], headers=headers)


@router.post("/products/import", response=ImportOut)
def import_products(
    request: HttpRequest,
    file: File[UploadedFile],
    mode: Form[Literal["insert", "update", "upsert"]] = "upsert",
    dry_run: Form[bool] = False,
) -> Any:
    """Create and update products from .xlsx, .xls or CSV (UTF-8), one row a variant: all of them or none.

    A dry run answers with every bad cell. Without it bad cells are a problem document whose `errors` name them (`C7`).
    """
    actor, language = authenticate(request), get_language() or "vi"
    source = cast("BinaryIO", file.file)
    report = commands.import_products(actor=actor, file=source, now=moment(request), mode=mode, dry_run=dry_run)
    if report.errors and not dry_run:
        raise BadFields(
            [FieldProblem(f"{each.column}{each.row}", each.template, "", dict(each.params)) for each in report.errors]
        )
    return {
        **asdict(report),
        "errors": [
            {**asdict(each), "message": problems.sentence(each.template, each.params, language)}
            for each in report.errors
        ],
        "ignored_columns": list(report.ignored_columns),
    }


@router.post("/products/{path:sku}/archive", response=ProductOut)
def archive_product(request: HttpRequest, sku: str) -> Any:
    """Take a product off sale for good; its history stays. A repeat changes nothing."""
    actor = authenticate(request)
    product = _to_edit(actor, sku)
    return product_out(commands.archive_product(actor=actor, product_id=product.id, now=moment(request)), actor)


@router.post("/products/{path:sku}/restore", response=ProductOut)
def restore_product(request: HttpRequest, sku: str) -> Any:
    """Put an archived product back on sale. A repeat changes nothing."""
    actor = authenticate(request)
    product = _to_edit(actor, sku)
    return product_out(commands.restore_product(actor=actor, product_id=product.id, now=moment(request)), actor)


@router.post("/products/{path:sku}/variants", response={201: ProductOut})
def add_variants(request: HttpRequest, sku: str, body: VariantsIn) -> Any:
    """Add variants to a product."""
    actor = authenticate(request)
    product = _to_edit(actor, sku)
    variants = msgspec.convert(body.model_dump()["variants"], list[NewVariant])
    made = commands.add_variants(actor=actor, product_id=product.id, variants=variants, now=moment(request))
    return Status(201, product_out(made, actor))


@router.get("/products/{path:sku}", response=ProductOut)
def get_product(request: HttpRequest, sku: str) -> Any:
    """A product by the SKU of any of its variants, or by its own code."""
    actor = authenticate(request)
    return product_out(queries.get_product(actor=actor, sku=sku), actor)


@router.patch("/products/{path:sku}", response=ProductOut)
def change_product(request: HttpRequest, sku: str, body: ProductPatchIn) -> Any:
    """Change what a product says of itself; what is left out stays."""
    actor = authenticate(request)
    product = _to_edit(actor, sku)
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "options" in given:
        given["options"] = tuple(given["options"])
    if "option_values" in given:
        given["option_values"] = {name: tuple(values) for name, values in given["option_values"].items()}
    changed = commands.update_product(
        actor=actor, product_id=product.id, change=ProductChange(**given), now=moment(request)
    )
    return product_out(changed, actor)


@router.get("/variants/search", response=FoundOut)
def search_variants(request: HttpRequest, q: Text = "", limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Any:
    """Variants for what somebody is typing, best first; diacritics do not matter, and a slip is mended."""
    actor = authenticate(request)
    found = queries.search_variants(actor=actor, text=q, limit=limit)
    return {"items": [variant_out(each, actor) for each in found.variants], "read_as": found.read_as}


@router.get("/variants/{path:sku}", response=VariantOut)
def get_variant(request: HttpRequest, sku: str) -> Any:
    """One variant by SKU."""
    actor = authenticate(request)
    return variant_out(_variant(actor, sku), actor)


@router.patch("/variants/{path:sku}", response=VariantOut)
def change_variant(request: HttpRequest, sku: str, body: VariantPatchIn) -> Any:
    """Change a variant, all but its price (see `/prices`); what is left out stays."""
    actor = authenticate(request)
    actor.require("catalog.edit")
    found = _variant(actor, sku)
    given = body.model_dump(exclude_unset=True)
    for name in ("sku", "status", "allow_backorder", "tracks_lots", "option_values"):
        if name in given and given[name] is None:
            given[name] = KEEP
    if isinstance(given.get("option_values"), list):
        given["option_values"] = tuple(given["option_values"])
    change = VariantChange(**given)
    return variant_out(
        commands.update_variant(actor=actor, variant_id=found.id, change=change, now=moment(request)), actor
    )


@router.post("/prices", response=PricesOut)
def set_prices(request: HttpRequest, body: PricesIn) -> Any:
    """Set retail prices by SKU, all of them or none."""
    lines = [PriceLine(each.sku, each.price_minor) for each in body.lines]
    return {"changed": commands.set_prices(actor=authenticate(request), lines=lines, now=moment(request))}


@router.get("/categories", response=CategoriesOut)
def list_categories(request: HttpRequest) -> Any:
    """The whole tree, parents before their children."""
    return {"items": [category_out(each) for each in queries.list_categories(actor=authenticate(request))]}


@router.post("/categories", response={201: CategoryOut})
def create_category(request: HttpRequest, body: CategoryIn) -> Any:
    """Create a category. `parent`: code of the one above; empty: at the top."""
    return Status(201, category_out(commands.create_category(actor=authenticate(request), **body.model_dump())))
