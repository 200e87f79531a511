"""Joining, changing what is known of a member, and closing a membership."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.foundation.ids import public
from mekong.foundation.numbering import take_numbers
from mekong.foundation.text import fold
from mekong.loyalty import ledger
from mekong.loyalty.commands import checking, judging
from mekong.loyalty.contracts import Birthday, Joined, MemberView
from mekong.loyalty.errors import ConsentNeeded, OwnerStays, PhoneTaken, PointsHeld
from mekong.loyalty.events import MemberClosed, MemberJoined
from mekong.loyalty.ledger import Why
from mekong.loyalty.models import Account, Consent, EntryKind, Member, MemberStatus
from mekong.loyalty.queries.members import find_member, view
from mekong.loyalty.queries.standing import MEMBER
from mekong.loyalty.rules.dates import day_of

PURPOSE = "membership"


def of_phone(phone: str) -> Member | None:
    """Whose phone this is; a merged membership's leads to the one that goes on."""
    row = Member.objects.filter(phone=phone).exclude(status=MemberStatus.CLOSED).first()
    return None if row is None else ledger.standing_for(row)


@command
def join_member(
    *,
    actor: Actor,
    phone: str,
    name: str,
    has_consented: bool,
    channel: str,
    now: datetime,
    place: str = "",
    email: str = "",
    birthday: Birthday | None = None,
) -> Joined:
    """Make somebody a member, by phone. A phone that is a member's already answers that member and changes nothing.

    Args:
        has_consented: the person said yes to membership; that, when, where and to whom is kept.
        channel: the code of the channel they joined on; `place`: the till, page or thread.

    Raises: MayNot, MemberInvalid, ConsentNeeded.
    """
    actor.require("loyalty.enroll")
    number, channel = checking.phone(phone), checking.channel(channel)
    known = of_phone(number)
    if known is None:
        ledger.lock_name("phone", number)
        known = of_phone(number)
    if known is not None:
        return Joined(view(known, now), is_new=False)
    name, place = checking.line(name, "name", 120, least=1), checking.line(place, "place", 120)
    email = checking.email(email)
    born = checking.birthday(birthday, day_of(now)) if birthday else None
    if not has_consented:
        raise ConsentNeeded(field="has_consented")
    (code,) = take_numbers("TV", 1, now=now)
    member = Member.objects.create(
        number=code, phone=number, name=name, name_key=fold(name)[:240], email=email,
        birth_day=born.day if born else None, birth_month=born.month if born else None,
        birth_year=born.year if born else None, account=Account.objects.create(created_at=now),
        card_token=new_token(), joined_channel=channel, joined_by=actor.ref, joined_at=now,
    )  # fmt: skip
    Consent.objects.create(
        member=member, purpose=PURPOSE, is_given=True, channel=channel, place=place, actor=actor.ref, at=now
    )
    emit(actor, MemberJoined(public(MEMBER, member.uid), code, channel), key=f"member:{member.pk}", now=now)
    judging.reconsider(actor=actor, member=member, reason="joined", now=now)
    return Joined(view(member, now), is_new=True)


def new_token() -> str:
    """What opens a card: 256 bits nobody guesses."""
    return secrets.token_urlsafe(32)


@command
def update_member(
    *,
    actor: Actor,
    member_id: UUID,
    now: datetime,
    phone: str | None = None,
    name: str | None = None,
    email: str | None = None,
    birthday: Birthday | None = None,
    forget_birthday: bool = False,
) -> MemberView:
    """Change what is known of a member; what is None stays. Safe to repeat.

    The phone of a membership that was merged into this one is theirs to take: the two change places.

    Raises: MayNot, MemberNotFound, MemberClosed, MemberInvalid, PhoneTaken.
    """
    actor.require("loyalty.enroll")
    member = find_member(member_id)
    number = None if phone is None else checking.phone(phone)
    if number is not None:
        ledger.lock_name("phone", number)
    member = ledger.lock_member(member, now)
    if number is not None and number != member.phone:
        _free_phone(number, member)
        member.phone = number
    if name is not None:
        member.name = checking.line(name, "name", 120, least=1)
        member.name_key = fold(member.name)[:240]
    if email is not None:
        member.email = checking.email(email)
    if birthday is not None or forget_birthday:
        born = None if birthday is None else checking.birthday(birthday, day_of(now))
        member.birth_day = born.day if born else None
        member.birth_month = born.month if born else None
        member.birth_year = born.year if born else None
    member.save()
    return view(member, now)


def _free_phone(number: str, member: Member) -> None:
    """Raises: PhoneTaken."""
    other = Member.objects.filter(phone=number).exclude(status=MemberStatus.CLOSED).first()
    if other is None:
        return
    if ledger.standing_for(other).pk != member.pk:
        raise PhoneTaken(field="phone", number=other.number)
    for phone, row in ((f"-{member.pk}", member), (member.phone, other)):
        Member.objects.filter(pk=row.pk).update(phone=phone)


@command
def change_card(*, actor: Actor, member_id: UUID, now: datetime) -> MemberView:
    """Give a member a card under a new link; the old link opens nothing any more.

    Raises: MayNot, MemberNotFound, MemberClosed.
    """
    actor.require("loyalty.enroll")
    member = ledger.lock_member(find_member(member_id), now)
    member.card_token = new_token()
    member.save(update_fields=["card_token"])
    return view(member, now)


@command
def close_member(*, actor: Actor, member_id: UUID, now: datetime) -> None:
    """End a membership because the person asks for it: points lapse, what is known of the person is forgotten.

    Memberships that were merged into it end with it. What stays is the ledger, which names nobody. Safe to repeat.

    Raises: MayNot, MemberNotFound, OwnerStays: others share the account; PointsHeld: a payment is under way.
    """
    actor.require("loyalty.adjust")
    known = find_member(member_id)
    if ledger.standing_for(known).status == MemberStatus.CLOSED:
        return
    member = ledger.lock_member(known, now)
    account = member.account
    is_shared = account.members.filter(status=MemberStatus.ACTIVE).exclude(pk=member.pk).exists()
    if is_shared and account.owner_id == member.pk:
        raise OwnerStays(number=member.number)
    if not is_shared:
        if account.held:
            raise PointsHeld
        why = Why(actor, now, member, note="closed")
        lines = [(each.lot, each.points) for each in ledger.free_lots(account)]
        if lines or account.owed:
            ledger.take(account, EntryKind.ADJUST, lines, why, owed=-account.owed)
    Consent.objects.create(
        member=member, purpose=PURPOSE, is_given=False, channel="", place="", actor=actor.ref, at=now
    )
    _forget(member, now)
    emit(actor, MemberClosed(public(MEMBER, member.uid), member.number), key=f"member:{member.pk}", now=now)


def _forget(member: Member, now: datetime) -> None:
    for each in Member.objects.filter(merged_into=member):
        _forget(each, now)
    Member.objects.filter(pk=member.pk).update(
        status=MemberStatus.CLOSED, merged_into=None, phone="", name="", name_key="", email="", birth_day=None,
        birth_month=None, birth_year=None, tier=None, tier_until=None, groups=[], card_token=new_token(), closed_at=now,
    )  # fmt: skip
