"""Two memberships of one person: nothing is lost, and it can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import MemberView, MergeView, TakenBack
from mekong.loyalty.errors import AlreadyShares, LaterMerge, MemberMerged, MergeInvalid, MergeNotFound, PointsHeld
from mekong.loyalty.models import Earning, Hold, Lot, Merge
from tests.support.loyalty import a_member, a_programme, assert_points_sound, earn, hold, kinds, spend
from tests.support.people import NOON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _sound(db: None) -> Iterator[None]:
    a_programme()
    yield
    assert_points_sound()


def two() -> tuple[MemberView, MemberView]:
    """One with 100 points and silver, one without points who owes 3."""
    keeps, goes = a_member(), a_member("0912345678", "Lan Nguyễn")
    earn(keeps, "K-1", 1_000_000)
    earn(goes, "G-0", 30_000)
    spend(goes, 3, "G-00")
    commands.take_back_for(actor=SYSTEM, reference="G-0", part="T", part_minor=30_000, now=NOON)
    return keeps, goes


def state(member: MemberView) -> tuple[object, ...]:
    seen = queries.get_member(actor=SYSTEM, member_id=member.id, now=NOON)
    card = queries.get_card(actor=SYSTEM, member_id=member.id, now=NOON)
    tier = (seen.tier.code if seen.tier else "", seen.tier_since, seen.tier_until)
    return (seen.status, seen.points, seen.free, seen.owed, tier, card.progress.figure, card.lots, seen.account_id)


def merge(keeps: MemberView, goes: MemberView) -> MergeView:
    return commands.merge_members(actor=SYSTEM, survivor_id=keeps.id, merged_id=goes.id, now=LATER)


def undo(row: MergeView) -> MergeView:
    return commands.undo_merge(actor=SYSTEM, merge_id=row.id, now=LATER)


def now_of(member: MemberView) -> tuple[int, int, int]:
    seen = queries.get_member(actor=SYSTEM, member_id=member.id, now=LATER)
    return seen.points, seen.free, seen.owed


def test_everything_goes_along_and_comes_back_as_it_was() -> None:
    keeps, goes = two()
    earn(goes, "G-1", 200_000)
    basket = hold(goes, 5, "basket", ttl=timedelta(days=1))
    before = state(keeps), state(goes)
    made = merge(keeps, goes)
    assert merge(keeps, goes) == made
    assert (made.points, now_of(keeps)) == (17, (117, 112, 0))
    for key in (goes.phone, goes.number, goes.card_token):
        assert queries.member_by(actor=SYSTEM, key=key, now=LATER).id == keeps.id
    assert not commands.join_member(
        actor=SYSTEM, phone=goes.phone, name="Lan", has_consented=True, channel="web", now=LATER
    ).is_new
    with pytest.raises(PointsHeld):
        undo(made)
    commands.release_hold(actor=SYSTEM, hold_id=basket.id, now=LATER)
    undone = undo(made)
    assert undo(made) == undone
    assert undone.undone_at == LATER
    hold(goes, 5, "basket", ttl=timedelta(days=1))
    assert (state(keeps), state(goes)) == before
    assert kinds(goes)[-2:] == [("merge", -17), ("undo_merge", 17)]


def test_customer_groups_go_along_and_come_back() -> None:
    keeps, goes = two()

    def put(member: MemberView, *groups: str) -> None:
        commands.set_groups(actor=SYSTEM, member_id=member.id, groups=groups, now=NOON)

    def groups(member: MemberView) -> tuple[str, ...]:
        return queries.get_member(actor=SYSTEM, member_id=member.id, now=LATER).groups

    put(keeps, "vip")
    put(goes, "dai-ly", "vip")
    made = merge(keeps, goes)
    assert groups(keeps) == ("dai-ly", "vip")
    undo(made)
    assert (groups(keeps), groups(goes)) == (("vip",), ("dai-ly", "vip"))
    again = merge(keeps, goes)
    put(keeps, "moi")
    undo(again)
    assert groups(keeps) == ("moi",), "what was set since stays"


def test_debts_and_documents_go_along() -> None:
    keeps, goes = two()
    assert now_of(goes) == (0, 0, 3)
    made = merge(keeps, goes)
    assert now_of(keeps) == (100, 100, 3)
    # The reference of what the merged one bought still answers, under either name.
    assert earn(goes, "G-0", 30_000).points == 3
    assert earn(keeps, "N-1", 10_000, now=LATER).paid_owed == 1
    undo(made)
    assert (now_of(keeps), now_of(goes)) == ((100, 100, 0), (0, 0, 2))
    assert earn(goes, "G-0", 30_000).points == 3


def test_points_earned_since_stay_with_the_survivor_and_spent_ones_are_gone() -> None:
    keeps, goes = two()
    earn(goes, "G-1", 230_000)
    made = merge(keeps, goes)
    earn(keeps, "N-1", 100_000, now=LATER)
    # The lots end on one day, so the oldest goes first: the survivor's hundred, then what came along.
    spend(keeps, 110, "N-2", LATER)
    undo(made)
    assert (now_of(keeps), now_of(goes)) == ((15, 15, 0), (10, 10, 0))
    assert commands.give_back_for(actor=SYSTEM, reference="N-2", part="T", part_minor=11_000, now=LATER) == 110
    assert (now_of(keeps), now_of(goes)) == ((115, 115, 0), (20, 20, 0))
    assert commands.take_back_for(actor=SYSTEM, reference="G-1", part="T", part_minor=230_000, now=LATER) == TakenBack(
        23, 3
    )


def test_spend_adds_up_to_a_tier_and_the_undo_takes_it_back() -> None:
    keeps, goes = a_member(), a_member("0912345678", "Lan Nguyễn")
    earn(keeps, "K-1", 3_000_000)
    earn(goes, "G-1", 2_000_000)
    made = merge(keeps, goes)
    assert queries.get_member(actor=SYSTEM, member_id=keeps.id, now=LATER).tier.code == "gold"
    undo(made)
    for member in (keeps, goes):
        assert queries.get_member(actor=SYSTEM, member_id=member.id, now=LATER).tier.code == "silver"
    card = queries.get_card(actor=SYSTEM, member_id=keeps.id, now=LATER)
    assert [each.reason for each in card.tier_changes] == ["undone", "reached", "reached", "joined"]


def test_the_higher_tier_stays_and_one_that_rose_since_is_kept() -> None:
    keeps, goes = a_member(), a_member("0912345678", "Lan Nguyễn")
    earn(goes, "G-1", 1_000_000)
    made = merge(keeps, goes)
    seen = queries.get_member(actor=SYSTEM, member_id=keeps.id, now=LATER)
    assert (seen.tier.code, seen.tier_since) == ("silver", NOON)
    earn(keeps, "N-1", 5_000_000, now=LATER)
    undo(made)
    assert queries.get_member(actor=SYSTEM, member_id=keeps.id, now=LATER).tier.code == "gold"


def test_merges_of_merges_are_undone_in_turn() -> None:
    first, second, third = a_member(), a_member("0912345678", "B"), a_member("0987654321", "C")
    for member, amount in ((first, 100_000), (second, 200_000), (third, 300_000)):
        earn(member, f"E-{amount}", amount)
    one, two = merge(first, second), merge(third, first)
    assert now_of(third) == (60, 60, 0)
    assert queries.member_by(actor=SYSTEM, key=second.phone, now=LATER).id == third.id
    # What the third earned under the second's name is told again under each of the three.
    assert {earn(each, "E-0", 1_000).member_id for each in (second, first, third, second)} == {third.id}
    with pytest.raises(LaterMerge):
        undo(one)
    with pytest.raises(MemberMerged):
        merge(second, a_member("0911111111", "D"))
    undo(two)
    assert (now_of(first), now_of(third)) == ((30, 30, 0), (30, 30, 0))
    undo(one)
    assert (now_of(first), now_of(second)) == ((10, 10, 0), (20, 20, 0))
    assert merge(second, first).id not in (one.id, two.id)


def test_a_survivor_in_a_family_brings_the_points_into_it() -> None:
    mother, child, twin = a_member(), a_member("0912345678", "Con"), a_member("0987654321", "Con cũ")
    earn(twin, "T-1", 100_000)
    commands.open_shared_account(actor=SYSTEM, owner_id=mother.id, kind="family", name="Nhà", now=NOON)
    commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, now=NOON)
    with pytest.raises(AlreadyShares):
        merge(twin, child)
    made = merge(child, twin)
    assert now_of(mother) == (10, 10, 0)
    commands.leave_account(actor=SYSTEM, member_id=child.id, now=LATER)
    undo(made)
    assert (now_of(mother), now_of(child), now_of(twin)) == ((0, 0, 0), (0, 0, 0), (10, 10, 0))


def test_members_of_one_account_merge_and_part() -> None:
    mother, child = a_member(), a_member("0912345678", "Lan khác")
    commands.open_shared_account(actor=SYSTEM, owner_id=mother.id, kind="family", name="Nhà", now=NOON)
    commands.share_account(actor=SYSTEM, owner_id=mother.id, member_id=child.id, now=NOON)
    earn(mother, "M-1", 100_000)
    made = merge(child, mother)
    assert queries.get_member(actor=SYSTEM, member_id=child.id, now=LATER).is_owner
    assert Earning.objects.get().member.uid == child.id
    undo(made)
    assert queries.get_member(actor=SYSTEM, member_id=mother.id, now=LATER).is_owner
    assert Earning.objects.get().member.uid == mother.id


def test_what_cannot_be_merged() -> None:
    member = a_member()
    with pytest.raises(MergeInvalid):
        merge(member, member)
    with pytest.raises(MergeNotFound):
        commands.undo_merge(actor=SYSTEM, merge_id=member.id, now=NOON)
    assert not Merge.objects.exists()
    assert not Lot.objects.exists()
    assert not Hold.objects.exists()


def test_the_phone_of_a_merged_card_may_be_taken_over() -> None:
    keeps, goes = a_member(), a_member("0912345678", "Lan")
    made = merge(keeps, goes)
    changed = commands.update_member(actor=SYSTEM, member_id=keeps.id, phone="0912345678", now=LATER)
    assert changed.phone == "+84912345678"
    for key in ("0912345678", "0903123456"):
        assert queries.member_by(actor=SYSTEM, key=key, now=LATER).id == keeps.id
    undo(made)
    assert queries.member_by(actor=SYSTEM, key="0903123456", now=LATER).id == goes.id
