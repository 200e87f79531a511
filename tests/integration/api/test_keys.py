"""An `Idempotency-Key` belongs to one request: sent with another body, every write refuses it and does nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from django.test import Client

from mekong.faces.api.openapi import EXTRA_PATHS, document
from mekong.faces.express import app as express
from mekong.foundation import idempotency
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry
from mekong.inventory.models import StockLevel, StockMovement
from mekong.orders import commands as orders
from mekong.orders.models import SalesOrder, TimelineEntry
from tests.support.http import refused, send
from tests.support.people import NOON, a_caller

pytestmark = pytest.mark.django_db(transaction=True)
LINE = {"sku": "AT-1", "quantity": 1}
VARIANT = {"sku": "B", "price_minor": 1}


@pytest.fixture
def client() -> Client:
    """A caller with every right, two stores, 10 units of a SKU in one of them."""
    client = a_caller()
    for code in ("HN", "SG"):
        send(client, "/api/v1/locations", {"code": code, "name": code, "kind": "store"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AT-1", "price_minor": 1000}]})
    lines = [{"sku": "AT-1", "quantity": 10}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    return client


def facts() -> tuple[int, ...]:
    """How much is booked, and how many units are promised."""
    models = (AuditEntry, StockMovement, SalesOrder, TimelineEntry)
    promised = StockLevel.objects.aggregate(units=Sum("reserved"))["units"]
    return (*(model.objects.count() for model in models), promised)


def test_a_key_of_another_request_opens_no_write(client: Client) -> None:
    actor = client.get("/api/v1/me").json()["ref"]
    idempotency.claim(actor=actor, key="k", fingerprint="of another request", now=NOON)
    idempotency.keep(actor=actor, key="k", status=200, body=b"")
    asked, before = 0, facts()
    for path, operations in document()["paths"].items():
        for method in operations.keys() & {"post", "put", "patch", "delete"}:
            if method in EXTRA_PATHS.get(path, {}):
                continue
            url = path.replace("{line}", "0").replace("{listing_id}", "1").replace("{", "").replace("}", "")
            answer = getattr(client, method)(
                url, b"{}", content_type="application/json", headers={"Idempotency-Key": "k"}
            )
            assert refused(answer, 409)["code"] == "idempotency_mismatch", (method, path)
            asked += 1
    assert asked > 50
    assert facts() == before


def an_order(*steps: str) -> str:
    asked = orders.Asked("web", [orders.AskedLine("AT-1", 2)], customer_name="Lan")
    code = orders.place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC)).code
    for step in steps:
        getattr(orders, f"{step}_order")(actor=SYSTEM, code=code, now=datetime.now(UTC))
    return code


def transfer(client: Client) -> str:
    sent = {"from_location": "HN", "to_location": "SG", "lines": [LINE]}
    return str(send(client, "/api/v1/stock/transfers", sent).json()["id"])


def a_draft(client: Client, *, is_ready: bool) -> str:
    sent = {"from_location": "HN", "to_location": "SG", "lines": [LINE], "step": "draft"}
    made = str(send(client, "/api/v1/stock/transfers", sent).json()["id"])
    if is_ready:
        assert send(client, f"/api/v1/stock/transfers/{made}/approve", b"").status_code == 200
    return made


TWICE: list[tuple[str, Any, Any]] = [
    ("people", {"email": "a@example.vn", "name": "A"}, {"email": "b@example.vn", "name": "B"}),
    ("tokens", {"name": "t", "scopes": ["orders.view"]}, {"name": "t", "scopes": ["all"]}),
    ("products", {"name": "B", "variants": [VARIANT]}, {"name": "C", "variants": [VARIANT | {"sku": "C"}]}),
    ("prices", {"lines": [{"sku": "AT-1", "price_minor": 1}]}, {"lines": [{"sku": "AT-1", "price_minor": 2}]}),
    ("categories", {"name": "A"}, {"name": "B"}),
    ("locations", {"code": "A", "name": "A"}, {"code": "B", "name": "B"}),
    (
        "stock/adjustments",
        {"location": "HN", "reason": "count", "lines": [LINE]},
        {"location": "HN", "reason": "count", "lines": [LINE | {"quantity": 2}]},
    ),
    (
        "stock/controls",
        {"channel": "web", "scope": "sku", "target": "AT-1", "kind": "cap", "amount": 1},
        {"channel": "web", "scope": "sku", "target": "AT-1", "kind": "cap", "amount": 2},
    ),
    (
        "stock/oversell",
        {"channel": "store", "location": "SG", "reference": "1", "lines": [LINE]},
        {"channel": "store", "location": "SG", "reference": "2", "lines": [LINE]},
    ),
    (
        "stock/transfers",
        {"from_location": "HN", "to_location": "SG", "lines": [LINE]},
        {"from_location": "HN", "to_location": "SG", "lines": [LINE | {"quantity": 2}]},
    ),
    ("stock/transfers/{transfer}/receive", {}, {"lines": [LINE | {"quantity": 0}]}),
    ("stock/transfers/{ready}/ship", {}, {"lines": [LINE | {"quantity": 0}]}),
    ("stock/transfers/{draft}/cancel", {"note": "a"}, {"note": "b"}),
    ("orders/{new}/cancel", {"reason": "a"}, {"reason": "b"}),
    ("orders/{confirmed}/move", {"to": "picking"}, {"to": "packed"}),
    ("orders/{confirmed}/ship", {"tracking_no": "A"}, {"tracking_no": "B"}),
    ("orders/{shipped}/return-requests", {"reason": "a"}, {"reason": "b"}),
    (
        "orders/{shipped}/returns",
        {"location": "HN", "lines": [{"line": 0, "quantity": 1, "grade": "resellable"}]},
        {"location": "HN", "lines": [{"line": 0, "quantity": 1, "grade": "damaged"}]},
    ),
    ("orders/{new}/notes", {"text": "a"}, {"text": "b"}),
]


@pytest.mark.parametrize(("path", "body", "other"), TWICE, ids=[each[0] for each in TWICE])
def test_the_first_body_is_done_once_and_the_other_never(client: Client, path: str, body: Any, other: Any) -> None:
    url = "/api/v1/" + path
    if "{transfer}" in url:
        url = url.replace("{transfer}", transfer(client))
    for name in ("draft", "ready"):
        if f"{{{name}}}" in url:
            url = url.replace(f"{{{name}}}", a_draft(client, is_ready=name == "ready"))
    for name, steps in (("new", ()), ("confirmed", ("confirm",)), ("shipped", ("confirm", "ship"))):
        if f"{{{name}}}" in url:
            url = url.replace(f"{{{name}}}", an_order(*steps))
    key = {"Idempotency-Key": "k"}
    first = send(client, url, body, **key)
    assert first.status_code in {200, 201, 204}, first.content
    after = facts()
    assert refused(send(client, url, other, **key), 409)["code"] == "idempotency_mismatch"
    again = send(client, url, body, **key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert facts() == after


def test_another_file_under_the_key_is_refused(client: Client) -> None:
    export = client.get("/api/v1/products/export?format=csv").content
    before = facts()
    sent = [
        client.post(
            "/api/v1/products/import",
            {"file": SimpleUploadedFile("p.csv", content), "dry_run": dry},
            headers={"Idempotency-Key": "k"},
        )
        for content, dry in ((export, "false"), (export.replace(b"1000", b"2000"), "false"), (export, "true"))
    ]
    assert [each.status_code for each in sent] == [200, 409, 409]
    assert client.get("/api/v1/variants/AT-1").json()["price_minor"] == 1000
    assert facts() == before


# --- the express lane


def expressed(client: Client, path: str, body: Any, key: str) -> tuple[int, dict[str, Any]]:
    """A POST on the express lane: status and body."""
    token = client.defaults["HTTP_AUTHORIZATION"].encode()
    headers = [(b"authorization", token), (b"idempotency-key", key.encode("latin-1")), (b"accept-language", b"en")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    async def take(message: Any) -> None:
        sent.append(message)

    found = express.handler(scope)
    assert found is not None
    asyncio.run(express.serve(found, scope, receive, take))
    return sent[0]["status"], json.loads(sent[1]["body"])


ORDER = {"channel": "web", "lines": [LINE], "customer": {"name": "Lan"}, "external_id": "E-1"}
HOLD = {"channel": "web", "owner": "cart-1", "lines": [LINE]}


@pytest.mark.parametrize(
    ("path", "body", "change"),
    [
        ("orders", ORDER, {"lines": [LINE | {"quantity": 2}]}),
        ("orders", ORDER, {"lines": [LINE, LINE]}),
        ("orders", ORDER, {"lines": [LINE | {"unit_price_minor": 1}]}),
        ("orders", ORDER, {"channel": "phone"}),
        ("orders", ORDER, {"external_id": "E-2"}),
        ("orders", ORDER, {"customer": {"name": "Mai"}}),
        ("orders", ORDER, {"shipping_fee_minor": 5}),
        ("orders", ORDER, {"discount_minor": 5}),
        ("reservations", HOLD, {"lines": [LINE | {"quantity": 2}]}),
        ("reservations", HOLD, {"owner": "cart-2"}),
        ("reservations", HOLD, {"channel": "phone"}),
    ],
)
def test_the_express_lane_refuses_the_key_of_another_body(
    client: Client, path: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    status, first = expressed(client, f"/api/v1/{path}", body, "k")
    assert status == 201, first
    after = facts()
    status, problem = expressed(client, f"/api/v1/{path}", body | change, "k")
    assert (status, problem["code"]) == (409, "idempotency_mismatch")
    status, again = expressed(client, f"/api/v1/{path}", body, "k")
    assert (status, again["id"]) == (201, first["id"])
    assert facts() == after


@pytest.mark.parametrize("key", ["x" * 201, "a b", "\xe9", "x" * 300])
@pytest.mark.parametrize(("path", "body"), [("orders", ORDER), ("reservations", HOLD)])
def test_a_key_has_its_form_on_the_express_lane_too(client: Client, path: str, body: Any, key: str) -> None:
    before = facts()
    status, problem = expressed(client, f"/api/v1/{path}", body, key)
    assert (status, problem["code"]) == (422, "request.bad_idempotency_key")
    assert facts() == before


def test_a_repeated_reservation_ends_when_the_first_said(client: Client) -> None:
    _, first = expressed(client, "/api/v1/reservations", HOLD | {"ttl_seconds": 60}, "k")
    _, again = expressed(client, "/api/v1/reservations", HOLD | {"ttl_seconds": 60}, "k")
    assert (again["id"], again["expires_at"]) == (first["id"], first["expires_at"])


def test_an_order_known_by_its_channels_number_is_answered_whatever_the_key(client: Client) -> None:
    _, first = expressed(client, "/api/v1/orders", ORDER, "k")
    status, again = expressed(client, "/api/v1/orders", ORDER | {"customer": {"name": "Mai"}}, "l")
    assert (status, again["id"]) == (201, first["id"])
