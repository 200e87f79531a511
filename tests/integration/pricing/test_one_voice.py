"""The same basket costs the same however it comes in: told at the till and on the web, ordered by API and by command, sold by a
marketplace at the price that was pushed to it and pulled from there or brought as a file."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.catalog.queries import variants_by_id, variants_by_sku
from mekong.channels import commands as channels
from mekong.channels.files import import_orders
from mekong.foundation.actor import SYSTEM
from mekong.orders import commands as orders
from mekong.orders.commands import Asked, AskedLine
from mekong.orders.contracts import DraftLine, OrderDraft, OrderFilter
from mekong.orders.queries import get_order, list_orders
from mekong.pricing.contracts.quote import QuoteLine
from mekong.pricing.queries import shown_prices
from tests.integration.catalog.builders import a_workbook
from tests.support.asgi import a_door
from tests.support.offers import a_list, a_promotion
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
SKUS = ("AO", "VAY", "GIAY", "NON", "TUI")
CHANNELS = ("store", "web", "phone")
MARKET = "shopee-1"


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
    is booked to the same đồng, whether the platform told of it or a seller brought its export."""
    chance = random.Random(100 + seed)
    now = datetime.now(UTC).replace(microsecond=0)
    channels.create_channel(actor=SYSTEM, code=MARKET, name="Shopee", kind="shopee", shop_id="1", now=now)
    a_location("HN")
    for sku in SKUS:
        stock(a_variant(sku, price=chance.randrange(20, 500) * 1000), "HN", 500)
    for number in range(4):
        start, end = sorted(chance.sample(range(-5, 6), 2))
        prices = {sku: chance.randrange(10, 400) * 1000 for sku in chance.sample(SKUS, 3)}
        a_list(
            f"L{number}", prices, priority=number, is_sale=number % 2 == 1, starts_at=now + timedelta(days=start),
            ends_at=now + timedelta(days=end), audience=chance.choice([{}, {"channels": [MARKET]}, {"channels": ["web"]}]),
        )  # fmt: skip
    ids = [view.id for view in variants_by_sku(actor=SYSTEM, skus=SKUS).values()]
    views = list(variants_by_id(actor=SYSTEM, ids=ids).values())
    shown = shown_prices(views=views, channel=MARKET, currency="VND", now=now)
    for view in views:
        price = shown[view.id]
        assert price.at(now) == _told(view.sku, now).unit_minor
        if price.sale_minor is not None and price.sale_from is not None:
            assert price.sale_minor == _told(view.sku, price.sale_from).unit_minor
    sold = {view.sku: (shown[view.id].at(now), chance.randint(1, 3)) for view in views}
    lines = [
        DraftLine(view.id, view.sku, view.full_name, sold[view.sku][1], sold[view.sku][0], view.tax_rate_bp)
        for view in views
    ]
    draft = OrderDraft(MARKET, tuple(lines), "VND", now, external_id="2611220ABCDE01")
    [pulled] = orders.accept_channel_orders(actor=SYSTEM, drafts=[draft], now=now)
    report = import_orders(actor=SYSTEM, channel=MARKET, file=_export("2611220ABCDE02", sold), now=now)
    assert (report.placed, report.problems) == (1, ())
    found = list_orders(actor=SYSTEM, wanted=OrderFilter(channel=MARKET)).orders
    expected = sum(_told(sku, now).unit_minor * units for sku, (_, units) in sold.items())
    assert [pulled.total_minor, *(each.total_minor for each in found)] == [expected] * 3
    for each in found:
        order = get_order(actor=SYSTEM, code=each.code)
        assert {line.sku: line.paid_minor for line in order.lines} == {
            sku: paid * units for sku, (paid, units) in sold.items()
        }


def _told(sku: str, moment: datetime) -> QuoteLine:
    """One unit, as anybody is told who asks what it costs there."""
    asked = Asked(MARKET, [AskedLine(sku, 1)])
    return orders.quote_order(actor=SYSTEM, asked=asked, now=moment).bill.quote.lines[0]


def _export(number: str, sold: Mapping[str, tuple[int, int]]) -> io.BytesIO:
    """The order as Shopee's seller centre exports it: a row a line, the order's own facts on each."""
    headers = ("Mã đơn hàng", "Ngày đặt hàng", "Trạng Thái Đơn Hàng", "SKU phân loại hàng", "Giá ưu đãi", "Số lượng")
    rows = [[number, "2026-11-22 10:00", "Chờ lấy hàng", sku, price, units] for sku, (price, units) in sold.items()]
    return a_workbook([list(headers), *rows])
