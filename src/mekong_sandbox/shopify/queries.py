"""The queries: shop, locations, products, stock, orders, fulfilment, subscriptions."""

from __future__ import annotations

from mekong_sandbox.shopify import hooks, rows
from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.model import Fulfillment, FulfillmentOrder, Order, Product, Variant
from mekong_sandbox.shopify.rows import number_of
from mekong_sandbox.shopify.search import Facts, connection, matches


def get_shop(call: Call, args: Arguments) -> Node:
    """The shop."""
    return call.nodes.shop_node()


def get_installation(call: Call, args: Arguments) -> Node:
    """What the calling app may do."""
    scopes = [{"__typename": "AccessScope", "handle": one} for one in call.grant.scope.split(",") if one]
    return {
        "__typename": "AppInstallation",
        "id": rows.gid("AppInstallation", call.shop.number),
        "accessScopes": scopes,
    }


def get_location(call: Call, args: Arguments) -> Node | None:
    """One location; without an id the first."""
    place = call.nodes.place_by_id(args["id"]) if args.get("id") else call.shop.places[0]
    return call.nodes.place(place) if place else None


def get_locations(call: Call, args: Arguments) -> Node:
    """The locations."""
    return call.nodes.places(args)


def get_publications(call: Call, args: Arguments) -> Node:
    """The sales channels: the online store alone."""

    def node(number: int) -> Node:
        return {"__typename": "Publication", "id": rows.gid("Publication", number), "name": "Online Store"}

    return connection("Publication", args, [call.shop.number], lambda one: [one], node)


def _own_product(call: Call, value: object) -> Product | None:
    product = call.market.products.get(number_of(value, "Product"))
    return product if product is not None and product.shop_id == call.shop.shop_id else None


def _is_own(call: Call, found: tuple[Product, Variant] | None) -> bool:
    if found is None or found[0].shop_id != call.shop.shop_id:
        return False
    return found[0].id in call.market.products and found[1] in found[0].variants


def _own_variant(call: Call, value: object) -> tuple[Product, Variant] | None:
    found = call.market.variants.get(number_of(value, "ProductVariant"))
    return found if _is_own(call, found) else None


def _own_item(call: Call, value: object) -> tuple[Product, Variant] | None:
    found = call.market.items.get(number_of(value, "InventoryItem"))
    return found if _is_own(call, found) else None


def get_product(call: Call, args: Arguments) -> Node | None:
    """One product."""
    product = _own_product(call, args.get("id"))
    return call.nodes.product(product) if product else None


def get_variant(call: Call, args: Arguments) -> Node | None:
    """One variant."""
    found = _own_variant(call, args.get("id"))
    return call.nodes.variant(*found) if found else None


def get_item(call: Call, args: Arguments) -> Node | None:
    """One inventory item."""
    found = _own_item(call, args.get("id"))
    return call.nodes.item(*found) if found else None


def get_level(call: Call, args: Arguments) -> Node | None:
    """The stock of an item at a location."""
    text = str(args.get("id"))
    found = _own_item(call, f"gid://shopify/InventoryItem/{text.partition('inventory_item_id=')[2]}")
    place_id = number_of(text, "InventoryLevel")
    return call.nodes.level(*found, place_id) if found and place_id in found[1].levels else None


def _product_facts(product: Product) -> Facts:
    return {
        "text": product.title,
        "id": product.id,
        "title": product.title,
        "handle": product.handle or rows.handle_of(product.title),
        "status": product.status,
        "sku": [one.sku for one in product.variants],
        "barcode": [one.barcode for one in product.variants],
        "created_at": product.created_at,
        "updated_at": product.updated_at,
        "inventory_total": sum(one.available() for one in product.variants),
    }


def _searched(call: Call, args: Arguments, facts: Facts) -> bool:
    return matches(str(args.get("query") or ""), facts, call.shop.utc_offset_h)


def get_products(call: Call, args: Arguments) -> Node:
    """A page of products."""
    own = call.market.shop_products.get(call.shop.shop_id, {}).values()
    found = [one for one in own if _searched(call, args, _product_facts(one))]
    sorts = {
        "TITLE": lambda one: [one.title, one.id],
        "CREATED_AT": lambda one: [one.created_at, one.id],
        "UPDATED_AT": lambda one: [one.updated_at, one.id],
    }
    key = sorts.get(str(args.get("sortKey")), lambda one: [one.id])
    return connection("Product", args, found, key, call.nodes.product)


def all_variants(call: Call, args: Arguments) -> list[tuple[Product, Variant]]:
    """The variants that fit the search."""
    own = call.market.shop_products.get(call.shop.shop_id, {}).values()
    return [
        (product, one)
        for product in own
        for one in product.variants
        if _searched(call, args, _variant_facts(product, one))
    ]


def _variant_facts(product: Product, variant: Variant) -> Facts:
    return {
        "text": f"{product.title} {variant.title} {variant.sku}",
        "id": variant.id,
        "sku": variant.sku,
        "barcode": variant.barcode,
        "title": variant.title,
        "product_id": product.id,
        "product_status": product.status,
        "updated_at": product.updated_at,
        "inventory_quantity": variant.available(),
    }


def get_variants(call: Call, args: Arguments) -> Node:
    """A page of variants."""
    found = all_variants(call, args)
    return connection("ProductVariant", args, found, lambda one: [one[1].id], lambda one: call.nodes.variant(*one))


def get_items(call: Call, args: Arguments) -> Node:
    """A page of inventory items."""
    found = all_variants(call, args)
    return connection("InventoryItem", args, found, lambda one: [one[1].item_id], lambda one: call.nodes.item(*one))


def _order_facts(order: Order) -> Facts:
    closed = order.closed_at is not None
    statuses = ["cancelled"] if order.cancelled_at is not None else []
    statuses += ["closed"] if closed else ["open", "not_closed"]
    # The words of the search differ from those of the answers.
    fulfilment = {"PARTIALLY_FULFILLED": ["partial", "shipped"], "FULFILLED": ["fulfilled", "shipped"]}
    return {
        "text": f"{order.name} {order.email} {' '.join(order.address.values())}",
        "id": order.id,
        "name": [order.name, order.name[1:]],
        "status": statuses,
        "financial_status": order.financial,
        "fulfillment_status": fulfilment.get(order.fulfilment(), ["unfulfilled", "unshipped"]),
        "created_at": order.created_at,
        "processed_at": order.created_at,
        "updated_at": order.updated_at,
        "sku": [line.sku for line in order.lines],
        "email": order.email,
    }


def get_orders(call: Call, args: Arguments) -> Node:
    """A page of orders, by the moment they were placed unless sorted otherwise."""
    seen_at = call.world.clock.stamp() - call.request.lag_s if call.request.lag_s > 0 else 2.0**40
    own = [one for one in call.market.shop_orders.get(call.shop.shop_id, []) if one.updated_at <= seen_at]
    found = [one for one in own if _searched(call, args, _order_facts(one))]
    sorts = {"UPDATED_AT": lambda one: [one.updated_at, one.id], "ID": lambda one: [one.id]}
    key = sorts.get(str(args.get("sortKey")), lambda one: [one.created_at, one.id])
    return connection("Order", args, found, key, call.nodes.order)


def own_order(call: Call, value: object) -> Order | None:
    """An order of the calling shop."""
    order = call.market.orders.get(number_of(value, "Order"))
    return order if order is not None and order.shop_id == call.shop.shop_id else None


def get_order(call: Call, args: Arguments) -> Node | None:
    """One order."""
    order = own_order(call, args.get("id"))
    return call.nodes.order(order) if order else None


def get_work(call: Call, args: Arguments) -> Node | None:
    """One fulfilment order."""
    number = number_of(args.get("id"), "FulfillmentOrder")
    order = call.market.work.get(number)
    if order is None or order.shop_id != call.shop.shop_id:
        return None
    work: FulfillmentOrder = next(one for one in order.work if one.id == number)
    return call.nodes.work(order, work)


def all_work(call: Call, args: Arguments) -> Node:
    own = [(order, one) for order in call.market.shop_orders.get(call.shop.shop_id, []) for one in order.work]
    closed = args.get("includeClosed") is True
    facts = [(pair, {"id": pair[1].id, "status": pair[1].status, "order_id": pair[0].id}) for pair in own]
    found = [pair for pair, fact in facts if (closed or pair[1].status != "CLOSED") and _searched(call, args, fact)]
    return connection("FulfillmentOrder", args, found, lambda one: [one[1].id], lambda one: call.nodes.work(*one))


def get_parcel(call: Call, args: Arguments) -> Node | None:
    """One fulfilment."""
    number = number_of(args.get("id"), "Fulfillment")
    order = call.market.parcels.get(number)
    if order is None or order.shop_id != call.shop.shop_id:
        return None
    parcel: Fulfillment = next(one for one in order.fulfillments if one.id == number)
    return call.nodes.parcel(order, parcel)


def get_hook(call: Call, args: Arguments) -> Node | None:
    """One subscription of the calling app."""
    hook = hooks.own_hook(call, args.get("id"))
    return call.nodes.hook(hook) if hook else None


def get_hooks(call: Call, args: Arguments) -> Node:
    """A page of its subscriptions."""
    topics = args.get("topics")
    found = [one for one in hooks.own_hooks(call) if not topics or one.topic in [hooks.BY_NAME.get(t) for t in topics]]
    return connection("WebhookSubscription", args, found, lambda one: [one.id], call.nodes.hook)


def get_job(call: Call, args: Arguments) -> Node:
    """A job; here all are done when they are asked for."""
    return {"__typename": "Job", "id": args.get("id"), "done": True}


BY_KIND = {
    "Product": get_product,
    "ProductVariant": get_variant,
    "InventoryItem": get_item,
    "InventoryLevel": get_level,
    "Location": get_location,
    "Order": get_order,
    "FulfillmentOrder": get_work,
    "Fulfillment": get_parcel,
    "WebhookSubscription": get_hook,
    "Job": get_job,
}


def get_node(call: Call, args: Arguments) -> Node | None:
    """One object by its id."""
    kind = str(args.get("id")).removeprefix("gid://shopify/").partition("/")[0]
    found = BY_KIND.get(kind)
    return found(call, args) if found else None


def get_nodes(call: Call, args: Arguments) -> list[Node | None]:
    """Several objects by their ids; null for what is not there."""
    ids = args.get("ids")
    if not isinstance(ids, list):
        raise GraphError("ids must be a list", "INVALID_VARIABLE")
    return [get_node(call, {"id": one}) for one in ids]
