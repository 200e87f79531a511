"""Where a shop's events go, set over the API (protocol notes, section 7)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.pages.consent import is_web
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Webhook
from mekong_sandbox.tiktok.push import EVENTS


class EventBody(msgspec.Struct):
    event_type: str
    address: str = ""


def _event(call: Call) -> EventBody:
    body = call.body(EventBody)
    if body.event_type not in EVENTS:
        raise codes.invalid("Invalid event_type.")
    return body


def get_webhooks(call: Call) -> dict[str, Any]:
    """The addresses set for the shop by the calling app; those of the app itself are not among them."""
    rows = [
        {
            "event_type": name,
            "address": one.address,
            "create_time": int(one.created_at * 1000),
            "update_time": int(one.updated_at * 1000),
        }
        for name, one in call.shop.webhooks.get(call.app.app_key, {}).items()
    ]
    return {"webhooks": rows, "total_count": len(rows)}


def put_webhook(call: Call) -> dict[str, Any]:
    """Send events of one type elsewhere."""
    body, stamp = _event(call), call.world.clock.stamp()
    if not is_web(body.address):
        raise codes.invalid("Invalid address.")
    own = call.shop.webhooks.setdefault(call.app.app_key, {})
    before = own.get(body.event_type)
    own[body.event_type] = Webhook(body.address, before.created_at if before else stamp, stamp)
    call.market.save_shop(call.shop)
    return {}


def delete_webhook(call: Call) -> dict[str, Any]:
    """Let them go where the app's events go; repeating changes nothing."""
    call.shop.webhooks.get(call.app.app_key, {}).pop(_event(call).event_type, None)
    call.market.save_shop(call.shop)
    return {}
