"""Facts as other systems are told them: public ids and SKUs in place of our own numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from mekong.catalog import queries as catalog
from mekong.catalog.events import PriceChanged, ProductArchived, ProductCreated, ProductUpdated
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import NotFound
from mekong.foundation.ids import public
from mekong.orders import queries as orders
from mekong.orders.events import OrderReturned

_PRODUCTS = (ProductCreated, ProductUpdated, PriceChanged, ProductArchived)


def data_of(event: Any) -> dict[str, Any]:
    """The `data` of a webhook's message. A product that is gone by now keeps its SKUs and loses its id.

    At most two statements.
    """
    if isinstance(event, _PRODUCTS):
        return _of_product(event)
    data = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    if "order_id" in data:
        data["order_id"] = public("ord", UUID(data["order_id"]))
    if isinstance(event, OrderReturned):
        data["lines"] = [{"line": line, "quantity": units, "grade": grade} for line, units, grade in event.lines]
    return data


def _of_product(event: Any) -> dict[str, Any]:
    ids = [event.variant_id] if isinstance(event, PriceChanged) else list(event.variant_ids)
    variants = catalog.variants_by_id(actor=SYSTEM, ids=ids)
    known = next(iter(variants.values()), None)
    if known is None:
        known = next(
            iter(catalog.variants_of(actor=SYSTEM, product_ids=[event.product_id]).get(event.product_id, ())), None
        )
    data: dict[str, Any] = {"product_id": public("prd", known.product_uid) if known else None}
    if isinstance(event, PriceChanged):
        data["sku"] = variants[event.variant_id].sku if event.variant_id in variants else None
        data |= {name: getattr(event, name) for name in ("old_price_minor", "price_minor", "currency", "price_version")}
    else:
        data["skus"] = [variants[each].sku for each in ids if each in variants]
    return data


def person_of(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The buyer of the order a message is about, as the order has them now; None when it is about no order."""
    if not isinstance(data.get("order_id"), str):
        return None
    try:
        order = orders.get_order(actor=SYSTEM, code=data["order_id"])
    except NotFound:
        return None
    return {
        "name": order.customer_name,
        "phone": order.customer_phone,
        "shipping_address": dict(order.shipping_address),
    }
