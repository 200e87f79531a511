"""Publishing on the stand-in of Shopify, from outside: what it takes and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.driving import Sandbox
from tests.sandbox.pictures import png
from tests.sandbox.selling_shopify import Shopify, buy_on_shopify, gid, list_on_shopify, on_shopify, open_shopify

SHOWN = """id title handle status descriptionHtml vendor productType tags category { id isLeaf } options { name values
  optionValues { name } } media(first: 10) { nodes { ... on MediaImage { id alt status image { url } } } }
  variants(first: 100) { nodes { id title sku barcode price image { url } selectedOptions { name value } inventoryQuantity
  inventoryItem { id tracked measurement { weight { value unit } } } } }"""
SET = f"""mutation S($p: ProductSetInput!, $by: ProductSetIdentifiers) {{
  productSet(synchronous: true, input: $p, identifier: $by) {{ product {{ {SHOWN} }} userErrors {{ field message code }} }} }}"""
STAGE = """mutation U($i: [StagedUploadInput!]!) { stagedUploadsCreate(input: $i) {
  stagedTargets { url resourceUrl parameters { name value } } userErrors { field message } } }"""
PRODUCT = f"query P($id: ID!) {{ product(id: $id) {{ {SHOWN} }} }}"


@pytest.fixture
def shop(box: Sandbox) -> Shopify:
    return open_shopify(box)


def put(shop: Shopify, product: dict[str, Any], by: dict[str, Any] | None = None) -> Any:
    return shop.ask(SET, {"p": product, "by": by})["productSet"]


def variant(sku: str, *values: str, price: str = "120000", **more: Any) -> dict[str, Any]:
    names = ("Màu", "Cỡ", "Vải")
    chosen = [{"optionName": name, "name": value} for name, value in zip(names, values, strict=False)]
    item = {"tracked": True, "measurement": {"weight": {"value": 0.25, "unit": "KILOGRAMS"}}}
    return {"optionValues": chosen, "sku": sku, "price": price, "inventoryItem": item, **more}


def options(**values: list[str]) -> list[dict[str, Any]]:
    return [{"name": name, "values": [{"name": one} for one in found]} for name, found in values.items()]


def draft(shop: Shopify, **more: Any) -> dict[str, Any]:
    stock = [{"locationId": gid("Location", shop.locations[0]), "name": "available", "quantity": 3}]
    return {
        "title": "Áo thun cotton",
        "descriptionHtml": "<p>Dày dặn</p>",
        "status": "ACTIVE",
        "vendor": "Áo Việt",
        "productType": "Áo",
        "tags": ["hè"],
        "category": "gid://shopify/TaxonomyCategory/t-shirts",
        "productOptions": options(Màu=["Đỏ", "Xanh"]),
        "variants": [variant("D", "Đỏ", inventoryQuantities=stock), variant("X", "Xanh")],
        **more,
    }


def make(shop: Shopify, **more: Any) -> Any:
    answer = put(shop, draft(shop, **more))
    assert answer["userErrors"] == []
    return answer["product"]


def seen(shop: Shopify, product_id: str) -> Any:
    return shop.ask(PRODUCT, {"id": product_id})["product"]


def stage(shop: Shopify, method: str = "POST", **more: Any) -> Any:
    sent = {"filename": "a.png", "mimeType": "image/png", "resource": "IMAGE", "httpMethod": method} | more
    return shop.ask(STAGE, {"i": [sent]})["stagedUploadsCreate"]


def upload(shop: Shopify, content: bytes, method: str = "POST") -> str:
    (target,) = stage(shop, method)["stagedTargets"]
    if method == "PUT":
        reply = shop.box.http.put(target["url"], content=content)
    else:
        form = {row["name"]: row["value"] for row in target["parameters"]}
        reply = shop.box.http.post(target["url"], data=form, files={"file": ("a.png", content, "image/png")})
    assert reply.status_code in (200, 201), reply.text
    return str(target["resourceUrl"])


def test_a_product_is_made_whole_and_sold(shop: Shopify) -> None:
    product = make(shop)
    assert (product["title"], product["vendor"], product["productType"]) == ("Áo thun cotton", "Áo Việt", "Áo")
    assert product["category"] == {"id": "gid://shopify/TaxonomyCategory/t-shirts", "isLeaf": True}
    assert product["options"][0]["values"] == ["Đỏ", "Xanh"]
    red, blue = product["variants"]["nodes"]
    assert (red["sku"], red["price"], red["inventoryQuantity"], blue["inventoryQuantity"]) == ("D", "120000", 3, 0)
    assert red["selectedOptions"] == [{"name": "Màu", "value": "Đỏ"}]
    assert red["inventoryItem"]["measurement"]["weight"] == {"value": 250.0, "unit": "GRAMS"}
    assert buy_on_shopify(shop, {"sku": "D", "quantity": 3}).status_code == 201
    assert buy_on_shopify(shop, {"sku": "X"}).status_code == 409
    for text in ("sku:D", "title:'Áo thun cotton'"):
        found = shop.ask("query Q($q: String!) { products(first: 5, query: $q) { nodes { id } } }", {"q": text})
        assert found["products"]["nodes"] == [{"id": product["id"]}]
    by = "query H($h: String!) { productByIdentifier(identifier: {handle: $h}) { id } }"
    assert shop.ask(by, {"h": product["handle"]})["productByIdentifier"] == {"id": product["id"]}
    assert shop.ask(by, {"h": "khong-co"})["productByIdentifier"] is None


def test_a_product_without_options_has_one_variant(shop: Shopify) -> None:
    product = put(shop, {"title": "Nón lá"})["product"]
    assert [row["title"] for row in product["variants"]["nodes"]] == ["Default Title"]
    assert product["status"] == "ACTIVE"
    again = put(shop, {"title": "Nón lá Huế", "status": "DRAFT"}, {"id": product["id"]})["product"]
    assert (again["id"], again["title"], again["status"]) == (product["id"], "Nón lá Huế", "DRAFT")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_staged_picture_is_kept_and_shown(box: Sandbox, shop: Shopify, method: str) -> None:
    content = png(shade=33)
    address = upload(shop, content, method)
    red = variant("D", "Đỏ", file={"originalSource": address, "contentType": "IMAGE"})
    files = [{"originalSource": address, "alt": "Mặt trước", "contentType": "IMAGE"}]
    product = make(shop, files=files, productOptions=options(Màu=["Đỏ"]), variants=[red])
    (picture,) = product["media"]["nodes"]
    assert (picture["alt"], picture["status"]) == ("Mặt trước", "READY")
    assert box.http.get(picture["image"]["url"]).content == content
    assert product["variants"]["nodes"][0]["image"]["url"] == picture["image"]["url"]
    page = box.http.get(f"{box.url}/shopify/item/{product['id'].rpartition('/')[2]}").text
    assert picture["image"]["url"].removeprefix(box.url) in page
    assert "Dày dặn" in page


def test_uploads_are_checked(box: Sandbox, shop: Shopify) -> None:
    assert stage(shop, mimeType="text/plain")["userErrors"][0]["field"] == ["input", "0", "mimeType"]
    assert stage(shop, resource="VIDEO")["userErrors"][0]["field"] == ["input", "0", "resource"]
    (target,) = stage(shop, "PUT")["stagedTargets"]
    assert box.http.put(target["url"], content=b"words").status_code == 400
    assert box.http.post(target["url"], content=png()).status_code == 403
    assert box.http.put(target["url"] + "0", content=png()).status_code == 403
    refused = put(shop, draft(shop, files=[{"originalSource": target["resourceUrl"]}]))
    assert refused["userErrors"][0]["field"] == ["input", "files", "0", "originalSource"]
    elsewhere = upload(open_shopify(box), png())
    assert put(shop, draft(shop, files=[{"originalSource": elsewhere}]))["userErrors"] != []


WRONG: list[Any] = [
    ({"title": " "}, "BLANK"),
    ({"title": "Á" * 256}, "TOO_LONG"),
    ({"category": "gid://shopify/TaxonomyCategory/none"}, "INVALID_INPUT"),
    ({"files": [{"originalSource": "a.png"}]}, "INVALID_INPUT"),
    ({"productOptions": options(A=["1"], B=["1"], C=["1"], D=["1"])}, "OPTIONS_OVER_LIMIT"),
    ({"productOptions": [*options(Màu=["Đỏ"]), *options(Màu=["Đỏ"])]}, "DUPLICATED_OPTION_NAME"),
    ({"productOptions": options(Màu=["Đỏ", "Đỏ"])}, "DUPLICATED_OPTION_VALUE"),
    ({"productOptions": options(Màu=[])}, "OPTION_VALUES_MISSING"),
    ({"productOptions": None}, "PRODUCT_OPTIONS_INPUT_MISSING"),
    ({"variants": None}, "VARIANTS_INPUT_MISSING"),
    ({"variants": [variant("D", "Đỏ"), variant("E", "Đỏ")]}, "INVALID_VARIANT"),
    ({"variants": [variant("D", "Tím")]}, "INVALID_VARIANT"),
    ({"variants": [variant("D", "Đỏ", "M")]}, "INVALID_VARIANT"),
    ({"variants": [variant("D")]}, "NEED_TO_ADD_OPTION_VALUES"),
    ({"variants": [variant("D", "Đỏ", price="-1")]}, "GREATER_THAN_OR_EQUAL_TO"),
    ({"variants": [variant("D", "Đỏ", price="x")]}, "INVALID_INPUT"),
    ({"variants": [variant("D", "Đỏ", id="gid://shopify/ProductVariant/1")]}, "PRODUCT_VARIANT_DOES_NOT_EXIST"),
    ({"id": "gid://shopify/Product/1"}, "PRODUCT_DOES_NOT_EXIST"),
]


@pytest.mark.parametrize(("changes", "code"), WRONG)
def test_a_wrong_product_is_refused_and_nothing_is_made(shop: Shopify, changes: Any, code: str) -> None:
    answer = put(shop, draft(shop) | changes)
    assert (answer["product"], answer["userErrors"][0]["code"]) == (None, code)
    assert shop.ask("{ products(first: 5) { nodes { id } } }")["products"]["nodes"] == []


def test_an_unknown_status_is_a_wrong_variable(shop: Shopify) -> None:
    assert shop.refused(SET, {"p": draft(shop, status="GONE")})[0] == "INVALID_VARIABLE"


def test_a_handle_is_taken_once(shop: Shopify) -> None:
    make(shop, handle="ao-thun")
    assert put(shop, draft(shop, handle="ao-thun"))["userErrors"][0]["code"] == "HANDLE_NOT_UNIQUE"


def test_setting_a_product_again_keeps_the_variants_that_stay(shop: Shopify) -> None:
    product = make(shop)
    ids = {row["sku"]: row["id"] for row in product["variants"]["nodes"]}
    wanted = draft(shop, title="Tên mới", variants=[variant("D2", "Đỏ"), variant("V", "Vàng")])
    wanted["productOptions"] = options(Màu=["Đỏ", "Vàng"])
    after = put(shop, wanted, {"id": product["id"]})["product"]
    rows = {row["sku"]: row for row in after["variants"]["nodes"]}
    assert (rows["D2"]["id"], rows["D2"]["inventoryQuantity"]) == (ids["D"], 3)
    assert list(rows) == ["D2", "V"]
    gone = shop.ask("query V($id: ID!) { productVariant(id: $id) { id } }", {"id": ids["X"]})
    assert gone["productVariant"] is None
    assert on_shopify(shop, "D2")["available"] == 3


def test_a_refused_change_leaves_the_product_as_it_was(shop: Shopify) -> None:
    product = make(shop)
    for wrong in ({"title": ""}, {"variants": [variant("Z", "Tím")]}, {"files": [{"originalSource": "x"}]}):
        assert put(shop, draft(shop) | {"title": "Khác"} | wrong, {"id": product["id"]})["userErrors"] != []
    assert seen(shop, product["id"]) == product


def test_facts_are_updated_and_pictures_added(shop: Shopify) -> None:
    product = make(shop)
    query = """mutation U($p: ProductUpdateInput!, $m: [CreateMediaInput!]) { productUpdate(product: $p, media: $m) {
      product { title status media(first: 5) { nodes { ... on MediaImage { alt } } } } userErrors { field message } } }"""
    media = [{"originalSource": upload(shop, png()), "alt": "Sau", "mediaContentType": "IMAGE"}]
    sent = {"p": {"id": product["id"], "title": "Tên khác", "status": "ARCHIVED"}, "m": media}
    done = shop.ask(query, sent)["productUpdate"]
    assert done["product"] == {"title": "Tên khác", "status": "ARCHIVED", "media": {"nodes": [{"alt": "Sau"}]}}
    assert buy_on_shopify(shop, {"sku": "D"}).status_code == 409
    unknown = shop.ask(query, sent | {"p": {"id": "gid://shopify/Product/1", "title": "x"}})["productUpdate"]
    assert unknown["userErrors"][0]["field"] == ["id"]


def test_variants_are_added_and_taken_away(shop: Shopify) -> None:
    product = make(shop)
    add = """mutation C($id: ID!, $v: [ProductVariantsBulkInput!]!) { productVariantsBulkCreate(productId: $id, variants: $v) {
      productVariants { id sku title } product { options { values } } userErrors { field code } } }"""
    new = variant("V", "Vàng", inventoryItem={"sku": "V", "tracked": True})
    done = shop.ask(add, {"id": product["id"], "v": [new]})["productVariantsBulkCreate"]
    assert (done["productVariants"][0]["title"], done["product"]["options"][0]["values"][2]) == ("Vàng", "Vàng")
    again = shop.ask(add, {"id": product["id"], "v": [new]})["productVariantsBulkCreate"]
    assert again["userErrors"][0]["code"] == "VARIANT_ALREADY_EXISTS"
    assert shop.ask(add, {"id": gid("Product", 1), "v": [new]})["productVariantsBulkCreate"]["userErrors"] != []
    take = """mutation D($id: ID!, $v: [ID!]!) { productVariantsBulkDelete(productId: $id, variantsIds: $v) {
      userErrors { field code } } }"""
    ids = [row["id"] for row in product["variants"]["nodes"]]
    assert shop.ask(take, {"id": product["id"], "v": ids})["productVariantsBulkDelete"]["userErrors"] == []
    assert [row["sku"] for row in seen(shop, product["id"])["variants"]["nodes"]] == ["V"]
    for wanted, code in (
        (ids, "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT"),
        ([done["productVariants"][0]["id"]], "CANNOT_DELETE_LAST_VARIANT"),
    ):
        errors = shop.ask(take, {"id": product["id"], "v": wanted})["productVariantsBulkDelete"]["userErrors"]
        assert errors[0]["code"] == code


def test_a_product_is_deleted_and_its_orders_stay(shop: Shopify) -> None:
    product = make(shop)
    order = buy_on_shopify(shop, {"sku": "D"}).json()["order_id"]
    query = "mutation D($p: ProductDeleteInput!) { productDelete(input: $p) { deletedProductId userErrors { field } } }"
    assert shop.ask(query, {"p": {"id": product["id"]}})["productDelete"]["deletedProductId"] == product["id"]
    assert seen(shop, product["id"]) is None
    assert shop.ask(query, {"p": {"id": product["id"]}})["productDelete"]["userErrors"] == [{"field": ["id"]}]
    read = "query O($id: ID!) { order(id: $id) { lineItems(first: 5) { nodes { sku } } } }"
    assert shop.ask(read, {"id": gid("Order", order)})["order"]["lineItems"]["nodes"] == [{"sku": "D"}]
    assert buy_on_shopify(shop, {"sku": "D"}).status_code == 404
    assert make(shop)


def test_a_product_is_published_in_the_online_store(shop: Shopify) -> None:
    product = make(shop)
    (store,) = shop.ask("{ publications(first: 5) { nodes { id name } } }")["publications"]["nodes"]
    query = """mutation P($id: ID!, $i: [PublicationInput!]!) { publishablePublish(id: $id, input: $i) {
      publishable { ... on Product { publishedAt } } userErrors { field } } }"""
    done = shop.ask(query, {"id": product["id"], "i": [{"publicationId": store["id"]}]})["publishablePublish"]
    assert done["publishable"]["publishedAt"]
    wrong = shop.ask(query, {"id": product["id"], "i": [{"publicationId": gid("Publication", 1)}]})
    assert wrong["publishablePublish"]["userErrors"] != []


def test_the_taxonomy_is_walked_and_searched(shop: Shopify) -> None:
    query = """query T($s: String, $c: ID) { taxonomy { categories(first: 50, search: $s, childrenOf: $c) {
      nodes { id fullName isLeaf isRoot childrenIds } } } }"""
    tops = shop.ask(query)["taxonomy"]["categories"]["nodes"]
    assert all(row["isRoot"] and not row["isLeaf"] for row in tops)
    assert len(tops) == 5
    below = shop.ask(query, {"c": tops[0]["id"]})["taxonomy"]["categories"]["nodes"]
    assert [row["id"] for row in below] == tops[0]["childrenIds"]
    (found,) = shop.ask(query, {"s": "t-shirts"})["taxonomy"]["categories"]["nodes"]
    assert (found["fullName"], found["isLeaf"]) == ("Fashion > Men's clothing > T-shirts", True)


def test_another_shop_may_not_touch_a_product(box: Sandbox, shop: Shopify) -> None:
    product, other = make(shop), open_shopify(box)
    published = box.control("GET", f"/shopify/published?shop={shop.shop_id}")["items"]
    assert [row["title"] for row in published] == ["Áo thun cotton"]
    assert seen(other, product["id"]) is None
    assert put(other, {"title": "x"}, {"id": product["id"]})["userErrors"][0]["code"] == "PRODUCT_DOES_NOT_EXIST"


def test_what_was_listed_by_control_is_published_anew(shop: Shopify) -> None:
    number, _, _ = list_on_shopify(shop, "CŨ", stock=4)
    wanted = {"title": "Tên mới", "productOptions": options(Màu=["Đỏ"]), "variants": [variant("D", "Đỏ")]}
    after = put(shop, wanted, {"id": gid("Product", number)})
    assert after["userErrors"] == []
    assert [row["sku"] for row in after["product"]["variants"]["nodes"]] == ["D"]


def test_a_product_made_while_the_answer_was_lost_is_there(box: Sandbox, shop: Shopify) -> None:
    box.fault(kind="timeout_after_effect", market="shopify", ms=10, count=1)
    with pytest.raises(Exception, match=r"(?i)disconnect|closed|reset"):
        put(shop, draft(shop))
    assert on_shopify(shop, "D")["available"] == 3
    box.fault(kind="http_5xx", market="shopify", path="/shopify/uploads", count=1)
    (target,) = stage(shop, "PUT")["stagedTargets"]
    assert box.http.put(target["url"], content=png()).status_code == 503
