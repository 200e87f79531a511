"""The few REST calls that are stood in for; the platform calls REST legacy."""

from __future__ import annotations

import msgspec

from mekong_sandbox.http import Reply, json_reply
from mekong_sandbox.shopify import rows
from mekong_sandbox.shopify.gate import Call, below
from mekong_sandbox.shopify.queries import own_order


class _LevelBody(msgspec.Struct):
    location_id: int
    inventory_item_id: int
    available: int


def shop(call: Call) -> Reply:
    """The shop."""
    own = call.shop
    row = {"id": own.number, "name": own.name, "myshopify_domain": own.domain, "domain": own.domain}
    return json_reply({"shop": row | {"currency": own.currency, "iana_timezone": "Asia/Ho_Chi_Minh"}})


def locations(call: Call) -> Reply:
    """Its locations."""
    found = [{"id": one.id, "name": one.name, "active": True, "country_code": "VN"} for one in call.shop.places]
    return json_reply({"locations": found})


def set_level(call: Call) -> Reply:
    """Write what is available; REST compares nothing."""
    try:
        sent = msgspec.json.decode(call.request.body, type=_LevelBody, strict=False)
    except (msgspec.DecodeError, msgspec.ValidationError) as bad:
        return json_reply({"errors": {"base": [str(bad)]}}, 400)
    found = call.market.items.get(sent.inventory_item_id)
    if found is None or found[0].shop_id != call.shop.shop_id or sent.location_id not in found[1].levels:
        return json_reply({"errors": "Not Found"}, 404)
    delta = sent.available - found[1].levels[sent.location_id].available
    if delta:
        call.market.change_level(*found, sent.location_id, delta, 0)
    return json_reply({"inventory_level": rows.level_row(call.shop, found[1], sent.location_id)})


def order(call: Call) -> Reply:
    """One order."""
    number = below(call.request).rpartition("/")[2].removesuffix(".json")
    found = own_order(call, number)
    if found is None:
        return json_reply({"errors": "Not Found"}, 404)
    return json_reply({"order": rows.order_row(call.shop, found)})
