"""Publishing on the stand-in of WooCommerce, from outside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import open_seller
from tests.sandbox.driving import Sandbox
from tests.sandbox.pictures import png
from tests.sandbox.publishing_lazada import upload
from tests.sandbox.selling_woocommerce import WooCommerce, buy_on_woo, on_woo, open_woo


@pytest.fixture
def woo(box: Sandbox) -> WooCommerce:
    return open_woo(box)


def draft(**more: Any) -> dict[str, Any]:
    return {
        "name": "Áo thun cotton",
        "type": "variable",
        "description": "<p>Dày dặn</p>",
        "short_description": "Mềm",
        "weight": "0.25",
        "dimensions": {"length": "20", "width": "15"},
        "categories": [{"id": 103}],
        "attributes": [
            {"name": "Màu", "options": ["Đỏ", "Xanh"], "variation": True, "visible": True},
            {"name": "Chất liệu", "options": ["Cotton"], "visible": True},
        ],
        **more,
    }


def code(
    woo: WooCommerce, method: str, path: str, body: object, params: dict[str, str] | None = None
) -> tuple[int, str]:
    reply = woo.reply(method, path, params, body)
    return reply.status_code, str(reply.json().get("code", ""))


def test_categories_are_a_tree_that_the_shop_may_change(woo: WooCommerce) -> None:
    rows = {row["id"]: row for row in woo.get("/products/categories", per_page=100)}
    assert rows[103]["name"] == "Áo thun"
    assert rows[rows[rows[103]["parent"]]["parent"]]["parent"] == 0
    found = woo.get("/products/categories", search="áo thun")
    assert [row["id"] for row in found] == [103]
    made = woo.post("/products/categories", {"name": "Áo dài", "parent": 102})
    assert (made["parent"], made["slug"]) == (102, "ao-dai")
    assert code(woo, "POST", "/products/categories", {"name": "áo dài", "parent": 102}) == (400, "term_exists")
    assert code(woo, "POST", "/products/categories", {}) == (400, "rest_missing_callback_param")
    assert code(woo, "POST", "/products/categories", {"name": "x", "parent": 7}) == (
        404,
        "woocommerce_rest_term_invalid",
    )
    path = f"/products/categories/{made['id']}"
    assert woo.put(path, {"name": "Áo dài cách tân"})["name"] == "Áo dài cách tân"
    assert code(woo, "DELETE", path, None) == (501, "woocommerce_rest_trash_not_supported")
    assert woo.reply("DELETE", path, {"force": "true"}).status_code == 200
    assert code(woo, "GET", path, None) == (404, "woocommerce_rest_term_invalid")


def test_attributes_and_their_values_are_told(woo: WooCommerce) -> None:
    rows = woo.get("/products/attributes")
    color = next(row for row in rows if row["name"] == "Màu sắc")
    assert color["slug"] == "pa_mau-sac"
    values = woo.get(f"/products/attributes/{color['id']}/terms", per_page=100)
    assert "Đỏ" in [row["name"] for row in values]
    made = woo.post(f"/products/attributes/{color['id']}/terms", {"name": "Tím than"})
    assert woo.get(f"/products/attributes/{color['id']}/terms/{made['id']}")["name"] == "Tím than"
    assert code(woo, "GET", "/products/attributes/99/terms", None)[0] == 404


def test_a_variable_product_is_made_and_sold(box: Sandbox, woo: WooCommerce) -> None:
    made = woo.post("/products", draft())
    assert [row["name"] for row in made["categories"]] == ["Áo thun"]
    assert (made["weight"], made["dimensions"], made["short_description"]) == (
        "0.25",
        {"length": "20", "width": "15", "height": ""},
        "Mềm",
    )
    assert made["attributes"][0]["variation"] is True
    path = f"/products/{made['id']}/variations"
    new = [
        {"sku": f"V-{at}", "regular_price": "99000", "manage_stock": True, "stock_quantity": at, "weight": "0.3"}
        | {"attributes": [{"name": "Màu", "option": color}, {"name": "Cỡ", "option": "M"}]}
        for at, color in enumerate(("Đỏ", "Xanh"))
    ]
    rows = woo.post(f"{path}/batch", {"create": new})["create"]
    assert rows[0]["attributes"] == [{"id": 0, "name": "Màu", "option": "Đỏ"}]
    assert buy_on_woo(woo, {"sku": "V-1"}).status_code == 201
    assert buy_on_woo(woo, {"sku": "V-0"}).status_code == 409
    again = woo.post(
        f"{path}/batch", {"create": [new[0]], "update": [{"id": rows[1]["id"], "regular_price": "120000"}]}
    )
    assert again["create"][0]["error"]["code"] == "product_invalid_sku"
    assert on_woo(woo, "V-1")["price"] == 120000
    assert woo.get("/products", sku="V-1")[0]["id"] == rows[1]["id"]
    page = box.http.get(f"{box.url}/woocommerce/item/{made['id']}").text
    assert "Dày dặn" in page
    published = box.control("GET", f"/woocommerce/published?shop={woo.shop_id}")["items"]
    assert len(published) == 3


def test_pictures_are_fetched_and_kept(box: Sandbox, woo: WooCommerce) -> None:
    content = png(shade=44)
    source = upload(open_seller(box), content)
    made = woo.post("/products", draft(images=[{"src": source, "alt": "Mặt trước"}]))
    (image,) = made["images"]
    assert (image["alt"], box.http.get(image["src"]).content) == ("Mặt trước", content)
    assert image["src"] != source
    kept = woo.put(f"/products/{made['id']}", {"images": [{"id": image["id"]}]})["images"]
    assert kept[0]["src"] == image["src"]
    page = box.http.get(f"{box.url}/woocommerce/item/{made['id']}").text
    assert image["src"].removeprefix(box.url) in page
    for wrong, refused in (
        ({"src": "http://127.0.0.1:1/a.png"}, "woocommerce_product_image_upload_error"),
        ({"src": "a.png"}, "woocommerce_product_image_upload_error"),
        ({"id": 5}, "woocommerce_product_invalid_image_id"),
    ):
        assert code(woo, "POST", "/products", draft(images=[wrong])) == (400, refused)
    assert [row["id"] for row in woo.get("/products")] == [made["id"]]
    far = woo.post("/products", draft(images=[{"src": "https://shop.example/a.jpg"}]))
    assert far["images"][0]["src"] == "https://shop.example/a.jpg"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"name": 5}, "rest_invalid_param"),
        ({"type": "bundle"}, "rest_invalid_param"),
        ({"weight": 5}, "rest_invalid_param"),
        ({"attributes": [{"name": "Màu", "options": "Đỏ"}]}, "rest_invalid_param"),
        ({"regular_price": "x"}, "rest_invalid_param"),
    ],
)
def test_a_wrong_product_is_refused(woo: WooCommerce, changes: dict[str, Any], refused: str) -> None:
    assert code(woo, "POST", "/products", draft(**changes)) == (400, refused)
    assert woo.get("/products") == []


def test_a_product_made_while_the_answer_was_lost_is_there(box: Sandbox, woo: WooCommerce) -> None:
    box.fault(kind="timeout_after_effect", market="woocommerce", ms=10, count=1)
    with pytest.raises(Exception, match=r"(?i)disconnect|closed|reset"):
        woo.post("/products", draft(type="simple", sku="MAT-TIN"))
    assert len(woo.get("/products", sku="MAT-TIN")) == 1
    assert code(woo, "POST", "/products", draft(sku="MAT-TIN")) == (400, "product_invalid_sku")


def test_a_shop_says_in_what_it_weighs_and_measures(woo: WooCommerce) -> None:
    said = {row["id"]: row["value"] for row in woo.get("/settings/products")}
    assert said == {"woocommerce_weight_unit": "kg", "woocommerce_dimension_unit": "cm"}
