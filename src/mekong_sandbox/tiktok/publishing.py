"""Making, changing, showing, hiding and deleting products (protocol notes, section 4)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.catalogue.tree import Category
from mekong_sandbox.tiktok import codes, media, taxonomy
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Held, Product, Sku
from mekong_sandbox.tiktok.products import attributes_of, own_product
from mekong_sandbox.tiktok.stock import MAX_QUANTITY, Price, Quantity, price_in
from mekong_sandbox.tiktok.taxonomy import AttributeBody

MAX_IDS, MAX_SKUS, MAX_IMAGES, MAX_CHOICES = 20, 100, 9, 3
MAX_TITLE, MAX_DESCRIPTION = 255, 10_000
GRAMS = {"KILOGRAM": 1000.0, "GRAM": 1.0, "POUND": 453.592}


class Image(msgspec.Struct):
    uri: str


class Chosen(msgspec.Struct):
    id: str = ""
    name: str = ""
    value_id: str = ""
    value_name: str = ""
    sku_img: Image | None = None


class Identifier(msgspec.Struct):
    code: str
    type: str = "EAN"


class SkuBody(msgspec.Struct):
    """A SKU; with an `id`, one that is there, whose price and stock may be left out."""

    id: str = ""
    price: Price | None = None
    inventory: list[Quantity] | None = None
    seller_sku: str | None = None
    sales_attributes: list[Chosen] | None = None
    identifier_code: Identifier | None = None


class Weight(msgspec.Struct):
    value: str
    unit: str = "KILOGRAM"


class Dimensions(msgspec.Struct):
    length: str
    width: str
    height: str
    unit: str = "CENTIMETER"


class Facts(msgspec.Struct, kw_only=True):
    """What is said of a product; None = not said."""

    title: str | None = None
    description: str | None = None
    category_id: str | None = None
    brand_id: str | None = None
    main_images: list[Image] | None = None
    skus: list[SkuBody] | None = None
    package_weight: Weight | None = None
    package_dimensions: Dimensions | None = None
    product_attributes: list[AttributeBody] | None = None
    save_mode: str = "LISTING"


class Ids(msgspec.Struct):
    product_ids: list[str]


# -- checks


def _title(call: Call, title: str) -> str:
    if not title.strip():
        raise Refused(codes.TITLE_EMPTY, "The product name cannot be empty.")
    least = call.world.settings.tiktok_title_least
    if not least <= len(title.strip()) <= MAX_TITLE:
        raise Refused(codes.TITLE_LENGTH, f"The product name must have {least} to {MAX_TITLE} characters.")
    return title.strip()


def _description(text: str) -> str:
    if not text.strip() or len(text) > MAX_DESCRIPTION:
        raise Refused(codes.DESCRIPTION_LENGTH, f"The description must have 1 to {MAX_DESCRIPTION} characters.")
    return text


def _grams(weight: Weight) -> int:
    number = weight.value if weight.value.replace(".", "", 1).isdecimal() else "0"
    grams = round(float(number) * GRAMS.get(weight.unit, 0))
    if not 0 < grams <= 100_000:
        raise Refused(codes.PACKAGE_INVALID, "The package weight is invalid.")
    return grams


def _sides(size: Dimensions) -> dict[str, str]:
    sides = {"length": size.length, "width": size.width, "height": size.height}
    if size.unit != "CENTIMETER" or not all(one.isdecimal() and int(one) > 0 for one in sides.values()):
        raise Refused(codes.PACKAGE_INVALID, "The package dimensions are invalid.")
    return sides


def _images(call: Call, images: list[Image], had: list[str]) -> list[str]:
    if not 1 <= len(images) <= MAX_IMAGES:
        raise codes.invalid(f"main_images must hold 1 to {MAX_IMAGES} pictures.")
    return media.known(call, [one.uri for one in images], had)


def _stock(call: Call, rows: list[Quantity], had: dict[str, Held]) -> dict[str, Held]:
    own = [one.warehouse_id for one in call.shop.warehouses]
    stock = dict(had)
    for row in rows:
        name = row.warehouse_id or own[0]
        if name not in own:
            raise Refused(codes.WAREHOUSE_UNKNOWN, "The warehouse does not exist")
        if not 0 <= row.quantity <= MAX_QUANTITY:
            raise Refused(codes.STOCK_RANGE, f"The SKU stock must be between 0 and {MAX_QUANTITY}")
        stock[name] = Held(row.quantity, had[name].committed if name in had else 0)
    if not stock:
        raise Refused(codes.WAREHOUSE_UNKNOWN, "The warehouse does not exist")
    return stock


def _sku(call: Call, category: Category, sent: SkuBody, had: Sku | None) -> Sku:
    """A SKU as it will be; the one it was stays as it is."""
    if had is None and (sent.price is None or sent.inventory is None):
        raise codes.invalid("price and inventory are required fields of a new SKU.")
    price = price_in(sent.price, call.shop.currency) if sent.price else (had.price if had else 0)
    stock = _stock(call, sent.inventory or [], had.stock if had else {})
    sku = Sku(had.sku_id if had else "", had.seller_sku if had else "", price, stock)
    sku.seller_sku = sku.seller_sku if sent.seller_sku is None else sent.seller_sku
    if len(sku.seller_sku) > 50:
        raise codes.invalid("seller_sku must have at most 50 characters.")
    sku.attributes, sku.image = (had.attributes, had.image) if had else ({}, "")
    if sent.sales_attributes is not None:
        pairs = [
            taxonomy.choice(category, one.id, one.name, one.value_id, one.value_name) for one in sent.sales_attributes
        ]
        if len(dict(pairs)) < len(pairs) or len(pairs) > MAX_CHOICES:
            raise Refused(codes.SALES_ATTRIBUTES, f"A SKU has at most {MAX_CHOICES} different sales attributes.")
        images = [one.sku_img.uri for one in sent.sales_attributes if one.sku_img]
        media.known(call, images, [sku.image])
        sku.attributes, sku.image = dict(pairs), images[0] if images else sku.image
    code = sent.identifier_code
    sku.barcode = code.code if code else (had.barcode if had else "")
    return sku


def _skus(call: Call, category: Category, sent: list[SkuBody], product: Product | None) -> list[Sku]:
    """All SKUs of a product as they will be. Raises: Refused."""
    if not 1 <= len(sent) <= MAX_SKUS:
        raise codes.invalid(f"main_images and 1 to {MAX_SKUS} skus are required fields.")
    skus = []
    for one in sent:
        had = product.sku(one.id) if product and one.id else None
        if one.id and had is None:
            raise Refused(codes.SKU_UNKNOWN, f"The SKU {one.id} does not exist.")
        skus.append(_sku(call, category, one, had))
    if len({frozenset(sku.attributes) for sku in skus}) > 1:
        raise Refused(codes.SALES_ATTRIBUTES, "All SKUs must have the same sales attributes.")
    if len({tuple(sorted(sku.attributes.items())) for sku in skus}) < len(skus):
        raise Refused(codes.SKU_TWICE, "Two SKUs have the same sales attribute values.")
    kept = {sku.sku_id for sku in skus}
    if product and any(sku.committed() for sku in product.skus if sku.sku_id not in kept):
        raise Refused(codes.SKU_COMMITTED, "A SKU with units promised to orders cannot be deleted.")
    return skus


# -- making and changing


def _apply(call: Call, product: Product, facts: Facts) -> None:
    """Check everything, then change the product. Raises: Refused, with the product as it was."""
    is_draft = facts.save_mode == "AS_DRAFT"
    category_id = product.category_id if facts.category_id is None else facts.category_id
    category = taxonomy.leaf(category_id)
    title = product.title if facts.title is None else _title(call, facts.title)
    description = product.description if facts.description is None else _description(facts.description)
    answers = product.answers
    is_new = not product.product_id or category_id != product.category_id
    if facts.product_attributes is not None or (is_new and not is_draft):
        answers = taxonomy.check_answers(category, facts.product_attributes or [], is_draft=is_draft)
    brand = taxonomy.check_brand(category, product.brand_id if facts.brand_id is None else facts.brand_id)
    images = product.images if facts.main_images is None else _images(call, facts.main_images, product.images)
    weight = product.weight_g if facts.package_weight is None else _grams(facts.package_weight)
    sides = product.size_cm if facts.package_dimensions is None else _sides(facts.package_dimensions)
    if facts.skus is not None:
        skus = _skus(call, category, facts.skus, product if product.product_id else None)
        _number(call, product, skus)
        call.market.replace_skus(product, skus)
    product.title, product.description, product.category_id = title, description, category_id
    product.answers, product.brand_id, product.images = answers, brand, images
    product.weight_g, product.size_cm = weight, sides


def _number(call: Call, product: Product, skus: list[Sku]) -> None:
    fresh = [sku for sku in skus if not sku.sku_id]
    first = call.world.number("tiktok.product", 1_729_500_000_000_000_001, 1 + len(fresh))
    product.product_id = product.product_id or str(first)
    for number, sku in enumerate(fresh, 1):
        sku.sku_id = str(first + number)


def _listed(call: Call, product: Product, *, draft: bool) -> None:
    """What becomes of a product that was written: a draft, under audit, or on sale."""
    product.reasons = []
    if draft:
        product.status = "DRAFT"
    elif call.world.settings.tiktok_review:
        product.status = "PENDING"
    elif product.status != "SELLER_DEACTIVATED":
        product.status = "ACTIVATE"


def _made(product: Product) -> dict[str, Any]:
    rows = [
        {"id": one.sku_id, "seller_sku": one.seller_sku, "sales_attributes": attributes_of(one)} for one in product.skus
    ]
    return {"product_id": product.product_id, "skus": rows, "warnings": []}


def _required(facts: Facts, names: tuple[str, ...]) -> None:
    for name in names:
        if getattr(facts, name) is None:
            raise codes.invalid(f"{name} is a required field and has not been provided.")
    if facts.save_mode not in ("LISTING", "AS_DRAFT"):
        raise codes.invalid("Invalid save_mode. It must be one of LISTING, AS_DRAFT.")


NEEDED = ("title", "description", "category_id", "main_images", "skus", "package_weight")


def create(call: Call) -> dict[str, Any]:
    """Make a product; a draft is not on sale."""
    facts, shop, stamp = call.body(Facts), call.shop, call.world.clock.stamp()
    _required(facts, NEEDED)
    product = Product("", shop.shop_id, "", [], stamp, stamp, category_id="")
    _apply(call, product, facts)
    _listed(call, product, draft=facts.save_mode == "AS_DRAFT")
    call.market.add_product(product)
    return _made(product)


def edit(call: Call) -> dict[str, Any]:
    """Write a product anew: what is left out of the whole is gone, SKUs too."""
    facts, product = call.body(Facts), own_product(call)
    _required(facts, NEEDED)
    return _edited(call, product, facts)


def partial_edit(call: Call) -> dict[str, Any]:
    """Change what is named; a list that is named is written anew."""
    facts, product = call.body(Facts), own_product(call)
    _required(facts, ())
    return _edited(call, product, facts)


def _edited(call: Call, product: Product, facts: Facts) -> dict[str, Any]:
    if product.status in ("PENDING", "FREEZE", "PLATFORM_DEACTIVATED"):
        raise Refused(codes.PRODUCT_STATUS, "The status of the product is invalid.")
    _apply(call, product, facts)
    _listed(call, product, draft=facts.save_mode == "AS_DRAFT")
    call.market.save_product(product)
    call.market.push.product_status(product)
    return _made(product)


# -- showing and hiding


def _lacking(product: Product) -> str:
    return taxonomy.missing(taxonomy.leaf(product.category_id), product.answers)


def _each(call: Call, before: tuple[str, ...], after: str) -> dict[str, Any]:
    """Give products another status; those that cannot have it are named in `errors`."""
    ids = call.body(Ids).product_ids
    if not 1 <= len(ids) <= MAX_IDS:
        raise codes.invalid(f"product_ids must hold 1 to {MAX_IDS} ids.")
    errors = []
    for one in ids:
        product = call.market.products.get(one)
        code, text = 0, ""
        if product is None or product.shop_id != call.shop.shop_id or product.status == "DELETED":
            code, text = codes.PRODUCT_NOT_FOUND, "The product does not exist."
        elif product.status not in before:
            code, text = codes.PRODUCT_STATUS, "The status of the product is invalid."
        elif product.status == "DRAFT" and after == "ACTIVATE" and _lacking(product):
            code, text = codes.ATTRIBUTE_MISSING, f"The required attribute {_lacking(product)} is missing."
        elif after == "DELETED":
            call.market.withdraw(product)
        else:
            was_draft = product.status == "DRAFT"
            product.status = "PENDING" if was_draft and call.world.settings.tiktok_review else after
            call.market.save_product(product)
        if product is not None and not code:
            call.market.push.product_status(product)
        else:
            errors.append({"code": code, "message": text, "detail": {"product_id": one}})
    return {"errors": errors} if errors else {}


def activate(call: Call) -> dict[str, Any]:
    """Show products that their seller hid or drafted."""
    return _each(call, ("DRAFT", "SELLER_DEACTIVATED"), "ACTIVATE")


def deactivate(call: Call) -> dict[str, Any]:
    """Hide products."""
    return _each(call, ("ACTIVATE",), "SELLER_DEACTIVATED")


def delete(call: Call) -> dict[str, Any]:
    """Delete products."""
    return _each(call, ("DRAFT", "PENDING", "ACTIVATE", "SELLER_DEACTIVATED", "FAILED"), "DELETED")
