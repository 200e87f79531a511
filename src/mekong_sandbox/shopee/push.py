"""Pushes to the callback URL of an app, and the store of those that were lost (protocol notes, section 10)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import encode_json
from mekong_sandbox.money import to_number
from mekong_sandbox.notices import Notice
from mekong_sandbox.shopee.model import Discount, LostPush, Model, Order
from mekong_sandbox.shopee.signing import sign_push

if TYPE_CHECKING:
    from mekong_sandbox.shopee.market import ShopeeMarket

RETRIES_AFTER_S = (300, 1800, 10800)
"""As the platform lists them for each push. Scaled by `notice_retry_scale`."""
KEPT_S = 3 * 86400


class ShopeePush:
    """Makes pushes and answers the outbox's questions about them."""

    signature_header = "Authorization"

    def __init__(self, market: ShopeeMarket) -> None:
        self._market = market

    # -- what happened

    def order_status(self, order: Order) -> None:
        """Code 3."""
        data = {
            "ordersn": order.order_sn,
            "status": order.status,
            "completed_scenario": "",
            "items": [],
            "update_time": int(order.updated_at),
        }
        self._send(3, order.shop_id, data, order.order_sn)

    def tracking(self, order: Order) -> None:
        """Code 4."""
        package = order.package
        data = {"ordersn": order.order_sn, "package_number": package.number, "tracking_no": package.tracking}
        self._send(4, order.shop_id, data, order.order_sn)

    def reserved_stock(self, order: Order, item_id: int, model: Model, action: str, before: int) -> None:
        """Code 8."""
        data = {
            "action": action,
            "item_id": item_id,
            "variation_id": model.model_id,
            "ordersn": order.order_sn,
            "promotion_id": 0,
            "promotion_type": "",
            "update_time": int(order.updated_at),
            "changed_values": [{"name": "reserved_stock", "old": before, "new": model.reserved}],
        }
        self._send(8, order.shop_id, data, order.order_sn)

    def promotion(self, discount: Discount, item_id: int, model_id: int, action: str, **moments: int) -> None:
        """Code 9. `moments`: start and end where they are told. A discount sets no stock apart, so none is told."""
        data = {
            "shop_id": discount.shop_id,
            "promotion_id": discount.discount_id,
            "promotion_type": "seller_discount",
            **moments,
            "action": action,
            "item_id": item_id,
            "variation_id": model_id,
        }
        self._send(9, discount.shop_id, data, "")

    def price(self, shop_id: int, item_id: int, model: Model, before: int, stamp: float) -> None:
        """Code 22."""
        currency = self._market.shops[shop_id].currency
        data = {
            "item_id": item_id,
            "model_id": model.model_id,
            "update_field": "original_price",
            "old_value": to_number(before, currency),
            "new_value": to_number(model.price, currency),
            "update_time": int(stamp),
        }
        self._send(22, shop_id, data, "")

    def return_update(self, shop_id: int, return_sn: str, order_sn: str, status: str) -> None:
        """Code 29."""
        self._send(29, shop_id, {"return_sn": return_sn, "order_sn": order_sn, "return_status": status}, order_sn)

    def shop_link(self, partner_id: int, shop_id: int, linked: bool) -> None:
        """Codes 1 and 2: for the app concerned alone, without a shop id in the envelope."""
        app = self._market.apps[partner_id]
        code = 1 if linked else 2
        if app.callback_url and code in app.codes_on:
            self._add(partner_id, code, shop_id, {"shop_id": shop_id, "success": 1}, "", with_shop=False)

    def _send(self, code: int, shop_id: int, data: dict[str, Any], order_sn: str) -> None:
        shop = self._market.shops[shop_id]
        for partner_id in shop.links:
            app = self._market.apps.get(partner_id)
            if app and app.callback_url and code in app.codes_on and shop_id not in app.blocked_shops:
                self._add(partner_id, code, shop_id, data, order_sn)

    def _add(
        self, partner_id: int, code: int, shop_id: int, data: dict[str, Any], order_sn: str, with_shop: bool = True
    ) -> None:
        world = self._market.world
        envelope: dict[str, Any] = {"code": code}
        if with_shop:
            envelope["shop_id"] = shop_id
        envelope |= {"timestamp": int(world.clock.stamp()), "data": data, "msg_id": secrets.token_hex(16)}
        notice_id = world.outbox.next_id()
        body = encode_json(envelope)
        world.outbox.add(Notice(notice_id, "shopee", str(partner_id), str(shop_id), code, body, order_sn))

    # -- what the outbox asks

    def callback_url(self, app: str) -> str:
        found = self._market.apps.get(int(app))
        return found.callback_url if found else ""

    def may_send(self, app: str) -> bool:
        return bool(self.callback_url(app))

    def headers(self, notice: Notice) -> dict[str, str]:
        app = self._market.apps[int(notice.app)]
        return {"Authorization": sign_push(app.push_key, app.callback_url, notice.body)}

    def ack_timeout_s(self) -> float:
        return self._market.world.settings.shopee_ack_timeout_s

    def retry_after_s(self, notice: Notice) -> float | None:
        tries = notice.attempts - 1
        return RETRIES_AFTER_S[tries] if tries < len(RETRIES_AFTER_S) else None

    def refresh(self, notice: Notice) -> None:
        """Pushes are repeated as they were."""

    def attempted(self, app: str, ok: bool) -> None:
        """No stop rule is stood in for."""

    def lost(self, notice: Notice) -> None:
        market = self._market
        stamp = market.world.clock.now()
        push = LostPush(market.world.number("lost_push", 1), int(notice.app), int(notice.shop), notice.body, stamp)
        market.lost[push.id] = push
        market.world.store.save("shopee.lost", push.id, push)
