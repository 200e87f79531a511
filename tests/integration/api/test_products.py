"""Products over HTTP."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mekong.catalog.models import Product, Variant
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db
PRODUCTS = "/api/v1/products"

PLAIN: dict[str, Any] = {"sku": "A", "price_minor": 1}
SHIRT: dict[str, Any] = {
    "name": "Áo thun Đà Nẵng",
    "options": ["Màu", "Cỡ"],
    "variants": [
        {"sku": "AT-D-M", "price_minor": 150_000, "cost_minor": 90_000, "option_values": ["Đỏ", "M"]},
        {"sku": "AT-X-L", "price_minor": 160_000, "option_values": ["Xanh", "L"], "barcodes": ["4006381333931"]},
    ],
}


def test_a_product_is_made_found_changed_and_archived() -> None:
    client = a_caller()
    made = send(client, PRODUCTS, SHIRT)
    assert made.status_code == 201, made.content
    assert [each["sku"] for each in made.json()["variants"]] == ["AT-D-M", "AT-X-L"]
    assert made.json()["id"].startswith("prd_")

    assert client.get(f"{PRODUCTS}/at-x-l").json()["name"] == "Áo thun Đà Nẵng"
    assert client.get(f"{PRODUCTS}?q=ao+thun").json()["items"][0]["variant_count"] == 2
    found = client.get("/api/v1/variants/search?q=ao%20thun%20da%20nang").json()
    assert {each["sku"] for each in found["items"]} == {"AT-D-M", "AT-X-L"}
    assert client.get("/api/v1/variants/AT-D-M").json()["full_name"] == "Áo thun Đà Nẵng - Đỏ / M"

    patch = client.patch(f"{PRODUCTS}/AT-D-M", {"name": "Áo thun Huế"}, content_type="application/json")
    assert patch.json()["name"] == "Áo thun Huế"
    changed = client.patch("/api/v1/variants/AT-D-M", {"weight_g": 180}, content_type="application/json")
    assert changed.json()["weight_g"] == 180
    assert send(client, "/api/v1/prices", {"lines": [{"sku": "AT-D-M", "price_minor": 1}]}).json() == {"changed": 1}
    more = {"variants": [{"sku": "AT-X-M", "price_minor": 1, "option_values": ["Xanh", "M"]}]}
    assert len(send(client, f"{PRODUCTS}/AT-D-M/variants", more).json()["variants"]) == 3
    for _ in range(2):
        assert send(client, f"{PRODUCTS}/AT-D-M/archive", b"").json()["status"] == "archived"
    assert send(client, f"{PRODUCTS}/AT-D-M/restore", b"").json()["status"] == "active"


def test_a_sku_with_a_slash_has_an_address() -> None:
    client = a_caller()
    send(client, PRODUCTS, {"name": "Vải", "variants": [{"sku": "V/1", "price_minor": 1}]})
    assert client.get(f"{PRODUCTS}/V/1").json()["variants"][0]["sku"] == "V/1"
    assert client.get(f"{PRODUCTS}/V%2F1").json()["variants"][0]["sku"] == "V/1"
    assert send(client, f"{PRODUCTS}/V/1/archive", b"").json()["status"] == "archived"


def test_costs_are_seen_with_their_permission_alone() -> None:
    send(a_caller(), PRODUCTS, SHIRT)
    seen = a_caller("catalog.view", "money.view_cost").get(f"{PRODUCTS}/AT-D-M").json()
    hidden = a_caller("catalog.view").get(f"{PRODUCTS}/AT-D-M").json()
    assert [each["cost_minor"] for each in seen["variants"]] == [90_000, None]
    assert [each["cost_minor"] for each in hidden["variants"]] == [None, None]
    blind = a_caller("catalog.view").get(f"{PRODUCTS}/export?format=csv").content
    assert (b"90000" in blind, b"AT-D-M" in blind) == (False, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"nam": "x"}, "nam"),
        ({"variants": []}, "variants"),
        ({"attributes": {"weight": 1.5}}, "attributes.weight"),
        ({"variants": [{"sku": "A", "price_minor": 1.0}]}, "variants[0].price_minor"),
        ({"variants": [{"sku": "A", "price_minor": -1}]}, "variants[0].price_minor"),
        ({"variants": [{"sku": "A", "price_minor": True}]}, "variants[0].price_minor"),
        ({"variants": [{"sku": "A", "price_minor": "1"}]}, "variants[0].price_minor"),
        ({"options": [], "variants": [PLAIN | {"barcodes": ["4006381333932"]}]}, "variants[0].barcodes[0]"),
        ({"options": [], "variants": [PLAIN, PLAIN | {"sku": "a"}]}, "variants[1].sku"),
        ({"tax_class": "unknown"}, "tax_class"),
        ({"category": "nowhere"}, "category"),
    ],
)  # fmt: skip
def test_a_wrong_product_is_refused_by_field_and_nothing_is_written(change: dict[str, Any], field: str) -> None:
    response = send(a_caller(), PRODUCTS, SHIRT | change)
    assert response.status_code in {404, 422}
    assert field in [each["field"] for each in refused(response, response.status_code)["errors"]]
    assert not Product.objects.exists()


def test_a_sku_is_taken_once() -> None:
    send(a_caller(), PRODUCTS, SHIRT)
    problem = refused(send(a_caller(language="vi"), PRODUCTS, SHIRT | {"code": "other"}), 409)
    assert problem["code"] == "catalog.duplicate_sku"
    assert problem["errors"][0]["field"] == "variants[0].sku"
    assert Variant.objects.count() == 2


def test_script_and_sql_in_a_name_are_text() -> None:
    name = "<script>alert(1)</script>'; drop table catalog_product; --"
    client = a_caller()
    send(client, PRODUCTS, {"name": name, "variants": [{"sku": "X", "price_minor": 1}]})
    assert client.get(f"{PRODUCTS}/X").json()["name"] == name


def test_reading_needs_its_permission() -> None:
    for path in (PRODUCTS, f"{PRODUCTS}/X", "/api/v1/variants/search?q=x", "/api/v1/categories"):
        assert refused(a_caller("orders.view").get(path), 403)["params"]["permission"] == "catalog.view"
    assert refused(send(a_caller("catalog.view"), PRODUCTS, SHIRT), 403)["params"]["permission"] == "catalog.edit"


def test_categories_make_a_tree() -> None:
    client = a_caller()
    assert send(client, "/api/v1/categories", {"name": "Thời trang", "code": "fashion"}).status_code == 201
    assert send(client, "/api/v1/categories", {"name": "Áo", "code": "tops", "parent": "fashion"}).status_code == 201
    paths = [each["path"] for each in client.get("/api/v1/categories").json()["items"]]
    assert paths == [["Thời trang"], ["Thời trang", "Áo"]]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_imports_back_unchanged(kind: str) -> None:
    client = a_caller()
    send(client, PRODUCTS, SHIRT)
    export = client.get(f"{PRODUCTS}/export?format={kind}")
    content = export.content
    upload = {"file": SimpleUploadedFile(f"products.{kind}", content), "dry_run": "true"}
    report = client.post(f"{PRODUCTS}/import", upload).json()
    assert (report["rows"], report["unchanged"], report["errors"]) == (2, 2, [])


def test_a_bad_file_is_told_cell_by_cell_and_changes_nothing() -> None:
    client = a_caller()
    send(client, PRODUCTS, SHIRT)
    export = client.get(f"{PRODUCTS}/export?format=csv").content.decode("utf-8-sig")
    bad = export.replace("150000", "1.5.0x").encode("utf-8-sig")
    upload = {"file": SimpleUploadedFile("products.csv", bad), "dry_run": "true"}
    report = client.post(f"{PRODUCTS}/import", upload).json()
    assert (report["dry_run"], report["written"], report["errors"][0]["row"]) == (True, False, 2)
    assert report["errors"][0]["message"]

    upload = {"file": SimpleUploadedFile("products.csv", bad)}
    errors = refused(client.post(f"{PRODUCTS}/import", upload), 422)["errors"]
    assert errors[0]["field"] == f"{report['errors'][0]['column']}2"
    for content in (b"", b"\x00\x01", "tên,giá\n".encode("utf-16"), io.BytesIO(b"x" * 1000).read()):
        upload = {"file": SimpleUploadedFile("products.xlsx", content)}
        refused(client.post(f"{PRODUCTS}/import", upload), 422)
    refused(client.post(f"{PRODUCTS}/import", {"dry_run": "true"}), 422)
    assert Variant.objects.get(sku="AT-D-M").price_minor == 150_000


def test_an_upload_is_repeated_safely() -> None:
    client = a_caller()
    send(client, PRODUCTS, SHIRT)
    content = client.get(f"{PRODUCTS}/export?format=csv").content
    answers = [
        client.post(
            f"{PRODUCTS}/import", {"file": SimpleUploadedFile("p.csv", content)}, headers={"Idempotency-Key": "i"}
        )
        for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[1]["Idempotency-Replayed"] == "true"
