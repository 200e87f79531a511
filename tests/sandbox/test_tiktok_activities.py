"""Promotion activities of the stand-in of TikTok Shop: what they ask for, what they refuse, and what buyers pay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.driving import Sandbox
from tests.sandbox.selling_tiktok import TikTok, open_tiktok

ACTIVITIES = "/promotion/202309/activities"
HOUR, DAY = 3600, 86400
TWO = [{"sku": "AO-DO", "options": ["Đỏ"], "stock": 5}, {"sku": "AO-DEN", "options": ["Đen"], "stock": 3}]


@pytest.fixture
def tiktok(box: Sandbox) -> TikTok:
    return open_tiktok(box)


def now_of(tiktok: TikTok) -> int:
    return int(tiktok.box.control("GET", "/clock")["now"])


def skip(tiktok: TikTok, seconds: int) -> None:
    """Skip time, and go on with a token that lives."""
    tiktok.box.control("POST", "/clock", {"advance_s": seconds})
    tiktok.access_token = tiktok.box.control("POST", "/tiktok/tokens", {"shop": tiktok.shop_id})["access_token"]


def plan(tiktok: TikTok, **more: Any) -> dict[str, Any]:
    starts = now_of(tiktok) + HOUR
    body = {"title": "Sale cuối tuần", "activity_type": "FIXED_PRICE", "product_level": "VARIATION"}
    return {**body, "duration_type": "NORMAL", "begin_time": starts, "end_time": starts + DAY, **more}


def planned(tiktok: TikTok, **more: Any) -> str:
    return str(tiktok.post(ACTIVITIES, plan(tiktok, **more))["activity_id"])


def unlimited(of: str, **more: Any) -> dict[str, Any]:
    return {"id": of, "quantity_limit": -1, "quantity_per_user": -1, **more}


def by_sku(product_id: str, sku_id: str, price: str = "79000", **more: Any) -> dict[str, Any]:
    return unlimited(product_id, skus=[unlimited(sku_id, activity_price_amount=price, **more)])


def reply(tiktok: TikTok, activity_id: str, *products: Any, method: str = "PUT", **body: Any) -> httpx.Response:
    sent = {"activity_id": activity_id, "products": list(products)} if method == "PUT" else body
    return tiktok.reply(method, f"{ACTIVITIES}/{activity_id}/products", None, sent)


def put(tiktok: TikTok, activity_id: str, *products: Any) -> Any:
    said = reply(tiktok, activity_id, *products).json()
    assert said["code"] == 0, said
    return said["data"]


def code(said: httpx.Response) -> int:
    return int(said.json()["code"])


def activity(tiktok: TikTok, activity_id: str) -> Any:
    return tiktok.get(f"{ACTIVITIES}/{activity_id}")


def seen(tiktok: TikTok, sku: str = "AO-THUN") -> Any:
    return tiktok.box.control("GET", f"/tiktok/listing?shop={tiktok.shop_id}&sku={sku}")


def test_an_activity_lives_from_its_begin_to_its_end(tiktok: TikTok) -> None:
    body = plan(tiktok, participation_limit=[{"type": "BUYER_LIMIT_ONLY_ONE"}], target_user_info={})
    made = tiktok.post(ACTIVITIES, body)
    assert sorted(made) == ["activity_id", "create_time", "status", "update_time"]
    assert made["status"] == "NOT_START"
    row = activity(tiktok, made["activity_id"])
    assert {name: row[name] for name in body if name != "target_user_info"} == {
        name: value for name, value in body.items() if name != "target_user_info"
    }
    assert (row["products"], row["target_user_info"]) == ([], {"user_type": "ALL_USER"})
    skip(tiktok, HOUR + 5)
    assert activity(tiktok, made["activity_id"])["status"] == "ONGOING"
    skip(tiktok, DAY)
    assert activity(tiktok, made["activity_id"])["status"] == "EXPIRED"
    assert tiktok.code(f"{ACTIVITIES}/{made['activity_id']}/deactivate") == 17029012


@pytest.mark.parametrize(
    ("wish", "number"),
    [
        ({"title": ""}, 17029001),
        ({"title": "x" * 51}, 17029001),
        ({"begin_time": 1_700_000_000}, 17029005),
        ({"end_time": 1_700_000_000}, 17029006),
        ({"activity_type": "SHIPPING_DISCOUNT"}, 17029036),
        ({"activity_type": "SALE"}, 17029001),
        ({"product_level": "SHOP"}, 17029036),
        ({"product_level": "SKU"}, 17029001),
        ({"duration_type": "INDEFINITE"}, 17029001),
        ({"participation_limit": [{"type": "TWICE"}]}, 17029001),
        ({"target_user_info": {"user_type": "SHOP_NEW_CUSTOMER"}}, 17029036),
        ({"begin_time": "soon"}, 36009004),
        ({"title": 5}, 36009004),
    ],
)
def test_what_an_activity_may_not_be(tiktok: TikTok, wish: dict[str, Any], number: int) -> None:
    assert tiktok.code(ACTIVITIES, plan(tiktok, **wish)) == number
    assert tiktok.post(f"{ACTIVITIES}/search")["total_count"] == 0


def test_a_period_lasts_ninety_days_and_a_flash_sale_three(tiktok: TikTok) -> None:
    starts = now_of(tiktok) + HOUR
    for kind, most in (("FIXED_PRICE", 90 * DAY), ("FLASHSALE", 3 * DAY)):
        period = {"activity_type": kind, "title": kind, "begin_time": starts}
        assert tiktok.code(ACTIVITIES, plan(tiktok, **period, end_time=starts + most + 1)) == 17029007
        assert tiktok.code(ACTIVITIES, plan(tiktok, **period, end_time=starts + most)) == 0


def test_a_title_is_taken_once_in_a_shop(tiktok: TikTok) -> None:
    planned(tiktok)
    assert tiktok.code(ACTIVITIES, plan(tiktok)) == 17029004
    assert open_tiktok(tiktok.box).code(ACTIVITIES, plan(tiktok)) == 0


def test_units_are_sold_at_the_price_of_the_activity(tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list()
    activity_id = planned(tiktok)
    done = put(tiktok, activity_id, by_sku(product_id, sku_id))
    assert (done["status"], done["title"], done["total_count"]) == ("NOT_START", "Sale cuối tuần", 1)
    (row,) = activity(tiktok, activity_id)["products"]
    assert row["skus"] == [unlimited(sku_id, activity_price={"amount": "79000", "currency": "VND"})]
    before = tiktok.order(tiktok.bought())
    assert before["line_items"][0]["sale_price"] == "99000"
    assert (seen(tiktok)["selling_price"], seen(tiktok)["sale"]["price"]) == (99000, 79000)
    skip(tiktok, HOUR + 5)
    shown = seen(tiktok)
    assert (shown["price"], shown["list_price"], shown["selling_price"]) == (99000, 99000, 79000)
    dates = activity(tiktok, activity_id)
    assert shown["sale"] == {
        "id": activity_id,
        "price": 79000,
        "from": dates["begin_time"],
        "to": dates["end_time"],
    }
    page = tiktok.box.http.get(f"{tiktok.box.url}/tiktok/item/{product_id}")
    assert "<s>99.000 ₫</s> 79.000 ₫" in page.text
    (line,) = tiktok.order(tiktok.bought())["line_items"]
    assert (line["original_price"], line["sale_price"], line["seller_discount"]) == ("99000", "79000", "20000")
    read = tiktok.get(f"/product/202309/products/{product_id}")["skus"][0]["price"]
    assert read["sale_price"] == "99000"
    skip(tiktok, DAY)
    assert tiktok.order(tiktok.bought())["line_items"][0]["sale_price"] == "99000"
    assert (seen(tiktok)["selling_price"], seen(tiktok)["sale"]) == (99000, None)


def test_a_percentage_off_a_whole_product(tiktok: TikTok) -> None:
    product_id, _ = tiktok.list(models=TWO)
    activity_id = planned(tiktok, activity_type="DIRECT_DISCOUNT", product_level="PRODUCT")
    assert code(reply(tiktok, activity_id, by_sku(product_id, "1"))) == 17029013
    assert put(tiktok, activity_id, unlimited(product_id, discount="40", skus=[]))["total_count"] == 1
    assert activity(tiktok, activity_id)["products"] == [unlimited(product_id, discount="40")]
    skip(tiktok, HOUR + 5)
    assert [seen(tiktok, sku)["selling_price"] for sku in ("AO-DO", "AO-DEN")] == [59400, 59400]


@pytest.mark.parametrize(
    ("kind", "row", "number"),
    [
        ("FIXED_PRICE", {"activity_price_amount": "99000"}, 90029001),
        ("FIXED_PRICE", {"activity_price_amount": "0"}, 12052073),
        ("FIXED_PRICE", {"activity_price_amount": "79000.5"}, 17029001),
        ("FIXED_PRICE", {"activity_price_amount": 79000}, 36009004),
        ("FIXED_PRICE", {}, 17029001),
        ("FIXED_PRICE", {"activity_price_amount": "79000", "discount": "10"}, 17029001),
        ("FLASHSALE", {"discount": "10"}, 17029001),
        ("DIRECT_DISCOUNT", {"activity_price_amount": "79000"}, 17029001),
        ("DIRECT_DISCOUNT", {"discount": "100"}, 17029001),
        ("DIRECT_DISCOUNT", {"discount": "0"}, 17029001),
        ("DIRECT_DISCOUNT", {"discount": "10.5"}, 17029001),
        ("FIXED_PRICE", {"activity_price_amount": "79000", "quantity_limit": 100}, 17029001),
        ("FIXED_PRICE", {"activity_price_amount": "79000", "quantity_per_user": 0}, 17029001),
        ("FIXED_PRICE", {"activity_price_amount": "79000", "id": "1"}, 90029002),
    ],
)
def test_terms_that_cannot_be(tiktok: TikTok, kind: str, row: dict[str, Any], number: int) -> None:
    product_id, (sku_id,) = tiktok.list()
    activity_id = planned(tiktok, activity_type=kind)
    assert code(reply(tiktok, activity_id, unlimited(product_id, skus=[{**unlimited(sku_id), **row}]))) == number
    assert activity(tiktok, activity_id)["products"] == []


def test_products_that_cannot_be(tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list()
    activity_id = planned(tiktok)
    good = by_sku(product_id, sku_id)
    path = f"{ACTIVITIES}/{activity_id}/products"
    assert tiktok.reply("PUT", path, None, {"products": [good]}).json()["code"] == 36009004
    assert tiktok.reply("PUT", path, None, {"activity_id": "1", "products": [good]}).json()["code"] == 17029001
    assert code(reply(tiktok, activity_id)) == 17029001
    assert code(reply(tiktok, activity_id, good, good)) == 17029001
    assert code(reply(tiktok, activity_id, good | {"id": "1"})) == 90029002
    assert code(reply(tiktok, activity_id, good | {"quantity_limit": 5})) == 17029001
    assert code(reply(tiktok, activity_id, unlimited(product_id, skus=[]))) == 17029001
    assert code(reply(tiktok, activity_id, *(by_sku(str(one), "1") for one in range(301)))) == 17029046
    other = open_tiktok(tiktok.box)
    assert code(reply(other, activity_id, good)) == 17029028
    assert code(reply(tiktok, "5", good)) == 17029009
    tiktok.post("/product/202309/products/deactivate", {"product_ids": [product_id]})
    assert code(reply(tiktok, activity_id, good)) == 90029002
    assert activity(tiktok, activity_id)["products"] == []


def test_limits_rise_only(tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list()
    activity_id = planned(tiktok)
    put(tiktok, activity_id, by_sku(product_id, sku_id, quantity_limit=5, quantity_per_user=2))
    fewer = by_sku(product_id, sku_id, quantity_limit=4, quantity_per_user=2)
    assert code(reply(tiktok, activity_id, fewer)) == 17029001
    put(tiktok, activity_id, by_sku(product_id, sku_id, "69000"))
    assert code(reply(tiktok, activity_id, by_sku(product_id, sku_id, quantity_limit=5))) == 17029001
    assert activity(tiktok, activity_id)["products"][0]["skus"][0]["activity_price"]["amount"] == "69000"


def test_a_product_is_in_one_activity_at_a_time(tiktok: TikTok) -> None:
    product_id, (red, black) = tiktok.list(models=TWO)
    first = planned(tiktok)
    put(tiktok, first, by_sku(product_id, red))
    second = planned(tiktok, title="Khác", activity_type="FLASHSALE")
    assert code(reply(tiktok, second, by_sku(product_id, red))) == 17029022
    put(tiktok, second, by_sku(product_id, black))
    whole = planned(tiktok, title="Cả áo", product_level="PRODUCT")
    assert code(reply(tiktok, whole, unlimited(product_id, activity_price_amount="59000"))) == 17029022
    starts = now_of(tiktok) + 2 * DAY
    later = planned(tiktok, title="Sau", begin_time=starts, end_time=starts + DAY)
    put(tiktok, later, by_sku(product_id, red))
    path, times = f"{ACTIVITIES}/{later}", activity(tiktok, first)
    moved = {"title": "Sau", "begin_time": times["begin_time"], "end_time": times["end_time"]}
    assert tiktok.reply("PUT", path, None, moved).json()["code"] == 17029022
    tiktok.post(f"{ACTIVITIES}/{first}/deactivate")
    assert tiktok.post(path, moved, method="PUT")["title"] == "Sau"


def test_an_activity_is_changed_until_it_is_over(tiktok: TikTok) -> None:
    activity_id = planned(tiktok)
    planned(tiktok, title="Khác")
    path, row = f"{ACTIVITIES}/{activity_id}", activity(tiktok, activity_id)
    times = {"begin_time": row["begin_time"], "end_time": row["end_time"]}
    assert tiktok.reply("PUT", path, None, {"title": "Mới"}).json()["code"] == 36009004
    assert tiktok.reply("PUT", path, None, {"title": "Khác", **times}).json()["code"] == 17029004
    past = {**times, "begin_time": 1_700_000_000}
    assert tiktok.reply("PUT", path, None, {"title": "Mới", **past}).json()["code"] == 17029005
    done = tiktok.post(path, {"title": "Mới", **times}, method="PUT")
    assert (sorted(done), done["title"]) == (["activity_id", "title", "update_time"], "Mới")
    skip(tiktok, HOUR + 5)
    later = {**times, "begin_time": times["begin_time"] + 2 * HOUR}
    assert tiktok.reply("PUT", path, None, {"title": "Mới", **later}).json()["code"] == 90029003
    ended = {**times, "end_time": times["begin_time"] + 1}
    assert tiktok.reply("PUT", path, None, {"title": "Mới", **ended}).json()["code"] == 17029006
    tiktok.post(path, {"title": "Mới", **times, "end_time": times["end_time"] + DAY}, method="PUT")
    done = tiktok.post(f"{path}/deactivate")
    assert (done["status"], done["title"]) == ("DEACTIVATED", "Mới")
    assert tiktok.reply("PUT", path, None, {"title": "Mới", **times}).json()["code"] == 17029012
    assert code(reply(tiktok, activity_id, unlimited("1"))) == 17029012


def test_products_leave_an_activity(tiktok: TikTok) -> None:
    product_id, (red, black) = tiktok.list(models=TWO)
    activity_id = planned(tiktok)
    rows = [unlimited(one, activity_price_amount="79000") for one in (red, black)]
    assert put(tiktok, activity_id, unlimited(product_id, skus=rows))["total_count"] == 2
    assert code(reply(tiktok, activity_id, method="DELETE")) == 17029001
    assert code(reply(tiktok, activity_id, method="DELETE", sku_ids=[red, "1"])) == 90029002
    skip(tiktok, HOUR + 5)
    gone = reply(tiktok, activity_id, method="DELETE", sku_ids=[red]).json()["data"]
    assert (sorted(gone), gone["status"]) == (["activity_id", "status", "update_time"], "ONGOING")
    assert [seen(tiktok, sku)["selling_price"] for sku in ("AO-DO", "AO-DEN")] == [99000, 79000]
    assert code(reply(tiktok, activity_id, method="DELETE", product_ids=[product_id])) == 0
    assert activity(tiktok, activity_id)["products"] == []
    assert seen(tiktok, "AO-DEN")["sale"] is None
    put(tiktok, activity_id, unlimited(product_id, skus=rows))
    assert code(reply(tiktok, activity_id, method="DELETE", sku_ids=[red, black])) == 0
    assert activity(tiktok, activity_id)["products"] == []


def test_a_flash_sale_that_goes_on_is_locked(tiktok: TikTok) -> None:
    product_id, (red, black) = tiktok.list(models=TWO)
    activity_id = planned(tiktok, activity_type="FLASHSALE")
    put(tiktok, activity_id, by_sku(product_id, red))
    skip(tiktok, HOUR + 5)
    assert code(reply(tiktok, activity_id, by_sku(product_id, red, "69000"))) == 17029048
    assert code(reply(tiktok, activity_id, method="DELETE", sku_ids=[red])) == 17029048
    assert code(reply(tiktok, activity_id, method="DELETE", product_ids=[product_id])) == 17029047
    put(tiktok, activity_id, by_sku(product_id, black))
    assert [seen(tiktok, sku)["selling_price"] for sku in ("AO-DO", "AO-DEN")] == [79000, 79000]


def test_units_set_apart_and_units_a_buyer(tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list(stock=20)
    activity_id = planned(tiktok)
    put(tiktok, activity_id, by_sku(product_id, sku_id, quantity_limit=5, quantity_per_user=3))
    skip(tiktok, HOUR + 5)
    said = tiktok.buy({"sku": "AO-THUN", "quantity": 4})
    assert (said.status_code, said.json()["error"], said.json()["limit"]) == (422, "purchase_limit", 3)
    assert tiktok.figures() == (20, 0)
    prices = [tiktok.order(tiktok.bought(count))["line_items"][0]["sale_price"] for count in (3, 3, 2, 1)]
    assert prices == ["79000", "99000", "79000", "99000"]
    assert seen(tiktok)["selling_price"] == 99000


def test_a_listed_price_below_the_activitys_is_what_counts(tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list()
    put(tiktok, planned(tiktok), by_sku(product_id, sku_id))
    price = {"id": sku_id, "price": {"amount": "70000", "currency": "VND"}}
    tiktok.post(f"/product/202309/products/{product_id}/prices/update", {"skus": [price]})
    skip(tiktok, HOUR + 5)
    assert tiktok.order(tiktok.bought())["line_items"][0]["sale_price"] == "70000"


def test_activities_are_searched_page_by_page(tiktok: TikTok) -> None:
    first, second = planned(tiktok), planned(tiktok, title="Khác", activity_type="FLASHSALE")
    third = planned(tiktok, title="Sau")
    tiktok.post(f"{ACTIVITIES}/{third}/deactivate")

    def found(**wish: Any) -> list[str]:
        return [row["id"] for row in tiktok.post(f"{ACTIVITIES}/search", wish)["activities"]]

    assert found() == [first, second, third]
    assert found(status="NOT_START") == [first, second]
    assert found(status="DEACTIVATED") == [third]
    assert found(activity_type="FLASHSALE") == [second]
    assert (found(activity_title="Khác"), found(activity_title="Khá")) == ([second], [])
    said = tiktok.post(f"{ACTIVITIES}/search", {"page_size": 2})
    assert (said["total_count"], len(said["activities"])) == (3, 2)
    assert found(page_size=2, page_token=said["next_page_token"]) == [third]
    assert open_tiktok(tiktok.box).post(f"{ACTIVITIES}/search")["activities"] == []
    assert tiktok.code(f"{ACTIVITIES}/search", {"page_size": 101}) == 17029059
    assert tiktok.code(f"{ACTIVITIES}/search", {"status": "SOON"}) == 17029001


def test_faults_hit_activities(tiktok: TikTok) -> None:
    tiktok.box.fault(kind="rate_limit", path=ACTIVITIES, count=1)
    assert tiktok.code(ACTIVITIES, plan(tiktok)) == 36009002
    tiktok.box.fault(kind="timeout_after_effect", market="tiktok", path=ACTIVITIES, ms=10, count=1)
    with pytest.raises(httpx.HTTPError):
        tiktok.reply("POST", ACTIVITIES, None, plan(tiktok))
    assert tiktok.code(ACTIVITIES, plan(tiktok)) == 17029004
    (row,) = tiktok.box.control("GET", f"/tiktok/activities?shop={tiktok.shop_id}")["activities"]
    assert (row["title"], row["status"]) == ("Sale cuối tuần", "NOT_START")


def test_an_activity_outlives_a_restart(tmp_path: Path) -> None:
    box = Sandbox(tmp_path).start()
    try:
        tiktok = open_tiktok(box)
        product_id, (sku_id,) = tiktok.list()
        activity_id = planned(tiktok)
        put(tiktok, activity_id, by_sku(product_id, sku_id, quantity_limit=3))
        skip(tiktok, HOUR + 5)
        tiktok.bought(2)
        before = activity(tiktok, activity_id)
        box.stop()
        box.start()
        assert activity(tiktok, activity_id) == before
        prices = [tiktok.order(tiktok.bought())["line_items"][0]["sale_price"] for _ in range(2)]
        assert prices == ["79000", "99000"]
    finally:
        box.stop()
