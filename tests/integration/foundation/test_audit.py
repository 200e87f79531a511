"""The audit trail: it sees every change, and nothing changes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from mekong.foundation import audit, commands, queries
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.foundation.models import ApiToken, AuditEntry, Person
from tests.support.people import NOON, a_person, acting, an_actor

pytestmark = pytest.mark.django_db


def entries(table: str) -> list[tuple[str, str, Any, Any]]:
    found = AuditEntry.objects.filter(table=table).order_by("pk")
    return [(each.actor, each.action, each.before, each.after) for each in found]


def test_a_change_is_booked_with_who_and_the_columns_that_changed() -> None:
    boss = a_person("owner", email="boss@example.vn")
    lan = a_person()

    commands.set_language(actor=acting(boss), person_id=lan.id, language="en")

    actor, action, before, after = entries("foundation_person")[-1]
    assert actor == acting(boss).ref
    assert (action, before, after) == ("update", {"language": "vi"}, {"language": "en"})


def test_secrets_are_noted_without_their_value() -> None:
    commands.create_token(actor=SYSTEM, name="erp", scopes=["all"], now=NOON)
    lan = a_person()
    commands.reset_password(actor=SYSTEM, person_id=lan.id)

    (_, _, _, token), *_ = entries("foundation_apitoken")
    assert token["digest"] == audit.BLANK
    _, _, before, after = entries("foundation_person")[-1]
    assert (before["password"], after["password"]) == (audit.BLANK, audit.BLANK)
    secret = Person.objects.get(uid=lan.id).password
    assert not any(secret in str(each) for each in AuditEntry.objects.values_list("before", "after"))


def test_times_of_last_use_are_not_worth_an_entry() -> None:
    commands.create_token(actor=SYSTEM, name="erp", scopes=["all"], now=NOON)
    before = len(entries("foundation_apitoken"))
    ApiToken.objects.update(last_used_at=NOON)
    assert len(entries("foundation_apitoken")) == before


def test_a_change_by_hand_is_booked_under_the_database_role() -> None:
    lan = a_person()
    with connection.cursor() as cursor:
        cursor.execute("select set_config('mekong.actor', '', true)")
        cursor.execute("update foundation_person set name = 'Ai đó' where uid = %s returning session_user", [lan.id])
        row = cursor.fetchone()
    assert entries("foundation_person")[-1] == (f"db:{row[0]}", "update", {"name": "Lan"}, {"name": "Ai đó"})


def test_a_refused_command_leaves_no_trace() -> None:
    lan = a_person()
    count = AuditEntry.objects.count()
    with pytest.raises(MayNot):
        commands.assign_role(actor=an_actor("orders.view"), person_id=lan.id, role="owner")
    assert AuditEntry.objects.count() == count


@pytest.mark.parametrize(
    "statement",
    [
        "update foundation_auditentry set actor = 'nobody'",
        "update foundation_auditentry set actor = 'nobody' where false",
        "delete from foundation_auditentry",
        "truncate foundation_auditentry",
    ],
)
def test_no_statement_edits_the_trail(statement: str) -> None:
    a_person()
    kept = list(AuditEntry.objects.values_list("pk", "actor"))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert kept
    assert list(AuditEntry.objects.values_list("pk", "actor")) == kept


def test_a_sensitive_read_can_be_booked() -> None:
    audit.record_read(an_actor(), table="orders_order", row_id=7, fields=["phone"], now=NOON)
    assert entries("orders_order") == [("person:0", "read", None, {"fields": ["phone"]})]


def test_the_trail_is_read_in_pages_by_those_who_may() -> None:
    boss = acting(a_person("owner", email="boss@example.vn"))
    a_person("cashier")
    with pytest.raises(MayNot):
        queries.list_audit(actor=an_actor("orders.view"))

    seen = []
    cursor = None
    while True:
        page = queries.list_audit(actor=boss, cursor=cursor, limit=1)
        seen += [each.id for each in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted(AuditEntry.objects.values_list("pk", flat=True), reverse=True)
    roles = queries.list_audit(actor=boss, table="foundation_roleassignment").items
    assert {each.table for each in roles} == {"foundation_roleassignment"}


def test_tables_are_named_plainly_or_not_at_all() -> None:
    with pytest.raises(ValueError, match="not a plain table"):
        audit.audited("people; drop table x")


def test_the_doctor_sees_a_guard_that_was_taken_away() -> None:
    assert audit.trail_is_guarded(NOON).ok
    with connection.cursor() as cursor:
        cursor.execute("alter table foundation_person disable trigger mekong_audit")
        assert "foundation_person" in audit.trail_is_guarded(NOON).found
        cursor.execute("alter table foundation_person enable trigger mekong_audit")
        cursor.execute("drop trigger mekong_append_only on foundation_auditentry")
    found = audit.trail_is_guarded(NOON)
    assert (found.ok, bool(found.remedy)) == (False, True)
