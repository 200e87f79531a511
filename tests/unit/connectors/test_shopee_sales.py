"""Sale prices on Shopee: discounts of the shop's own, against answers composed from the platform's documented shapes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.channels.socket import ListingKey, PricePush, PushResult, Request, SalePrice
from mekong.connectors.shopee.mapping import discounts
from mekong.foundation.errors import NeedsReconnect, RemoteRefused, Unavailable
from tests.unit.connectors.test_shopee import MODELS, NOW, PLAIN, VARIED, a_shop, ok, refused
from tests.unit.connectors.wire import Answer, Wire, body, query, run

M, L, BAG = ListingKey("1000", "3455"), ListingKey("1000", "3456"), ListingKey("7")
SOON = datetime(2026, 11, 22, 11, 5, tzinfo=UTC)
ENDS = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
SALE = SalePrice(99_000, None, ENDS)
NAME = "MK 2611221105-2611301700"
Answers = dict[str, Answer | list[Answer]]


def stamp(when: datetime) -> int:
    return int(when.timestamp())


def a_discount(number: int, begins: datetime = SOON, ends: datetime = ENDS, name: str = NAME) -> dict[str, Any]:
    times = {"start_time": stamp(begins), "end_time": stamp(ends)}
    return {"discount_id": number, "discount_name": name, "status": "upcoming", "source": 0, **times}


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return ok(discount_list=list(rows), more=False)


def promoted(item_id: int, *rows: tuple[int, int, int]) -> dict[str, Any]:
    """The models of an item in discounts: (discount, model, price)."""
    promotion = [
        {
            "promotion_type": "Discount Promotions",
            "promotion_id": number,
            "model_id": model,
            "promotion_price_info": [{"promotion_price": price}],
            "promotion_staging": "upcoming",
        }
        for number, model, price in rows
    ]
    return ok(success_list=[{"item_id": item_id, "promotion": promotion}], failure_list=[])


def priced(*models: int) -> dict[str, Any]:
    return ok(success_list=[{"model_id": model} for model in models], failure_list=[])


DONE = ok(discount_id=5, count=1, error_list=[], warning="")


def writes(wire: Wire) -> list[tuple[str, Any]]:
    found: list[Request] = [request for request in wire.requests if request.method == "POST"]
    return [(request.url.rpartition("/")[2], body(request)) for request in found]


def pushed(answers: Answers, *pushes: PricePush, now: datetime = NOW) -> tuple[list[PushResult], Wire]:
    shop, wire = a_shop(
        {"/product/update_price": priced(*(int(each.key.model_id or 0) for each in pushes)), **answers}, now
    )
    return run(shop.push_price(pushes)), wire


def on_sale(key: ListingKey, price: int = 120_000, sale: SalePrice | None = SALE) -> PricePush:
    return PricePush(key, "AO", price, sale=sale)


def test_a_sale_is_a_discount_made_and_the_variants_put_into_it_in_one_call() -> None:
    made = {"/add_discount": ok(discount_id=665123666665499), "/add_discount_item": DONE}
    results, wire = pushed(made, on_sale(M), on_sale(L))
    assert results == [PushResult(M), PushResult(L)]
    assert [(name, said) for name, said in writes(wire) if name != "update_price"] == [
        ("add_discount", {"discount_name": NAME, "start_time": stamp(SOON), "end_time": stamp(ENDS)}),
        (
            "add_discount_item",
            {
                "discount_id": 665123666665499,
                "item_list": [
                    {
                        "item_id": 1000,
                        "model_list": [
                            {"model_id": 3455, "model_promotion_price": 99000},
                            {"model_id": 3456, "model_promotion_price": 99000},
                        ],
                        "purchase_limit": 0,
                    }
                ],
            },
        ),
    ]


def test_an_item_without_variants_has_its_price_itself_and_names_no_model() -> None:
    made: Answers = {"/add_discount": ok(discount_id=5), "/add_discount_item": DONE}
    _, wire = pushed(made, on_sale(BAG))
    (_, said) = writes(wire)[-1]
    assert said["item_list"] == [{"item_id": 7, "item_promotion_price": 99000, "purchase_limit": 0}]
    gone = {"/get_discount_list": listed(a_discount(5)), "/get_item_promotion": promoted(7, (5, 0, 99000))}
    _, wire = pushed({**gone, "/delete_discount_item": DONE}, on_sale(BAG, sale=None))
    assert writes(wire)[0] == ("delete_discount_item", {"discount_id": 5, "item_id": 7})


def test_a_discount_of_ours_with_these_dates_is_used_and_one_of_somebody_elses_is_not() -> None:
    theirs = a_discount(9, name="Sale 12.12")
    answers: Answers = {"/add_discount_item": DONE, "/get_item_promotion": promoted(1000)}
    _, wire = pushed({**answers, "/get_discount_list": listed(theirs, a_discount(5))}, on_sale(M))
    assert [(name, said["discount_id"]) for name, said in writes(wire)[1:]] == [("add_discount_item", 5)]


def test_what_stands_as_wanted_is_left_alone() -> None:
    answers = {"/get_discount_list": listed(a_discount(5)), "/get_item_promotion": promoted(1000, (5, 3455, 99000))}
    results, wire = pushed({**answers}, on_sale(M))
    assert results == [PushResult(M)]
    assert [name for name, _ in writes(wire)] == ["update_price"]


def test_another_price_is_told_to_the_discount_it_is_in() -> None:
    answers: Answers = {
        "/get_discount_list": listed(a_discount(5)),
        "/get_item_promotion": promoted(1000, (5, 3455, 99000), (5, 3456, 99000)),
        "/update_discount_item": DONE,
    }
    _, wire = pushed(answers, on_sale(M, sale=SalePrice(89_000, None, ENDS)), on_sale(L))
    row = {"item_id": 1000, "model_list": [{"model_id": 3455, "model_promotion_price": 89000}]}
    assert writes(wire)[1:] == [("update_discount_item", {"discount_id": 5, "item_list": [row]})]


@pytest.mark.parametrize("sale", [None, SalePrice(99_000, None, NOW), SalePrice(120_000), SalePrice(130_000)])
def test_no_sale_one_that_is_over_and_one_no_lower_leave_the_discount(sale: SalePrice | None) -> None:
    answers: Answers = {
        "/get_discount_list": listed(a_discount(5)),
        "/get_item_promotion": promoted(1000, (5, 3455, 99000), (5, 3456, 99000)),
        "/delete_discount_item": [
            DONE,
            refused("discount.discount_item_not_exist", "The item is not in this discount"),
        ],
    }
    results, wire = pushed(answers, on_sale(M, sale=sale), on_sale(L, sale=sale))
    assert results == [PushResult(M), PushResult(L)]
    assert writes(wire)[:2] == [
        ("delete_discount_item", {"discount_id": 5, "item_id": 1000, "model_id": 3455}),
        ("delete_discount_item", {"discount_id": 5, "item_id": 1000, "model_id": 3456}),
    ]


def test_a_shop_without_discounts_of_ours_is_asked_no_more_than_for_their_list() -> None:
    results, wire = pushed({"/get_discount_list": listed(a_discount(9, name="Flash"))}, on_sale(M, sale=None))
    assert results == [PushResult(M)]
    statuses = [query(request)["discount_status"] for request in wire.asked("/get_discount_list")]
    assert statuses == ["ongoing", "upcoming"]
    assert len(wire.requests) == 3


def test_the_list_is_shared_by_a_round_of_pushes_and_asked_for_anew_after_it() -> None:
    clock = [NOW]
    shop, wire = a_shop({"/product/update_price": priced(0)})
    shop.prices.clock = lambda: clock[0]
    for after_s, lists in ((0, 2), (29, 2), (31, 4)):
        clock[0] = NOW + timedelta(seconds=after_s)
        run(shop.push_price([on_sale(BAG, sale=None)]))
        assert len(wire.asked("/get_discount_list")) == lists


def test_a_list_of_several_pages_is_read_whole() -> None:
    pages: list[Answer] = [ok(discount_list=[a_discount(1, name="x")], more=True), listed(a_discount(5)), listed()]
    answers: Answers = {"/get_discount_list": pages, "/get_item_promotion": promoted(1000), "/add_discount_item": DONE}
    _, wire = pushed(answers, on_sale(M))
    assert [query(request)["page_no"] for request in wire.asked("/get_discount_list")] == ["1", "2", "1"]
    assert writes(wire)[-1][0] == "add_discount_item"


LOCKED = refused(
    "product.error_cannot_update_price_in_promotion", "Price cannot be changed when model is under promotion."
)


def test_a_price_locked_by_a_promotion_is_fine_where_it_is_as_wanted() -> None:
    answers: Answers = {
        "/get_discount_list": listed(a_discount(5)),
        "/get_item_promotion": promoted(1000, (5, 3456, 99000)),
        "/product/update_price": LOCKED,
        "/product/get_item_base_info": ok(item_list=[VARIED]),
        "/product/get_model_list": ok(**MODELS),
    }
    results, wire = pushed(answers, on_sale(L, 130_000))
    assert results == [PushResult(L)]
    assert [name for name, _ in writes(wire)] == ["update_price"]


def test_a_price_locked_by_our_discount_is_set_between_leaving_and_entering_it_again() -> None:
    under_way = a_discount(5, NOW - timedelta(days=1))
    answers: Answers = {
        "/get_discount_list": listed(under_way),
        "/get_item_promotion": promoted(1000, (5, 3456, 99000)),
        "/product/update_price": [LOCKED, priced(3456)],
        "/product/get_item_base_info": ok(item_list=[VARIED]),
        "/product/get_model_list": ok(**MODELS),
        "/delete_discount_item": DONE,
        "/add_discount_item": DONE,
    }
    results, wire = pushed(answers, on_sale(L, 140_000))
    assert results == [PushResult(L)]
    assert [name for name, _ in writes(wire)] == [
        "update_price",
        "delete_discount_item",
        "update_price",
        "add_discount_item",
    ]
    assert writes(wire)[-1][1]["discount_id"] == 5


def test_a_price_locked_by_a_campaign_of_the_platforms_waits() -> None:
    answers: Answers = {
        "/product/update_price": LOCKED,
        "/product/get_item_base_info": ok(item_list=[VARIED]),
        "/product/get_model_list": ok(**MODELS),
    }
    (result,), _ = pushed(answers, on_sale(L, 140_000, None))
    assert (result.error, result.is_final) == ("product.error_cannot_update_price_in_promotion", False)


@pytest.mark.parametrize(
    ("error", "is_final"),
    [
        ("discount.promotion_price_for_vn", True),
        ("discount.item_status_invalid", True),
        ("discount.item_in_other_promotion", False),
        ("discount.model_in_promotion", False),
        ("discount.get_model_orgin_price_error", False),
    ],
)
def test_what_a_discount_refuses_is_blamed_on_its_variant(error: str, is_final: bool) -> None:
    wrong = {"item_id": 1000, "model_id": 3456, "fail_error": error, "fail_message": "why"}
    answers: Answers = {"/add_discount": ok(discount_id=5), "/add_discount_item": ok(error_list=[wrong], count=1)}
    results, _ = pushed(answers, on_sale(M), on_sale(L))
    assert results == [PushResult(M), PushResult(L, error, "why", is_final=is_final)]
    whole = {**wrong, "model_id": 0}
    results, _ = pushed({**answers, "/add_discount_item": ok(error_list=[whole])}, on_sale(M), on_sale(L))
    assert [result.error for result in results] == [error, error]
    results, _ = pushed({**answers, "/add_discount_item": refused(error, "why")}, on_sale(M))
    assert results == [PushResult(M, error, "why", is_final=is_final)]


def test_a_discount_that_is_full_is_followed_by_another_of_the_same_dates() -> None:
    full = {"item_id": 1000, "model_id": 0, "fail_error": "discount.item_in_promotion_too_many", "fail_message": "1000"}
    shop, wire = a_shop(
        {
            "/product/update_price": priced(3455),
            "/get_discount_list": listed(a_discount(5)),
            "/get_item_promotion": promoted(1000),
            "/add_discount_item": [ok(error_list=[full]), DONE],
            "/add_discount": ok(discount_id=6),
        }
    )
    (result,) = run(shop.push_price([on_sale(M)]))
    assert (result.error, result.is_final) == ("discount.item_in_promotion_too_many", False)
    assert run(shop.push_price([on_sale(M)])) == [PushResult(M)]
    said = [said["discount_id"] for name, said in writes(wire) if name == "add_discount_item"]
    assert said == [5, 6]


def test_variants_on_sale_at_times_that_overlap_share_a_discount_as_long_as_both_are() -> None:
    day = timedelta(days=1)
    answers: Answers = {"/add_discount": [ok(discount_id=5), ok(discount_id=6)], "/add_discount_item": DONE}
    longer = SalePrice(89_000, None, ENDS + day)
    results, wire = pushed(answers, on_sale(M), on_sale(L, sale=longer))
    assert results == [PushResult(M), PushResult(L)]
    made = [(said["start_time"], said["end_time"]) for name, said in writes(wire) if name == "add_discount"]
    assert made == [(stamp(SOON), stamp(ENDS)), (stamp(ENDS), stamp(ENDS + day))]
    entered = [
        (
            said["discount_id"],
            {row["model_id"]: row["model_promotion_price"] for row in said["item_list"][0]["model_list"]},
        )
        for name, said in writes(wire)
        if name == "add_discount_item"
    ]
    assert entered == [(5, {3455: 99000, 3456: 89000}), (6, {3456: 89000})]


def test_variants_whose_times_cannot_share_a_discount_are_refused_with_the_remedy() -> None:
    answers: Answers = {"/add_discount": ok(discount_id=5), "/add_discount_item": DONE}
    shorter = SalePrice(99_000, None, ENDS - timedelta(days=1))
    first, second = pushed(answers, on_sale(M), on_sale(L, sale=shorter))[0]
    assert first == PushResult(M)
    assert (second.error, second.is_final) == ("sale_dates_differ", True)
    assert "same sale dates" in second.message
    stands: Answers = {"/get_discount_list": listed(a_discount(5)), "/get_item_promotion": promoted(1000, (5, 3455, 9))}
    (result,), wire = pushed(stands, on_sale(L, sale=shorter))
    assert result.error == "sale_dates_differ"
    assert [name for name, _ in writes(wire)] == ["update_price"]


def test_a_sale_too_short_for_the_platform_is_refused_with_the_price_set() -> None:
    (result,), wire = pushed({}, on_sale(M, sale=SalePrice(99_000, None, NOW + timedelta(hours=2))))
    assert (result.error, result.is_final) == ("sale_too_late", True)
    assert [name for name, _ in writes(wire)] == ["update_price"]


def test_an_app_without_leave_for_discounts_has_prices_all_the_same() -> None:
    barred: Answers = {"/get_discount_list": refused("error_permission", "No permission to current api.")}
    results, _ = pushed(barred, on_sale(M, sale=None))
    assert results == [PushResult(M)]
    results, _ = pushed(barred, on_sale(M))
    assert results == [PushResult(M, "error_permission", "No permission to current api.", is_final=True)]
    with pytest.raises(NeedsReconnect):
        pushed({"/get_discount_list": refused("error_auth", "Invalid partner_id or shopid.")}, on_sale(M))


def test_a_refused_price_keeps_the_sale_away() -> None:
    wrong = ok(success_list=[], failure_list=[{"model_id": 3455, "failed_reason": "Invalid price"}])
    (result,), wire = pushed({"/product/update_price": wrong}, on_sale(M))
    assert (result.error, result.message) == ("failed", "Invalid price")
    assert [name for name, _ in writes(wire)] == ["update_price"]


def test_a_discount_that_cannot_be_made_is_tried_again_and_one_that_cannot_be_left_too() -> None:
    (result,), _ = pushed({"/add_discount": refused("discount.exceed_max_discount_count", "1000")}, on_sale(M))
    assert (result.error, result.is_final) == ("discount.exceed_max_discount_count", False)
    stuck: Answers = {
        "/get_discount_list": listed(a_discount(5)),
        "/get_item_promotion": promoted(1000, (5, 3455, 99000)),
        "/delete_discount_item": refused("discount.error_assigned_promo_stock", "can't be edited"),
    }
    (result,), _ = pushed(stuck, on_sale(M, sale=None))
    assert (result.error, result.is_final) == ("discount.error_assigned_promo_stock", False)


def test_a_write_without_an_answer_has_the_list_asked_for_anew() -> None:
    shop, wire = a_shop(
        {
            "/product/update_price": priced(3455),
            "/add_discount": [Unavailable(reason="timeout"), ok(discount_id=6)],
            "/add_discount_item": DONE,
            "/get_item_promotion": promoted(1000),
            "/get_discount_list": [listed(), listed(), listed(), listed(a_discount(5))],
        }
    )
    with pytest.raises(Unavailable):
        run(shop.push_price([on_sale(M)]))
    assert run(shop.push_price([on_sale(M)])) == [PushResult(M)]
    assert writes(wire)[-1][1]["discount_id"] == 5, "it had been made"


def test_a_refusal_of_the_whole_shop_blames_no_listing() -> None:
    barred = refused("shop_banned", "The shop account has been banned.")
    with pytest.raises(RemoteRefused):
        pushed({"/add_discount": barred}, on_sale(M))
    with pytest.raises(RemoteRefused):
        pushed({"/add_discount": ok(discount_id=5), "/add_discount_item": barred}, on_sale(M))


def test_a_listing_shows_the_price_shoppers_pay_now_and_when_it_ends() -> None:
    bag = {**PLAIN, "promotion_id": 5}
    answers: Answers = {
        "/product/get_item_base_info": ok(item_list=[bag, VARIED]),
        "/product/get_model_list": ok(**MODELS),
        "/get_discount_list": listed(a_discount(5, NOW - timedelta(days=1), name="Sale 12.12")),
    }
    shop, _ = a_shop(answers)
    keys = [ListingKey("2500139861"), L]
    on, off = run(shop.read_listings(keys=keys))
    assert (on.price_minor, on.sale_minor, on.sale_ends_at) == (120_000, 99_000, ENDS)
    assert (off.price_minor, off.sale_minor, off.sale_ends_at) == (130_000, None, None)
    shop, _ = a_shop({**answers, "/get_discount_list": refused("error_permission", "No permission")})
    on, _ = run(shop.read_listings(keys=keys))
    assert (on.sale_minor, on.sale_ends_at) == (99_000, None)


def test_names_are_known_again_and_short_enough() -> None:
    name = discounts.name(SOON, ENDS)
    assert name == NAME
    assert len(name) <= 25
    assert discounts.Discount(1, name).is_ours
    assert not any(discounts.Discount(1, other).is_ours for other in ("", "MK", "MK sale", f"{NAME} 2", f"x{NAME}"))
