"""The order list as people work with it: filters they save, many orders at once, paper, and each other."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import Person
from mekong.orders import commands
from mekong.orders.models import Presence, SalesOrder, SavedFilter, TimelineEntry
from tests.integration.backoffice.conftest import Visitor
from tests.support.orders import an_order
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def listed(client: Client, path: str) -> list[str]:
    return re.findall(r'data-code="([^"]+)"', text(client, path))


def test_open_orders_come_nearest_deadline_first_and_all_newest_first(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    rows = SalesOrder.objects
    due = dict(rows.values_list("code", "ship_by"))
    placed = dict(rows.values_list("code", "placed_at"))
    todo, everything = listed(client, "/orders/"), listed(client, "/orders/?tab=all")
    assert [due[code] for code in todo] == sorted(due[code] for code in todo)
    assert [placed[code] for code in everything] == sorted(placed.values(), reverse=True)
    assert len(todo) > 3


def test_a_page_asks_for_little_and_never_for_how_the_channels_listings_do(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    for path, most in (("/orders/", 15), ("/orders/?tab=all", 15), ("/orders/?q=nguyen", 17)):
        text(client, path)
        with CaptureQueriesContext(connection) as asked:
            text(client, path)
        assert len(asked) <= most, [each["sql"][:80] for each in asked]
        assert not [each for each in asked if "channels_listing" in each["sql"]]


def test_parts_that_are_kept_show_each_person_and_each_moment_their_own(shop: Shop, visitor: Visitor) -> None:
    owner, accountant, english = visitor("owner"), visitor("accountant"), visitor("manager", language="en")
    for _ in range(2):
        pages = [text(client, "/orders/?tab=all") for client in (owner, accountant, english)]
        assert ["cancel-many" in page for page in pages] == [True, False, True]
        assert ["Select the whole page" in page for page in pages] == [False, False, True]
        assert len({*(re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1] for page in pages)}) == 3  # type: ignore[index]
    count = re.compile(r'\?tab=all"[^>]*>[^<]*<b class="">(\d+)</b>')
    before = int(count.search(text(owner, "/orders/?tab=all"))[1])  # type: ignore[index]
    an_order((shop.skus[0], 1))
    assert int(count.search(text(owner, "/orders/?tab=all"))[1]) == before + 1  # type: ignore[index]
    chosen = text(owner, "/orders/?tab=all&state=shipped&least=5000&at=LE-LOI")
    assert 'value="shipped" checked' in chosen
    assert 'name="least" inputmode="numeric" value="5000"' in chosen
    assert 'value="shipped" checked' not in text(owner, "/orders/?tab=all")
    on = re.search(
        r'<a class="btn s" role="button" href="([^"]+channel=web)" aria-pressed="false"',
        text(owner, "/orders/?tab=all"),
    )
    assert on is not None
    narrowed = text(owner, "/orders/" + on[1].replace("&amp;", "&"))
    assert 'href="?tab=all" aria-pressed="true"' in narrowed


def test_conditions_narrow_the_list_and_are_said(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    page = text(client, "/orders/?tab=all&state=packed&channel=web&cod=yes&least=100.000&at=KHO-TD&day=month&due=5")
    for said in ("Channel: Web", "COD", "From 100,000", "From: Kho Thủ Đức", "30 days", "Hand over within 5 h"):
        assert said in page, said
    [code] = listed(client, "/orders/?tab=all&state=packed&cod=yes")
    assert SalesOrder.objects.get(code=code).state == "packed"
    assert listed(client, "/orders/?tab=all&cod=yes&most=1") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("least=nhieu", "Total from"),
        ("from=hôm+qua", "Placed from"),
        ("due=99999", "Hand over within"),
        ("least=5&most=4", "Total up to"),
        ("from=2026-02-02&to=2026-01-01", "Placed up to"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_said_and_left_out(
    shop: Shop, visitor: Visitor, query: str, said: str
) -> None:
    client = visitor("owner", language="en")
    page = text(client, f"/orders/?tab=all&{query}")
    assert f'<b class="mid">{said}</b>:' in page
    assert 'role="alert"' in page


def test_a_filter_is_saved_from_what_is_on_screen_and_opened_with_its_count(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    page = text(client, "/orders/?tab=pack&channel=lazada-1")
    query = re.search(r'name="query" value="([^"]*)"', page)
    assert query
    sent = {"name": "Lazada packs", "query": query[1].replace("&amp;", "&"), "is_shared": "1"}
    there = client.post("/orders/filters/", sent).headers["Location"]
    assert SavedFilter.objects.get().conditions == {
        "states": ["confirmed", "allocated", "picking"], "channels": ["lazada-1"],
    }  # fmt: skip
    assert listed(client, there) == listed(client, "/orders/?tab=pack&channel=lazada-1")
    assert re.search(r'aria-current="page">.*Lazada packs <b', text(client, there))
    assert client.get(f"/orders/counts/?of={there[-36:]}").json() == {there[-36:]: "1"}
    again = client.post("/orders/filters/", sent)
    assert again.headers["Location"] == there
    other = client.post("/orders/filters/", {**sent, "query": "tag=VIP"})
    assert other.status_code == 409
    assert "already" in other.content.decode()
    colleague = visitor("warehouse", language="en")
    assert "Lazada packs" in text(colleague, "/orders/")
    assert colleague.post(f"/orders/filters/{there[-36:]}/", {"name": "Mine"}).status_code == 403
    refused = colleague.post("/orders/filters/", {**sent, "name": "Ours"})
    assert refused.status_code == 403
    assert SavedFilter.objects.count() == 1


def test_filters_are_renamed_moved_replaced_and_deleted(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    ids = []
    for name in ("A", "B"):
        there = client.post("/orders/filters/", {"name": name, "query": f"tag={name}"}).headers["Location"]
        ids.append(there[-36:])
    first, second = ids
    client.post(f"/orders/filters/{second}/", {"act": "up"})
    client.post(f"/orders/filters/{second}/", {"act": "up"})
    names = re.findall(r'name="name" value="(\w)"', text(client, "/orders/filters/"))
    assert names == ["B", "A"]
    client.post(f"/orders/filters/{first}/", {"name": "C"})
    client.post(f"/orders/filters/{first}/", {"act": "replace", "query": "tag=C"})
    row = SavedFilter.objects.get(id=first)
    assert (row.name, row.conditions) == ("C", {"tag": "C"})
    assert client.post(f"/orders/filters/{first}/", {"name": "b"}).status_code == 409
    for _ in range(2):
        assert client.post(f"/orders/filters/{first}/", {"act": "delete"}).status_code == 302
    assert text(client, f"/orders/?saved={first}"), "a filter that is gone shows the list"
    assert SavedFilter.objects.count() == 1


def test_news_keep_rows_and_count_what_is_not_shown(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    shown = listed(client, "/orders/?tab=confirm")
    quiet = text(client, f"/orders/news/?tab=confirm&shown={','.join(shown)}")
    assert 'data-fresh="0"' in quiet
    before = dict(re.findall(r'data-code="([^"]+)" data-v="(\d+)"', quiet))
    moved = next(code for code in shown if not SalesOrder.objects.get(code=code).issues)
    commands.confirm_order(actor=SYSTEM, code=moved, now=datetime.now(UTC))
    told = text(client, f"/orders/news/?tab=confirm&shown={','.join(shown[1:])}")
    if moved != shown[0]:
        after = dict(re.findall(r'data-code="([^"]+)" data-v="(\d+)"', told))
        assert {code for code in after if after[code] != before[code]} == {moved}
        assert "no longer in this list" in told
        assert 'data-fresh="1"' in told, "the row that was not on screen"


def act(client: Client, name: str, *codes: str, **more: str):  # type: ignore[no-untyped-def]  # a response
    return client.post("/orders/bulk/", {"act": name, "pick": list(codes), "back": "/orders/?tab=pack", **more})


def test_many_at_once_is_done_once_and_a_repeat_says_who_did_it(shop: Shop, visitor: Visitor) -> None:
    lan, minh = visitor("owner", language="en"), visitor("manager", language="en")
    Person.objects.filter(email="owner@example.vn").update(name="Ngọc Lan")
    first, second = (each.code for each in shop.orders[:2])
    done = act(lan, "confirm", first, second, first)
    assert done.headers["Location"] == "/orders/?tab=pack"
    again = act(minh, "confirm", first)
    assert again.status_code == 207
    assert "Done already, by Ngọc Lan" in again.content.decode()
    assert TimelineEntry.objects.filter(order__code=first, kind="confirmed").count() == 1
    assert act(lan, "pack", first, second).status_code == 302
    assert act(lan, "ship", first).status_code == 302
    late = act(minh, "cancel", first, second, reason="other")
    assert late.status_code == 207
    assert "has shipped" in late.content.decode()
    assert dict(SalesOrder.objects.filter(code__in=[first, second]).values_list("code", "state")) == {
        first: "shipped", second: "cancelled",
    }  # fmt: skip


def test_at_most_two_hundred_are_taken_along_and_nobody_is_sent_elsewhere(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    answer = act(client, "confirm", *[f"DH-{n}" for n in range(300)], back="https://evil.example/")
    assert answer.content.decode().count("does not exist") == 200
    assert "evil" not in answer.content.decode()
    assert act(client, "confirm").status_code == 302
    assert act(client, "burn", shop.orders[0].code).status_code == 302
    assert act(visitor("accountant"), "confirm", shop.orders[0].code).status_code == 403


def test_whoever_is_on_an_order_is_shown_and_told_of_before_many_are_changed(shop: Shop, visitor: Visitor) -> None:
    lan, minh = visitor("owner", language="en"), visitor("manager", language="en")
    Person.objects.filter(email="owner@example.vn").update(name="Ngọc Lan")
    busy, free = (each.code for each in shop.orders[:2])
    assert lan.post(f"/orders/{busy}/here/").content.decode().strip() == ""
    assert "Ngọc Lan has been on it since" in minh.post(f"/orders/{busy}/here/").content.decode()
    assert "Ngọc Lan" in text(minh, "/orders/?tab=all")
    assert list(minh.get("/orders/present/").json()) == [busy]
    asked = act(minh, "confirm", busy, free)
    assert asked.status_code == 409
    page = asked.content.decode()
    assert "Ngọc Lan has been on it since" in page
    assert f'name="pick" value="{free}"' in page
    assert not SalesOrder.objects.filter(code__in=[busy, free], state="confirmed").exists()
    assert act(minh, "confirm", free).status_code == 302
    assert act(minh, "confirm", busy, sure="1").status_code == 302
    assert lan.post(f"/orders/{busy}/gone/").status_code == 204
    assert Presence.objects.count() == 1
    assert minh.post("/orders/DH-0/here/").status_code == 404


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_papers_of_many_orders_are_one_document(shop: Shop, visitor: Visitor) -> None:
    client = visitor("warehouse")
    codes = [each.code for each in shop.orders[:3]]
    form = {"pick": codes, "once": "a"}
    for paper, width_mm, count in (("delivery-a5", 148, 3), ("delivery-a6", 105, 3), ("pick", 210, 1)):
        answer = client.post("/orders/print/", {**form, "paper": paper, "once": paper})
        assert answer.headers["Content-Type"] == "application/pdf"
        assert pages(answer.content) == count
        width = float(re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+)", answer.content)[0])
        assert round(width / 72 * 25.4) == width_mm
    client.post("/orders/print/", {**form, "paper": "pick", "once": "pick"})
    assert TimelineEntry.objects.filter(kind="printed").count() == 9
    assert "Phiếu nhặt hàng" in text(client, f"/orders/{codes[0]}/")
    client.post("/orders/print/", {**form, "paper": "pick", "once": "later"})
    assert "In lại lần 1" in text(client, f"/orders/{codes[0]}/")
    assert client.post("/orders/print/", {"paper": "pick"}).status_code == 422
    assert visitor("cashier").post("/orders/print/", form).status_code == 403


def test_a_phone_is_in_full_on_paper_for_those_alone_who_may_see_it(
    shop: Shop, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[dict] = []  # type: ignore[type-arg]  # what the template is given
    monkeypatch.setattr("mekong.faces.printing.render", lambda _template, data: said.append(data) or b"%PDF-")
    form = {"pick": [shop.orders[0].code], "paper": "delivery-a5"}
    visitor("warehouse").post("/orders/print/", form)
    visitor("online_orders").post("/orders/print/", form)
    masked, full = (each["notes"][0] for each in said)
    assert (masked["phone"], full["phone"]) == ("0937 ••• 650", "0937 456 650")
    assert (masked["copy"], full["copy"]) == ("", "In lại lần 1")
    assert full["address"] == "27/4 Nguyễn Thông, Phường Xuân Hòa, Thành phố Hồ Chí Minh"
    assert full["lines"][0]["sku"] == "BG-ML-28"


def test_a_pick_list_is_by_place_then_sku_then_order_and_takes_bundles_apart(
    shop: Shop, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.orders import an_order

    said: list[dict] = []  # type: ignore[type-arg]  # as above
    monkeypatch.setattr("mekong.faces.printing.render", lambda _template, data: said.append(data) or b"%PDF-")
    bundle = an_order(("QT-2027", 2), now=datetime.now(UTC))
    single = an_order(("TS-TH-100", 1), now=datetime.now(UTC))
    unmatched = shop.orders[6].code
    visitor("owner").post("/orders/print/", {"pick": [single, bundle, unmatched], "paper": "pick"})
    [sheet] = said
    [place] = [each for each in sheet["places"] if each["name"] == "Kho Thủ Đức"]
    rows = {row["sku"]: row for row in place["rows"]}
    assert list(rows) == sorted(rows)
    assert [(each["code"], each["units"]) for each in rows["TS-TH-100"]["orders"]] == [(bundle, "2"), (single, "1")]
    assert (rows["TS-TH-100"]["units"], rows["AC-MR-06"]["units"]) == ("3", "2")
    assert "QT-2027" not in rows
