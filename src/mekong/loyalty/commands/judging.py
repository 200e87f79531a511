"""Tiers of members who are locked: what counts, and the change with its line in the trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mekong.foundation.actor import Actor
from mekong.foundation.events import emit
from mekong.foundation.ids import public
from mekong.loyalty.contracts import TierView
from mekong.loyalty.events import TierChanged
from mekong.loyalty.models import Member, Tier, TierChange
from mekong.loyalty.queries.programme import read_programme, tier_view
from mekong.loyalty.queries.standing import MEMBER, figures
from mekong.loyalty.rules.dates import months_end
from mekong.loyalty.rules.tiers import tier_for


def give_tier(*, actor: Actor, member: Member, tier: TierView | None, reason: str, figure: int, now: datetime) -> None:
    """Set a member's tier, with its validity from now on, whether it is another one or the same."""
    before = member.tier.code if member.tier else ""
    months = tier.validity_months if tier else None
    member.tier = Tier.objects.get(code=tier.code) if tier else None
    member.tier_since = now if tier is None or tier.code != before else member.tier_since
    member.tier_until = None if months is None else months_end(now, months)
    member.save(update_fields=["tier", "tier_since", "tier_until"])
    note_tier(actor=actor, member=member, before=before, reason=reason, figure=figure, now=now)


def note_tier(*, actor: Actor, member: Member, before: str, reason: str, figure: int, now: datetime) -> None:
    """Write down the tier that a member has now."""
    after = member.tier.code if member.tier else ""
    TierChange.objects.create(
        member=member, before=before, after=after, reason=reason, figure=figure, until=member.tier_until,
        actor=actor.ref, at=now,
    )  # fmt: skip
    until = member.tier_until.isoformat() if member.tier_until else ""
    key = public(MEMBER, member.uid)
    emit(actor, TierChanged(key, before, after, reason, until), key=f"member:{member.pk}", now=now)


def reconsider(*, actor: Actor, member: Member, reason: str, now: datetime) -> None:
    """Raise a member at once who has reached more; nobody falls before their tier's validity is over."""
    programme = read_programme()
    if not programme.tiers:
        return
    figure = figure_of(member, now)
    reached = tier_for(programme.tiers, figure)
    if reached is not None and (member.tier is None or reached.rank > member.tier.rank):
        give_tier(actor=actor, member=member, tier=reached, reason=reason, figure=figure, now=now)


def figure_of(member: Member, now: datetime) -> int:
    """What counts for a member's tier now."""
    programme = read_programme()
    found: Mapping[int, int] = figures([member.pk], basis=programme.basis, months=programme.window_months, now=now)
    return found[member.pk]


def tier_of(member: Member) -> TierView | None:
    return tier_view(member.tier) if member.tier else None
