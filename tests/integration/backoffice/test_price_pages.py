"""The pages of price lists, promotions, vouchers and the policy of prices, and the price on an order's page."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import xlsxwriter
from django.test import Client
from python_calamine import CalamineWorkbook

from mekong.foundation.actor import SYSTEM
from mekong.orders import commands as orders
from mekong.pricing.models import HandLimit, PriceEntry, PriceList, PricePolicy, Promotion, Voucher
from tests.integration.backoffice.conftest import Visitor
from tests.support.offers import a_list, a_promotion
from tests.support.orders import asked
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
LISTS, PROMOTIONS, VOUCHERS = "/prices/lists/", "/prices/promotions/", "/prices/vouchers/"
KM = {"name": "Giảm 10 %", "code": "KM10", "off_bp": "10", "layer": "1", "priority": "0"}
FEW = {"name": "Giá sỉ", "code": "SI", "kind": "base", "currency": "VND", "priority": "0", "is_active": "on"}


@pytest.fixture
def owner(visitor: Visitor) -> Client:
    return visitor("owner")


def text_of(response: Any) -> str:
    bare: str = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
    return bare


def fails(response: Any, field: str) -> str:
    """What stands beside the only field that is wrong."""
    assert response.status_code == 422, response.content.decode()[:400]
    body = response.content.decode()
    found = re.findall(r'<p class="error" id="([\w-]+)-why">(.*?)</p>', body)
    assert [name for name, _ in found] == [field], (found, text_of(response)[:300])
    return str(found[0][1])


def test_a_list_is_made_filled_searched_and_pasted(owner: Client) -> None:
    a_variant("AO", price=150_000)
    a_variant("MU", price=60_000)
    made = owner.post(f"{LISTS}new/", {**FEW, "adjust": "95", "hours": "20:00-22:00", "once": "a"})
    assert (made.status_code, made["Location"]) == (302, f"{LISTS}SI/")
    assert owner.post(f"{LISTS}new/", {**FEW, "adjust": "95", "once": "a"})["Location"] == f"{LISTS}SI/"
    kept = PriceList.objects.get()
    assert (kept.adjust_bp, kept.audience) == (9500, {"minutes": [[1200, 1320]]})
    assert "Giá sỉ" in text_of(owner.get(LISTS))

    owner.post(f"{LISTS}SI/prices/", {"pasted": "AO\t140.000\nAO\t10\t120000\n"})
    owner.post(
        f"{LISTS}SI/prices/",
        {"sku": ["AO", "MU"], "from": ["1", "1"], "price": ["139.000", "55.000"], "was": ["140.000", ""]},
    )
    rows = PriceEntry.objects.values_list("variant__sku", "from_units", "price_minor").order_by(
        "variant__sku", "from_units"
    )
    wanted = [("AO", 1, 139_000), ("AO", 10, 120_000), ("MU", 1, 55_000)]
    assert list(rows.all()) == wanted
    shown = text_of(owner.get(f"{LISTS}SI/?q=mu"))
    assert "Hàng MU" in shown
    assert "Hàng AO" not in shown
    for bad in ("AO\tcheap", "NONE\t5", "AO", "AO\tx\t5"):
        answer = owner.post(f"{LISTS}SI/prices/", {"pasted": bad})
        assert answer.status_code == 422, bad
        assert bad.split("\t")[0] in answer.content.decode()
    assert list(rows.all()) == wanted
    owner.post(f"{LISTS}SI/prices/", {"sku": ["MU"], "from": ["1"], "price": [""], "was": ["55.000"]})
    assert list(rows.all()) == wanted[:2]


def test_a_list_that_cannot_be_is_refused_beside_its_field(owner: Client) -> None:
    for change, field in (
        ({"code": "giá sỉ"}, "code"), ({"priority": "9999"}, "priority"), ({"hours": "evening"}, "hours"),
        ({"adjust": "much"}, "adjust"), ({"hours": "22:00-20:00"}, "hours"), ({"currency": "d1"}, "currency"),
        ({"starts_at": "2027-02-01T00:00", "ends_at": "2027-01-01T00:00"}, "ends_at"),
    ):  # fmt: skip
        assert fails(owner.post(f"{LISTS}new/", {**FEW, **change}), field)
    assert not PriceList.objects.exists()


def test_a_price_below_the_floor_is_marked_for_those_who_see_costs(owner: Client, visitor: Visitor) -> None:
    from mekong.catalog import commands as catalog
    from mekong.catalog.contracts import VariantChange

    variant = a_variant("AO", price=150_000)
    catalog.update_variant(actor=SYSTEM, variant_id=variant, change=VariantChange(cost_minor=100_000), now=NOON)
    a_list("SI", {"AO": 105_000})
    owner.post("/prices/policy/", {"guard": "10", "limit-cashier": "5"})
    assert (PricePolicy.objects.get().guard_bp, HandLimit.objects.get().most_bp) == (1000, 500)
    assert "dưới giá sàn" in text_of(owner.get(f"{LISTS}SI/"))
    seen = text_of(visitor("cashier").get(f"{LISTS}SI/"))
    assert "100.000" not in seen
    assert "dưới giá sàn" not in seen


def test_the_policy_names_the_wrong_field_and_changes_nothing(owner: Client, visitor: Visitor) -> None:
    assert fails(owner.post("/prices/policy/", {"guard": "5", "limit-cashier": "101"}), "limit-cashier")
    assert PricePolicy.objects.get().guard_bp is None
    assert visitor("cashier").post("/prices/policy/", {"guard": "1"}).status_code == 403


def test_a_list_goes_out_to_excel_and_comes_back(owner: Client) -> None:
    a_variant("AO", price=150_000)
    a_variant("MU", price=60_000)
    a_list("SI", {"AO": 140_000})
    out = owner.get(f"{LISTS}SI/export/?all=1").content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(out)).get_sheet_by_index(0).to_python()
    assert [(row[0], row[5]) for row in rows[1:]] == [("AO", 140_000), ("MU", "")]

    def file(*rows: tuple[Any, ...]) -> io.BytesIO:
        made = io.BytesIO()
        book = xlsxwriter.Workbook(made)
        page = book.add_worksheet()
        for number, row in enumerate((("Mã SKU", "Giá"), *rows)):
            page.write_row(number, 0, row)
        book.close()
        made.seek(0)
        made.name = "si.xlsx"
        return made

    bad = owner.post(f"{LISTS}SI/import/", {"file": file(("AO", 1), ("NONE", 1))})
    assert "A3" in text_of(bad)
    judged = owner.post(f"{LISTS}SI/import/", {"file": file(("AO", 139_000), ("MU", 50_000))})
    key = re.search(r'name="key" value="(\w+)"', judged.content.decode())
    assert key
    assert PriceEntry.objects.get().price_minor == 140_000
    done = owner.post(f"{LISTS}SI/import/confirm/", {"key": key[1]})
    assert done["Location"] == f"{LISTS}SI/"
    assert sorted(PriceEntry.objects.values_list("price_minor", flat=True)) == [50_000, 139_000]
    assert owner.post(f"{LISTS}SI/import/confirm/", {"key": key[1]}).status_code == 404


def test_a_promotion_is_written_down_tried_and_let_go(owner: Client) -> None:
    a_variant("AO", price=150_000)
    new = f"{PROMOTIONS}new/?kind=percent_off"
    assert owner.get(f"{PROMOTIONS}new/").status_code == owner.get(new).status_code == 200
    tried = owner.post(new, {**KM, "skus": "AO", "act": "try", "try_sku": ["AO", ""], "try_units": ["2", "1"]})
    said = text_of(tried)
    assert tried.status_code == 200
    assert "tiết kiệm 30.000 ₫" in said.replace("\u00a0", " ")
    assert "Giảm 10% mỗi sản phẩm thuộc AO." in said
    assert not Promotion.objects.exists()

    made = owner.post(new, {**KM, "skus": "AO", "once": "p"})
    assert made["Location"] == f"{PROMOTIONS}KM10/"
    assert owner.post(new, {**KM, "skus": "AO", "once": "p"})["Location"] == f"{PROMOTIONS}KM10/"
    kept = Promotion.objects.get()
    assert (kept.state, kept.effect) == ("draft", {"kind": "percent_off", "off_bp": 1000})
    assert "KM10" in text_of(owner.get(PROMOTIONS))
    for act, state in (("active", "active"), ("active", "active"), ("paused", "paused"), ("ended", "ended")):
        owner.post(f"{PROMOTIONS}KM10/act/", {"act": act})
        assert Promotion.objects.get().state == state
    over = owner.post(f"{PROMOTIONS}KM10/act/", {"act": "active"})
    assert over.status_code == 409


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("percent_off", {"off_bp": "12,5", "price_step_minor": "1.000", "categories": []}),
        ("amount_off", {"off_minor": "20.000", "skus": "AO"}),
        ("fixed_price", {"price_minor": "99000", "skus": "AO, MU", "excluded_skus": "MU"}),
        ("nth_item", {"group": "3", "last": "1", "off_bp": "100", "skus": "AO", "most_times": "2"}),
        ("set_price", {"units": "3", "price_minor": "400000", "skus": "AO"}),
        ("bundle", {"parts": "1 AO\n2 MU, QUA", "price_minor": "200000"}),
        ("buy_get", {"buy": "1", "get_units": "1", "get_skus": "MU", "off_bp": "50", "skus": "AO"}),
        ("basket_percent", {"off_bp": "10", "most_minor": "50000", "least_minor": "100000"}),
        ("basket_amount", {"off_minor": "50000", "per_minor": "500000", "most_times": "3"}),
        ("gift", {"sku": "QUA", "units": "1", "least_minor": "100000"}),
        ("delivery_off", {"off_bp": "100", "most_minor": "30000", "weekdays": ["0", "6"]}),
        ("points_times", {"times_bp": "2", "birthday_days": "3"}),
    ],
)
def test_each_kind_is_made_shown_and_saved_again_unchanged(owner: Client, kind: str, fields: dict[str, Any]) -> None:
    for sku in ("AO", "MU", "QUA"):
        a_variant(sku, price=100_000)
    new = f"{PROMOTIONS}new/?kind={kind}"
    body = {"name": "Ưu đãi", "code": "KM", "layer": "2", "priority": "1", "note": "thử", **fields}
    made = owner.post(new, body)
    assert made.status_code == 302, text_of(made)
    before = Promotion.objects.values().get()
    assert (before["effect"]["kind"], before["layer"], before["priority"]) == (kind, 2, 1)
    assert owner.get(f"{PROMOTIONS}KM/").status_code == 200
    form = owner.get(f"{PROMOTIONS}KM/edit/").content.decode()
    again = _filled(form)
    assert owner.post(f"{PROMOTIONS}KM/edit/", again).status_code == 302
    after = Promotion.objects.values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}


def _filled(body: str) -> dict[str, Any]:
    """What a browser would send of a form that nobody changed."""
    from html import unescape

    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", body):
        name, kind = re.search(r' name="([^"]*)"', tag), re.search(r' type="([^"]*)"', tag)
        if name is None or name[1] in ("csrfmiddlewaretoken", "q", "once"):
            continue
        value = re.search(r' value="([^"]*)"', tag)
        if kind and kind[1] == "checkbox":
            if " checked" in tag:
                found.setdefault(name[1], []).append(unescape(value[1]) if value else "on")
        else:
            found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name_, value_ in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', body, re.DOTALL):
        found[name_] = [unescape(value_)]
    for name_, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', body, re.DOTALL):
        picked = re.search(r'<option value="([^"]*)" selected', options)
        found[name_] = [picked[1] if picked else ""]
    return found


def test_a_rule_that_cannot_be_is_refused_beside_its_field(owner: Client) -> None:
    a_variant("AO")
    new = f"{PROMOTIONS}new/?kind=percent_off"
    for change, field in (
        ({"off_bp": "0"}, "off_bp"), ({"off_bp": ""}, "off_bp"), ({"off_bp": "101"}, "off_bp"),
        ({"budget_minor": "0"}, "budget_minor"), ({"most_uses": "1", "most_per_person": "2"}, "most_per_person"),
        ({"starts_at": "2099-02-01T00:00", "ends_at": "2099-01-01T00:00"}, "ends_at"), ({"skus": "NONE"}, "skus"),
        ({"skus": "AO", "excluded_skus": "AO"}, "excluded_skus"), ({"brands": "Nobody"}, "brands"),
        ({"hours": "22:00-20:00"}, "hours"), ({"birthday_days": "99"}, "birthday_days"), ({"code": "?"}, "code"),
        ({"channels": ["shopi"]}, "channels"),
    ):  # fmt: skip
        assert fails(owner.post(new, {**KM, **change}), field)
    assert fails(owner.post(f"{PROMOTIONS}new/?kind=gift", {**KM, "sku": "AO", "units": "1", "skus": "AO"}), "sku")
    assert not Promotion.objects.exists()


def test_vouchers_are_made_once_found_blocked_and_taken_out(owner: Client) -> None:
    a_promotion("KM10", needs_code=True)
    body = {"promotion": "KM10", "kind": "own", "count": "3", "name": "Tết", "once": "v"}
    for _ in range(2):
        assert owner.post(f"{VOUCHERS}new/", body)["Location"] == f"{VOUCHERS}?promotion=KM10"
    codes = list(Voucher.objects.order_by("id").values_list("code", flat=True))
    assert len(codes) == 3
    page = owner.get(f"{VOUCHERS}?promotion=KM10").content.decode()
    link = re.search(r"/prices/vouchers/batches/[\w-]+/file/", page)
    assert link
    rows = CalamineWorkbook.from_filelike(io.BytesIO(owner.get(link[0]).content)).get_sheet_by_index(0).to_python()
    assert [row[0].replace("-", "") for row in rows[1:]] == codes
    owner.post(f"{VOUCHERS}new/", {"promotion": "KM10", "kind": "shared", "shared": "TET2027"})
    owner.post(f"{VOUCHERS}new/", {"promotion": "KM10", "kind": "personal", "person": "0901 234 567"})
    assert Voucher.objects.get(code="TET2027").most_uses is None
    assert Voucher.objects.get(person="+84901234567").most_uses == 1
    owner.post(f"{VOUCHERS}act/", {"act": "block", "code": "tet-2027"})
    assert Voucher.objects.get(code="TET2027").is_blocked
    assert "TET2027" in text_of(owner.get(f"{VOUCHERS}?q=tet"))
    assert "Ưu đãi KM10" in text_of(owner.get(f"{VOUCHERS}?q=0901234567"))
    for change, field in (
        ({"count": "0"}, "count"),
        ({"promotion": ""}, "promotion"),
        ({"expires_at": "2020-01-01T00:00"}, "expires_at"),
    ):
        assert fails(owner.post(f"{VOUCHERS}new/", {**body, **change, "once": ""}), field)
    assert fails(owner.post(f"{VOUCHERS}new/", {**body, "kind": "shared", "shared": "a", "once": ""}), "shared")
    assert fails(owner.post(f"{VOUCHERS}new/", {**body, "kind": "personal", "person": "Lan", "once": ""}), "person")
    assert Voucher.objects.count() == 5


def test_codes_that_were_made_together_come_on_paper(owner: Client) -> None:
    a_promotion("KM10", needs_code=True)
    owner.post(f"{VOUCHERS}new/", {"promotion": "KM10", "kind": "own", "count": "12", "name": "Tết", "once": "v"})
    page = owner.get(f"{VOUCHERS}?promotion=KM10").content.decode()
    link = re.search(r"/prices/vouchers/batches/[\w-]+/print/", page)
    assert link
    for form, pages in (
        ({"paper": "a4-2x5", "terms": "Một phiếu một đơn"}, 2),
        ({"paper": "a6", "first": "3", "last": "5"}, 3),
        ({"paper": "none such", "first": "x", "last": ""}, 2),
    ):
        answer = owner.post(link[0], form)
        assert answer.headers["Content-Type"] == "application/pdf"
        assert len(re.findall(rb"/Type\s*/Page\b", answer.content)) == pages
    none = owner.post(link[0], {"first": "13"})
    assert (none.status_code, "Không có mã nào ở các vị trí này" in text_of(none)) == (422, True)
    assert owner.post(f"{VOUCHERS}batches/00000000-0000-7000-8000-000000000000/print/").status_code == 404


def test_an_orders_page_says_why_it_costs_what_it_costs(owner: Client) -> None:
    a_location("KHO")
    stock(a_variant("AO", price=150_000), "KHO", 5)
    a_promotion("KM10", {"kind": "percent_off", "off_bp": 1000}, name="Khai trương")
    a_promotion("KM5", {"kind": "basket_percent", "off_bp": 500}, name="Cuối tuần", layer=2)
    code = orders.place_order(actor=SYSTEM, asked=asked(("AO", 2)), now=NOON).code
    said = text_of(owner.get(f"/orders/{code}/")).replace("\u00a0", " ")
    assert "Ưu đãi “Khai trương”: giảm 30.000 ₫" in said
    assert "Ưu đãi “Cuối tuần”: giảm 13.500 ₫" in said
    assert "256.500 ₫" in said
