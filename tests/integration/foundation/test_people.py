"""Who may hire, promote, demote and dismiss whom."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from mekong.foundation import commands, queries
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.contracts import PersonView
from mekong.foundation.errors import (
    BadCredentials,
    EmailTaken,
    Forbidden,
    Invalid,
    LastOwner,
    MayNot,
    MayNotGrant,
    NotFound,
    RoleIsEverywhere,
    UnknownRole,
    UnknownScope,
    WeakPassword,
)
from mekong.foundation.models import ApiToken, Person, RoleAssignment
from mekong.foundation.permissions import ROLES
from tests.support.people import NOON, a_person, acting, an_actor

pytestmark = pytest.mark.django_db
A, B = 1, 2


def test_the_first_owner_signs_in_once_with_what_was_shown() -> None:
    made = commands.create_first_owner(email="Chủ@Example.vn".replace("ủ", "u"), name="Chủ", now=NOON)
    assert made.person.email == "chu@example.vn"
    assert [role.role for role in made.person.roles] == ["owner"]
    person = Person.objects.get(uid=made.person.id)
    assert person.check_password(made.password)
    assert person.must_change_password
    assert acting(made.person).permissions is None


def test_an_email_belongs_to_one_person() -> None:
    a_person(email="lan@example.vn")
    with pytest.raises(EmailTaken):
        commands.create_person(actor=SYSTEM, email="LAN@example.vn", name="Lan khác", now=NOON)
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"email": "lan"}, "email"),
        ({"email": "x" * 250 + "@a.vn"}, "email"),
        ({"name": " "}, "name"),
        ({"name": "L" * 121}, "name"),
        ({"name": "L\x00"}, "name"),
        ({"phone": "0" * 21}, "phone"),
        ({"language": "fr"}, "language"),
    ],
)
def test_wrong_facts_are_refused_by_name(facts: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        commands.create_person(actor=SYSTEM, now=NOON, **{"email": "a@b.vn", "name": "A", **facts})
    assert refused.value.params["field"] == field
    assert not Person.objects.exists()


# --- presets × commands

COMMANDS: dict[str, tuple[str, Callable[[Actor, PersonView], object]]] = {
    "create_person": (
        "staff.manage",
        lambda actor, _: commands.create_person(actor=actor, email="new@example.vn", name="Mới", now=NOON),
    ),
    "assign_role": (
        "staff.manage",
        lambda actor, other: commands.assign_role(actor=actor, person_id=other.id, role="cashier"),
    ),
    "remove_role": (
        "staff.manage",
        lambda actor, other: commands.remove_role(actor=actor, person_id=other.id, role="warehouse"),
    ),
    "deactivate_person": (
        "staff.manage",
        lambda actor, other: commands.deactivate_person(actor=actor, person_id=other.id, now=NOON),
    ),
    "reactivate_person": (
        "staff.manage",
        lambda actor, other: commands.reactivate_person(actor=actor, person_id=other.id),
    ),
    "reset_password": ("staff.manage", lambda actor, other: commands.reset_password(actor=actor, person_id=other.id)),
    "set_language": (
        "staff.manage",
        lambda actor, other: commands.set_language(actor=actor, person_id=other.id, language="en"),
    ),
    "create_token": (
        "tokens.manage",
        lambda actor, _: commands.create_token(actor=actor, name="t", scopes=["orders.view"], now=NOON),
    ),
    "revoke_token": ("tokens.manage", lambda actor, _: commands.revoke_token(actor=actor, token_id=uuid4(), now=NOON)),
    "list_people": ("staff.manage", lambda actor, _: queries.list_people(actor=actor)),
    "get_person": ("staff.manage", lambda actor, other: queries.get_person(actor=actor, person_id=other.id)),
    "list_tokens": ("tokens.manage", lambda actor, _: queries.list_tokens(actor=actor)),
    "list_audit": ("audit.view", lambda actor, _: queries.list_audit(actor=actor)),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_a_role_does_what_its_permissions_say_and_no_more(role: str, name: str) -> None:
    a_person("owner", email="boss@example.vn")
    other = a_person("warehouse", email="other@example.vn")
    actor = acting(a_person(*([role] if role in ROLES else [])))
    permission, attempt = COMMANDS[name]

    if actor.may(permission):
        try:
            attempt(actor, other)
        except NotFound:
            assert name == "revoke_token"
    else:
        with pytest.raises(MayNot) as refused:
            attempt(actor, other)
        assert refused.value.params["permission"] == permission


# --- no one gives what they do not hold


def test_a_store_manager_hires_for_their_store_alone() -> None:
    manager = acting(a_person(("manager", [A]), email="quanly@example.vn"))
    lan = a_person()

    given = commands.assign_role(actor=manager, person_id=lan.id, role="cashier", location_ids=[A])
    assert given.roles[0].location_ids == (A,)

    for where in ([B], [A, B], []):
        with pytest.raises(MayNotGrant):
            commands.assign_role(actor=manager, person_id=lan.id, role="cashier", location_ids=where)
    assert RoleAssignment.objects.get(person__uid=lan.id).location_ids == [A]


def test_a_store_manager_who_sells_everywhere_does_not_manage_everywhere() -> None:
    both = acting(a_person(("manager", [A]), "cashier", email="both@example.vn"))
    lan = a_person(("warehouse", [B]))
    for attempt in (
        lambda: commands.assign_role(actor=both, person_id=lan.id, role="cashier", location_ids=[A]),
        lambda: commands.remove_role(actor=both, person_id=lan.id, role="warehouse"),
        lambda: commands.deactivate_person(actor=both, person_id=lan.id, now=NOON),
        lambda: commands.reset_password(actor=both, person_id=lan.id),
    ):
        with pytest.raises(MayNotGrant):
            attempt()


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_a_store_manager_does_not_rise(role: str) -> None:
    me = a_person(("manager", [A]))
    with pytest.raises(MayNotGrant):
        commands.assign_role(actor=acting(me), person_id=me.id, role=role)
    assert [each.location_ids for each in queries.get_person(actor=acting(me), person_id=me.id).roles] == [(A,)]


def test_a_manager_cannot_touch_the_owner() -> None:
    owner = a_person("owner", email="boss@example.vn")
    manager = acting(a_person("manager"))
    for attempt in (
        lambda: commands.reset_password(actor=manager, person_id=owner.id),
        lambda: commands.deactivate_person(actor=manager, person_id=owner.id, now=NOON),
        lambda: commands.remove_role(actor=manager, person_id=owner.id, role="owner"),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert acting(owner).permissions is None


def test_roles_are_known_and_the_owner_is_everywhere() -> None:
    lan = a_person()
    with pytest.raises(UnknownRole):
        commands.assign_role(actor=SYSTEM, person_id=lan.id, role="astronaut")
    with pytest.raises(UnknownRole):
        commands.remove_role(actor=SYSTEM, person_id=lan.id, role="astronaut")
    with pytest.raises(RoleIsEverywhere):
        commands.assign_role(actor=SYSTEM, person_id=lan.id, role="owner", location_ids=[A])
    with pytest.raises(NotFound):
        commands.assign_role(actor=SYSTEM, person_id=uuid4(), role="cashier")


def test_repeating_changes_nothing() -> None:
    a_person("owner", email="boss@example.vn")
    lan = a_person("cashier")
    for _ in range(2):
        assert commands.assign_role(actor=SYSTEM, person_id=lan.id, role="cashier").roles == lan.roles
    for _ in range(2):
        assert commands.remove_role(actor=SYSTEM, person_id=lan.id, role="cashier").roles == ()
    for _ in range(2):
        assert not commands.deactivate_person(actor=SYSTEM, person_id=lan.id, now=NOON).is_active


# --- the last owner


def test_the_last_owner_stays() -> None:
    boss = a_person("owner", email="boss@example.vn")
    with pytest.raises(LastOwner):
        commands.remove_role(actor=acting(boss), person_id=boss.id, role="owner")
    with pytest.raises(LastOwner):
        commands.deactivate_person(actor=acting(boss), person_id=boss.id, now=NOON)
    assert acting(boss).permissions is None

    heir = a_person("owner", email="heir@example.vn")
    commands.deactivate_person(actor=acting(heir), person_id=boss.id, now=NOON)
    with pytest.raises(LastOwner):
        commands.remove_role(actor=acting(heir), person_id=heir.id, role="owner")


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_leave_at_once() -> None:
    owners = [a_person("owner", email=f"{name}@example.vn") for name in ("an", "binh")]
    start, refused = threading.Barrier(2), []

    def leave(person: PersonView) -> None:
        try:
            start.wait()
            commands.remove_role(actor=SYSTEM, person_id=person.id, role="owner")
        except LastOwner:
            refused.append(person)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=(each,)) for each in owners]
    for each in threads:
        each.start()
    for each in threads:
        each.join(90)
    assert len(refused) == 1
    assert RoleAssignment.objects.filter(role="owner").count() == 1


# --- passwords


def test_a_one_time_password_is_changed_by_its_person_alone() -> None:
    made = commands.create_person(actor=SYSTEM, email="lan@example.vn", name="Lan", now=NOON)
    me, other = acting(made.person), acting(a_person(email="other@example.vn"))

    with pytest.raises(NotFound):
        commands.change_password(actor=other, person_id=made.person.id, current=made.password, new="vườn cam xanh 9")
    with pytest.raises(BadCredentials):
        commands.change_password(actor=me, person_id=made.person.id, current="wrong", new="vườn cam xanh 9")
    with pytest.raises(WeakPassword):
        commands.change_password(actor=me, person_id=made.person.id, current=made.password, new="12345")
    with pytest.raises(Invalid):
        commands.change_password(actor=me, person_id=made.person.id, current=made.password, new="x" * 2000)

    changed = commands.change_password(actor=me, person_id=made.person.id, current=made.password, new="vườn cam xanh 9")
    assert not changed.must_change_password
    assert not Person.objects.get(uid=made.person.id).check_password(made.password)


# --- tokens


def test_scopes_are_known_by_name() -> None:
    with pytest.raises(UnknownScope) as refused:
        commands.create_token(actor=SYSTEM, name="t", scopes=["orders.view", "orders.fly"], now=NOON)
    assert refused.value.params == {"field": "scopes", "scope": "orders.fly"}
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"scopes": []}, "scopes"), ({"name": ""}, "name"), ({"expires_at": NOON - timedelta(seconds=1)}, "expires_at")],
)
def test_a_token_needs_scopes_a_name_and_a_future(facts: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        commands.create_token(actor=SYSTEM, now=NOON, **{"name": "t", "scopes": ["all"], **facts})  # type: ignore[arg-type]  # wrong on purpose
    assert refused.value.params["field"] == field


def test_a_token_has_no_more_rights_than_its_maker() -> None:
    maker = an_actor("tokens.manage", "orders.view", locations=[A])
    made = commands.create_token(actor=maker, name="t", scopes=["orders.view"], location_ids=[A], now=NOON)
    assert made.text.startswith("mk_")
    assert len(made.text) == 43
    assert made.text not in str(list(ApiToken.objects.values()))
    for scopes, where in ((["orders.cancel"], [A]), (["all"], [A]), (["orders.view"], [B]), (["orders.view"], [])):
        with pytest.raises(MayNotGrant):
            commands.create_token(actor=maker, name="t", scopes=scopes, location_ids=where, now=NOON)


def test_who_leaves_takes_their_tokens_along() -> None:
    a_person("owner", email="boss@example.vn")
    leaver = a_person("owner", email="leaver@example.vn")
    commands.create_token(actor=acting(leaver), name="t", scopes=["all"], now=NOON)
    commands.create_token(actor=SYSTEM, name="erp", scopes=["all"], now=NOON)
    commands.deactivate_person(actor=SYSTEM, person_id=leaver.id, now=NOON)
    assert set(ApiToken.objects.values_list("name", "revoked_at")) == {("t", NOON), ("erp", None)}
    assert acting(leaver).permissions == frozenset()
