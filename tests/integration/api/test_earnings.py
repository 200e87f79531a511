"""What orders earn on their platforms, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from mekong.channels.models import ChannelEarning
from mekong.foundation.errors import Unavailable
from mekong.orders.models import SalesOrder
from tests.support.bazaar import Platform
from tests.support.http import refused, send
from tests.support.marketplaces import close_all
from tests.support.people import a_caller
from tests.support.returning import a_platform, sold
from tests.support.stock import a_location

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    yield a_platform(monkeypatch)
    close_all()


def path() -> str:
    return f"/api/v1/orders/{SalesOrder.objects.get().code}/earnings"


def test_earnings_are_read_now_and_told_line_by_line(platform: Platform) -> None:
    order, caller = sold(platform), a_caller("reports.view", "orders.view")
    waiting = caller.get(path()).json()
    assert (waiting["read_at"], waiting["lines"], waiting["currency"], waiting["problem"]) == (None, [], "VND", "")
    early = send(caller, f"{path()}/read", None)
    assert (early.status_code, early.json()["problem"], early.json()["read_at"]) == (200, "remote_refused", None)

    platform.settle(order, is_final=True, net=190_000)
    told = send(caller, f"{path()}/read", None)

    assert told.status_code == 200, told.content
    said = told.json()
    assert said["by_kind"] == {"goods": 200_000, "commission": -8_000}
    assert (said["total_minor"], said["net_minor"], said["difference_minor"]) == (192_000, 190_000, -2_000)
    assert (said["is_final"], said["next_at"], said["problem"]) == (True, None, "")
    assert said["external_id"] == order
    assert [(line["name"], line["amount_minor"], line["statement"]) for line in said["lines"]] == [
        ("Giá bán", 200_000, "S1"), ("Phí cố định", -8_000, "S1"),
    ]  # fmt: skip
    assert caller.get(path()).json() == said


def test_a_platform_that_does_not_answer_is_said_and_nothing_changes(platform: Platform) -> None:
    order, caller = sold(platform), a_caller()
    platform.settle(order)
    assert send(caller, f"{path()}/read", None).status_code == 200
    before = caller.get(path()).json()
    platform.earning_trouble = Unavailable(reason="away")
    refused(send(caller, f"{path()}/read", None), 503)
    assert caller.get(path()).json() == before


def test_other_places_and_other_rights_see_nothing(platform: Platform) -> None:
    sold(platform)
    here, there = a_location("HN-1"), a_location("DN-1")
    SalesOrder.objects.update(allocation=[[1, here, 2]])
    asked = list(platform.asked_earnings)
    for caller, status in (
        (a_caller("orders.view"), 403), (a_caller("reports.view", "orders.view", locations=[there]), 404),
    ):  # fmt: skip
        refused(caller.get(path()), status)
        refused(send(caller, f"{path()}/read", None), status)
    refused(Client(headers={"Host": "localhost"}).get(path()), 401)
    assert platform.asked_earnings == asked
    assert not ChannelEarning.objects.exists()


def test_an_order_of_our_own_earns_nothing_on_a_platform(platform: Platform) -> None:
    sold(platform)
    SalesOrder.objects.update(external_id="")
    caller = a_caller()
    assert caller.get(path()).json()["lines"] == []
    refused(send(caller, f"{path()}/read", None), 404)
