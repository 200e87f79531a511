"""What stands around every page: palette and help by the keyboard alone, and the charts of today's work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.test_every_page import AXE, CHECK, RULES


def test_the_palette_is_worked_without_a_mouse(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/products/TS-TH-100/")
    page.goto("/orders/")
    page.keyboard.press("Control+k")
    box = page.locator("#palette input")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-expanded", "true")
    # What was open lately comes first.
    expect(page.locator("#found [role=option]").first).to_contain_text("Trà ướp sen Tây Hồ")
    chosen = page.locator("#found [role=option][aria-selected=true]")
    expect(chosen).to_have_count(1)
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id") != "l-0"
    page.keyboard.type("nhap san pham")
    expect(page.locator("#found [role=option]").first).to_contain_text("Nhập sản phẩm")
    expect(page.locator("[data-found]")).to_contain_text("kết quả")
    page.evaluate(Path(AXE).read_text("utf-8") + ";0")
    assert page.evaluate(CHECK, list(RULES)) == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/products/import/")
    page.keyboard.press("Control+k")
    page.keyboard.type("không có gì như thế này")
    expect(page.locator("#found")).to_contain_text("Không thấy")
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    # A request that quicker typing overtook is given up, and htmx says so.
    assert [each for each in here.complaints if not each.startswith(("htmx:afterRequest", "htmx:sendAbort"))] == []


def test_what_was_open_lately_is_forgotten_with_the_session(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto("/products/TS-TH-100/")
    assert page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('mekong.recent.'))")
    page.click("summary.ava")
    page.click("form[action='/sign-out/'] button")
    page.wait_for_url("**/sign-in/**")
    assert not page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('mekong.recent.'))")


def test_help_stands_beside_every_page_by_one_key(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    for path, title in (("/stock/adjust/", "Điều chỉnh tồn"), ("/channels/", "Kênh bán")):
        page.goto(path)
        page.keyboard.press("?")
        expect(page.locator("#help h2").first).to_have_text(title)
        page.evaluate(Path(AXE).read_text("utf-8") + ";0")
        assert page.evaluate(CHECK, list(RULES)) == []
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()
    page.goto("/stock/adjust/")
    page.focus("#note")
    page.keyboard.type("?")
    assert page.input_value("#note") == "?"
    expect(page.locator("#help")).to_be_hidden()
    assert here.complaints == []


def test_a_figure_of_the_chart_opens_its_orders(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/")
    page.locator("#sales details.as-table summary").click()
    cell = page.locator("#sales .as-table tbody tr").first
    cell.locator("a").first.click()
    page.wait_for_url("**/today/sales/**")
    assert page.locator("tbody tr[data-href]").count() > 0
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/DH-**")
    assert here.complaints == []
