"""Returns on the stand-in of TikTok Shop: deadlines, goods on their way, pages, webhooks (protocol notes, section 6)."""

from __future__ import annotations

import hashlib
import hmac
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.driving import Callback, Sandbox, wait_for
from tests.sandbox.selling_tiktok import TikTok, open_tiktok

DAY_S = 86400
SEARCH = "/return_refund/202309/returns/search"
PENDING, DONE = "RETURN_OR_REFUND_REQUEST_PENDING", "RETURN_OR_REFUND_REQUEST_COMPLETE"
ENDED = "RETURN_OR_REFUND_REQUEST_CANCEL"


@pytest.fixture
def tiktok(box: Sandbox) -> TikTok:
    return long_lived(box)


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback() as opened:
        yield opened


def long_lived(box: Sandbox, **more: object) -> TikTok:
    """A shop whose tokens outlive the skipping of days."""
    box.control("POST", "/settings", {"tiktok_access_token_s": 99 * DAY_S})
    return open_tiktok(box, **more)


def delivered(tiktok: TikTok, quantity: int = 2) -> str:
    tiktok.list()
    order_id = tiktok.bought(quantity)
    for to in ("arranged", "shipped", "delivered"):
        tiktok.advance(order_id, to)
    return order_id


def row_of(tiktok: TikTok, return_id: str) -> Any:
    (row,) = tiktok.post(SEARCH, {"return_ids": [return_id]})["return_orders"]
    return row


def status(tiktok: TikTok, return_id: str) -> str:
    return str(row_of(tiktok, return_id)["return_status"])


def deadline(tiktok: TikTok, return_id: str) -> tuple[str, float]:
    """What the seller must do, and in how many days."""
    (action,) = row_of(tiktok, return_id)["seller_next_action_response"]
    return action["action"], round((action["deadline"] - time.time()) / DAY_S, 2)


def stopped(tiktok: TikTok, order_id: str, to: str, **more: Any) -> int:
    url = f"{tiktok.box.url}/control/tiktok/orders/{order_id}/advance"
    return tiktok.box.http.post(url, json={"to": to, **more}).status_code


def skip(tiktok: TikTok, seconds: float) -> None:
    tiktok.box.control("POST", "/clock", {"advance_s": seconds})


def decide(tiktok: TikTok, return_id: str, decision: str) -> Any:
    return tiktok.post(f"/return_refund/202309/returns/{return_id}/approve", {"decision": decision})


def test_goods_are_followed_until_the_seller_has_looked_at_them(tiktok: TikTok) -> None:
    order_id = delivered(tiktok)
    return_id = tiktok.advance(order_id, "return")["return_id"]
    assert deadline(tiktok, return_id) == ("SELLER_RESPOND_RETURN", 2.0)
    decide(tiktok, return_id, "APPROVE_RETURN")
    assert row_of(tiktok, return_id)["seller_next_action_response"] == []
    tiktok.advance(order_id, "send_back")
    row = row_of(tiktok, return_id)
    assert (row["return_tracking_number"][:1], row["return_provider_name"]) == ("R", "J&T Express")
    tiktok.advance(order_id, "arrived_back")
    assert deadline(tiktok, return_id) == ("SELLER_RESPOND_RECEIVE_PACKAGE", 2.0)
    decide(tiktok, return_id, "APPROVE_RECEIVED_PACKAGE")
    assert status(tiktok, return_id) == DONE


def test_an_unanswered_wish_is_granted_by_the_platform(tiktok: TikTok) -> None:
    order_id = delivered(tiktok)
    return_id = tiktok.advance(order_id, "return")["return_id"]
    skip(tiktok, 2 * DAY_S - 60)
    assert status(tiktok, return_id) == PENDING
    skip(tiktok, 61)
    assert status(tiktok, return_id) == "AWAITING_BUYER_SHIP"
    path = f"/return_refund/202606/returns/{return_id}/reject"
    assert tiktok.code(path, {"decision": "REJECT_RETURN", "reject_reason": "x"}) == 90025003
    tiktok.advance(order_id, "send_back")
    tiktok.advance(order_id, "arrived_back")
    skip(tiktok, 2 * DAY_S + 1)
    assert status(tiktok, return_id) == DONE
    records = tiktok.get(f"/return_refund/202309/returns/{return_id}/records")["records"]
    assert [row["role"] for row in records] == ["SYSTEM", "BUYER", "SYSTEM", "BUYER"]


def test_an_unanswered_refund_is_paid(tiktok: TikTok) -> None:
    return_id = tiktok.advance(delivered(tiktok), "refund")["return_id"]
    assert deadline(tiktok, return_id) == ("SELLER_RESPOND_REFUND", 2.0)
    skip(tiktok, 2 * DAY_S + 1)
    assert status(tiktok, return_id) == DONE


def test_goods_that_are_not_sent_end_the_return(tiktok: TikTok) -> None:
    order_id = delivered(tiktok)
    return_id = tiktok.advance(order_id, "return")["return_id"]
    decide(tiktok, return_id, "APPROVE_RETURN")
    skip(tiktok, 7 * DAY_S + 1)
    assert status(tiktok, return_id) == ENDED
    assert stopped(tiktok, order_id, "send_back") == 409
    assert tiktok.advance(order_id, "return")["return_id"] != return_id


def test_an_unanswered_wish_to_cancel_is_granted(tiktok: TikTok) -> None:
    tiktok.list(stock=10)
    order_id = tiktok.bought(2)
    cancel_id = tiktok.advance(order_id, "buyer_cancel_request")["cancel_id"]
    skip(tiktok, 2 * DAY_S + 1)
    assert (tiktok.order(order_id)["status"], tiktok.figures()) == ("CANCELLED", (10, 0))
    assert tiktok.code(f"/return_refund/202309/cancellations/{cancel_id}/approve") == 90025003


def test_units_are_returned_once(tiktok: TikTok) -> None:
    order_id = delivered(tiktok, 3)
    lines = [line["id"] for line in tiktok.order(order_id)["line_items"]]
    first = tiktok.advance(order_id, "return", order_line_item_ids=lines[:1])["return_id"]
    assert stopped(tiktok, order_id, "return", order_line_item_ids=lines[:2]) == 409
    second = tiktok.advance(order_id, "refund")["return_id"]  # what is left
    rows = row_of(tiktok, second)["return_line_items"]
    assert [row["order_line_item_id"] for row in rows] == lines[1:]
    assert stopped(tiktok, order_id, "return") == 409
    tiktok.advance(order_id, "withdraw_return", return_id=first)
    assert (status(tiktok, first), status(tiktok, second)) == (ENDED, PENDING)
    assert stopped(tiktok, order_id, "withdraw_return", return_id=first) == 409
    assert stopped(tiktok, order_id, "withdraw_return", return_id="1") == 404
    assert stopped(tiktok, order_id, "arrived_back") == 409
    assert tiktok.advance(order_id, "return", order_line_item_ids=lines[:1])["return_id"]


def test_returns_are_searched_by_page_kind_status_and_time(tiktok: TikTok) -> None:
    order_id = delivered(tiktok, 3)
    lines = [line["id"] for line in tiktok.order(order_id)["line_items"]]
    kinds = ("return", "refund", "return")
    made = [
        tiktok.advance(order_id, kind, order_line_item_ids=[line])["return_id"]
        for kind, line in zip(kinds, lines, strict=True)
    ]

    def found(body: dict[str, Any], **query: str) -> Any:
        return tiktok.post(SEARCH, body, {"page_size": "10", "sort_order": "ASC", **query})

    def ids(page: Any) -> list[str]:
        return [row["return_id"] for row in page["return_orders"]]

    first = found({}, page_size="2")
    rest = found({}, page_size="2", page_token=first["next_page_token"])
    assert ids(first) + ids(rest) == made
    assert (first["total_count"], rest["next_page_token"]) == (3, "")
    assert ids(found({}, sort_order="DESC")) == made[::-1]
    assert ids(found({"return_types": ["REFUND"]})) == made[1:2]
    decide(tiktok, made[2], "APPROVE_RETURN")
    assert ids(found({"return_status": [PENDING]})) == made[:2]
    now = int(time.time())
    for name in ("create_time", "update_time"):
        assert len(ids(found({f"{name}_ge": now - 60, f"{name}_lt": now + 60}))) == 3
        assert ids(found({f"{name}_lt": now - 60})) == []
    other = open_tiktok(tiktok.box)
    assert other.post(SEARCH, {})["return_orders"] == []
    assert other.code(f"/return_refund/202309/returns/{made[0]}/approve", {"decision": "APPROVE_RETURN"}) == 90025002


def test_every_change_of_a_return_is_told_signed(box: Sandbox, callback: Callback) -> None:
    tiktok = long_lived(box, callback_url=callback.url)
    box.control("POST", "/tiktok/apps", {"app_key": tiktok.app_key, "types_on": [12]})
    order_id = delivered(tiktok)
    return_id = tiktok.advance(order_id, "return")["return_id"]
    skip(tiktok, 2 * DAY_S + 1)
    tiktok.advance(order_id, "send_back")
    decide(tiktok, return_id, "APPROVE_RECEIVED_PACKAGE")
    wait_for(lambda: len(callback.received) == 4)
    told = [one.json["data"] for one in callback.received]
    assert [one["return_status"] for one in told] == [PENDING, "AWAITING_BUYER_SHIP", "BUYER_SHIPPED_ITEM", DONE]
    assert {(one["return_id"], one["order_id"], one["return_type"]) for one in told} == {
        (return_id, order_id, "RETURN_AND_REFUND")
    }
    for one in callback.received:
        assert one.json["type"] == 12
        signed = hmac.new(tiktok.app_secret.encode(), tiktok.app_key.encode() + one.body, hashlib.sha256)
        assert one.authorization == signed.hexdigest()


def test_a_killed_process_still_keeps_its_deadlines(tmp_path: Path) -> None:
    box = Sandbox(tmp_path).start()
    try:
        tiktok = long_lived(box)
        return_id = tiktok.advance(delivered(tiktok), "return")["return_id"]
        box.stop(signal.SIGKILL)
        box.start()
        assert status(tiktok, return_id) == PENDING
        skip(tiktok, 2 * DAY_S + 1)
        assert status(tiktok, return_id) == "AWAITING_BUYER_SHIP"
    finally:
        box.stop()
