"""The catalogue desk over the API: categories, attributes, pictures in order, bundles, in-store barcodes, readiness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_django
from django.test import Client

from mekong.channels import commands as channels
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine
from tests.integration.api.test_pictures import a_picture, uploaded
from tests.support.http import refused, send
from tests.support.people import NOON, a_caller

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture(autouse=True)
def media(settings: pytest_django.Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def put(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.put(f"{API}{path}", json.dumps(body), content_type="application/json", headers=headers)


def patch(client: Client, path: str, body: Any) -> Any:
    return client.patch(f"{API}{path}", json.dumps(body), content_type="application/json")


@pytest.fixture
def client() -> Client:
    """A caller with every right, two categories and three products."""
    client = a_caller()
    for code, name in (("gom", "Gốm"), ("tra", "Trà")):
        send(client, f"{API}/categories", {"code": code, "name": name})
    for sku in ("AO", "B", "C"):
        send(client, f"{API}/products", {"name": f"Món {sku}", "variants": [{"sku": sku, "price_minor": 1}]})
    return client


def test_a_category_is_renamed_and_moved_and_a_repeat_changes_nothing(client: Client) -> None:
    for _ in range(2):
        moved = send(client, f"{API}/categories/gom/move", {"parent": "tra"})
    assert moved.json()["path"] == ["Trà", "Gốm"]
    assert patch(client, "/categories/gom", {"name": "Gốm sứ"}).json()["path"] == ["Trà", "Gốm sứ"]
    loop = refused(send(client, f"{API}/categories/tra/move", {"parent": "gom"}), 422)
    assert (loop["code"], loop["errors"][0]["field"]) == ("catalog.category_loop", "parent")
    assert refused(patch(client, "/categories/khong-co", {"name": "x"}), 404)["code"] == "catalog.category_not_found"
    send(client, f"{API}/categories", {"name": "Gốm", "code": "gom-2"})
    assert refused(patch(client, "/categories/gom-2", {"name": "Trà"}), 409)["code"] == "catalog.category_name_taken"


def test_a_category_asks_for_attributes(client: Client) -> None:
    made = send(client, f"{API}/attributes", {"name": "Men", "kind": "choice", "choices": ["Lam", "Rạn"]})
    assert (made.status_code, made.json()["code"]) == (201, "men")
    for _ in range(2):
        asked = put(client, "/categories/gom/attributes", {"attributes": [{"code": "men", "is_required": True}]})
    assert [(each["code"], each["is_required"]) for each in asked.json()["items"]] == [("men", True)]
    assert client.get(f"{API}/categories/gom/attributes").json() == asked.json()
    changed = patch(client, "/attributes/men", {"choices": ["Rạn", "Lam", "Nâu"], "name": "Loại men"})
    assert changed.json()["choices"] == ["Rạn", "Lam", "Nâu"]
    assert client.get(f"{API}/attributes").json()["items"][0]["name"] == "Loại men"
    wrong = put(client, "/categories/gom/attributes", {"attributes": [{"code": "khong-co"}]})
    assert refused(wrong, 404)["code"] == "catalog.attribute_not_found"
    assert refused(patch(client, "/attributes/men", {"choices": []}), 422)["code"] == "catalog.missing"
    assert refused(client.get(f"{API}/categories/khong-co/attributes"), 404)["code"] == "catalog.category_not_found"


def test_pictures_are_ordered_named_taken_away_and_put_back(client: Client) -> None:
    ids = [uploaded(client, a_picture(size=(40 + at, 40))).json()["id"] for at in range(3)]
    for _ in range(2):
        ordered = put(client, "/products/AO/pictures/order", {"pictures": [ids[2], ids[0]]})
    assert [each["id"] for each in ordered.json()["items"]] == [ids[2], ids[0], ids[1]]
    named = patch(client, f"/pictures/{ids[0]}", {"alt_text": "Mặt sau", "sku": "AO"})
    assert named.json()["alt_text"] == "Mặt sau"
    assert refused(patch(client, f"/pictures/{ids[0]}", {"sku": "B"}), 404)["code"] == "catalog.variant_not_found"
    assert refused(patch(client, f"/pictures/{ids[0]}", {"sku": "KHONG"}), 404)["code"] == "catalog.variant_not_found"
    client.delete(f"{API}/pictures/{ids[1]}")
    for _ in range(2):
        assert send(client, f"{API}/pictures/{ids[1]}/restore", b"").json()["id"] == ids[1]
    gone = "pic_00000000000000000000000000000000"
    assert refused(send(client, f"{API}/pictures/{gone}/restore", b""), 404)["code"] == "catalog.picture_not_found"
    assert refused(patch(client, f"/pictures/{gone}", {"alt_text": "x"}), 404)["code"] == "catalog.picture_not_found"


def test_a_bundle_is_set_unless_it_has_stock_of_its_own(client: Client) -> None:
    parts = {"parts": [{"sku": "B", "quantity": 2}, {"sku": "C"}]}
    for _ in range(2):
        made = put(client, "/variants/AO/parts", parts)
        assert [(each["sku"], each["quantity"]) for each in made.json()["items"]] == [("B", 2), ("C", 1)]
    nested = refused(put(client, "/variants/B/parts", {"parts": [{"sku": "AO"}]}), 409)
    assert nested["code"] in ("catalog.part_in_use", "catalog.bundle_of_bundles")
    inventory.create_location(actor=SYSTEM, code="HN", name="Hà Nội", kind="warehouse", priority=1)
    from mekong.catalog import queries

    made_of = send(client, f"{API}/products", {"name": "Món D", "variants": [{"sku": "D", "price_minor": 1}]})
    assert made_of.status_code == 201
    variant = queries.variants_by_sku(actor=SYSTEM, skus=["D"])["D"]
    inventory.adjust_stock(
        actor=SYSTEM, location="HN", reason="opening", now=NOON, lines=[AdjustmentLine(variant.id, 4)]
    )
    stocked = refused(put(client, "/variants/D/parts", {"parts": [{"sku": "B"}]}), 422)
    assert (stocked["code"], stocked["params"]["units"]) == ("catalog.bundle_still_stocked", 4)
    assert refused(put(client, "/variants/KHONG/parts", parts), 404)["code"] == "catalog.variant_not_found"


def test_in_store_barcodes_are_given_once(client: Client) -> None:
    given = send(client, f"{API}/barcodes/in-store", {"skus": ["AO", "B"]}).json()["items"]
    assert [each["sku"] for each in given] == ["AO", "B"]
    assert {each["barcode"][:3] for each in given} == {"299"}
    assert send(client, f"{API}/barcodes/in-store", {"skus": ["AO", "B"]}).json() == {"items": []}
    unknown = refused(send(client, f"{API}/barcodes/in-store", {"skus": ["AO", "KHONG"]}), 404)
    assert unknown["errors"][0]["field"] == "skus[1]"


def test_a_write_with_its_key_is_done_once(client: Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = send(client, f"{API}/attributes", {"name": "Men"}, **key)
    again = send(client, f"{API}/attributes", {"name": "Men"}, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert len(client.get(f"{API}/attributes").json()["items"]) == 1


def test_readiness_says_what_each_platform_misses(client: Client) -> None:
    assert client.get(f"{API}/products/AO/readiness").json() == {"items": []}
    channels.create_channel(
        actor=SYSTEM, code="shopee-1", name="S", kind="shopee", now=NOON, shop_id="1", api_url="http://127.0.0.1:9"
    )
    (shopee,) = client.get(f"{API}/products/AO/readiness").json()["items"]
    assert (shopee["kind"], shopee["missing"]) == ("shopee", 5)
    weight = next(each for each in shopee["lacking"] if each["fact"] == "weight")
    assert (weight["is_required"], weight["skus"]) == (True, ["AO"])
    assert refused(client.get(f"{API}/products/KHONG/readiness"), 404)["code"] == "catalog.product_not_found"
