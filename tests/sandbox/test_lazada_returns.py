"""Reverse orders on the stand-in of Lazada: asked for, answered or not, sent back, refused, paid (protocol notes, section 7)."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import open_seller
from tests.sandbox.driving import Callback, Lazada, Sandbox, wait_for
from tests.sandbox.selling import buy_on_lazada, list_on_lazada

DAY_S = 86400
HOUR_S = 3600
UPDATE = "/order/reverse/return/update"
LIST = "/reverse/getreverseordersforseller"
PICTURE = json.dumps([{"name": "1.jpg", "url": "https://img.example/1.jpg"}])
REFUSAL = {"reason_id": "101", "comment": "Hàng đã qua sử dụng", "image_info": PICTURE}


@pytest.fixture(autouse=True)
def slow_money(box: Sandbox) -> None:
    """Granted refunds wait for the clock to be skipped."""
    box.control("POST", "/settings", {"refund_delay_s": HOUR_S})


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback() as opened:
        yield opened


def advance(seller: Lazada, order_id: int, to: str, **more: Any) -> Any:
    return seller.box.control("POST", f"/lazada/orders/{order_id}/advance", {"to": to, **more})


def stopped(seller: Lazada, order_id: int, to: str, **more: Any) -> int:
    url = f"{seller.box.url}/control/lazada/orders/{order_id}/advance"
    return seller.box.http.post(url, json={"to": to, **more}).status_code


def delivered(seller: Lazada, quantity: int = 2) -> int:
    list_on_lazada(seller)
    order_id = int(buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": quantity}).json()["order_id"])
    units = list(range(order_id + 1, order_id + 1 + quantity))
    packing = {"pack_order_list": [{"order_id": order_id, "order_item_list": units}], "delivery_type": "dropship"}
    packed = seller.post("/order/fulfill/pack", {"packReq": json.dumps(packing)})["result"]["data"]
    package = packed["pack_order_list"][0]["order_item_list"][0]["package_id"]
    seller.post("/order/package/rts", {"readyToShipReq": json.dumps({"packages": [{"package_id": package}]})})
    for to in ("shipped", "delivered"):
        advance(seller, order_id, to)
    return order_id


def asked_back(seller: Lazada, to: str = "return", **more: Any) -> tuple[int, Any]:
    """Number of a delivered order, and what the control call answered for a return of it."""
    order_id = delivered(seller)
    return order_id, advance(seller, order_id, to, **more)


def detail(seller: Lazada, asked: Any) -> Any:
    sent = {"reverse_order_id": str(asked["reverse_order_id"])}
    return seller.get("/order/reverse/return/detail/list", sent)["data"]


def status(seller: Lazada, asked: Any) -> str:
    statuses = {line["reverse_status"] for line in detail(seller, asked)["reverseOrderLineDTOList"]}
    assert len(statuses) == 1
    return str(statuses.pop())


def act(seller: Lazada, asked: Any, action: str, **more: str) -> Any:
    sent = {"reverse_order_id": str(asked["reverse_order_id"]), "action": action, **more}
    return seller.get(UPDATE, sent | {"reverse_order_item_ids": json.dumps(asked["line_ids"])})


def units(seller: Lazada, order_id: int) -> list[str]:
    return [row["status"] for row in seller.get("/order/items/get", {"order_id": str(order_id)})["data"]]


def skip(seller: Lazada, seconds: float) -> None:
    seller.box.control("POST", "/clock", {"advance_s": seconds})


def listed(seller: Lazada, **params: str) -> list[int]:
    found = seller.get(LIST, {"page_no": "1", "page_size": "10", **params})["result"]
    return [row["reverse_order_id"] for row in found["items"]]


def test_of_many_answers_at_once_one_counts(seller: Lazada) -> None:
    _, asked = asked_back(seller)
    actions = ["agreeReturn", "refuseReturn", "instantRefund"] * 3
    with ThreadPoolExecutor(9) as pool:
        codes = sorted(pool.map(lambda action: act(seller, asked, action, **REFUSAL)["code"], actions))
    assert codes == ["0"] + ["114"] * 8
    sent = {"reverse_order_line_id": str(asked["line_ids"][0])}
    history = seller.get("/order/reverse/return/history/list", sent)["data"]["list"]
    assert [row["operator"] for row in history] == ["SELLER", "BUYER"]


def test_one_unit_comes_back_and_is_paid_for(seller: Lazada) -> None:
    order_id = delivered(seller)
    asked = advance(seller, order_id, "return", order_item_ids=[order_id + 2], reason="Rách")
    now = time.time()
    row = seller.get(LIST, {"page_no": "1", "page_size": "10"})["result"]["items"][0]
    assert (row["request_type"], row["trade_order_id"], row["is_rtm"]) == ("RETURN", order_id, True)
    (line,) = row["reverse_order_lines"]
    assert (line["trade_order_line_id"], line["seller_sku_id"]) == (order_id + 2, "AO-THUN")
    assert (line["reverse_status"], line["reason_text"], line["refund_amount"]) == ("RTM_INIT", "Rách", 99000)
    assert abs(line["sla"] / 1000 - now - 2 * DAY_S) < 60
    assert abs(line["return_order_line_gmt_create"] - now) < 60  # seconds, whatever the documentation says

    answered = act(seller, asked, "agreeReturn")
    assert (answered["code"], answered["data"]["total_refund"]) == ("0", "99000")
    one = detail(seller, asked)["reverseOrderLineDTOList"][0]
    assert (one["reverse_status"], one["ofc_status"]) == ("RTM_SHIPPING_BACK", "RETURN_PICKUP_PENDING")
    assert (one["productDTO"]["sku"], one["tracking_number"]) == ("AO-THUN", "")
    advance(seller, order_id, "send_back")
    one = detail(seller, asked)["reverseOrderLineDTOList"][0]
    assert (one["ofc_status"], one["tracking_number"][:6]) == ("RETURN_PICKED_UP", "LEXVNR")
    assert advance(seller, order_id, "arrived_back")["status"] == "RTM_RECEIVE_ITEM"
    assert act(seller, asked, "agreeRefund")["code"] == "0"
    assert (status(seller, asked), units(seller, order_id)) == ("REFUND_PENDING", ["delivered", "delivered"])
    skip(seller, HOUR_S)
    assert (status(seller, asked), units(seller, order_id)) == ("REFUND_SUCCESS", ["delivered", "returned"])
    sent = {"reverse_order_line_id": str(asked["line_ids"][0])}
    history = seller.get("/order/reverse/return/history/list", sent)["data"]
    assert [row["operator"] for row in history["list"]] == ["SYSTEM", "SELLER", "SYSTEM", "BUYER", "SELLER", "BUYER"]
    assert history["page_info"]["total"] == 6


def test_an_unanswered_wish_is_granted_by_the_platform(seller: Lazada) -> None:
    order_id, asked = asked_back(seller)
    skip(seller, 2 * DAY_S - 60)
    assert status(seller, asked) == "RTM_INIT"
    skip(seller, 61)
    assert status(seller, asked) == "RTM_SHIPPING_BACK"
    late = act(seller, asked, "refuseReturn", **REFUSAL)
    assert (late["code"], late["type"]) == ("114", "ISV")
    advance(seller, order_id, "send_back")
    advance(seller, order_id, "arrived_back")
    skip(seller, 2 * DAY_S + 1)
    assert status(seller, asked) == "REFUND_PENDING"
    skip(seller, HOUR_S)
    assert units(seller, order_id) == ["returned", "returned"]


def test_goods_that_are_not_sent_end_the_return(seller: Lazada) -> None:
    order_id, asked = asked_back(seller)
    act(seller, asked, "agreeReturn")
    skip(seller, 7 * DAY_S + 1)
    assert (status(seller, asked), units(seller, order_id)) == ("RTM_CANCELED", ["delivered", "delivered"])
    assert stopped(seller, order_id, "send_back") == 409
    assert advance(seller, order_id, "return")["reverse_order_id"] != asked["reverse_order_id"]


def test_goods_to_a_warehouse_of_the_platform_are_refunded_there(seller: Lazada) -> None:
    order_id, asked = asked_back(seller, to_warehouse=True)
    assert status(seller, asked) == "RTW_INIT"
    assert detail(seller, asked)["is_rtm"] is False
    act(seller, asked, "agreeReturn")
    assert act(seller, asked, "confirmDelivery")["code"] == "114"
    advance(seller, order_id, "send_back")
    assert advance(seller, order_id, "arrived_back")["status"] == "RTW_REFUND_PENDING"
    skip(seller, HOUR_S)
    assert status(seller, asked) == "REFUND_SUCCESS"


def test_the_warehouse_turns_goods_away(seller: Lazada) -> None:
    order_id, asked = asked_back(seller, to_warehouse=True)
    act(seller, asked, "agreeReturn")
    advance(seller, order_id, "send_back")
    advance(seller, order_id, "arrived_back")
    assert advance(seller, order_id, "turned_away")["status"] == "RTW_REJECT"
    skip(seller, DAY_S)
    assert units(seller, order_id) == ["delivered", "delivered"]


def test_a_refusal_needs_reason_comment_and_picture(seller: Lazada) -> None:
    order_id, asked = asked_back(seller)
    reasons = seller.get("/order/reverse/reason/list", {"reverse_order_line_id": str(asked["line_ids"][0])})["data"]
    assert int(REFUSAL["reason_id"]) in [row["reason_id"] for row in reasons]
    assert act(seller, asked, "refuseReturn")["code"] == "108"
    assert act(seller, asked, "refuseReturn", reason_id="1")["code"] == "108"
    assert act(seller, asked, "refuseReturn", reason_id="101")["code"] == "109"
    assert status(seller, asked) == "RTM_INIT"
    assert act(seller, asked, "confirmDelivery")["code"] == "114"
    act(seller, asked, "agreeReturn")
    assert act(seller, asked, "confirmDelivery")["code"] == "0"  # brought by a carrier of the buyer's own
    without = {name: REFUSAL[name] for name in ("reason_id", "comment")}
    assert act(seller, asked, "refuseRefund", **without)["code"] == "110"
    assert act(seller, asked, "refuseRefund", **REFUSAL)["code"] == "0"
    assert (status(seller, asked), units(seller, order_id)) == ("REFUND_REJECTED", ["delivered", "delivered"])


def test_a_return_is_refused_or_refunded_at_once(seller: Lazada) -> None:
    _, asked = asked_back(seller)
    assert act(seller, asked, "refuseReturn", **REFUSAL)["code"] == "0"
    assert status(seller, asked) == "REFUND_REJECTED"
    assert act(seller, asked, "agreeReturn")["code"] == "114"
    order_id = asked["order_id"]
    again = advance(seller, order_id, "return")
    assert act(seller, again, "instantRefund")["code"] == "0"
    skip(seller, HOUR_S)
    assert (status(seller, again), units(seller, order_id)) == ("REFUND_SUCCESS", ["returned", "returned"])


def test_a_refund_alone_is_paid_or_disputed(seller: Lazada) -> None:
    order_id = delivered(seller)
    first = advance(seller, order_id, "refund", order_item_ids=[order_id + 1])
    second = advance(seller, order_id, "refund", order_item_ids=[order_id + 2])
    path = "/order/reverse/onlyrefund/seller/decide"

    def decide(asked: Any, action: str, **more: str) -> str:
        sent = {"reverse_order_id": str(asked["reverse_order_id"]), "action": action, **more}
        return str(seller.get(path, sent)["code"])

    assert decide(first, "agreeReturn") == "107"
    assert decide(first, "agreeRefund") == "0"
    assert decide(first, "agreeRefund") == "114"
    assert decide(second, "startDispute") == "109"
    assert decide(second, "startDispute", comment="Đã giao đủ", image_info_list=PICTURE) == "0"
    assert detail(seller, second)["reverseOrderLineDTOList"][0]["is_dispute"] is True
    assert listed(seller, dispute_in_progress="true") == [second["reverse_order_id"]]
    assert decide(second, "agreeRefund") == "114"
    skip(seller, 9 * DAY_S - HOUR_S)
    assert (status(seller, first), status(seller, second)) == ("REFUND_SUCCESS", "REFUND_INIT")
    done = advance(seller, order_id, "judged_for_seller", reverse_order_id=second["reverse_order_id"])
    assert (done["status"], units(seller, order_id)) == ("REFUND_REJECTED", ["returned", "delivered"])
    assert stopped(seller, order_id, "judged_for_buyer") == 409


def test_a_buyer_takes_the_wish_back(seller: Lazada) -> None:
    order_id, asked = asked_back(seller)
    assert stopped(seller, order_id, "return") == 409  # both units are in one already
    assert stopped(seller, order_id, "return", order_item_ids=[1]) == 409
    assert advance(seller, order_id, "withdraw_return")["status"] == "RTM_CANCELED"
    assert act(seller, asked, "agreeReturn")["code"] == "114"
    assert stopped(seller, order_id, "withdraw_return") == 409
    assert stopped(seller, order_id, "send_back", reverse_order_id=1) == 404


def test_reverse_orders_are_listed_by_page_kind_and_moment(seller: Lazada) -> None:
    made = []
    for to in ("return", "refund"):
        order_id = delivered(seller, 1)
        made.append(advance(seller, order_id, to)["reverse_order_id"])
    list_on_lazada(seller, "AO-2")
    order_id = int(buy_on_lazada(seller, {"sku": "AO-2"}).json()["order_id"])
    made.append(advance(seller, order_id, "buyer_cancel_request")["reverse_order_id"])

    first = seller.get(LIST, {"page_no": "1", "page_size": "2"})["result"]
    assert (first["total"], first["page_no"], first["page_size"]) == (3, 1, 2)
    assert [row["reverse_order_id"] for row in first["items"]] == made[:2]
    assert listed(seller, page_no="2", page_size="2") == made[2:]
    assert listed(seller, request_type_list='["RETURN","CANCEL"]') == [made[0], made[2]]
    assert listed(seller, reverse_status_list='["REFUND_INIT"]') == [made[1]]
    assert listed(seller, trade_order_id=str(order_id)) == [made[2]]
    assert listed(seller, reverse_order_id=str(made[1])) == [made[1]]
    assert listed(seller, return_to_type="RTM") == [made[0]]
    assert listed(seller, return_to_type="RTW") == []
    now_ms = int(time.time() * 1000)
    for name in ("ReverseOrderLineTimeRange", "ReverseOrderLineModifiedTimeRange", "TradeOrderLineCreatedTimeRange"):
        around = {f"{name}Start": str(now_ms - 60_000), f"{name}End": str(now_ms + 60_000)}
        assert listed(seller, **around) == made
        assert listed(seller, **{f"{name}Start": str(now_ms + 60_000)}) == []
        # Seconds instead of milliseconds are long ago.
        assert listed(seller, **{f"{name}End": str(now_ms // 1000)}) == []
    assert seller.get(LIST, {"page_size": "101"})["code"] == "19"
    assert seller.get(LIST, {"request_type_list": "RETURN"})["code"] == "InvalidParameter"


def test_odd_calls_are_refused(box: Sandbox, seller: Lazada) -> None:
    _, asked = asked_back(seller)
    assert act(seller, asked, "agree")["code"] == "107"
    assert act(seller, asked | {"reverse_order_id": "x"}, "agreeReturn")["code"] == "125"
    assert act(seller, asked | {"reverse_order_id": "1"}, "agreeReturn")["code"] == "112"
    assert act(seller, asked | {"line_ids": asked["line_ids"][:1]}, "agreeReturn")["code"] == "126"
    assert seller.get("/order/reverse/reason/list", {"reverse_order_line_id": "1"})["code"] == "126"
    other = open_seller(box)
    assert act(other, asked, "agreeReturn")["code"] == "112"
    assert listed(other) == []
    seller.access_token = "no"
    assert act(seller, asked, "agreeReturn")["code"] == "IllegalAccessToken"


def test_every_change_is_told_line_by_line_and_signed(box: Sandbox, callback: Callback) -> None:
    seller = open_seller(box, callback_url=callback.url)
    box.control("POST", "/lazada/apps", {"app_key": seller.app_key, "types_on": [10]})
    order_id, asked = asked_back(seller)
    act(seller, asked, "instantRefund")
    skip(seller, HOUR_S)
    wait_for(lambda: len(callback.received) == 6)
    told = [(one.json["data"]["reverse_status"], one.json["data"]["trade_order_line_id"]) for one in callback.received]
    statuses = ("RTM_INIT", "REFUND_PENDING", "REFUND_SUCCESS")
    assert told == [(name, str(order_id + unit)) for name in statuses for unit in (1, 2)]
    for one in callback.received:
        assert (one.json["message_type"], one.json["seller_id"]) == (10, seller.seller_id)
        assert one.json["data"]["reverse_order_id"] == str(asked["reverse_order_id"])
        signed = hmac.new(seller.app_secret.encode(), seller.app_key.encode() + one.body, hashlib.sha256)
        assert one.authorization == signed.hexdigest()


def test_a_killed_process_still_keeps_its_deadlines(tmp_path: Path) -> None:
    box = Sandbox(tmp_path).start()
    try:
        seller = open_seller(box)
        _, asked = asked_back(seller)
        box.stop(signal.SIGKILL)
        box.start()
        assert status(seller, asked) == "RTM_INIT"
        skip(seller, 2 * DAY_S + 1)
        assert status(seller, asked) == "RTM_SHIPPING_BACK"
    finally:
        box.stop()


def test_the_official_sdk_answers_a_return(seller: Lazada, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # the SDK writes a log below the home folder when it is imported
    lazop = pytest.importorskip("lazop_sdk.base", reason="lazop-sdk is not installed")
    client = lazop.LazopClient(seller.box.url + "/rest", seller.app_key, seller.app_secret)
    order_id, asked = asked_back(seller)

    def call(path: str, method: str = "GET", **params: str) -> Any:
        request = lazop.LazopRequest(path, method)
        for name, value in params.items():
            request.add_api_param(name, value)
        return client.execute(request, seller.access_token)

    found = call(LIST, page_no="1", page_size="10", request_type_list='["RETURN"]').body["result"]["items"]
    lines = [line["reverse_order_line_id"] for line in found[0]["reverse_order_lines"]]
    sent = {"reverse_order_id": str(found[0]["reverse_order_id"]), "reverse_order_item_ids": json.dumps(lines)}
    refused = call(UPDATE, action="refuseReturn", **sent)
    assert (refused.code, refused.message[:5]) == ("108", "E0108")
    # Vietnamese in a comment is signed and sent as it is.
    assert call(UPDATE, "POST", action="refuseReturn", **sent, **REFUSAL).code == "0"
    assert status(seller, asked) == "REFUND_REJECTED"
    again = advance(seller, order_id, "return")
    sent = {"reverse_order_id": str(again["reverse_order_id"]), "reverse_order_item_ids": json.dumps(again["line_ids"])}
    assert call(UPDATE, action="agreeReturn", **sent).code == "0"
    rows = call("/order/reverse/return/detail/list", reverse_order_id=sent["reverse_order_id"]).body["data"]
    assert {row["reverse_status"] for row in rows["reverseOrderLineDTOList"]} == {"RTM_SHIPPING_BACK"}
