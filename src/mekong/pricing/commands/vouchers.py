"""Vouchers: codes that open a promotion."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.pricing.commands.card_use import count_failure, let_in
from mekong.pricing.commands.promotions import lock_promotion
from mekong.pricing.contracts.lists import BatchMade, FoundCode
from mekong.pricing.errors import CodeTaken, VoucherInvalid
from mekong.pricing.models import CodeBatch, Promotion, Voucher
from mekong.pricing.queries.promotions import find_codes
from mekong.pricing.rules import codes

MOST_CODES = 50_000
_SHARED = re.compile(r"[A-Z0-9]{3,20}")


@command
def make_vouchers(
    *, actor: Actor, promotion_id: int, count: int, name: str = "", most_uses: int = 1,
    expires_at: datetime | None = None, now: datetime,
) -> BatchMade:  # fmt: skip
    """Make up to 50,000 codes of their own for a promotion; each may be used `most_uses` times.

    Raises: MayNot, PromotionNotFound, VoucherInvalid.
    """
    actor.require("vouchers.issue")
    row = _opened(promotion_id)
    if not 1 <= count <= MOST_CODES:
        raise VoucherInvalid(field="count", problem="From {least} to {most}.", least=1, most=MOST_CODES)
    _check(most_uses, expires_at, now)
    batch = CodeBatch.objects.create(
        promotion=row, name=name.strip()[:120] or row.name, count=count, created_by=actor.ref, created_at=now
    )
    made: list[str] = []
    while missing := count - len(made):
        drawn = {codes.draw(secrets.token_bytes(codes.RANDOM_BYTES), codes.VOUCHER) for _ in range(missing)}
        drawn -= set(Voucher.objects.filter(code__in=drawn).values_list("code", flat=True))
        made += sorted(drawn - set(made))
    Voucher.objects.bulk_create(
        [
            Voucher(code=code, promotion=row, batch=batch, most_uses=most_uses, expires_at=expires_at, created_at=now)
            for code in made
        ],
        batch_size=5000,
    )
    return BatchMade(batch.uid, row.code, batch.name, tuple(made))


@command
def share_code(
    *, actor: Actor, promotion_id: int, code: str, most_uses: int | None = None, expires_at: datetime | None = None,
    now: datetime,
) -> str:  # fmt: skip
    """One code for everybody (TET2027), as often as the promotion lets or `most_uses` times. Safe to repeat.

    Raises: MayNot, PromotionNotFound, VoucherInvalid, CodeTaken.
    """
    actor.require("vouchers.issue")
    row = _opened(promotion_id)
    kept = codes.normalise(code)
    if not _SHARED.fullmatch(kept):
        raise VoucherInvalid(field="code", problem="Use 3 to 20 letters A to Z and digits.")
    if most_uses is not None:
        _check(most_uses, expires_at, now)
    there = Voucher.objects.filter(code=kept).first()
    if there is not None and (there.promotion_id != row.id or there.batch_id is not None):
        raise CodeTaken(field="code", key=kept)
    if there is None:
        try:
            with transaction.atomic():
                Voucher.objects.create(
                    code=kept, promotion=row, most_uses=most_uses, expires_at=expires_at, created_at=now
                )
        except IntegrityError as clash:
            raise CodeTaken(field="code", key=kept) from clash
    return kept


@command
def give_voucher(
    *, actor: Actor, promotion_code: str, person: str, reference: str, expires_at: datetime | None = None, now: datetime
) -> str:
    """One code for one person, who alone may use it, once. The same reference again answers the same code.

    Raises: MayNot, VoucherInvalid.
    """
    actor.require("vouchers.issue")
    row = Promotion.objects.select_for_update().filter(code=promotion_code.strip().upper(), needs_code=True).first()
    if row is None:
        raise VoucherInvalid(
            field="promotion_code", problem="There is no promotion {code} that needs a voucher.", code=promotion_code
        )
    there = Voucher.objects.filter(promotion=row, reference=reference[:120]).first() if reference else None
    if there is not None:
        return there.code
    code = codes.draw(secrets.token_bytes(codes.RANDOM_BYTES), codes.VOUCHER)
    Voucher.objects.create(
        code=code,
        promotion=row,
        person=person,
        reference=reference[:120],
        most_uses=1,
        expires_at=expires_at,
        created_at=now,
    )
    return code


@command
def show_codes(
    *, actor: Actor, typed: Collection[str], who: str, person: str = "", checkout: str = "", now: datetime
) -> list[FoundCode]:
    """What vouchers shown at a checkout open; codes that nobody made are counted against the caller.

    Args:
        who: for whom the actor asks, where it asks for many (a session of the web shop); counted for each.

    Raises: TooManyTries: too many wrong codes of late. Whoever gives right ones is never stopped.
    """
    caller = f"{actor.ref}|{who}"[:200]
    let_in(caller, now)
    found = find_codes(typed=typed, person=person, checkout=checkout, now=now)
    for code in found:
        if not code.is_known:
            count_failure(caller, now)
    return found


class Giver:
    """Gives the vouchers that somebody won."""

    def issue_for(self, *, actor: Actor, promotion_code: str, person: str, reference: str, now: datetime) -> str:
        """The code of a fresh voucher for a person, who alone may use it. Raises: VoucherInvalid."""
        return give_voucher(
            actor=actor, promotion_code=promotion_code, person=person, reference=f"game:{reference}", now=now
        )


@command
def block_voucher(*, actor: Actor, code: str, is_blocked: bool) -> None:
    """Let a code open nothing any more, or again. Safe to repeat. Raises: MayNot, VoucherInvalid."""
    actor.require("vouchers.issue")
    if not Voucher.objects.filter(code=codes.normalise(code)).update(is_blocked=is_blocked):
        raise VoucherInvalid(field="code", problem="There is no voucher with this code.")


def _opened(promotion_id: int) -> Promotion:
    row = lock_promotion(promotion_id)
    if not row.needs_code:
        raise VoucherInvalid(
            field="promotion", problem="“{name}” applies by itself. Have it need a voucher first.", name=row.name
        )
    return row


def _check(most_uses: int, expires_at: datetime | None, now: datetime) -> None:
    if not 1 <= most_uses <= 10**9:
        raise VoucherInvalid(field="most_uses", problem="From {least} to {most}.", least=1, most=10**9)
    if expires_at is not None and expires_at <= now:
        raise VoucherInvalid(field="expires_at", problem="This moment is over. Choose a later end.")
