"""Promotions and vouchers, as their pages show them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from mekong.foundation.actor import Actor
from mekong.pricing.contracts.lists import BatchCodes, BatchRow, FoundCode, PromotionView, VoucherView
from mekong.pricing.errors import BatchNotFound, PromotionNotFound
from mekong.pricing.models import Allowance, CodeBatch, Promotion, PromotionState, Redemption, RedemptionState, Voucher
from mekong.pricing.rules import codes


def promotion_views(rows: Sequence[Promotion]) -> list[PromotionView]:
    """Two SQL statements however many there are."""
    ids = [row.id for row in rows]
    allowances = {each.promotion_id: each for each in Allowance.objects.filter(promotion_id__in=ids)}
    vouchers = dict(
        Voucher.objects.filter(promotion_id__in=ids)
        .values("promotion_id")
        .annotate(n=Count("id"))
        .values_list("promotion_id", "n")
    )
    found = []
    for row in rows:
        allowance = allowances.get(row.id)
        found.append(
            PromotionView(
                code=row.code, name=row.name, effect=row.effect, note=row.note, goods=row.goods, audience=row.audience,
                starts_at=row.starts_at, ends_at=row.ends_at, needs_code=row.needs_code, layer=row.layer,
                priority=row.priority, is_exclusive=row.is_exclusive, least_units=row.least_units,
                least_minor=row.least_minor, most_uses=row.most_uses, most_per_person=row.most_per_person,
                budget_minor=row.budget_minor, id=row.id, uid=row.uid, state=row.state,
                uses=allowance.uses if allowance else 0, spent_minor=allowance.spent_minor if allowance else 0,
                vouchers=vouchers.get(row.id, 0), updated_at=row.updated_at,
            )
        )  # fmt: skip
    return found


def list_promotions(
    *, actor: Actor, state: str = "", text: str = "", after: int | None = None, limit: int = 50
) -> list[PromotionView]:
    """Promotions, the newest first, from the one after `after` on. Raises: MayNot."""
    actor.require("pricing.view")
    rows = Promotion.objects.order_by("-id")
    if state:
        rows = rows.filter(state=state)
    if text := text.replace("\0", ""):
        rows = rows.filter(Q(code__icontains=text) | Q(name__icontains=text))
    if after is not None:
        rows = rows.filter(id__lt=after)
    return promotion_views(list(rows[:limit]))


def get_promotion(*, actor: Actor, promotion_id: int | None = None, code: str = "") -> PromotionView:
    """A promotion by its id, or by its code without regard to case. Raises: MayNot, PromotionNotFound."""
    actor.require("pricing.view")
    wanted = {"id": promotion_id} if promotion_id is not None else {"code": code.replace("\0", "").strip().upper()}
    row = Promotion.objects.filter(**wanted).first()
    if row is None:
        raise PromotionNotFound(key=code or promotion_id)
    return promotion_views([row])[0]


def promotions_by_id(*, ids: Collection[int]) -> dict[int, str]:
    """Names of promotions. One SQL statement."""
    return dict(Promotion.objects.filter(id__in=list(ids)).values_list("id", "name"))


def list_vouchers(
    *, actor: Actor, promotion_id: int | None = None, text: str = "", after: int | None = None, limit: int = 50
) -> list[VoucherView]:
    """Vouchers, the newest first. `text`: the beginning of a code, or a person. Raises: MayNot."""
    actor.require("vouchers.issue")
    rows = Voucher.objects.select_related("promotion").order_by("-id")
    if promotion_id is not None:
        rows = rows.filter(promotion_id=promotion_id)
    if text := text.replace("\0", ""):
        rows = rows.filter(Q(code__startswith=codes.normalise(text)) | Q(person=text))
    if after is not None:
        rows = rows.filter(id__lt=after)
    return [
        VoucherView(
            row.id, row.code, row.promotion_id, row.promotion.name, row.person, row.most_uses, row.uses, row.expires_at,
            row.is_blocked, row.created_at,
        )
        for row in rows[:limit]
    ]  # fmt: skip


def find_codes(*, typed: Collection[str], person: str = "", checkout: str = "", now: datetime) -> list[FoundCode]:
    """What vouchers shown at a checkout open, each code once, in order. Two SQL statements.

    A code that is used up, over, blocked or somebody else's opens nothing, as one that does not exist. What this checkout
    holds of it, and what others held too long, is there to be had.
    """
    wanted = sorted({code for each in typed if (code := codes.normalise(each))})
    if not wanted:
        return []
    rows = {
        row.code: row
        for row in Voucher.objects.select_related("promotion").filter(code__in=[code[:40] for code in wanted])
    }
    known = set(rows)
    rows = {code: row for code, row in rows.items() if row.promotion.state == PromotionState.ACTIVE}
    idle = Redemption.objects.filter(voucher__in=rows.values(), state=RedemptionState.HELD).filter(
        Q(expires_at__lte=now) | Q(reference=checkout, reference__gt="")
    )
    free = dict(idle.values("voucher_id").annotate(n=Count("id")).values_list("voucher_id", "n"))
    found = []
    for code in wanted:
        row = rows.get(code)
        is_good = (
            row is not None
            and not row.is_blocked
            and (row.expires_at is None or row.expires_at > now)
            and (row.most_uses is None or row.uses - free.get(row.id, 0) < row.most_uses)
            and row.person in ("", person)
        )
        if row is not None and is_good:
            found.append(FoundCode(code, row.id, row.promotion_id, is_known=True))
        else:
            found.append(FoundCode(code, 0, 0, is_known=code in known))
    return found


def batch_codes(*, actor: Actor, batch: UUID) -> BatchCodes:
    """A batch of vouchers with its codes, in the order they were made. Two SQL statements.

    Raises: MayNot, BatchNotFound.
    """
    actor.require("vouchers.issue")
    row = CodeBatch.objects.select_related("promotion").filter(uid=batch).first()
    if row is None:
        raise BatchNotFound(key=batch)
    found = list(Voucher.objects.filter(batch=row).order_by("id").values_list("code", "expires_at"))
    return BatchCodes(row.promotion.code, row.name, [code for code, _ in found], found[0][1] if found else None)


def written_code(code: str) -> str:
    """A voucher's code as people read it: one of its own in groups, a shared one as it is."""
    return codes.written(code, codes.VOUCHER) if codes.shape_of(code) is codes.VOUCHER else code


def voucher_batches(*, actor: Actor, promotion_id: int, limit: int = 50) -> list[BatchRow]:
    """Batches of vouchers of a promotion, the newest first. Raises: MayNot."""
    actor.require("vouchers.issue")
    rows = CodeBatch.objects.filter(promotion_id=promotion_id).order_by("-id")[:limit]
    return [BatchRow(row.uid, row.name, row.count, row.created_at) for row in rows]
