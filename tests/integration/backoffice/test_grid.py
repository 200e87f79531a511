"""The table of variants over HTTP: its page, its index and windows, edits told one by one, and who may do what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from mekong.catalog import commands as catalog
from mekong.catalog import queries as catalogue
from mekong.channels import commands as channels
from mekong.foundation.actor import SYSTEM
from mekong.inventory.models import Location, StockControl
from tests.integration.backoffice.conftest import Visitor
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)
GRID = "/products/grid/"


def ids(*skus: str) -> list[int]:
    found = catalogue.variants_by_sku(actor=SYSTEM, skus=skus)
    return [found[sku].id for sku in skus]


def send(client: Client, path: str, body: Any) -> Any:
    return client.post(f"{GRID}{path}/", json.dumps(body), content_type="application/json")


def edit(client: Client, *edits: dict[str, Any]) -> list[dict[str, Any]]:
    answer = send(client, "edit", {"edits": list(edits)})
    assert answer.status_code == 200, answer.content[:500]
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def row(client: Client, sku: str) -> dict[str, Any]:
    found: dict[str, Any] = send(client, "rows", {"ids": ids(sku)}).json()["rows"][0]
    return found


def index(client: Client, query: str = "") -> list[int]:
    answer = client.get(f"{GRID}index/?{query}")
    assert answer.status_code == 200, answer.content[:500]
    found: list[int] = answer.json()["ids"]
    return found


def prices_on(code: str = "shopee-1") -> None:
    channels.set_price_sync(actor=SYSTEM, code=code, on=True)


def test_the_page_says_what_the_script_needs(shop: Shop, visitor: Visitor) -> None:
    page = visitor("owner").get(GRID).content.decode()
    assert 'id="grid-facts"' in page
    facts = json.loads(page.split('id="grid-facts" type="application/json">')[1].split("</script>")[0])
    keys = [each["key"] for each in facts["columns"]]
    assert keys[:8] == ["name", "sku", "barcode", "category", "status", "price", "cost", "free"]
    assert keys[8:] == ["p:shopee-1", "q:shopee-1", "p:lazada-1", "q:lazada-1"]
    assert "cost" not in facts["shown"]
    locked = {each["key"] for each in facts["columns"] if each["why"]}
    assert locked == {"free", "p:shopee-1", "p:lazada-1"}, "prices are not sent there"


def test_who_may_not_sees_no_costs_and_no_channels(shop: Shop, visitor: Visitor) -> None:
    client = visitor("cashier")
    found = row(client, "BG-ML-28")
    assert "cost" not in found
    assert found["cells"] == {}
    results = edit(client, {"row": found["id"], "column": "price", "value": "1"})
    assert results[0]["ok"] is False
    assert "Tạo và sửa sản phẩm" in results[0]["message"]
    assert client.get(f"{GRID}index/?sort=cost").status_code == 403
    assert visitor().get(f"{GRID}index/", content_type="application/json").status_code in (302, 401)
    assert row(client, "BG-ML-28")["price"] == "890000"


def test_the_index_follows_filters_and_sorts(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    everything = index(client)
    assert len(everything) == len(shop.skus)
    assert index(client, "q=khan+lua") == ids("KL-TT-DO", "KL-TT-XA", "KL-TT-TR")
    assert index(client, "q=KL-TT-XA") == ids("KL-TT-XA")
    assert index(client, "sort=price")[0] == ids("BT-MN-15")[0]
    assert index(client, "sort=-price")[0] == ids("BG-DB-07")[0]
    by_stock = index(client, "sort=free")
    free = [send(client, "rows", {"ids": [each]}).json()["rows"][0]["free"] for each in by_stock]
    known = [each for each in free if each is not None]
    assert known == sorted(known)
    assert set(index(client, "sort=-q:shopee-1")) == set(everything)
    assert set(index(client, "sort=p:lazada-1")) == set(everything)
    assert index(client, "status=draft") == []


def test_edits_are_told_one_by_one(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    bowl, scarf = ids("BT-MN-15", "KL-TT-DO")
    results = edit(
        client,
        {"row": bowl, "column": "price", "value": "150.000", "seen": "145000"},
        {"row": bowl, "column": "price", "value": "mắc", "seen": "150000"},
        {"row": scarf, "column": "sku", "value": "KL-TT-XA", "seen": "KL-TT-DO"},
        {"row": scarf, "column": "category", "value": "Gốm", "seen": "vai"},
        {"row": scarf, "column": "status", "value": "Off sale", "seen": "active"},
        {"row": scarf, "column": "colour", "value": "x"},
        {"row": 10**9, "column": "price", "value": "1"},
    )
    assert [each["ok"] for each in results] == [True, False, False, True, True, False, False]
    assert results[0] == {"ok": True, "before": "145000", "after": "150000"}
    assert results[3]["after"] == "gom"
    assert "number" in results[1]["message"]
    assert row(client, "BT-MN-15")["price"] == "150000"
    assert (row(client, "KL-TT-DO")["status"], row(client, "KL-TT-XA")["category"]) == ("archived", "gom")


def test_a_cell_changed_meanwhile_is_refused_with_what_stands_there(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    (bowl,) = ids("BT-MN-15")
    catalog.edit_cell(actor=SYSTEM, variant_id=bowl, column="price", value="155000", now=datetime.now(UTC))
    (result,) = edit(client, {"row": bowl, "column": "price", "value": "150000", "seen": "145000"})
    assert (result["ok"], result["current"]) == (False, "155000")
    assert "Có người vừa đổi ô này" in result["message"]
    (again,) = edit(client, {"row": bowl, "column": "price", "value": "155.000", "seen": "145000"})
    assert again["ok"], "what is wanted stands there already"


def test_a_channel_price_is_its_own(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    (bowl,) = ids("BT-MN-15")
    key = "p:shopee-1"
    (refused,) = edit(client, {"row": bowl, "column": key, "value": "139.000", "seen": ""})
    assert "Prices are not sent" in refused["message"]
    prices_on()
    (done,) = edit(client, {"row": bowl, "column": key, "value": "139.000", "seen": ""})
    assert done == {"ok": True, "before": "", "after": "139000"}
    cell = row(client, "BT-MN-15")["cells"][key]
    assert (cell["v"], cell["show"], cell["state"], cell["own"]) == ("139000", "139000", "wait", True)
    (moved,) = edit(client, {"row": bowl, "column": key, "value": "120.000", "seen": ""})
    assert (moved["ok"], moved["current"]) == (False, "139000")
    (bad,) = edit(client, {"row": bowl, "column": key, "value": "rẻ", "seen": "139000"})
    assert bad["message"].startswith("“rẻ” is no amount")
    (gone,) = edit(client, {"row": ids("QT-2027")[0], "column": key, "value": "1.000", "seen": ""})
    assert "not listed" in gone["message"]
    (none,) = edit(client, {"row": bowl, "column": "p:nowhere", "value": "1"})
    assert none["ok"] is False
    (back,) = edit(client, {"row": bowl, "column": key, "value": "", "seen": "139000"})
    assert back["after"] == ""
    assert row(client, "BT-MN-15")["cells"][key]["show"] == "145000"


@pytest.mark.parametrize(
    ("typed", "kind", "amount", "stands"),
    [("12", "cap", 12, "12"), ("30%", "share", 3000, "30%"), ("=5", "slice", 5, "=5"), ("-3", "buffer", 3, "-3")],
)
def test_a_channel_stock_cell_sets_the_limit(
    shop: Shop, visitor: Visitor, typed: str, kind: str, amount: int, stands: str
) -> None:
    client = visitor("owner")
    (bowl,) = ids("BT-MN-15")
    key = "q:shopee-1"
    (done,) = edit(client, {"row": bowl, "column": key, "value": typed, "seen": ""})
    assert done == {"ok": True, "before": "", "after": stands}
    control = StockControl.objects.get(channel="shopee-1", target="BT-MN-15")
    assert (control.kind, control.amount, control.scope) == (kind, amount, "sku")
    assert row(client, "BT-MN-15")["cells"][key]["v"] == stands
    (moved,) = edit(client, {"row": bowl, "column": key, "value": "1", "seen": ""})
    assert (moved["ok"], moved["current"]) == (False, stands)
    (wrong,) = edit(client, {"row": bowl, "column": key, "value": "nhiều", "seen": stands})
    assert wrong["ok"] is False
    (unseen,) = edit(client, {"row": bowl, "column": key, "value": ""})
    assert unseen["before"] == stands
    assert not StockControl.objects.filter(target="BT-MN-15").exists()


def test_many_prices_are_planned_and_changed_alike(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    rows = ids("BT-MN-15", "DG-CC-22", "TH-HC-80")
    shift = {"percent_bp": 500, "add": "", "round_to": "1000"}
    planned = send(client, "plan", {"rows": rows, "column": "price", "shift": shift}).json()
    assert (planned["rows"], planned["changed"], planned["wrong"]) == (3, 3, 0)
    assert [(each["before"], each["after"]) for each in planned["examples"]] == [
        ("145000", "152000"), ("320000", "336000"), ("180000", "189000"),
    ]  # fmt: skip
    assert row(client, "BT-MN-15")["price"] == "145000", "a plan changes nothing"
    results = edit(client, *({"row": each, "column": "price", "shift": shift} for each in rows))
    assert [each["after"] for each in results] == ["152000", "336000", "189000"]
    planned = send(client, "plan", {"rows": rows, "column": "status", "value": "active"}).json()
    assert planned["changed"] == 0
    refused = edit(client, {"row": rows[0], "column": "sku", "shift": shift})
    assert "Only prices" in refused[0]["message"]
    odd = {"percent_bp": -20_000, "add": "", "round_to": ""}
    assert edit(client, {"row": rows[0], "column": "price", "shift": odd})[0]["ok"] is False
    prices_on()
    own_prices = {"rows": [*rows, *ids("QT-2027")], "column": "p:shopee-1"}
    planned = send(client, "plan", {**own_prices, "shift": shift}).json()
    assert (planned["changed"], planned["wrong"]) == (3, 1), "the bundle is not listed there"
    assert planned["examples"][0]["before"] == ""
    assert send(client, "plan", {**own_prices, "value": ""}).json()["changed"] == 0
    limits = {"rows": rows, "column": "q:shopee-1"}
    assert send(client, "plan", {**limits, "value": "12"}).json()["changed"] == 3
    assert send(client, "plan", {**limits, "value": "nhiều"}).json()["wrong"] == 3
    (own,) = edit(client, {"row": rows[0], "column": "p:shopee-1", "shift": shift})
    assert own == {"ok": True, "before": "", "after": "160000"}


def test_columns_are_kept_by_person(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    assert send(client, "layout", {"columns": ["name", "cost", "no-such"]}).status_code == 200
    page = client.get(GRID).content.decode()
    facts = json.loads(page.split('id="grid-facts" type="application/json">')[1].split("</script>")[0])
    assert facts["shown"] == ["name", "cost"]
    assert send(client, "layout", {"columns": ["x" * 99]}).status_code == 422


def test_stock_is_that_of_the_places_one_works_at(shop: Shop, visitor: Visitor) -> None:
    from mekong.foundation.models import RoleAssignment

    everywhere = row(visitor("owner"), "BG-ML-28")["free"]
    client = visitor("warehouse")
    place = Location.objects.get(code="LE-LOI").id
    RoleAssignment.objects.filter(role="warehouse").update(location_ids=[place])
    there = row(client, "BG-ML-28")["free"]
    assert there < everywhere
    assert row(client, "QT-2027")["free"] is None


@pytest.mark.parametrize("path", ["rows", "edit", "plan", "layout"])
def test_what_cannot_be_read_is_refused(shop: Shop, visitor: Visitor, path: str) -> None:
    client = visitor("owner", language="en")
    for body in ("", "[]", '{"ids": "x"}', '{"edits": [{"row": "1"}]}'):
        answer = client.post(f"{GRID}{path}/", body, content_type="application/json")
        assert (answer.status_code, answer.json()["message"]) == (422, "This cannot be read. Load the page again.")
    assert client.get(f"{GRID}{path}/").status_code == 405
    many = {"ids": [1] * 201, "edits": [{"row": 1, "column": "price"}] * 201, "rows": [1] * 20_001, "column": "price"}
    if path != "layout":
        assert send(client, path, many).status_code == 422


def test_a_window_costs_the_same_however_many_rows(
    shop: Shop, visitor: Visitor, django_assert_max_num_queries: Any
) -> None:
    client = visitor("owner")
    everything = index(client)
    with django_assert_max_num_queries(60):
        assert len(send(client, "rows", {"ids": everything}).json()["rows"]) == len(shop.skus)


def test_the_list_on_screen_is_exported_and_comes_back_unchanged(shop: Shop, visitor: Visitor) -> None:
    import io

    from mekong.catalog.commands import import_products

    client = visitor("owner")
    for query, rows in (("q=KL-TT-XA", 3), ("category=gom", 5), ("status=draft", 0), ("", len(shop.skus))):
        out = client.get(f"/products/export/?{query}").content
        report = import_products(actor=SYSTEM, file=io.BytesIO(out), dry_run=True, now=datetime.now(UTC))
        assert (report.rows, report.unchanged, report.errors) == (rows, rows, ()), query
