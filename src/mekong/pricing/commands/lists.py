"""Price lists, their prices, and the policy of prices."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.permissions import ROLES
from mekong.pricing.commands.telling import tell
from mekong.pricing.contracts.lists import EntryLine, ListDraft, ListView
from mekong.pricing.errors import CodeTaken, PriceListInvalid, PriceListNotFound
from mekong.pricing.models import HandLimit, PriceEntry, PriceList, PricePolicy
from mekong.pricing.queries.lists import list_view
from mekong.pricing.rules.amounts import WHOLE_BP
from mekong.pricing.rules.checking import check_list
from mekong.pricing.rules.forms import Malformed
from mekong.pricing.shelf import list_of

CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}")
MOST_LINES = 50_000
MOST_MINOR = 10**12


@command
def save_price_list(*, actor: Actor, draft: ListDraft, list_id: int | None = None, now: datetime) -> ListView:
    """Make a price list, or change the one with this id. Raises: MayNot, PriceListInvalid, PriceListNotFound, CodeTaken."""
    actor.require("pricing.manage")
    row = PriceList(created_by=actor.ref, created_at=now) if list_id is None else lock_list(list_id)
    for each in dataclasses.fields(ListDraft):
        setattr(row, each.name, getattr(draft, each.name))
    row.code, row.name, row.updated_at = draft.code.strip().upper(), draft.name.strip(), now
    row.audience = dict(draft.audience)
    _check(row)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as clash:
        raise CodeTaken(field="code", key=row.code) from clash
    tell(actor, "list", row.code, now)
    return list_view(row)


def _check(row: PriceList) -> None:
    if not CODE.fullmatch(row.code):
        raise PriceListInvalid(field="code", problem="Use 1 to 40 letters A to Z, digits, dots and dashes.")
    if not 0 < len(row.name) <= 120:
        raise PriceListInvalid(field="name", problem="Give it a name of at most 120 letters.")
    if not re.fullmatch(r"[A-Z]{3}", row.currency):
        raise PriceListInvalid(field="currency", problem="Use the three letters of a currency, such as VND.")
    if not -1000 <= row.priority <= 1000:
        raise PriceListInvalid(field="priority", problem="From {least} to {most}.", least=-1000, most=1000)
    try:
        check_list(list_of(row))
    except Malformed as wrong:
        raise PriceListInvalid(field=wrong.field, problem=wrong.problem, **wrong.params) from wrong


def lock_list(list_id: int) -> PriceList:
    """Raises: PriceListNotFound."""
    row = PriceList.objects.select_for_update().filter(id=list_id).first()
    if row is None:
        raise PriceListNotFound(key=list_id)
    return row


@command
def set_entries(*, actor: Actor, list_id: int, lines: Sequence[EntryLine], now: datetime) -> int:
    """Set prices of a list, all or none: how many steps are other than before. Up to 50,000 lines, set-based.

    Steps of a SKU that no line names stay; a price of None takes a step away. Safe to repeat.
    Raises: MayNot, PriceListNotFound, PriceListInvalid naming the line.
    """
    actor.require("pricing.manage")
    row = lock_list(list_id)
    gone, put = plan_entries(list_id, lines, row.currency)
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(
                """delete from pricing_priceentry e using unnest(%s::bigint[], %s::int[]) g(variant, units)
                    where e.price_list_id = %s and e.variant_id = g.variant and e.from_units = g.units""",
                [[each[0] for each in gone], [each[1] for each in gone], list_id],
            )
        if put:
            cursor.execute(
                """insert into pricing_priceentry (price_list_id, variant_id, from_units, price_minor)
                   select %s, p.variant, p.units, p.price
                     from unnest(%s::bigint[], %s::int[], %s::bigint[]) p(variant, units, price)
                   on conflict (variant_id, price_list_id, from_units) do update set price_minor = excluded.price_minor""",
                [list_id, [each[0] for each in put], [each[1] for each in put], list(put.values())],
            )
    if gone or put:
        PriceList.objects.filter(id=list_id).update(updated_at=now)
        tell(actor, "list", row.code, now)
    return len(gone) + len(put)


def plan_entries(
    list_id: int, lines: Sequence[EntryLine], currency: str
) -> tuple[list[tuple[int, int]], dict[tuple[int, int], int]]:
    """What setting these prices takes away and puts in, by variant and step. Raises: PriceListInvalid naming the line."""
    wanted = _wanted(lines, currency)
    there = _there(list_id, {variant for variant, _ in wanted})
    gone = [key for key, price in wanted.items() if price is None and key in there]
    put = {key: price for key, price in wanted.items() if price is not None and there.get(key) != price}
    return gone, put


def _wanted(lines: Sequence[EntryLine], currency: str) -> dict[tuple[int, int], int | None]:
    if len(lines) > MOST_LINES:
        raise PriceListInvalid(
            field="lines", problem="At most {most} lines at once. Send them in parts.", most=MOST_LINES
        )
    views = catalog.variants_by_sku(actor=SYSTEM, skus={line.sku for line in lines})
    wanted: dict[tuple[int, int], int | None] = {}
    for place, line in enumerate(lines):
        view = views.get(line.sku)
        if view is None:
            raise PriceListInvalid(field=f"lines[{place}].sku", problem="There is no SKU {sku}.", sku=line.sku)
        if view.currency != currency:
            raise PriceListInvalid(
                field=f"lines[{place}].sku", problem="{sku} is sold in {its}, the list is in {currency}.",
                sku=line.sku, its=view.currency, currency=currency,
            )  # fmt: skip
        if not 1 <= line.from_units <= 1_000_000:
            raise PriceListInvalid(
                field=f"lines[{place}].from_units", problem="From {least} to {most}.", least=1, most=1_000_000
            )
        if line.price_minor is not None and not 0 <= line.price_minor <= MOST_MINOR:
            raise PriceListInvalid(
                field=f"lines[{place}].price_minor", problem="From {least} to {most}.", least=0, most=MOST_MINOR
            )
        key = (view.id, line.from_units)
        if key in wanted and wanted[key] != line.price_minor:
            raise PriceListInvalid(
                field=f"lines[{place}].sku", problem="{sku} has two prices from {units} units on. Keep one.",
                sku=line.sku, units=line.from_units,
            )  # fmt: skip
        wanted[key] = line.price_minor
    return wanted


def _there(list_id: int, variants: Collection[int]) -> dict[tuple[int, int], int]:
    rows = PriceEntry.objects.filter(price_list_id=list_id, variant_id__in=list(variants))
    return {
        (variant, units): price for variant, units, price in rows.values_list("variant_id", "from_units", "price_minor")
    }


@command
def set_price_policy(*, actor: Actor, guard_bp: int | None, now: datetime) -> None:
    """Set the price floor: nothing is discounted below cost and so much of it (None: no floor).

    Raises: MayNot, PriceListInvalid.
    """
    actor.require("pricing.manage")
    if guard_bp is not None and not 0 <= guard_bp <= 10 * WHOLE_BP:
        raise PriceListInvalid(field="guard_bp", problem="From {least} to {most}.", least=0, most=10 * WHOLE_BP)
    PricePolicy.objects.filter(id=1).update(guard_bp=guard_bp)
    tell(actor, "policy", "", now)


@command
def set_hand_limits(*, actor: Actor, limits: Mapping[str, int | None]) -> None:
    """Set how much people of each role may take off by hand, in basis points; None: no limit.

    Raises: MayNot, PriceListInvalid.
    """
    actor.require("pricing.manage")
    for role, most_bp in limits.items():
        if role not in ROLES:
            raise PriceListInvalid(
                field=f"hand_limits.{role}", problem="There is no such role. Use: {known}.", known=", ".join(ROLES)
            )
        if most_bp is not None and not 0 <= most_bp <= WHOLE_BP:
            raise PriceListInvalid(
                field=f"hand_limits.{role}", problem="From {least} to {most}.", least=0, most=WHOLE_BP
            )
    for role, most_bp in limits.items():
        if most_bp is None:
            HandLimit.objects.filter(role=role).delete()
        else:
            HandLimit.objects.update_or_create(role=role, defaults={"most_bp": most_bp})


@command
def set_policy(*, actor: Actor, guard_bp: int | None, limits: Mapping[str, int | None], now: datetime) -> None:
    """Set the price floor and the limits of discounts by hand, both or neither. Raises: MayNot, PriceListInvalid."""
    set_price_policy(actor=actor, guard_bp=guard_bp, now=now)
    set_hand_limits(actor=actor, limits=limits)
