"""Messages to the callback URL of an app (protocol notes, section 8)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import encode_json
from mekong_sandbox.lazada.model import Order, Product, Reverse, Units
from mekong_sandbox.lazada.signing import sign_push
from mekong_sandbox.notices import Notice

if TYPE_CHECKING:
    from mekong_sandbox.lazada.market import LazadaMarket

RETRY_AFTER_S = 1800.0
RETRIES = 12
WATCHED_TRIES = 40
STOP_S = 1800.0
"""How long sending rests after the stop rule struck; scaled like the retries. The platform publishes no figure."""


class LazadaPush:
    """Makes messages and answers the outbox's questions about them."""

    signature_header = "Authorization"

    def __init__(self, market: LazadaMarket) -> None:
        self._market = market
        self._tries: dict[str, deque[bool]] = {}
        self._stopped_until: dict[str, float] = {}

    # -- what happened

    def units_changed(self, order: Order, runs: list[Units]) -> None:
        """Type 0, one message a line; capped by the setting `lazada_notices_per_change`."""
        cap = self._market.world.settings.lazada_notices_per_change
        sent = 0
        for run in runs:
            for unit_id in run.ids():
                if cap and sent >= cap:
                    return
                self._send(0, order.seller_id, self._trade(order, run, unit_id), str(order.order_id), str(unit_id))
                sent += 1

    def product_checked(self, product: Product, status: str) -> None:
        """Type 1."""
        data = {
            "itemId": product.item_id,
            "status": status,
            "reason": product.reason,
            "date": int(product.updated_at * 1000),
            "seller_id": product.seller_id,
        }
        self._send(1, product.seller_id, data, str(product.item_id))

    def package(self, order: Order, package_id: str, status: str) -> None:
        """Type 14."""
        data = {
            "trade_order_id": str(order.order_id),
            "fulfillment_package_id": package_id,
            "status": status,
            "status_update_time": int(order.updated_at),
        }
        self._send(14, order.seller_id, data, str(order.order_id))

    def reverse(self, reverse: Reverse, order: Order) -> None:
        """Type 10, one message a line."""
        for number, unit_id in enumerate(reverse.unit_ids):
            data = {
                "reverse_order_id": str(reverse.reverse_id),
                "reverse_order_line_id": str(reverse.reverse_id + 1 + number),
                "reverse_status": reverse.status,
                "trade_order_id": str(order.order_id),
                "trade_order_line_id": str(unit_id),
                "buyer_id": order.buyer_id,
                "status_update_time": int(reverse.updated_at),
            }
            self._send(10, order.seller_id, data, str(order.order_id))

    @staticmethod
    def _trade(order: Order, run: Units, unit_id: int) -> dict[str, Any]:
        return {
            "order_status": run.status,
            "trade_order_id": str(order.order_id),
            "trade_order_line_id": str(unit_id),
            "status_update_time": int(order.updated_at),
            "buyer_id": order.buyer_id,
        }

    def _body(self, kind: int, seller_id: str, data: dict[str, Any]) -> bytes:
        envelope = {
            "seller_id": seller_id,
            "message_type": kind,
            "data": data,
            "timestamp": int(self._market.world.clock.stamp()),
            "site": f"lazada_{self._market.sellers[seller_id].country}",
        }
        return encode_json(envelope)

    def _send(self, kind: int, seller_id: str, data: dict[str, Any], order_id: str, line: str = "") -> None:
        world = self._market.world
        for app_key in self._market.sellers[seller_id].apps:
            app = self._market.apps.get(app_key)
            if app and app.callback_url and kind in app.types_on:
                body = self._body(kind, seller_id, data)
                notice_id = world.outbox.next_id()
                world.outbox.add(Notice(notice_id, "lazada", app_key, seller_id, kind, body, order_id, line))

    # -- what the outbox asks

    def callback_url(self, app: str) -> str:
        found = self._market.apps.get(app)
        return found.callback_url if found else ""

    def may_send(self, app: str) -> bool:
        return self._market.world.clock.now() >= self._stopped_until.get(app, 0.0)

    def headers(self, notice: Notice) -> dict[str, str]:
        app = self._market.apps[notice.app]
        return {"Authorization": sign_push(app.app_secret, app.app_key, notice.body)}

    def ack_timeout_s(self) -> float:
        return self._market.world.settings.lazada_ack_timeout_s

    def retry_after_s(self, notice: Notice) -> float | None:
        return RETRY_AFTER_S if notice.attempts <= RETRIES else None

    def refresh(self, notice: Notice) -> None:
        """Before a retry the state of the line is read again."""
        order = self._market.orders.get(int(notice.order)) if notice.type == 0 else None
        run = order.find(int(notice.line)) if order else None
        if order is not None and run is not None:
            notice.body = self._body(0, notice.shop, self._trade(order, run, int(notice.line)))

    def attempted(self, app: str, ok: bool) -> None:
        """Stop rule: a URL that fails more than half of the time is left alone for a while."""
        world = self._market.world
        tries = self._tries.setdefault(app, deque(maxlen=WATCHED_TRIES))
        tries.append(ok)
        if world.settings.lazada_stop_rule and len(tries) == WATCHED_TRIES and sum(tries) * 2 < WATCHED_TRIES:
            self._stopped_until[app] = world.clock.now() + STOP_S * world.settings.notice_retry_scale
            tries.clear()

    def lost(self, notice: Notice) -> None:
        """The platform keeps no history of messages."""

    def resume(self, app: str) -> None:
        """Forget failures: the developer has mended the URL."""
        self._tries.pop(app, None)
        self._stopped_until.pop(app, None)
