"""A transfer in the browser: drafted and received by scanner, short by one, and the difference booked."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit


def scan(page: Page, *codes: str, end: str = "Enter") -> None:
    """As a scanner in keyboard mode does it: the code at once, then Enter or Tab."""
    page.locator("#scan").focus()
    for code in codes:
        page.keyboard.insert_text(code)
        page.keyboard.press(end)


def test_a_transfer_with_a_shortage_from_the_draft_to_the_booking(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/stock/transfers/new/")
    page.select_option("#from", "KHO-TD")
    page.select_option("#to", "LE-LOI")
    scan(page, "8936012840285", "8936012840285", "bg-ml-28", "8936012840308")
    expect(page.locator("[name=sku]")).to_have_count(2)
    expect(page.locator("[name=quantity]").first).to_have_value("3")
    scan(page, "0000000000000")
    expect(page.locator("[data-scanned]")).to_contain_text("0000000000000")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile("/stock/transfers/CK-"))
    path = page.url
    page.locator("button[value=approve]").click()
    expect(page.locator("h1 + .st")).to_have_text("Chờ xuất")

    page.locator("[data-fill-counts]").click()
    page.get_by_role("button", name="Xuất chuyển").click()
    expect(page.locator("h1 + .st")).to_have_text("Đang chuyển")

    # Two of three arrive; the second line is counted by its SKU. A scan ends with Tab where the scanner is set so.
    scan(page, "8936012840285", "8936012840285", end="Tab")
    scan(page, "AC-MR-06", "TS-TH-100")
    expect(page.locator("[data-scanned]")).to_contain_text("TS-TH-100")
    counts = page.locator(".count-in")
    expect(counts.nth(0)).to_have_value("2")
    expect(counts.nth(1)).to_have_value("1")
    page.locator(".cause-in").first.select_option("source_short")
    page.get_by_role("button", name="Nhận chuyển").click()
    expect(page.locator("h1 + .st")).to_have_text("Nhận lệch")
    expect(page.locator(".settle")).to_contain_text("thiếu 1")

    expect(page.locator(".cause-in")).to_have_value("source_short")
    expect(page.locator(".instead-in")).to_be_hidden()
    page.locator(".cause-in").select_option("wrong_item")
    expect(page.locator(".instead-in")).to_be_visible()
    page.locator(".cause-in").select_option("lost")
    page.get_by_role("button", name="Xử lý lệch").click()
    expect(page.locator("h1 + .st")).to_have_text("Đã xử lý lệch")
    page.get_by_role("link", name="Xem biến động kho").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    assert path.rstrip("/").rsplit("/", 1)[1] in page.url
    assert here.complaints == ["Failed to load resource: the server responded with a status of 404 (Not Found)"]


def test_a_list_of_transfers_follows_what_others_do(visit: Callable[..., Visit]) -> None:
    watching, acting = visit().page, visit().page
    watching.goto("/stock/transfers/?tab=draft")
    acting.goto("/stock/transfers/new/?from=KHO-TD&to=LE-LOI&sku=TS-TH-100&n=2")
    acting.get_by_role("button", name="Lưu nháp").click()
    acting.wait_for_url(re.compile("/stock/transfers/CK-"))
    code = acting.url.rstrip("/").rsplit("/", 1)[1]
    expect(watching.locator(f"a[href='/stock/transfers/{code}/']")).to_be_visible()
