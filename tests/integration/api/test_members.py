"""Members over the API: from a phone number at a till to points that pay on the web."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from mekong.foundation.models import AuditEntry
from tests.support.http import refused, send
from tests.support.loyalty import a_programme, earn
from tests.support.people import NOON, a_caller

pytestmark = pytest.mark.django_db(transaction=True)
THERE = "/api/v1/members"
LAN = {"phone": "0903 123 456", "name": "Nguyễn Thị Lan", "has_consented": True, "channel": "store", "place": "Quầy 1"}


@pytest.fixture
def caller() -> Client:
    a_programme()
    return a_caller()


def put(client: Client, path: str, body: Any, method: str = "put") -> Any:
    return getattr(client, method)(path, json.dumps(body), content_type="application/json")


def joined(client: Client, **more: Any) -> dict[str, Any]:
    made = send(client, THERE, LAN | more)
    assert made.status_code == 201, made.content
    body: dict[str, Any] = made.json()
    return body


def uuid_of(member: dict[str, Any]) -> Any:
    from uuid import UUID

    return UUID(member["id"].removeprefix("mem_"))


def test_joining_twice_answers_the_same_member(caller: Client) -> None:
    first = joined(caller)
    again = send(caller, THERE, LAN | {"name": "Khác"})
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert (first["number"][:3], first["tier"]["code"], first["points"]) == ("TV-", "member", 0)
    problem = refused(send(caller, THERE, LAN | {"phone": "12"}), 422)
    assert (problem["code"], problem["errors"][0]["field"]) == ("loyalty.member_invalid", "phone")
    assert refused(send(caller, THERE, {**LAN, "phone": "0912345678", "has_consented": False}), 422)["code"] == (
        "loyalty.consent_needed"
    )


def test_a_key_makes_a_write_safe_to_repeat(caller: Client) -> None:
    member = joined(caller)
    body = {"points": 50, "note": "Xin lỗi khách"}
    for _ in range(2):
        given = send(caller, f"{THERE}/{member['id']}/adjust", body, **{"Idempotency-Key": "sorry-1"})
        assert given.json()["points"] == 50
    assert len(caller.get(f"{THERE}/{member['id']}/points").json()["items"]) == 1


def test_who_may_not_reveal_sees_masks_and_who_may_is_booked(caller: Client) -> None:
    member = joined(caller, email="lan@example.vn", birthday={"day": 8, "month": 3})
    there = f"{THERE}/{member['id']}"
    masked = a_caller("loyalty.view").get(there).json()
    assert (masked["phone"], masked["name"], masked["email"], masked["birthday"]) == (
        "0903 ••• 456", "N••• Lan", "l•••@example.vn", None,
    )  # fmt: skip
    assert not AuditEntry.objects.filter(action="read", table="loyalty_member").exists()
    whole = caller.get(there).json()
    assert (whole["phone"], whole["name"], whole["birthday"]["day"]) == ("+84903123456", "Nguyễn Thị Lan", 8)
    assert AuditEntry.objects.filter(action="read", table="loyalty_member").count() == 1
    listed = caller.get(f"{THERE}?q=lan").json()["items"]
    assert [each["phone"] for each in listed] == ["0903 ••• 456"]


def test_a_member_is_looked_up_by_phone_and_card(caller: Client) -> None:
    member = joined(caller)
    for key in ("0903123456", member["number"], member["card_path"]):
        assert caller.get(f"{THERE}/lookup", {"key": key}).json()["id"] == member["id"]
    assert refused(caller.get(f"{THERE}/lookup", {"key": "0909"}), 404)["code"] == "loyalty.member_not_found"
    assert refused(caller.get(f"{THERE}/nobody"), 404)


def test_points_are_set_aside_spent_and_told(caller: Client) -> None:
    member = joined(caller)
    earn(uuid_of(member), "HD-1", 1_000_000, now=NOON)
    there = f"{THERE}/{member['id']}"
    quote = caller.get(f"{there}/quote", {"channel": "web", "order_minor": 5_000}).json()
    assert (quote["most"], quote["most_value_minor"], quote["free"]) == (50, 5_000, 100)
    body = {"points": 40, "reference": "GIO-1", "channel": "web", "order_minor": 5_000}
    held = send(caller, f"{there}/holds", body)
    assert (held.status_code, held.json()["value_minor"]) == (201, 4_000)
    assert send(caller, f"{there}/holds", body).json() == held.json()
    hold = f"/api/v1/point-holds/{held.json()['id']}"
    assert (
        refused(send(caller, f"{there}/holds", body | {"points": 70, "reference": "GIO-2", "order_minor": 10**6}), 409)[
            "params"
        ]["free"]
        == 60
    )
    claimed = send(caller, f"{hold}/claim", {"reference": "DH-1"}).json()
    assert (claimed["state"], caller.get(hold).json()) == ("claimed", claimed)
    assert refused(send(caller, f"{hold}/release", b""), 409)["code"] == "loyalty.hold_claimed"
    card = caller.get(there).json()
    assert (card["points"], card["lots"][0]["left"], card["progress"]["next"]["code"]) == (60, 60, "gold")
    assert [each["points"] for each in caller.get(f"{there}/points").json()["items"]] == [-40, 100]


def test_two_memberships_are_merged_and_parted(caller: Client) -> None:
    keeps, goes = joined(caller), joined(caller, phone="0912345678")
    earn(uuid_of(goes), "HD-1", 100_000, now=NOON)
    merged = send(caller, f"{THERE}/{keeps['id']}/merge", {"merged_id": goes["id"]}).json()
    assert merged["points"] == 10
    seen = caller.get(f"{THERE}/{goes['id']}").json()
    assert (seen["status"], seen["merged_into"]) == ("merged", keeps["id"])
    undone = send(caller, f"/api/v1/member-merges/{merged['id']}/undo", b"").json()
    assert undone["undone_at"] is not None
    assert caller.get(f"{THERE}/{goes['id']}").json()["points"] == 10


def test_a_family_shares_an_account(caller: Client) -> None:
    mother, child = joined(caller), joined(caller, phone="0912345678", name="Con")
    there = f"{THERE}/{mother['id']}/account"
    assert put(caller, there, {"kind": "family", "name": "Nhà Lan"}).json()["account_kind"] == "family"
    assert send(caller, f"{there}/members", {"member_id": child["id"], "monthly_limit": 10}).status_code == 200
    account = f"{THERE}/{child['id']}/account"
    assert put(caller, f"{account}/limit", {"monthly_limit": None}).json()["monthly_limit"] is None
    assert len(caller.get(f"{THERE}/{mother['id']}").json()["account_members"]) == 2
    assert send(caller, f"{account}/own", b"").json()["is_owner"]
    assert refused(send(caller, f"{account}/leave", b""), 409)["code"] == "loyalty.owner_stays"
    assert send(caller, f"{THERE}/{mother['id']}/account/leave", b"").json()["account_kind"] == "personal"


def test_what_is_known_changes_and_is_forgotten(caller: Client) -> None:
    member = joined(caller, birthday={"day": 8, "month": 3})
    there = f"{THERE}/{member['id']}"
    changed = put(caller, there, {"name": "Lan Anh", "birthday": None}, "patch").json()
    assert (changed["name"], changed["birthday"]) == ("Lan Anh", None)
    old = changed["card_path"]
    assert send(caller, f"{there}/card", b"").json()["card_path"] != old
    assert send(caller, f"{there}/close", b"").status_code == 204
    assert caller.get(there).json()["status"] == "closed"
    assert refused(put(caller, there, {"name": "x"}, "patch"), 409)["code"] == "loyalty.member_closed"


def test_groups_are_set_whole_and_a_wrong_code_changes_nothing(caller: Client) -> None:
    there = f"{THERE}/{joined(caller)['id']}"
    assert put(caller, f"{there}/groups", {"groups": ["VIP", "dai-ly", "vip "]}, "put").json()["groups"] == [
        "dai-ly",
        "vip",
    ]
    for wrong in (["đại lý"], ["a,b"], [f"g{number}" for number in range(21)]):
        answer = put(caller, f"{there}/groups", {"groups": wrong}, "put")
        assert [each["field"].split("[")[0] for each in refused(answer, 422)["errors"]] == ["groups"]
    assert caller.get(there).json()["groups"] == ["dai-ly", "vip"]
    assert put(caller, f"{there}/groups", {"groups": []}, "put").json()["groups"] == []


def test_the_programme_is_set_and_a_contradiction_names_its_field(caller: Client) -> None:
    found = caller.get("/api/v1/membership").json()
    assert [each["code"] for each in found["tiers"]] == ["member", "silver", "gold"]
    told = {"tiers": found["tiers"], "basis": "points", "window_months": 6, "downgrade": "earned"}
    assert put(caller, "/api/v1/membership/tiers", told).json()["basis"] == "points"
    wrong = [*found["tiers"][:1], found["tiers"][1] | {"threshold": 0}]
    problem = refused(put(caller, "/api/v1/membership/tiers", told | {"tiers": wrong}), 422)
    assert (problem["code"], problem["errors"][0]["field"]) == ("loyalty.programme_invalid", "tiers[1].threshold")
    rules = found["earn_rules"] * 2
    problem = refused(put(caller, "/api/v1/membership/earn-rules", {"earn_rules": rules}), 422)
    assert problem["errors"][0]["field"] == "earn_rules[1].starts_on"
    burn = [found["burn_rules"][0] | {"max_share_bp": 5_000}]
    assert put(caller, "/api/v1/membership/burn-rules", {"burn_rules": burn}).json()["burn_rules"] == burn
