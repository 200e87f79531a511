"""Returns that buyers asked platforms for, as people see and answer them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from mekong.channels.socket.returns import ReturnState
from mekong.foundation.errors import RemoteRefused, Unavailable
from mekong.orders.models import SalesOrder
from tests.integration.backoffice.conftest import Visitor
from tests.support.bazaar import Platform
from tests.support.marketplaces import close_all
from tests.support.returning import a_platform, asked, keep, row, sold

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/orders/returns/"


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    yield a_platform(monkeypatch)
    close_all()


def text(client: Client, path: str) -> str:
    got = client.get(path)
    assert got.status_code == 200, got.content
    return got.content.decode()


def say(client: Client, **fields: str) -> int:
    return client.post(f"{LIST}answer/", fields).status_code


def test_what_waits_is_listed_linked_from_the_orders_and_answered(platform: Platform, visitor: Visitor) -> None:
    client = visitor("online_orders")
    assert "Không có yêu cầu nào chờ trả lời" in text(client, LIST)
    assert "chờ trả lời" not in text(client, "/")
    assert LIST not in text(client, "/orders/")
    return_id = asked(platform, answer_by=timezone.now() + timedelta(hours=5))
    code = SalesOrder.objects.get().code
    page = text(client, LIST)
    for word in (code, "Rách tay", "Hàng hư hỏng khi nhận", "2 × Áo AO-1", "200.000", "còn 4 giờ", "Đồng ý"):
        assert word in page, word
    assert LIST in text(client, "/orders/")
    assert "1 yêu cầu trả hàng chờ trả lời" in text(client, "/")

    assert say(client, **{"return": return_id, "answer": "accept"}) == 302

    assert "Đã đồng ý trả hàng" in text(client, LIST)
    assert "Đã đồng ý" in text(client, f"{LIST}?view=all")
    assert SalesOrder.objects.get().state == "returning"
    # A second click, or the page of another tab, does no harm.
    assert say(client, **{"return": return_id, "answer": "accept"}) == 302
    assert platform.told == [("agree", row().external_id)]


def test_the_orders_page_shows_the_wish_and_takes_a_refusal(platform: Platform, visitor: Visitor) -> None:
    client = visitor("online_orders")
    return_id = asked(platform, is_goods_coming_back=False)
    code = SalesOrder.objects.get().code
    page = text(client, f"/orders/{code}/")
    for word in ("Khách yêu cầu trả hàng", "Rách tay", "chỉ hoàn tiền", "Hạn trả lời", f"refuse-{return_id}"):
        assert word in page, word

    answered = client.post(f"{LIST}answer/", {
        "return": return_id, "answer": "refuse", "reason": "Ảnh không khớp", "order": code,
    })  # fmt: skip

    assert (answered.status_code, answered["Location"]) == (302, f"/orders/{code}/")
    page = text(client, f"/orders/{code}/")
    assert "Sàn đang xử lý" in page
    assert "Ảnh không khớp" in page
    assert f"refuse-{return_id}" not in page


@pytest.mark.parametrize("of_order", [True, False])
def test_what_is_refused_is_said_where_it_was_asked_and_keeps_what_was_typed(
    platform: Platform, visitor: Visitor, *, of_order: bool
) -> None:
    client = visitor("online_orders")
    return_id = asked(platform)
    code = SalesOrder.objects.get().code if of_order else ""
    form = {"return": return_id, "answer": "refuse", "reason": "Hàng đã dùng", "order": code}
    for trouble in (RemoteRefused(remote="Bazaar", remote_code="x", remote_message="không được"), Unavailable()):
        platform.troubles = [trouble] * 4
        answered = client.post(f"{LIST}answer/", form)
        assert answered.status_code == trouble.status
        assert 'role="alert"' in answered.content.decode()
        assert 'value="Hàng đã dùng"' in answered.content.decode()
    platform.troubles.clear()
    assert say(client, **{**form, "reason": ""}) == 422
    assert row().answer == ""
    platform.move_return(row().external_id, ReturnState.ACCEPTED)
    late = client.post(f"{LIST}answer/", form)
    assert late.status_code == 409
    assert "không còn chờ trả lời: trên Bazaar đang là Đã đồng ý" in late.content.decode()


def test_who_may_not_answer_sees_and_is_not_offered(platform: Platform, visitor: Visitor) -> None:
    return_id = asked(platform)
    reader = visitor("accountant")
    assert "Rách tay" in text(reader, LIST)
    assert f"agree-{return_id}" not in text(reader, LIST)
    assert f"agree-{return_id}" not in text(reader, f"/orders/{SalesOrder.objects.get().code}/")
    assert say(reader, **{"return": return_id, "answer": "accept"}) == 403
    assert visitor().get(LIST).status_code == 302
    assert platform.told == []


def test_english_is_complete(platform: Platform, visitor: Visitor) -> None:
    asked(platform)
    keep(platform)
    page = text(visitor("manager", language="en"), LIST)
    for word in ("Returns asked for by buyers", "Money asked for", "Goods arrived damaged", "Agree", "Refuse"):
        assert word in page, word
    assert "Khách" not in page.split("<main", 1)[1]


def test_a_long_list_has_pages(platform: Platform, visitor: Visitor) -> None:
    order = sold(platform)
    for _ in range(52):
        platform.ask_back(order)
    keep(platform)
    client = visitor("online_orders")
    first = text(client, LIST)
    assert first.count('data-open="agree-') == 50
    following = first.split("cursor=", 1)[1].split('"', 1)[0]
    assert text(client, f"{LIST}?cursor={following}").count('data-open="agree-') == 2
    assert client.get(f"{LIST}?cursor=torn").status_code == 302
