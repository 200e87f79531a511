"""Races on points: real threads on the real database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from mekong.foundation.actor import SYSTEM
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import Earned, HeldPoints, Joined, MemberView
from mekong.loyalty.errors import HoldClaimed, HoldEnded, NotEnoughPoints
from mekong.loyalty.models import Account, Earning, Member, Merge
from tests.support.loyalty import a_member, a_programme, assert_points_sound, earn, hold, kinds
from tests.support.people import NOON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sound_and_free_of_deadlocks() -> Iterator[None]:
    a_programme()
    before = _deadlocks()
    yield
    assert _deadlocks() == before
    assert_points_sound()


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of these answers or raises, when they begin together, each in a thread of its own."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            gate.wait(30)
            return act()
        except Exception as raised:  # noqa: BLE001 - what is raised is the answer
            return raised
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(60) for each in [pool.submit(run, act) for act in acts]]


def points(member: MemberView) -> int:
    return queries.get_member(actor=SYSTEM, member_id=member.id, now=NOON).points


def test_two_tills_want_the_same_points_and_one_gets_them() -> None:
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    answers = at_once(*(partial(hold, member, 100, f"till-{each}") for each in range(8)))
    assert sum(isinstance(each, HeldPoints) for each in answers) == 1
    assert sum(isinstance(each, NotEnoughPoints) for each in answers) == 7
    assert queries.get_member(actor=SYSTEM, member_id=member.id, now=NOON).free == 0


def test_one_phone_joins_at_many_places_and_is_one_member() -> None:
    join = partial(
        commands.join_member, actor=SYSTEM, phone="0903123456", name="Lan", has_consented=True, channel="web", now=NOON
    )
    answers = at_once(*(join for _ in range(8)))
    assert all(isinstance(each, Joined) for each in answers)
    assert sum(each.is_new for each in answers) == 1
    assert len({each.member.id for each in answers}) == 1
    assert (Member.objects.count(), Account.objects.count()) == (1, 1)


def test_one_document_earns_once_however_often_it_is_told() -> None:
    member = a_member()
    answers = at_once(*(partial(earn, member, "HD-1", 100_000) for _ in range(6)))
    assert all(each == answers[0] and isinstance(each, Earned) for each in answers)
    assert kinds(member) == [("earn", 10)]


def test_one_return_takes_back_once_however_often_it_is_told() -> None:
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    back = partial(commands.take_back_for, actor=SYSTEM, reference="HD-1", now=NOON)
    at_once(*(partial(back, part=f"T-{each % 3}", part_minor=333_333) for each in range(9)))
    assert Earning.objects.get().returned_minor == 999_999
    assert points(member) == 0


def test_a_hold_is_claimed_or_released_and_never_both() -> None:
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    for round_ in range(4):
        held = hold(member, 10, f"basket-{round_}")
        claim = partial(commands.claim_hold, actor=SYSTEM, hold_id=held.id, reference=f"DH-{round_}", now=NOON)
        release = partial(commands.release_hold, actor=SYSTEM, hold_id=held.id, now=NOON)
        claimed, released = at_once(claim, release)
        assert isinstance(claimed, HoldEnded) != isinstance(released, HoldClaimed)


def test_members_who_merge_while_they_earn_and_spend_lose_nothing() -> None:
    for round_ in range(4):
        keeps = a_member(f"090312345{round_}", "Lan")
        goes = a_member(f"091234567{round_}", "Lan khác")
        for member in (keeps, goes):
            earn(member, f"{member.number}-0", 100_000)
        acts: list[Callable[[], Any]] = [
            partial(commands.merge_members, actor=SYSTEM, survivor_id=keeps.id, merged_id=goes.id, now=NOON),
            partial(earn, goes, f"{goes.number}-1", 100_000),
            partial(earn, keeps, f"{keeps.number}-1", 100_000),
            partial(hold, goes, 10, f"{goes.number}-b", ttl=timedelta(days=1)),
            partial(hold, keeps, 10, f"{keeps.number}-b", ttl=timedelta(days=1)),
        ]
        answers = at_once(*acts)
        assert not [each for each in answers if isinstance(each, Exception)]
        seen = queries.get_member(actor=SYSTEM, member_id=keeps.id, now=NOON)
        assert (seen.points, seen.free) == (40, 20)


def test_two_who_merge_each_other_at_once_are_one() -> None:
    one, other = a_member(), a_member("0912345678", "Hoa")
    merge = partial(commands.merge_members, actor=SYSTEM, now=NOON)
    at_once(
        partial(merge, survivor_id=one.id, merged_id=other.id), partial(merge, survivor_id=other.id, merged_id=one.id)
    )
    assert Merge.objects.count() == 1
    assert sorted(Member.objects.values_list("status", flat=True)) == ["active", "merged"]


def test_a_merge_is_undone_once_while_points_are_asked_for() -> None:
    keeps, goes = a_member(), a_member("0912345678", "Hoa")
    earn(keeps, "K", 100_000)
    earn(goes, "G", 200_000)
    made = commands.merge_members(actor=SYSTEM, survivor_id=keeps.id, merged_id=goes.id, now=NOON)
    undo = partial(commands.undo_merge, actor=SYSTEM, merge_id=made.id, now=NOON)
    at_once(undo, undo, partial(hold, keeps, 30, "basket"), undo)
    both = {queries.get_member(actor=SYSTEM, member_id=each.id, now=NOON).points for each in (keeps, goes)}
    assert both in ({10, 20}, {30, 0}) or Merge.objects.get().undone_at is None


def test_housekeeping_and_spending_go_together() -> None:
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    hold(member, 60, "old", ttl=timedelta(seconds=1))
    later = NOON + timedelta(minutes=1)
    sweep = partial(commands.expire_points, actor=SYSTEM, now=later)
    answers = at_once(
        sweep, partial(hold, member, 100, "new", later), sweep, partial(hold, member, 100, "newer", later)
    )
    assert sum(isinstance(each, HeldPoints) for each in answers) == 1
