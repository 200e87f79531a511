"""Which path does what; shop facts and push configuration, which are too small for files of their own."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.shopee import (
    auth,
    discount_items,
    discounts,
    finance,
    logistics,
    media,
    orders,
    products,
    publishing,
    returns,
    taxonomy,
    tiers,
)
from mekong_sandbox.shopee.gate import Answer, Call, Endpoint, Flat, Refused
from mekong_sandbox.shopee.push import KEPT_S

LOST_PAGE = 100


class PushConfig(msgspec.Struct):
    callback_url: str = ""
    set_push_config_on: list[int] = []
    set_push_config_off: list[int] = []
    blocked_shop_id_list: list[int] | None = None


class Consumed(msgspec.Struct):
    last_message_id: int


def get_shop_info(call: Call) -> Answer:
    """The shop and how long its authorisation lasts; flat."""
    shop = call.shop
    return Flat(
        shop_name=shop.name,
        region=shop.region,
        status=shop.status,
        auth_time=int(shop.linked_at),
        expire_time=int(shop.links[call.app.partner_id]),
        is_cb=False,
        is_sip=False,
        merchant_id=None,
        shop_fulfillment_flag="Others",
    )


def get_profile(call: Call) -> Answer:
    """Name and picture of the shop."""
    return {"shop_name": call.shop.name, "shop_logo": "", "description": ""}


def get_warehouse_detail(call: Call) -> Answer:
    """Stock locations, for shops with several warehouses."""
    if not call.shop.multi_warehouse:
        raise Refused("warehouse.error_not_in_whitelist", "Your shop is not in the multi-warehouse whitelist.")
    rows: list[dict[str, Any]] = [
        {
            "warehouse_id": 7000 + number,
            "warehouse_name": location,
            "warehouse_type": 1,
            "location_id": location,
            "address_id": 2001 + number,
            "region": call.shop.region,
            "holiday_mode_state": 0,
        }
        for number, location in enumerate(call.shop.locations)
    ]
    return Flat(response=rows)


def get_app_push_config(call: Call) -> Answer:
    """Where pushes go, and which."""
    return {
        "callback_url": call.app.callback_url,
        "live_push_status": "Normal" if call.app.callback_url else "Unset",
        "push_config_on_list": call.app.codes_on,
        "blocked_shop_id_list": call.app.blocked_shops,
    }


def set_app_push_config(call: Call) -> Answer:
    """Change where pushes go, and which."""
    body = call.body(PushConfig)
    if body.blocked_shop_id_list is not None and len(body.blocked_shop_id_list) > 500:
        raise Refused("push.error_param", "blocked_shop_id_list must hold at most 500 ids.")
    app = call.app
    if body.callback_url:
        app.callback_url = body.callback_url
    app.codes_on = sorted((set(app.codes_on) | set(body.set_push_config_on)) - set(body.set_push_config_off))
    if body.blocked_shop_id_list is not None:
        app.blocked_shops = body.blocked_shop_id_list
    call.market.save_app(app)
    return {"result": "Success"}


def get_lost_push_message(call: Call) -> Answer:
    """Pushes of the last three days that were given up."""
    oldest = call.world.clock.now() - KEPT_S
    lost = [push for push in call.market.lost.values() if push.partner_id == call.app.partner_id and push.at >= oldest]
    page = lost[:LOST_PAGE]
    rows = []
    for push in page:
        body = msgspec.json.decode(push.body)
        rows.append({"shop_id": push.shop_id, "code": body["code"], "timestamp": body["timestamp"]})
        rows[-1]["data"] = push.body.decode()
    return {
        "push_message_list": rows,
        "has_next_page": len(lost) > LOST_PAGE,
        "last_message_id": page[-1].id if page else 0,
    }


def confirm_consumed_lost_push_message(call: Call) -> Answer:
    """Forget lost pushes up to the id given."""
    last = call.body(Consumed).last_message_id
    for push in list(call.market.lost.values()):
        if push.partner_id == call.app.partner_id and push.id <= last:
            del call.market.lost[push.id]
            call.world.store.delete("shopee.lost", push.id)
    return {}


ENDPOINTS: dict[str, Endpoint] = {
    "/shop/auth_partner": Endpoint("GET", "public", auth.auth_partner),
    "/shop/cancel_auth_partner": Endpoint("GET", "public", auth.cancel_auth_partner, durable=True),
    "/auth/token/get": Endpoint("POST", "public", auth.token_get, durable=True),
    "/auth/access_token/get": Endpoint("POST", "public", auth.access_token_get, durable=True),
    "/public/get_shops_by_partner": Endpoint("GET", "public", auth.get_shops_by_partner),
    "/push/get_app_push_config": Endpoint("GET", "public", get_app_push_config),
    "/push/set_app_push_config": Endpoint("POST", "public", set_app_push_config, durable=True),
    "/push/get_lost_push_message": Endpoint("GET", "public", get_lost_push_message),
    "/push/confirm_consumed_lost_push_message": Endpoint(
        "POST", "public", confirm_consumed_lost_push_message, durable=True
    ),
    "/shop/get_shop_info": Endpoint("GET", "shop", get_shop_info),
    "/shop/get_profile": Endpoint("GET", "shop", get_profile),
    "/shop/get_warehouse_detail": Endpoint("GET", "shop", get_warehouse_detail),
    "/payment/get_escrow_detail": Endpoint("GET", "shop", finance.get_escrow_detail),
    "/payment/get_escrow_list": Endpoint("GET", "shop", finance.get_escrow_list),
    "/product/get_item_list": Endpoint("GET", "shop", products.get_item_list),
    "/product/get_item_base_info": Endpoint("GET", "shop", products.get_item_base_info),
    "/product/get_model_list": Endpoint("GET", "shop", products.get_model_list),
    "/product/search_item": Endpoint("GET", "shop", products.search_item),
    "/product/update_stock": Endpoint("POST", "shop", products.update_stock),
    "/product/get_item_promotion": Endpoint("GET", "shop", discount_items.get_item_promotion),
    "/discount/add_discount": Endpoint("POST", "shop", discounts.add_discount, durable=True),
    "/discount/update_discount": Endpoint("POST", "shop", discounts.update_discount, durable=True),
    "/discount/end_discount": Endpoint("POST", "shop", discounts.end_discount, durable=True),
    "/discount/delete_discount": Endpoint("POST", "shop", discounts.delete_discount, durable=True),
    "/discount/get_discount": Endpoint("GET", "shop", discounts.get_discount),
    "/discount/get_discount_list": Endpoint("GET", "shop", discounts.get_discount_list),
    "/discount/add_discount_item": Endpoint("POST", "shop", discount_items.add_discount_item, durable=True),
    "/discount/update_discount_item": Endpoint("POST", "shop", discount_items.update_discount_item, durable=True),
    "/discount/delete_discount_item": Endpoint("POST", "shop", discount_items.delete_discount_item, durable=True),
    "/product/update_price": Endpoint("POST", "shop", products.update_price),
    "/product/add_item": Endpoint("POST", "shop", publishing.add_item, durable=True),
    "/product/init_tier_variation": Endpoint("POST", "shop", tiers.init_tier_variation, durable=True),
    "/product/add_model": Endpoint("POST", "shop", tiers.add_model, durable=True),
    "/product/update_item": Endpoint("POST", "shop", publishing.update_item, durable=True),
    "/product/update_tier_variation": Endpoint("POST", "shop", tiers.update_tier_variation, durable=True),
    "/product/update_model": Endpoint("POST", "shop", tiers.update_model, durable=True),
    "/product/delete_model": Endpoint("POST", "shop", tiers.delete_model, durable=True),
    "/product/get_item_limit": Endpoint("GET", "shop", taxonomy.get_item_limit),
    "/product/get_item_violation_info": Endpoint("GET", "shop", publishing.get_item_violation_info),
    "/product/unlist_item": Endpoint("POST", "shop", publishing.unlist_item, durable=True),
    "/product/delete_item": Endpoint("POST", "shop", publishing.delete_item, durable=True),
    "/product/get_category": Endpoint("GET", "shop", taxonomy.get_category),
    "/product/get_attribute_tree": Endpoint("GET", "shop", taxonomy.get_attribute_tree),
    "/product/get_brand_list": Endpoint("GET", "shop", taxonomy.get_brand_list),
    "/media_space/upload_image": Endpoint("POST", "either", media.upload_image, durable=True),
    "/order/get_order_list": Endpoint("GET", "shop", orders.get_order_list),
    "/order/get_order_detail": Endpoint("GET", "shop", orders.get_order_detail),
    "/order/get_shipment_list": Endpoint("GET", "shop", orders.get_shipment_list),
    "/order/cancel_order": Endpoint("POST", "shop", orders.cancel_order, durable=True),
    "/order/handle_buyer_cancellation": Endpoint("POST", "shop", orders.handle_buyer_cancellation, durable=True),
    "/order/set_note": Endpoint("POST", "shop", orders.set_note, durable=True),
    "/logistics/get_shipping_parameter": Endpoint("GET", "shop", logistics.get_shipping_parameter),
    "/logistics/ship_order": Endpoint("POST", "shop", logistics.ship_order, durable=True),
    "/logistics/get_tracking_number": Endpoint("GET", "shop", logistics.get_tracking_number),
    "/logistics/get_tracking_info": Endpoint("GET", "shop", logistics.get_tracking_info),
    "/logistics/get_shipping_document_parameter": Endpoint("POST", "shop", logistics.get_shipping_document_parameter),
    "/logistics/create_shipping_document": Endpoint("POST", "shop", logistics.create_shipping_document, durable=True),
    "/logistics/get_shipping_document_result": Endpoint("POST", "shop", logistics.get_shipping_document_result),
    "/logistics/download_shipping_document": Endpoint("POST", "shop", logistics.download_shipping_document),
    "/logistics/get_channel_list": Endpoint("GET", "shop", logistics.get_channel_list),
    "/logistics/get_address_list": Endpoint("GET", "shop", logistics.get_address_list),
    "/returns/get_return_list": Endpoint("GET", "shop", returns.get_return_list),
    "/returns/get_return_detail": Endpoint("GET", "shop", returns.get_return_detail),
    "/returns/get_return_dispute_reason": Endpoint("GET", "shop", returns.get_return_dispute_reason),
    "/returns/confirm": Endpoint("POST", "shop", returns.confirm, durable=True),
    "/returns/dispute": Endpoint("POST", "shop", returns.dispute, durable=True),
    "/returns/offer": Endpoint("POST", "shop", returns.offer, durable=True),
    "/returns/accept_offer": Endpoint("POST", "shop", returns.accept_offer, durable=True),
}
