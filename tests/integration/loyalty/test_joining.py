"""Joining by phone, finding members, changing and closing a membership."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.foundation.models import AuditEntry, OutboxEvent
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import Birthday
from mekong.loyalty.errors import ConsentNeeded, MemberClosed, MemberInvalid, MemberNotFound, OwnerStays, PhoneTaken
from mekong.loyalty.models import Account, Consent, Member
from tests.support.loyalty import a_member, a_programme, assert_points_sound, earn, hold, kinds
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db


def join(**said: Any) -> Any:
    told = {"phone": "0903 123 456", "name": "Nguyễn Thị Lan", "has_consented": True, "channel": "store", "now": NOON}
    return commands.join_member(actor=said.pop("actor", SYSTEM), **(told | said))


def test_a_phone_and_a_name_make_a_member() -> None:
    a_programme()
    cashier = an_actor("loyalty.enroll")
    made = join(actor=cashier, place="Quầy 1", email=" Lan@Example.vn ", birthday=Birthday(29, 2))
    assert made.is_new
    member = made.member
    assert (member.number, member.phone, member.email) == ("TV-261122-0001", "+84903123456", "lan@example.vn")
    assert (member.birthday, member.joined_channel, member.joined_by) == (Birthday(29, 2), "store", "person:0")
    assert (member.tier.code, member.points, member.owed, member.status) == ("member", 0, 0, "active")
    assert len(member.card_token) == 43
    said = Consent.objects.get()
    assert (said.purpose, said.is_given, said.place, said.actor, said.at) == (
        "membership", True, "Quầy 1", "person:0", NOON,
    )  # fmt: skip
    assert list(OutboxEvent.objects.values_list("name", flat=True).order_by("occurred_at", "id")) == [
        "loyalty.member_joined", "loyalty.tier_changed",
    ]  # fmt: skip


def test_joining_again_answers_the_member_who_is_there() -> None:
    first = join().member
    again = join(phone="+84 903.123.456", name="Ai đó khác", channel="web", has_consented=False)
    assert (again.is_new, again.member.id, again.member.name) == (False, first.id, "Nguyễn Thị Lan")
    assert (Member.objects.count(), Account.objects.count(), Consent.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"phone": "   "}, "phone"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"email": "lan@"}, "email"),
        ({"birthday": Birthday(31, 2)}, "birthday"),
        ({"birthday": Birthday(1, 1, 2030)}, "birthday"),
        ({"birthday": Birthday(1, 1, 1899)}, "birthday"),
        ({"channel": "Cửa hàng"}, "channel"),
        ({"place": "x" * 121}, "place"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(said: dict[str, Any], field: str) -> None:
    with pytest.raises(MemberInvalid) as refused:
        join(**said)
    assert refused.value.params["field"] == field
    assert str(refused.value)
    assert not Member.objects.exists()


def test_nobody_joins_without_consent_or_without_the_right() -> None:
    with pytest.raises(ConsentNeeded):
        join(has_consented=False)
    with pytest.raises(MayNot):
        join(actor=an_actor("loyalty.view"))
    assert not Member.objects.exists()


def test_a_member_is_found_by_phone_card_number_and_link() -> None:
    member = a_member()
    for key in (
        "0903123456",
        "+84 903 123 456",
        "tv-261122-0001",
        member.card_token,
        f"https://x.vn/card/{member.card_token}/",
    ):
        assert queries.member_by(actor=SYSTEM, key=key, now=NOON).id == member.id
    for key in ("0903123457", "TV-261122-0002", "x" * 43, ""):
        with pytest.raises(MemberNotFound):
            queries.member_by(actor=SYSTEM, key=key, now=NOON)


def test_the_list_finds_by_parts_of_names_phones_and_numbers() -> None:
    a_member("0903123456", "Nguyễn Thị Lan")
    a_member("0903999888", "Đỗ Văn Đạt")
    a_member("0281234567", "Lan Anh's \\ Shop")

    def found(text: str) -> list[str]:
        return [each.name for each in queries.list_members(actor=SYSTEM, text=text, now=NOON).items]

    assert found("lan") == ["Lan Anh's \\ Shop", "Nguyễn Thị Lan"]
    assert found("do dat") == ["Đỗ Văn Đạt"]
    assert found("Đạt đỗ") == ["Đỗ Văn Đạt"]
    assert found("0903") == ["Đỗ Văn Đạt", "Nguyễn Thị Lan"]
    assert found("888") == ["Đỗ Văn Đạt"]
    assert found("TV-261122-0001") == ["Nguyễn Thị Lan"]
    assert found("'") == found("!!") == found("zzz") == []
    assert len(found("")) == 3


def test_pages_follow_each_other() -> None:
    for number in range(5):
        a_member(f"09031234{number:02d}", f"Khách {number}")
    first = queries.list_members(actor=SYSTEM, limit=3, now=NOON)
    rest = queries.list_members(actor=SYSTEM, limit=3, cursor=first.next_cursor, now=NOON)
    assert [each.name[-1] for each in (*first.items, *rest.items)] == list("43210")
    assert rest.next_cursor is None


def test_what_is_known_of_a_member_changes_and_the_trail_does_not_tell_it() -> None:
    member = a_member()
    now = NOON + timedelta(days=1)
    changed = commands.update_member(
        actor=SYSTEM,
        member_id=member.id,
        phone="0912 345 678",
        name="Nguyễn Lan",
        birthday=Birthday(1, 2, 1990),
        now=now,
    )
    assert (changed.phone, changed.name, changed.birthday) == ("+84912345678", "Nguyễn Lan", Birthday(1, 2, 1990))
    assert commands.update_member(actor=SYSTEM, member_id=member.id, forget_birthday=True, now=now).birthday is None
    assert queries.list_members(actor=SYSTEM, text="0903", now=now).items == []
    told = str(list(AuditEntry.objects.filter(table="loyalty_member").values_list("before", "after")))
    assert "84912345678" not in told
    assert "Lan" not in told


def test_a_phone_of_somebody_else_is_refused() -> None:
    member, other = a_member(), a_member("0912345678", "Hoa")
    with pytest.raises(PhoneTaken) as refused:
        commands.update_member(actor=SYSTEM, member_id=member.id, phone="0912345678", now=NOON)
    assert refused.value.params == {"field": "phone", "number": other.number}
    assert Member.objects.get(uid=member.id).phone == "+84903123456"


def test_closing_ends_points_and_forgets_the_person() -> None:
    a_programme()
    member = a_member()
    earn(member, "HD-1", 1_500_000)
    commands.close_member(actor=SYSTEM, member_id=member.id, now=NOON)
    commands.close_member(actor=SYSTEM, member_id=member.id, now=NOON)
    row = Member.objects.get(uid=member.id)
    assert (row.status, row.phone, row.name, row.name_key, row.email, row.tier) == ("closed", "", "", "", "", None)
    assert kinds(member) == [("earn", 150), ("adjust", -150)]
    assert list(Consent.objects.order_by("pk").values_list("is_given", flat=True)) == [True, False]
    with pytest.raises(MemberNotFound):
        queries.member_by(actor=SYSTEM, key=member.card_token, now=NOON)
    with pytest.raises(MemberClosed):
        earn(member, "HD-2", 100_000)
    again = a_member()
    assert again.id != member.id
    assert again.points == 0
    assert_points_sound()


def test_an_account_that_others_share_is_not_closed_under_them() -> None:
    owner, child = a_member(), a_member("0912345678", "Con")
    commands.open_shared_account(actor=SYSTEM, owner_id=owner.id, kind="family", name="Nhà Lan", now=NOON)
    commands.share_account(actor=SYSTEM, owner_id=owner.id, member_id=child.id, now=NOON)
    with pytest.raises(OwnerStays):
        commands.close_member(actor=SYSTEM, member_id=owner.id, now=NOON)
    commands.adjust_points(actor=SYSTEM, member_id=owner.id, points=50, note="quà", now=NOON)
    commands.close_member(actor=SYSTEM, member_id=child.id, now=NOON)
    assert queries.get_member(actor=SYSTEM, member_id=owner.id, now=NOON).points == 50


def test_a_new_card_closes_the_old_link() -> None:
    a_programme()
    member = a_member()
    earn(member, "HD-1", 1_500_000)
    hold(member, 10, "basket", ttl=timedelta(minutes=5))
    seen = queries.public_card(actor=SYSTEM, token=member.card_token, now=NOON)
    assert (seen.given_name, seen.points, seen.tier.code) == ("Lan", 150, "silver")
    assert (seen.progress.figure, seen.progress.missing) == (1_500_000, 3_500_000)
    assert [(each.points, str(each.last_day)) for each in seen.endings] == [(150, "2027-11-30")]
    changed = commands.change_card(actor=SYSTEM, member_id=member.id, now=NOON)
    with pytest.raises(MemberNotFound):
        queries.public_card(actor=SYSTEM, token=member.card_token, now=NOON)
    assert queries.public_card(actor=SYSTEM, token=changed.card_token, now=NOON).number == member.number
