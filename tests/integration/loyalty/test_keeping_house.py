"""What the worker does by itself, and what the doctor finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from mekong.foundation.models import AuditEntry
from mekong.loyalty import checks, jobs
from mekong.loyalty.models import Account, Hold, Lot, Member
from tests.support.loyalty import a_member, a_programme, assert_points_sound, earn, hold, kinds
from tests.support.people import NOON

pytestmark = pytest.mark.django_db


def test_the_worker_ends_points_and_judges_tiers() -> None:
    a_programme(validity_months=1)
    now = datetime.now(UTC)
    member = a_member(now=now - timedelta(days=800))
    earn(member, "HD-1", 6_000_000, now=now - timedelta(days=790))
    hold(member, 10, "basket", now - timedelta(days=790))
    jobs.expire(timestamp=0)
    assert kinds(member) == [("earn", 600), ("expire", -600)]
    assert Hold.objects.get().state == "released"
    jobs.review(timestamp=0)
    assert Member.objects.get().tier.code == "silver"
    assert_points_sound()


@pytest.mark.parametrize(
    "harm",
    [
        "update loyalty_account set balance = balance + 1",
        "update loyalty_account set owed = 5",
        'update loyalty_lot set "left" = "left" - 1',
        "update loyalty_lot set held = held + 1",
        "update loyalty_account set held = held - 1",
    ],
)
def test_the_doctor_finds_what_does_not_add_up(harm: str) -> None:
    a_programme()
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    hold(member, 10, "basket")
    assert checks.points_add_up(NOON).ok
    with connection.cursor() as cursor:
        cursor.execute(harm)
    found = checks.points_add_up(NOON)
    assert not found.ok
    assert found.remedy


def test_the_ledger_cannot_be_rewritten_and_no_sum_be_negative() -> None:
    a_programme()
    earn(a_member(), "HD-1", 1_000_000)
    for table in ("entry", "entrylot", "consent", "tierchange"):
        with pytest.raises(Exception, match="append-only"), connection.cursor() as cursor:
            _in_vain(cursor, f"delete from loyalty_{table}")
    for harm in (
        "update loyalty_account set balance = -1",
        "update loyalty_account set held = balance + 1",
        'update loyalty_lot set "left" = points + 1',
    ):
        with pytest.raises(Exception, match="check constraint"), connection.cursor() as cursor:
            _in_vain(cursor, harm)
    assert Lot.objects.get().left == Account.objects.get().balance == 100


def _in_vain(cursor: object, harm: str) -> None:
    from django.db import transaction

    with transaction.atomic():
        cursor.execute(harm)  # type: ignore[attr-defined]  # a cursor


def test_who_shares_what_is_in_the_trail_and_what_it_has_is_not() -> None:
    from mekong.foundation.actor import SYSTEM
    from mekong.loyalty import commands

    a_programme()
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    commands.open_shared_account(actor=SYSTEM, owner_id=member.id, kind="family", name="Nhà Lan", now=NOON)
    told = list(AuditEntry.objects.filter(table="loyalty_account").order_by("pk").values_list("action", "after"))
    assert [action for action, _ in told] == ["insert", "update"]
    assert "balance" not in told[0][1]
    assert told[1][1]["name"] == "Nhà Lan"
