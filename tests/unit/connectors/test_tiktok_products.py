"""What the TikTok Shop connector reads of products, and what it pushes to them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels.socket import ListingKey, PricePush, PushResult, Request, Response, StockPush
from mekong.connectors.tiktok.connector import TikTok
from mekong.connectors.tiktok.mapping import products
from mekong.connectors.tiktok.warehouses import MOST_SKUS
from mekong.foundation.errors import NeedsReconnect, NeedsRefresh, RemoteRefused, Unavailable
from tests.unit.connectors.test_tiktok import (
    PRODUCT_ID,
    SHOPS,
    SKU_ID,
    WAREHOUSE_ID,
    a_shop,
    an_account,
    asked,
    ok,
    refused,
)
from tests.unit.connectors.wire import Answer, Wire, body, query, run

PRODUCT: dict[str, Any] = {
    "id": PRODUCT_ID,
    "title": "Áo thun",
    "status": "ACTIVATE",
    "create_time": 1763769000,
    "main_images": [{"height": 1, "urls": ["https://img.example/a.jpg", "https://img.example/b.jpg"]}],
    "skus": [
        {
            "id": SKU_ID,
            "seller_sku": "AO-DO-M",
            "price": {"currency": "VND", "sale_price": "99000", "tax_exclusive_price": "90000"},
            "inventory": [{"warehouse_id": WAREHOUSE_ID, "quantity": 7}, {"warehouse_id": "702", "quantity": 4}],
            "sales_attributes": [{"name": "Màu", "value_name": "Đỏ"}, {"name": "Cỡ", "value_name": "M"}],
            "identifier_code": {"code": "8935001800019", "type": "GTIN"},
        },
        {"id": 1729500000000000012, "seller_sku": "007", "price": {"tax_exclusive_price": 120000.0}},
        {"id": "1729500000000000013", "price": None, "inventory": [], "seller_sku": ""},
    ],
}


# --- pulling ---------------------------------------------------------------------------------------------------------


def test_a_page_of_products_gives_one_listing_a_sku() -> None:
    shop, wire = a_shop({"/products/search": ok(products=[PRODUCT], next_page_token="bz", total_count=99)})
    page = run(shop.pull_listings(cursor=None))
    first, second, bare = page.listings
    assert page.next_cursor == "bz"
    assert first.key == ListingKey(PRODUCT_ID, SKU_ID)
    assert (first.sku, first.name, first.barcode) == ("AO-DO-M", "Áo thun - Đỏ, M", "8935001800019")
    assert (first.quantity, first.price_minor, first.currency) == (11, 99000, "VND")
    assert (first.image_url, first.is_active) == ("https://img.example/a.jpg", True)
    assert second.key == ListingKey(PRODUCT_ID, "1729500000000000012")
    assert (second.sku, second.name, second.quantity, second.price_minor) == ("007", "Áo thun", None, 120000)
    assert (bare.sku, bare.quantity, bare.price_minor, bare.barcode) == ("", None, None, "")
    (request,) = asked(wire)
    assert (request.method, request.lane, request.body) == ("POST", "default", b"{}")
    assert query(request)["page_size"] == "50"
    assert "page_token" not in query(request)


def test_the_next_page_is_asked_by_its_token_and_the_last_has_none() -> None:
    shop, wire = a_shop({"/products/search": ok(products=[PRODUCT], next_page_token="", total_count=1)})
    page = run(shop.pull_listings(cursor="a=|b"))
    assert (len(page.listings), page.next_cursor) == (3, None)
    assert query(asked(wire)[0])["page_token"] == "a=|b"


@pytest.mark.parametrize(
    "data", [{"products": [], "next_page_token": "more", "total_count": 0}, {"total_count": 0}, {"products": []}]
)
def test_an_empty_page_is_the_end(data: dict[str, Any]) -> None:
    shop, _ = a_shop({"/products/search": ok(**data)})
    page = run(shop.pull_listings(cursor="x"))
    assert (list(page.listings), page.next_cursor) == ([], None)


@pytest.mark.parametrize("data", [{}, {"total_count": 3}, {"products": None, "next_page_token": "b"}])
def test_a_page_without_its_list_is_no_empty_shop(data: dict[str, Any]) -> None:
    shop, _ = a_shop({"/products/search": ok(**data)})
    with pytest.raises(Unavailable):
        run(shop.pull_listings(cursor=None))


def test_a_token_that_leads_back_to_its_page_does_not_turn_in_circles() -> None:
    shop, _ = a_shop({"/products/search": ok(products=[PRODUCT], next_page_token="x", total_count=9)})
    with pytest.raises(Unavailable):
        run(shop.pull_listings(cursor="x"))


@pytest.mark.parametrize(
    ("status", "is_listed", "is_active"),
    [
        ("ACTIVATE", True, True),
        ("", True, True),
        ("PENDING", True, False),
        ("FAILED", True, False),
        ("SELLER_DEACTIVATED", True, False),
        ("PLATFORM_DEACTIVATED", True, False),
        ("FREEZE", True, False),
        ("A_STATUS_TO_COME", True, False),
        ("DRAFT", False, False),
        ("DELETED", False, False),
    ],
)
def test_each_status_of_a_product_is_known(status: str, is_listed: bool, is_active: bool) -> None:
    shop, _ = a_shop({"/products/search": ok(products=[{**PRODUCT, "status": status}], total_count=1)})
    listings = run(shop.pull_listings(cursor=None)).listings
    assert bool(listings) is is_listed
    assert all(listing.is_active is is_active for listing in listings)


def test_what_stands_twice_in_a_page_is_listed_once() -> None:
    double = {**PRODUCT, "skus": [PRODUCT["skus"][0], {**PRODUCT["skus"][0], "seller_sku": "NEWER"}]}
    shop, _ = a_shop({"/products/search": ok(products=[PRODUCT, double], total_count=2)})
    listings = run(shop.pull_listings(cursor=None)).listings
    assert [listing.key.model_id[-2:] for listing in listings] == ["11", "12", "13"]
    assert listings[0].sku == "NEWER"


# --- reading ---------------------------------------------------------------------------------------------------------


def stock_of(sku_id: str, *places: tuple[str, int], total: int | None = None) -> dict[str, Any]:
    inventory = [
        {"warehouse_id": place, "available_quantity": units, "committed_quantity": 3} for place, units in places
    ]
    return {
        "id": sku_id,
        "seller_sku": "x",
        "warehouse_inventory": inventory,
        **({} if total is None else {"total_available_quantity": total, "total_committed_quantity": 3}),
    }


def the_stock(*skus: dict[str, Any]) -> dict[str, Any]:
    return ok(inventory=[{"product_id": PRODUCT_ID, "skus": list(skus)}])


def test_listings_are_read_with_what_is_left_to_buy() -> None:
    shop, wire = a_shop(
        {
            f"/products/{PRODUCT_ID}": ok(**PRODUCT),
            "/products/404": refused(12052032, "The product is gone"),
            "/products/405": refused(1, "Product does not exist"),
            "/products/406": ok(**{**PRODUCT, "id": "406", "status": "DELETED"}),
            "/inventory/search": the_stock(
                stock_of(SKU_ID, (WAREHOUSE_ID, 5), ("702", 1), total=6),
                stock_of("1729500000000000012", (WAREHOUSE_ID, 2), ("702", 0)),
            ),
        }
    )
    keys = [
        ListingKey(PRODUCT_ID, SKU_ID),
        ListingKey(PRODUCT_ID, "1729500000000000012"),
        ListingKey(PRODUCT_ID, "404"),
        *(ListingKey(number, SKU_ID) for number in ("404", "405", "406", "not/a/number")),
    ]
    found = run(shop.read_listings(keys=keys))
    assert [(each.key, each.quantity, each.price_minor) for each in found] == [
        (keys[0], 6, 99000),
        (keys[1], 2, 120000),
    ]
    requests = asked(wire)
    assert [request.method for request in requests] == ["GET", "GET", "GET", "GET", "POST"]
    assert requests[0].url.endswith(f"/product/202309/products/{PRODUCT_ID}")
    assert requests[0].body == b""
    assert body(requests[-1])["sku_ids"][:2] == [SKU_ID, "1729500000000000012"]


def test_a_sku_the_inventory_does_not_name_shows_what_its_product_says() -> None:
    shop, _ = a_shop({f"/products/{PRODUCT_ID}": ok(**PRODUCT), "/inventory/search": ok(inventory=[])})
    (found,) = run(shop.read_listings(keys=[ListingKey(PRODUCT_ID, SKU_ID)]))
    assert found.quantity == 11


def test_a_sku_that_stands_twice_is_read_once() -> None:
    double = {**PRODUCT, "skus": [PRODUCT["skus"][0], {**PRODUCT["skus"][0], "seller_sku": "NEWER"}]}
    shop, _ = a_shop({f"/products/{PRODUCT_ID}": ok(**double), "/inventory/search": ok(inventory=[])})
    (found,) = run(shop.read_listings(keys=[ListingKey(PRODUCT_ID, SKU_ID)] * 2))
    assert found.sku == "NEWER"


def test_reading_nothing_asks_nothing() -> None:
    shop, wire = a_shop()
    assert run(shop.read_listings(keys=[])) == []
    assert not wire.requests


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(105002, "Expired"), NeedsRefresh),
        (refused(12019109, "Invalid"), RemoteRefused),
        (ok(title="half", skus=[{}]), Unavailable),
        (refused(0), Unavailable),
    ],
)
def test_a_read_that_fails_is_not_an_unknown_listing(answer: Answer, error: type[Exception]) -> None:
    shop, _ = a_shop({f"/products/{PRODUCT_ID}": answer})
    with pytest.raises(error):
        run(shop.read_listings(keys=[ListingKey(PRODUCT_ID, SKU_ID)]))


# --- warehouses ------------------------------------------------------------------------------------------------------

A = StockPush(ListingKey("17", "171"), "A", 5)
B = StockPush(ListingKey("17", "172"), "B", 0)
WAREHOUSES = ok(
    warehouses=[
        {"id": "900", "type": "RETURN_WAREHOUSE", "effect_status": "ENABLED", "is_default": True},
        {"id": "901", "type": "SALES_WAREHOUSE", "effect_status": "DISABLED", "is_default": True},
        {"id": "701", "type": "SALES_WAREHOUSE", "effect_status": "ENABLED", "is_default": False},
        {"id": "702", "type": "SALES_WAREHOUSE", "effect_status": "ENABLED", "is_default": True},
    ]
)


def sent(request: Request) -> dict[str, dict[str, int]]:
    """What a stock write says: units by warehouse, by SKU."""
    return {
        row["id"]: {each["warehouse_id"]: each["quantity"] for each in row["inventory"]}
        for row in body(request)["skus"]
    }


def test_the_first_push_asks_where_the_sku_lies_and_the_second_does_not() -> None:
    shop, wire = a_shop(
        {
            "/inventory/search": the_stock(stock_of("171", ("701", 1)), stock_of("172", ("701", 2))),
            "/inventory/update": ok(),
        }
    )
    assert run(shop.push_stock([A, B])) == [PushResult(A.key), PushResult(B.key)]
    assert run(shop.push_stock([A])) == [PushResult(A.key)]
    question, *writes = asked(wire)
    assert (question.lane, body(question)) == ("default", {"sku_ids": ["171", "172"]})
    assert [(write.method, write.lane) for write in writes] == [("POST", "stock"), ("POST", "stock")]
    assert writes[0].url.endswith("/product/202309/products/17/inventory/update")
    assert sent(writes[0]) == {"171": {"701": 5}, "172": {"701": 0}}
    assert sent(writes[1]) == {"171": {"701": 5}}


@pytest.mark.parametrize(("places", "home"), [(("701", "702", "703"), "702"), (("705", "704"), "704")])
def test_a_sku_in_several_warehouses_names_them_all_and_fills_one(places: tuple[str, ...], home: str) -> None:
    shop, wire = a_shop(
        {
            "/inventory/search": the_stock(stock_of("171", *((place, 9) for place in places))),
            "/logistics/202309/warehouses": WAREHOUSES,
            "/inventory/update": ok(errors=[]),
        }
    )
    for _ in range(2):
        assert run(shop.push_stock([A])) == [PushResult(A.key)]
    assert sent(wire.requests[-1]) == {"171": {place: 5 if place == home else 0 for place in places}}
    assert len(wire.asked("/warehouses")) == 1


@pytest.mark.parametrize(
    "stock", [ok(inventory=[]), the_stock(stock_of("171")), refused(12052032), refused(9, "not found")]
)
def test_a_sku_that_lies_nowhere_goes_to_the_main_warehouse(stock: Answer) -> None:
    shop, wire = a_shop(
        {"/inventory/search": stock, "/logistics/202309/warehouses": WAREHOUSES, "/inventory/update": ok()}
    )
    assert run(shop.push_stock([A])) == [PushResult(A.key)]
    assert sent(wire.requests[-1]) == {"171": {"702": 5}}


@pytest.mark.parametrize("answer", [ok(warehouses=[]), ok(warehouses=[{"id": "900", "type": "RETURN_WAREHOUSE"}])])
def test_without_any_warehouse_nothing_is_written_until_there_is_one(answer: dict[str, Any]) -> None:
    shop, wire = a_shop(
        {
            "/inventory/search": ok(inventory=[{"skus": [stock_of("172", ("701", 1))]}]),
            "/logistics/202309/warehouses": [answer, WAREHOUSES],
            "/inventory/update": ok(),
        }
    )
    results = {result.key: result for result in run(shop.push_stock([A, B]))}
    assert (results[A.key].error, results[A.key].is_final) == ("no_warehouse", True)
    assert results[B.key] == PushResult(B.key)
    assert sent(wire.requests[-1]) == {"172": {"701": 0}}
    assert run(shop.push_stock([A])) == [PushResult(A.key)]
    assert sent(wire.requests[-1]) == {"171": {"702": 5}}


def test_a_shop_that_may_not_ask_for_warehouses_asks_once() -> None:
    shop, wire = a_shop(
        {
            "/inventory/search": the_stock(stock_of("171", ("702", 1), ("701", 1))),
            "/logistics/202309/warehouses": refused(105005, "no scope"),
            "/inventory/update": ok(),
        }
    )
    for _ in range(2):
        assert run(shop.push_stock([A])) == [PushResult(A.key)]
    assert sent(wire.requests[-1]) == {"171": {"701": 5, "702": 0}}
    assert len(wire.asked("/warehouses")) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(106001, "Invalid signature"), NeedsReconnect),
        (refused(105001), NeedsRefresh),
        (Response(500, b""), Unavailable),
        (ok(), Unavailable),
    ],
)
def test_a_question_about_warehouses_that_fails_fails_the_push(answer: Answer, error: type[Exception]) -> None:
    for path in ("/inventory/search", "/logistics/202309/warehouses"):
        answers: dict[str, Answer | list[Answer]] = {
            "/inventory/search": ok(inventory=[]),
            "/logistics/202309/warehouses": WAREHOUSES,
            path: answer,
        }
        shop, wire = a_shop(answers)
        with pytest.raises(error):
            run(shop.push_stock([A]))
        assert not wire.asked("/inventory/update")


def test_one_question_is_enough_for_all_that_will_be_pushed() -> None:
    class Platform(Wire):
        async def send(self, request: Request) -> Response:
            await asyncio.sleep(0)
            if not request.url.endswith("/inventory/search"):
                return await super().send(request)
            self.requests.append(request)
            skus = [stock_of(sku_id, ("701", 1)) for sku_id in body(request)["sku_ids"]]
            return Response(200, json.dumps(the_stock(*skus)).encode())

    wire = Platform({"/authorization/202309/shops": SHOPS, "/inventory/update": ok()})
    shop = TikTok(an_account(), wire)
    batches = shop.stock_batches([StockPush(ListingKey(str(n), f"{n}9"), "", n) for n in range(700)])
    assert len(batches) == 700

    async def push() -> None:
        await asyncio.gather(*(shop.push_stock(batch) for batch in batches))

    run(push())
    questions = wire.asked("/inventory/search")
    assert [len(body(question)["sku_ids"]) for question in questions] == [MOST_SKUS, 100]
    assert len(wire.asked("/inventory/update")) == 700


def test_what_was_pulled_or_read_needs_no_question() -> None:
    shop, wire = a_shop(
        {
            "/products/search": ok(products=[PRODUCT], total_count=1),
            "/logistics/202309/warehouses": WAREHOUSES,
            "/inventory/update": ok(),
        }
    )
    run(shop.pull_listings(cursor=None))
    run(shop.push_stock([StockPush(ListingKey(PRODUCT_ID, SKU_ID), "", 8)]))
    assert not wire.asked("/inventory/search")
    assert sent(wire.requests[-1]) == {SKU_ID: {"702": 8, WAREHOUSE_ID: 0}}


def test_a_warehouse_that_was_added_is_found_after_the_write_it_spoilt() -> None:
    spoilt = {"code": 12052037, "message": "Give all warehouses", "detail": {"sku_id": "171"}}
    shop, wire = a_shop(
        {
            "/inventory/search": [
                the_stock(stock_of("171", ("702", 1))),
                the_stock(stock_of("171", ("702", 1), ("703", 0))),
            ],
            "/logistics/202309/warehouses": WAREHOUSES,
            "/inventory/update": [ok(), ok(errors=[spoilt]), ok()],
        }
    )
    assert run(shop.push_stock([A])) == [PushResult(A.key)]
    assert run(shop.push_stock([A])) == [PushResult(A.key, "12052037", "Give all warehouses", is_final=False)]
    assert run(shop.push_stock([A])) == [PushResult(A.key)]
    assert sent(wire.requests[-1]) == {"171": {"702": 5, "703": 0}}


# --- pushes ----------------------------------------------------------------------------------------------------------


def knowing(answers: dict[str, Answer | list[Answer]]) -> tuple[TikTok, Wire]:
    """A shop whose SKUs lie in one warehouse, which is asked for at each push."""
    rows = [stock_of(sku_id, ("701", 1)) for sku_id in ("171", "172")]
    return a_shop({"/inventory/search": the_stock(*rows), **answers})


def test_pushes_are_grouped_by_product_and_fifty_skus() -> None:
    shop, wire = a_shop()
    pushes = [StockPush(ListingKey("1", str(sku)), "", 5) for sku in range(120)]
    pushes.insert(7, StockPush(ListingKey("2", "1"), "", 5))
    batches = shop.stock_batches(pushes)
    assert sorted(len(batch) for batch in batches) == [1, 20, 50, 50]
    assert all(len({push.key.item_id for push in batch}) == 1 for batch in batches)
    assert sorted(push.key for batch in batches for push in batch) == sorted(push.key for push in pushes)
    prices = [PricePush(ListingKey("1", str(sku)), "", 5) for sku in range(51)]
    assert [len(batch) for batch in shop.price_batches(prices)] == [50, 1]
    with pytest.raises(ValueError, match="50 SKUs of one product"):
        run(shop.push_stock(pushes))
    with pytest.raises(ValueError, match="50 SKUs of one product"):
        run(shop.push_price(prices))
    assert run(shop.push_stock([])) == run(shop.push_price([])) == []
    assert not wire.requests


@pytest.mark.parametrize("answer", [refused(0), ok(), ok(errors=[]), ok(errors=None), {**ok(), "data": None}])
def test_no_errors_is_an_acknowledgement(answer: Answer) -> None:
    shop, _ = knowing({"/inventory/update": answer})
    assert run(shop.push_stock([A, B])) == [PushResult(A.key), PushResult(B.key)]


def test_errors_under_code_0_name_the_skus_that_failed() -> None:
    detail = {
        "sku_id": "172",
        "extra_errors": [{"warehouse_id": "701", "code": 12052228, "message": "quantity out of range"}],
    }
    shop, _ = knowing({"/inventory/update": ok(errors=[{"code": 12052227, "message": "not set", "detail": detail}])})
    good, bad = run(shop.push_stock([A, B]))
    assert good == PushResult(A.key)
    assert bad == PushResult(B.key, "12052227", "not set; quantity out of range", is_final=True)


def test_an_error_that_names_nobody_we_pushed_acknowledges_nobody() -> None:
    for trouble in ({"code": 1, "message": "no"}, {"code": 1, "message": "no", "detail": {"sku_id": "999"}}):
        shop, _ = knowing({"/inventory/update": ok(errors=[trouble])})
        assert {(one.error, one.is_final) for one in run(shop.push_stock([A, B]))} == {("unconfirmed", False)}
    shop, _ = knowing({"/inventory/update": ok(errors=[{"code": 1, "message": "no"}])})
    assert run(shop.push_stock([A])) == [PushResult(A.key, "1", "no", is_final=True)]


@pytest.mark.parametrize(
    ("code", "message", "is_final"),
    [
        (12052393, "locked", False),
        (1, "The product is in a promotion", False),
        (1, "It is under review", False),
        (12052557, "The SKU is not of this product", True),
    ],
)
def test_a_refused_push_of_one_sku_is_a_result(code: int, message: str, is_final: bool) -> None:
    for answer in (
        refused(code, message),
        ok(errors=[{"code": code, "message": message, "detail": {"sku_id": "171"}}]),
    ):
        shop, _ = knowing({"/inventory/update": answer})
        assert run(shop.push_stock([A])) == [PushResult(A.key, str(code), message, is_final=is_final)]


def test_a_call_refused_whole_blames_none_of_several_and_each_goes_again_alone() -> None:
    shop, _ = knowing({"/inventory/update": [refused(12052557, "a SKU is not of this product"), ok()]})
    assert {(one.error, one.is_final) for one in run(shop.push_stock([A, B]))} == {("12052557", False)}
    assert shop.stock_batches([A, B]) == [[A], [B]]
    other = StockPush(ListingKey("18", "181"), "", 1), StockPush(ListingKey("18", "182"), "", 1)
    assert shop.stock_batches(other) == [list(other)]
    prices = [PricePush(A.key, "A", 1), PricePush(B.key, "B", 1)]
    assert [len(batch) for batch in shop.price_batches(prices)] == [1, 1]


def test_a_call_refused_for_the_moment_stays_a_call_about_all() -> None:
    shop, _ = knowing({"/inventory/update": refused(12052393, "locked by a promotion")})
    assert {one.is_final for one in run(shop.push_stock([A, B]))} == {False}
    assert shop.stock_batches([A, B]) == [[A, B]]


@pytest.mark.parametrize("code", [105005, 36009043, 12019114])
def test_a_refusal_of_the_whole_shop_blames_no_listing(code: int) -> None:
    shop, _ = knowing({"/inventory/update": refused(code), "/prices/update": refused(code)})
    with pytest.raises(RemoteRefused):
        run(shop.push_stock([A]))
    with pytest.raises(RemoteRefused):
        run(shop.push_price([PricePush(A.key, "A", 1)]))


@pytest.mark.parametrize("answer", [b"<html>", b'{"code":0,"data":[]}', ok(errors=["no"]), Response(503, b"")])
def test_a_write_whose_answer_cannot_be_read_is_not_acknowledged(answer: Answer) -> None:
    shop, _ = knowing({"/inventory/update": answer})
    with pytest.raises(Unavailable):
        run(shop.push_stock([A]))


@given(
    said=st.dictionaries(st.integers(0, 40), st.sampled_from(["ok", "failed"]), min_size=1, max_size=20),
    code=st.sampled_from(["0", "12052557"]),
    strangers=st.integers(0, 2),
)
def test_every_push_has_exactly_one_result_whatever_the_reply(said: dict[int, str], code: str, strangers: int) -> None:
    batch = [StockPush(ListingKey("1", str(sku)), "", 1) for sku in said]
    named = [str(sku) for sku, word in said.items() if word == "failed"] + ["999"] * strangers
    troubles = [products.Trouble(1, "no", products.TroubleDetail(sku_id)) for sku_id in named]
    results = products.results(batch, troubles, code, "why")
    assert [result.key for result in results] == [push.key for push in batch]
    for result in results:
        is_fine = code == "0" and not strangers and said[int(result.key.model_id)] == "ok"
        assert bool(result.error) is not is_fine


def test_a_price_goes_out_as_text() -> None:
    shop, wire = a_shop({"/prices/update": ok()})
    pushes = [PricePush(A.key, "A", 99000), PricePush(B.key, "B", 1250, "GBP")]
    assert run(shop.push_price(pushes)) == [PushResult(A.key), PushResult(B.key)]
    (request,) = asked(wire)
    assert (request.method, request.lane) == ("POST", "default")
    assert request.url.endswith("/product/202309/products/17/prices/update")
    assert body(request) == {
        "skus": [
            {"id": "171", "price": {"amount": "99000", "currency": "VND"}},
            {"id": "172", "price": {"amount": "12.50", "currency": "GBP"}},
        ]
    }


@given(minor=st.integers(0, 10**12), currency=st.sampled_from(["VND", "GBP", "SGD", "KWD"]))
def test_a_price_pushed_and_read_again_is_the_same(minor: int, currency: str) -> None:
    shop, wire = a_shop({"/prices/update": ok()})
    run(shop.push_price([PricePush(A.key, "A", minor, currency)]))
    price = body(asked(wire)[0])["skus"][0]["price"]
    said = {
        "id": "17",
        "skus": [{"id": "171", "price": {"currency": currency, "tax_exclusive_price": price["amount"]}}],
    }
    shop, _ = a_shop({"/products/17": ok(**said), "/inventory/search": ok(inventory=[])})
    (listing,) = run(shop.read_listings(keys=[A.key]))
    assert (listing.price_minor, listing.currency) == (minor, currency)
