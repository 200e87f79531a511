"""Members: by id, phone, card and name, and all of one for a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import BooleanField, Count, F, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from mekong.foundation import phones
from mekong.foundation.actor import Actor
from mekong.foundation.contracts import Page
from mekong.foundation.ids import public
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.foundation.text import fold
from mekong.loyalty.contracts import (
    AccountMember,
    Birthday,
    ConsentView,
    Ending,
    LotView,
    MemberCard,
    MemberView,
    Progress,
    PublicCard,
    TierChangeView,
)
from mekong.loyalty.errors import MemberInvalid, MemberNotFound
from mekong.loyalty.models import (
    Account,
    AccountKind,
    Consent,
    Hold,
    HoldState,
    Lot,
    Member,
    MemberStatus,
    Merge,
    TierChange,
)
from mekong.loyalty.queries.merges import merge_view
from mekong.loyalty.queries.programme import read_programme, tier_view
from mekong.loyalty.queries.standing import MEMBER, figures, sums
from mekong.loyalty.rules.dates import last_day, month_start
from mekong.loyalty.rules.tiers import next_step

_DIGITS = re.compile(r"[+\d][\d .\-()]{2,}")
_TOKEN = re.compile(r"(?:.*/)?([A-Za-z0-9_-]{43})/?")
_LINES = 100


def find_member(member_id: UUID) -> Member:
    """Raises: MemberNotFound."""
    row = Member.objects.select_related("account", "tier").filter(uid=member_id).first()
    if row is None:
        raise MemberNotFound(key=public(MEMBER, member_id))
    return row


def views(rows: Sequence[Member], now: datetime) -> list[MemberView]:
    """One statement, where the rows bring their account, tier and survivor along."""
    figures_of = sums({row.account_id for row in rows}, now)
    made = []
    for row in rows:
        account, has = row.account, figures_of[row.account_id]
        born = Birthday(row.birth_day, row.birth_month, row.birth_year) if row.birth_day and row.birth_month else None
        made.append(
            MemberView(
                id=row.uid, number=row.number, status=str(row.status), phone=row.phone, name=row.name, email=row.email,
                birthday=born, tier=tier_view(row.tier) if row.tier else None, tier_since=row.tier_since,
                tier_until=row.tier_until, account_id=account.uid, account_kind=str(account.kind), account_name=account.name,
                is_owner=account.owner_id == row.pk, monthly_limit=row.monthly_limit, points=has.points, free=has.free,
                owed=account.owed, card_token=row.card_token, joined_channel=row.joined_channel,
                joined_by=row.joined_by, joined_at=row.joined_at,
                merged_into=row.merged_into.uid if row.merged_into else None, groups=tuple(row.groups),
            )
        )  # fmt: skip
    return made


def view(row: Member, now: datetime) -> MemberView:
    return views([row], now)[0]


def _rows() -> QuerySet[Member]:
    return Member.objects.select_related("account", "tier", "merged_into")


def get_member(*, actor: Actor, member_id: UUID, now: datetime) -> MemberView:
    """One membership, also one that was merged or closed. Two statements. Raises: MayNot, MemberNotFound."""
    actor.require("loyalty.view")
    row = _rows().filter(uid=member_id).first()
    if row is None:
        raise MemberNotFound(key=public(MEMBER, member_id))
    return view(row, now)


def member_by(*, actor: Actor, key: str, now: datetime) -> MemberView:
    """The member of a phone, of a card's number or of its link, as it was typed or scanned. What belonged to a merged
    membership leads to the one that goes on. A few statements. Raises: MayNot, MemberNotFound.
    """
    actor.require("loyalty.view")
    key = key.strip()
    token, phone = _TOKEN.fullmatch(key), phones.e164(key) if _DIGITS.fullmatch(key) else None
    which = Q(number=key.upper())
    if token:
        which |= Q(card_token=token[1])
    if phone:
        which |= Q(phone=phone)
    row = _rows().filter(which).exclude(status=MemberStatus.CLOSED).first()
    while row is not None and row.merged_into_id is not None:
        row = _rows().get(pk=row.merged_into_id)
    if row is None:
        raise MemberNotFound(key=key[:60])
    return view(row, now)


def list_members(
    *,
    actor: Actor,
    now: datetime,
    text: str = "",
    tier: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[MemberView]:
    """Members who are active, newest first. Two statements.

    Args:
        text: a phone by its beginning or last digits, a card's number or its last digits, the beginnings of the words of
            a name, without tone marks.

    Raises: MayNot, BadCursor, MemberInvalid.
    """
    actor.require("loyalty.view")
    if len(text) > 120:
        raise MemberInvalid(field="q", problem="At most {most} characters, on one line.", most=120)
    rows = _rows().filter(status=MemberStatus.ACTIVE).order_by("-pk")
    if text.strip():
        rows = rows.filter(_found_by(text.strip()))
    if tier:
        rows = rows.filter(tier__code=tier)
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return Page(views(found[:limit], now), more)


def _found_by(text: str) -> Q:
    """What a text finds. Indexes: phone, reversed phone, number, words of the name."""
    if text.upper().startswith("TV-"):
        return Q(number__startswith=text.upper())
    if _DIGITS.fullmatch(text):
        digits = re.sub(r"\D", "", text)
        whole = "+84" + digits[1:] if digits.startswith("0") else f"+{digits}"
        return Q(phone__startswith=whole) | _raw("reverse(loyalty_member.phone) like %s", digits[::-1] + "%")
    words = fold(text).split()
    if not words:
        return Q(pk=None)
    wanted = " & ".join(f"'{word}':*" for word in words)
    return _raw("to_tsvector('simple', loyalty_member.name_key) @@ to_tsquery('simple', %s)", wanted)


def _raw(condition: str, value: str) -> Q:
    return Q(RawSQL(condition, [value], output_field=BooleanField()))  # noqa: S611 - the value is a parameter


# --- all of one -------------------------------------------------------------------------------------------------------


def _progress(row: Member, now: datetime) -> tuple[Progress, str]:
    """How far the member is, and by what it is judged."""
    programme = read_programme()
    figure = figures([row.pk], basis=programme.basis, months=programme.window_months, now=now)[row.pk]
    step = next_step(programme.tiers, tier_view(row.tier) if row.tier else None, figure)
    return Progress(figure, step[0] if step else None, step[1] if step else 0), programme.basis


def _lots(account: Account, now: datetime) -> list[LotView]:
    rows = Lot.objects.filter(account=account, left__gt=0).exclude(expires_at__lte=now)
    return [
        LotView(row.points, row.left, row.held, row.earned_at, last_day(row.expires_at) if row.expires_at else None)
        for row in rows.order_by(F("expires_at").asc(nulls_last=True), "pk")
    ]


def _account_members(account: Account, now: datetime) -> list[AccountMember]:
    since = month_start(now)
    live = Q(state=HoldState.CLAIMED) | Q(state=HoldState.HELD, expires_at__gt=now)
    spent = {
        each["member_id"]: each["points"] - each["back"]
        for each in Hold.objects.filter(live, account=account, created_at__gte=since)
        .values("member_id")
        .annotate(points=Sum("points"), back=Sum("given_back"))
    }
    return [
        AccountMember(
            row.uid, row.number, row.name, row.phone, account.owner_id == row.pk, row.monthly_limit,
            spent.get(row.pk, 0),
        )
        for row in Member.objects.filter(account=account, status=MemberStatus.ACTIVE).order_by("pk")
    ]  # fmt: skip


def get_card(*, actor: Actor, member_id: UUID, now: datetime) -> MemberCard:
    """All of one membership that a page shows; of tier changes and merges the last hundred. Some dozen statements.

    Raises: MayNot, MemberNotFound.
    """
    actor.require("loyalty.view")
    row = _rows().filter(uid=member_id).first()
    if row is None:
        raise MemberNotFound(key=public(MEMBER, member_id))
    shared = row.account.kind != AccountKind.PERSONAL
    changes = TierChange.objects.filter(member=row).order_by("-pk")[:_LINES]
    merges = Merge.objects.filter(Q(survivor=row) | Q(merged=row)).select_related("survivor", "merged")
    return MemberCard(
        member=view(row, now),
        progress=_progress(row, now)[0],
        lots=tuple(_lots(row.account, now)),
        tier_changes=tuple(
            TierChangeView(each.before, each.after, each.reason, each.figure, each.until, each.at) for each in changes
        ),
        consents=tuple(
            ConsentView(each.purpose, each.is_given, each.channel, each.place, each.actor, each.at)
            for each in Consent.objects.filter(member=row).order_by("-pk")[:_LINES]
        ),
        merges=tuple(merge_view(each) for each in merges.order_by("-pk")[:_LINES]),
        account_members=tuple(_account_members(row.account, now)) if shared else (),
    )


def public_card(*, actor: Actor, token: str, now: datetime) -> PublicCard:
    """The card that a link opens; of a merged membership, the one that goes on. Raises: MayNot, MemberNotFound."""
    actor.require("loyalty.view")
    row = _rows().filter(card_token=token).exclude(status=MemberStatus.CLOSED).first()
    while row is not None and row.merged_into_id is not None:
        row = _rows().get(pk=row.merged_into_id)
    if row is None:
        raise MemberNotFound(key="")
    seen = view(row, now)
    progress, basis = _progress(row, now)
    endings: dict[date, int] = {}
    for lot in _lots(row.account, now):
        if lot.last_day is not None:
            endings[lot.last_day] = endings.get(lot.last_day, 0) + lot.left
    return PublicCard(
        number=row.number,
        given_name=row.name.split()[-1],
        tier=seen.tier,
        tier_until=seen.tier_until,
        points=seen.points,
        owed=seen.owed,
        progress=progress,
        basis=basis,
        endings=tuple(Ending(points, day) for day, points in list(endings.items())[:3]),
    )


def count_by_tier(*, actor: Actor) -> dict[str, int]:
    """How many active members each tier has, by code; "" for those without one. One statement. Raises: MayNot."""
    actor.require("loyalty.view")
    rows = Member.objects.filter(status=MemberStatus.ACTIVE).values_list("tier__code").annotate(Count("id")).order_by()
    return {code or "": count for code, count in rows}
