"""Special prices of the stand-in of Lazada: when they hold, what they refuse, and what buyers pay."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import open_seller
from tests.sandbox.driving import Lazada, Sandbox
from tests.sandbox.publishing_lazada import create, draft, make, seen, sku, update, upload
from tests.sandbox.selling import buy_on_lazada, list_on_lazada, on_lazada

DAY = 86400
VIETNAM = timezone(timedelta(hours=7))


def local(seller: Lazada, days: float, form: str = "%Y-%m-%d %H:%M:%S", zone: timezone = VIETNAM) -> str:
    """A moment so many days from now on the sandbox's clock, as the shop's own time."""
    now = seller.box.control("GET", "/clock")["now"]
    return datetime.fromtimestamp(now + days * DAY, zone).strftime(form)


def write(seller: Lazada, *fields: tuple[str, object], code: str = "AO-THUN") -> Any:
    said = "".join(f"<{name}>{value}</{name}>" for name, value in (("SellerSku", code), *fields))
    payload = f"<Request><Product><Skus><Sku>{said}</Sku></Skus></Product></Request>"
    return seller.post("/product/price_quantity/update", {"payload": payload})


def refusal(answer: Any) -> tuple[str, str]:
    """Field and code of the only SKU that failed."""
    (row,) = answer["detail"]
    return row["field"], row["message"].partition(":")[0]


def row_of(seller: Lazada) -> Any:
    return seller.get("/product/item/get", {"seller_sku": "AO-THUN"})["data"]["skus"][0]


def prices(seller: Lazada) -> tuple[int, int]:
    now = on_lazada(seller)
    return now["price"], now["selling_price"]


def sold_at(seller: Lazada) -> tuple[float, float]:
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN"}).json()["order_id"]
    row = seller.get("/order/items/get", {"order_id": str(order_id)})["data"][0]
    return row["item_price"], row["paid_price"]


def test_a_special_price_holds_between_its_dates(box: Sandbox, seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    starts, ends = local(seller, 1), local(seller, 3)
    assert "detail" not in write(seller, ("SalePrice", 79000), ("SaleStartDate", starts), ("SaleEndDate", ends))
    row = row_of(seller)
    assert (row["price"], row["special_price"], row["special_time_format"]) == (99000.0, 79000.0, "yyyy-MM-dd HH:mm:ss")
    assert (row["special_from_time"], row["special_to_time"]) == (starts, ends)
    assert (row["special_from_date"], row["special_to_date"]) == (starts[:10], ends[:10])
    assert prices(seller) == (99000, 99000)
    assert sold_at(seller) == (99000.0, 99000.0)
    box.control("POST", "/clock", {"advance_s": DAY + 5})
    assert prices(seller) == (99000, 79000)
    assert sold_at(seller) == (99000.0, 79000.0)
    box.control("POST", "/clock", {"advance_s": 2 * DAY})
    assert prices(seller) == (99000, 99000)
    assert sold_at(seller) == (99000.0, 99000.0)
    assert on_lazada(seller)["sale"] is None
    assert row_of(seller)["special_price"] == 79000.0


def test_days_begin_at_midnight_in_the_time_of_the_country(box: Sandbox) -> None:
    for country, zone in (("vn", VIETNAM), ("sg", timezone(timedelta(hours=8)))):
        seller = open_seller(box, country=country)
        list_on_lazada(seller)
        starts, ends = (local(seller, days, "%Y-%m-%d", zone) for days in (1, 2))
        write(seller, ("SalePrice", 79000), ("SaleStartDate", starts), ("SaleEndDate", ends))
        sale = on_lazada(seller)["sale"]
        assert datetime.fromtimestamp(sale["from"], zone).strftime("%Y-%m-%d %H:%M") == f"{starts} 00:00"
        assert datetime.fromtimestamp(sale["to"], zone).strftime("%Y-%m-%d %H:%M") == f"{ends} 00:00"
        assert row_of(seller)["special_from_time"] == f"{starts} 00:00:00"


def test_without_dates_it_holds_until_it_is_taken_away(box: Sandbox, seller: Lazada) -> None:
    item_id, _ = list_on_lazada(seller)
    write(seller, ("SalePrice", 79000))
    assert on_lazada(seller)["sale"] == {"id": None, "price": 79000, "from": None, "to": None}
    box.control("POST", "/clock", {"advance_s": 400 * DAY})
    assert prices(seller) == (99000, 79000)
    page = box.http.get(f"{box.url}/lazada/item/{item_id}")
    assert "<s>99.000 ₫</s> 79.000 ₫" in page.text
    seller.access_token = box.control("POST", "/lazada/tokens", {"seller": seller.seller_id})["access_token"]
    write(seller, ("SalePrice", ""), ("SaleStartDate", ""), ("Quantity", 5))
    assert prices(seller) == (99000, 79000)
    write(seller, ("SalePrice", 0))
    assert (prices(seller), on_lazada(seller)["sale"]) == ((99000, 99000), None)


def test_dates_of_the_past_end_it(seller: Lazada) -> None:
    list_on_lazada(seller)
    write(seller, ("SalePrice", 79000))
    yesterday = local(seller, -1)
    ended = write(seller, ("SalePrice", 79000), ("SaleStartDate", yesterday), ("SaleEndDate", yesterday))
    assert "detail" not in ended
    assert prices(seller) == (99000, 99000)


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ([("SalePrice", 99000)], ("SalePrice", "4157")),
        ([("SalePrice", 99001)], ("SalePrice", "4157")),
        ([("Price", 70000), ("SalePrice", 79000)], ("SalePrice", "4157")),
        ([("SalePrice", -1)], ("SalePrice", "4119")),
        ([("SalePrice", 79000.5)], ("SalePrice", "4121")),
        ([("SalePrice", "rẻ")], ("SalePrice", "4121")),
        ([("SaleStartDate", "2026-11-01")], ("SalePrice", "4108")),
        ([("SaleEndDate", "2026-11-01")], ("SalePrice", "4108")),
        ([("SalePrice", 79000), ("SaleStartDate", "01/11/2026")], ("SaleStartDate", "4132")),
        ([("SalePrice", 79000), ("SaleEndDate", "2026-11-01T00:00:00+07:00")], ("SaleEndDate", "4132")),
        (
            [("SalePrice", 79000), ("SaleStartDate", "2026-12-02"), ("SaleEndDate", "2026-12-01")],
            ("SaleStartDate", "4117"),
        ),
        ([("Price", 0)], ("Price", "4118")),
        ([("Price", 120000.5)], ("Price", "4104")),
    ],
)
def test_a_wrong_price_is_refused_and_changes_nothing(seller: Lazada, fields: Any, refused: Any) -> None:
    list_on_lazada(seller, stock=10)
    before = on_lazada(seller)
    assert refusal(write(seller, ("Quantity", 3), *fields)) == refused
    assert on_lazada(seller) == before


def test_a_price_does_not_sink_below_its_special_price(box: Sandbox, seller: Lazada) -> None:
    list_on_lazada(seller)
    write(seller, ("SalePrice", 79000), ("SaleEndDate", local(seller, 1)))
    assert refusal(write(seller, ("Price", 79000))) == ("SalePrice", "4157")
    assert prices(seller) == (99000, 79000)
    assert "detail" not in write(seller, ("Price", 79001))
    box.control("POST", "/clock", {"advance_s": DAY + 5})
    assert "detail" not in write(seller, ("Price", 60000))
    assert prices(seller) == (60000, 60000)


def test_a_least_share_of_the_price_can_be_asked_for(box: Sandbox, seller: Lazada) -> None:
    list_on_lazada(seller, price=100000)
    box.control("POST", "/settings", {"lazada_special_least_bp": 5000})
    assert refusal(write(seller, ("SalePrice", 49999))) == ("SalePrice", "4119")
    assert "detail" not in write(seller, ("SalePrice", 50000))


def test_products_are_made_and_changed_with_special_prices(box: Sandbox, seller: Lazada) -> None:
    starts, ends = local(seller, 1), local(seller, 2)
    dates = {"special_from_date": starts, "special_to_date": ends}
    item_id = make(seller, sku("AO-1", quantity="5", special_price="79000", **dates))
    row = seen(seller, item_id)["skus"][0]
    assert (row["special_price"], row["special_from_time"], row["special_to_time"]) == (79000.0, starts, ends)
    assert on_lazada(seller, "AO-1")["selling_price"] == 120000
    box.control("POST", "/clock", {"advance_s": DAY + 5})
    assert buy_on_lazada(seller, {"sku": "AO-1"}).json()["total"] == 79000

    ids = {"SkuId": row["SkuId"], "SellerSku": "AO-1"}

    def change(**more: str) -> str:
        return str(update(seller, {"ItemId": str(item_id), "Skus": {"Sku": [{**ids, **more}]}})["code"])

    assert change(package_weight="0.3") == "0"
    assert on_lazada(seller, "AO-1")["selling_price"] == 79000
    assert change(price="79000") == "4157"
    assert change(special_price="120000") == "4157"
    assert change(special_to_date=ends) == "4108"
    assert change(special_price="70000", special_from_date=ends, special_to_date=starts) == "4117"
    assert change(special_price="70000", special_from_date="mai") == "4132"
    assert change(special_price="70000.5") == "4121"
    assert on_lazada(seller, "AO-1")["selling_price"] == 79000
    assert change(special_price="70000") == "0"
    assert on_lazada(seller, "AO-1")["sale"] == {"id": None, "price": 70000, "from": None, "to": None}
    assert create(seller, draft(upload(seller), sku("AO-2", special_price="120000")))["code"] == "4157"


def test_a_price_whose_answer_is_lost_holds(box: Sandbox, seller: Lazada) -> None:
    list_on_lazada(seller)
    box.fault(kind="timeout_after_effect", market="lazada", path="/product/price_quantity/update", ms=10, count=1)
    with pytest.raises(httpx.TransportError):
        write(seller, ("SalePrice", 79000))
    assert prices(seller) == (99000, 79000)
    assert "detail" not in write(seller, ("SalePrice", 79000))
