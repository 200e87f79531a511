"""The seller and its warehouses (protocol notes, section 3)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.tiki.gate import Answer, Call
from mekong_sandbox.tiki.model import Seller, Warehouse
from mekong_sandbox.tiki.query import page, printed

REGION = {"code": "VN039", "name": "Hồ Chí Minh"}
DISTRICT = {"code": "VN039007", "name": "Quận 3"}
WARD = {"code": "VN039007004", "name": "Phường 4"}


class UpdateBody(msgspec.Struct):
    can_update_product: bool


def seller_row(seller: Seller) -> dict[str, Any]:
    """A seller as answers show it."""
    return {
        "id": seller.seller_id,
        "sid": seller.sid,
        "name": seller.name,
        "active": int(seller.is_active),
        "logo": "",
        "operation_models": seller.operation_models,
        "can_update_product": int(seller.can_update_product),
        "registration_status": "completed",
        "live_at": printed(seller.created_at),
    }


def me(call: Call) -> Answer:
    """The seller whose token it is."""
    return seller_row(call.seller)


def set_can_update(call: Call) -> Answer:
    """Let products be changed by the API, or no longer."""
    call.seller.can_update_product = call.body(UpdateBody).can_update_product
    call.market.save_seller(call.seller)
    return seller_row(call.seller)


def warehouses(call: Call) -> Answer:
    """A page of the seller's warehouses; all of them are active (status 1) and for sales (type 1)."""

    def row(place: Warehouse) -> dict[str, Any]:
        return {
            "id": place.id,
            "name": place.name,
            "seller_id": call.seller.seller_id,
            "is_primary": place.id == call.seller.warehouses[0].id,
            "status": 1,
            "type": 1,
            "street": "1 Võ Văn Tần",
            "country": {"code": "VN", "name": "Việt Nam"},
            "region": REGION,
            "district": DISTRICT,
            "ward": WARD,
            "contact_name": call.seller.name,
            "contact_phone": "0900000000",
            "contact_email": "kho@example.vn",
        }

    asked = {call.text("status", "1"), call.text("type", "1")}
    return page(call, call.seller.warehouses if asked == {"1"} else [], row)
