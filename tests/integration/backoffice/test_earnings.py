"""What an order earns on its platform, as people see it on the order's page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from mekong.foundation.errors import NeedsReconnect, Unavailable
from mekong.orders.models import SalesOrder
from tests.integration.backoffice.conftest import Visitor
from tests.support.bazaar import Platform
from tests.support.marketplaces import close_all
from tests.support.returning import a_platform, sold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def platform(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    yield a_platform(monkeypatch)
    close_all()


def page() -> str:
    return f"/orders/{SalesOrder.objects.get().code}/"


def text(client: Client) -> str:
    got = client.get(page())
    assert got.status_code == 200, got.content
    return got.content.decode()


def test_fees_are_read_now_and_shown_with_the_net_and_a_difference(platform: Platform, visitor: Visitor) -> None:
    order, client = sold(platform), visitor("accountant")
    for word in ("Sàn giữ lại", "Chưa đọc", "Đọc ngay"):
        assert word in text(client), word
    assert client.post(f"{page()}earnings/").status_code == 302
    assert "chưa có gì mới" in text(client)

    platform.settle(order)
    assert client.post(f"{page()}earnings/").status_code == 302
    shown = text(client)
    for word in ("Phí hoa hồng", "8.000", "192.000", "Dự kiến", "Phí cố định", "S1"):
        assert word in shown, word
    assert "chênh" not in shown

    platform.settle(order, is_final=True, net=190_000)
    assert client.post(f"{page()}earnings/").status_code == 302
    shown = text(client)
    for word in ("Đã quyết toán", "190.000", "chênh"):
        assert word in shown, word


@pytest.mark.parametrize(
    "trouble",
    [Unavailable(reason="away"), NeedsReconnect(remote="Bazaar", remote_code="no_scope", remote_message="no right")],
)
def test_what_stands_in_the_way_is_said_on_the_page(platform: Platform, visitor: Visitor, trouble: Exception) -> None:
    sold(platform)
    client = visitor("accountant")
    platform.earning_trouble = trouble
    got = client.post(f"{page()}earnings/")
    assert got.status_code in (502, 503)
    assert 'role="alert"' in got.content.decode()


def test_who_may_not_see_reports_sees_none_of_it(platform: Platform, visitor: Visitor) -> None:
    sold(platform)
    client = visitor("warehouse")
    assert "Sàn giữ lại" not in text(client)
    assert client.post(f"{page()}earnings/").status_code == 403
    assert not platform.asked_earnings


def test_an_order_of_our_own_has_no_such_part(platform: Platform, visitor: Visitor) -> None:
    sold(platform)
    SalesOrder.objects.update(channel="web", external_id="")
    assert "Sàn giữ lại" not in text(visitor("accountant"))
