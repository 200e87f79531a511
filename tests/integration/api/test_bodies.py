"""Bodies that are broken, huge or not what they say: the express lane names what is wrong, and nothing is changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.faces.api.entrance import BODY_LIMIT
from mekong.faces.express.catalogue import catalogue
from mekong.foundation import commands
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import ApiToken, OutboxEvent
from mekong.inventory.models import Hold, StockLevel
from mekong.orders.models import SalesOrder
from tests.support.asgi import Door, a_door
from tests.support.http import send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db(transaction=True)
LINE = {"sku": "AT-1", "quantity": 1}
ORDER = {"channel": "web", "lines": [LINE]}
HOLD = {"channel": "web", "owner": "cart-1", "lines": [LINE]}
PATHS = {"/api/v1/orders": ORDER, "/api/v1/reservations": HOLD}


@pytest.fixture
def door() -> Door:
    client = a_caller()
    send(client, "/api/v1/locations", {"code": "HN", "name": "Hà Nội", "kind": "store"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AT-1", "price_minor": 150_000}]})
    lines = [{"sku": "AT-1", "quantity": 3}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    OutboxEvent.objects.all().delete()
    return a_door()


def nothing_changed() -> bool:
    (level,) = StockLevel.objects.values_list("on_hand", "reserved")
    return level == (3, 0) and not (
        Hold.objects.exists() or SalesOrder.objects.exists() or OutboxEvent.objects.exists()
    )


def text(good: dict[str, Any], **wrong: Any) -> bytes:
    return json.dumps({**good, **wrong}).encode()


def broken(good: dict[str, Any]) -> list[tuple[bytes, int, str, str]]:
    """Bodies with the status, code and field of what they are answered."""
    whole, fields, no_json = text(good), "request.bad_fields", "request.malformed_json"
    name = "owner" if "owner" in good else "note"
    line = text(good)[: -len(b"1}]}")]
    return [
        (text(good, **{name: "a\x00b"}), 422, fields, name),
        (text(good, lines=[{**LINE, "sku": "AT\x00"}]), 422, fields, "lines[0].sku"),
        (text(good, **{name: "\ud800"}), 422, fields, name),
        (line + b"1" + b"0" * 400 + b"}]}", 422, fields, "lines[0].quantity"),
        (line + b"1e999}]}", 422, fields, "lines[0].quantity"),
        (line + b"1.5}]}", 422, fields, "lines[0].quantity"),
        (line + b"-1}]}", 422, fields, "lines[0].quantity"),
        (line + b"true}]}", 422, fields, "lines[0].quantity"),
        (line + b"NaN}]}", 400, no_json, ""),
        (text(good, lines=[LINE] * 2001), 422, fields, "lines"),
        (text(good, lines=[]), 422, fields, "lines"),
        (text(good, **{name: "x" * 5000}), 422, fields, name),
        (text(good, unheard_of=1), 422, fields, "unheard_of"),
        (text({}), 422, fields, "channel"),
        (text(good, channel="nowhere"), 422, "orders.unknown_channel", "channel"),
        (text(good, lines=[{**LINE, "sku": "'; drop table x; --"}]), 422, "orders.unknown_sku", "lines[0].sku"),
        (b"[" * 100_000, 422, fields, "body"),
        (b'{"channel": ' + b"[" * 100_000, 422, fields, "channel"),
        (b'{"channel": ' + b'{"a":' * 100_000, 422, fields, "channel"),
        (b"null", 422, fields, "body"),
        (b"", 400, no_json, ""),
        (whole[:-1], 400, no_json, ""),
        (whole[: len(whole) // 2], 400, no_json, ""),
        (whole + b"}", 400, no_json, ""),
        (whole.replace(b"web", b"w\xffb"), 400, no_json, ""),
        (b"\xef\xbb\xbf" + whole, 400, no_json, ""),
        (whole.decode().encode("utf-16"), 400, no_json, ""),
        (b" " * (BODY_LIMIT + 1), 413, "request.too_large", ""),
    ]


@pytest.mark.parametrize("path", PATHS)
def test_each_broken_body_is_told_what_is_wrong(door: Door, path: str) -> None:
    cases = broken(PATHS[path])
    answers = door.ask_all([("POST", path, body, {}) for body, *_ in cases])
    for (body, status, code, field), answer in zip(cases, answers, strict=True):
        told = answer.json()
        assert (answer.status_code, told["code"]) == (status, code), (body[:80], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert [each["field"] for each in told["errors"]] == ([field] if field else []), (body[:80], answer.text)
        assert told["detail"]
    assert nothing_changed()


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_another_type_is_not_read(door: Door, path: str) -> None:
    for media in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
    ):
        answer = door.ask("POST", path, PATHS[path], content_type=media)
        assert (answer.status_code, answer.json()["code"]) == (415, "request.unsupported_media"), media
        assert media.partition(";")[0] in answer.json()["detail"]
    assert nothing_changed()
    for media in ("application/json; charset=utf-8", "Application/JSON", "application/vnd.shop+json"):
        assert door.ask("POST", path, PATHS[path], content_type=media).status_code == 201, media


def test_a_text_that_only_looks_like_a_broken_letter_is_taken(door: Door) -> None:
    answer = door.ask("POST", "/api/v1/orders", {**ORDER, "note": "C:\\u0000"})
    assert answer.status_code == 201, answer.text
    assert SalesOrder.objects.get().note == "C:\\u0000"


def test_a_token_that_is_expired_revoked_or_no_token_is_refused_at_once(door: Door) -> None:
    now = datetime.now(UTC)
    expired = commands.create_token(
        actor=SYSTEM, name="till", scopes=["all"], now=now, expires_at=now + timedelta(days=1)
    )
    assert Door(expired.text).ask("DELETE", "/api/v1/reservations/res_0").status_code == 404
    ApiToken.objects.filter(uid=expired.token.id).update(expires_at=now - timedelta(seconds=1))
    catalogue.forget()
    from mekong.foundation.access import authenticator

    authenticator.forget()
    for token in (expired.text, "mk_unheard-of", "x" * 5000, "\x7f", "mk_ é"):
        for path, good in PATHS.items():
            answer = Door(token).ask("POST", path, good)
            assert answer.status_code == 401, token
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["code"] == "unauthenticated"
    assert nothing_changed()


def test_a_hold_is_named_whole_in_its_address(door: Door) -> None:
    held = door.ask("POST", "/api/v1/reservations", HOLD).json()["id"]
    for path in (f"x/{held}", f"{held}/", "", "%00", "res_" + "f" * 300, "%ff", "..%2f" + held):
        answer = door.ask("DELETE", f"/api/v1/reservations/{path}")
        assert answer.status_code in (404, 405), (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", path
    assert StockLevel.objects.get().reserved == 1
    assert door.ask("DELETE", f"/api/v1/reservations/{held}").status_code == 204
    assert StockLevel.objects.get().reserved == 0
