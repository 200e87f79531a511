"""Webhooks to the subscriptions of apps (protocol notes, section 2)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import encode_json
from mekong_sandbox.notices import Notice
from mekong_sandbox.shopify import rows
from mekong_sandbox.shopify.model import Hook, Order, Product, Variant
from mekong_sandbox.shopify.signing import sign_webhook

if TYPE_CHECKING:
    from mekong_sandbox.shopify.market import ShopifyMarket

RETRIES_AFTER_S = (60, 300, 600, 1200, 1800, 2700, 3600, 4140)
"""Eight retries in four hours; the platform does not publish the steps between. Scaled by `notice_retry_scale`."""
ACK_TIMEOUT_S = 5.0
TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "products/create",
    "products/update",
    "products/delete",
    "inventory_levels/update",
    "inventory_levels/connect",
    "app/uninstalled",
)


class ShopifyPush:
    """Makes deliveries and answers the outbox's questions about them; the outbox's app is the subscription's number."""

    signature_header = "X-Shopify-Hmac-SHA256"

    def __init__(self, market: ShopifyMarket) -> None:
        self._market = market

    # -- what happened

    def order(self, order: Order, *topics: str) -> None:
        """One event, told under each of its topics."""
        shop = self._market.shops[order.shop_id]
        self._send(order.shop_id, topics, lambda: rows.order_row(shop, order), f"order {order.id}")

    def product(self, product: Product, event: str) -> None:
        """`products/create` or `products/update`; a change of stock alone is not told here."""
        shop = self._market.shops[product.shop_id]
        topic = f"products/{event}"
        self._send(product.shop_id, (topic,), lambda: rows.product_row(shop, product), f"product {product.id}")

    def level(self, shop_id: str, variant: Variant, place_id: int, topic: str = "inventory_levels/update") -> None:
        """A changed or new level."""
        shop = self._market.shops[shop_id]
        self._send(shop_id, (topic,), lambda: rows.level_row(shop, variant, place_id), f"item {variant.item_id}")

    def uninstalled(self, shop_id: str, client_id: str) -> None:
        """The merchant has taken the app out; its other subscriptions end with it."""
        shop = self._market.shops[shop_id]
        row = {"id": shop.number, "name": shop.name, "myshopify_domain": shop.domain, "currency": shop.currency}
        hooks = [one for one in self._market.hooks.values() if (one.shop_id, one.client_id) == (shop_id, client_id)]
        self._add([one for one in hooks if one.topic == "app/uninstalled"], encode_json(row), f"shop {shop_id}")
        for hook in hooks:
            if hook.topic != "app/uninstalled":
                self._market.remove_hook(hook)

    def _send(self, shop_id: str, topics: tuple[str, ...], row: Any, about: str) -> None:
        hooks = [one for one in self._market.hooks.values() if one.shop_id == shop_id and one.topic in topics]
        if hooks:
            self._add(hooks, encode_json(row()), about)

    def _add(self, hooks: list[Hook], body: bytes, about: str) -> None:
        """Queue deliveries of one event. Each has an id of its own, and keeps it through its retries."""
        outbox = self._market.world.outbox
        event = uuid.uuid4()
        triggered = datetime.fromtimestamp(self._market.world.clock.stamp(), UTC).isoformat().replace("+00:00", "Z")
        for hook in hooks:
            line = f"{uuid.uuid4()} {event} {triggered}"
            outbox.add(Notice(outbox.next_id(), "shopify", str(hook.id), hook.shop_id, 0, body, about, line))

    def _hook(self, app: str) -> Hook | None:
        return self._market.hooks.get(int(app))

    # -- what the outbox asks

    def callback_url(self, app: str) -> str:
        hook = self._hook(app)
        return hook.uri if hook else ""

    def may_send(self, app: str) -> bool:
        return self._hook(app) is not None

    def headers(self, notice: Notice) -> dict[str, str]:
        hook = self._hook(notice.app)
        if hook is None:
            return {}
        app = self._market.apps[hook.client_id]
        rotated = app.former_secret and self._market.world.clock.now() < app.former_until
        webhook_id, event_id, triggered = notice.line.split(" ")
        return {
            "X-Shopify-Topic": hook.topic,
            "X-Shopify-Hmac-SHA256": sign_webhook(app.former_secret if rotated else app.client_secret, notice.body),
            "X-Shopify-Shop-Domain": self._market.shops[hook.shop_id].domain,
            "X-Shopify-API-Version": hook.api_version,
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": triggered,
        }

    def ack_timeout_s(self) -> float:
        return ACK_TIMEOUT_S

    def retry_after_s(self, notice: Notice) -> float | None:
        tries = notice.attempts - 1
        return RETRIES_AFTER_S[tries] if tries < len(RETRIES_AFTER_S) else None

    def refresh(self, notice: Notice) -> None:
        """Deliveries are repeated as they were."""

    def attempted(self, app: str, ok: bool) -> None:
        """Count tries that failed in a row. What an app that was taken out still had to hear ends its subscription."""
        hook = self._hook(app)
        if hook is not None and ok and hook.client_id not in self._market.shops[hook.shop_id].apps:
            self._market.remove_hook(hook)
        elif hook is not None and (hook.failures or not ok):
            hook.failures = 0 if ok else hook.failures + 1
            self._market.save_hook(hook)

    def lost(self, notice: Notice) -> None:
        """All retries failed, and nothing else arrived meanwhile: the subscription is taken away."""
        hook = self._hook(notice.app)
        if hook is not None and hook.failures > len(RETRIES_AFTER_S):
            self._market.remove_hook(hook)
