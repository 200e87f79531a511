"""The daily look at tiers whose validity is over."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.loyalty import ledger
from mekong.loyalty.commands import judging
from mekong.loyalty.models import Member, MemberStatus
from mekong.loyalty.queries.programme import read_programme
from mekong.loyalty.queries.standing import figures
from mekong.loyalty.rules.tiers import after_validity


@command
def review_tiers(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Judge members whose tier's validity is over, and those who have none yet; how many were judged.

    Whoever reached the tier again keeps it for another validity, whoever reached more rises, the others fall as the
    programme says. Repeat until it answers 0. Raises: MayNot.
    """
    actor.require("loyalty.manage")
    programme = read_programme()
    if not programme.tiers:
        return 0
    due = Member.objects.filter(Q(tier_until__lte=now) | Q(tier__isnull=True), status=MemberStatus.ACTIVE)
    keys = list(due.order_by("tier_until", "pk").values_list("pk", flat=True)[:limit])
    if not keys:
        return 0
    members, _ = ledger.lock_members(keys)
    judged = {each.pk: each for each in members}
    found = figures(list(judged), basis=programme.basis, months=programme.window_months, now=now)
    for member in judged.values():
        if member.tier is not None and (member.tier_until is None or member.tier_until > now):
            continue
        current = judging.tier_of(member)
        tier = after_validity(programme.tiers, current, found[member.pk], downgrade=programme.downgrade)
        rank, was = (-1 if each is None else each.rank for each in (tier, current))
        reason = "reached" if rank > was else "kept" if rank == was else "fell"
        judging.give_tier(actor=actor, member=member, tier=tier, reason=reason, figure=found[member.pk], now=now)
    return len(keys)
