"""Sale prices on TikTok Shop: activities of the shop's own, against answers composed from the documented shapes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from mekong.channels.socket import ListingKey, PricePush, PushResult, SalePrice
from mekong.connectors.tiktok.mapping import promotions
from mekong.foundation.errors import RemoteRefused, Unavailable
from tests.unit.connectors.test_tiktok import NOW, a_shop, ok, refused
from tests.unit.connectors.wire import Answer, Wire, body, run

A, B = ListingKey("17", "171"), ListingKey("17", "172")
SOON = datetime.fromtimestamp(-(-int((NOW + timedelta(minutes=10)).timestamp()) // 300) * 300, UTC)
ENDS = SOON + timedelta(days=7)
SALE = SalePrice(99_000, None, ENDS)
TITLE = f"MK {SOON:%y%m%d%H%M}-{ENDS:%y%m%d%H%M} {int(NOW.timestamp())}"
SEARCH, PRICES, MAKE = "/activities/search", "/prices/update", "/promotion/202309/activities"
Answers = dict[str, Answer | list[Answer]]


def stamp(when: datetime) -> int:
    return int(when.timestamp())


def an_activity(
    number: str = "5", begins: datetime = SOON, ends: datetime = ENDS, title: str = TITLE
) -> dict[str, Any]:
    said = {"id": number, "title": title, "activity_type": "FIXED_PRICE", "product_level": "VARIATION"}
    return {**said, "status": "NOT_START", "begin_time": stamp(begins), "end_time": stamp(ends)}


def holding(activity: dict[str, Any], **prices: int) -> Answers:
    """The answers about one activity with these SKUs: `s171=99000`."""
    skus = [
        {"id": sku[1:], "activity_price": {"amount": str(price), "currency": "VND"}} for sku, price in prices.items()
    ]
    whole = {**activity, "activity_id": activity["id"], "products": [{"id": "17", "skus": skus}] if skus else []}
    return {
        SEARCH: [ok(activities=[], total_count=0), ok(activities=[activity], total_count=1)],
        f"/activities/{activity['id']}": ok(**whole),
        f"/activities/{activity['id']}/products": ok(activity_id=activity["id"]),
    }


def writes(wire: Wire) -> list[tuple[str, str, Any]]:
    said = [
        (request.method, urlsplit(request.url).path.rpartition("202309")[2], request)
        for request in wire.requests
        if request.method != "GET" and not request.url.endswith("/search")
    ]
    return [(method, path, body(request)) for method, path, request in said]


def pushed(answers: Answers, *pushes: PricePush) -> tuple[list[PushResult], Wire]:
    shop, wire = a_shop({PRICES: ok(), **answers})
    return run(shop.push_price(pushes)), wire


def on_sale(key: ListingKey = A, price: int = 120_000, sale: SalePrice | None = SALE) -> PricePush:
    return PricePush(key, "AO", price, sale=sale)


def row(*prices: tuple[str, str]) -> dict[str, Any]:
    free = {"quantity_limit": -1, "quantity_per_user": -1}
    return {"id": "17", **free, "skus": [{"id": sku, "activity_price_amount": price, **free} for sku, price in prices]}


def test_a_sale_is_an_activity_made_and_the_skus_put_into_it_in_one_call() -> None:
    made: Answers = {MAKE: ok(activity_id="7"), "/activities/7/products": ok(activity_id="7")}
    results, wire = pushed(made, on_sale(A), on_sale(B))
    assert results == [PushResult(A), PushResult(B)]
    assert writes(wire)[1:] == [
        (
            "POST",
            "/activities",
            {
                "activity_type": "FIXED_PRICE",
                "product_level": "VARIATION",
                "title": TITLE,
                "begin_time": stamp(SOON),
                "end_time": stamp(ENDS),
            },
        ),
        (
            "PUT",
            "/activities/7/products",
            {"activity_id": "7", "products": [row(("171", "99000"), ("172", "99000"))]},
        ),
    ]


def test_an_activity_of_ours_with_these_dates_is_used_and_one_of_somebody_elses_is_not() -> None:
    _, wire = pushed(holding(an_activity()), on_sale())
    assert [path for _, path, _ in writes(wire)] == ["/products/17/prices/update", "/activities/5/products"]
    made: Answers = {MAKE: ok(activity_id="7"), "/activities/7/products": ok()}
    _, wire = pushed({**holding(an_activity(title="Sale 12.12")), **made}, on_sale())
    assert [path for _, path, _ in writes(wire)][1:] == ["/activities", "/activities/7/products"]


def test_what_stands_as_wanted_is_left_alone_and_another_price_is_told() -> None:
    results, wire = pushed(holding(an_activity(), s171=99000), on_sale())
    assert results == [PushResult(A)]
    assert [path for _, path, _ in writes(wire)] == ["/products/17/prices/update"]
    _, wire = pushed(holding(an_activity(), s171=89000, s172=99000), on_sale(A), on_sale(B))
    told = {"activity_id": "5", "products": [row(("171", "99000"))]}
    assert writes(wire)[1:] == [("PUT", "/activities/5/products", told)]


@pytest.mark.parametrize("sale", [None, SalePrice(99_000, None, NOW), SalePrice(120_000)])
def test_no_sale_leaves_the_activity_before_the_price_is_set(sale: SalePrice | None) -> None:
    _, wire = pushed(holding(an_activity(), s171=99000, s172=99000), on_sale(A, sale=sale), on_sale(B, sale=sale))
    assert [(method, path) for method, path, _ in writes(wire)] == [
        ("DELETE", "/activities/5/products"),
        ("POST", "/products/17/prices/update"),
    ]
    assert writes(wire)[0][2] == {"sku_ids": ["171", "172"]}


def test_what_the_activities_hold_is_asked_once_a_round_and_known_after_a_write() -> None:
    shop, wire = a_shop({PRICES: ok(), **holding(an_activity())})
    assert run(shop.push_price([on_sale()])) == run(shop.push_price([on_sale()])) == [PushResult(A)]
    assert len(wire.asked(SEARCH)) == 2
    assert [path for _, path, _ in writes(wire)].count("/activities/5/products") == 1
    run(shop.push_price([on_sale(sale=None)]))
    run(shop.push_price([on_sale(sale=None)]))
    assert [method for method, _, _ in writes(wire)].count("DELETE") == 1
    assert len(wire.asked(SEARCH)) == 2


def test_a_list_of_several_pages_is_read_whole() -> None:
    pages: list[Answer] = [
        ok(activities=[an_activity("9", title="x")], next_page_token="t2", total_count=2),
        ok(activities=[an_activity("8", title="y")], next_page_token="", total_count=2),
        ok(activities=[an_activity()], total_count=1),
    ]
    answers = {
        **holding(an_activity(), s171=99000),
        "/activities/9": ok(),
        "/activities/8": refused("17029001", "not found"),
    }
    _, wire = pushed({**answers, SEARCH: pages}, on_sale())
    said = [body(request) for request in wire.asked(SEARCH)]
    assert [(one["status"], one["page_token"]) for one in said] == [
        ("ONGOING", ""),
        ("ONGOING", "t2"),
        ("NOT_START", ""),
    ]
    assert [path for _, path, _ in writes(wire)] == ["/products/17/prices/update"]


LOCKED = refused("12052038", "The product is in a promotion")


def a_product(price: int) -> Answers:
    sku = {"id": "171", "price": {"currency": "VND", "sale_price": str(price)}}
    return {"/products/17": ok(id="17", status="ACTIVATE", skus=[sku]), "/inventory/search": ok(inventory=[])}


def test_a_price_locked_by_a_promotion_is_fine_where_it_is_as_wanted() -> None:
    results, wire = pushed({**holding(an_activity(), s171=99000), PRICES: LOCKED, **a_product(120_000)}, on_sale())
    assert results == [PushResult(A)]
    assert [path for _, path, _ in writes(wire) if "activities" in path] == []


def test_a_price_locked_by_our_activity_is_set_between_leaving_and_entering_it_again() -> None:
    under_way = an_activity(begins=NOW - timedelta(days=1))
    answers = {**holding(under_way, s171=99000), PRICES: [LOCKED, ok()], **a_product(120_000)}
    results, wire = pushed(answers, on_sale(price=140_000))
    assert results == [PushResult(A)]
    assert [method for method, _, _ in writes(wire)] == ["POST", "DELETE", "POST", "PUT"]


def test_a_price_locked_by_a_campaign_of_the_platforms_waits() -> None:
    (result,), _ = pushed({PRICES: LOCKED, **a_product(120_000)}, on_sale(price=140_000, sale=None))
    assert (result.error, result.is_final) == ("12052038", False)


def test_a_refused_activity_blames_a_sku_alone_and_of_several_none() -> None:
    answers: Answers = {MAKE: ok(activity_id="7"), "/activities/7/products": refused("17029001", "price too low")}
    (result,), _ = pushed(answers, on_sale())
    assert result == PushResult(A, "17029001", "price too low", is_final=True)
    shop, _ = a_shop({PRICES: ok(), **answers})
    assert {result.is_final for result in run(shop.push_price([on_sale(A), on_sale(B)]))} == {False}
    assert [len(each) for each in shop.price_batches([on_sale(A), on_sale(B)])] == [1, 1]


@pytest.mark.parametrize("code", ["17029004", "17029005", "17029009", "17029012", "17029022"])
def test_a_refusal_that_comes_of_an_old_picture_is_tried_again(code: str) -> None:
    (result,), _ = pushed({MAKE: ok(activity_id="7"), "/activities/7/products": refused(code, "why")}, on_sale())
    assert (result.error, result.is_final) == (code, False)
    (result,), _ = pushed({MAKE: refused(code, "why")}, on_sale())
    assert (result.error, result.is_final) == (code, False)


def test_an_activity_that_cannot_be_made_or_left_is_told() -> None:
    (result,), _ = pushed({MAKE: refused("17029035", "restricted")}, on_sale())
    assert (result.error, result.is_final) == ("17029035", True)
    stuck = {**holding(an_activity(), s171=99000), "/activities/5/products": refused("17029011", "immutable")}
    (result,), _ = pushed(stuck, on_sale(sale=None))
    assert (result.error, result.is_final) == ("17029011", False)


def test_an_app_without_leave_for_promotions_has_prices_all_the_same() -> None:
    barred: Answers = {SEARCH: refused("105005", "scope is not granted")}
    results, _ = pushed(barred, on_sale(sale=None))
    assert results == [PushResult(A)]
    results, _ = pushed(barred, on_sale())
    assert results == [PushResult(A, "105005", "scope is not granted", is_final=True)]
    shop, _ = a_shop({**barred, **a_product(120_000)})
    (listing,) = run(shop.read_listings(keys=[A]))
    assert (listing.price_minor, listing.sale_minor) == (120_000, None)


def test_a_refusal_of_the_whole_shop_blames_no_listing() -> None:
    with pytest.raises(RemoteRefused):
        pushed({MAKE: refused("105005", "scope")}, on_sale())


def test_a_sale_too_short_for_the_platform_is_refused_with_the_price_set() -> None:
    (result,), wire = pushed({}, on_sale(sale=SalePrice(99_000, None, NOW + timedelta(minutes=12))))
    assert (result.error, result.is_final) == ("sale_too_late", True)
    assert [path for _, path, _ in writes(wire)] == ["/products/17/prices/update"]


def test_a_write_without_an_answer_has_the_activities_asked_for_anew() -> None:
    shop, wire = a_shop({PRICES: ok(), MAKE: Unavailable(reason="timeout")})
    with pytest.raises(Unavailable):
        run(shop.push_price([on_sale()]))
    wire.answers.update(
        {
            SEARCH: [ok(activities=[]), ok(activities=[an_activity()], total_count=1)],
            "/activities/5": [ok(activity_id="5", products=[])],
            "/activities/5/products": [ok()],
        }
    )
    assert run(shop.push_price([on_sale()])) == [PushResult(A)]
    assert writes(wire)[-1][1] == "/activities/5/products", "it had been made"


def test_a_listing_shows_the_lowest_price_of_what_is_under_way() -> None:
    under_way = an_activity(begins=NOW - timedelta(days=1), title="Sale 12.12")
    shop, _ = a_shop({**holding(under_way, s171=99000, s172=130000), **a_product(120_000)})
    (listing,) = run(shop.read_listings(keys=[A]))
    assert (listing.price_minor, listing.sale_minor, listing.sale_ends_at) == (120_000, 99_000, ENDS)
    shop, _ = a_shop({**holding(an_activity(), s171=99000), **a_product(120_000)})
    (listing,) = run(shop.read_listings(keys=[A]))
    assert listing.sale_minor is None, "it is still to begin"
    whole = {**under_way, "products": [{"id": "17", "activity_price": {"amount": "88000"}}]}
    shop, _ = a_shop({**holding(under_way), **a_product(120_000), "/activities/5": ok(**whole)})
    (listing,) = run(shop.read_listings(keys=[A]))
    assert listing.sale_minor == 88_000, "a product may be in it whole"


def test_titles_are_known_again_and_short_enough() -> None:
    assert len(promotions.title(SOON, ENDS, NOW)) <= 50
    assert promotions.Activity(title=TITLE).is_ours
    assert not any(promotions.Activity(title=other).is_ours for other in ("", "MK sale", f"{TITLE}x", TITLE[:24]))
