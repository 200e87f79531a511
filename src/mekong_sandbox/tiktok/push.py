"""Webhooks of an app (protocol notes, section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import encode_json
from mekong_sandbox.notices import Notice
from mekong_sandbox.tiktok.model import Aftersale, Order, Product
from mekong_sandbox.tiktok.signing import sign_push

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket

EVENTS = {
    "ORDER_STATUS_CHANGE": 1,
    "RECIPIENT_ADDRESS_UPDATE": 3,
    "PACKAGE_UPDATE": 4,
    "PRODUCT_STATUS_CHANGE": 5,
    "SELLER_DEAUTHORIZATION": 6,
    "UPCOMING_AUTHORIZATION_EXPIRATION": 7,
    "CANCELLATION_STATUS_CHANGE": 11,
    "RETURN_STATUS_CHANGE": 12,
    "NEW_CONVERSATION": 13,
    "NEW_MESSAGE": 14,
    "PRODUCT_INFORMATION_CHANGE": 15,
    "PRODUCT_CREATION": 16,
    "PRODUCT_CATEGORY_CHANGE": 18,
    "NEW_MESSAGE_LISTENER": 33,
    "INVOICE_STATUS_CHANGE": 36,
    "PRODUCT_AUDIT_STATUS_CHANGE": 37,
}
NAMES = {number: name for name, number in EVENTS.items()}
RETRIES_AFTER_S = (60, 300, 1800, 7200, 21600)
"""The platform publishes no schedule; these are ours. Scaled by `notice_retry_scale`."""


class TikTokPush:
    """Makes webhooks and answers the outbox's questions about them.

    A notice's `app` is the app's key when it goes to the app's own URL, else key, shop and type with slashes between:
    where that shop's seller software sent the type by `PUT /event/…/webhooks`.
    """

    signature_header = "Authorization"

    def __init__(self, market: TikTokMarket) -> None:
        self._market = market

    # -- what happened

    def order_status(self, order: Order) -> None:
        """Type 1."""
        data = {
            "order_id": order.order_id,
            "order_status": order.status(),
            "is_on_hold_order": order.status() == "ON_HOLD",
            "update_time": int(order.updated_at),
        }
        self._send(1, order.shop_id, data, order.order_id)

    def package_split(self, order: Order, package_id: str, role: str) -> None:
        """Type 4: some units of a parcel were cancelled."""
        data = {
            "sc_type": "SPLIT_BY_SKU_CANCEL",
            "role_type": role,
            "package_list": [{"package_id": package_id, "order_id_list": [order.order_id]}],
            "update_time": int(order.updated_at),
        }
        self._send(4, order.shop_id, data, order.order_id)

    def product_status(self, product: Product) -> None:
        """Type 5."""
        data = {
            "product_id": product.product_id,
            "status": "PRODUCT_STATUS_CHANGED",
            "suspended_reason": "",
            "update_time": int(product.updated_at),
        }
        self._send(5, product.shop_id, data)

    def deauthorised(self, app_key: str, shop_id: str) -> None:
        """Type 6, to the app concerned alone."""
        self._send(6, shop_id, {"message": "The seller has ended the authorization."}, only=app_key)

    def aftersale(self, one: Aftersale) -> None:
        """Type 11 for a cancellation, 12 for a return."""
        data: dict[str, Any] = {"order_id": one.order_id, "create_time": int(one.created_at)}
        if one.is_cancellation():
            data |= {"cancel_id": one.aftersale_id, "cancel_status": one.status, "cancellations_role": one.role}
            self._send(11, one.shop_id, data, one.order_id)
        else:
            data |= {"return_id": one.aftersale_id, "return_status": one.status, "return_type": one.kind}
            data |= {"return_role": one.role, "update_time": int(one.updated_at)}
            self._send(12, one.shop_id, data, one.order_id)

    def _send(self, kind: int, shop_id: str, data: dict[str, Any], order_id: str = "", only: str = "") -> None:
        world, shop = self._market.world, self._market.shops[shop_id]
        for app_key in shop.apps:
            app = self._market.apps.get(app_key)
            if app is None or (only and app_key != only):
                continue
            if NAMES[kind] in shop.webhooks.get(app_key, {}):
                target = f"{app_key}/{shop_id}/{kind}"
            elif app.callback_url and kind in app.types_on:
                target = app_key
            else:
                continue
            envelope = {
                "type": kind,
                "tts_notification_id": str(world.number("tiktok.notice", 7_327_112_393_057_371_910)),
                "shop_id": shop_id,
                "timestamp": int(world.clock.stamp()),
                "data": data,
            }
            notice_id = world.outbox.next_id()
            world.outbox.add(Notice(notice_id, "tiktok", target, shop_id, kind, encode_json(envelope), order_id))

    # -- what the outbox asks

    def callback_url(self, app: str) -> str:
        app_key, _, rest = app.partition("/")
        if rest:
            shop_id, _, kind = rest.partition("/")
            shop = self._market.shops.get(shop_id)
            found = shop.webhooks.get(app_key, {}).get(NAMES[int(kind)]) if shop else None
            return found.address if found else ""
        found_app = self._market.apps.get(app_key)
        return found_app.callback_url if found_app else ""

    def may_send(self, app: str) -> bool:
        return bool(self.callback_url(app))

    def headers(self, notice: Notice) -> dict[str, str]:
        app = self._market.apps[notice.app.partition("/")[0]]
        return {"Authorization": sign_push(app.app_secret, app.app_key, notice.body)}

    def ack_timeout_s(self) -> float:
        return self._market.world.settings.tiktok_ack_timeout_s

    def retry_after_s(self, notice: Notice) -> float | None:
        tries = notice.attempts - 1
        return RETRIES_AFTER_S[tries] if tries < len(RETRIES_AFTER_S) else None

    def refresh(self, notice: Notice) -> None:
        """Webhooks are repeated as they were, with the id they had."""

    def attempted(self, app: str, ok: bool) -> None:
        """No stop rule is known."""

    def lost(self, notice: Notice) -> None:
        """The platform keeps no history of webhooks."""
