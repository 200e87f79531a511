"""A token of one store: what every endpoint of stock and orders answers when it asks for another store's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from mekong.faces.api.openapi import EXTRA_PATHS, document
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry
from mekong.inventory.models import (
    Adjustment,
    Location,
    OversellEntry,
    ReorderLevel,
    StockLevel,
    StockMovement,
    Transfer,
)
from mekong.orders import commands as orders
from mekong.orders.models import SalesOrder, TimelineEntry
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db(transaction=True)
RIGHTS = (
    "inventory.view", "inventory.adjust", "inventory.receive", "inventory.transfer", "inventory.sell_below_zero",
    "inventory.approve", "reports.view",
    "orders.view", "customers.view", "orders.confirm", "orders.edit", "orders.cancel", "orders.ship", "orders.return",
)  # fmt: skip
LINE = {"sku": "AT-1", "quantity": 1}
NOTHING: dict[str, Any] = {}
"""A write without a body."""
BACK = [{"line": 0, "quantity": 1, "grade": "resellable"}]

ELSEWHERE: dict[str, tuple[Any, int]] = {
    "POST /stock/adjustments": ({"location": "SG", "reason": "count", "lines": [LINE]}, 403),
    "PUT /stock/reorder-levels": ({"sku": "AT-1", "location": "SG", "min_qty": 1}, 403),
    "POST /stock/oversell": ({"channel": "store", "location": "SG", "reference": "R", "lines": [LINE]}, 403),
    "POST /stock/transfers": ({"from_location": "SG", "to_location": "HN", "lines": [LINE]}, 403),
    "POST /stock/transfers/{transfer_id}/receive": ({}, 403),
    "GET /orders/{code}": (None, 404),
    "GET /orders/{code}/earnings": (None, 404),
    "POST /orders/{code}/earnings/read": (NOTHING, 404),
    "POST /orders/{code}/confirm": ({}, 404),
    "POST /orders/{code}/cancel": ({}, 404),
    "POST /orders/{code}/move": ({"to": "packed"}, 404),
    "POST /orders/{code}/ship": ({}, 404),
    "POST /orders/{code}/deliver": ({}, 404),
    "POST /orders/{code}/complete": ({}, 404),
    "POST /orders/{code}/return-requests": ({}, 404),
    "POST /orders/{code}/returns": ({"location": "HN", "lines": BACK}, 404),
    "POST /orders/{code}/notes": ({"text": "x"}, 404),
    "PUT /orders/{code}/tags": ({"tags": ["x"]}, 404),
    "PUT /orders/{code}/address": ({"address": {"line": "x"}}, 404),
    "POST /orders/{code}/lines/{line}/match": ({"sku": "AT-1"}, 404),
    "POST /orders/{code}/split": ({"lines": [{"line": 0, "quantity": 1}]}, 404),
    "POST /orders/{code}/merge": ({"others": ["DH-261122-0001"]}, 404),
    "POST /orders/{code}/duplicate": ({"other": "DH-261122-0001"}, 404),
    "POST /orders/{code}/pack-with": ({"others": ["DH-261122-0001"]}, 404),
    "DELETE /orders/{code}/pack-with": (NOTHING, 404),
    "POST /orders/{code}/holds": ({"hold": "no_answer"}, 404),
    "DELETE /orders/{code}/holds/{hold}": (NOTHING, 404),
    "GET /orders/{code}/buyer": (None, 404),
    "POST /orders/{code}/tags": ({"add": ["x"]}, 404),
}
"""What is sent, and how it is refused. An order elsewhere is not there; a place elsewhere is named."""

BETWEEN_OTHERS: dict[str, tuple[Any, int]] = {
    "GET /stock/transfers/{transfer_id}": (None, 404),
    "PUT /stock/transfers/{transfer_id}": ({"from_location": "SG", "to_location": "HN", "lines": [LINE]}, 403),
    "POST /stock/transfers/{transfer_id}/request": (NOTHING, 403),
    "POST /stock/transfers/{transfer_id}/approve": (NOTHING, 403),
    "POST /stock/transfers/{transfer_id}/send-back": ({}, 403),
    "POST /stock/transfers/{transfer_id}/cancel": ({}, 403),
    "POST /stock/transfers/{transfer_id}/ship": ({}, 403),
    "POST /stock/transfers/{transfer_id}/settle": ({"lines": [{"sku": "AT-1", "cause": "lost"}]}, 403),
    "GET /stock/adjustments/{code}": (None, 404),
    "POST /stock/adjustments/{code}/approve": ({}, 403),
    "POST /stock/adjustments/{code}/reject": ({"note": "x"}, 403),
    "POST /stock/adjustments/{code}/withdraw": (NOTHING, 403),
}
"""The same, of a transfer between two other places and of an adjustment that waits at one of them."""

LISTS = {
    "GET /stock/transfers", "GET /stock/adjustments", "GET /stock/low", "GET /stock/ledger",
    "GET /locations", "GET /stock/levels", "GET /stock/movements", "GET /stock/lots", "GET /orders",
}  # fmt: skip
"""They leave out what is elsewhere; see the tests of each."""
COMPANY = {
    "POST /locations", "PATCH /locations/{code}", "GET /stock/controls", "POST /stock/controls",
    "DELETE /stock/controls/{control_id}", "PUT /stock/supply", "GET /stock/availability",
    "GET /stock/approval-limits", "PUT /stock/approval-limits", "POST /stock/campaigns", "GET /stock/campaigns",
    "GET /stock/campaigns/{code}", "POST /stock/campaigns/{code}/extend", "POST /stock/campaigns/{code}/end",
    "POST /stock/campaigns/{code}/lines/{position}/try",
}  # fmt: skip
"""They concern channels or the whole company, not a place."""


@pytest.fixture
def boss() -> Client:
    """A caller with every right, two stores, 10 units of a SKU in each."""
    boss = a_caller()
    for code in ("HN", "SG"):
        send(boss, "/api/v1/locations", {"code": code, "name": code, "kind": "store"})
    send(boss, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AT-1", "price_minor": 1000}]})
    for code in ("HN", "SG"):
        lines = [{"sku": "AT-1", "quantity": 10}]
        send(boss, "/api/v1/stock/adjustments", {"location": code, "reason": "opening", "lines": lines})
    return boss


def till(*codes: str, rights: tuple[str, ...] = RIGHTS) -> Client:
    return a_caller(*rights, locations=list(Location.objects.filter(code__in=codes).values_list("id", flat=True)))


def an_order(at: str) -> str:
    place = Location.objects.get(code=at).id
    asked = orders.Asked("web", [orders.AskedLine("AT-1", 2)], customer_name="Lan", location_ids=(place,))
    return orders.place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC)).code


def ask(client: Client, operation: str, body: Any, **places: str) -> Any:
    method, _, path = operation.partition(" ")
    url = f"/api/v1{path.format(line='0', hold='manual', **places)}"
    if body is None:
        return client.get(url)
    return getattr(client, method.lower())(url, body, content_type="application/json")


def test_every_endpoint_of_stock_and_orders_is_in_these_tables() -> None:
    described = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document()["paths"].items()
        for method in operations
        if path.split("/")[3] in {"stock", "orders", "locations"} and method not in EXTRA_PATHS.get(path, {})
    }
    assert described == {*ELSEWHERE, *BETWEEN_OTHERS, *LISTS, *COMPANY}


def facts() -> list[Any]:
    """Everything that a write elsewhere might have changed."""
    return [
        *(list(model.objects.order_by("pk").values()) for model in (StockLevel, StockMovement, SalesOrder, TimelineEntry)),
        *(list(model.objects.order_by("pk").values()) for model in (Transfer, Adjustment)),
        OversellEntry.objects.count(), ReorderLevel.objects.count(), AuditEntry.objects.filter(action="read").count(),
    ]  # fmt: skip


def test_nothing_elsewhere_is_told_or_changed(boss: Client) -> None:
    code = an_order("SG")
    sent = send(boss, "/api/v1/stock/transfers", {"from_location": "HN", "to_location": "SG", "lines": [LINE]}).json()
    here = till("HN")
    before = facts()
    for operation, (body, status) in ELSEWHERE.items():
        problem = refused(ask(here, operation, body, code=code, transfer_id=sent["id"]), status)
        if status == 403:
            assert (problem["code"], problem["params"]) == ("out_of_scope", {"location": "SG"}), operation
        else:
            assert problem["code"] == "orders.order_not_found", operation
    by_id = f"ord_{UUID(str(SalesOrder.objects.get(code=code).id)).hex}"
    refused(here.get(f"/api/v1/orders/{by_id}"), 404)
    assert facts() == before


def test_nothing_between_other_places_is_told_or_changed(boss: Client) -> None:
    send(boss, "/api/v1/locations", {"code": "DN", "name": "DN", "kind": "store"})
    draft = {"from_location": "SG", "to_location": "DN", "lines": [LINE], "step": "requested"}
    sent = send(boss, "/api/v1/stock/transfers", draft).json()
    limits = dict.fromkeys(("transfer_units", "transfer_value_minor", "adjustment_units", "adjustment_value_minor"))
    boss.put("/api/v1/stock/approval-limits", {**limits, "adjustment_units": 0}, content_type="application/json")
    asked = {"location": "SG", "reason": "count", "lines": [LINE]}
    waiting = send(till("SG", rights=("inventory.adjust", "inventory.view")), "/api/v1/stock/adjustments", asked).json()
    assert (waiting["state"], waiting["levels"]) == ("waiting", [])
    here, before = till("HN"), facts()
    for operation, (body, status) in BETWEEN_OTHERS.items():
        answer = ask(here, operation, body, code=waiting["reference"], transfer_id=sent["id"])
        problem = refused(answer, status)
        assert status == 404 or (problem["code"], problem["params"]) == ("out_of_scope", {"location": "SG"}), operation
    for path in ("transfers", "adjustments", "low", "ledger?reference=" + sent["code"]):
        assert here.get(f"/api/v1/stock/{path}").json()["items"] == [], path
    assert facts() == before
    done = send(boss, f"/api/v1/stock/adjustments/{waiting['reference']}/approve", {"on_hand": [10]})
    assert (done.status_code, done.json()["state"]) == (200, "booked"), done.content
    assert len(boss.get("/api/v1/stock/transfers?state=requested").json()["items"]) == 1


def test_the_same_is_done_at_home(boss: Client) -> None:
    """The other half of the proof: it is the place that was refused, not the request."""
    code = an_order("HN")
    sent = send(boss, "/api/v1/stock/transfers", {"from_location": "SG", "to_location": "HN", "lines": [LINE]}).json()
    here = till("HN")
    for operation in (
        "GET /orders/{code}", "POST /orders/{code}/notes", "PUT /orders/{code}/tags", "PUT /orders/{code}/address",
        "POST /orders/{code}/confirm", "POST /orders/{code}/move", "POST /orders/{code}/ship",
        "POST /orders/{code}/deliver", "POST /orders/{code}/return-requests", "POST /orders/{code}/returns",
        "POST /stock/transfers/{transfer_id}/receive",
    ):  # fmt: skip
        answer = ask(here, operation, ELSEWHERE[operation][0], code=code, transfer_id=sent["id"])
        assert answer.status_code in {200, 204}, (operation, answer.content)


def test_lists_leave_out_what_is_elsewhere(boss: Client) -> None:
    theirs, ours = an_order("SG"), an_order("HN")
    here, nowhere = till("HN"), a_caller(*RIGHTS, locations=[Location.objects.get(kind="transit").id])
    assert [each["code"] for each in here.get("/api/v1/locations").json()["items"]] == ["HN"]
    assert [each["location"] for each in here.get("/api/v1/stock/levels").json()["items"]] == ["HN"]
    assert here.get("/api/v1/stock/levels?location=SG").json()["items"] == []
    card = here.get("/api/v1/stock/movements?sku=AT-1").json()["items"]
    assert [(each["to_location"], each["balance"]) for each in card] == [("HN", 10)]
    assert here.get("/api/v1/stock/movements?sku=AT-1&location=SG").json()["items"] == []
    assert [each["code"] for each in here.get("/api/v1/orders").json()["items"]] == [ours]
    assert [each["code"] for each in here.get(f"/api/v1/orders?q={theirs}").json()["items"]] == []
    for path in ("locations", "stock/levels", "stock/movements?sku=AT-1", "stock/lots?sku=AT-1", "orders"):
        assert nowhere.get(f"/api/v1/{path}").json()["items"] == [], path
    assert len(till("HN", "SG").get("/api/v1/orders").json()["items"]) == 2


def test_lots_elsewhere_are_left_out(boss: Client) -> None:
    product = {"name": "Trà", "variants": [{"sku": "TR", "price_minor": 1, "tracks_lots": True}]}
    send(boss, "/api/v1/products", product)
    for code in ("HN", "SG"):
        lines = [{"sku": "TR", "quantity": 1, "lot": f"L-{code}", "expires_on": "2199-01-01"}]
        send(boss, "/api/v1/stock/adjustments", {"location": code, "reason": "receipt", "lines": lines})
    assert [each["lot"] for each in till("HN").get("/api/v1/stock/lots?sku=TR").json()["items"]] == ["L-HN"]
    assert len(boss.get("/api/v1/stock/lots?sku=TR").json()["items"]) == 2


def test_goods_of_an_order_here_do_not_come_back_elsewhere(boss: Client) -> None:
    code = an_order("HN")
    for step in ("confirm", "ship"):
        send(boss, f"/api/v1/orders/{code}/{step}", {})
    before = facts()
    problem = refused(send(till("HN"), f"/api/v1/orders/{code}/returns", {"location": "SG", "lines": BACK}), 403)
    assert (problem["code"], problem["params"]) == ("out_of_scope", {"location": "SG"})
    assert facts() == before


def test_company_wide_rules_are_not_made_with_a_narrow_token(boss: Client) -> None:
    narrow = till("HN")
    for operation, body in (
        ("POST /locations", {"code": "X", "name": "X"}),
        ("PATCH /locations/{code}", {"name": "X"}),
        ("POST /stock/controls", {"channel": "web", "scope": "channel", "kind": "pool"}),
        ("PUT /stock/supply", {"channel": "web", "locations": []}),
    ):
        assert refused(ask(narrow, operation, body, code="SG"), 403)["code"] == "may_not"


def test_a_token_that_ends_is_shut_out_of_reads_and_writes_at_once(boss: Client) -> None:
    made = send(boss, "/api/v1/tokens", {"name": "till", "scopes": ["inventory.adjust", "inventory.view"]}).json()
    late = Client(headers={"Authorization": f"Bearer {made['text']}", "Host": "localhost"})
    body = {"location": "HN", "reason": "count", "lines": [LINE]}
    assert send(late, "/api/v1/stock/adjustments", body, **{"Idempotency-Key": "k"}).status_code == 201
    boss.delete(f"/api/v1/tokens/{made['token']['id']}")
    before = facts()
    refused(late.get("/api/v1/stock/levels"), 401)
    # Not even the answer that it had before is given again.
    for key in ("k", "l"):
        refused(send(late, "/api/v1/stock/adjustments", body, **{"Idempotency-Key": key}), 401)
    assert facts() == before


def test_a_token_ends_at_its_hour_though_it_is_in_memory(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = datetime(2199, 1, 1, tzinfo=UTC)
    asked = {"name": "till", "scopes": ["inventory.view"], "expires_at": ends.isoformat()}
    made = send(boss, "/api/v1/tokens", asked).json()
    till = Client(headers={"Authorization": f"Bearer {made['text']}", "Host": "localhost"})
    clock = [ends.replace(year=2198, month=12, day=31, hour=23, minute=59, second=58), ends]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:  # noqa: ARG003 - datetime's signature
            return clock[0]

    monkeypatch.setattr("mekong.faces.api.auth.datetime", Clock)
    assert till.get("/api/v1/stock/levels").status_code == 200
    clock.pop(0)
    refused(till.get("/api/v1/stock/levels"), 401)


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00Z", "2199-01-01T00:00:00"])
def test_a_token_is_not_made_to_be_dead(boss: Client, expires_at: str) -> None:
    made = send(boss, "/api/v1/tokens", {"name": "t", "scopes": ["orders.view"], "expires_at": expires_at})
    assert [each["field"] for each in refused(made, 422)["errors"]] == ["expires_at"]
