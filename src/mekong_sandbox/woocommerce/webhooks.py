"""Webhooks as a shop's software manages them (protocol notes, section 1)."""

from __future__ import annotations

import re
import secrets
from typing import Any

from mekong_sandbox.pages.consent import is_web
from mekong_sandbox.woocommerce import rows
from mekong_sandbox.woocommerce.gate import Answer, Call, Refused, missing
from mekong_sandbox.woocommerce.model import Shop, Webhook
from mekong_sandbox.woocommerce.products import batch

TOPIC = re.compile(r"(coupon|customer|order|product)\.(created|updated|deleted|restored)|action\.\w+")
STATUSES = ("active", "paused", "disabled")


def webhook_row(shop: Shop, hook: Webhook) -> dict[str, Any]:
    """A webhook; its secret is never shown."""
    row = {"id": hook.id, "name": hook.name, "status": hook.status, "topic": hook.topic}
    row |= {"resource": hook.resource, "event": hook.event, "hooks": [], "delivery_url": hook.delivery_url}
    return row | rows.dates("date_created", hook.created_at, shop) | rows.dates("date_modified", hook.modified_at, shop)


def _own(call: Call, number: int, *, status: int = 404) -> Webhook:
    hook = call.market.webhooks.get(number)
    if hook is None or hook.shop_id != call.shop.shop_id:
        raise Refused("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", status)
    return hook


def _checked(sent: dict[str, Any]) -> dict[str, str]:
    """The fields sent, those that are there. Raises: Refused."""
    fields = {name: str(sent[name]) for name in ("name", "topic", "delivery_url", "secret", "status") if sent.get(name)}
    if not TOPIC.fullmatch(fields.get("topic", "order.created")):
        raise Refused("woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid.", 400)
    if not is_web(fields.get("delivery_url", "http://")):
        text = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise Refused("woocommerce_rest_shop_webhook_invalid_delivery_url", text, 400)
    if fields.get("status", "active") not in STATUSES:
        raise Refused("woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.", 400)
    return fields


def _make(call: Call, sent: dict[str, Any]) -> Webhook:
    absent = [name for name in ("topic", "delivery_url") if not sent.get(name)]
    if absent:
        raise missing(*absent)
    fields, stamp = _checked(sent), call.world.clock.stamp()
    hook = Webhook(
        call.world.number("woocommerce.webhook", 12),
        call.shop.shop_id,
        fields.get("name", "Webhook"),
        fields["topic"],
        fields["delivery_url"],
        fields.get("secret", secrets.token_urlsafe(37)),
        stamp,
        stamp,
        fields.get("status", "active"),
    )
    call.market.save_webhook(hook)
    call.market.push.ping(hook)
    return hook


def _change(call: Call, hook: Webhook, sent: dict[str, Any]) -> Webhook:
    for name, value in _checked(sent).items():
        setattr(hook, name, value)
    if sent.get("status") == "active":
        hook.failures = 0
    hook.modified_at = call.world.clock.stamp()
    return call.market.save_webhook(hook)


def list_webhooks(call: Call) -> Answer:
    """A page of webhooks, the latest first."""
    status = call.choice("status", "all", ("all", *STATUSES))
    own = [one for one in call.market.webhooks.values() if one.shop_id == call.shop.shop_id]
    found = [one for one in reversed(own) if status in ("all", one.status)]
    return call.page(found, lambda one: webhook_row(call.shop, one))


def get_webhook(call: Call) -> Answer:
    """One webhook."""
    return webhook_row(call.shop, _own(call, call.ids[0]))


def create_webhook(call: Call) -> Answer:
    """A new webhook; its URL gets a ping."""
    return webhook_row(call.shop, _make(call, call.sent))


def update_webhook(call: Call) -> Answer:
    """Change a webhook; setting it active forgets its failures."""
    return webhook_row(call.shop, _change(call, _own(call, call.ids[0], status=400), call.sent))


def delete_webhook(call: Call) -> Answer:
    """Take a webhook away; there is no trash for them."""
    if not call.flag("force"):
        raise Refused("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    hook = _own(call, call.ids[0])
    call.market.remove_webhook(hook)
    return webhook_row(call.shop, hook)


def batch_webhooks(call: Call) -> Answer:
    """Up to 100 webhooks at once."""

    def create(item: Any) -> dict[str, Any]:
        return webhook_row(call.shop, _make(call, item if isinstance(item, dict) else {}))

    def update(item: Any) -> dict[str, Any]:
        fields = item if isinstance(item, dict) else {}
        number = str(fields.get("id", ""))
        hook = _own(call, int(number) if number.isdecimal() else 0, status=400)
        return webhook_row(call.shop, _change(call, hook, fields))

    def delete(item: Any) -> dict[str, Any]:
        hook = _own(call, int(item) if str(item).isdecimal() else 0)
        call.market.remove_webhook(hook)
        return webhook_row(call.shop, hook)

    return batch(call, {"create": create, "update": update, "delete": delete})
