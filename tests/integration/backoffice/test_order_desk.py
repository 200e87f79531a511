"""The desk of one order: acts by form, once each; what is refused is said on the page and changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from mekong.foundation.actor import SYSTEM
from mekong.orders import commands as orders
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.placing import Asked, AskedLine
from tests.integration.backoffice.conftest import Visitor
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

WHERE = {"line": "27/4 Nguyễn Thông", "ward": "Phường Xuân Hòa", "province": "Thành phố Hồ Chí Minh"}


def an_order(*lines: tuple[str, int], **more: object) -> str:
    asked = Asked(
        "web", [AskedLine(*each) for each in lines], customer_name="Hồng Nhung", customer_phone="0911222333",
        shipping_address=WHERE, **more,
    )  # type: ignore[arg-type]  # fmt: skip  # fields of Asked by name
    return orders.place_order(actor=SYSTEM, asked=asked, now=timezone.now()).code


def act(client: Client, code: str, act: str, **fields: object) -> int:
    return client.post(f"/orders/{code}/act/", {"act": act, **fields}).status_code


def page(client: Client, code: str) -> str:
    return client.get(f"/orders/{code}/").content.decode()


def test_an_order_is_split_once_however_often_the_button_is_pressed(shop: Shop, visitor: Visitor) -> None:
    client, code = visitor("online_orders"), an_order(("BT-MN-15", 3), ("DG-CC-22", 1))
    assert "Tách đơn" in page(client, code)
    form = {"units-0": "1", "units-1": "1", "once": "a" * 32}
    assert [act(client, code, "split", **form) for _ in range(2)] == [302, 302]
    (part,) = SalesOrder.objects.filter(split_from=code)
    assert sum(OrderLine.objects.filter(order=part).values_list("quantity", flat=True)) == 2
    assert part.code in page(client, code)
    assert code in page(client, part.code)
    for wrong in ({"units-0": "9"}, {"units-0": "-1"}, {"units-0": "x"}, {}, {"units-0": "2"}):
        assert act(client, code, "split", **wrong) == 422
    assert SalesOrder.objects.filter(split_from=code).count() == 1


def test_a_platforms_order_says_why_it_is_not_split(shop: Shop, visitor: Visitor) -> None:
    client, code = visitor("online_orders"), shop.orders[1].code
    text = page(client, code)
    assert "Shopee nhận đơn nguyên vẹn" in text
    assert 'id="do-split"' not in text
    assert act(client, code, "split", **{"units-0": "1"}) == 409


def test_orders_of_one_buyer_are_merged_or_packed_together(shop: Shop, visitor: Visitor) -> None:
    client, one, two = visitor("online_orders"), an_order(("BT-MN-15", 1)), an_order(("DG-CC-22", 1))
    three = an_order(("KL-TT-DO", 1))
    text = page(client, one)
    assert "Cùng khách, cùng địa chỉ" in text
    assert two in text
    assert act(client, one, "pack_with", other=[three]) == 302
    assert "Đóng gói cùng" in page(client, three)
    assert act(client, three, "pack_apart") == 302
    assert act(client, one, "merge", other=[two, three], once="b" * 32) == 302
    assert act(client, one, "merge", other=[two, three], once="b" * 32) == 302
    assert OrderLine.objects.filter(order__code=one).count() == 3
    assert f"đã gộp vào {one}" in page(client, two)
    assert act(client, one, "merge") == 422
    assert act(client, one, "merge", other=[shop.orders[0].code]) == 409


def test_a_duplicate_is_settled_or_both_are_kept(shop: Shop, visitor: Visitor) -> None:
    client, one, two = visitor("online_orders"), an_order(("BT-MN-15", 1)), an_order(("BT-MN-15", 1))
    assert f"giống {one}" in page(client, two) or one in page(client, two)
    assert act(client, two, "duplicate", other=one, keep=two) == 302
    assert SalesOrder.objects.get(code=one).state == "cancelled"
    three = an_order(("BT-MN-15", 1))
    assert act(client, three, "lift", hold="duplicate") == 302
    assert SalesOrder.objects.get(code=three).duplicate_of == ""
    assert act(visitor("cashier"), three, "duplicate", other=two) == 403


def test_calls_and_holds_are_set_and_lifted_in_a_part_of_the_page(shop: Shop, visitor: Visitor) -> None:
    client, code = visitor("online_orders"), an_order(("BT-MN-15", 1))
    part = {"HX-Request": "true", "HX-Target": "order"}
    url = f"/orders/{code}/act/"
    form = {"act": "hold", "hold": "no_answer", "once": "c" * 32}
    for _ in range(2):
        answer = client.post(url, form, headers=part, follow=True)
        assert "<html" not in answer.content.decode()
        assert "1 lần gọi" in answer.content.decode()
    assert "toasts" not in client.session or not client.session["toasts"]
    for n in "de":
        client.post(url, {**form, "once": n * 32})
    said = client.post(url, {**form, "once": "f" * 32}, headers=part)
    assert (said.status_code, "3 lần" in said.content.decode()) == (200, True)
    assert act(client, code, "confirm") == 409
    later = timezone.localtime(timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert act(client, code, "hold", hold="call_back", call_at=later) == 302
    kept = datetime.fromisoformat(SalesOrder.objects.get(code=code).holds["call_back"]["call_at"])
    assert timezone.localtime(kept).strftime("%Y-%m-%dT%H:%M") == later
    for wrong in ({"hold": "call_back", "call_at": "mai"}, {"hold": "call_back"}, {"hold": "manual"}, {"hold": "x"}):
        assert act(client, code, "hold", **wrong) == 422
    for hold in ("no_answer", "call_back", "gone", "address"):
        assert act(client, code, "lift", hold=hold) == (422 if hold == "gone" else 302)
    assert act(client, code, "confirm") == 302


def test_the_recipient_is_corrected_and_an_empty_phone_stays(shop: Shop, visitor: Visitor) -> None:
    client, code = visitor("online_orders"), an_order(("BT-MN-15", 1))
    text = page(client, code)
    assert "0911222333" not in text
    assert "+84911222333" not in text
    form = {"name": "Chị Nhung", "phone": "", "line": "9 Hàm Nghi", "ward": "Phường Sài Gòn"}
    assert act(client, code, "address", **form) == 302
    order = SalesOrder.objects.get(code=code)
    assert (order.customer_name, order.customer_phone) == ("Chị Nhung", "+84911222333")
    assert order.shipping_address == {"line": "9 Hàm Nghi", "ward": "Phường Sài Gòn"}
    text = page(client, code)
    assert "1 địa chỉ trước đó" in text
    assert "27/4 Nguyễn Thông" not in text, "an earlier address is masked like the one that stands"
    assert "27/4 Nguyễn Thông" in client.post(f"/orders/{code}/reveal/").content.decode()
    for wrong in ({"line": ""}, {"line": "9", "phone": "12"}, {"line": "x" * 400}):
        answer = client.post(f"/orders/{code}/act/", {"act": "address", **wrong})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert SalesOrder.objects.get(code=code).shipping_address["line"] == "9 Hàm Nghi"


def test_tags_come_and_go_one_by_one_and_notes_stand_apart(shop: Shop, visitor: Visitor) -> None:
    client, code = visitor("online_orders"), an_order(("BT-MN-15", 1), note="Gọi trước")
    assert act(client, code, "tags", tags="VIP, gấp , vip") == 302
    assert act(client, code, "tags", remove="vip") == 302
    assert SalesOrder.objects.get(code=code).tags == ["gấp"]
    assert act(client, code, "note", text="Gói hai lớp") == 302
    text = page(client, code)
    assert "Gọi trước" in text
    assert "Gói hai lớp" in text


def test_what_the_buyer_did_before_is_told_to_whom_it_concerns(shop: Shop, visitor: Visitor) -> None:
    before = an_order(("BT-MN-15", 1), is_confirmed=True)
    orders.ship_order(actor=SYSTEM, code=before, now=timezone.now())
    orders.deliver_order(actor=SYSTEM, code=before, now=timezone.now())
    code = an_order(("DG-CC-22", 1))
    assert "Đã nhận 1" in page(visitor("online_orders"), code)
    text = page(visitor("warehouse"), code)
    assert "Đã nhận 1" not in text
    assert "Đơn đầu tiên" not in text


def test_english_is_english_on_the_desk(shop: Shop, visitor: Visitor) -> None:
    client, code = visitor("owner", language="en"), an_order(("BT-MN-15", 2))
    assert act(client, code, "hold", hold="manual", reason_text="wait") == 302
    text = page(client, code)
    for word in ("Lift the hold", "No answer", "Split order", "First order"):
        assert word in text
    refused = client.post(f"/orders/{code}/act/", {"act": "confirm"}).content.decode()
    assert "held back: Held" in refused


def test_one_page_asks_the_database_a_bounded_number_of_times(shop: Shop, visitor: Visitor) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = visitor("owner")
    few = an_order(("BT-MN-15", 1))
    page(client, few)
    with CaptureQueriesContext(connection) as little:
        page(client, few)
    for _ in range(5):
        many = an_order(("BT-MN-15", 1), ("DG-CC-22", 1), ("KL-TT-DO", 1))
    with CaptureQueriesContext(connection) as much:
        page(client, many)
    assert len(much) <= len(little) + 1
