"""Places, variants and stock for tests."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import connection

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewPart, NewProduct, NewVariant
from mekong.foundation import health
from mekong.foundation.actor import SYSTEM
from mekong.inventory import checks as _checks
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine, Held, ReserveRequest, Short
from mekong.inventory.models import StockLevel
from mekong.inventory.policy import Policy
from tests.support.people import NOON

assert _checks  # registers the invariants that `assert_sound` asks

_numbers = itertools.count(1)


def a_location(code: str = "", kind: str = "warehouse", priority: int = 100) -> int:
    """A place that keeps stock; its id."""
    code = code or f"KHO{next(_numbers)}"
    return inventory.create_location(actor=SYSTEM, code=code, name=code, kind=kind, priority=priority).id


def a_variant(
    sku: str = "",
    *,
    price: int = 100_000,
    tracks_lots: bool = False,
    backorder: bool = False,
    parts: Mapping[str, int] | None = None,
    category: str = "",
) -> int:
    """A product of one variant; the variant's id. `parts` by SKU make it a bundle."""
    sku = sku or f"SKU-{next(_numbers)}"
    made = catalog.create_product(
        actor=SYSTEM,
        product=NewProduct(
            name=f"Hàng {sku}",
            category=category,
            variants=(
                NewVariant(
                    sku, price, tracks_lots=tracks_lots, allow_backorder=backorder,
                    parts=tuple(NewPart(part, units) for part, units in (parts or {}).items()),
                ),
            ),
        ),
        now=NOON,
    )  # fmt: skip
    return made.variants[0].id


def stock(variant: int, location: str, units: int, *, lot: str = "", expires_on: date | None = None) -> None:
    """Units put on the shelf at a place, by its code."""
    inventory.adjust_stock(
        actor=SYSTEM, location=location, reason="receipt", now=NOON,
        lines=[AdjustmentLine(variant, units, lot, expires_on)],
    )  # fmt: skip


def asking(
    *lines: tuple[int, int],
    channel: str = "web",
    key: str | None = None,
    now: datetime = NOON,
    ttl_s: int = 900,
    owner: str = "cart",
    is_sold: bool = False,
    location_ids: tuple[int, ...] | None = None,
    listings: Mapping[int, str] | None = None,
) -> ReserveRequest:
    """A request for the engine, checked as the commands check it."""
    return inventory.reservation(
        actor=SYSTEM, channel=channel, owner=owner, lines=lines, ttl_s=ttl_s, now=now, key=key, is_sold=is_sold,
        location_ids=location_ids, listings=listings,
    )  # fmt: skip


def held(answer: object) -> Held:
    """The answer, when it is a hold."""
    assert isinstance(answer, Held), answer
    return answer


def short(answer: object) -> Short:
    """The answer, when it is a refusal."""
    assert isinstance(answer, Short), answer
    return answer


def level(variant: int, location: int) -> tuple[int, int]:
    """(on hand, reserved) of a variant at a place."""
    found = StockLevel.objects.filter(variant_id=variant, location_id=location).values_list("on_hand", "reserved")
    return found[0] if found else (0, 0)


def assert_sound(*, besides: Sequence[str] = ()) -> None:
    """Every invariant of stock and orders that the doctor knows holds."""
    for name, finding in health.run_all(NOON):
        if name.split(".")[0] in {"inventory", "orders"} and name not in besides:
            assert finding.ok, f"{name}: {finding.found}"


def fresh_policy() -> Policy:
    """Supply and controls as they are now."""
    return Policy()


def backend_of_this_thread() -> int:
    """The process id of this thread's database session."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int(cursor.fetchone()[0])
