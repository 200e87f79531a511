"""Making, showing, hiding and deleting products (protocol notes, section 4)."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import msgspec

from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Held, Product, Sku
from mekong_sandbox.tiktok.products import attributes_of, image_url
from mekong_sandbox.tiktok.stock import MAX_QUANTITY, Price, Quantity, price_in

CATEGORIES = {"600001": "Thời trang", "601226": "Nhà cửa & Đời sống"}
MAX_IDS = 20
MAX_SKUS = 100


class Image(msgspec.Struct):
    uri: str


class Attribute(msgspec.Struct):
    name: str = ""
    value_name: str = ""


class NewSku(msgspec.Struct):
    price: Price
    inventory: list[Quantity]
    seller_sku: str = ""
    sales_attributes: list[Attribute] = []


class NewProduct(msgspec.Struct):
    title: str
    description: str
    category_id: str
    main_images: list[Image]
    skus: list[NewSku]
    save_mode: str = "LISTING"


class Ids(msgspec.Struct):
    product_ids: list[str]


def _stock(call: Call, rows: list[Quantity]) -> dict[str, Held]:
    own = [one.warehouse_id for one in call.shop.warehouses]
    stock = {row.warehouse_id or own[0]: Held(row.quantity) for row in rows}
    if not stock or any(name not in own for name in stock):
        raise Refused(codes.WAREHOUSE_UNKNOWN, "The warehouse does not exist")
    if any(not 0 <= held.available <= MAX_QUANTITY for held in stock.values()):
        raise Refused(codes.STOCK_RANGE, f"The SKU stock must be between 0 and {MAX_QUANTITY}")
    return stock


def create(call: Call) -> dict[str, Any]:
    """Make a product. The platform's audit passes at once; a draft is not on sale."""
    body, shop, stamp = call.body(NewProduct), call.shop, call.world.clock.stamp()
    if not body.title.strip():
        raise Refused(codes.TITLE_EMPTY, "The product name cannot be empty.")
    if body.category_id not in CATEGORIES:
        raise Refused(codes.CATEGORY_UNKNOWN, "The category does not exist.")
    if not body.main_images or not 1 <= len(body.skus) <= MAX_SKUS:
        raise codes.invalid(f"main_images and 1 to {MAX_SKUS} skus are required fields.")
    checked = [(price_in(new.price, shop.currency), _stock(call, new.inventory), new) for new in body.skus]
    product_id = call.world.number("tiktok.product", 1_729_500_000_000_000_001, 1 + len(checked))
    skus = []
    for number, (price, stock, new) in enumerate(checked, 1):
        attributes = {one.name: one.value_name for one in new.sales_attributes if one.name}
        skus.append(Sku(str(product_id + number), new.seller_sku, price, stock, attributes))
    product = Product(str(product_id), shop.shop_id, body.title, skus, stamp, stamp)
    product.status = "DRAFT" if body.save_mode == "AS_DRAFT" else "ACTIVATE"
    product.category_id, product.description = body.category_id, body.description
    product.images = [one.uri for one in body.main_images]
    call.market.add_product(product)
    rows = [{"id": one.sku_id, "seller_sku": one.seller_sku, "sales_attributes": attributes_of(one)} for one in skus]
    return {"product_id": product.product_id, "skus": rows, "warnings": []}


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
        elif after == "DELETED":
            call.market.withdraw(product)
        else:
            product.status = after
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
    return _each(call, ("DRAFT", "ACTIVATE", "SELLER_DEACTIVATED", "FAILED"), "DELETED")


def get_categories(call: Call) -> dict[str, Any]:
    """The categories the stand-in has."""
    rows = [
        {"id": key, "parent_id": "0", "local_name": name, "is_leaf": True, "permission_statuses": ["AVAILABLE"]}
        for key, name in CATEGORIES.items()
    ]
    return {"categories": rows}


def upload_image(call: Call) -> dict[str, Any]:
    """Take a picture as the file part `data`; it is counted, not kept."""
    request = call.request
    if request.content_type != "multipart/form-data":
        text = "Invalid request format. The value of the `content-type` header must be `multipart/form-data`."
        raise Refused(codes.NOT_MULTIPART, text, 400)
    head = b"Content-Type: " + request.headers["content-type"].encode("latin-1") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
    if "data" not in parts or not parts["data"].get_payload(decode=True):
        raise Refused(codes.IMAGES_INVALID, "The picture is missing or empty.")
    uri = f"tos-alisg-i-aphluv4xwc-sg/{call.world.number('tiktok.image', 9_000_001):032x}"
    use = parts["use_case"].get_content().strip() if "use_case" in parts else "MAIN_IMAGE"
    return {"uri": uri, "url": image_url(uri), "height": 600, "width": 600, "use_case": use}
