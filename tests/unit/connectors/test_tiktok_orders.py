"""Orders of TikTok Shop: listed, read whole, shipped and cancelled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels.socket import ListingKey, RemoteOrder, RemoteState, Request, Response, Shipment
from mekong.channels.socket.wire import present
from mekong.connectors.tiktok.connector import TikTok
from mekong.connectors.tiktok.mapping import orders
from mekong.foundation.errors import (
    Invalid,
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    RemoteRefused,
    Unavailable,
)
from tests.unit.connectors.test_tiktok import NOW, SHOPS, a_shop, an_account, asked, ok, refused
from tests.unit.connectors.wire import Answer, Wire, body, query, run

ORDER_ID = "576461413038785752"
PACKAGE_ID = "1152921504606846976"


def a_unit(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"57708651212375512{number}",
        "product_id": "1729500000000000001",
        "product_name": "Áo thun",
        "sku_id": "1729500000000000011",
        "sku_name": "Đỏ, M",
        "seller_sku": "AO-DO-M",
        "original_price": "120000",
        "sale_price": "99000",
        "currency": "VND",
        "display_status": "AWAITING_SHIPMENT",
        "package_id": PACKAGE_ID,
        "package_status": "TO_FULFILL",
        "tracking_number": "",
        "is_gift": False,
        **changes,
    }


def a_detail(*units: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": ORDER_ID,
        "status": "AWAITING_SHIPMENT",
        "create_time": 1763769000,
        "update_time": 1763769700,
        "paid_time": 1763769100,
        "rts_sla_time": 1763942400,
        "tts_sla_time": 1764000000,
        "is_cod": False,
        "shipping_type": "TIKTOK",
        "buyer_message": "gói kỹ",
        "user_id": "7021",
        "payment": {
            "currency": "VND",
            "sub_total": "198000",
            "shipping_fee": "15000",
            "total_amount": "213000",
            "original_total_product_price": "240000",
        },
        "recipient_address": {
            "name": "N***",
            "phone_number": "(+84)9****12",
            "full_address": "****",
            "region_code": "VN",
            "postal_code": "",
            "district_info": [
                {"address_level": "L0", "address_level_name": "country", "address_name": "Việt Nam"},
                {"address_level": "L1", "address_level_name": "province", "address_name": "Hồ Chí Minh"},
                {"address_level": "L2", "address_level_name": "ward", "address_name": "Phường Bến Thành"},
            ],
        },
        "line_items": list(units or (a_unit(3), a_unit(4))),
        "packages": [{"id": PACKAGE_ID}],
        **changes,
    }


def an_order(*units: dict[str, Any], **changes: Any) -> RemoteOrder:
    return orders.order(msgspec.convert(present(a_detail(*units, **changes)), orders.Order, strict=False), "VND")


def the_orders(*details: dict[str, Any]) -> dict[str, Any]:
    return ok(orders=list(details))


# --- listing ---------------------------------------------------------------------------------------------------------


def a_row(number: int, update_time: int | None = 1763769700) -> dict[str, Any]:
    return {"id": str(number), "status": "UNPAID", **({} if update_time is None else {"update_time": update_time})}


def test_a_window_of_orders_is_asked_by_time_of_change() -> None:
    shop, wire = a_shop({"/orders/search": ok(orders=[a_row(1), a_row(2, None)], next_page_token="", total_count=2)})
    since = NOW - timedelta(days=15)
    page = run(shop.list_orders(updated_from=since, updated_to=NOW, cursor=None))
    assert [(ref.external_id, ref.updated_at) for ref in page.refs] == [
        ("1", datetime.fromtimestamp(1763769700, UTC)),
        ("2", None),
    ]
    assert page.next_cursor is None
    (request,) = asked(wire)
    assert request.method == "POST"
    assert request.url.endswith("/order/202309/orders/search")
    assert {name: query(request)[name] for name in ("page_size", "sort_field", "sort_order")} == {
        "page_size": "100",
        "sort_field": "update_time",
        "sort_order": "ASC",
    }
    assert body(request) == {
        "update_time_ge": int(since.timestamp()),
        "update_time_lt": int(NOW.timestamp()) + 1,
    }


def list_all(
    times: list[int], page_size: int = 100, *, is_sorted: bool = True, until: datetime = NOW
) -> tuple[list[str], Wire]:
    """List every order of a platform whose orders changed at `times`, and whose token is an offset."""

    class Platform(Wire):
        async def send(self, request: Request) -> Response:
            if not request.url.endswith("/orders/search"):
                return await super().send(request)
            self.requests.append(request)
            window, said = body(request), query(request)
            rows = [
                (when, number)
                for number, when in enumerate(times)
                if window["update_time_ge"] <= when < window["update_time_lt"]
            ]
            rows.sort(reverse=not is_sorted)
            start = int(said.get("page_token", "0"))
            page = [a_row(number, when) for when, number in rows[start : start + page_size]]
            token = str(start + page_size) if start + page_size < len(rows) else ""
            answer = ok(orders=page, total_count=len(rows), next_page_token=token)
            return Response(200, json.dumps(answer).encode())

    wire = Platform({"/authorization/202309/shops": SHOPS})
    shop = TikTok(an_account(), wire, clock=lambda: NOW)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(500):
        page = run(shop.list_orders(updated_from=NOW - timedelta(days=1), updated_to=until, cursor=cursor))
        seen += [ref.external_id for ref in page.refs]
        cursor = page.next_cursor
        if cursor is None:
            return seen, wire
    raise AssertionError("the listing did not come to an end")


SINCE = int((NOW - timedelta(days=1)).timestamp())


def test_the_borders_of_a_window_are_inside_it() -> None:
    seen, _ = list_all([SINCE - 1, SINCE, int(NOW.timestamp())])
    assert seen == ["1", "2"]


def test_a_busy_window_is_listed_whole_by_moving_its_start() -> None:
    seen, wire = list_all([SINCE + number // 3 for number in range(2000)])
    assert set(seen) == {str(number) for number in range(2000)}
    assert not [request for request in wire.asked("/orders/search") if "page_token" in query(request)]
    assert len(seen) < 2100, "pages overlap by a second, no more"


def test_a_second_with_more_than_a_page_is_followed_by_its_token() -> None:
    seen, wire = list_all([SINCE + 60] * 350 + [SINCE + 61] * 20)
    assert set(seen) == {str(number) for number in range(370)}
    assert [query(request).get("page_token") for request in wire.asked("/orders/search")] == [
        None,
        None,
        "100",
        "200",
        "300",
    ]


def test_pages_out_of_order_are_followed_by_their_token() -> None:
    seen, _ = list_all([SINCE + number for number in range(250)], is_sorted=False)
    assert sorted(seen, key=int) == [str(number) for number in range(250)]


def test_rows_without_a_time_are_followed_by_their_token() -> None:
    page = ok(orders=[a_row(1, None), a_row(1, None), a_row(2, None)], next_page_token="t|u", total_count=3)
    shop, wire = a_shop({"/orders/search": [page, ok(orders=[], next_page_token="t|u")]})
    first = run(shop.list_orders(updated_from=NOW, updated_to=NOW, cursor=None))
    assert [ref.external_id for ref in first.refs] == ["1", "2"]
    assert first.next_cursor == f"{int(NOW.timestamp())}|t|u"
    second = run(shop.list_orders(updated_from=NOW, updated_to=NOW, cursor=first.next_cursor))
    assert (list(second.refs), second.next_cursor) == ([], None)
    assert query(asked(wire)[1])["page_token"] == "t|u"


@pytest.mark.parametrize("data", [{"total_count": 0}, {"orders": [], "total_count": 0}, {"orders": []}])
def test_a_quiet_window_is_empty(data: dict[str, Any]) -> None:
    shop, _ = a_shop({"/orders/search": ok(**data)})
    page = run(shop.list_orders(updated_from=NOW, updated_to=NOW, cursor=None))
    assert (list(page.refs), page.next_cursor) == ([], None)


@pytest.mark.parametrize(
    "answer",
    [
        refused(0),
        ok(),
        ok(total_count=2),
        ok(orders=None, next_page_token="x"),
        ok(orders=[{"status": "UNPAID"}]),
        ok(orders=[a_row(1, 10**20)]),
        b'{"code":0,"data":{"orders":[{"id":"5764',
    ],
)
def test_half_a_page_is_not_taken_for_a_quiet_window(answer: Answer) -> None:
    shop, _ = a_shop({"/orders/search": answer})
    with pytest.raises(Unavailable) as failed:
        run(shop.list_orders(updated_from=NOW, updated_to=NOW, cursor=None))
    assert failed.value.params["reason"] == "unreadable reply"


def test_a_token_that_leads_back_to_its_page_does_not_turn_in_circles() -> None:
    shop, _ = a_shop({"/orders/search": ok(orders=[a_row(1)], next_page_token="t")})
    with pytest.raises(Unavailable):
        run(shop.list_orders(updated_from=NOW, updated_to=NOW, cursor="5|t"))


def test_a_window_too_long_and_a_cursor_of_another_make_are_invalid() -> None:
    shop, wire = a_shop()
    with pytest.raises(Invalid):
        run(shop.list_orders(updated_from=NOW - timedelta(days=15, seconds=1), updated_to=NOW, cursor=None))
    for cursor in ("next please", "|t", "１|"):
        with pytest.raises(Invalid):
            run(shop.list_orders(updated_from=NOW, updated_to=NOW, cursor=cursor))
    assert not wire.requests


# --- orders ----------------------------------------------------------------------------------------------------------


def test_an_order_is_mapped_whole_with_its_units_summed() -> None:
    units = [
        a_unit(3),
        a_unit(4),
        a_unit(4),
        a_unit(5, sale_price="0", is_gift=True),
        a_unit(6, sku_id=7, sku_name="", seller_sku="QUAN", sale_price=None, original_price=5),
    ]
    shop, wire = a_shop({"/order/202507/orders": the_orders(a_detail(*units))})
    (order,) = run(shop.fetch_orders(external_ids=[ORDER_ID]))
    (request,) = asked(wire)
    assert (request.method, query(request)["ids"]) == ("GET", ORDER_ID)
    assert (order.external_id, order.state, order.raw_state) == (ORDER_ID, RemoteState.PLACED, "AWAITING_SHIPMENT")
    assert order.placed_at == datetime.fromtimestamp(1763769000, UTC)
    assert order.updated_at == datetime.fromtimestamp(1763769700, UTC)
    assert order.ship_by == datetime.fromtimestamp(1763942400, UTC)
    assert [(line.sku, line.quantity, line.unit_price_minor, line.list_price_minor) for line in order.lines] == [
        ("AO-DO-M", 2, 99000, 120000),
        ("AO-DO-M", 1, 0, 120000),
        ("QUAN", 1, 5, 5),
    ]
    first, _, third = order.lines
    assert first.line_ids == ("577086512123755123", "577086512123755124")
    assert (first.key, first.name) == (ListingKey("1729500000000000001", "1729500000000000011"), "Áo thun - Đỏ, M")
    assert (third.key.model_id, third.name) == ("7", "Áo thun")
    assert (order.buyer_name, order.buyer_phone, order.buyer_ref) == ("N***", "", "7021")
    assert order.address == {
        "line": "****",
        "ward": "Phường Bến Thành",
        "province": "Hồ Chí Minh",
        "country": "VN",
    }
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (213000, 15000, 5)
    assert (order.note, order.is_cod, order.packages) == ("gói kỹ", False, (PACKAGE_ID,))


def test_an_order_of_few_members_is_read_too() -> None:
    bare = {"id": 57, "status": "UNPAID", "create_time": 1, "update_time": 2, "line_items": [{"id": 9}]}
    shop, _ = a_shop({"/order/202507/orders": the_orders(bare)})
    (order,) = run(shop.fetch_orders(external_ids=["57"]))
    assert (order.external_id, order.state, order.currency) == ("57", RemoteState.UNPAID, "VND")
    assert (order.total_minor, order.ship_by, order.packages, order.tracking_no) == (0, None, (), "")
    assert (order.lines[0].quantity, order.lines[0].unit_price_minor) == (1, 0)


def test_levels_of_an_address_without_names_go_by_number_and_a_whole_phone_is_kept() -> None:
    places = [{"address_level": f"L{number}", "address_name": f"n{number}"} for number in range(5)]
    order = an_order(recipient_address={"phone_number": "(+84)901234567", "district_info": places})
    assert order.address == {"province": "n1", "district": "n2", "ward": "n3"}
    assert order.buyer_phone == "(+84)901234567"


@pytest.mark.parametrize(("status", "state"), list(orders.STATES.items()))
def test_every_status_has_its_state(status: str, state: RemoteState) -> None:
    assert an_order(status=status).state is state


def test_the_statuses_of_the_documentation_are_all_known() -> None:
    assert orders.STATES.keys() >= {
        "UNPAID",
        "ON_HOLD",
        "AWAITING_SHIPMENT",
        "PARTIALLY_SHIPPING",
        "AWAITING_COLLECTION",
        "IN_TRANSIT",
        "DELIVERED",
        "COMPLETED",
        "CANCELLED",
    }
    assert an_order(status="A_STATUS_TO_COME").state is RemoteState.PLACED


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("AWAITING_SHIPMENT", RemoteState.CANCEL_REQUESTED),
        ("AWAITING_COLLECTION", RemoteState.CANCEL_REQUESTED),
        ("UNPAID", RemoteState.UNPAID),
        ("IN_TRANSIT", RemoteState.SHIPPED),
        ("CANCELLED", RemoteState.CANCELLED),
    ],
)
def test_a_wish_to_cancel_shows_while_the_goods_are_here(status: str, state: RemoteState) -> None:
    order = an_order(status=status, is_buyer_request_cancel=True)
    assert order.state is state
    assert order.raw_state == f"{status},cancel_requested"
    assert len(order.raw_state) <= 40


def test_cancelled_units_of_an_order_that_goes_on_are_left_out() -> None:
    gone = a_unit(3, display_status="CANCELLED", package_id="9")
    order = an_order(gone, a_unit(4), packages=[{"id": "9"}, {"id": PACKAGE_ID}])
    assert order.state is RemoteState.PLACED
    assert [line.line_ids for line in order.lines] == [("577086512123755124",)]
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (114000, 15000, 0)
    assert order.packages == (PACKAGE_ID,)


def test_an_order_cancelled_whole_keeps_its_lines() -> None:
    gone = {"display_status": "CANCELLED"}
    order = an_order(a_unit(3, **gone), a_unit(4, **gone), status="CANCELLED")
    assert (order.state, order.lines[0].quantity, order.total_minor) == (RemoteState.CANCELLED, 2, 213000)


@given(
    prices=st.lists(st.integers(0, 10**7), min_size=1, max_size=8),
    total=st.none() | st.integers(0, 10**8),
    fee=st.integers(0, 10**6),
)
def test_the_sums_of_an_order_agree(prices: list[int], total: int | None, fee: int) -> None:
    units = [a_unit(number, sale_price=str(price)) for number, price in enumerate(prices)]
    money = {"shipping_fee": str(fee), "total_amount": None if total is None else f"{total}.00"}
    order = an_order(*units, payment=money)
    goods = sum(line.unit_price_minor * line.quantity for line in order.lines)
    assert goods == sum(prices)
    assert order.total_minor == (goods + fee if total is None else total)
    assert order.total_minor == goods + order.shipping_fee_minor - order.discount_minor
    assert min(order.shipping_fee_minor, order.discount_minor) >= 0


def test_details_are_asked_fifty_at_a_time_each_order_once() -> None:
    shop, wire = a_shop({"/order/202507/orders": the_orders(a_detail(id="7"), a_detail(id="7"), a_detail(id="999"))})
    ids = [str(number) for number in range(101)]
    found = run(shop.fetch_orders(external_ids=[*ids, *ids, "1,2", "x", ""]))
    assert [order.external_id for order in found] == ["7"], "what was not asked for is left out"
    assert [len(query(request)["ids"].split(",")) for request in asked(wire)] == [50, 50, 1]


@pytest.mark.parametrize("gone", [refused(21008111, "Another shop's"), refused(9, "Order does not exist")])
def test_one_unknown_order_does_not_hide_the_others(gone: Answer) -> None:
    shop, wire = a_shop({"/order/202507/orders": [gone, gone, the_orders(a_detail())]})
    found = run(shop.fetch_orders(external_ids=["404", ORDER_ID]))
    assert [order.external_id for order in found] == [ORDER_ID]
    assert [query(request)["ids"] for request in asked(wire)] == [f"404,{ORDER_ID}", "404", ORDER_ID]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ok(), Unavailable),
        (refused(0), Unavailable),
        (the_orders(a_detail(line_items=None)), Unavailable),
        (the_orders({**a_detail(), "line_items": []}), Unavailable),
        (the_orders(a_detail(status="")), Unavailable),
        (the_orders(a_detail(create_time=10**20)), Unavailable),
        (the_orders(a_detail(a_unit(1, sale_price="cheap"))), Unavailable),
        (refused(12, "no"), RemoteRefused),
        (refused(36009009, "Path not found"), RemoteRefused),
        (refused(105002), NeedsRefresh),
    ],
)
def test_half_an_order_does_not_come_in(answer: Answer, error: type[Exception]) -> None:
    shop, _ = a_shop({"/order/202507/orders": answer})
    with pytest.raises(error):
        run(shop.fetch_orders(external_ids=[ORDER_ID]))


# --- shipping --------------------------------------------------------------------------------------------------------

SLOTS = [
    {"start_time": 300, "end_time": 400, "avaliable": True},
    {"start_time": 100, "end_time": 200, "avaliable": False},
    {"start_time": 200, "end_time": 300, "avaliable": True},
    {"start_time": 150, "end_time": 160, "available": False},
]
PICKUP = {"handover_method": "PICKUP", "pickup_slot": {"start_time": 200, "end_time": 300}}


def test_packing_answers_with_what_stands() -> None:
    shop, wire = a_shop()
    order = an_order(a_unit(3, tracking_number="TT1"))
    assert run(shop.pack(order=order)) == run(shop.pack(order=order)) == Shipment("TT1", (PACKAGE_ID,))
    assert not wire.requests


@pytest.mark.parametrize(
    ("offer", "sent"),
    [
        ({"can_pickup": True, "can_drop_off": True, "pickup_slots": SLOTS}, PICKUP),
        ({"pickup_slots": SLOTS}, PICKUP),
        ({"can_pickup": False, "can_drop_off": True, "pickup_slots": SLOTS}, {"handover_method": "DROP_OFF"}),
        ({"can_pickup": True, "can_drop_off": True, "pickup_slots": SLOTS[1:2]}, {"handover_method": "DROP_OFF"}),
        ({"can_pickup": True, "can_drop_off": False, "pickup_slots": []}, {"handover_method": "PICKUP"}),
        ({}, {"handover_method": "PICKUP"}),
    ],
)
def test_the_parcel_is_handed_over_as_the_platform_allows(offer: dict[str, Any], sent: dict[str, Any]) -> None:
    shop, wire = a_shop(
        {
            "/order/202507/orders": the_orders(a_detail()),
            "/handover_time_slots": ok(**offer),
            "/ship": refused(0),
        }
    )
    assert run(shop.ship(order=an_order())) == Shipment("", (PACKAGE_ID,))
    _, slots, ship = asked(wire)
    assert slots.url.endswith(f"/fulfillment/202309/packages/{PACKAGE_ID}/handover_time_slots")
    assert ship.url.endswith(f"/fulfillment/202309/packages/{PACKAGE_ID}/ship")
    assert (slots.method, ship.method, body(ship)) == ("GET", "POST", sent)


def test_of_several_parcels_those_that_wait_are_shipped() -> None:
    units = [
        a_unit(1, package_id="11", package_status="PROCESSING", tracking_number="TT1"),
        a_unit(2, package_id="12"),
        a_unit(3, package_id="13", package_status=""),
    ]
    packages = [{"id": "11"}, {"id": "12"}, {"id": "13"}, {"id": "14"}]
    now = a_detail(*units, status="PARTIALLY_SHIPPING", packages=packages)
    shop, wire = a_shop(
        {"/order/202507/orders": the_orders(now), "/handover_time_slots": ok(can_drop_off=True), "/ship": ok()}
    )
    assert run(shop.ship(order=an_order())) == Shipment("TT1", ("11", "12", "13", "14"))
    assert [path.split("/")[4] for path in wire.paths if path.endswith("/ship")] == ["12", "13", "14"]


@pytest.mark.parametrize("status", ["AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"])
def test_shipping_again_changes_nothing(status: str) -> None:
    now = a_detail(a_unit(3, tracking_number="TT1", package_status="PROCESSING"), status=status)
    shop, wire = a_shop({"/order/202507/orders": the_orders(now)})
    assert run(shop.ship(order=an_order())) == Shipment("TT1", (PACKAGE_ID,))
    assert len(asked(wire)) == 1


@pytest.mark.parametrize(("status", "is_safe"), [("AWAITING_COLLECTION", True), ("AWAITING_SHIPMENT", False)])
def test_a_refusal_to_ship_counts_only_where_nobody_shipped(status: str, is_safe: bool) -> None:
    shop, _ = a_shop(
        {
            "/order/202507/orders": [the_orders(a_detail()), the_orders(a_detail(status=status))],
            "/handover_time_slots": refused(21011006, "Order already shipped"),
        }
    )
    if is_safe:
        assert run(shop.ship(order=an_order())).packages == (PACKAGE_ID,)
    else:
        with pytest.raises(RemoteRefused) as failed:
            run(shop.ship(order=an_order()))
        assert failed.value.params["remote_code"] == "21011006"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (the_orders(a_detail(a_unit(3, package_id=""), packages=[])), Unavailable),
        (the_orders(a_detail(status="UNPAID")), RemoteRefused),
        (the_orders(a_detail(status="CANCELLED")), RemoteRefused),
        (the_orders(), RemoteRefused),
        (refused(106001, "Invalid signature"), NeedsReconnect),
        (Response(500, b""), Unavailable),
    ],
)
def test_an_order_that_cannot_be_shipped_now_says_why(answer: Answer, error: type[MekongError]) -> None:
    shop, wire = a_shop({"/order/202507/orders": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.ship(order=an_order()))
    assert type(failed.value) is error
    assert len(asked(wire)) == 1


@pytest.mark.parametrize("answer", [ok(pickup_slots="soon"), refused(0), Response(502, b""), Unavailable()])
def test_an_offer_that_cannot_be_read_ships_nothing(answer: Answer) -> None:
    shop, wire = a_shop({"/order/202507/orders": the_orders(a_detail()), "/handover_time_slots": answer})
    with pytest.raises(Unavailable):
        run(shop.ship(order=an_order()))
    assert not wire.asked("/ship")


def test_ones_own_carrier_is_named_with_its_number_where_both_are_known() -> None:
    now = a_detail(a_unit(3, shipping_provider_id="6617675021119438849"), shipping_type="SELLER")
    shop, wire = a_shop({"/order/202507/orders": the_orders(now), "/ship": ok()})
    run(shop.ship(order=replace(an_order(), tracking_no="VN1")))
    assert body(wire.asked("/ship")[0]) == {
        "self_shipment": {"tracking_number": "VN1", "shipping_provider_id": "6617675021119438849"}
    }
    with pytest.raises(RemoteRefused) as failed:
        run(shop.ship(order=an_order()))
    assert failed.value.params["remote_code"] == "own_carrier"
    assert not wire.asked("/handover_time_slots")


# --- cancelling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "status", "key"),
    [
        ("out_of_stock", "AWAITING_SHIPMENT", "seller_cancel_reason_out_of_stock"),
        ("out_of_stock", "UNPAID", "seller_cancel_unpaid_reason_out_of_stock"),
        ("customer_request", "ON_HOLD", "seller_cancel_paid_reason_buyer_requested_cancellation"),
        ("customer_request", "UNPAID", "seller_cancel_unpaid_reason_buyer_requested_cancellation"),
        ("other", "AWAITING_COLLECTION", "seller_cancel_paid_reason_buyer_requested_cancellation"),
    ],
)
def test_cancelling_names_the_platforms_reason_and_every_sku(reason: str, status: str, key: str) -> None:
    shop, wire = a_shop({"/return_refund/202602/cancellations": ok(cancel_id="1")})
    units = [a_unit(1), a_unit(2, sale_price="1"), a_unit(3, sku_id="8", seller_sku="B")]
    run(shop.cancel(order=an_order(*units, status=status), reason=reason))
    (request,) = asked(wire)
    assert request.method == "POST"
    assert body(request) == {
        "order_id": ORDER_ID,
        "cancel_reason": key,
        "skus": [{"sku_id": "1729500000000000011", "quantity": 2}, {"sku_id": "8", "quantity": 1}],
    }


def test_a_reason_that_is_none_of_the_sockets_is_invalid() -> None:
    shop, wire = a_shop()
    with pytest.raises(Invalid):
        run(shop.cancel(order=an_order(), reason="whim"))
    assert not wire.requests


@pytest.mark.parametrize(("status", "is_safe"), [("CANCELLED", True), ("IN_TRANSIT", False), ("UNPAID", False)])
def test_cancelling_again_changes_nothing(status: str, is_safe: bool) -> None:
    shop, _ = a_shop(
        {
            "/cancellations": refused(25001009, "cannot be cancelled"),
            "/order/202507/orders": the_orders(a_detail(status=status)),
        }
    )
    if is_safe:
        run(shop.cancel(order=an_order(), reason="other"))
    else:
        with pytest.raises(RemoteRefused) as failed:
            run(shop.cancel(order=an_order(), reason="other"))
        assert failed.value.params["remote_code"] == "25001009"


@pytest.mark.parametrize("answer", [Response(503, b""), refused(36009003), b"<html>"])
def test_a_cancellation_whose_effect_is_unknown_is_raised(answer: Answer) -> None:
    shop, wire = a_shop({"/cancellations": answer})
    with pytest.raises(Unavailable):
        run(shop.cancel(order=an_order(), reason="other"))
    assert len(asked(wire)) == 1


def a_request(**changes: Any) -> dict[str, Any]:
    return {
        "cancel_id": "4035",
        "order_id": ORDER_ID,
        "cancel_type": "BUYER_CANCEL",
        "cancel_status": "CANCELLATION_REQUEST_PENDING",
        "role": "BUYER",
        **changes,
    }


OTHERS = [
    a_request(cancel_id="1", order_id="999"),
    a_request(cancel_id="2", cancel_type="CANCEL"),
    a_request(cancel_id="3", role="SYSTEM"),
    a_request(cancel_id="4", cancel_status="CANCELLATION_REQUEST_CANCELLED"),
    a_request(cancel_id=""),
]


def requests_of(*found: dict[str, Any]) -> dict[str, Any]:
    return ok(cancellations=[*OTHERS, *found], total_count=len(OTHERS) + len(found))


def test_the_buyers_wish_is_granted_or_turned_down() -> None:
    shop, wire = a_shop(
        {
            "/cancellations/search": requests_of(a_request()),
            "/approve": ok(),
            "/reject": ok(),
            "/reject_reasons": ok(reasons=[{"name": "seller_reject_apply_other", "text": "…"}]),
        }
    )
    run(shop.answer_cancellation(order=an_order(), accept=True))
    run(shop.answer_cancellation(order=an_order(), accept=False))
    search, approve, _, reasons, reject = asked(wire)
    assert search.url.endswith("/return_refund/202602/cancellations/search")
    assert (body(search), query(search)["page_size"]) == ({"order_ids": [ORDER_ID]}, "50")
    assert approve.url.endswith("/return_refund/202309/cancellations/4035/approve")
    assert (approve.method, body(approve)) == ("POST", {})
    assert query(reasons)["return_or_cancel_id"] == "4035"
    assert reject.url.endswith("/return_refund/202309/cancellations/4035/reject")
    assert body(reject) == {"reject_reason": "seller_reject_apply_other"}


@pytest.mark.parametrize(
    "reasons", [refused(1, "no"), ok(), ok(reasons=[{"name": "a"}, {"name": orders.NO_BETTER_REASON}])]
)
def test_a_wish_is_turned_down_because_the_goods_are_packed_where_nothing_else_is_offered(reasons: Answer) -> None:
    shop, wire = a_shop(
        {"/cancellations/search": requests_of(a_request()), "/reject_reasons": reasons, "/reject": ok()}
    )
    run(shop.answer_cancellation(order=an_order(), accept=False))
    assert body(wire.requests[-1]) == {"reject_reason": "seller_reject_apply_product_has_been_packed"}


def test_where_nothing_is_asked_nothing_is_answered() -> None:
    for found in (requests_of(), ok(total_count=0)):
        shop, wire = a_shop({"/cancellations/search": found})
        run(shop.answer_cancellation(order=an_order(), accept=True))
        assert len(asked(wire)) == 1


def test_half_a_list_of_wishes_is_not_taken_for_none() -> None:
    shop, _ = a_shop({"/cancellations/search": ok()})
    with pytest.raises(Unavailable):
        run(shop.answer_cancellation(order=an_order(), accept=True))


@pytest.mark.parametrize(
    ("accept", "now", "is_safe"),
    [
        (True, a_detail(status="CANCELLED"), True),
        (False, a_detail(), True),
        (True, a_detail(), False),
        (False, a_detail(status="CANCELLED"), False),
        (False, a_detail(is_buyer_request_cancel=True), False),
        (True, None, False),
    ],
)
def test_answering_a_cancellation_again_changes_nothing(accept: bool, now: Any, is_safe: bool) -> None:
    shop, _ = a_shop(
        {
            "/cancellations/search": requests_of(a_request()),
            "/reject_reasons": ok(reasons=[]),
            "/approve": refused(25001013, "answered"),
            "/reject": refused(25001013, "answered"),
            "/order/202507/orders": the_orders(*([now] if now else [])),
        }
    )
    if is_safe:
        run(shop.answer_cancellation(order=an_order(), accept=accept))
    else:
        with pytest.raises(RemoteRefused):
            run(shop.answer_cancellation(order=an_order(), accept=accept))


def test_cancelling_what_the_buyer_asked_to_cancel_accepts_that() -> None:
    shop, wire = a_shop(
        {
            "/return_refund/202602/cancellations": refused(25001009, "a request is open"),
            "/order/202507/orders": the_orders(a_detail(is_buyer_request_cancel=True)),
            "/cancellations/search": requests_of(a_request()),
            "/approve": ok(),
        }
    )
    run(shop.cancel(order=an_order(), reason="other"))
    assert wire.paths[-1].endswith("/cancellations/4035/approve")
