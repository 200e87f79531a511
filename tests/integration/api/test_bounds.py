"""Numbers, pages and moments at the edges of what the API takes: every list, every cursor."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from mekong.faces.api.openapi import document
from mekong.foundation.actor import SYSTEM
from mekong.foundation.paging import encode_cursor
from mekong.inventory import queries
from mekong.inventory.engine import engine
from mekong.inventory.models import Location, OversellEntry, ReorderLevel, StockLevel
from mekong.orders.book import book
from mekong.orders.placing import Asked, AskedLine, place_order
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db
LOCATIONS = "/api/v1/locations"
OVERSELL = "/api/v1/stock/oversell"


@pytest.fixture
def client() -> Client:
    """A caller with every right, a store, and a SKU."""
    client = a_caller()
    send(client, LOCATIONS, {"code": "HN", "name": "Hà Nội", "kind": "store"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AT-1", "price_minor": 150_000}]})
    return client


def put(client: Client, path: str, body: Any) -> Any:
    return client.put(path, body, content_type="application/json")


# --- numbers


@pytest.mark.parametrize("priority", [-1, 30_001, 2**31, 2**70, 1.5, 1.0, "1", True, None, [1]])
def test_a_priority_out_of_bounds_is_named(client: Client, priority: Any) -> None:
    made = send(client, LOCATIONS, {"code": "SG", "name": "SG", "priority": priority})
    assert [each["field"] for each in refused(made, 422)["errors"]] == ["priority"]
    assert not Location.objects.filter(code="SG").exists()
    if priority is not None:
        changed = client.patch(f"{LOCATIONS}/HN", {"priority": priority}, content_type="application/json")
        assert [each["field"] for each in refused(changed, 422)["errors"]] == ["priority"]
    assert Location.objects.get(code="HN").priority == 100


@pytest.mark.parametrize("priority", [0, 30_000])
def test_a_priority_at_its_bounds_is_kept(client: Client, priority: int) -> None:
    made = send(client, LOCATIONS, {"code": "SG", "name": "SG", "priority": priority})
    assert (made.status_code, made.json()["priority"]) == (201, priority)
    changed = client.patch(f"{LOCATIONS}/HN", {"priority": priority}, content_type="application/json")
    assert changed.json()["priority"] == priority


def test_a_location_keeps_a_name(client: Client) -> None:
    for name in ("", "  ", "x" * 121):
        changed = client.patch(f"{LOCATIONS}/HN", {"name": name}, content_type="application/json")
        assert [each["field"] for each in refused(changed, 422)["errors"]] == ["name"]
    assert Location.objects.get(code="HN").name == "Hà Nội"


def level(**change: Any) -> dict[str, Any]:
    return {"sku": "AT-1", "location": "HN", "min_qty": 5, **change}


def test_stock_at_its_reorder_level_is_low_until_the_level_is_moved(client: Client) -> None:
    lines = [{"sku": "AT-1", "quantity": 5}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    for _ in range(2):
        assert put(client, "/api/v1/stock/reorder-levels", level(max_qty=20)).status_code == 204
    low = queries.list_low_stock(actor=SYSTEM)
    assert [(each.location_code, each.free, each.min_qty, each.max_qty) for each in low] == [("HN", 5, 5, 20)]
    assert put(client, "/api/v1/stock/reorder-levels", level(min_qty=4)).status_code == 204
    assert queries.list_low_stock(actor=SYSTEM) == []
    assert ReorderLevel.objects.get().max_qty is None


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"min_qty": -1}, 422, "min_qty"),
        ({"min_qty": 1.0}, 422, "min_qty"),
        ({"min_qty": "5"}, 422, "min_qty"),
        ({"min_qty": 10**12 + 1}, 422, "min_qty"),
        ({"max_qty": 4}, 422, "max_qty"),
        ({"max_qty": -1}, 422, "max_qty"),
        ({"sku": "NOPE"}, 404, "sku"),
        ({"sku": ""}, 422, "sku"),
        ({"location": ""}, 422, "location"),
        ({"level": 1}, 422, "level"),
    ],
)
def test_a_wrong_reorder_level_is_named(client: Client, change: dict[str, Any], status: int, field: str) -> None:
    problem = refused(put(client, "/api/v1/stock/reorder-levels", level(**change)), status)
    assert [each["field"] for each in problem["errors"]] == [field]
    assert not ReorderLevel.objects.exists()


def test_a_reorder_level_needs_a_place_that_is_there(client: Client) -> None:
    refused(put(client, "/api/v1/stock/reorder-levels", level(location="NOWHERE")), 404)


# --- the oversell list


def oversold(client: Client, *quantities: Any, **change: Any) -> Any:
    lines = [{"sku": "AT-1", "quantity": quantity} for quantity in quantities]
    return send(client, OVERSELL, {"channel": "store", "location": "HN", "reference": "R-1", "lines": lines, **change})


def test_what_is_missing_is_found_and_listed_and_what_is_there_is_not(client: Client) -> None:
    lines = [{"sku": "AT-1", "quantity": 3}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    assert oversold(client, 2).status_code == 204
    assert not OversellEntry.objects.exists()
    assert oversold(client, 4, 1).status_code == 204
    entry = OversellEntry.objects.get()
    assert (entry.quantity, entry.reference, entry.channel) == (2, "R-1", "store")
    assert entry.actor == client.get("/api/v1/me").json()["ref"]
    assert StockLevel.objects.get().on_hand == 5


def test_a_repeated_oversell_is_listed_once(client: Client) -> None:
    body = {"channel": "store", "location": "HN", "reference": "R", "lines": [{"sku": "AT-1", "quantity": 2}]}
    sent = [send(client, OVERSELL, body, **{"Idempotency-Key": "o"}) for _ in range(3)]
    assert [each.status_code for each in sent] == [204] * 3
    assert OversellEntry.objects.get().quantity == 2


@pytest.mark.parametrize(
    ("quantity", "change", "status", "field"),
    [
        (0, {}, 422, "lines[0].quantity"),
        (-1, {}, 422, "lines[0].quantity"),
        (1.0, {}, 422, "lines[0].quantity"),
        (10**13, {}, 422, "lines[0].quantity"),
        (1, {"reference": ""}, 422, "reference"),
        (1, {"lines": []}, 422, "lines"),
        (1, {"lines": [{"sku": "NOPE", "quantity": 1}]}, 404, "lines[0].sku"),
    ],
)
def test_a_wrong_oversell_changes_nothing(
    client: Client, quantity: Any, change: dict[str, Any], status: int, field: str
) -> None:
    problem = refused(oversold(client, quantity, **change), status)
    assert [each["field"] for each in problem["errors"]] == [field]
    assert not OversellEntry.objects.exists()
    assert not StockLevel.objects.exists()


# --- pages


def lists_with(parameter: str) -> list[str]:
    """Every GET of the document that takes this query parameter."""
    return [
        path
        for path, operations in document()["paths"].items()
        if any(each["name"] == parameter for each in operations.get("get", {}).get("parameters", []))
    ]


@pytest.fixture
def places(client: Client) -> dict[str, str]:
    """What stands in the paths of lists that belong to something: each of it is there, but for the reading back."""
    saved = send(client, "/api/v1/order-filters", {"name": "VIP", "conditions": {"tag": "VIP"}})
    hook = {"url": "https://example.vn/hook", "event_types": ["partners.webhook_disabled"]}
    made = send(client, "/api/v1/webhooks", hook)
    cards = send(client, "/api/v1/gift-cards", {"count": 1, "value_minor": 50_000, "name": "Tết"})
    person = {"phone": "0903 123 456", "name": "Lan", "has_consented": True}
    assert send(client, "/api/v1/price-lists", {"code": "web", "name": "Web"}).status_code == 201
    return {
        "member_id": send(client, "/api/v1/members", person).json()["id"],
        "card_id": cards.json()["cards"][0]["id"],
        "code": "web", "audit_id": "1", "filter_id": saved.json()["id"], "webhook_id": made.json()["webhook"]["id"],
    }  # fmt: skip


def asked(client: Client, path: str, places: dict[str, str], **query: str) -> Any:
    path = path.format(**places)
    return client.get(path, {**({"sku": "AT-1"} if path.endswith("/movements") else {}), **query})


def test_the_document_has_the_lists() -> None:
    assert {"/api/v1/orders", "/api/v1/stock/levels", "/api/v1/products"} <= set(lists_with("limit"))
    assert len(lists_with("cursor")) >= 8


@pytest.mark.parametrize("limit", ["0", "-1", "201", "99999999999999999999", "1.5", "x", "", "1e1", "0x10", "١٢x"])
def test_a_limit_out_of_bounds_is_named_by_every_list(client: Client, places: dict[str, str], limit: str) -> None:
    for path in lists_with("limit"):
        errors = refused(asked(client, path, places, limit=limit), 422)["errors"]
        assert [each["field"] for each in errors] == ["limit"], path


def as_cursor(text: str | bytes) -> str:
    return base64.urlsafe_b64encode(text.encode() if isinstance(text, str) else text).decode()


FORGED = [
    "zz", "=", "🙂", "x" * 501, "' or 1=1 --", "%00", "\x00", encode_cursor(), encode_cursor(None), encode_cursor("a"),
    encode_cursor(2**63), encode_cursor(-(2**63), 2**70), encode_cursor(1.5, 2.5), encode_cursor([], {}),
    encode_cursor("2026-01-01T00:00:00", 1), encode_cursor("a\x00b", 1), encode_cursor(*range(9)),
    as_cursor("null"), as_cursor("{}"), as_cursor(b"\xff\xfe"), as_cursor("[" * 5000), as_cursor("2026-01-01|" + "0" * 32),
    as_cursor("2026-01-01T00:00:00|" + "0" * 32), as_cursor("|"), as_cursor("a|b|c"),
]  # fmt: skip


@pytest.mark.parametrize("cursor", FORGED, ids=range(len(FORGED)))
def test_a_forged_cursor_is_refused_by_every_list(client: Client, places: dict[str, str], cursor: str) -> None:
    for path in lists_with("cursor"):
        errors = refused(asked(client, path, places, cursor=cursor), 422)["errors"]
        assert [each["field"] for each in errors] == ["cursor"], (path, cursor)


# --- moments

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def moments(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from moments(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from moments(each, name)
    elif isinstance(value, str) and (name == "at" or name.endswith("_at")):
        yield name, value


@pytest.mark.django_db(transaction=True)
def test_moments_are_answered_in_utc(client: Client) -> None:
    lines = [{"sku": "AT-1", "quantity": 5}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    control = {"channel": "web", "scope": "sku", "target": "AT-1", "kind": "cap", "amount": 3}
    ends = {"starts_at": "2026-01-01T07:00:00+07:00", "ends_at": "2199-01-01T00:00:00+14:00"}
    made = send(client, "/api/v1/stock/controls", {**control, **ends}).json()
    assert [datetime.fromisoformat(made[name]) for name in ends] == [
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2198, 12, 31, 10, tzinfo=UTC),
    ]  # fmt: skip
    try:
        code = place_order(
            actor=SYSTEM, asked=Asked("web", [AskedLine("AT-1", 1)], customer_name="Lan"), now=datetime.now(UTC)
        ).code
    finally:
        engine().stop()
        book().stop()
    seen: list[tuple[str, str]] = list(moments(made))
    for path in (
        "/api/v1/orders", f"/api/v1/orders/{code}", "/api/v1/stock/movements?sku=AT-1", "/api/v1/stock/controls",
        "/api/v1/tokens", "/api/v1/audit", "/api/v1/products/AT-1",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, answer.content
        found = list(moments(answer.json()))
        assert found or path.endswith("/AT-1"), path
        seen += found
    assert [each for each in seen if not _UTC.fullmatch(each[1])] == []
    assert {"placed_at", "occurred_at", "created_at", "starts_at", "at"} <= {name for name, _ in seen}


@pytest.mark.parametrize(
    "moment",
    ["2026-01-01", "2026-01-01T00:00:00", "1767225600", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "now", ""],
)
def test_a_moment_without_a_zone_is_no_moment(client: Client, moment: str) -> None:
    for path, name in (("/api/v1/orders", "placed_from"), ("/api/v1/audit", "since")):
        assert [each["field"] for each in refused(client.get(path, {name: moment}), 422)["errors"]] == [name]
    control = {"channel": "web", "scope": "sku", "target": "AT-1", "kind": "cap", "amount": 3, "ends_at": moment}
    problem = refused(send(client, "/api/v1/stock/controls", control), 422)
    assert [each["field"] for each in problem["errors"]] == ["ends_at"]


def test_a_moment_may_come_in_any_zone(client: Client) -> None:
    here = datetime.now(UTC).astimezone().replace(microsecond=0)
    for moment in (here, here - timedelta(hours=1)):
        assert client.get("/api/v1/orders", {"placed_from": moment.isoformat()}).status_code == 200
