"""Gift cards over the API."""

from __future__ import annotations

import pytest
from django.test import Client

from mekong.pricing.models import CodeTry
from mekong.pricing.rules import codes
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db(transaction=True)
CARDS, ISSUES, HOLDS = "/api/v1/gift-cards", "/api/v1/gift-card-issues", "/api/v1/gift-card-holds"


@pytest.fixture
def caller() -> Client:
    return a_caller()


def unknown(number: int) -> str:
    return codes.draw(number.to_bytes(32), codes.GIFT_CARD)


def test_from_the_issue_to_the_refund(caller: Client) -> None:
    body = {"name": "Tết", "value_minor": 500_000, "count": 2, "buyer": "An Bình", "recipients": ["Mai", "Lan"]}
    made = send(caller, CARDS, body, **{"Idempotency-Key": "tet-1"})
    assert made.status_code == 201, made.content
    assert send(caller, CARDS, body, **{"Idempotency-Key": "tet-1"}).json() == made.json()
    card, other = made.json()["cards"]
    issue = made.json()["batch"]["id"]
    assert send(caller, f"{ISSUES}/{issue}/activate", {"reference": "DH-1"}).json() == {"count": 2}
    assert caller.get(f"{ISSUES}/{issue}").json()["count"] == 2

    checked = send(caller, f"{CARDS}/check", {"code": card["code"].lower()}).json()
    assert (checked["card"]["id"], checked["card"]["available_minor"]) == (card["id"], 500_000)
    assert "code" not in checked["card"]
    second_pass = send(caller, f"{CARDS}/check", {"code": other["code"]}).json()["card_pass"]
    wanted = [
        {"card_pass": checked["card_pass"], "amount_minor": 600_000, "is_partial": True},
        {"card_pass": second_pass, "amount_minor": 100_000},
    ]
    holds = send(caller, HOLDS, {"cards": wanted, "reference": "cart-1"})
    assert holds.status_code == 201, holds.content
    first, second = holds.json()["holds"]
    assert (first["amount_minor"], second["amount_minor"]) == (500_000, 100_000)
    used = send(caller, f"{HOLDS}/{first['id']}/claim", {"used_by": "DH-2", "amount_minor": 450_000}).json()
    assert (used["state"], used["used_minor"]) == ("claimed", 450_000)
    for _ in range(2):
        assert caller.delete(f"{HOLDS}/{second['id']}").status_code == 204
    back = {"amount_minor": 50_000, "reference": "TH-1"}
    assert send(caller, f"{HOLDS}/{first['id']}/give-back", back).json()["balance_minor"] == 100_000

    kinds = [each["kind"] for each in caller.get(f"{CARDS}/{card['id']}/entries").json()["items"]]
    assert kinds == ["give_back", "use", "hold", "activate", "issue"]
    assert [each["id"] for each in caller.get(f"{CARDS}?q=mai").json()["items"]] == [card["id"]]
    assert caller.get(f"{CARDS}?state=blocked").json()["items"] == []


def test_looking_after_a_card(caller: Client) -> None:
    made = send(caller, CARDS, {"name": "Tết", "value_minor": 1000, "is_active": True}).json()
    card, issue = made["cards"][0], made["batch"]["id"]
    here = f"{CARDS}/{card['id']}"
    assert send(caller, f"{here}/top-up", {"amount_minor": 500, "reference": "PT-1"}).json()["balance_minor"] == 1500
    assert send(caller, f"{here}/block", {"reason": "lost"}).json()["state"] == "blocked"
    problem = refused(send(caller, f"{here}/activate", {}), 409)
    assert problem["code"] == "pricing.card_blocked"
    assert send(caller, f"{here}/unblock", b"").json()["state"] == "active"
    end = "2030-01-01T00:00:00Z"
    assert send(caller, f"{here}/extend", {"expires_at": end}).json()["expires_at"] == end
    assert send(caller, f"{CARDS}/codes", {"cards": [card["id"]]}).json()["cards"] == [{**card, "expires_at": end}]
    assert send(caller, f"{ISSUES}/{issue}/codes", b"").json()["cards"][0]["code"] == card["code"]
    assert refused(send(caller, f"{ISSUES}/{issue}/codes", b""), 409)["code"] == "pricing.codes_taken"
    assert send(caller, f"{ISSUES}/{issue}/forget", b"").json()["forgotten_at"]
    assert refused(send(caller, f"{CARDS}/codes", {"cards": [card["id"]]}), 409)["code"] == "pricing.codes_forgotten"
    assert refused(caller.get(f"{CARDS}/gcd_{'0' * 32}"), 404)["code"] == "pricing.card_not_found"


def test_wrong_codes_are_counted_whatever_headers_come_with_them(caller: Client) -> None:
    for number in range(5):
        answer = send(caller, f"{CARDS}/check", {"code": unknown(number)}, **{"Idempotency-Key": f"try-{number}"})
        assert answer.json() == {"card": None, "tries_left": 4 - number, "card_pass": ""}
    stopped = send(caller, f"{CARDS}/check", {"code": unknown(9)}, **{"Idempotency-Key": "try-9"})
    problem = refused(stopped, 429)
    assert problem["code"] == "pricing.too_many_tries"
    assert 840 <= int(stopped.headers["Retry-After"]) <= 900
    assert sum(CodeTry.objects.values_list("failures", flat=True)) == 5
    assert send(caller, f"{CARDS}/check", {"code": unknown(9), "who": "somebody else"}).json()["tries_left"] == 4


def test_a_mistyped_code_is_told_by_field_in_the_callers_language() -> None:
    caller = a_caller(language="vi")
    problem = refused(send(caller, f"{CARDS}/check", {"code": "2222-2222"}), 422)
    assert problem["code"] == "pricing.code_mistyped"
    assert problem["errors"][0]["field"] == "code"
    assert "18" in problem["errors"][0]["problem"]
