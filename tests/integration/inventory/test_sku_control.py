"""The standing limit of one SKU on a channel: set in place of the last, taken away, and two people at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.inventory import commands, queries
from mekong.inventory.errors import ControlInvalid, ControlMoved
from mekong.inventory.models import StockControl
from tests.support.people import an_actor

pytestmark = pytest.mark.django_db


def limit(kind: str, amount: int = 0, **more: object) -> object:
    return commands.set_sku_control(
        actor=more.pop("actor", SYSTEM), channel="sp", sku="AO-1", kind=kind, amount=amount, **more  # type: ignore[arg-type]
    )  # fmt: skip


def standing() -> list[tuple[str, int]]:
    return list(StockControl.objects.order_by("id").values_list("kind", "amount"))


def test_a_limit_takes_the_place_of_the_last_and_goes_away() -> None:
    limit("cap", 12, seen=None)
    limit("share", 3000, seen=("cap", 12))
    assert standing() == [("share", 3000)]
    found = queries.sku_controls(actor=SYSTEM, skus=["ao-1", "AO-2"])
    assert [(key, each.kind, each.amount) for key, each in found.items()] == [(("sp", "ao-1"), "share", 3000)]
    assert limit("", seen=("share", 3000)) is None
    assert standing() == []
    assert limit("") is None


def test_the_same_again_keeps_what_was_counted() -> None:
    limit("cap", 12)
    StockControl.objects.update(used=5)
    limit("cap", 12, seen=None)
    assert StockControl.objects.get().used == 5


def test_limits_with_a_time_stay() -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    commands.set_control(actor=SYSTEM, channel="sp", scope="sku", kind="cap", target="AO-1", amount=1, ends_at=ends)
    limit("cap", 12)
    limit("")
    assert standing() == [("cap", 1)]


def test_what_is_refused_changes_nothing() -> None:
    limit("cap", 12)
    with pytest.raises(MayNot):
        limit("cap", 1, actor=an_actor("inventory.view"))
    with pytest.raises(ControlInvalid):
        limit("share", 10_001)
    with pytest.raises(ControlInvalid):
        limit("half", 1)
    with pytest.raises(ControlMoved) as moved:
        limit("cap", 1, seen=None)
    assert moved.value.params["current"] == ("cap", 12)
    assert standing() == [("cap", 12)]
    with pytest.raises(MayNot):
        queries.sku_controls(actor=an_actor("catalog.view"), skus=["AO-1"])
    with pytest.raises(MayNot):
        queries.stock_sums(actor=an_actor("catalog.view"), variant_ids=[1])


def test_sums_are_of_the_places_one_works_at() -> None:
    from mekong.catalog.queries import variants_by_sku
    from mekong.inventory.contracts import AdjustmentLine
    from tests.integration.catalog.builders import a_product, a_variant

    a_product(a_variant("AO-1"))
    variant = variants_by_sku(actor=SYSTEM, skus=["AO-1"])["AO-1"].id
    places = {}
    for code, units in (("KHO-A", 7), ("KHO-B", 5)):
        made = commands.create_location(actor=SYSTEM, code=code, name=code, kind="warehouse", priority=1)
        places[code] = made.id
        lines = [AdjustmentLine(variant, units)]
        commands.adjust_stock(actor=SYSTEM, location=code, reason="opening", lines=lines, now=datetime.now(UTC))
    there = an_actor("inventory.view", locations=[places["KHO-A"]])
    assert queries.stock_sums(actor=there, variant_ids=[variant]) == {variant: (7, 0)}
    assert queries.stock_sums(actor=SYSTEM, variant_ids=[variant, 10**9]) == {variant: (12, 0)}
