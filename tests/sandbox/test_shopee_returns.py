"""Returns on the stand-in of Shopee: asked for, answered or not, sent back, disputed, paid (protocol notes, section 8)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sandbox.conftest import open_shop
from tests.sandbox.driving import Callback, Sandbox, Shopee, wait_for
from tests.sandbox.selling import buy_on_shopee, list_on_shopee

DAY_S = 86400
HOUR_S = 3600
TWO = [{"sku": "AO-M", "name": "M", "stock": 9}, {"sku": "AO-L", "name": "L", "stock": 9, "price": 120000}]


@pytest.fixture(autouse=True)
def slow_money(box: Sandbox) -> None:
    """Granted refunds wait for the clock to be skipped, and tokens outlive the skipping."""
    box.control("POST", "/settings", {"refund_delay_s": HOUR_S, "shopee_access_token_s": 99 * DAY_S})


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback() as opened:
        yield opened


def delivered(shop: Shopee, *lines: dict[str, Any], to: str = "delivered") -> str:
    order_sn = str(buy_on_shopee(shop, *lines).json()["order_sn"])
    for step in ("shipped", "delivered", "completed"):
        advance(shop, order_sn, step)
        if step == to:
            break
    return order_sn


def advance(shop: Shopee, order_sn: str, to: str, **more: Any) -> Any:
    return shop.box.control("POST", f"/shopee/orders/{order_sn}/advance", {"to": to, **more})


def refused(shop: Shopee, order_sn: str, to: str, **more: Any) -> int:
    url = f"{shop.box.url}/control/shopee/orders/{order_sn}/advance"
    return shop.box.http.post(url, json={"to": to, **more}).status_code


def asked_back(shop: Shopee, to: str = "return", quantity: int = 2, **more: Any) -> tuple[str, str]:
    """Numbers of a delivered order and of a return of it."""
    list_on_shopee(shop)
    order_sn = delivered(shop, {"sku": "AO-THUN", "quantity": quantity})
    return order_sn, advance(shop, order_sn, to, **more)["return_sn"]


def detail(shop: Shopee, return_sn: str) -> Any:
    return shop.get("/returns/get_return_detail", {"return_sn": return_sn})["response"]


def status_of(shop: Shopee, order_sn: str) -> str:
    order = shop.get("/order/get_order_detail", {"order_sn_list": order_sn})["response"]["order_list"][0]
    return str(order["order_status"])


def skip(shop: Shopee, seconds: float) -> None:
    shop.box.control("POST", "/clock", {"advance_s": seconds})


def test_of_many_answers_at_once_one_counts(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop)
    sent = {"return_sn": return_sn, "email": "kho@example.vn", "dispute_reason_id": 1}

    def answer(number: int) -> str:
        path = "/returns/confirm" if number % 2 else "/returns/dispute"
        return str(shop.post(path, sent)["error"])

    with ThreadPoolExecutor(8) as pool:
        said = sorted(pool.map(answer, range(8)))
    # A dispute may still follow a confirmation, but nothing follows a dispute.
    assert said.count("") in (1, 2)
    assert set(said) == {"", "returns.error_status"}
    assert detail(shop, return_sn)["status"] == "SELLER_DISPUTE"
    assert status_of(shop, order_sn) == "TO_RETURN"


def test_some_units_come_back_and_are_paid_for(shop: Shopee) -> None:
    item_id, (first, second) = list_on_shopee(shop, "", models=TWO)
    order_sn = delivered(shop, {"sku": "AO-M", "quantity": 2}, {"sku": "AO-L", "quantity": 1})
    asked = advance(shop, order_sn, "return", reason="ITEM_NOT_FIT", lines=[[item_id, first, 1], [item_id, second, 1]])
    assert (asked["return_status"], asked["status"]) == ("REQUESTED", "TO_RETURN")
    now = time.time()
    one = detail(shop, asked["return_sn"])
    assert (one["status"], one["reason"], one["order_sn"]) == ("REQUESTED", "ITEM_NOT_FIT", order_sn)
    assert [(row["variation_sku"], row["amount"], row["item_price"]) for row in one["item"]] == [
        ("AO-M", 1, 99000),
        ("AO-L", 1, 120000),
    ]
    assert (one["refund_amount"], one["currency"], one["needs_logistics"]) == (219000, "VND", True)
    assert abs(one["due_date"] - now - 2 * DAY_S) < 60
    assert (one["return_ship_due_date"], one["return_seller_due_date"], one["tracking_number"]) == (0, 0, "")

    assert shop.post("/returns/confirm", {"return_sn": one["return_sn"]})["response"] == {"return_sn": one["return_sn"]}
    one = detail(shop, one["return_sn"])
    assert (one["status"], one["negotiation_status"]) == ("ACCEPTED", "TERMINATED")
    assert abs(one["return_ship_due_date"] - now - 7 * DAY_S) < 60
    advance(shop, order_sn, "send_back")
    one = detail(shop, one["return_sn"])
    assert one["tracking_number"].startswith("SPXVNR")
    assert (one["status"], one["reverse_logistic_status"]) == ("ACCEPTED", "LOGISTICS_PICKUP_DONE")
    assert advance(shop, order_sn, "arrived_back")["return_status"] == "PROCESSING"
    one = detail(shop, one["return_sn"])
    assert abs(one["return_seller_due_date"] - now - 2 * DAY_S) < 60
    assert shop.post("/returns/confirm", {"return_sn": one["return_sn"]})["error"] == ""
    assert detail(shop, one["return_sn"])["status"] == "ACCEPTED"
    assert status_of(shop, order_sn) == "TO_RETURN"
    skip(shop, HOUR_S)
    assert detail(shop, one["return_sn"])["status"] == "REFUND_PAID"
    assert status_of(shop, order_sn) == "COMPLETED"


def test_a_refund_alone_needs_no_goods(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop, "refund", reason="NOT_RECEIPT")
    assert (detail(shop, return_sn)["return_solution"], detail(shop, return_sn)["needs_logistics"]) == (1, False)
    shop.post("/returns/confirm", {"return_sn": return_sn})
    assert refused(shop, order_sn, "send_back") == 409
    skip(shop, HOUR_S)
    assert detail(shop, return_sn)["status"] == "REFUND_PAID"


def test_what_never_arrived_is_refunded_and_cancels_its_order(shop: Shopee) -> None:
    list_on_shopee(shop)
    order_sn = delivered(shop, {"sku": "AO-THUN"}, to="shipped")
    return_sn = advance(shop, order_sn, "refund")["return_sn"]
    shop.post("/returns/confirm", {"return_sn": return_sn})
    skip(shop, HOUR_S)
    assert status_of(shop, order_sn) == "CANCELLED"


def test_an_unanswered_wish_is_granted_by_the_platform(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop)
    skip(shop, 2 * DAY_S - 60)
    assert detail(shop, return_sn)["status"] == "REQUESTED"
    skip(shop, 61)
    assert detail(shop, return_sn)["status"] == "ACCEPTED"
    late = shop.post("/returns/confirm", {"return_sn": return_sn})
    assert (late["error"], "response" in late) == ("returns.error_status", False)
    advance(shop, order_sn, "send_back")
    skip(shop, 30 * DAY_S)  # goods on their way are waited for
    assert detail(shop, return_sn)["status"] == "ACCEPTED"
    advance(shop, order_sn, "arrived_back")
    skip(shop, 2 * DAY_S + 1)  # so are goods nobody looked at
    assert detail(shop, return_sn)["status"] == "ACCEPTED"
    skip(shop, HOUR_S)
    assert detail(shop, return_sn)["status"] == "REFUND_PAID"


def test_goods_that_are_not_sent_close_the_return(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop)
    shop.post("/returns/confirm", {"return_sn": return_sn})
    skip(shop, 7 * DAY_S + 1)
    assert (detail(shop, return_sn)["status"], status_of(shop, order_sn)) == ("CLOSED", "COMPLETED")
    assert refused(shop, order_sn, "send_back") == 409
    again = advance(shop, order_sn, "return")  # the units may be asked back once more
    assert again["return_sn"] != return_sn


def test_a_buyer_takes_the_wish_back(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop)
    assert advance(shop, order_sn, "withdraw_return")["return_status"] == "CANCELLED"
    assert status_of(shop, order_sn) == "COMPLETED"
    assert shop.post("/returns/confirm", {"return_sn": return_sn})["error"] == "returns.error_status"
    assert refused(shop, order_sn, "withdraw_return") == 409


def test_units_are_returned_once(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop)
    order_sn = delivered(shop, {"sku": "AO-THUN", "quantity": 3})
    first = advance(shop, order_sn, "return", lines=[[item_id, 0, 2]])["return_sn"]
    assert refused(shop, order_sn, "return", lines=[[item_id, 0, 2]]) == 409
    assert refused(shop, order_sn, "return", lines=[[item_id, 7, 1]]) == 409
    assert refused(shop, order_sn, "return", lines=[[item_id, 0, 0]]) == 409
    second = advance(shop, order_sn, "refund")["return_sn"]  # what is left
    assert [row["amount"] for row in detail(shop, second)["item"]] == [1]
    assert refused(shop, order_sn, "return") == 409
    advance(shop, order_sn, "withdraw_return", return_sn=first)
    assert status_of(shop, order_sn) == "TO_RETURN"  # the other is open still
    assert refused(shop, order_sn, "send_back", return_sn="none") == 404


def test_an_order_not_sent_yet_is_not_returned(shop: Shopee) -> None:
    list_on_shopee(shop)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]
    assert refused(shop, order_sn, "return") == 409


@pytest.mark.parametrize(("judged", "outcome"), [("judged_for_buyer", "REFUND_PAID"), ("judged_for_seller", "CLOSED")])
def test_a_dispute_is_judged_by_the_platform(shop: Shopee, judged: str, outcome: str) -> None:
    order_sn, return_sn = asked_back(shop)
    reasons = shop.get("/returns/get_return_dispute_reason", {"return_sn": return_sn})["response"]
    needs = {row["dispute_reason"]: row["evidence_module_list"] for row in reasons["dispute_reason_list"]}
    assert needs["2"][0]["is_required"]
    sent: dict[str, Any] = {"return_sn": return_sn, "email": "kho@example.vn", "dispute_reason_id": 2}
    sent["dispute_text_reason"] = "Hàng đã qua sử dụng"
    for wrong in ({"dispute_reason_id": 9}, {"email": "kho"}, {}):  # {}: the evidence is missing
        assert shop.post("/returns/dispute", sent | wrong)["error"] == "returns.error_param"
    assert shop.post("/returns/dispute", {"return_sn": return_sn})["error"] == "error_param"
    assert detail(shop, return_sn)["status"] == "REQUESTED"
    sent["image_list"] = [{"module_index": 1, "requirement": "", "image_url": ["https://img.example/1.jpg"]}]
    assert shop.post("/returns/dispute", sent)["response"] == {"return_sn": return_sn}
    one = detail(shop, return_sn)
    assert (one["status"], one["seller_proof_status"]) == ("SELLER_DISPUTE", "UPLOADED")
    assert one["dispute_text_reason"] == ["Hàng đã qua sử dụng"]
    assert shop.post("/returns/dispute", sent)["error"] == "returns.error_status"
    assert shop.post("/returns/confirm", {"return_sn": return_sn})["error"] == "returns.error_status"
    skip(shop, 30 * DAY_S)  # only the platform ends it
    assert advance(shop, order_sn, "judging")["return_status"] == "JUDGING"
    assert advance(shop, order_sn, judged)["return_status"] == outcome
    assert status_of(shop, order_sn) == "COMPLETED"


def test_what_came_back_wrong_is_disputed(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop)
    shop.post("/returns/confirm", {"return_sn": return_sn})
    advance(shop, order_sn, "send_back")
    advance(shop, order_sn, "arrived_back")
    sent = {"return_sn": return_sn, "email": "kho@example.vn", "dispute_reason_id": 1}
    assert shop.post("/returns/dispute", sent)["error"] == ""
    skip(shop, 3 * DAY_S)
    assert detail(shop, return_sn)["status"] == "SELLER_DISPUTE"


def test_seller_and_buyer_negotiate(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop)
    assert detail(shop, return_sn)["negotiation_status"] == ""
    assert shop.post("/returns/accept_offer", {"return_sn": return_sn})["error"] == "returns.error_status"
    sent: dict[str, Any] = {"return_sn": return_sn, "proposed_solution": "REFUND"}
    for wrong in ({"proposed_solution": "GIFT"}, {"proposed_adjusted_refund_amount": 198001}):
        assert shop.post("/returns/offer", sent | wrong)["error"].startswith("returns.error_")
    shop.post("/returns/offer", sent | {"proposed_adjusted_refund_amount": 50000})
    talk = detail(shop, return_sn)["negotiation"]
    assert (talk["negotiation_status"], talk["latest_offer_creator"]) == ("PENDING_BUYER_RESPOND", "SELLER")
    assert (talk["latest_solution"], talk["latest_offer_amount"]) == ("REFUND", 50000)
    advance(shop, order_sn, "counter_offer", amount=80000)
    waiting = shop.get(
        "/returns/get_return_list", {"page_no": 0, "page_size": 5, "negotiation_status": "PENDING_RESPOND"}
    )["response"]["return"]
    assert [row["return_sn"] for row in waiting] == [return_sn]
    talk = detail(shop, return_sn)["negotiation"]
    assert abs(talk["offer_due_date"] - time.time() - 2 * DAY_S) < 60
    assert (talk["latest_solution"], talk["latest_offer_amount"]) == ("RETURN_REFUND", 80000)
    assert refused(shop, order_sn, "accept_offer") == 409  # it is the seller's turn
    assert shop.post("/returns/accept_offer", {"return_sn": return_sn})["response"] == {"return_sn": return_sn}
    one = detail(shop, return_sn)
    assert (one["status"], one["refund_amount"], one["amount_before_discount"]) == ("ACCEPTED", 80000, 198000)
    assert shop.post("/returns/offer", sent)["error"] == "returns.error_status"


def test_a_buyer_takes_the_sellers_offer(shop: Shopee) -> None:
    order_sn, return_sn = asked_back(shop)
    shop.post(
        "/returns/offer",
        {"return_sn": return_sn, "proposed_solution": "REFUND", "proposed_adjusted_refund_amount": 20000},
    )
    advance(shop, order_sn, "accept_offer")
    skip(shop, HOUR_S)
    one = detail(shop, return_sn)
    assert (one["status"], one["refund_amount"], one["needs_logistics"]) == ("REFUND_PAID", 20000, False)


def test_returns_are_listed_by_page_status_and_time(shop: Shopee) -> None:
    list_on_shopee(shop)
    made = []
    for _ in range(3):
        order_sn = delivered(shop, {"sku": "AO-THUN"})
        made.append(advance(shop, order_sn, "return")["return_sn"])
    shop.post("/returns/confirm", {"return_sn": made[1]})

    def listed(**params: Any) -> Any:
        return shop.get("/returns/get_return_list", {"page_no": 0, "page_size": 10, **params})

    first, second = listed(page_size=2)["response"], listed(page_no=1, page_size=2)["response"]
    assert [row["return_sn"] for row in first["return"] + second["return"]] == made
    assert (first["more"], second["more"]) == (True, False)
    assert [row["return_sn"] for row in listed(status="ACCEPTED")["response"]["return"]] == [made[1]]
    now = int(time.time())
    for name in ("create_time", "update_time"):
        assert len(listed(**{f"{name}_from": now - 100, f"{name}_to": now + 1})["response"]["return"]) == 3
        assert listed(**{f"{name}_to": now - 100})["response"]["return"] == []
        long = {f"{name}_from": now - 16 * DAY_S, f"{name}_to": now}
        assert listed(**long)["error"] == "returns.error_param"
    assert listed(page_size=101)["error"] == "error_param"
    assert shop.get("/returns/get_return_list", {"page_size": 10})["error"] == "error_param"


def test_a_return_belongs_to_its_shop(box: Sandbox, shop: Shopee) -> None:
    _, return_sn = asked_back(shop)
    other = open_shop(box)
    assert other.get("/returns/get_return_detail", {"return_sn": return_sn})["error"] == "returns.error_not_found"
    assert other.post("/returns/confirm", {"return_sn": return_sn})["error"] == "returns.error_not_found"
    assert other.get("/returns/get_return_list", {"page_no": 0, "page_size": 9})["response"]["return"] == []
    shop.access_token = "no"
    assert shop.post("/returns/confirm", {"return_sn": return_sn})["error"] == "invalid_acceess_token"


def test_every_change_of_a_return_is_told_signed(box: Sandbox, callback: Callback) -> None:
    shop = open_shop(box, callback_url=callback.url)
    box.control("POST", "/shopee/apps", {"partner_id": shop.partner_id, "codes_on": [29]})
    order_sn, return_sn = asked_back(shop)
    shop.post("/returns/confirm", {"return_sn": return_sn})
    advance(shop, order_sn, "withdraw_return")
    wait_for(lambda: len(callback.received) == 3)
    told = [one.json["data"] for one in callback.received]
    assert [one["return_status"] for one in told] == ["REQUESTED", "ACCEPTED", "CANCELLED"]
    assert {(one["return_sn"], one["order_sn"]) for one in told} == {(return_sn, order_sn)}
    for one in callback.received:
        signed = hmac.new(shop.partner_key.encode(), callback.url.encode() + b"|" + one.body, hashlib.sha256)
        assert one.authorization == signed.hexdigest()


def test_a_killed_process_still_keeps_its_deadlines(tmp_path: Path) -> None:
    box = Sandbox(tmp_path).start()
    try:
        box.control("POST", "/settings", {"shopee_access_token_s": 99 * DAY_S})
        shop = open_shop(box)
        _, return_sn = asked_back(shop)
        box.stop(signal.SIGKILL)
        box.start()
        assert detail(shop, return_sn)["status"] == "REQUESTED"
        skip(shop, 2 * DAY_S + 1)
        assert detail(shop, return_sn)["status"] == "ACCEPTED"
    finally:
        box.stop()


def test_mcp_shopee_seller_reads_and_answers_returns(shop: Shopee, tmp_path: Path) -> None:
    missing = "mcp-shopee-seller is not installed"
    shopee_client = pytest.importorskip("shopee_mcp.client", reason=missing)
    shopee_config = pytest.importorskip("shopee_mcp.config", reason=missing)
    names = ("broker_url", "license_key", "redirect_url", "ads_partner_key", "ads_token_file", "ads_redirect_url")
    settings = shopee_config.Settings(
        **dict.fromkeys(names, ""),
        partner_id=shop.partner_id,
        partner_key=shop.partner_key,
        host=shop.box.url,
        shop_id=shop.shop_id,
        token_file=str(tmp_path / "tokens.json"),
        auth_port=0,
        env="sandbox",
        ads_partner_id=0,
    )
    _, return_sn = asked_back(shop)
    code = shop.box.control("POST", "/shopee/codes", {"shop": shop.shop_id})["code"]

    async def drive() -> None:
        client = shopee_client.ShopeeClient(settings)
        try:
            await client.fetch_token(code, shop.shop_id)
            listed = await client.call("/api/v2/returns/get_return_list", params={"page_no": 0, "page_size": 20})
            assert [row["return_sn"] for row in listed["response"]["return"]] == [return_sn]
            body = {"return_sn": return_sn}
            await client.call("/api/v2/returns/confirm", method="POST", body=body)
            found = await client.call("/api/v2/returns/get_return_detail", params=body)
            assert found["response"]["status"] == "ACCEPTED"
            with pytest.raises(Exception, match="error_status"):
                await client.call("/api/v2/returns/confirm", method="POST", body=body)
        finally:
            await client.aclose()

    asyncio.run(drive())


def test_snowland_shopeeapi_lists_and_disputes_returns(shop: Shopee) -> None:
    snowland = pytest.importorskip("snowland_shopeeapi", reason="snowland-shopeeapi is not installed")
    _, return_sn = asked_back(shop)

    async def drive() -> None:
        environment = SimpleNamespace(base_url=shop.box.url)
        options = {"backend": "httpx", "enable_retry": False}
        client = snowland.ShopeeClient(shop.partner_id, shop.partner_key, environment, **options)
        try:
            who = {"access_token": shop.access_token, "shop_id": shop.shop_id}
            # Its own method sends the page under the names of the API's first version; the call itself is the same.
            params = {"page_no": 0, "page_size": 20, "status": "REQUESTED"}
            listed = await client.request("GET", "/api/v2/returns/get_return_list", params=params, **who)
            assert [row["return_sn"] for row in listed["response"]["return"]] == [return_sn]
            more = {"email": "kho@example.vn", "dispute_reason_id": 1}
            await client.returns.dispute_return(**who, return_sn=return_sn, dispute_reason="NOT_RECEIVED", **more)
            with pytest.raises(snowland.exceptions.ShopeeAPIError, match="error_status"):
                await client.returns.dispute_return(**who, return_sn=return_sn, dispute_reason="X", **more)
        finally:
            await client.close()

    asyncio.run(drive())
    assert detail(shop, return_sn)["status"] == "SELLER_DISPUTE"
