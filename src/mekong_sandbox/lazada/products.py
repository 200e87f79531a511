"""Products, price and stock (protocol notes, section 5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mekong_sandbox.lazada.gate import Answer, Call, Flat, Refused
from mekong_sandbox.lazada.model import Held, Product, Sku
from mekong_sandbox.lazada.payload import skus_of
from mekong_sandbox.lazada.special import Special, Wrong, check, give, read, special_of
from mekong_sandbox.money import exact_minor, to_number
from mekong_sandbox.pictures import absolute

FILTERS: dict[str, Callable[[Product], bool]] = {
    "all": lambda product: product.status != "Deleted",
    "live": lambda product: product.status == "Active",
    "inactive": lambda product: product.status == "InActive",
    "deleted": lambda product: product.status == "Deleted",
    "pending": lambda product: product.status == "Pending",
    "rejected": lambda product: product.status == "Rejected",
    "sold-out": lambda product: product.status == "Active" and not any(sku.sellable() for sku in product.skus),
}


PACKAGE = {"package_weight": "0.25", "package_height": "3", "package_length": "20", "package_width": "15"}
"""Of listings that were made by a control call."""


class Failed(Exception):
    """One SKU of a write cannot be done."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field, self.message = code, field, message


def moment(call: Call, name: str, code: str) -> float | None:
    """An ISO-8601 parameter as unix seconds; None when not sent. Raises: Refused."""
    value = call.sent.get(name, "")
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise Refused(code, f'"{value}" Invalid Date Format') from None
    return parsed.timestamp()


def _sku_row(call: Call, product: Product, sku: Sku) -> dict[str, Any]:
    stock = call.market.figures(sku, call.request.lag_s)
    total = sum(held.total for held in stock.values())
    row: dict[str, Any] = {
        "SkuId": sku.sku_id,
        "SellerSku": sku.seller_sku,
        "ShopSku": f"{product.item_id}_VNAMZ-{sku.sku_id}",
        "Status": sku.status,
        "quantity": total,
        "Available": sum(held.sellable() for held in stock.values()),
        "price": float(to_number(sku.price, call.seller.currency)),
        "special_price": float(to_number(sku.special_price, call.seller.currency)),
        "special_from_date": sku.special_from[:10],
        "special_to_date": sku.special_to[:10],
        "special_from_time": sku.special_from,
        "special_to_time": sku.special_to,
        "special_time_format": "yyyy-MM-dd HH:mm:ss",
        **(PACKAGE | sku.package),
        "Url": f"https://www.lazada.example/products/i{product.item_id}-s{sku.sku_id}.html",
        "Images": [absolute(call.request, url) for url in sku.images or ([sku.image] if sku.image else [])],
        "saleProp": sku.sale_prop,
        "multiWarehouseInventories": [
            {
                "warehouseCode": name,
                "totalQuantity": held.total,
                "sellableQuantity": held.sellable(),
                "occupyQuantity": held.occupy,
                "withholdQuantity": held.withhold,
                "quantity": held.total,
            }
            for name, held in stock.items()
        ],
        "channelInventories": [],
    }
    if sku.barcode:
        row["barcode_ean"] = sku.barcode
    return row


def product_row(call: Call, product: Product) -> dict[str, Any]:
    """A product as answers show it."""
    attributes = {"name": product.name, "description": product.description, "brand": product.brand}
    row: dict[str, Any] = {
        "item_id": product.item_id,
        "primary_category": product.category,
        "status": product.status,
        "created_time": str(int(product.created_at * 1000)),
        "updated_time": str(int(product.updated_at * 1000)),
        "images": [absolute(call.request, url) for url in product.images],
        "attributes": attributes | product.attributes,
        "variation": _variation(product),
        "skus": [_sku_row(call, product, sku) for sku in product.skus if sku.status != "deleted"],
    }
    if product.reason:
        row["rejectReason"] = [{"suggestion": "", "violationDetail": product.reason}]
    return row


def _variation(product: Product) -> dict[str, Any]:
    """The choices of a product, in the order of its first SKU."""
    live = [sku for sku in product.skus if sku.status != "deleted"]
    names = list(live[0].sale_prop) if live else []
    return {
        f"Variation{place}": {
            "name": name,
            "hasImage": place == 1 and any(sku.images for sku in live),
            "customize": name in product.custom,
            "options": list(dict.fromkeys(sku.sale_prop[name] for sku in live if name in sku.sale_prop)),
        }
        for place, name in enumerate(names, 1)
    }


def get_products(call: Call) -> Answer:
    """A page of products, oldest first."""
    limit = call.number("limit", 20, least=1, most=50, code="19")
    offset = call.number("offset", 0, least=0, most=10_000, code="14")
    accepts = FILTERS.get(call.text("filter", "all"))
    if accepts is None:
        raise Refused("36", "Invalid status filter")
    window = [moment(call, name, "17") for name in ("create_after", "create_before", "update_after", "update_before")]
    wanted = call.json("sku_seller_list") if call.sent.get("sku_seller_list") else None

    def fits(product: Product) -> bool:
        created_after, created_before, updated_after, updated_before = window
        return (
            accepts(product)
            and (created_after is None or product.created_at >= created_after)
            and (created_before is None or product.created_at <= created_before)
            and (updated_after is None or product.updated_at >= updated_after)
            and (updated_before is None or product.updated_at <= updated_before)
            and (wanted is None or any(sku.seller_sku in wanted for sku in product.skus))
        )

    products = call.market.seller_products.get(call.seller.seller_id, [])
    found = [product for product in products if fits(product)]
    page = found[offset : offset + limit]
    return {"total_products": len(found), "products": [product_row(call, product) for product in page]}


def get_item(call: Call) -> Answer:
    """One product by item id or one of its seller SKUs."""
    item_id, seller_sku = call.text("item_id", ""), call.text("seller_sku", "")
    product = call.market.products.get(int(item_id)) if item_id.isdecimal() else None
    if product is None and seller_sku:
        found = call.market.by_seller_sku.get((call.seller.seller_id, seller_sku))
        product = found[0] if found else None
    if product is None or product.seller_id != call.seller.seller_id or product.status == "Deleted":
        raise Refused("E0501" if not item_id else "208", "ITEM_NOT_FOUND", "ISP")
    return product_row(call, product)


# -- writes of price and stock


def _sku_of(call: Call, row: dict[str, Any]) -> tuple[Product, Sku]:
    sku_id, seller_sku = str(row.get("SkuId", "")), str(row.get("SellerSku", ""))
    if call.world.settings.lazada_require_item_ids and not (sku_id and row.get("ItemId")):
        raise Failed("E0501", "ItemId", "ItemId and SkuId are required")
    if sku_id:
        found = call.market.skus.get(int(sku_id)) if sku_id.isdecimal() else None
    else:
        found = call.market.by_seller_sku.get((call.seller.seller_id, seller_sku))
    if found is None or found[0].seller_id != call.seller.seller_id or found[0].status == "Deleted":
        raise Failed("E0501", "SkuId", "ITEM_NOT_FOUND")
    product, sku = found
    if str(row.get("ItemId", product.item_id)) != str(product.item_id) or (seller_sku and seller_sku != sku.seller_sku):
        raise Failed("E0501", "ItemId", "ITEM_NOT_FOUND")
    return product, sku


def whole(value: Any, field: str, *, negative: bool = False) -> int:
    text = str(value).strip()
    digits = text.removeprefix("-") if negative else text
    if not digits.isdecimal():
        raise Failed("212", field, f"{field} must be a whole number that is not negative")
    return int(text)


def _by_warehouse(call: Call, row: dict[str, Any], field: str, *, negative: bool = False) -> dict[str, int]:
    """Figures per warehouse of a row: those listed, or the one directly under Sku for the first warehouse."""
    figures: dict[str, int] = {}
    if row.get(field, "") != "":
        figures[call.seller.warehouses[0]] = whole(row[field], field, negative=negative)
    listed = row.get("MultiWarehouseInventories") or []
    for one in listed if isinstance(listed, list) else []:
        code = str(one.get("WarehouseCode", ""))
        if code not in call.seller.warehouses:
            raise Failed("4171", "WarehouseCode", f"Warehouse {code} not found")
        value = one.get(field, one.get("Quantity", ""))
        figures[code] = whole(value, field, negative=negative)
    return figures


def _write(call: Call, write: Callable[[Call, dict[str, Any], Product, Sku], None]) -> Answer:
    """Do the SKUs of a payload one by one; those that fail are named in `detail`."""
    rows = skus_of(call)
    detail: list[dict[str, Any]] = []
    changed: dict[int, Product] = {}
    first = ""
    for row in rows:
        try:
            product, sku = _sku_of(call, row)
            write(call, row, product, sku)
            changed[product.item_id] = product
        except Failed as failed:
            first = first or failed.code
            seller_sku = row.get("SellerSku", "")
            detail.append({"field": failed.field, "seller_sku": seller_sku, "sku_id": row.get("SkuId", "")})
            detail[-1]["message"] = f"{failed.code}: {failed.message}"
    for product in changed.values():
        call.market.save_product(product)
    if not detail:
        return None
    if call.world.settings.lazada_detail_with_code_zero:
        return Flat(detail=detail)
    raise Refused(first, "Some SKUs were not updated", "ISP", detail)


def _set_total(call: Call, sku: Sku, warehouse: str, total: int) -> None:
    held = sku.stock.get(warehouse)
    if held is None:
        held = sku.stock[warehouse] = Held(0)
    if total < held.withhold + held.occupy:
        raise Failed("4171", "Quantity", f"Quantity is below the {held.withhold + held.occupy} units held for orders")
    call.market.before_stock_change(sku)
    held.total = total


def _price(call: Call, row: dict[str, Any], sku: Sku) -> int:
    """The price without a sale as a row writes it, else as it is."""
    if row.get("Price", "") == "":
        return sku.price
    try:
        price = exact_minor(row["Price"], call.seller.currency)
    except ValueError:
        text = f"BIZ_CHECK_PRICE_PRECISION_INVALID: {row['Price']} is not a price of this currency"
        raise Failed("4104", "Price", text) from None
    if price <= 0:
        raise Failed("4118", "Price", "BIZ_CHECK_PRICE_IS_ZERO: Price must be more than 0")
    return price


def _special(call: Call, row: dict[str, Any], sku: Sku, price: int) -> Special:
    """The special price as a row writes it, else as it is; either must be lower than the price."""
    names = ("SalePrice", "SaleStartDate", "SaleEndDate")
    sent = [str(row.get(name, "")) for name in names]
    now, least_bp = call.world.clock.now(), call.world.settings.lazada_special_least_bp
    try:
        special = read(*sent, country=call.seller.country, currency=call.seller.currency) or special_of(sku)
        check(special, price, now=now, least_bp=least_bp)
    except Wrong as wrong:
        raise Failed(wrong.code, names[wrong.place], f"{wrong.name}: {wrong.message}") from None
    return special


def _price_and_quantity(call: Call, row: dict[str, Any], product: Product, sku: Sku) -> None:
    figures = _by_warehouse(call, row, "Quantity")
    price = _price(call, row, sku)
    special = _special(call, row, sku, price)
    for warehouse, total in figures.items():
        _set_total(call, sku, warehouse, total)
    sku.price = price
    give(sku, special)


def price_quantity_update(call: Call) -> Answer:
    """Price and total quantity."""
    return _write(call, _price_and_quantity)


def _sellable(call: Call, row: dict[str, Any], product: Product, sku: Sku) -> None:
    figures = _by_warehouse(call, row, "SellableQuantity")
    if not figures:
        raise Failed("5", "SellableQuantity", "SellableQuantity is missing")
    for warehouse, sellable in figures.items():
        held = sku.stock.get(warehouse) or Held(0)
        _set_total(call, sku, warehouse, sellable + held.withhold + held.occupy)


def sellable_update(call: Call) -> Answer:
    """What buyers can order, absolute."""
    return _write(call, _sellable)


def _adjust(call: Call, row: dict[str, Any], product: Product, sku: Sku) -> None:
    figures = _by_warehouse(call, row, "SellableQuantity", negative=True)
    if not figures:
        raise Failed("5", "SellableQuantity", "SellableQuantity is missing")
    for warehouse, change in figures.items():
        held = sku.stock.get(warehouse) or Held(0)
        if held.sellable() + change < 0:
            raise Failed("212", "SellableQuantity", "The sellable quantity would be negative")
        _set_total(call, sku, warehouse, held.total + change)


def sellable_adjust(call: Call) -> Answer:
    """What buyers can order, as a change."""
    return _write(call, _adjust)
