"""Webhooks of a shop (protocol notes, section 1). A delivery that fails is not repeated, as the engine does not."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from mekong_sandbox.http import encode_json
from mekong_sandbox.notices import Notice
from mekong_sandbox.woocommerce import rows
from mekong_sandbox.woocommerce.model import Order, Product, Webhook
from mekong_sandbox.woocommerce.signing import sign_webhook

if TYPE_CHECKING:
    from mekong_sandbox.woocommerce.market import WooMarket

TOLERATED_FAILURES = 5
PING = "ping:"
"""A ping is told apart by this before the webhook's number: it is unsigned and its failure is not counted."""
AGENT = "WooCommerce/9.4.2 Hookshot (WordPress/6.7.1)"


class WooPush:
    """Makes deliveries and answers the outbox's questions about them; the outbox's app is the webhook's number."""

    signature_header = "X-WC-Webhook-Signature"

    def __init__(self, market: WooMarket) -> None:
        self._market = market

    # -- what happened

    def order(self, order: Order, event: str) -> None:
        """Topics `order.created` and `order.updated`."""
        hooks = self._hooks(order.shop_id, f"order.{event}")
        if hooks:
            body = encode_json(rows.order_row(self._market.shops[order.shop_id], order))
            self._send(hooks, body, f"order {order.id}")

    def product(self, product: Product, event: str) -> None:
        """Topics `product.created`, `product.updated`, `product.deleted`; variations too, as products of that type."""
        hooks = self._hooks(product.shop_id, f"product.{event}")
        if hooks:
            row = {"id": product.id} if event == "deleted" else rows.product_row(self._market, product)
            self._send(hooks, encode_json(row), f"product {product.id}")

    def ping(self, hook: Webhook) -> None:
        """What the engine sends when a webhook is made: a form body, unsigned."""
        outbox = self._market.world.outbox
        body = f"webhook_id={hook.id}".encode()
        outbox.add(Notice(outbox.next_id(), "woocommerce", f"{PING}{hook.id}", hook.shop_id, 0, body))

    def _hooks(self, shop_id: str, topic: str) -> list[Webhook]:
        hooks = self._market.webhooks.values()
        return [one for one in hooks if one.shop_id == shop_id and one.topic == topic and one.status == "active"]

    def _send(self, hooks: list[Webhook], body: bytes, about: str) -> None:
        outbox = self._market.world.outbox
        for hook in hooks:
            outbox.add(Notice(outbox.next_id(), "woocommerce", str(hook.id), hook.shop_id, 0, body, about))

    def _hook(self, app: str) -> Webhook | None:
        return self._market.webhooks.get(int(app.removeprefix(PING)))

    # -- what the outbox asks

    def callback_url(self, app: str) -> str:
        hook = self._hook(app)
        return hook.delivery_url if hook and (app.startswith(PING) or hook.status == "active") else ""

    def may_send(self, app: str) -> bool:
        return bool(self.callback_url(app))

    def headers(self, notice: Notice) -> dict[str, str]:
        hook = self._hook(notice.app)
        if hook is None or notice.app.startswith(PING):
            return {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": AGENT}
        return {
            "User-Agent": AGENT,
            "X-WC-Webhook-Source": f"https://{hook.shop_id}.example/",
            "X-WC-Webhook-Topic": hook.topic,
            "X-WC-Webhook-Resource": hook.resource,
            "X-WC-Webhook-Event": hook.event,
            "X-WC-Webhook-Signature": sign_webhook(hook.secret, notice.body),
            "X-WC-Webhook-ID": str(hook.id),
            "X-WC-Webhook-Delivery-ID": secrets.token_hex(16),
        }

    def ack_timeout_s(self) -> float:
        return self._market.world.settings.woocommerce_ack_timeout_s

    def retry_after_s(self, notice: Notice) -> float | None:
        return None

    def refresh(self, notice: Notice) -> None:
        """Nothing is sent twice."""

    def attempted(self, app: str, ok: bool) -> None:
        """Count failures in a row; one more than is tolerated turns the webhook off."""
        hook = self._hook(app)
        if hook is None or app.startswith(PING) or (ok and hook.failures == 0):
            return
        if ok:
            hook.failures = 0
        elif hook.failures > TOLERATED_FAILURES:
            hook.status = "disabled"
        else:
            hook.failures += 1
        self._market.save_webhook(hook)

    def lost(self, notice: Notice) -> None:
        """The engine keeps no history that could be asked for."""
