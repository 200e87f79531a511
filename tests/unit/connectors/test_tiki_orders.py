"""The Tiki connector against answers composed from the platform's documented shapes: events, orders, confirmation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels import socket
from mekong.channels.socket import ListingKey, OrderRef, RemoteOrder, RemoteState, Response, Shipment
from mekong.channels.socket.wire import present
from mekong.connectors.tiki.connector import Tiki
from mekong.connectors.tiki.mapping import local, moment, orders
from mekong.foundation.errors import (
    Invalid,
    MekongError,
    NeedsRefresh,
    RateLimited,
    RemoteRefused,
    Unavailable,
)
from tests.unit.connectors.test_tiki import NOW, TOKENS, a_shop, an_account, refused
from tests.unit.connectors.wire import Answer, Wire, body, query, run

HOUR = timedelta(hours=1)
SINCE = NOW - HOUR


def a_line(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "product": {
            "id": 2071618,
            "type": "simple",
            "master_id": 2071000,
            "sku": "8412345678901",
            "name": "Áo thun cổ tròn",
            "inventory_type": "dropship",
            "imeis": [],
            "seller_product_code": "ÁO-ĐỎ-M",
        },
        "seller": {"id": 1234, "name": "Tiệm áo"},
        "confirmation": {
            "status": "waiting",
            "confirmed_at": None,
            "available_confirm_sla": "2026-11-22 18:00:00",
            "pickup_confirm_sla": None,
            "histories": [],
        },
        "parent_item_id": 0,
        "price": 99000,
        "qty": 2,
        "is_free_gift": False,
        "invoice": {"price": 99000, "quantity": 2, "subtotal": 198000, "row_total": 198000},
        "seller_inventory_id": 1034,
        "seller_inventory_name": "Kho Q3",
        **changes,
    }


def a_remote(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": 114212345,
        "code": "904104154",
        "fulfillment_type": "dropship",
        "status": "queueing",
        "relation_code": None,
        "is_rma": False,
        "tiki_warehouse": {"id": 3, "name": "HN", "code": "hn"},
        "items": list(lines or (a_line(212345678),)),
        "shipping": {
            "partner_id": None,
            "tracking_code": None,
            "plan": {"id": 1, "name": "TikiFAST"},
            "address": {
                "full_name": "N** V** A",
                "street": "****",
                "ward": "Phường 4",
                "district": "Quận 3",
                "region": "Hồ Chí Minh",
                "country": "Việt Nam",
                "phone": "09****12",
            },
        },
        "payment": {"method": "cod", "is_prepaid": False, "status": "waiting"},
        "customer": {"id": 1, "full_name": "N** V** A"},
        "invoice": {
            "items_count": 1,
            "subtotal": 198000,
            "grand_total": 213000,
            "discount_amount": 0,
            "shipping_amount_after_discount": 15000,
        },
        "cancel_info": None,
        "created_at": "2026-11-22 08:00:00",
        "updated_at": "2026-11-22 08:01:00",
        **changes,
    }


def an_order(*lines: dict[str, Any], **changes: Any) -> RemoteOrder:
    said = msgspec.convert(present(a_remote(*lines, **changes)), orders.Order, strict=False)
    return orders.order(said, "VND")


# --- orders ----------------------------------------------------------------------------------------------------------


def test_an_order_is_mapped_whole() -> None:
    shop, wire = a_shop({"/orders/904104154": a_remote()})
    (order,) = run(shop.fetch_orders(external_ids=["904104154"]))
    assert order == RemoteOrder(
        external_id="904104154",
        state=RemoteState.PLACED,
        raw_state="queueing",
        placed_at=datetime(2026, 11, 22, 1, 0, tzinfo=UTC),
        updated_at=datetime(2026, 11, 22, 1, 1, tzinfo=UTC),
        currency="VND",
        lines=[
            socket.RemoteLine(
                line_ids=("212345678",),
                key=ListingKey("2071618"),
                sku="ÁO-ĐỎ-M",
                name="Áo thun cổ tròn",
                quantity=2,
                unit_price_minor=99000,
            )
        ],
        buyer_name="N** V** A",
        buyer_phone="",
        buyer_ref="1",
        address={
            "line": "****",
            "ward": "Phường 4",
            "district": "Quận 3",
            "province": "Hồ Chí Minh",
            "country": "Việt Nam",
        },
        is_cod=True,
        total_minor=213000,
        shipping_fee_minor=15000,
        discount_minor=0,
        ship_by=datetime(2026, 11, 22, 11, 0, tzinfo=UTC),
    )
    (sent,) = wire.requests
    assert (sent.method, sent.url) == ("GET", "https://tiki.example/integration/v2/orders/904104154")
    assert (sent.params, sent.body) == ((), b"")


def test_an_order_of_the_bare_necessities_comes_in() -> None:
    bare = {
        "code": 5,
        "created_at": "2026-11-22T08:00:00+07:00",
        "items": [
            {"id": "1", "product": {"id": "7"}, "price": None, "invoice": {"price": "12.5", "quantity": 3}},
            {"id": 2, "product": {"id": 8}},
        ],
    }
    shop, _ = a_shop({"/orders/5": {"data": [bare]}})
    (order,) = run(shop.fetch_orders(external_ids=["5"]))
    assert (order.external_id, order.state, order.raw_state) == ("5", RemoteState.PLACED, "")
    assert order.updated_at == order.placed_at == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    assert [(line.quantity, line.unit_price_minor, line.sku) for line in order.lines] == [(3, 13, ""), (0, 0, "")]
    assert (order.total_minor, order.is_cod, order.ship_by, order.address) == (39, False, None, {})


def test_a_buyer_who_shows_a_telephone_number_and_has_paid() -> None:
    shown = {"full_name": "Trần Thị Bình", "phone": "0901234567"}
    order = an_order(
        shipping={"tracking_code": "TK0001", "address": shown}, payment={"method": "cod", "is_prepaid": True}
    )
    assert (order.buyer_name, order.buyer_phone) == ("Trần Thị Bình", "0901234567")
    assert (order.tracking_no, order.is_cod) == ("TK0001", False)


def test_the_nearest_deadline_counts_and_an_unreadable_one_is_passed_over() -> None:
    soon = {"status": "seller_confirmed", "available_confirm_sla": "soon", "pickup_confirm_sla": "2026-11-22 16:00:00"}
    order = an_order(a_line(1), a_line(2, confirmation=soon), a_line(3, confirmation={"available_confirm_sla": "x"}))
    assert order.ship_by == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_items_the_seller_refused_are_left_out_of_an_order_that_goes_on() -> None:
    gone = {"confirmation": {"status": "seller_canceled"}}
    whole = {"grand_total": 411000, "shipping_amount_after_discount": 15000}
    order = an_order(a_line(1), a_line(2, **gone), invoice=whole)
    assert [line.line_ids for line in order.lines] == [("1",)]
    assert (order.total_minor, order.shipping_fee_minor) == (198000 + 15000, 15000)
    order = an_order(a_line(1, **gone), a_line(2, **gone), status="canceled")
    assert (order.state, len(order.lines), order.total_minor) == (RemoteState.CANCELLED, 2, 213000)


@given(
    prices=st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 50)), min_size=1, max_size=6),
    fee=st.integers(0, 10**6),
    total=st.integers(0, 10**8),
)
def test_the_sums_of_an_order_agree(prices: list[tuple[int, int]], fee: int, total: int) -> None:
    lines = [a_line(number, price=price, qty=units) for number, (price, units) in enumerate(prices)]
    order = an_order(*lines, invoice={"grand_total": total, "shipping_amount_after_discount": fee})
    goods = sum(line.quantity * line.unit_price_minor for line in order.lines)
    assert goods == sum(price * units for price, units in prices)
    assert order.total_minor == total == goods + order.shipping_fee_minor - order.discount_minor
    assert order.shipping_fee_minor >= fee
    assert order.discount_minor >= 0


STATUSES = {
    "waiting_payment",
    "payment_review",
    "paid",
    "queueing",
    "processing",
    "holded",
    "picking",
    "packaging",
    "finished_packing",
    "ready_to_ship",
    "handover_to_partner",
    "shipping",
    "successful_delivery",
    "delivered",
    "complete",
    "closed",
    "canceled",
    "returned",
}


def test_every_documented_status_has_its_state() -> None:
    assert set(orders.STATES) == STATUSES
    way = [an_order(status=status).state for status in ("queueing", "finished_packing", "ready_to_ship", "shipping")]
    assert way == [RemoteState.PLACED, RemoteState.PACKED, RemoteState.READY_TO_SHIP, RemoteState.SHIPPED]
    assert an_order(status="successful_delivery").state is RemoteState.DELIVERED
    assert an_order(status="canceled").state is RemoteState.CANCELLED
    assert an_order(status="teleported").state is RemoteState.PLACED


def test_each_order_is_asked_for_once_and_unknown_ones_are_missing() -> None:
    shop, wire = a_shop(
        {
            "/orders/1": a_remote(code="1"),
            "/orders/2": refused(404, "order not found"),
            "/orders/3": a_remote(code="3"),
            "/orders/4": {"data": []},
        }
    )
    found = run(shop.fetch_orders(external_ids=["1", "2", "3", "4", "1", "../sellers", ""]))
    assert [order.external_id for order in found] == ["1", "3"]
    assert len(wire.requests) == 4


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b'{"code":"1","created', Unavailable),
        (b"", Unavailable),
        (b'{"code":"1"}', Unavailable),
        ({"code": "1", "created_at": "yesterday"}, Unavailable),
        ({"code": "1", "created_at": "2026-11-22 08:00:00", "items": [{"id": 1}]}, Unavailable),
        (refused(403, "scope"), RemoteRefused),
        (refused(401), NeedsRefresh),
    ],
)
def test_an_order_that_cannot_be_read_is_not_taken_for_unknown(answer: Answer, error: type[MekongError]) -> None:
    shop, _ = a_shop({"/orders/1": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.fetch_orders(external_ids=["1"]))
    assert type(failed.value) is error


# --- the list of orders ----------------------------------------------------------------------------------------------


class Platform(Wire):
    """A shop's orders (code to created and changed) and its event queue, as the platform keeps them."""

    def __init__(self, *, filters_by_change: bool = False, has_queue: bool = True) -> None:
        super().__init__({})
        self.filters_by_change, self.has_queue = filters_by_change, has_queue
        self.orders: dict[str, list[datetime]] = {}
        self.events: list[dict[str, Any]] = []
        self.out = 0
        self.size = 3
        self.queues: dict[str, str] = {}
        self.subscribed: set[str] = set()
        self.pages = 0
        self.troubles: dict[str, Response] = {}

    def order(self, code: str, created: datetime, changed: datetime | None = None) -> None:
        self.orders[code] = [created, changed or created]

    def event(self, code: str, name: str = "order_code", kind: str = "ORDER_STATUS_UPDATED") -> None:
        self.events.append({"id": f"e{len(self.events)}", "sid": "8D", "type": kind, "payload": {name: code}})

    async def send(self, request: socket.Request) -> Response:
        self.requests.append(request)
        path = urlsplit(request.url).path
        for end, trouble in self.troubles.items():
            if path.endswith(end):
                return trouble
        answer = self._answer(request, path)
        return answer if isinstance(answer, Response) else Response(200, json.dumps(answer).encode())

    def _answer(self, request: socket.Request, path: str) -> Any:
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        if path == "/sc/oauth2/token":
            assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"]}
            return {**TOKENS, "access_token": "APP"}
        if path == "/integration/v2/orders":
            assert bearer == "TT"
            return self._listed(query(request))
        if not self.has_queue:
            return refused(403, "queues are not for you")
        if path.endswith("/subscriptions"):
            assert bearer == "TT", "the seller subscribes"
            if request.method == "POST":
                self.subscribed.add(body(request)["event_type"])
            return [{"code": "s", "active": True, "event_type": kind, "sid": "8D"} for kind in sorted(self.subscribed)]
        assert bearer == "APP", "the queue is the app's"
        if path == "/integration/v1/queues":
            if request.method == "POST":
                self.queues[body(request)["name"]] = "q-1"
                return {"code": "q-1", "name": body(request)["name"], "status": "ACTIVE"}
            return [{"code": code, "name": name, "status": "ACTIVE"} for name, code in self.queues.items()]
        assert path == "/integration/v1/queues/q-1/events/pull"
        if body(request)["ack_id"] == f"ack-{self.out}":
            del self.events[: self.out]
        self.out = len(self.events[: self.size])
        return {"events": self.events[: self.out], "ack_id": f"ack-{self.out}"}

    def _listed(self, asked: Mapping[str, str]) -> Any:
        self.pages += 1
        assert asked["order_by"] == "created_at|desc"
        rows = sorted(self.orders.items(), key=lambda row: row[1][0], reverse=True)
        created_from, updated_from = moment(asked["created_from_date"]), moment(asked["updated_from_date"])
        rows = [row for row in rows if row[1][0] >= created_from]
        if self.filters_by_change:
            rows = [row for row in rows if row[1][1] >= updated_from]
        page, limit = int(asked["page"]), int(asked["limit"])
        part = rows[(page - 1) * limit : page * limit]
        return {
            "data": [
                {"code": code, "status": "queueing", "created_at": local(created), "updated_at": local(changed)}
                for code, (created, changed) in part
            ],
            "paging": {"current_page": page, "per_page": limit, "last_page": -(-len(rows) // limit)},
        }


class Poller:
    """Polls as channels/ does: each page is booked before the next is asked for, and the mark moves at the end."""

    def __init__(self, platform: Platform, begin: datetime = SINCE) -> None:
        self.platform, self.clock, self.mark = platform, NOW, begin
        self.shop = Tiki(an_account(), platform, clock=lambda: self.clock)
        self.seen: list[str] = []

    def poll(self, *, die_after: int | None = None) -> set[str]:
        """The orders told in one poll. `die_after`: stop without booking the page after so many."""
        self.platform.pages = 0
        told: set[str] = set()
        cursor: str | None = None
        for number in range(1000):
            page = run(
                self.shop.list_orders(
                    updated_from=self.mark - timedelta(seconds=60), updated_to=self.clock, cursor=cursor
                )
            )
            if number == die_after:
                return told
            codes = [ref.external_id for ref in page.refs]
            assert len(codes) == len(set(codes)), "an order comes once a page"
            told.update(codes)
            cursor = page.next_cursor
            if cursor is None:
                self.mark = self.clock
                return told
        raise AssertionError("the poll did not come to an end")

    def later(self, by: timedelta = timedelta(seconds=30)) -> datetime:
        self.clock += by
        return self.clock


def test_a_page_of_the_list_is_this_request() -> None:
    poller = Poller(Platform(has_queue=False))
    poller.poll()
    (sent,) = [one for one in poller.platform.requests if one.url.endswith("/orders")]
    assert sent.params == (
        ("page", "1"),
        ("limit", "50"),
        ("order_by", "created_at|desc"),
        ("created_from_date", "2026-10-08 08:59:00"),
        ("updated_from_date", "2026-11-22 08:59:00"),
    )


@pytest.mark.parametrize("filters_by_change", [True, False])
@pytest.mark.parametrize("has_queue", [True, False])
def test_a_poll_tells_what_changed_in_its_window_and_nothing_older(filters_by_change: bool, has_queue: bool) -> None:
    platform = Platform(filters_by_change=filters_by_change, has_queue=has_queue)
    platform.order("new", NOW - timedelta(minutes=5))
    platform.order("changed", NOW - timedelta(days=9), NOW - timedelta(minutes=5))
    platform.order("same", NOW - timedelta(days=9))
    poller = Poller(platform)
    assert poller.poll() == {"new", "changed"}
    poller.later(HOUR)
    assert not poller.poll()
    platform.orders["same"][1] = poller.clock
    poller.later()
    assert poller.poll() == {"same"}


@pytest.mark.parametrize("filters_by_change", [True, False])
def test_a_large_shop_is_read_on_a_few_pages_a_poll_and_no_change_is_missed(filters_by_change: bool) -> None:
    platform = Platform(filters_by_change=filters_by_change, has_queue=False)
    for number in range(1500):
        platform.order(str(number), NOW - timedelta(minutes=2 * number + 120))
    poller = Poller(platform)
    assert not poller.poll()
    assert platform.pages == (1 if filters_by_change else 10)
    waiting: set[str] = set()
    for number in range(40):
        at = poller.later()
        platform.order(f"new-{number}", at)
        platform.orders[str(number * 37)][1] = at
        waiting |= {f"new-{number}", str(number * 37)}
        told = poller.poll()
        assert f"new-{number}" in told, "new orders are told at once"
        assert platform.pages <= 11
        waiting -= told
    for _ in range(8):
        poller.later()
        waiting -= poller.poll()
    assert not waiting


def test_many_new_orders_are_told_at_once_however_many_pages_they_fill() -> None:
    platform = Platform(has_queue=False)
    for number in range(1200):
        platform.order(str(number), NOW - timedelta(seconds=number + 1))
    assert len(Poller(platform).poll()) == 1200


def test_pages_that_were_not_booked_are_read_again() -> None:
    platform = Platform(has_queue=False)
    for number in range(800):
        platform.order(str(number), NOW - timedelta(days=2, seconds=number))
    poller = Poller(platform)
    poller.poll()
    for number in (420, 770):
        platform.orders[str(number)][1] = poller.later()
    told: set[str] = set()
    for death in (1, 5, 9, 11):
        told |= poller.poll(die_after=death)
        poller.later()
    for _ in range(3):
        told |= poller.poll()
    assert {"420", "770"} <= told


def test_a_connector_made_anew_goes_on_with_the_cursor_of_the_one_before() -> None:
    platform = Platform(has_queue=False)
    for number in range(120):
        platform.order(str(number), NOW - timedelta(minutes=1 + number))
    told: set[str] = set()
    cursor: str | None = None
    while True:
        shop = Tiki(an_account(), platform, clock=lambda: NOW)
        page = run(shop.list_orders(updated_from=NOW - 3 * HOUR, updated_to=NOW, cursor=cursor))
        told.update(ref.external_id for ref in page.refs)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(told) == 120


def test_a_row_without_a_readable_time_is_told_rather_than_lost() -> None:
    rows = [
        {"code": "1", "created_at": "0000-00-00 00:00:00", "updated_at": "0000-00-00 00:00:00"},
        {"code": "2", "created_at": "2020-01-01 00:00:00"},
        {"code": "3", "created_at": "2020-01-01 00:00:00", "updated_at": "2020-01-01 00:00:00"},
        {"code": "1"},
    ]
    shop, _ = a_shop({"/oauth2/token": refused(400), "/orders": {"data": rows}})
    first = run(shop.list_orders(updated_from=SINCE, updated_to=NOW, cursor=None))
    page = run(shop.list_orders(updated_from=SINCE, updated_to=NOW, cursor=first.next_cursor))
    assert page.refs == [OrderRef("1"), OrderRef("2")]


@pytest.mark.parametrize("cursor", ["50", "list.1.2", "list.a.b.c.d.e", "kept.1", "events.x.y", "kept.1.2.-3"])
def test_a_cursor_of_another_make_is_invalid(cursor: str) -> None:
    shop, _ = a_shop({"/queues": b"[]", "/oauth2/token": TOKENS, "/pull": {"events": [{}], "ack_id": "a"}})
    shop.queue._code = "q"
    with pytest.raises(Invalid):
        run(shop.list_orders(updated_from=SINCE, updated_to=NOW, cursor=cursor))


def test_a_window_too_long_is_invalid() -> None:
    shop, wire = a_shop()
    with pytest.raises(Invalid):
        run(shop.list_orders(updated_from=NOW - timedelta(days=31), updated_to=NOW, cursor=None))
    assert not wire.requests


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(429), RateLimited),
        (refused(500), Unavailable),
        (refused(401), NeedsRefresh),
        (refused(400, "bad filter"), RemoteRefused),
        (Response(200, b'{"data":[{"code":'), Unavailable),
        (Response(200, b'{"data":[{"status":"queueing"}]}'), Unavailable),
    ],
)
def test_trouble_with_the_list_is_raised(answer: Response, error: type[MekongError]) -> None:
    platform = Platform()
    platform.troubles["/v2/orders"] = answer
    with pytest.raises(MekongError) as failed:
        Poller(platform).poll()
    assert type(failed.value) is error


# --- the event queue -------------------------------------------------------------------------------------------------


def test_the_shops_queue_is_made_and_subscribed_once() -> None:
    poller = Poller(Platform())
    poller.platform.queues["mekong-of-another-shop"] = "q-0"
    poller.poll()
    poller.poll()
    made = [
        (one.method, urlsplit(one.url).path, one.body)
        for one in poller.platform.requests
        if not one.url.endswith("/orders")
    ]
    assert made == [
        ("POST", "/sc/oauth2/token", b"grant_type=client_credentials"),
        ("GET", "/integration/v1/queues", b""),
        ("POST", "/integration/v1/queues", b'{"name":"mekong-1234"}'),
        ("GET", "/integration/v1/queues/q-1/subscriptions", b""),
        ("POST", "/integration/v1/queues/q-1/subscriptions", b'{"event_type":"ORDER_CREATED_SUCCESSFULLY"}'),
        ("POST", "/integration/v1/queues/q-1/subscriptions", b'{"event_type":"ORDER_STATUS_UPDATED"}'),
        ("POST", "/integration/v1/queues/q-1/events/pull", b'{"ack_id":null}'),
        ("POST", "/integration/v1/queues/q-1/events/pull", b'{"ack_id":null}'),
    ]
    again = Poller(poller.platform)
    poller.platform.requests.clear()
    again.poll()
    assert [one.method for one in poller.platform.requests if "/v1/queues" in one.url] == ["GET", "GET", "POST"]


def test_events_are_told_in_order_and_confirmed_only_by_the_next_page() -> None:
    platform = Platform()
    for code in ("1", "2", "2", "3", "4"):
        platform.event(code)
    platform.event("5", name="orderCode", kind="ORDER_CREATED_SUCCESSFULLY")
    platform.event("6", kind="PRODUCT_PRICE_UPDATED")
    platform.events.append({"id": "x", "type": "ORDER_STATUS_UPDATED"})
    poller = Poller(platform)
    ask: Any = {"updated_from": SINCE, "updated_to": NOW}
    first = run(poller.shop.list_orders(**ask, cursor=None))
    assert first.refs == [OrderRef("1"), OrderRef("2")]
    assert len(platform.events) == 8, "nothing is confirmed before it is booked"
    assert run(poller.shop.list_orders(**ask, cursor=None)).refs == first.refs
    second = run(poller.shop.list_orders(**ask, cursor=first.next_cursor))
    assert second.refs == [OrderRef("3"), OrderRef("4"), OrderRef("5")]
    assert len(platform.events) == 5
    assert poller.poll() == {"3", "4", "5"}
    assert not platform.events


def test_a_poll_that_dies_meets_the_same_events_again() -> None:
    platform = Platform()
    for number in range(7):
        platform.event(str(number))
    poller = Poller(platform)
    assert poller.poll(die_after=1) == {"0", "1", "2"}
    assert poller.poll() == {"3", "4", "5", "6"}


def test_a_queue_that_never_empties_does_not_keep_the_list_from_being_read() -> None:
    class Endless(Platform):
        def _answer(self, request: socket.Request, path: str) -> Any:
            if path.endswith("/pull"):
                return {"events": [{"type": "ORDER_STATUS_UPDATED", "payload": {"order_code": "9"}}], "ack_id": "same"}
            return super()._answer(request, path)

    platform = Endless()
    platform.order("1", NOW)
    assert Poller(platform).poll() == {"9", "1"}
    assert len(platform.asked("/pull")) == 201


@pytest.mark.parametrize(
    "trouble",
    [
        ("/pull", refused(500)),
        ("/pull", Response(200, b'{"events":[{')),
        ("/pull", Response(200, b'{"events":7}')),
        ("/pull", refused(401)),
        ("/pull", refused(404, "no such queue")),
        ("/v1/queues", refused(403, "not for public apps")),
        ("/v1/queues", Response(200, b'[{"name":"x"}]')),
        ("/token", Response(401, b'{"error":"invalid_client"}')),
        ("/token", refused(502)),
        ("/subscriptions", refused(403, "scope")),
    ],
)
def test_trouble_with_events_does_not_keep_orders_from_coming_in(trouble: tuple[str, Response]) -> None:
    platform = Platform()
    platform.order("1", NOW - timedelta(minutes=1))
    platform.troubles[trouble[0]] = trouble[1]
    poller = Poller(platform)
    assert poller.poll() == {"1"}
    platform.troubles.clear()
    platform.event("2")
    poller.later(2 * HOUR)
    assert "2" in poller.poll(), "it is tried again"


def test_an_app_that_may_have_no_queue_is_asked_once_an_hour() -> None:
    platform = Platform(has_queue=False)
    poller = Poller(platform)
    for _ in range(5):
        poller.poll()
        poller.later()
    assert len(platform.asked("/v1/queues")) == 1


@pytest.mark.parametrize(
    ("path", "answer", "error"),
    [("/pull", refused(429), RateLimited), ("/subscriptions", refused(401), NeedsRefresh)],
)
def test_what_concerns_every_call_is_raised_from_the_queue_too(
    path: str, answer: Response, error: type[MekongError]
) -> None:
    platform = Platform()
    platform.troubles[path] = answer
    with pytest.raises(error):
        Poller(platform).poll()


def test_the_apps_token_is_asked_for_again_before_it_ends_and_when_it_is_refused() -> None:
    platform = Platform()
    poller = Poller(platform)
    poller.poll()
    poller.later(timedelta(hours=23, minutes=50))
    poller.poll()
    assert len(platform.asked("/token")) == 1
    poller.later(timedelta(minutes=6))
    poller.poll()
    assert len(platform.asked("/token")) == 2
    platform.troubles["/pull"] = refused(401)
    poller.poll()
    platform.troubles.clear()
    poller.poll()
    assert len(platform.asked("/token")) == 3


# --- confirming ------------------------------------------------------------------------------------------------------

CONFIRMED = {"confirmation": {"status": "seller_confirmed"}}
SLOTS = {
    "seller_id": 1234,
    "pickup_slots": [
        {"expected_pickup_slot": "2026-11-22 17:00:00", "expected_pickup_time": "2026-11-22 18:00:00"},
        {"expected_pickup_slot": "2026-11-22 14:00:00", "expected_pickup_time": "2026-11-22 15:00:00"},
    ],
}


@pytest.mark.parametrize("step", ["pack", "ship"])
def test_a_dropship_order_is_confirmed_with_the_first_pickup(step: str) -> None:
    shop, wire = a_shop(
        {"/orders/904104154": a_remote(), "/expected-pickup-slots": SLOTS, "/dropship/confirm-available": {}}
    )
    assert run(getattr(shop, step)(order=an_order())) == Shipment()
    sent = wire.requests[-1]
    assert (sent.method, sent.url) == (
        "POST",
        "https://tiki.example/integration/v2/orders/904104154/dropship/confirm-available",
    )
    assert sent.body == (
        b'{"confirmation_status":"seller_confirmed","seller_inventory_id":1034,'
        b'"expected_pickup_time":"2026-11-22 15:00:00"}'
    )


@pytest.mark.parametrize(
    ("slots", "pickup"),
    [
        ({"data": ["2026-11-22 15:00:00", "2026-11-22 12:00:00"]}, "2026-11-22 12:00:00"),
        ({"data": [{"from": "2026-11-22T15:00", "note": "chiều"}]}, "2026-11-22T15:00"),
        ({"data": []}, None),
        (refused(400, "no slots"), None),
    ],
)
def test_pickup_times_are_read_in_whatever_shape_they_come(slots: Answer, pickup: str | None) -> None:
    shop, wire = a_shop({"/orders/904104154": a_remote(), "/expected-pickup-slots": slots, "/confirm-available": b""})
    run(shop.pack(order=an_order()))
    assert body(wire.requests[-1]).get("expected_pickup_time") == pickup


@pytest.mark.parametrize("kind", ["tiki_delivery", "seller_delivery", "cross_border"])
def test_other_orders_name_the_items_that_are_there(kind: str) -> None:
    lines = a_line(1), a_line(2), a_line(3, confirmation={"status": "seller_canceled"})
    shop, wire = a_shop({"/orders/904104154": a_remote(*lines, fulfillment_type=kind), "/confirm-available": {}})
    run(shop.pack(order=an_order()))
    assert wire.requests[-1].url.endswith("/v2/orders/904104154/confirm-available")
    assert wire.requests[-1].body == b'{"available_item_ids":[1,2],"seller_inventory_id":1034}'


INVENTORIES = {
    "seller_inventories": [{"id": 5, "name": "Kho"}, {"id": 6}],
    "mappings": [
        {"tiki_warehouse_code": "sgn", "seller_inventory_ids": [5]},
        {"tiki_warehouse_code": "hn", "seller_inventory_ids": [7, 6]},
    ],
}


@pytest.mark.parametrize(
    ("inventories", "homes", "where"),
    [
        (INVENTORIES, [{"id": 1}, {"id": 6}], 6),
        (INVENTORIES, [], 7),
        ({"seller_inventories": [{"id": 9}], "mappings": []}, [], 9),
        ({}, [{"id": 1, "status": "inactive"}, {"id": 2}], 2),
    ],
)
def test_the_place_of_pickup_is_looked_up_where_the_order_does_not_name_it(
    inventories: Answer, homes: list[dict[str, Any]], where: int
) -> None:
    remote = a_remote(a_line(1, seller_inventory_id=None), fulfillment_type="tiki_delivery")
    shop, wire = a_shop(
        {
            "/orders/904104154": remote,
            "/seller-inventories": inventories,
            "/sellers/me/warehouses": {"data": homes},
            "/confirm-available": {},
        }
    )
    run(shop.pack(order=an_order()))
    assert query(wire.asked("/seller-inventories")[0]) == {"tiki_warehouse_codes": "hn"}
    assert body(wire.requests[-1])["seller_inventory_id"] == where


def test_an_order_without_a_place_of_pickup_is_not_confirmed() -> None:
    remote = a_remote(a_line(1, seller_inventory_id=0), tiki_warehouse=None)
    shop, wire = a_shop({"/orders/904104154": remote, "/sellers/me/warehouses": {"data": []}})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.pack(order=an_order()))
    assert failed.value.params["remote_code"] == "no_warehouse"
    assert not wire.asked("/confirm-available")


@pytest.mark.parametrize(
    "remote",
    [
        a_remote(a_line(1, **CONFIRMED)),
        a_remote(fulfillment_type="instock_3p"),
        a_remote(status="shipping", shipping={"tracking_code": "TK0001"}),
        a_remote(a_line(1, confirmation=None), status="picking"),
    ],
)
def test_confirming_again_changes_nothing(remote: dict[str, Any]) -> None:
    shop, wire = a_shop({"/orders/904104154": remote})
    said = run(shop.pack(order=an_order()))
    assert run(shop.ship(order=an_order())) == said
    assert said.tracking_no == (remote["shipping"]["tracking_code"] or "")
    assert {request.method for request in wire.requests} == {"GET"}


def test_an_order_that_says_nothing_of_confirmation_is_confirmed_while_it_is_queueing() -> None:
    shop, wire = a_shop(
        {
            "/orders/904104154": a_remote(a_line(1, confirmation=None)),
            "/expected-pickup-slots": SLOTS,
            "/confirm-available": {},
        }
    )
    run(shop.pack(order=an_order()))
    assert wire.asked("/confirm-available")


@pytest.mark.parametrize(
    ("then", "is_safe"),
    [
        (a_remote(a_line(1, **CONFIRMED)), True),
        (a_remote(), False),
        (a_remote(a_line(1, **CONFIRMED), status="canceled"), False),
    ],
)
def test_a_confirmation_refused_because_it_stands_is_none(then: dict[str, Any], is_safe: bool) -> None:
    no = refused(422, "order is already confirmed")
    shop, _ = a_shop(
        {"/orders/904104154": [a_remote(), then], "/expected-pickup-slots": SLOTS, "/confirm-available": no}
    )
    if is_safe:
        assert run(shop.pack(order=an_order())) == Shipment()
    else:
        with pytest.raises(RemoteRefused) as failed:
            run(shop.pack(order=an_order()))
        assert failed.value.params["remote_message"] == "order is already confirmed"


@pytest.mark.parametrize(
    ("answer", "code"), [(a_remote(status="canceled"), "canceled"), (refused(404), "unknown_order")]
)
def test_an_order_that_is_gone_is_not_confirmed(answer: Answer, code: str) -> None:
    shop, _ = a_shop({"/orders/904104154": answer})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.pack(order=an_order()))
    assert failed.value.params["remote_code"] == code


@pytest.mark.parametrize("answer", [refused(503), Response(200, b'{"st'), Unavailable(was_sent=True)])
def test_a_confirmation_of_unknown_effect_is_unavailable(answer: Answer) -> None:
    shop, _ = a_shop({"/orders/904104154": a_remote(), "/expected-pickup-slots": SLOTS, "/confirm-available": answer})
    with pytest.raises(Unavailable):
        run(shop.pack(order=an_order()))


# --- cancelling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["out_of_stock", "customer_request", "other"])
def test_a_dropship_order_is_cancelled_by_refusing_it(reason: str) -> None:
    shop, wire = a_shop({"/orders/904104154": a_remote(), "/dropship/confirm-available": b""})
    run(shop.cancel(order=an_order(), reason=reason))
    assert wire.requests[-1].body == b'{"confirmation_status":"seller_canceled","seller_inventory_id":1034}'
    with pytest.raises(Invalid):
        run(shop.cancel(order=an_order(), reason="whim"))


def test_other_orders_are_cancelled_by_naming_no_item() -> None:
    remote = a_remote(a_line(1, seller_inventory_id=None), fulfillment_type="seller_delivery", tiki_warehouse={})
    shop, wire = a_shop(
        {
            "/orders/904104154": remote,
            "/sellers/me/warehouses": refused(403),
            "/904104154/confirm-available": {},
        }
    )
    run(shop.cancel(order=an_order(), reason="other"))
    assert wire.requests[-1].body == b'{"available_item_ids":[]}'


@pytest.mark.parametrize(("status", "is_safe"), [("canceled", True), ("shipping", False)])
def test_cancelling_again_changes_nothing(status: str, is_safe: bool) -> None:
    no = refused(422, "cannot cancel")
    shop, wire = a_shop({"/orders/904104154": [a_remote(), a_remote(status=status)], "/confirm-available": no})
    if is_safe:
        run(shop.cancel(order=an_order(), reason="other"))
        before = len(wire.requests)
        run(shop.cancel(order=an_order(), reason="other"))
        assert [one.method for one in wire.requests[before:]] == ["GET"]
    else:
        with pytest.raises(RemoteRefused):
            run(shop.cancel(order=an_order(), reason="other"))


def test_an_order_from_tikis_own_warehouse_cannot_be_cancelled_here() -> None:
    shop, wire = a_shop({"/orders/904104154": a_remote(fulfillment_type="instock_tiki")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.cancel(order=an_order(), reason="other"))
    assert failed.value.params["remote_code"] == "not_cancellable"
    assert len(wire.requests) == 1


def test_a_buyers_wish_is_granted_by_cancelling_and_refused_by_doing_nothing() -> None:
    shop, wire = a_shop({"/orders/904104154": a_remote(), "/dropship/confirm-available": {}})
    run(shop.answer_cancellation(order=an_order(), accept=False))
    assert not wire.requests
    run(shop.answer_cancellation(order=an_order(), accept=True))
    assert body(wire.requests[-1])["confirmation_status"] == "seller_canceled"
