"""Returns that buyers asked platforms for, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from mekong.channels.models import ChannelReturn
from mekong.channels.socket.returns import ReturnState
from mekong.orders.models import SalesOrder
from tests.support.bazaar import Platform
from tests.support.http import refused, send
from tests.support.marketplaces import close_all
from tests.support.people import a_caller
from tests.support.returning import a_platform, asked, id_of, keep, row, sold
from tests.support.stock import a_location

pytestmark = pytest.mark.django_db(transaction=True)
REQUESTS = "/api/v1/return-requests"


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    yield a_platform(monkeypatch)
    close_all()


@pytest.fixture
def caller(platform: Platform) -> Client:
    return a_caller()


def test_a_return_is_listed_read_and_agreed_to(platform: Platform, caller: Client) -> None:
    order = sold(platform)
    return_id = asked(platform, order)
    gone = platform.ask_back(order, state=ReturnState.CLOSED)
    keep(platform, gone)
    (waiting,) = caller.get(f"{REQUESTS}?waiting=1").json()["items"]
    assert {name: waiting[name] for name in ("id", "order_code", "state", "refund_minor", "currency", "is_waiting")} == {
        "id": return_id, "order_code": SalesOrder.objects.get().code, "state": "requested", "refund_minor": 200_000,
        "currency": "VND", "is_waiting": True,
    }  # fmt: skip
    assert waiting["lines"] == [{"sku": "AO-1", "name": "Áo AO-1", "quantity": 2}]
    assert waiting["answer_by"].endswith("Z")
    assert [each["external_id"] for each in caller.get(f"{REQUESTS}?state=closed").json()["items"]] == [gone]
    assert caller.get(f"{REQUESTS}?channel=web").json()["items"] == []
    first = caller.get(f"{REQUESTS}?limit=1").json()
    rest = caller.get(f"{REQUESTS}?limit=1&cursor={first['next_cursor']}").json()
    assert [first["items"][0]["external_id"], rest["items"][0]["id"]] == [gone, return_id]

    answered = send(caller, f"{REQUESTS}/{return_id}/answer", {"accept": True})

    assert (answered.status_code, answered.json()["state"], answered.json()["answer"]) == (200, "accepted", "accept")
    assert caller.get(f"{REQUESTS}/{return_id}").json() == answered.json()
    assert SalesOrder.objects.get().state == "returning"
    assert platform.told == [("agree", row_of(return_id).external_id)]


def row_of(return_id: str) -> ChannelReturn:
    return next(each for each in ChannelReturn.objects.all() if id_of(each.external_id) == return_id)


def test_a_repeat_with_its_key_is_the_first_answer_and_the_platform_hears_one(
    platform: Platform, caller: Client
) -> None:
    return_id = asked(platform)
    body = {"accept": False, "reason": "Hàng đã dùng"}
    sent = [send(caller, f"{REQUESTS}/{return_id}/answer", body, **{"Idempotency-Key": "a"}) for _ in range(3)]
    assert [each.status_code for each in sent] == [200] * 3
    assert len({each.content for each in sent}) == 1
    assert platform.told == [("refuse Hàng đã dùng", row().external_id)]
    again = send(caller, f"{REQUESTS}/{return_id}/answer", body)
    assert (again.status_code, len(platform.told)) == (200, 1)


def test_what_was_answered_is_not_answered_otherwise(platform: Platform, caller: Client) -> None:
    return_id = asked(platform)
    send(caller, f"{REQUESTS}/{return_id}/answer", {"accept": True})
    problem = refused(send(caller, f"{REQUESTS}/{return_id}/answer", {"accept": False, "reason": "x"}), 409)
    assert (problem["code"], problem["params"]["state"]) == ("channels.return_answered", "accepted")
    assert len(platform.told) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"accept": False}, "reason"), ({"accept": False, "reason": " "}, "reason"), ({"reason": "x"}, "accept"),
        ({"accept": "yes"}, "accept"), ({"accept": True, "reason": "x" * 301}, "reason"),
        ({"accept": True, "note": "x"}, "note"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_meant_names_its_field(
    platform: Platform, caller: Client, body: dict[str, object], field: str
) -> None:
    return_id = asked(platform)
    problem = refused(send(caller, f"{REQUESTS}/{return_id}/answer", body), 422)
    assert [each["field"] for each in problem["errors"]] == [field]
    assert (platform.told, row().answer) == ([], "")


def test_another_places_returns_are_not_there(platform: Platform, caller: Client) -> None:
    return_id = asked(platform)
    here = a_caller("orders.view", "orders.return", locations=[a_location("XA")])
    assert here.get(REQUESTS).json()["items"] == []
    assert refused(here.get(f"{REQUESTS}/{return_id}"), 404)["code"] == "channels.return_not_found"
    problem = refused(send(here, f"{REQUESTS}/{return_id}/answer", {"accept": True}), 404)
    assert problem["code"] == "channels.return_not_found"
    assert refused(send(a_caller("orders.view"), f"{REQUESTS}/{return_id}/answer", {"accept": True}), 403)
    assert platform.told == []
