"""What people do, in a real browser, on an installation started as they start it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import xlsxwriter
from playwright.sync_api import expect

from tests.e2e.conftest import Visit


def test_the_first_sign_in_asks_for_a_password_of_ones_own(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.page.goto("/")
    assert here.page.title().startswith("Việc hôm nay")
    assert here.page.locator("main h1").inner_text() == "Việc hôm nay"
    here.page.goto("/sign-in/")
    assert here.page.url.rstrip("/").endswith(here.page.url.split("//")[1].split("/")[0])
    assert here.complaints == []


def test_products_come_in_from_a_file(visit: Callable[..., Visit]) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ("Mã SKU", "Tên hàng", "Giá bán lẻ"))
    sheet.write_row(1, 0, ("LH-01", "Lọ hoa thủy tinh", 350000))
    sheet.write_row(2, 0, ("LH-02", "Lọ hoa gốm", "ba trăm"))
    book.close()
    here = visit()
    page = here.page
    page.goto("/products/import/")
    page.set_input_files(
        "#file", {"name": "hang.xlsx", "mimeType": "application/octet-stream", "buffer": out.getvalue()}
    )
    page.click("form.form button.primary")
    assert page.locator("tbody tr").first.inner_text().startswith("C3")
    with page.expect_download() as marked:
        page.click("text=Tải bản đã đánh dấu")
    assert marked.value.suggested_filename.endswith(".xlsx")
    page.goto("/products/import/")
    good = "Mã SKU,Tên hàng,Giá bán lẻ\nLH-01,Lọ hoa thủy tinh,350000\n".encode()
    page.set_input_files("#file", {"name": "hang.csv", "mimeType": "text/csv", "buffer": good})
    page.click("form.form button.primary")
    page.click("button.primary:has-text('Nhập 1 dòng')")
    page.wait_for_url("**/products/**")
    page.fill("#q", "lo hoa thuy tinh")
    page.wait_for_selector("#list a:has-text('Lọ hoa thủy tinh')")
    assert here.complaints == []


def test_an_order_goes_from_confirmed_to_handed_over(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/orders/?tab=confirm&channel=shopee-1")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[data-bulk]").is_visible()
    assert "Đã chọn 1" in page.locator("[data-count]").inner_text()
    code = page.locator("tr[aria-selected=true] a").first.inner_text()
    page.click("[data-bulk] button[value=confirm]")
    page.wait_for_selector(".toast:has-text('Đã xác nhận 1 đơn')")
    page.goto(f"/orders/{code}/")
    page.keyboard.press("d")
    page.wait_for_selector(f".toast:has-text('Đã đóng gói {code}')")
    page.keyboard.press("v")
    page.fill("#tracking_no", "VN123456789")
    page.click("#do-ship button.primary")
    page.wait_for_selector(f".toast:has-text('Đã bàn giao {code}')")
    assert "VN123456789" in page.locator("main").inner_text()
    assert here.complaints == []


def test_an_unmatched_line_is_mended(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto("/orders/?tab=unmatched")
    page.click("tbody a")
    page.fill(".match-in", "BT-MN-15")
    page.get_by_role("button", name="Ghép dòng hàng").click()
    page.wait_for_selector(".toast:has-text('Đã ghép dòng hàng')")
    assert page.locator(".badge:has-text('Dòng chưa ghép')").count() == 0


def test_the_palette_finds_an_order_a_product_and_a_page(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto("/")
    page.keyboard.press("Control+k")
    # Enter at once, before anything can have been found: what was asked for opens, and no page that stood there before.
    page.keyboard.type("khan lua")
    page.keyboard.press("Enter")
    page.wait_for_url("**/products/KL-**")
    page.keyboard.press("Control+k")
    page.keyboard.type("ấm chén")
    expect(page.locator("#found [role=option]:has-text('Bộ ấm chén')")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/products/AC-**")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/stock/")


def test_the_last_unit_sold_at_the_till_is_gone_on_the_web_and_can_be_put_back(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/live/?sku=BG-DB-07")
    page.wait_for_selector("[data-link].on")
    web, free = page.locator("[data-k=web] [data-q]"), page.locator("[data-atp]")
    expect(web).to_have_text("1")
    oversold = page.locator("[data-oversold]").inner_text()
    assert oversold == "30", "a platform sold thirty of a shirt that was not there"
    page.keyboard.press("2")
    expect(web).to_have_text("0", timeout=60_000)
    expect(free).to_have_text("0")
    expect(page.locator("[data-lane=web] b")).to_have_text(re.compile(r"\d+ ms|s$"), timeout=60_000)
    expect(page.locator("[data-feed]")).to_contain_text("DH-", timeout=60_000)
    assert page.locator("[data-oversold]").inner_text() == oversold
    expect(page.locator("[data-sell][data-key='2']")).to_be_disabled()
    expect(page.locator("[data-k=web] [data-sell]")).to_be_disabled()
    page.keyboard.press("0")
    expect(web).to_have_text("1", timeout=60_000)
    page.click("[data-k=web] [data-sell]")
    expect(web).to_have_text("0", timeout=60_000)
    expect(page.locator("[data-k=web]")).to_have_attribute("data-origin", "")
    page.keyboard.press("0")
    expect(web).to_have_text("1", timeout=60_000)
    assert here.complaints == []


def test_language_and_theme_are_kept(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto("/")
    page.click("summary.ava")
    page.click("button[name=theme][value=dark]")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.click("summary.ava")
    page.click("button[name=language][value=en]")
    page.goto("/orders/")
    assert page.locator("main h1").inner_text() == "Orders"
    page.click("summary.ava")
    page.click("button[name=language][value=vi]")
    assert page.locator("main h1").inner_text() == "Đơn hàng"
