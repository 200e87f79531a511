"""From an installation with nothing in it to the first order of a marketplace, by the pages alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Installation, sign_in, started
from tests.support.marketplaces import Sandbox

# One installation, from empty to its first order, and what its pages say then: the tests are one story.
GOODS = "Mã SKU,Tên hàng,Giá bán lẻ\nLH-01,Lọ hoa thủy tinh,350000\nLH-02,Lọ hoa gốm,420000\n".encode()


@pytest.fixture(scope="module")
def empty() -> Iterator[Installation]:
    with started(furnished=False) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory() as folder:
        stand_in = Sandbox(Path(folder))
        yield stand_in
        stand_in.stop()


@pytest.fixture
def page(empty: Installation, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=empty.url, locale="vi-VN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    sign_in(page, empty)
    yield page
    context.close()


def test_the_owner_comes_from_nothing_to_the_first_order_of_shopee(
    empty: Installation, sandbox: Sandbox, page: Page
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda failed: complaints.append(str(failed)))
    page.goto("/")
    assert page.locator("#home ol.todo li").count() == 6
    page.click("#home >> text=Đặt tên >> nth=0")

    # The company; a wrong tax code is said beside its field and what was typed stays.
    page.fill("#name", "Công ty Mộc Lan")
    page.fill("#tax_code", "123")
    page.click("text=Lưu và tiếp tục")
    expect(page.locator("#tax_code-why")).to_contain_text("10 chữ số")
    assert page.input_value("#name") == "Công ty Mộc Lan"
    page.fill("#tax_code", "0312345678")
    page.click("text=Lưu và tiếp tục")

    # The first place gets its name, a second is added.
    page.fill("#fresh-name", "Lê Lợi")
    page.click("text=Lưu địa điểm")
    page.fill("#name", "Kho Thủ Đức")
    page.select_option("#kind", "warehouse")
    page.click("button:has-text('Thêm địa điểm')")
    expect(page.locator("main table")).to_contain_text("KHO-THU-DUC")
    page.click("text=Bước tiếp theo")

    # Products by file, and back by the line above the page.
    page.set_input_files("#file", {"name": "hang.csv", "mimeType": "text/csv", "buffer": GOODS})
    page.click("text=Kiểm tra file")
    page.click("button.primary:has-text('Nhập 2 dòng')")
    page.wait_for_url("**/products/**")
    page.click("text=Quay lại những bước đầu")
    expect(page.locator("[aria-current=step]")).to_contain_text("Tồn đầu kỳ")

    # Opening stock.
    page.click(".stage >> text=Nhập tồn đầu kỳ")
    page.select_option("#location", "CH1")
    page.fill("#sku-0", "LH-01")
    page.fill("#quantity-0", "12")
    page.click("form.form button.primary")
    page.wait_for_url("**/stock/LH-01/")

    # Shopee, with keys of the stand-in: consent there, then the listings.
    made = sandbox.post("shopee/shops", {"name": "Mộc Lan", "callback_url": f"{empty.url}/hooks/shopee-1"})
    named = {"shop": made["shop_id"]}
    sandbox.post(
        "shopee/listings",
        {**named, "listings": [{"name": "Lọ hoa thủy tinh", "price": 350000, "models": [
            {"sku": "LH-01", "options": [], "price": 350000, "stock": 3, "barcode": ""}]}]},
    )  # fmt: skip
    page.goto("/welcome/?step=channel")
    page.click(".stage a:has-text('Shopee')")
    page.fill("#name", "Mộc Lan Official")
    page.fill("#shop_id", str(made["shop_id"]))
    page.fill("#secret-app_key", str(made["partner_id"]))
    page.fill("#secret-app_secret", made["partner_key"])
    page.click("summary:has-text('Địa chỉ')")
    page.fill("#api_url", sandbox.url)
    page.click("form.form button.primary")
    page.wait_for_url("**/channels/shopee-1/")
    page.locator("form[action$='/authorise/'] button").first.click()
    page.click("a.primary")
    page.click("button:has-text('Cho phép')")
    page.wait_for_url("**/channels/shopee-1/**")
    page.locator("button[value=pull]").first.click()
    page.wait_for_selector(".toast:has-text('tin đăng')")

    # A shopper buys there; the last step shows the order without a key being pressed.
    page.goto("/welcome/")
    expect(page.locator("[aria-current=step]")).to_contain_text("Đơn hàng đầu tiên")
    expect(page.locator("#step")).to_contain_text("tự về")
    bought = sandbox.http.post(
        "/shopee/buy",
        json={
            **named,
            "lines": [{"sku": "LH-01", "quantity": 1}],
            "buyer": {"name": "Nguyễn An", "phone": "0901234567"},
        },
    )
    assert bought.status_code < 300, bought.text
    expect(page.locator("#step a[href^='/orders/DH-']")).to_have_count(1, timeout=180_000)
    assert page.locator("#step tbody").inner_text().count("350.000") == 1

    # Nothing is left to set up, and the order is today's work.
    page.click("text=Về Việc hôm nay")
    expect(page.locator("#home")).not_to_contain_text("Những bước đầu")
    expect(page.locator("#home")).to_contain_text("1 đơn")
    expect(page.locator("#sales .big")).to_contain_text("350.000")
    assert complaints == []


def test_every_step_can_be_passed_over_and_once_all_are_done_no_page_leads_back(page: Page) -> None:
    page.goto("/welcome/?step=company")
    for step in ("places", "products", "stock", "channel", "orders"):
        page.locator(".stage a.quiet").last.click()
        page.wait_for_url(f"**/welcome/?step={step}")
    page.click(".nav a[href='/products/']")
    page.wait_for_url("**/products/")
    expect(page.locator("main h1")).to_be_visible()
    assert page.locator("text=Quay lại những bước đầu").count() == 0
