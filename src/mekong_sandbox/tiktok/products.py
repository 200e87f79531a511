"""Products, their stock and the warehouses it lies in, as read (protocol notes, section 4)."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from mekong_sandbox.pictures import PREFIX, absolute
from mekong_sandbox.tiktok import codes, taxonomy
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Product, Sku
from mekong_sandbox.tiktok.wire import Key, amount, page, within

STATUSES = (
    "ALL",
    "DRAFT",
    "PENDING",
    "FAILED",
    "ACTIVATE",
    "SELLER_DEACTIVATED",
    "PLATFORM_DEACTIVATED",
    "FREEZE",
    "DELETED",
)
MAX_PRODUCT_IDS = 100
MAX_SKU_IDS = 600


class Search(msgspec.Struct):
    """Filters of a product search; the ends of its windows count in."""

    status: str = "ALL"
    seller_skus: list[str] | None = None
    sku_ids: list[str] | None = None
    create_time_ge: int | None = None
    create_time_le: int | None = None
    update_time_ge: int | None = None
    update_time_le: int | None = None

    def fits(self, product: Product) -> bool:
        if product.status == "DELETED" if self.status == "ALL" else product.status != self.status:
            return False
        if self.seller_skus and not any(sku.seller_sku in self.seller_skus for sku in product.skus):
            return False
        if self.sku_ids and not any(sku.sku_id in self.sku_ids for sku in product.skus):
            return False
        created_before = None if self.create_time_le is None else self.create_time_le + 1
        updated_before = None if self.update_time_le is None else self.update_time_le + 1
        return within(product.created_at, self.create_time_ge, created_before) and within(
            product.updated_at, self.update_time_ge, updated_before
        )


class InventorySearch(msgspec.Struct):
    product_ids: list[str] = []
    sku_ids: list[str] = []


def _place(product: Product) -> Key:
    return product.created_at, product.product_id


def own_product(call: Call) -> Product:
    """The product in the path, of the calling shop. Raises: Refused."""
    product = call.market.products.get(call.ids[0])
    if product is None or product.shop_id != call.shop.shop_id or product.status == "DELETED":
        raise Refused(codes.PRODUCT_NOT_FOUND, "The product does not exist.")
    return product


def _sku_row(call: Call, sku: Sku) -> dict[str, Any]:
    price = amount(sku.price, call.shop.currency)
    stock = call.market.figures(sku, call.request.lag_s)
    return {
        "id": sku.sku_id,
        "seller_sku": sku.seller_sku,
        "price": {"currency": call.shop.currency, "sale_price": price, "tax_exclusive_price": price},
        "inventory": [{"warehouse_id": name, "quantity": held.available} for name, held in stock.items()],
        "status_info": {"status": "NORMAL"},
    }


def search(call: Call) -> dict[str, Any]:
    """A page of products, oldest first."""
    size, wanted = call.page_size(), call.body(Search)
    if wanted.status not in STATUSES:
        raise codes.invalid(f"Invalid status. It must be one of {', '.join(STATUSES)}.")
    found = [one for one in call.market.shop_products.get(call.shop.shop_id, []) if wanted.fits(one)]
    rows, further = page(found, _place, size, call.sent.get("page_token", ""))
    products = [
        {
            "id": one.product_id,
            "title": one.title,
            "status": one.status,
            "create_time": int(one.created_at),
            "update_time": int(one.updated_at),
            "sales_regions": [call.shop.region],
            "is_not_for_sale": False,
            "audit_failed_reasons": _reasons(one),
            "skus": [_sku_row(call, sku) for sku in one.skus],
        }
        for one in rows
    ]
    return {"products": products, "next_page_token": further, "total_count": len(found)}


def image_url(uri: str) -> str:
    """Where a picture can be seen: its own address, or the platform's for an uploaded one."""
    return uri if uri.startswith(("http://", "https://", "/")) else PREFIX + uri.rpartition("/")[2]


def picture_rows(call: Call, uris: list[str]) -> list[dict[str, Any]]:
    """Pictures as answers show them."""
    rows = []
    for uri in uris:
        picture = call.world.pictures.at(image_url(uri))
        urls = [absolute(call.request, image_url(uri))]
        width, height = (picture.width, picture.height) if picture else (600, 600)
        rows.append({"uri": uri, "urls": urls, "thumb_urls": urls, "height": height, "width": width})
    return rows


def attribute_id(*names: str) -> str:
    """A number for a sales attribute or one of its values, the same whenever the names are."""
    return str(7_000_000_000_000_000_000 + zlib.crc32("\0".join(names).encode()))


def attributes_of(sku: Sku) -> list[dict[str, Any]]:
    """The choice a SKU stands for."""
    rows = [
        {"id": attribute_id(name), "name": name, "value_id": attribute_id(name, value), "value_name": value}
        for name, value in sku.attributes.items()
    ]
    for row in rows:
        taxonomy.standard_ids(row)
    return rows


def _reasons(product: Product) -> list[dict[str, Any]]:
    if not product.reasons:
        return []
    return [{"position": "Product", "reasons": product.reasons, "suggestions": [], "listing_platform": "TIKTOK_SHOP"}]


def get_product(call: Call) -> dict[str, Any]:
    """One product in full."""
    product = own_product(call)
    skus = []
    for sku in product.skus:
        chosen = attributes_of(sku)
        if chosen and sku.image:
            chosen[0]["sku_img"] = picture_rows(call, [sku.image])[0]
        row = _sku_row(call, sku) | {"sales_attributes": chosen}
        if sku.barcode:
            row["identifier_code"] = {"code": sku.barcode, "type": "EAN"}
        skus.append(row)
    audited = {"PENDING": "AUDITING", "FAILED": "FAILED"}.get(product.status, "APPROVED")
    return {
        "id": product.product_id,
        "title": product.title,
        "status": product.status,
        "audit": {"status": "NONE" if product.status == "DRAFT" else audited},
        "audit_failed_reasons": _reasons(product),
        "description": product.description,
        "create_time": int(product.created_at),
        "update_time": int(product.updated_at),
        "category_chains": taxonomy.chain(product.category_id),
        "brand": taxonomy.brand_row(product.brand_id),
        "product_attributes": taxonomy.answer_rows(product.answers),
        "main_images": picture_rows(call, product.images),
        "package_dimensions": product.size_cm | {"unit": "CENTIMETER"} if product.size_cm else None,
        "package_weight": {"value": f"{product.weight_g / 1000:g}", "unit": "KILOGRAM"},
        "is_not_for_sale": False,
        "is_cod_allowed": True,
        "skus": skus,
    }


def _inventory_row(call: Call, sku: Sku) -> dict[str, Any]:
    stock = call.market.figures(sku, call.request.lag_s)
    return {
        "id": sku.sku_id,
        "seller_sku": sku.seller_sku,
        "total_available_quantity": sum(held.available for held in stock.values()),
        "total_committed_quantity": sum(held.committed for held in stock.values()),
        "warehouse_inventory": [
            {"warehouse_id": name, "available_quantity": held.available, "committed_quantity": held.committed}
            for name, held in stock.items()
        ],
    }


def inventory_search(call: Call) -> dict[str, Any]:
    """Stock of some products or SKUs; ids that are not the shop's are left out."""
    wanted = call.body(InventorySearch)
    if not wanted.product_ids and not wanted.sku_ids:
        raise codes.invalid("product_ids or sku_ids is required.")
    if len(wanted.sku_ids) > MAX_SKU_IDS or len(wanted.product_ids) > MAX_PRODUCT_IDS:
        raise codes.invalid(f"At most {MAX_SKU_IDS} sku_ids or {MAX_PRODUCT_IDS} product_ids.")
    found: dict[str, list[Sku]] = {}
    if wanted.sku_ids:
        for product, sku in (call.market.skus[one] for one in dict.fromkeys(wanted.sku_ids) if one in call.market.skus):
            if product.shop_id == call.shop.shop_id:
                found.setdefault(product.product_id, []).append(sku)
    else:
        for one in dict.fromkeys(wanted.product_ids):
            if one in call.market.products and call.market.products[one].shop_id == call.shop.shop_id:
                found[one] = call.market.products[one].skus
    rows = [{"product_id": one, "skus": [_inventory_row(call, sku) for sku in skus]} for one, skus in found.items()]
    return {"inventory": rows}


def get_warehouses(call: Call) -> dict[str, Any]:
    """The warehouses that sell, and the one that takes returns."""
    shop = call.shop
    address = {"region": "Việt Nam", "region_code": shop.region, "state": "Hồ Chí Minh", "city": "Phường Xuân Hòa"}
    address |= {"full_address": "1 Võ Văn Tần, Phường Xuân Hòa, Hồ Chí Minh", "contact_person": shop.name}
    common = {"effect_status": "ENABLED", "sub_type": "DOMESTIC_WAREHOUSE", "address": address}
    rows = [
        {"id": one.warehouse_id, "name": one.name, "type": "SALES_WAREHOUSE", "is_default": number == 0, **common}
        for number, one in enumerate(shop.warehouses)
    ]
    back = {"id": shop.return_warehouse, "name": "Kho hoàn", "type": "RETURN_WAREHOUSE", "is_default": True, **common}
    return {"warehouses": [*rows, back]}
