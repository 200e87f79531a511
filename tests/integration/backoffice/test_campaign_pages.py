"""The pages of stock set aside: planning, live figures, the end, and the report."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import WantedLine
from mekong.inventory.models import StockCampaign
from tests.integration.backoffice.conftest import Visitor
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "/stock/campaigns/new/"


def a_form(*lines: tuple[str, str], **more: str) -> dict[str, object]:
    end = timezone.localtime() + timedelta(hours=2)
    return {
        "name": "11.11 <b>", "channel": "shopee-1", "kind": "campaign", "starts_at": "",
        "ends_at": f"{end:%Y-%m-%dT%H:%M}", "sku": [sku for sku, _ in lines], "quantity": [n for _, n in lines],
        "listing": ["" for _ in lines], **more,
    }  # fmt: skip


def variant(sku: str) -> int:
    return catalog.variants_by_sku(actor=SYSTEM, skus=[sku])[sku].id


def token(browser: Client) -> str:
    found = re.search(r'name="once" value="(\w+)"', browser.get(NEW).content.decode())
    assert found
    return found[1]


def a_campaign(**more: object) -> str:
    now = datetime.now(UTC)
    asked = {"ends_at": now + timedelta(hours=2), "lines": [WantedLine(variant("BG-ML-28"), 5)], **more}
    return inventory.plan_campaign(actor=SYSTEM, channel="shopee-1", name="Live", now=now, **asked).code  # type: ignore[arg-type]


def test_units_are_set_aside_by_the_form_once_however_often_it_is_sent(shop: Shop, visitor: Visitor) -> None:
    browser = visitor("owner", language="en")
    form = a_form(("BG-ML-28", "5"), ("DG-CC-22", "2"), once=token(browser))
    first, second = browser.post(NEW, form), browser.post(NEW, form)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert StockCampaign.objects.count() == 1
    page = browser.get(first["Location"]).content.decode()
    assert "7 units set aside" in page
    assert "11.11 &lt;b&gt;" in page
    assert "0 of 5 sold" in page
    card = browser.get("/stock/BG-ML-28/").content.decode()
    assert "+ 5 set aside for it" in card
    assert "11.11 &lt;b&gt;" in visitor("cashier").get("/stock/campaigns/").content.decode()


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(shop: Shop, visitor: Visitor) -> None:
    browser = visitor("manager", language="en")
    wrong = a_form(("NO-SUCH", "5"), ("QT-2027", "2"), ("BG-ML-28", "x"), name="", ends_at="31/31/2026 20:00")
    page = browser.post(NEW, wrong)
    text = page.content.decode()
    assert page.status_code == 422
    for said in (
        "There is no SKU “NO-SUCH”",
        "QT-2027 is a bundle",
        "A whole number belongs here",
        "Give it a name.",
        "A day and a time belong here",
    ):
        assert said in text
    assert 'value="NO-SUCH"' in text

    short = browser.post(NEW, a_form(("BG-DB-07", "9")))
    assert short.status_code == 422
    assert "Only 1 are free." in short.content.decode()
    past = browser.post(NEW, a_form(("BG-ML-28", "1"), ends_at="2020-01-01T10:00"))
    assert "The end must come after the start, and after now." in past.content.decode()
    assert not StockCampaign.objects.exists()
    assert visitor("warehouse").post(NEW, a_form(("BG-ML-28", "1"))).status_code == 403


def test_lines_come_from_a_spreadsheet_to_be_looked_over(shop: Shop, visitor: Visitor) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for row, cells in enumerate((("Mã SKU", "Tên", "Số lượng"), ("BG-ML-28", "Bình", 4), ("DG-CC-22", "Đĩa", 2))):
        sheet.write_row(row, 0, cells)
    book.close()
    browser = visitor("owner", language="en")
    sent = SimpleUploadedFile("sale.xlsx", out.getvalue())
    page = browser.post(NEW, {**a_form(("TS-TH-100", "1")), "act": "file", "file": sent}).content.decode()
    assert re.findall(r'name="sku" value="([^"]*)"', page) == ["TS-TH-100", "BG-ML-28", "DG-CC-22"]
    assert re.findall(r'name="quantity" value="([^"]*)"', page) == ["1", "4", "2"]
    none = SimpleUploadedFile("sale.csv", b"a,b\n1,2\n")
    assert "Mã SKU" in browser.post(NEW, {**a_form(), "act": "file", "file": none}).content.decode()
    assert not StockCampaign.objects.exists()


def test_it_ends_early_is_extended_and_its_report_stands_on_home(shop: Shop, visitor: Visitor) -> None:
    browser = visitor("owner", language="en")
    code = a_campaign()
    there = f"/stock/campaigns/{code}/"
    later = timezone.localtime() + timedelta(hours=5)
    browser.post(f"{there}act/", {"act": "extend", "ends_at": f"{later:%Y-%m-%dT%H:%M}"})
    assert queries.get_campaign(actor=SYSTEM, code=code).ends_at == later.replace(second=0, microsecond=0)
    for bad in ("", "yesterday", "2020-01-01T00:00"):
        assert browser.post(f"{there}act/", {"act": "extend", "ends_at": bad}).status_code == 422
    inventory.reserve(
        actor=SYSTEM, channel="shopee-1", owner="c", lines=[(variant("BG-ML-28"), 2)], ttl_s=900, now=datetime.now(UTC)
    )
    assert "2 of 5 sold" in browser.get(there).content.decode()
    assert visitor("cashier").post(f"{there}act/", {"act": "end"}).status_code == 403
    for _ in range(2):
        assert browser.post(f"{there}act/", {"act": "end"}).status_code == 302
    page = browser.get(there).content.decode()
    assert "Ended early" in page
    assert "2 sold, 3 back in the pool" in page
    assert "Live has ended: 2 of 5 sold, 3 back in the pool" in browser.get("/").content.decode()
    over = browser.post(f"{there}act/", {"act": "extend", "ends_at": f"{later:%Y-%m-%dT%H:%M}"})
    assert over.status_code == 409
    assert "is over; its units are back in the pool" in over.content.decode()
    assert browser.get("/stock/campaigns/CT-NONE/").status_code == 404


def test_a_line_that_fell_short_is_seen_on_home_and_tried_again(shop: Shop, visitor: Visitor) -> None:
    browser = visitor("owner", language="en")
    code = a_campaign(lines=[WantedLine(variant("BG-ML-28"), 2), WantedLine(variant("BG-DB-07"), 3)])
    assert "1 line of Live could not be set aside" in browser.get("/").content.decode()
    there = f"/stock/campaigns/{code}/"
    assert "Short: 3 wanted, 1 free" in browser.get(there).content.decode()
    refused = browser.post(f"{there}act/", {"act": "try", "position": "1", "quantity": "2"})
    assert refused.status_code == 409
    assert "BG-DB-07 2 &gt; 1" in refused.content.decode()
    assert browser.post(f"{there}act/", {"act": "try", "position": "1", "quantity": "1"}).status_code == 302
    assert "could not be set aside" not in browser.get("/").content.decode()


def test_one_to_come_is_cancelled(shop: Shop, visitor: Visitor) -> None:
    now = datetime.now(UTC)
    code = a_campaign(starts_at=now + timedelta(hours=1))
    browser = visitor("owner", language="en")
    assert "Cancel it" in browser.get(f"/stock/campaigns/{code}/").content.decode()
    assert browser.get("/stock/campaigns/?tab=planned").content.decode().count(code) >= 1
    browser.post(f"/stock/campaigns/{code}/act/", {"act": "end"})
    assert StockCampaign.objects.get().state == "cancelled"
