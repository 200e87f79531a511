"""A price below the market price on the stand-in of Tiki."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.driving import Sandbox
from tests.sandbox.selling_tiki import Tiki, open_tiki


@pytest.fixture
def tiki(box: Sandbox) -> Tiki:
    box.control("POST", "/settings", {"tiki_event_delay_s": 0})
    return open_tiki(box)


def seen(tiki: Tiki) -> Any:
    return tiki.box.control("GET", f"/tiki/listing?seller={tiki.seller_id}&sku=AO-THUN")


def test_a_price_below_the_market_price_is_a_sale(tiki: Tiki) -> None:
    item_id, (product_id,) = tiki.lists(market_price=120000)
    row = seen(tiki)
    assert (row["list_price"], row["selling_price"]) == (120000, 99000)
    assert row["sale"] == {"id": None, "price": 99000, "from": None, "to": None}
    shown = tiki.box.http.get(f"{tiki.box.url}/tiki/item/{item_id}")
    assert "<s>120.000 ₫</s> 99.000 ₫" in shown.text
    assert tiki.order(tiki.sells(quantity=2))["items"][0]["price"] == 99000
    tiki.put("v2.1/products/updateSku", {"product_id": product_id, "price": 120000})
    row = seen(tiki)
    assert (row["list_price"], row["selling_price"], row["sale"]) == (120000, 120000, None)


def test_a_market_price_below_the_price_is_no_sale(tiki: Tiki) -> None:
    tiki.lists(market_price=90000)
    row = seen(tiki)
    assert (row["list_price"], row["selling_price"], row["sale"]) == (99000, 99000, None)
