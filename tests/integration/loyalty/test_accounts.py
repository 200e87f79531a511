"""Accounts that a family or a company shares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import MemberView, TakenBack
from mekong.loyalty.errors import (
    AccountInvalid,
    AlreadyShares,
    NotEnoughPoints,
    NotShared,
    OverMonthlyLimit,
    OwnerStays,
)
from mekong.loyalty.models import Lot
from tests.support.loyalty import a_member, a_programme, assert_points_sound, earn, hold, kinds, spend
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sound(db: None) -> Iterator[None]:
    a_programme()
    yield
    assert_points_sound()


def a_family() -> tuple[MemberView, MemberView]:
    """A mother with 100 points who owns the account, and a child with 20 of their own."""
    mother, child = a_member(), a_member("0912345678", "Con Lan")
    earn(mother, "M-1", 1_000_000)
    earn(child, "C-1", 200_000)
    opened = commands.open_shared_account(actor=SYSTEM, owner_id=mother.id, kind="family", name="Nhà Lan", now=NOON)
    assert (opened.account_kind, opened.account_name, opened.is_owner) == ("family", "Nhà Lan", True)
    return mother, child


def points(member: MemberView, at: datetime = NOON) -> int:
    return queries.get_member(actor=SYSTEM, member_id=member.id, now=at).points


def test_points_of_who_joins_go_into_the_account_and_all_spend_them() -> None:
    mother, child = a_family()
    basket = hold(child, 5, "basket-c")
    joined = commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, now=NOON)
    assert (joined.points, joined.free, joined.is_owner, joined.monthly_limit) == (120, 115, False, None)
    commands.claim_hold(actor=SYSTEM, hold_id=basket.id, reference="C-2", now=NOON)
    spend(child, 60, "C-3")
    assert points(mother) == points(child) == 55
    # Spend counts for who bought: the child is no silver member.
    assert queries.get_member(actor=SYSTEM, member_id=child.id, now=NOON).tier.code == "member"
    # What the child earned before is taken back from where it went.
    assert commands.take_back_for(actor=SYSTEM, reference="C-1", part="T", part_minor=200_000, now=NOON) == TakenBack(
        20, 0
    )
    assert points(mother) == 35
    assert kinds(child) == [("earn", 20), ("transfer", -20)]


def test_a_member_has_a_limit_a_month() -> None:
    mother, child = a_family()
    commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, monthly_limit=30, now=NOON)
    spend(child, 25, "C-2")
    with pytest.raises(OverMonthlyLimit) as refused:
        hold(child, 6, "basket")
    assert refused.value.params["left"] == 5
    assert (
        queries.quote_points(actor=SYSTEM, member_id=child.id, channel="store", order_minor=10**6, now=NOON).most == 5
    )
    card = queries.get_card(actor=SYSTEM, member_id=mother.id, now=NOON)
    assert [(each.number, each.spent, each.monthly_limit) for each in card.account_members] == [
        (mother.number, 0, None), (child.number, 25, 30),
    ]  # fmt: skip
    commands.give_back_for(actor=SYSTEM, reference="C-2", part="T", part_minor=500, now=NOON)
    assert hold(child, 10, "basket").state == "held"
    december = NOON + timedelta(days=9)
    assert hold(child, 30, "basket-2", december).points == 30
    assert (
        commands.set_monthly_limit(actor=SYSTEM, member_id=child.id, monthly_limit=None, now=NOON).monthly_limit is None
    )
    with pytest.raises(AccountInvalid):
        commands.set_monthly_limit(actor=SYSTEM, member_id=child.id, monthly_limit=-1, now=NOON)


def test_who_leaves_takes_along_what_is_split_off_and_nothing_else() -> None:
    mother, child = a_family()
    commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, monthly_limit=30, now=NOON)
    with pytest.raises(OwnerStays):
        commands.leave_account(actor=SYSTEM, member_id=mother.id, now=NOON)
    with pytest.raises(NotEnoughPoints):
        commands.leave_account(actor=SYSTEM, member_id=child.id, split_points=121, now=NOON)
    with pytest.raises(MayNot):
        commands.leave_account(actor=an_actor("loyalty.enroll"), member_id=child.id, split_points=1, now=NOON)
    left = commands.leave_account(actor=SYSTEM, member_id=child.id, split_points=50, now=NOON)
    assert (left.account_kind, left.points, left.monthly_limit, points(mother)) == ("personal", 50, None, 70)
    assert Lot.objects.get(account__uid=left.account_id).expires_at == Lot.objects.earliest("pk").expires_at
    assert commands.leave_account(actor=SYSTEM, member_id=mother.id, now=NOON).account_kind == "personal"
    assert points(mother) == 70
    for act in (
        lambda: commands.leave_account(actor=SYSTEM, member_id=child.id, now=NOON),
        lambda: commands.set_monthly_limit(actor=SYSTEM, member_id=child.id, monthly_limit=1, now=NOON),
        lambda: commands.set_account_owner(actor=SYSTEM, member_id=child.id, now=NOON),
        lambda: commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, now=NOON),
    ):
        with pytest.raises(NotShared):
            act()


def test_another_owner_lets_the_first_go() -> None:
    mother, child = a_family()
    commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, now=NOON)
    assert commands.set_account_owner(actor=SYSTEM, member_id=child.id, now=NOON).is_owner
    assert commands.leave_account(actor=SYSTEM, member_id=mother.id, now=NOON).points == 0
    assert points(child) == 120


def test_nobody_is_in_two_shared_accounts() -> None:
    mother, child = a_family()
    other = a_member("0987654321", "Công ty Sông Hồng")
    commands.open_shared_account(actor=SYSTEM, owner_id=other.id, kind="company", name="Sông Hồng", now=NOON)
    commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, now=NOON)
    with pytest.raises(AlreadyShares):
        commands.share_account(actor=SYSTEM, owner_id=other.id, member_id=child.id, now=NOON)
    with pytest.raises(AlreadyShares):
        commands.open_shared_account(actor=SYSTEM, owner_id=child.id, kind="family", name="Của con", now=NOON)
    with pytest.raises(AccountInvalid):
        commands.open_shared_account(actor=SYSTEM, owner_id=other.id, kind="club", name="x", now=NOON)
