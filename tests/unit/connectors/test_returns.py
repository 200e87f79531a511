"""Returns of three platforms, against answers composed from their documented shapes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.channels.socket import ListingKey
from mekong.channels.socket.returns import HandlesReturns, RemoteReturn, RemoteReturnLine, ReturnState
from mekong.connectors.lazada.connector import Lazada
from mekong.connectors.lazada.mapping import returns as lazada
from mekong.connectors.shopee.connector import Shopee
from mekong.connectors.shopee.mapping import returns as shopee
from mekong.connectors.tiki.connector import Tiki
from mekong.connectors.tiktok.connector import TikTok
from mekong.connectors.tiktok.mapping import returns as tiktok
from mekong.foundation.errors import Invalid, RemoteRefused, Unavailable
from tests.unit.connectors import test_lazada, test_shopee, test_tiktok
from tests.unit.connectors.wire import Answer, Wire, body, query, run

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ASKED, MOVED, DUE = 1763769000, 1763769799, 1764028800

SHOPEE: dict[str, Any] = {
    "return_sn": "2511220001RETURN",
    "order_sn": "251122ABCDEF01",
    "reason": "ITEM_DAMAGED",
    "text_reason": "Áo bị rách tay",
    "status": "REQUESTED",
    "refund_amount": 198000.0,
    "currency": "VND",
    "create_time": ASKED,
    "update_time": MOVED,
    "due_date": DUE,
    "tracking_number": "",
    "needs_logistics": True,
    "return_solution": 0,
    "user": {"username": "ng***n", "email": "n***@example.vn"},
    "item": [
        {"item_id": 1000, "model_id": 3456, "name": "Áo thun", "amount": 2, "item_price": 99000, "item_sku": "AO",
         "variation_sku": "AO-DO-M"},
        {"item_id": 2000, "model_id": 0, "name": "Túi vải", "amount": 1, "item_price": 50000, "item_sku": "TU-VAI"},
    ],
}  # fmt: skip
LAZADA: dict[str, Any] = {
    "reverse_order_id": 78,
    "trade_order_id": 3400000001,
    "request_type": "RETURN",
    "shipping_type": "DROP_OFF",
    "is_rtm": True,
    "reverse_order_lines": [
        {"reverse_order_line_id": 780 + n, "trade_order_line_id": 5100 + n, "reverse_status": "REQUEST_INITIATE",
         "refund_amount": 99000, "reason_code": 1001, "reason_text": "Hàng lỗi", "platform_sku_id": 3456,
         "seller_sku_id": "AO-DO-M", "product": {"product_id": 1000, "product_sku": "AO"},
         "return_order_line_gmt_create": ASKED * 1000, "return_order_line_gmt_modified": MOVED}
        for n in range(2)
    ],
}  # fmt: skip
TIKTOK: dict[str, Any] = {
    "return_id": "4035000000000000001",
    "order_id": "576461413038785752",
    "return_type": "RETURN_AND_REFUND",
    "return_status": "RETURN_OR_REFUND_REQUEST_PENDING",
    "return_reason": "ecom_order_delivered_refund_and_return_reason_damaged",
    "return_reason_text": "Sản phẩm bị hư hỏng",
    "create_time": ASKED,
    "update_time": MOVED,
    "refund_amount": {"currency": "VND", "refund_total": "198000", "refund_subtotal": "198000"},
    "return_line_items": [
        {"return_line_item_id": "1", "order_line_item_id": f"57{n}", "product_id": "1000", "sku_id": "3456",
         "seller_sku": "AO-DO-M", "product_name": "Áo thun"}
        for n in range(2)
    ],
    "seller_next_action_response": [{"action": "SELLER_RESPOND_RETURN", "deadline": DUE}],
}  # fmt: skip


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# --- read ------------------------------------------------------------------------------------------------------------


def test_a_shopee_return_is_read_whole() -> None:
    shop, wire = test_shopee.a_shop({"/get_return_list": test_shopee.ok(**{"more": True, "return": [SHOPEE]})}, now=NOW)
    page = run(shop.list_returns(updated_from=NOW - timedelta(days=1), updated_to=NOW, cursor=None))
    assert page.next_cursor == "1"
    assert page.returns == [
        RemoteReturn(
            "2511220001RETURN", "251122ABCDEF01", ReturnState.REQUESTED, "REQUESTED",
            (
                RemoteReturnLine(ListingKey("1000", "3456"), "AO-DO-M", "Áo thun", 2),
                RemoteReturnLine(ListingKey("2000"), "TU-VAI", "Túi vải", 1),
            ),
            "VND", 198000, True, at(ASKED), at(MOVED), "ITEM_DAMAGED", "Áo bị rách tay", at(DUE), "",
        )
    ]  # fmt: skip
    (asked,) = wire.asked("/get_return_list")
    said = query(asked)
    assert (said["page_no"], said["page_size"]) == ("0", "100")
    assert (said["update_time_from"], said["update_time_to"]) == (
        str(int((NOW - timedelta(days=1)).timestamp())), str(int(NOW.timestamp())),
    )  # fmt: skip


def test_a_lazada_return_is_read_whole_and_a_wish_to_cancel_is_none() -> None:
    items = [LAZADA, {"reverse_order_id": 79, "trade_order_id": 5, "request_type": "CANCEL"}]
    shop, wire = test_lazada.a_shop(
        {"/getreverseordersforseller": test_lazada.ok(result={"items": items, "total": 2})}, now=NOW
    )
    page = run(shop.list_returns(updated_from=NOW - timedelta(days=1), updated_to=NOW, cursor=None))
    assert page.next_cursor is None
    assert page.returns == [
        RemoteReturn(
            "78", "3400000001", ReturnState.REQUESTED, "REQUEST_INITIATE",
            (RemoteReturnLine(ListingKey("1000", "3456"), "AO-DO-M", "AO", 2, ("5100", "5101")),),
            "VND", 198000, True, at(ASKED), at(MOVED), "1001", "Hàng lỗi", None, "",
        )
    ]  # fmt: skip
    said = query(wire.asked("/getreverseordersforseller")[0])
    assert said["ReverseOrderLineModifiedTimeRangeEnd"] == str(int(NOW.timestamp()) * 1000)
    assert said["page_no"] == "1"


def test_a_tiktok_return_is_read_whole() -> None:
    page_said = test_tiktok.ok(return_orders=[TIKTOK], next_page_token="t2", total_count=2)
    shop, wire = test_tiktok.a_shop({"/returns/search": page_said}, now=NOW)
    page = run(shop.list_returns(updated_from=NOW - timedelta(days=1), updated_to=NOW, cursor=None))
    assert page.next_cursor == "t2"
    assert page.returns == [
        RemoteReturn(
            "4035000000000000001", "576461413038785752", ReturnState.REQUESTED, "RETURN_OR_REFUND_REQUEST_PENDING",
            (RemoteReturnLine(ListingKey("1000", "3456"), "AO-DO-M", "Áo thun", 2, ("570", "571")),),
            "VND", 198000, True, at(ASKED), at(MOVED), TIKTOK["return_reason"], "Sản phẩm bị hư hỏng", at(DUE), "",
        )
    ]  # fmt: skip
    assert body(wire.asked("/returns/search")[0])["update_time_lt"] == int(NOW.timestamp()) + 1


@pytest.mark.parametrize(
    ("shop", "days"), [(test_shopee.a_shop, 15), (test_lazada.a_shop, 30), (test_tiktok.a_shop, 15)]
)
def test_a_window_longer_than_the_platform_takes_names_its_field(shop: Any, days: int) -> None:
    connector, wire = shop({})
    assert connector.return_window == timedelta(days=days)
    with pytest.raises(Invalid) as failed:
        run(connector.list_returns(updated_from=NOW - timedelta(days=days, seconds=1), updated_to=NOW, cursor=None))
    assert failed.value.params["field"] == "updated_to"
    assert wire.requests == []


@pytest.mark.parametrize(
    ("shop", "path", "answer"),
    [
        (test_shopee.a_shop, "/get_return_list", test_shopee.ok(**{"return": [{"status": "REQUESTED"}]})),
        (test_lazada.a_shop, "/getreverseordersforseller", test_lazada.ok(result={"items": [{"request_type": "RETURN"}]})),
        (test_tiktok.a_shop, "/returns/search", test_tiktok.ok(next_page_token="t")),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_the_platforms_trouble(shop: Any, path: str, answer: Answer) -> None:
    connector, _ = shop({path: answer})
    with pytest.raises(Unavailable):
        run(connector.list_returns(updated_from=NOW - timedelta(days=1), updated_to=NOW, cursor=None))


def test_where_a_return_stands_at_shopee() -> None:
    def state(**changes: Any) -> ReturnState:
        import msgspec

        return shopee.state(msgspec.convert({**SHOPEE, **changes}, shopee.Return, strict=False))

    assert {name: state(status=name) for name in shopee.STATES} == dict(shopee.STATES)
    assert state(status="ACCEPTED", tracking_number="SPXVN1") is ReturnState.SHIPPING_BACK
    assert state(status="ACCEPTED", tracking_number="SPXVN1", return_solution=1) is ReturnState.ACCEPTED
    assert state(status="INVENTED_LATER") is ReturnState.DISPUTED


@pytest.mark.parametrize(
    ("status", "of_return", "of_refund"),
    [
        ("REQUEST_INITIATE", "requested", "requested"), ("RTM_INIT", "requested", "requested"),
        ("RTW_INIT", "accepted", "accepted"), ("REFUND_INIT", "received", "requested"),
        ("REFUND_PENDING", "received", "accepted"), ("SELLER_AGREE_RETURN", "accepted", "accepted"),
        ("RTM_SHIPPING_BACK", "shipping_back", "shipping_back"), ("RTM_RECEIVE_ITEM", "received", "received"),
        ("RTW_REFUND_PENDING", "received", "received"), ("REFUND_SUCCESS", "refunded", "refunded"),
        ("RTM_CANCELED", "closed", "closed"), ("REFUND_REJECTED", "closed", "closed"), ("RTW_REJECT", "closed", "closed"),
        ("SELLER_REJECT_RETURN", "disputed", "disputed"), ("INVENTED_LATER", "disputed", "disputed"),
    ],
)  # fmt: skip
def test_where_a_line_stands_at_lazada(status: str, of_return: str, of_refund: str) -> None:
    line = lazada.Line(1, reverse_status=status)
    assert lazada.state(line, is_refund_only=False) == of_return
    assert lazada.state(line, is_refund_only=True) == of_refund


def test_of_several_lines_at_lazada_the_one_least_far_decides() -> None:
    def whole(*statuses: str) -> ReturnState:
        lines = tuple(lazada.Line(n, reverse_status=status) for n, status in enumerate(statuses))
        return lazada.return_(lazada.Return(1, 2, "RETURN", reverse_order_lines=lines), "VND").state

    assert whole("RTM_INIT", "RTM_SHIPPING_BACK") is ReturnState.REQUESTED
    assert whole("RTM_CANCELED", "RTM_SHIPPING_BACK") is ReturnState.SHIPPING_BACK
    assert whole("RTM_CANCELED") is whole() is ReturnState.CLOSED


def test_where_a_return_stands_at_tiktok() -> None:
    def state(status: str, arbitration: str = "") -> ReturnState:
        return tiktok.state(tiktok.Return("1", return_status=status, arbitration_status=arbitration))

    assert {name: state(name) for name in tiktok.STATES} == dict(tiktok.STATES)
    assert state("REFUND_OR_RETURN_REQUEST_REJECT", "IN_PROGRESS") is ReturnState.DISPUTED
    assert state("RETURN_OR_REFUND_REQUEST_COMPLETE", "IN_PROGRESS") is ReturnState.REFUNDED
    assert state("INVENTED_LATER") is ReturnState.DISPUTED


def test_money_without_goods_is_told_apart() -> None:
    assert not shopee.return_(shopee.Return("1", return_solution=1), "VND").is_goods_coming_back
    assert not shopee.return_(shopee.Return("1", needs_logistics=False), "VND").is_goods_coming_back
    assert not lazada.return_(lazada.Return(1, 2, "ONLY_REFUND"), "VND").is_goods_coming_back
    assert not tiktok.return_(tiktok.Return("1", return_type="REFUND"), "VND").is_goods_coming_back


# --- answered --------------------------------------------------------------------------------------------------------


def asked(order: str, number: str) -> RemoteReturn:
    return RemoteReturn(number, order, ReturnState.REQUESTED, "", (), "VND", 1, True)


def a_reason(number: str, *, is_required: bool) -> dict[str, Any]:
    evidence = {"module_index": 1, "requirement": "Photos", "is_required": is_required}
    return {"dispute_reason": number, "dispute_requirement": "Prove it", "evidence_module_list": [evidence]}


def shopee_says(*statuses: str, **answers: Answer) -> tuple[Shopee, Wire]:
    details: list[Answer] = [test_shopee.ok(**{**SHOPEE, "status": status}) for status in statuses]
    reasons = test_shopee.ok(dispute_reason_list=[a_reason("3", is_required=True), a_reason("9", is_required=False)])
    said: dict[str, Answer | list[Answer]] = {"/get_return_detail": details, "/get_return_dispute_reason": reasons}
    said |= {f"/returns/{name}": answer for name, answer in answers.items()}
    return test_shopee.a_shop(said)


def test_a_shopee_return_is_agreed_to() -> None:
    shop, wire = shopee_says("REQUESTED", "ACCEPTED", confirm=test_shopee.ok(return_sn=SHOPEE["return_sn"]))
    stands = run(shop.answer_return(return_=asked("251122ABCDEF01", SHOPEE["return_sn"]), accept=True, reason=""))
    assert stands.state is ReturnState.ACCEPTED
    assert [body(each) for each in wire.asked("/returns/confirm")] == [{"return_sn": SHOPEE["return_sn"]}]


def test_a_shopee_return_is_disputed_with_a_reason_the_platform_offers() -> None:
    shop, wire = shopee_says("REQUESTED", "SELLER_DISPUTE", dispute=test_shopee.ok())
    return_ = asked("251122ABCDEF01", SHOPEE["return_sn"])
    stands = run(shop.answer_return(return_=return_, accept=False, reason="Ảnh không khớp", contact_email="a@b.vn"))
    assert stands.state is ReturnState.DISPUTED
    (sent,) = wire.asked("/returns/dispute")
    assert body(sent) == {
        "return_sn": SHOPEE["return_sn"], "email": "a@b.vn", "dispute_reason_id": 9,
        "dispute_text_reason": "Ảnh không khớp", "image_list": [],
    }  # fmt: skip


def test_where_every_reason_wants_photographs_shopee_is_not_asked_to_judge() -> None:
    shop, wire = shopee_says("REQUESTED")
    photographs = a_reason("3", is_required=True)
    wire.answers["/get_return_dispute_reason"] = [test_shopee.ok(dispute_reason_list=[photographs])]
    with pytest.raises(RemoteRefused) as failed:
        run(shop.answer_return(return_=asked("251122ABCDEF01", SHOPEE["return_sn"]), accept=False, reason="x"))
    assert failed.value.params["remote_code"] == "photographs"
    assert wire.asked("/returns/dispute") == []


def lazada_says(*statuses: str, kind: str = "RETURN", **answers: Answer) -> tuple[Lazada, Wire]:
    def page(status: str) -> Mapping[str, Any]:
        lines = [{**line, "reverse_status": status} for line in LAZADA["reverse_order_lines"]]
        items = [{**LAZADA, "request_type": kind, "reverse_order_lines": lines}, {**LAZADA, "reverse_order_id": 5}]
        return test_lazada.ok(result={"items": items})

    reasons = test_lazada.ok([{"reason_id": 4, "muti_language_text": "Sai màu"},
                              {"reason_id": 7, "muti_language_text": "Lý do khác"}])  # fmt: skip
    said: dict[str, Answer | list[Answer]] = {
        "/getreverseordersforseller": [page(status) for status in statuses], "/reason/list": reasons,
    }  # fmt: skip
    said |= {f"/{name}": answer for name, answer in answers.items()}
    return test_lazada.a_shop(said)


@pytest.mark.parametrize(
    ("kind", "path", "action"),
    [("RETURN", "/return/update", "agreeReturn"), ("ONLY_REFUND", "/onlyrefund/seller/decide", "agreeRefund")],
)
def test_a_lazada_return_is_agreed_to_by_its_kind(kind: str, path: str, action: str) -> None:
    shop, wire = lazada_says("REQUEST_INITIATE", "SELLER_AGREE_RETURN", kind=kind)
    wire.answers[path] = [test_lazada.result({})]
    stands = run(shop.answer_return(return_=asked("3400000001", "78"), accept=True, reason=""))
    assert stands.state is ReturnState.ACCEPTED
    (sent,) = wire.asked(path)
    said = query(sent)
    assert (said["action"], said["reverse_order_id"], said["reverse_order_item_ids"]) == (action, "78", "[780,781]")
    assert query(wire.asked("/getreverseordersforseller")[0])["trade_order_id"] == "3400000001"


def test_a_lazada_return_is_refused_in_our_words() -> None:
    shop, wire = lazada_says("REQUEST_INITIATE", "SELLER_REJECT_RETURN", update=test_lazada.result({}))
    stands = run(shop.answer_return(return_=asked("3400000001", "78"), accept=False, reason="Hàng đã dùng"))
    assert stands.state is ReturnState.DISPUTED
    said = query(wire.asked("/return/update")[0])
    assert (said["action"], said["comment"], said["reason_id"]) == ("refuseReturn", "Hàng đã dùng", "7")


def tiktok_says(*statuses: str, kind: str = "RETURN_AND_REFUND", **answers: Answer) -> tuple[TikTok, Wire]:
    pages: list[Answer] = [
        test_tiktok.ok(return_orders=[{**TIKTOK, "return_status": status, "return_type": kind}], total_count=1)
        for status in statuses
    ]
    reasons = test_tiktok.ok(reasons=[{"name": "reverse_reject_request_reason_1"}])
    said: dict[str, Answer | list[Answer]] = {"/returns/search": pages, "/reject_reasons": reasons}
    said |= {f"/{name}": answer for name, answer in answers.items()}
    return test_tiktok.a_shop(said)


@pytest.mark.parametrize(("kind", "decision"), [("RETURN_AND_REFUND", "APPROVE_RETURN"), ("REFUND", "APPROVE_REFUND")])
def test_a_tiktok_return_is_agreed_to_by_its_kind(kind: str, decision: str) -> None:
    shop, wire = tiktok_says(
        "RETURN_OR_REFUND_REQUEST_PENDING", "AWAITING_BUYER_SHIP", kind=kind, approve=test_tiktok.ok()
    )
    stands = run(shop.answer_return(return_=asked("576461413038785752", TIKTOK["return_id"]), accept=True, reason=""))
    assert stands.state is ReturnState.ACCEPTED
    assert [body(each) for each in wire.asked("/approve")] == [{"decision": decision}]
    assert body(wire.asked("/returns/search")[0]) == {"return_ids": [TIKTOK["return_id"]]}


def test_a_tiktok_return_is_refused_with_a_reason_and_our_words() -> None:
    shop, wire = tiktok_says(
        "RETURN_OR_REFUND_REQUEST_PENDING", "REFUND_OR_RETURN_REQUEST_REJECT", reject=test_tiktok.ok()
    )
    return_ = asked("576461413038785752", TIKTOK["return_id"])
    assert run(shop.answer_return(return_=return_, accept=False, reason="Hàng đã dùng")).state is ReturnState.CLOSED
    assert [body(each) for each in wire.asked("/reject")] == [
        {"decision": "REJECT_RETURN", "reject_reason": "reverse_reject_request_reason_1", "comment": "Hàng đã dùng"}
    ]


@pytest.mark.parametrize("accept", [True, False])
def test_what_was_answered_already_is_left_alone(accept: bool) -> None:
    for shop, wire, return_ in (
        (*shopee_says("JUDGING"), asked("251122ABCDEF01", SHOPEE["return_sn"])),
        (*lazada_says("SELLER_REJECT_RETURN"), asked("3400000001", "78")),
        (*tiktok_says("AWAITING_BUYER_RESPONSE"), asked("576461413038785752", TIKTOK["return_id"])),
    ):
        stands = run(shop.answer_return(return_=return_, accept=accept, reason="x"))
        assert stands.state is ReturnState.DISPUTED
        assert not [path for path in wire.paths if path.endswith(("confirm", "dispute", "update", "approve", "reject"))]


@pytest.mark.parametrize(("after", "is_answered"), [(1, True), (0, False)])
def test_when_the_platform_refuses_its_present_state_decides(after: int, is_answered: bool) -> None:
    for shop, return_ in (
        (
            shopee_says(
                "REQUESTED", ("REQUESTED", "ACCEPTED")[after], confirm=test_shopee.refused("error_param", "no")
            )[0],
            asked("251122ABCDEF01", SHOPEE["return_sn"]),
        ),
        (
            lazada_says("RTM_INIT", ("RTM_INIT", "SELLER_AGREE_RETURN")[after], update=test_lazada.refused("9", "no"))[
                0
            ],
            asked("3400000001", "78"),
        ),
        (
            tiktok_says(
                "RETURN_OR_REFUND_REQUEST_PENDING",
                ("RETURN_OR_REFUND_REQUEST_PENDING", "AWAITING_BUYER_SHIP")[after],
                approve=test_tiktok.refused(25001001, "no"),
            )[0],
            asked("576461413038785752", TIKTOK["return_id"]),
        ),
    ):
        if is_answered:
            stands = run(shop.answer_return(return_=return_, accept=True, reason=""))
            assert stands.state is ReturnState.ACCEPTED
        else:
            with pytest.raises(RemoteRefused):
                run(shop.answer_return(return_=return_, accept=True, reason=""))


def test_a_return_the_platform_does_not_know_is_refused() -> None:
    for shop in (
        test_lazada.a_shop({"/getreverseordersforseller": test_lazada.ok(result={"items": []})})[0],
        test_tiktok.a_shop({"/returns/search": test_tiktok.ok(total_count=0)})[0],
    ):
        with pytest.raises(RemoteRefused) as failed:
            run(shop.answer_return(return_=asked("1", "2"), accept=True, reason=""))
        assert failed.value.params["remote_code"] == "unknown_return"


def test_a_platform_whose_protocol_knows_no_returns_does_not_claim_them() -> None:
    assert not hasattr(Tiki, "list_returns")
    assert isinstance(test_shopee.a_shop()[0], HandlesReturns)
