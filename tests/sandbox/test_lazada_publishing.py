"""Publishing on the stand-in of Lazada, from outside: what it asks for, takes and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import open_seller
from tests.sandbox.driving import Callback, Lazada, Sandbox, wait_for
from tests.sandbox.pictures import png
from tests.sandbox.publishing_lazada import create, draft, make, payload, seen, sku, update, upload
from tests.sandbox.selling import buy_on_lazada, list_on_lazada, on_lazada


def leaves(rows: list[dict[str, Any]], level: int = 1) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for row in rows:
        found += [(level, row)] if row["leaf"] else leaves(row["children"], level + 1)
    return found


def test_the_tree_has_three_levels(seller: Lazada) -> None:
    rows = seller.get("/category/tree/get", {"language_code": "vi_VN"}, token=False)["data"]
    found = leaves(rows)
    assert {level for level, _ in found} == {3}
    assert (10000201, "Áo thun") in [(row["category_id"], row["name"]) for _, row in found]
    english = leaves(seller.get("/category/tree/get", token=False)["data"])
    assert (10000201, "T-shirts") in [(row["category_id"], row["name"]) for _, row in english]


def test_a_category_tells_its_questions(seller: Lazada) -> None:
    def asked(number: str) -> Any:
        return seller.get("/category/attributes/get", {"primary_category_id": number, "language_code": "vi_VN"})

    rows = {row["name"]: row for row in asked("10000201")["data"]}
    assert (rows["material"]["label"], rows["material"]["is_mandatory"], rows["material"]["input_type"]) == (
        "Chất liệu",
        1,
        "multiEnumInput",
    )
    assert (rows["color_family"]["is_sale_prop"], rows["color_family"]["attribute_type"]) == (1, "sku")
    assert rows["color_family"]["options"][0]["name"] == "Đỏ"
    assert rows["package_weight"]["is_mandatory"] == 1
    assert asked("7")["code"] == "4227"
    parent = next(row for row in seller.get("/category/tree/get", token=False)["data"])
    assert asked(str(parent["category_id"]))["code"] == "57"
    refused = create(seller, draft(upload(seller), PrimaryCategory=str(parent["category_id"])))
    assert (refused["code"], refused["detail"][0]["field"]) == ("4134", "PrimaryCategory")
    assert create(seller, draft(upload(seller), PrimaryCategory="7"))["code"] == "201"


def test_brands_are_paged(seller: Lazada) -> None:
    page = seller.get("/category/brands/query", {"startRow": "0", "pageSize": "2"}, token=False)["data"]
    assert (page["module"][0]["name"], len(page["module"]), page["total_page"]) == ("No Brand", 2, 6)
    assert seller.get("/category/brands/query", {"startRow": "0", "pageSize": "201"}, token=False)["code"] != "0"
    by_number = make(seller, attributes={"brand": "", "brand_id": "1100001"})
    assert seen(seller, by_number)["attributes"]["brand"] == "Áo Việt"
    wrong = draft(upload(seller), sku("B"), attributes={"brand": "Điện Sao"})
    assert create(seller, wrong)["code"] == "4142"


def test_a_picture_is_kept_and_shown(box: Sandbox, seller: Lazada) -> None:
    content = png(shade=9)
    item_id = make(seller, sku("AO-1", "Đỏ", Images={"Image": [upload(seller, content)]}))
    url = seen(seller, item_id)["skus"][0]["Images"][0]
    assert box.http.get(url).content == content
    page = box.http.get(f"{box.url}/lazada/item/{item_id}").text
    assert url.removeprefix(box.url) in page
    assert "Dày dặn" in page


def test_the_platform_fetches_a_picture(box: Sandbox, seller: Lazada) -> None:
    elsewhere = upload(open_seller(box))

    def migrate(url: str) -> Any:
        return seller.post("/image/migrate", {"payload": f"<Request><Image><Url>{url}</Url></Image></Request>"})

    assert create(seller, draft(elsewhere))["code"] == "4138"
    fetched = migrate(elsewhere)["data"]["image"]["url"]
    assert create(seller, draft(fetched))["code"] == "0"
    assert migrate("ftp://example/a.png")["code"] == "301"
    assert migrate("http://127.0.0.1:1/a.png")["code"] == "301"
    assert migrate("")["code"] == "1"


def test_what_is_no_picture_is_refused(box: Sandbox, seller: Lazada) -> None:
    def send(files: Any) -> Any:
        return box.http.post(f"{box.url}/rest/image/upload", data=seller.params("/image/upload"), files=files).json()

    assert send({"image": ("a.txt", b"words", "text/plain")})["code"] == "302"
    assert send({"picture": ("a.png", png(), "image/png")})["code"] == "MissingParameter"
    assert send({"image": ("a.png", png() + b"\0" * 3 * 1024 * 1024, "image/png")})["code"] == "303"


WRONG: list[Any] = [
    ({"attributes": {"name": ""}}, "4108"),
    ({"attributes": {"name": "Á" * 256}}, "4160"),
    ({"attributes": {"brand": ""}}, "4108"),
    ({"attributes": {"material": ""}}, "4110"),
    ({"attributes": {"gender": "Trẻ em"}}, "4115"),
    ({"attributes": {"material": "Cotton,Cotton"}}, "4111"),
    ({"attributes": {"care": "x" * 301}}, "4120"),
    ({"Images": {"Image": []}}, "4139"),
    ({"Images": {"Image": ["https://elsewhere.example/a.jpg"]}}, "4138"),
    ({"PrimaryCategory": ""}, "1"),
]


@pytest.mark.parametrize(("changes", "code"), WRONG)
def test_a_wrong_product_is_refused_and_nothing_is_made(seller: Lazada, changes: Any, code: str) -> None:
    assert create(seller, draft(upload(seller), **changes))["code"] == code
    assert seller.get("/products/get", {"filter": "all"})["data"]["total_products"] == 0


SKUS_WRONG: list[Any] = [
    ([sku("")], "4150"),
    ([sku("A", "Đỏ"), sku("A", "Xanh")], "4105"),
    ([sku("A", "Đỏ"), sku("B", "Đỏ")], "4112"),
    ([sku("A"), sku("B")], "4112"),
    ([sku("A", "Đỏ"), sku("B")], "4113"),
    ([sku("A", saleProp={"capacity": "64GB"})], "4143"),
    ([sku("A", "Đỏ^")], "4129"),
    ([sku("A", price="0")], "4118"),
    ([sku("A", price="mười")], "4104"),
    ([sku("A", special_price="130000")], "4157"),
    ([sku("A", quantity="-1")], "4152"),
    ([sku("A", package_weight="")], "4108"),
    ([sku("A", package_weight="nặng")], "4149"),
    ([sku("A", package_weight="41")], "4164"),
    ([sku("A", package_length="290")], "4165"),
]


@pytest.mark.parametrize(("skus", "code"), SKUS_WRONG)
def test_wrong_skus_are_refused(seller: Lazada, skus: Any, code: str) -> None:
    refused = create(seller, draft(upload(seller), *skus))
    assert refused["code"] == code
    assert refused["detail"][0]["message"]
    assert seller.get("/products/get", {"filter": "all"})["data"]["total_products"] == 0


def test_sku_pictures_are_all_or_none(seller: Lazada) -> None:
    url = upload(seller)
    rows = [sku("A", "Đỏ", Images={"Image": [url]}), sku("B", "Xanh")]
    assert create(seller, draft(url, *rows))["code"] == "4153"


def test_too_many_pictures_and_skus_are_refused(seller: Lazada) -> None:
    url = upload(seller)
    assert create(seller, draft(url, Images={"Image": [upload(seller) for _ in range(9)]}))["code"] == "4169"
    assert create(seller, draft(url, Images={"Image": [url, url]}))["code"] == "4116"
    assert create(seller, draft(url, *[sku(f"A-{at}", f"Màu {at}") for at in range(51)]))["code"] == "6"


def test_a_code_is_taken_once_in_a_shop(box: Sandbox, seller: Lazada) -> None:
    make(seller, sku("AO-1"))
    assert create(seller, draft(upload(seller), sku("AO-1")))["code"] == "4105"
    other = open_seller(box)
    assert make(other, sku("AO-1"))


def test_xml_makes_a_product_with_choices_and_it_is_sold(seller: Lazada) -> None:
    url = upload(seller)
    rows = "".join(
        f"<Sku><SellerSku>{code}</SellerSku><quantity>2</quantity><price>99000</price><saleProp><color_family>{color}"
        "</color_family><size>M</size></saleProp><package_weight>0.2</package_weight><package_length>20</package_length>"
        "<package_width>10</package_width><package_height>2</package_height></Sku>"
        for code, color in (("X-1", "Đỏ"), ("X-2", "Xanh"))
    )
    text = (
        f"<Request><Product><PrimaryCategory>10000201</PrimaryCategory><Images><Image>{url}</Image></Images><Attributes>"
        "<name>Áo</name><brand>No Brand</brand><material>Cotton</material><gender>Nam</gender></Attributes>"
        f"<Skus>{rows}</Skus></Product></Request>"
    )
    made = seller.post("/product/create", {"payload": text})["data"]
    variation = seen(seller, made["item_id"])["variation"]
    assert variation["Variation1"]["options"] == ["Đỏ", "Xanh"]
    assert (variation["Variation2"]["name"], variation["Variation2"]["options"]) == ("size", ["M"])
    assert buy_on_lazada(seller, {"sku": "X-2", "quantity": 2}).status_code == 201
    found = seller.get("/products/get", {"sku_seller_list": json.dumps(["X-1"])})["data"]
    assert [row["item_id"] for row in found["products"]] == [made["item_id"]]


def test_a_choice_of_the_sellers_own_is_declared(seller: Lazada) -> None:
    row = sku("A", saleProp={"Kiểu tay": "Dài"})
    assert create(seller, draft(upload(seller), row))["code"] == "4143"
    declared = {"Variation1": {"name": "Kiểu tay", "customize": "true", "options": {"option": ["Dài"]}}}
    item_id = make(seller, row, variation=declared)
    assert seen(seller, item_id)["variation"]["Variation1"]["customize"] is True


def test_numbers_with_units_are_read(seller: Lazada) -> None:
    tree = leaves(seller.get("/category/tree/get", {"language_code": "vi_VN"})["data"])
    coffee = str(next(row["category_id"] for _, row in tree if row["name"] == "Cà phê"))
    said = {"net_weight": "500 g", "origin": "Việt Nam"}
    item_id = make(seller, sku("CF"), attributes=said, PrimaryCategory=coffee)
    assert seen(seller, item_id)["attributes"]["net_weight"] == "500 g"
    wrong = draft(upload(seller), sku("C2"), attributes=said | {"net_weight": "nửa cân"}, PrimaryCategory=coffee)
    assert create(seller, wrong)["code"] == "4107"


def test_an_update_changes_what_it_names_alone(seller: Lazada) -> None:
    item_id = make(seller, sku("D", "Đỏ", quantity="5"), sku("X", "Xanh"))
    before, url = seen(seller, item_id), upload(seller)
    body = {"ItemId": str(item_id), "Attributes": {"name": "Tên mới", "material": "Len"}, "Images": {"Image": [url]}}
    assert update(seller, body)["code"] == "0"
    after = seen(seller, item_id)
    assert (after["attributes"]["name"], after["attributes"]["material"]) == ("Tên mới", "Len")
    assert after["images"] == [url]
    assert (after["attributes"]["gender"], after["skus"]) == (before["attributes"]["gender"], before["skus"])
    sku_id = str(after["skus"][0]["SkuId"])
    row = {"SkuId": sku_id, "price": "150000", "SellerSku": "D-MOI"}
    assert update(seller, {"ItemId": str(item_id), "Skus": {"Sku": [row]}})["code"] == "0"
    assert (on_lazada(seller, "D-MOI")["price"], on_lazada(seller, "D-MOI")["total"]) == (150000, 5)
    assert update(seller, body | {"Skus": {"Sku": [sku("D", "Vàng")]}})["code"] == "0"


def test_a_sku_is_added_by_update_and_by_association(seller: Lazada) -> None:
    item_id = make(seller, sku("D", "Đỏ"))
    assert update(seller, {"ItemId": str(item_id), "Skus": {"Sku": [sku("X", "Xanh", quantity="3")]}})["code"] == "0"
    assert buy_on_lazada(seller, {"sku": "X"}).status_code == 201
    same = update(seller, {"ItemId": str(item_id), "Skus": {"Sku": [sku("Y", "Xanh")]}})
    assert same["code"] == "4112"
    joined = create(seller, {"AssociatedSku": "D", "Skus": {"Sku": [sku("V", "Vàng")]}})
    assert joined["data"]["item_id"] == item_id
    assert [row["SellerSku"] for row in seen(seller, item_id)["skus"]] == ["D", "X", "V"]
    assert create(seller, {"AssociatedSku": "?", "Skus": {"Sku": [sku("W", "Đen")]}})["code"] == "4136"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ItemId": ""}, "1"),
        ({"ItemId": "1"}, "4137"),
        ({"Attributes": {"name": ""}}, "4108"),
        ({"Attributes": {"gender": "Trẻ em"}}, "4115"),
        ({"Attributes": {"gender": ""}}, "4110"),
        ({"Attributes": {"brand": "Không có"}}, "4142"),
        ({"Images": {"Image": []}}, "4139"),
        ({"PrimaryCategory": "7"}, "201"),
        ({"Skus": {"Sku": [{"SkuId": "5", "price": "1"}]}}, "4136"),
        ({"Skus": {"Sku": [{"SellerSku": "D", "price": "0"}]}}, "4118"),
        ({"Skus": {"Sku": [{"SellerSku": "D", "Status": "gone"}]}}, "4132"),
    ],
)
def test_a_refused_update_leaves_the_product_as_it_was(seller: Lazada, changes: Any, code: str) -> None:
    item_id = make(seller, sku("D", "Đỏ"))
    before = seen(seller, item_id)
    body = {"ItemId": str(item_id), **changes}
    assert update(seller, body)["code"] == code
    assert seen(seller, item_id) == before


def test_pictures_that_were_never_uploaded_may_stay(seller: Lazada) -> None:
    item_id, _ = list_on_lazada(seller, image="https://img.example/a.jpg")
    urls = ["https://img.example/a.jpg", upload(seller)]
    assert update(seller, {"ItemId": str(item_id), "Images": {"Image": urls}})["code"] == "0"
    assert seen(seller, item_id)["images"] == urls


def test_units_held_for_orders_bound_the_quantity(seller: Lazada) -> None:
    item_id = make(seller, sku("D", "Đỏ", quantity="5"))
    buy_on_lazada(seller, {"sku": "D", "quantity": 3})
    rows = {"Sku": [{"SellerSku": "D", "quantity": "2"}]}
    assert update(seller, {"ItemId": str(item_id), "Skus": rows})["code"] == "4171"
    assert on_lazada(seller, "D")["total"] == 5


def test_a_product_is_hidden_and_shown_again(seller: Lazada) -> None:
    item_id = make(seller, sku("D", "Đỏ", quantity="1"), sku("X", "Xanh", quantity="1"))
    request = {"apiRequestBody": json.dumps({"Request": {"Product": {"ItemId": item_id}}})}
    assert seller.post("/product/deactivate", request)["code"] == "0"
    assert buy_on_lazada(seller, {"sku": "D"}).status_code == 409
    assert seller.post("/product/deactivate", request)["code"] == "E0004"
    rows = {"Sku": [{"SellerSku": "X", "Status": "active"}]}
    assert update(seller, {"ItemId": str(item_id), "Skus": rows})["data"]["item_status"] == "Active"
    assert [row["Status"] for row in seen(seller, item_id)["skus"]] == ["inactive", "active"]
    assert buy_on_lazada(seller, {"sku": "X"}).status_code == 201
    for item, code in (("", "E0001"), ("1", "E0002")):
        body = {"apiRequestBody": json.dumps({"Request": {"Product": {"ItemId": item}}})}
        assert seller.post("/product/deactivate", body)["code"] == code


def test_one_sku_is_hidden_by_the_id_that_stands_alone(seller: Lazada) -> None:
    item_id = make(seller, sku("D", "Đỏ"), sku("X", "Xanh"))
    number = seen(seller, item_id)["skus"][0]["SkuId"]

    def hide(names: str) -> str:
        text = f"<Request><Product><ItemId>{item_id}</ItemId><Skus>{names}</Skus></Product></Request>"
        return str(seller.post("/product/deactivate", {"apiRequestBody": text})["code"])

    assert hide("<SkuId>5</SkuId>") == "E0003"
    assert hide(f"<SkuId>{number}</SkuId><SellerSku>D</SellerSku>") == "0"
    assert [row["Status"] for row in seen(seller, item_id)["skus"]] == ["inactive", "active"]


def test_skus_of_a_product_are_removed_but_not_all(seller: Lazada) -> None:
    item_id = make(seller, sku("D", "Đỏ"), sku("X", "Xanh"))
    first, last = (str(row["SkuId"]) for row in seen(seller, item_id)["skus"])

    def remove(*numbers: str, item: int = item_id) -> str:
        rows = "".join(f"<Sku><SkuId>{number}</SkuId></Sku>" for number in numbers)
        text = f"<Request><Product><ItemId>{item}</ItemId><Skus>{rows}</Skus></Product></Request>"
        return str(seller.post("/product/sku/remove", {"payload": text})["code"])

    assert remove(first, last) == "CAN_NOT_REMOVE_ALL_SKU"
    assert remove(first, item=1) == "EDIT_ITEM_NOT_BELONG_SELLER"
    assert remove(first) == "0"
    assert remove(first) == "SELLER_SKU_NOT_FOUND"
    assert [row["SellerSku"] for row in seen(seller, item_id)["skus"]] == ["X"]
    assert update(seller, {"ItemId": str(item_id), "Skus": {"Sku": [sku("D", "Đỏ")]}})["code"] == "0"


def test_skus_are_withdrawn_one_by_one(seller: Lazada) -> None:
    item_id = make(seller, sku("D", "Đỏ"), sku("X", "Xanh"))
    assert seller.post("/product/remove", {"seller_sku_list": json.dumps(["D"])})["code"] == "0"
    assert [row["SellerSku"] for row in seen(seller, item_id)["skus"]] == ["X"]
    assert seller.post("/product/remove", {"seller_sku_list": json.dumps(["D"])})["code"] == "207"
    number = seen(seller, item_id)["skus"][0]["SkuId"]
    assert seller.post("/product/remove", {"sku_id_list": json.dumps([f"SkuId_{item_id}_{number}"])})["code"] == "0"
    assert seller.get("/product/item/get", {"item_id": str(item_id)})["code"] == "208"
    assert make(seller, sku("D", "Đỏ"))


def test_another_seller_may_not_touch_a_product(box: Sandbox, seller: Lazada) -> None:
    item_id, other = make(seller, sku("D")), open_seller(box)
    assert update(other, {"ItemId": str(item_id)})["code"] == "4137"
    assert other.post("/product/deactivate", payload({"ItemId": str(item_id)}))["code"] == "E0002"
    assert other.post("/product/remove", {"seller_sku_list": json.dumps(["D"])})["code"] == "207"


def test_the_platform_checks_rejects_and_looks_again(box: Sandbox) -> None:
    box.control("POST", "/settings", {"lazada_review": True})
    with Callback() as callback:
        seller = open_seller(box, callback_url=callback.url)
        box.control("POST", "/lazada/apps", {"app_key": seller.app_key, "types_on": [1]})
        item_id = make(seller, sku("D"))
        assert seen(seller, item_id)["status"] == "Pending"
        assert buy_on_lazada(seller, {"sku": "D"}).status_code == 409
        box.control("POST", "/lazada/reviews", {"item_id": item_id, "state": "rejected", "reason": "Hình ảnh mờ"})
        assert seen(seller, item_id)["rejectReason"][0]["violationDetail"] == "Hình ảnh mờ"
        wait_for(lambda: len(callback.received) == 1)
        told = callback.received[0].json
        assert (told["message_type"], told["data"]["status"], told["data"]["reason"]) == (1, "REJECTED", "Hình ảnh mờ")
        assert (
            update(seller, {"ItemId": str(item_id), "Attributes": {"name": "Áo đẹp"}})["data"]["item_status"]
            == "Pending"
        )
        box.control("POST", "/lazada/reviews", {"item_id": item_id, "state": "approved"})
        assert seen(seller, item_id)["status"] == "Active"
        published = box.control("GET", f"/lazada/published?seller={seller.seller_id}")["items"]
        assert [row["item_id"] for row in published] == [item_id]


def test_a_product_made_while_the_answer_was_lost_is_there(box: Sandbox, seller: Lazada) -> None:
    body = draft(upload(seller), sku("MAT-TIN"))
    box.fault(kind="timeout_after_effect", market="lazada", path="/product/create", ms=10, count=1)
    with pytest.raises(Exception, match=r"(?i)disconnect|closed|reset"):
        create(seller, body)
    assert on_lazada(seller, "MAT-TIN")["sku"] == "MAT-TIN"
    assert create(seller, body)["code"] == "4105"
    box.fault(kind="rate_limit", market="lazada", path="/product/update", count=1)
    assert update(seller, {"ItemId": "1"})["code"] == "901"
