"""Products and variations: read, write one, write many (protocol notes, section 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mekong_sandbox.woocommerce import fields, rows, sales
from mekong_sandbox.woocommerce.gate import Answer, Call, Refused, listed
from mekong_sandbox.woocommerce.model import Product

MAX_BATCH = 100
TYPES = ("simple", "variable", "grouped", "external")
SORTS: dict[str, Callable[[Product], Any]] = {
    "date": lambda one: (int(one.created_at), one.id),
    "modified": lambda one: (int(one.modified_at), one.id),
    "id": lambda one: one.id,
    "title": lambda one: (one.name, one.id),
    "slug": lambda one: (rows.slug_of(one.name), one.id),
}


def _found(call: Call, product_id: int, *, status: int = 404) -> Product:
    """A product of the calling shop by its number. Raises: Refused."""
    product = call.market.products.get(product_id)
    if product is None or product.shop_id != call.shop.shop_id:
        raise Refused("woocommerce_rest_product_invalid_id", "Invalid ID.", status)
    return product


def _variation(call: Call, parent_id: int, variation_id: int, *, status: int = 404) -> Product:
    """A variation below its product. Raises: Refused."""
    product = call.market.products.get(variation_id)
    if product is None or product.shop_id != call.shop.shop_id or product.parent_id != parent_id:
        raise Refused("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", status)
    return product


def _filtered(call: Call) -> list[Product]:
    """The shop's products that fit the filters of the query; trashed ones only when asked for."""
    include, exclude, skus = call.several("include"), call.several("exclude"), call.several("sku")
    status, kind = call.query.get("status", "any"), call.query.get("type", "")
    stock_status, sought = call.query.get("stock_status", ""), call.query.get("search", "").casefold()

    def fits(product: Product) -> bool:
        return (
            (not include or str(product.id) in include)
            and str(product.id) not in exclude
            and (product.sku in skus if skus else product.type != "variation")
            and (status == product.status or (status == "any" and product.status != "trash"))
            and (not kind or kind == product.type)
            and sought in product.name.casefold()
            and (not stock_status or rows.stock_fields(call.market, product, 0.0)["stock_status"] == stock_status)
        )

    return [one for one in call.market.shop_products.get(call.shop.shop_id, {}).values() if fits(one)]


def _listed(call: Call, products: list[Product]) -> list[Product]:
    """Those within the window of dates, in the order asked for. Bounds are left out, and count whole seconds."""
    after, before = call.moment("after"), call.moment("before")
    changed_after, changed_before = call.moment("modified_after"), call.moment("modified_before")
    found = [
        one
        for one in products
        if (after is None or int(one.created_at) > after)
        and (before is None or int(one.created_at) < before)
        and (changed_after is None or int(one.modified_at) > changed_after)
        and (changed_before is None or int(one.modified_at) < changed_before)
    ]
    orderby = call.choice("orderby", "date", (*SORTS, "include", "price", "popularity", "rating", "menu_order"))
    descending = call.choice("order", "desc", ("asc", "desc")) == "desc"
    return sorted(found, key=SORTS.get(orderby, SORTS["date"]), reverse=descending)


def list_products(call: Call) -> Answer:
    """A page of products; by `sku` variations are found too."""
    found = _listed(call, _filtered(call))
    return call.page(found, lambda one: rows.product_row(call.market, one, call.request.lag_s))


def get_product(call: Call) -> Answer:
    """One product, or one variation by its own number."""
    return rows.product_row(call.market, _found(call, call.ids[0]), call.request.lag_s)


def list_variations(call: Call) -> Answer:
    """A page of the variations of a product."""
    parent = _found(call, call.ids[0])
    own = [call.market.products[number] for number in parent.variations]
    skus, include = call.several("sku"), call.several("include")
    own = [one for one in own if (not skus or one.sku in skus) and (not include or str(one.id) in include)]
    return call.page(_listed(call, own), lambda one: rows.variation_row(call.market, one, call.request.lag_s))


def get_variation(call: Call) -> Answer:
    """One variation."""
    return rows.variation_row(call.market, _variation(call, *call.ids[:2]), call.request.lag_s)


# -- writes


def _update(call: Call, product: Product, sent: dict[str, Any]) -> None:
    fields.write(call, product, sent)
    call.market.save_product(product)
    sales.plan(call.market, product)


def _make(call: Call, sent: dict[str, Any], parent: Product | None) -> Product:
    stamp = call.world.clock.stamp()
    kind = "variation" if parent else fields.word(sent, "type", TYPES) or "simple"
    product = Product(0, call.shop.shop_id, "", "", stamp, stamp, type=kind, manage_stock=False, stock_quantity=None)
    fields.write(call, product, sent, parent)
    product.id = call.market.number()
    if parent is not None:
        product.parent_id, product.name = parent.id, parent.name
        parent.variations.append(product.id)
        parent.type = "variable"
        call.world.store.save("woocommerce.product", parent.id, parent)
    call.market.add_product(product)
    call.market.push.product(product, "created")
    sales.plan(call.market, product)
    return product


def create_product(call: Call) -> Answer:
    """A new product."""
    return rows.product_row(call.market, _make(call, call.sent, None))


def create_variation(call: Call) -> Answer:
    """A new variation of a product."""
    return rows.variation_row(call.market, _make(call, call.sent, _found(call, call.ids[0])))


def _writable(call: Call, product_id: int) -> Product:
    product = _found(call, product_id, status=400)
    if product.parent_id:
        text = "To manipulate product variations you should use the /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
        raise Refused("woocommerce_rest_invalid_product_id", text, 404)
    return product


def update_product(call: Call) -> Answer:
    """Write some fields of a product."""
    product = _writable(call, call.ids[0])
    _update(call, product, call.sent)
    return rows.product_row(call.market, product)


def update_variation(call: Call) -> Answer:
    """Write some fields of a variation."""
    product = _variation(call, *call.ids[:2], status=400)
    _update(call, product, call.sent)
    return rows.variation_row(call.market, product)


def _delete(call: Call, product: Product, *, force: bool) -> None:
    if force:
        call.market.remove_product(product)
        return
    if product.status == "trash":
        raise Refused("woocommerce_rest_already_trashed", "The Product has already been deleted.", 410)
    product.status, product.modified_at = "trash", call.world.clock.stamp()
    call.world.store.save("woocommerce.product", product.id, product)
    call.market.push.product(product, "deleted")


def delete_product(call: Call) -> Answer:
    """Put a product in the trash, or with `force` away for good."""
    product = _found(call, call.ids[0])
    before = rows.product_row(call.market, product)
    _delete(call, product, force=call.flag("force"))
    return before if call.flag("force") else rows.product_row(call.market, product)


def delete_variation(call: Call) -> Answer:
    """Take a variation away."""
    product = _variation(call, *call.ids[:2])
    before = rows.variation_row(call.market, product)
    _delete(call, product, force=True)
    return before


Batch = dict[str, Callable[[Any], dict[str, Any]]]


def batch(call: Call, acts: Batch) -> Answer:
    """Create, update and delete many, each for itself: what cannot be done is named in its place. Raises: Refused."""
    lists = {name: listed(call.sent, name) for name in acts}
    if sum(len(items) for items in lists.values()) > MAX_BATCH:
        text = f"Unable to accept more than {MAX_BATCH} items for this request."
        raise Refused("woocommerce_rest_request_entity_too_large", text, 413)
    done: dict[str, list[dict[str, Any]]] = {}
    for name, items in lists.items():
        for item in items:
            number = item.get("id", 0) if isinstance(item, dict) else item
            try:
                row = acts[name](item)
            except Refused as refused:
                row = {"id": 0 if name == "create" else number, "error": refused.row()}
            done.setdefault(name, []).append(row)
    return done


def _number(item: Any) -> int:
    value = item.get("id", 0) if isinstance(item, dict) else item
    return int(value) if str(value).isdecimal() else 0


def batch_products(call: Call) -> Answer:
    """Up to 100 products at once."""

    def update(item: Any) -> dict[str, Any]:
        product = _writable(call, _number(item))
        _update(call, product, fields.loose(item))
        return rows.product_row(call.market, product)

    def delete(item: Any) -> dict[str, Any]:
        product = _found(call, _number(item))
        row = rows.product_row(call.market, product)
        _delete(call, product, force=True)
        return row

    def create(item: Any) -> dict[str, Any]:
        return rows.product_row(call.market, _make(call, fields.loose(item), None))

    return batch(call, {"create": create, "update": update, "delete": delete})


def batch_variations(call: Call) -> Answer:
    """Up to 100 variations of one product at once."""
    parent = _found(call, call.ids[0])

    def update(item: Any) -> dict[str, Any]:
        product = _variation(call, parent.id, _number(item), status=400)
        _update(call, product, fields.loose(item))
        return rows.variation_row(call.market, product)

    def delete(item: Any) -> dict[str, Any]:
        product = _variation(call, parent.id, _number(item))
        row = rows.variation_row(call.market, product)
        _delete(call, product, force=True)
        return row

    def create(item: Any) -> dict[str, Any]:
        return rows.variation_row(call.market, _make(call, fields.loose(item), parent))

    return batch(call, {"create": create, "update": update, "delete": delete})
