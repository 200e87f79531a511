"""Price lists and their prices, as their pages show them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, QuerySet

from mekong.foundation.actor import Actor
from mekong.pricing.contracts.basket import Step
from mekong.pricing.contracts.lists import EntryView, ListView
from mekong.pricing.errors import PriceListNotFound
from mekong.pricing.models import HandLimit, PriceEntry, PriceList, PricePolicy
from mekong.pricing.rules.amounts import floor_of


def list_view(row: PriceList, entries: int | None = None) -> ListView:
    if entries is None:
        entries = PriceEntry.objects.filter(price_list_id=row.id).values("variant_id").distinct().count()
    return ListView(
        code=row.code, name=row.name, currency=row.currency, priority=row.priority, is_sale=row.is_sale,
        is_net=row.is_net, adjust_bp=row.adjust_bp, audience=row.audience, starts_at=row.starts_at, ends_at=row.ends_at,
        is_active=row.is_active, id=row.id, uid=row.uid, entries=entries, updated_at=row.updated_at,
    )  # fmt: skip


def list_price_lists(*, actor: Actor) -> list[ListView]:
    """All price lists, those in use first, by priority. Two SQL statements. Raises: MayNot."""
    actor.require("pricing.view")
    counts = dict(
        PriceEntry.objects.values("price_list_id")
        .annotate(n=Count("variant_id", distinct=True))
        .values_list("price_list_id", "n")
    )
    rows: QuerySet[PriceList] = PriceList.objects.order_by("-is_active", "is_sale", "-priority", "code")
    return [list_view(row, counts.get(row.id, 0)) for row in rows]


def get_price_list(*, actor: Actor, list_id: int | None = None, code: str = "") -> ListView:
    """A price list by its id, or by its code without regard to case. Raises: MayNot, PriceListNotFound."""
    actor.require("pricing.view")
    wanted = {"id": list_id} if list_id is not None else {"code": code.replace("\0", "").strip().upper()}
    row = PriceList.objects.filter(**wanted).first()
    if row is None:
        raise PriceListNotFound(key=code or list_id)
    return list_view(row)


def list_entries(
    *, actor: Actor, list_id: int, variant_ids: Collection[int] | None = None, after: int = 0, limit: int = 500
) -> list[EntryView]:
    """Prices of a list by variant and step, from the variant after `after` on. Raises: MayNot."""
    actor.require("pricing.view")
    rows = PriceEntry.objects.filter(price_list_id=list_id, variant_id__gt=after)
    if variant_ids is not None:
        rows = rows.filter(variant_id__in=list(variant_ids))
    found = rows.order_by("variant_id", "from_units").values_list("variant_id", "from_units", "price_minor")
    return [EntryView(*row) for row in found[:limit]]


def unit_floor(*, cost_minor: int | None, guard_bp: int | None) -> int | None:
    """The least that a unit may be sold for without a manager; None without a floor or a known cost."""
    return None if cost_minor is None or guard_bp is None else floor_of(cost_minor, guard_bp)


def price_guard(*, actor: Actor) -> int | None:
    """The price floor in basis points above cost; None: none. Raises: MayNot."""
    actor.require("pricing.view")
    return PricePolicy.objects.values_list("guard_bp", flat=True).get()


def hand_limits(*, actor: Actor) -> dict[str, int]:
    """How much people of a role may take off by hand, in basis points; roles without a limit are left out. Raises: MayNot."""
    actor.require("pricing.view")
    return dict(HandLimit.objects.values_list("role", "most_bp"))


def hand_limit_of(*, roles: Collection[str]) -> int | None:
    """The most that somebody of these roles may take off by hand; None: no limit. The most generous role counts."""
    limits = dict(HandLimit.objects.filter(role__in=list(roles)).values_list("role", "most_bp"))
    found = [limits.get(role) for role in roles]
    return None if not found or None in found else max(each for each in found if each is not None)


def list_priced(
    *, actor: Actor, list_id: int, variant_ids: Collection[int] | None = None, after: int = 0, limit: int = 50
) -> list[tuple[int, tuple[Step, ...]]]:
    """Variants of a list with all their steps, by variant id, from the one after `after` on. Two SQL statements.

    `variant_ids`: of these alone, those without a price left out. Raises: MayNot.
    """
    actor.require("pricing.view")
    rows = PriceEntry.objects.filter(price_list_id=list_id, variant_id__gt=after)
    if variant_ids is not None:
        rows = rows.filter(variant_id__in=list(variant_ids))
    ids = list(rows.order_by("variant_id").values_list("variant_id", flat=True).distinct()[:limit])
    found: dict[int, list[Step]] = {each: [] for each in ids}
    steps = PriceEntry.objects.filter(price_list_id=list_id, variant_id__in=ids).order_by("variant_id", "from_units")
    for variant, units, price in steps.values_list("variant_id", "from_units", "price_minor"):
        found[variant].append(Step(units, price))
    return [(variant, tuple(each)) for variant, each in found.items()]
