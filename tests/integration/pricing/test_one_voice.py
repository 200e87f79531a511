"""The same basket costs the same however it comes in: told at the till and on the web, ordered by API and by command, sold by a
marketplace at the price that was pushed to it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.catalog.queries import variants_by_id, variants_by_sku
from mekong.foundation.actor import SYSTEM
from mekong.orders import commands as orders
from mekong.orders.commands import Asked, AskedLine
from mekong.orders.contracts import DraftLine, OrderDraft
from mekong.orders.queries import get_order
from mekong.pricing.queries import shown_prices
from tests.support.asgi import a_door
from tests.support.offers import a_list, a_promotion
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
SKUS = ("AO", "VAY", "GIAY", "NON", "TUI")
CHANNELS = ("store", "web", "phone")


def furnish(chance: random.Random) -> None:
    """Lists and offers of many kinds, most of them for some channels only."""

    def audience() -> dict[str, Any]:
        return {"channels": sorted(chance.sample(CHANNELS, chance.randint(1, 2)))} if chance.random() < 0.5 else {}

    ids = {view.sku: view.id for view in variants_by_sku(actor=SYSTEM, skus=SKUS).values()}
    for number in range(3):
        prices = {sku: chance.randrange(10, 400) * 1000 for sku in chance.sample(SKUS, 2)}
        a_list(f"L{number}", prices, priority=number, is_sale=number == 2, is_net=number == 1, audience=audience())
    goods = {"items": [f"v{ids[sku]}" for sku in chance.sample(SKUS, 3)]}
    effects = [
        {"kind": "percent_off", "off_bp": chance.randrange(1, 60) * 100},
        {"kind": "nth_item", "group": 3, "last": 1, "off_bp": 10_000},
        {"kind": "set_price", "units": 2, "price_minor": chance.randrange(50, 300) * 1000},
        {"kind": "amount_off", "off_minor": chance.randrange(1, 90) * 500},
    ]
    for number, effect in enumerate(chance.sample(effects, 3)):
        a_promotion(f"M{number}", effect, goods=goods, audience=audience(), priority=chance.randrange(3))
    a_promotion("B1", {"kind": "basket_percent", "off_bp": 700}, layer=2, least_minor=300_000, audience=audience())
    a_promotion("B2", {"kind": "basket_amount", "off_minor": 33_333}, layer=3, is_exclusive=chance.random() < 0.3)
    a_promotion("B3", {"kind": "delivery_off", "off_bp": 5000}, layer=4, least_minor=500_000)


@pytest.mark.parametrize("seed", range(12))
def test_a_basket_costs_the_same_by_every_way_in(seed: int) -> None:
    chance = random.Random(seed)
    a_location("HN")
    for sku in SKUS:
        stock(a_variant(sku, price=chance.randrange(20, 500) * 1000), "HN", 500)
    furnish(chance)
    door = a_door()
    for _ in range(3):
        lines = [(sku, chance.randint(1, 4)) for sku in chance.sample(SKUS, chance.randint(1, 4))]
        for channel in CHANNELS:
            body = {
                "channel": channel, "shipping_fee_minor": 30_000,
                "lines": [{"sku": sku, "quantity": units} for sku, units in lines],
            }  # fmt: skip
            told = door.ask("POST", "/api/v1/quotes", body)
            assert told.status_code == 200, told.text
            total = told.json()["total_minor"]
            ordered = door.ask("POST", "/api/v1/orders", {**body, "expected_total_minor": total})
            assert (ordered.status_code, ordered.json()["total_minor"]) == (201, total)
            asked = Asked(channel, [AskedLine(*line) for line in reversed(lines)], shipping_fee_minor=30_000)
            placed = orders.place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC))
            order = get_order(actor=SYSTEM, code=placed.code)
            assert (order.total_minor, order.tax_minor) == (total, told.json()["tax_minor"])
            paid = {line["sku"]: line["paid_minor"] for line in told.json()["lines"]}
            assert {line.sku: line.paid_minor for line in order.lines} == paid


@pytest.mark.parametrize("seed", range(12))
def test_a_marketplace_sells_at_what_the_price_function_says(seed: int) -> None:
    """What is pushed to a listing is what one unit costs there, now and at every turn of a sale; an order that was sold at it
    is booked to the same đồng."""
    chance = random.Random(100 + seed)
    now = datetime.now(UTC).replace(microsecond=0)
    a_location("HN")
    for sku in SKUS:
        stock(a_variant(sku, price=chance.randrange(20, 500) * 1000), "HN", 500)
    for number in range(4):
        start, end = sorted(chance.sample(range(-5, 6), 2))
        prices = {sku: chance.randrange(10, 400) * 1000 for sku in chance.sample(SKUS, 3)}
        a_list(
            f"L{number}", prices, priority=number, is_sale=number % 2 == 1, starts_at=now + timedelta(days=start),
            ends_at=now + timedelta(days=end),
        )  # fmt: skip
    ids = [view.id for view in variants_by_sku(actor=SYSTEM, skus=SKUS).values()]
    views = list(variants_by_id(actor=SYSTEM, ids=ids).values())
    shown = shown_prices(views=views, channel="web", currency="VND", now=now)
    for view in views:
        asked = Asked("web", [AskedLine(view.sku, 1)])
        line = orders.quote_order(actor=SYSTEM, asked=asked, now=now).bill.quote.lines[0]
        assert shown[view.id].at(now) == line.unit_minor
        price = shown[view.id]
        if price.sale_minor is not None and price.sale_from is not None:
            then = orders.quote_order(actor=SYSTEM, asked=asked, now=price.sale_from).bill.quote.lines[0]
            assert then.unit_minor == price.sale_minor
    sold = [DraftLine(view.id, view.sku, view.full_name, 1, shown[view.id].at(now), view.tax_rate_bp) for view in views]
    draft = OrderDraft("web", tuple(sold), "VND", now, external_id=f"SP-{seed}")
    [booked] = orders.accept_channel_orders(actor=SYSTEM, drafts=[draft], now=now)
    assert booked.total_minor == sum(
        orders.quote_order(actor=SYSTEM, asked=Asked("web", [AskedLine(view.sku, 1)]), now=now).bill.quote.total_minor
        for view in views
    )
