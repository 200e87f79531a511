"""What a promotion would have cost on past orders, to the đồng."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import VariantChange
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot
from mekong.orders import commands as orders
from mekong.orders.contracts import OfferPreview
from mekong.orders.models import SalesOrder
from mekong.orders.queries import preview_offer
from mekong.pricing.models import Allowance
from tests.support.offers import a_promotion
from tests.support.orders import a_draft, accept, an_order
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
TEN = {"kind": "percent_off", "off_bp": 1000}


@pytest.fixture
def goods() -> None:
    """A shirt of 100.000 that costs 60.000, a hat of 50.000 whose cost nobody knows."""
    a_location("KHO")
    for sku, price in (("AO", 100_000), ("MU", 50_000)):
        stock(a_variant(sku, price=price), "KHO", 100)
    cost("AO", 60_000)


def cost(sku: str, cost_minor: int | None) -> None:
    from mekong.catalog.queries import variants_by_sku

    variant = variants_by_sku(actor=SYSTEM, skus=[sku])[sku].id
    catalog.update_variant(actor=SYSTEM, variant_id=variant, change=VariantChange(cost_minor=cost_minor), now=NOON)


def preview(effect: Mapping[str, Any], actor: Actor = SYSTEM, **more: Any) -> OfferPreview:
    state = more.pop("state", "draft")
    window = {name: more.pop(name) for name in ("starts_at", "ends_at", "most") if name in more}
    made = a_promotion("KM", effect, state=state, **more)
    return again(made.id, actor, **window)


def again(promotion: int, actor: Actor = SYSTEM, **window: Any) -> OfferPreview:
    said = {
        "starts_at": NOON - timedelta(days=30),
        "ends_at": NOON + timedelta(days=1),
        "channels": ["web", "store"],
        **window,
    }
    return preview_offer(actor=actor, promotion_id=promotion, **said)


def test_cost_share_margin_and_uplift_are_exact(goods: None) -> None:
    an_order(("AO", 2))
    an_order(("AO", 1), shipping_fee_minor=20_000)
    an_order(("MU", 1))
    an_order(("AO", 1), ("MU", 1))
    found = preview(TEN, goods=only("AO"))
    # 4 shirts at 10.000 less; revenue 200 + 120 + 50 + 150 thousand.
    assert (found.orders, found.met, found.benefit_minor, found.cost_minor) == (4, 3, 40_000, 40_000)
    assert (found.revenue_minor, found.share_bp) == (520_000, 770)
    # Known: 2 shirts, and one with delivery: 80 + 60 thousand before, 30 thousand less with it; 30 ÷ 110 rounded up.
    assert (found.known, found.margin_before_minor, found.margin_after_minor) == (2, 140_000, 110_000)
    assert found.uplift_bp == 2_728
    assert (found.assumed, found.is_cut) == ((), False)
    assert Allowance.objects.get().uses == 0


def only(*skus: str) -> dict[str, list[str]]:
    from mekong.pricing.queries import keys_of_goods

    return keys_of_goods({"skus": list(skus)})


def test_what_runs_already_is_compared_with_its_absence(goods: None) -> None:
    running = a_promotion("KM", TEN, goods=only("AO"))
    an_order(("AO", 1))
    assert SalesOrder.objects.get().total_minor == 90_000
    found = again(running.id)
    assert (found.met, found.revenue_minor, found.cost_minor) == (1, 100_000, 10_000)


def test_another_offer_that_would_have_come_instead_makes_it_cheaper(goods: None) -> None:
    a_promotion("KM6", {"kind": "percent_off", "off_bp": 600}, goods=only("AO"))
    an_order(("AO", 1))
    found = preview(TEN, goods=only("AO"))
    assert (found.benefit_minor, found.cost_minor, found.revenue_minor) == (10_000, 4_000, 94_000)


def test_no_number_of_orders_earns_again_what_loses_money(goods: None) -> None:
    an_order(("AO", 1))
    found = preview({"kind": "percent_off", "off_bp": 5_000})
    assert (found.margin_before_minor, found.margin_after_minor, found.uplift_bp) == (40_000, -10_000, None)


def test_a_gift_costs_what_it_cost_or_is_worth(goods: None) -> None:
    from mekong.pricing.queries import keys_of_effect

    an_order(("AO", 1))
    effect = keys_of_effect({"kind": "gift", "sku": "MU", "units": 1})
    found = preview(effect, least_minor=100_000)
    assert (found.met, found.benefit_minor, found.cost_minor, found.margin_after_minor) == (1, 50_000, 50_000, -10_000)
    cost("MU", 20_000)
    found = preview_of_same(found)
    assert (found.cost_minor, found.margin_after_minor, found.uplift_bp) == (20_000, 20_000, 10_000)


def preview_of_same(_: OfferPreview) -> OfferPreview:
    from mekong.pricing.models import Promotion
    from mekong.pricing.shelf import shelf

    shelf.clear()
    return again(Promotion.objects.get().id)


def test_limits_hold_oldest_order_first(goods: None) -> None:
    for hour in range(3):
        an_order(("AO", hour + 1), now=NOON + timedelta(hours=hour), customer_phone="0901234567")
    found = preview(TEN, most_uses=2)
    assert (found.orders, found.met, found.cost_minor) == (3, 2, 30_000)
    for limit, met, spent in (({"budget_minor": 25_000}, 1, 10_000), ({"most_per_person": 1}, 1, 10_000)):
        promotion = a_promotion(f"KM-{met}-{next(iter(limit))}", TEN, state="draft", **limit)
        found = again(promotion.id)
        assert (found.met, found.cost_minor) == (met, spent)


def test_only_orders_of_the_time_and_channels_count_and_no_cancelled_ones(goods: None) -> None:
    an_order(("AO", 1), now=NOON - timedelta(days=40))
    an_order(("AO", 1), now=NOON + timedelta(days=2))
    orders.cancel_order(actor=SYSTEM, code=an_order(("AO", 1)), reason="other", now=NOON)
    from mekong.catalog.queries import variants_by_sku

    accept(a_draft((variants_by_sku(actor=SYSTEM, skus=["AO"])["AO"].id, 1)))
    an_order(("AO", 1), channel="store")
    found = preview(TEN)
    assert (found.orders, found.met) == (1, 1)


def test_dates_are_left_out_and_what_is_not_known_is_assumed_and_said(goods: None) -> None:
    an_order(("AO", 1))
    found = preview(
        TEN, starts_at=NOON - timedelta(days=30), needs_code=True, audience={"tiers": ["vang"], "channels": ["web"]}
    )
    assert (found.met, found.assumed) == (1, ("tiers", "needs_code"))
    late = a_promotion("KM2", TEN, state="draft")
    from mekong.pricing.models import Promotion

    Promotion.objects.filter(id=late.id).update(starts_at=datetime(2099, 1, 1, tzinfo=NOON.tzinfo))
    assert again(late.id).met == 1


def test_prices_by_hand_stay_and_gifts_are_no_part_of_the_basket(goods: None) -> None:
    wanted = orders.Asked(channel="web", lines=[orders.AskedLine("AO", 1, 80_000), orders.AskedLine("AO", 1)])
    orders.place_order(actor=SYSTEM, asked=wanted, now=NOON)
    found = preview(TEN)
    assert (found.revenue_minor, found.cost_minor) == (180_000, 10_000)


def test_the_newest_are_looked_at_and_it_is_said_that_there_are_more(goods: None) -> None:
    for hour in range(3):
        an_order(("AO", hour + 1), now=NOON + timedelta(hours=hour))
    found = preview(TEN, most=2)
    assert (found.orders, found.cost_minor, found.is_cut) == (2, 50_000, True)


def test_costs_are_for_those_who_may_see_them_and_reports_are_asked_for(goods: None) -> None:
    an_order(("AO", 1))
    seer = an_actor("pricing.view", "reports.view", "orders.view")
    found = preview(TEN, seer)
    assert (found.cost_minor, found.margin_before_minor, found.margin_after_minor, found.uplift_bp, found.known) == (
        10_000, None, None, None, 0,
    )  # fmt: skip
    for rights in (("pricing.view",), ("reports.view",)):
        with pytest.raises(MayNot):
            preview_offer(
                actor=an_actor(*rights),
                promotion_id=1,
                channels=["web"],
                starts_at=NOON,
                ends_at=NOON + timedelta(days=1),
            )
