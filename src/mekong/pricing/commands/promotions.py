"""Promotions: written down, tried, let go, paused and ended."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from django.db import IntegrityError, transaction

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.pricing.commands.lists import CODE
from mekong.pricing.commands.telling import tell
from mekong.pricing.contracts.lists import PromotionDraft, PromotionView
from mekong.pricing.errors import CodeTaken, PromotionInvalid, PromotionNotFound, PromotionOver
from mekong.pricing.models import Allowance, Promotion, PromotionState
from mekong.pricing.queries.promotions import promotion_views
from mekong.pricing.rules.checking import check_offer
from mekong.pricing.rules.forms import Malformed
from mekong.pricing.shelf import is_over, offer_of

_S = PromotionState
_MAY = {
    _S.DRAFT: {_S.ACTIVE, _S.ENDED},
    _S.ACTIVE: {_S.PAUSED, _S.ENDED},
    _S.PAUSED: {_S.ACTIVE, _S.ENDED},
    _S.ENDED: set(),
}


@command
def save_promotion(
    *, actor: Actor, draft: PromotionDraft, promotion_id: int | None = None, now: datetime
) -> PromotionView:
    """Write a promotion down, or change the one with this id; one that runs is changed for baskets from now on.

    Raises: MayNot, PromotionInvalid naming the field, PromotionNotFound, PromotionOver, CodeTaken.
    """
    actor.require("pricing.manage")
    if promotion_id is None:
        row = Promotion(created_by=actor.ref, created_at=now)
    else:
        row = lock_promotion(promotion_id)
        if is_over(row, now):
            raise PromotionOver(key=row.code)
    for each in dataclasses.fields(PromotionDraft):
        setattr(row, each.name, getattr(draft, each.name))
    row.code, row.name, row.updated_at = draft.code.strip().upper(), draft.name.strip(), now
    row.effect, row.goods, row.audience = dict(draft.effect), dict(draft.goods), dict(draft.audience)
    _check(row, now)
    try:
        with transaction.atomic():
            row.save()
            Allowance.objects.get_or_create(promotion=row)
    except IntegrityError as clash:
        raise CodeTaken(field="code", key=row.code) from clash
    tell(actor, "promotion", row.code, now)
    return promotion_views([row])[0]


def _check(row: Promotion, now: datetime) -> None:
    if not CODE.fullmatch(row.code):
        raise PromotionInvalid(field="code", problem="Use 1 to 40 letters A to Z, digits, dots and dashes.")
    if not 0 < len(row.name) <= 120:
        raise PromotionInvalid(field="name", problem="Give it a name of at most 120 letters.")
    if not -1000 <= row.priority <= 1000:
        raise PromotionInvalid(field="priority", problem="From {least} to {most}.", least=-1000, most=1000)
    if row.ends_at is not None and row.ends_at <= now:
        raise PromotionInvalid(field="ends_at", problem="This moment is over. Choose a later end.")
    try:
        check_offer(
            offer_of(row),
            most_uses=row.most_uses,
            most_per_person=row.most_per_person,
            budget_minor=row.budget_minor,
        )
    except Malformed as wrong:
        raise PromotionInvalid(field=wrong.field, problem=wrong.problem, **wrong.params) from wrong


@command
def turn_promotion(*, actor: Actor, promotion_id: int, state: str, now: datetime) -> PromotionView:
    """Let a promotion run, pause or end it. Safe to repeat. What checkouts took of it stays theirs.

    Raises: MayNot, PromotionNotFound, PromotionOver, PromotionInvalid.
    """
    actor.require("pricing.manage")
    row = lock_promotion(promotion_id)
    if state not in _S.values:
        raise PromotionInvalid(field="state", problem="Use one of: {known}.", known=", ".join(_S.values))
    if row.state == state:
        return promotion_views([row])[0]
    if is_over(row, now) and state != _S.ENDED:
        raise PromotionOver(key=row.code)
    if state not in _MAY[PromotionState(row.state)]:
        raise PromotionInvalid(field="state", problem="It cannot go from {now} to {then}.", now=row.state, then=state)
    row.state, row.updated_at = state, now
    row.save(update_fields=["state", "updated_at"])
    tell(actor, "promotion", row.code, now)
    return promotion_views([row])[0]


def lock_promotion(promotion_id: int) -> Promotion:
    """Raises: PromotionNotFound."""
    row = Promotion.objects.select_for_update().filter(id=promotion_id).first()
    if row is None:
        raise PromotionNotFound(key=promotion_id)
    return row
