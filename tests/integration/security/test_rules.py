"""From where and when roles open: at sign-in, with every click, for personal tokens; and nobody is locked out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from mekong.foundation import commands
from mekong.foundation.access import Authenticator
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import BadNetwork, BreakGlassNeeded, Invalid, MayNot, OutsideRules, UnknownRole
from mekong.foundation.models import AccessRule, AuditEntry, BrowserSession, SecurityPolicy
from mekong.foundation.security import setting
from mekong.foundation.security.policy import get_rules
from mekong.foundation.security.rules import written_minute
from tests.support.door import PASSWORD, browser, member, sign_in
from tests.support.people import NOON, a_person, acting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("calm")]
OFFICE, HOME = "203.0.113.9", "198.51.100.4"
NOW = datetime.now(UTC)


def rule(role: str, **facts: Any) -> None:
    setting.set_rule(actor=SYSTEM, role=role, **facts)


def office(role: str) -> None:
    rule(role, networks="203.0.113.0/24")


def closed_hours() -> dict[str, str]:
    """An hour that is not now, in the company's time zone."""
    here = NOW + timedelta(hours=7)
    first = (here.hour * 60 + here.minute + 180) % 1440
    return {"opens": written_minute(first), "closes": written_minute((first + 60) % 1440)}


def test_sign_in_asks_where_one_is() -> None:
    lan = member("cashier")
    office("cashier")
    refused = sign_in(lan, REMOTE_ADDR=HOME)
    assert refused.answer.status_code == 403
    assert "does not open from this network" in refused.answer.content.decode()
    assert refused.get("/account/", REMOTE_ADDR=HOME).status_code == 302
    assert AuditEntry.objects.get(action="refused").after == {"address": HOME}
    assert sign_in(lan, REMOTE_ADDR=OFFICE).answer.status_code == 302


def test_a_wrong_password_tells_nothing_of_the_rules() -> None:
    lan = member("cashier")
    office("cashier")
    assert sign_in(lan, password="sai", REMOTE_ADDR=HOME).answer.status_code == 401


def test_sign_in_asks_what_time_it_is() -> None:
    lan = member("cashier")
    rule("cashier", **closed_hours())
    assert sign_in(lan).answer.status_code == 403
    rule("cashier", opens="00:00", closes="24:00")
    assert sign_in(lan).answer.status_code == 302


def test_every_request_asks_and_the_session_waits() -> None:
    lan = member("cashier")
    office("cashier")
    client = sign_in(lan, REMOTE_ADDR=OFFICE)
    assert client.get("/account/", REMOTE_ADDR=OFFICE).status_code == 200
    sent = client.get("/account/", REMOTE_ADDR=HOME)
    assert "does not open from this network" in client.get(sent.headers["Location"], REMOTE_ADDR=HOME).content.decode()
    told = client.get("/api/v1/me", REMOTE_ADDR=HOME).json()
    assert (told["status"], told["code"]) == (403, "staff.outside_rules")
    assert client.get("/account/", REMOTE_ADDR=OFFICE).status_code == 200
    assert BrowserSession.objects.get().ended_at is None


def test_a_rule_made_meanwhile_holds_from_the_next_request() -> None:
    client = sign_in(member("cashier"))
    assert client.get("/account/").status_code == 200
    office("cashier")
    assert client.get("/account/").status_code == 302


def test_roles_that_open_are_kept_of_several() -> None:
    lan = member("cashier", "accountant")
    office("accountant")
    client = sign_in(lan, REMOTE_ADDR=HOME)
    assert client.get("/settings/audit/", REMOTE_ADDR=HOME).status_code == 403
    assert client.get("/orders/", REMOTE_ADDR=HOME).status_code == 200
    assert client.get("/settings/audit/", REMOTE_ADDR=OFFICE).status_code == 200


def test_who_has_no_role_has_no_rule() -> None:
    nobody = member()
    office("cashier")
    assert sign_in(nobody, REMOTE_ADDR=HOME).answer.status_code == 302


# --- personal tokens --------------------------------------------------------------------------------------------------


def personal(lan: Any, *scopes: str) -> str:
    actor = acting(a_person("owner", email="x@example.vn")) if lan is None else _acting(lan)
    made = commands.create_token(actor=actor, name="me", scopes=scopes, is_personal=True, now=NOW)
    return f"Bearer {made.text}"


def _acting(lan: Any) -> Any:
    from mekong.foundation import access

    return access.resolve(lan)


def test_a_personal_token_opens_where_its_person_may_come_in() -> None:
    lan = member("owner")
    header = personal(lan, "orders.view")
    setting.set_break_glass(actor=SYSTEM, person_id=member("owner", email="chu@example.vn").uid)
    office("owner")
    doors = Authenticator()
    assert doors.authenticate(header, NOW, OFFICE).permissions == {"orders.view"}
    for address in (HOME, ""):
        with pytest.raises(OutsideRules):
            doors.authenticate(header, NOW, address)
        with pytest.raises(OutsideRules):
            doors.known(header, NOW, address)
    client = Client(headers={"Authorization": header, "Host": "localhost"})
    assert client.get("/api/v1/orders", REMOTE_ADDR=OFFICE).status_code == 200
    assert client.get("/api/v1/orders", REMOTE_ADDR=HOME).json()["code"] == "staff.outside_rules"


def test_a_personal_token_has_never_more_than_its_person() -> None:
    member("owner", email="chu@example.vn")
    lan = member("owner")
    header = personal(lan, "all")
    commands.assign_role(actor=SYSTEM, person_id=lan.uid, role="cashier", location_ids=[7])
    commands.remove_role(actor=SYSTEM, person_id=lan.uid, role="owner")
    actor = Authenticator().authenticate(header, NOW, HOME)
    assert actor.permissions is not None
    assert not actor.may("tokens.manage")
    assert actor.locations_for("orders.view") == {7}
    commands.deactivate_person(actor=SYSTEM, person_id=lan.uid, now=NOW)
    from mekong.foundation.errors import Unauthenticated

    with pytest.raises(Unauthenticated):
        Authenticator().authenticate(header, NOW, HOME)


def test_a_machines_token_knows_no_hours() -> None:
    lan = member("owner")
    setting.set_break_glass(actor=SYSTEM, person_id=lan.uid)
    made = commands.create_token(actor=_acting(lan), name="erp", scopes=["orders.view"], now=NOW)
    office("owner")
    assert Authenticator().authenticate(f"Bearer {made.text}", NOW, HOME)


def test_only_a_person_makes_a_personal_token() -> None:
    with pytest.raises(Invalid) as refused:
        commands.create_token(actor=SYSTEM, name="x", scopes=["all"], is_personal=True, now=NOW)
    assert refused.value.params["field"] == "is_personal"


# --- changing them ----------------------------------------------------------------------------------------------------


def test_owners_get_no_rule_until_one_of_them_is_free_of_it() -> None:
    lan = member("owner")
    with pytest.raises(BreakGlassNeeded):
        office("owner")
    with pytest.raises(BreakGlassNeeded):
        setting.set_break_glass(actor=SYSTEM, person_id=member("cashier", email="mai@example.vn").uid)
    setting.set_break_glass(actor=SYSTEM, person_id=lan.uid)
    office("owner")
    other = member("owner", email="chu@example.vn")
    assert sign_in(other, REMOTE_ADDR=HOME).answer.status_code == 403
    assert sign_in(lan, REMOTE_ADDR=HOME).answer.status_code == 302
    for attempt in (
        lambda: setting.set_break_glass(actor=SYSTEM, person_id=None),
        lambda: commands.deactivate_person(actor=SYSTEM, person_id=lan.uid, now=NOW),
        lambda: commands.remove_role(actor=SYSTEM, person_id=lan.uid, role="owner"),
    ):
        with pytest.raises(BreakGlassNeeded):
            attempt()
    setting.set_break_glass(actor=SYSTEM, person_id=other.uid)
    commands.deactivate_person(actor=SYSTEM, person_id=lan.uid, now=NOW)


def test_the_machine_lifts_everything() -> None:
    lan = member("cashier")
    office("cashier")
    setting.set_policy(
        actor=SYSTEM, idle_minutes=720, absolute_hours=336, confirm_minutes=15, grace_days=0,
        second_factor={"cashier": "required"}, now=NOON,
    )  # fmt: skip
    assert sign_in(lan, REMOTE_ADDR=HOME).answer.status_code == 403
    assert setting.lift(actor=SYSTEM) == 1
    assert setting.lift(actor=SYSTEM) == 0
    client = sign_in(lan, REMOTE_ADDR=HOME)
    assert client.get("/orders/", REMOTE_ADDR=HOME).status_code == 200
    assert SecurityPolicy.objects.get().second_factor == {"cashier": "recommended"}


@pytest.mark.parametrize("role", ["manager", "cashier", "accountant"])
def test_only_the_owner_sets_rules(role: str) -> None:
    actor = acting(a_person(role))
    for attempt in (
        lambda: setting.set_rule(actor=actor, role="cashier", networks="10.0.0.0/8"),
        lambda: setting.set_break_glass(actor=actor, person_id=None),
        lambda: setting.lift(actor=actor),
        lambda: setting.set_policy(
            actor=actor, idle_minutes=60, absolute_hours=24, confirm_minutes=15, grace_days=0, second_factor={}, now=NOW
        ),
    ):
        with pytest.raises(MayNot):
            attempt()
    assert not AccessRule.objects.exists()


@pytest.mark.parametrize(
    ("facts", "kind", "field"),
    [
        ({"role": "boss"}, UnknownRole, "role"),
        ({"role": "cashier", "networks": "10.0.0"}, BadNetwork, "networks"),
        ({"role": "cashier", "opens": "8", "closes": "18:00"}, Invalid, "opens"),
        ({"role": "cashier", "opens": "08:00"}, Invalid, "closes"),
        ({"role": "cashier", "opens": "08:00", "closes": "08:00"}, Invalid, "closes"),
        ({"role": "cashier", "days": [7]}, Invalid, "days"),
    ],
)
def test_wrong_rules_are_refused_by_name(facts: dict[str, Any], kind: type[Invalid], field: str) -> None:
    with pytest.raises(kind) as refused:
        setting.set_rule(actor=SYSTEM, **facts)
    assert refused.value.params["field"] == field
    assert not AccessRule.objects.exists()


def test_the_page_sets_and_clears_a_rule_and_keeps_what_was_wrong() -> None:
    client = sign_in(member("owner"))
    form = {
        "role": "cashier",
        "networks": "203.0.113.0/24\n10.0.0.7",
        "day": ["0", "1"],
        "opens": "08:00",
        "closes": "22:30",
    }
    assert client.post("/settings/security/rules/", form).status_code == 302
    page = client.get("/settings/security/").content.decode()
    assert "203.0.113.0/24, 10.0.0.7/32" in page
    assert "08:00–22:30" in page
    wrong = client.post("/settings/security/rules/", {**form, "networks": "203.0.113"})
    assert wrong.status_code == 422
    assert "“203.0.113” is no network" in wrong.content.decode()
    assert client.post("/settings/security/rules/", {"role": "cashier", "act": "clear"}).status_code == 302
    assert get_rules() == {}
    assert client.post("/settings/security/rules/", {"role": "owner", "networks": "10.0.0.1"}).status_code == 409


def test_the_page_sets_the_policy() -> None:
    client = sign_in(member("owner"))
    form = {
        "idle_minutes": "30",
        "absolute_hours": "24",
        "confirm_minutes": "5",
        "grace_days": "3",
        "level-owner": "required",
    }
    assert client.post("/settings/security/policy/", form).status_code == 302
    row = SecurityPolicy.objects.get()
    assert (row.idle_minutes, row.absolute_hours, row.second_factor["owner"]) == (30, 24, "required")
    since = row.required_since["owner"]
    client.post("/settings/security/policy/", {**form, "grace_days": "4"})
    assert SecurityPolicy.objects.get().required_since["owner"] == since
    for name, wrong in (
        ("idle_minutes", "1"),
        ("absolute_hours", "9999"),
        ("grace_days", "x"),
        ("level-owner", "maybe"),
    ):
        assert client.post("/settings/security/policy/", {**form, name: wrong}).status_code == 422, name
    assert SecurityPolicy.objects.get().grace_days == 4


def test_a_manager_sees_and_cannot_set() -> None:
    client = sign_in(member("manager"))
    assert "Only the owner changes these rules" in client.get("/settings/security/").content.decode()
    assert client.post("/settings/security/rules/", {"role": "cashier", "networks": "10.0.0.1"}).status_code == 403


# --- locks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def axes(settings: Any) -> None:
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3


def test_a_lock_is_told_to_the_owner_and_lifted(axes: None) -> None:
    owner, lan = sign_in(member("owner", email="chu@example.vn")), member("cashier")
    for _ in range(4):
        sign_in(lan, password="sai", REMOTE_ADDR=HOME)
    assert sign_in(lan, REMOTE_ADDR=HOME).answer.status_code == 429
    assert AuditEntry.objects.filter(action="locked").count() == 1
    assert "1 account was locked" in owner.get("/").content.decode()
    page = owner.get("/settings/security/").content.decode()
    assert HOME in page
    assert lan.email in page
    for _ in range(2):
        assert owner.post("/settings/security/unlock/", {"person": str(lan.uid)}).status_code == 302
    assert sign_in(lan, REMOTE_ADDR=HOME).answer.status_code == 302
    assert AuditEntry.objects.filter(action="unlocked").count() == 1
    assert "Nobody is locked out" in owner.get("/settings/security/").content.decode()


def test_unlocking_is_for_who_manages_that_person(axes: None) -> None:
    owner = member("owner", email="chu@example.vn")
    assert sign_in(member("cashier")).post("/settings/security/unlock/", {"person": str(owner.uid)}).status_code == 403
    manager = sign_in(member("manager", email="quanly@example.vn"))
    assert manager.post("/settings/security/unlock/", {"person": str(owner.uid)}).status_code == 403
    assert manager.post("/settings/security/unlock/", {"person": "x"}).status_code == 302


def test_guessing_strangers_makes_no_noise(axes: None) -> None:
    for _ in range(5):
        browser().post("/sign-in/", {"email": "nobody@example.vn", "password": PASSWORD})
    assert not AuditEntry.objects.filter(action="locked").exists()
