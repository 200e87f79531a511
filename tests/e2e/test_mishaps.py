"""What goes wrong around people: pressed twice, open twice, signed out half-way, no network, a file that is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, Installation, Visit

MUCH = 60 * 1024 * 1024


def _first_order(page: Page, query: str) -> str:
    page.goto(f"/orders/?{query}")
    return str(page.locator("tbody a[href^='/orders/']").first.get_attribute("href"))


def test_pressing_twice_notes_once_and_changes_stock_once(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto(_first_order(page, "tab=all"))
    page.fill("#text", "gọi trước khi giao")
    page.dblclick("form:has(#text) button")
    page.wait_for_selector(".line li:has-text('gọi trước khi giao')")
    page.reload()
    expect(page.locator(".line li:has-text('gọi trước khi giao')")).to_have_count(1)

    page.goto("/stock/BG-ML-28/")
    before = page.locator(".bigq").inner_text()
    page.click("a[data-key=n]")
    page.select_option("#location", index=1)
    page.fill("[name=quantity]", "5")
    page.dblclick("form.form footer button.primary")
    page.wait_for_url("**/stock/BG-ML-28/")
    expect(page.locator(".bigq")).to_have_text(str(int(before) + 5))
    page.dblclick(".toast form button")
    page.wait_for_url("**/stock/")
    page.goto("/stock/BG-ML-28/")
    expect(page.locator(".bigq")).to_have_text(before)


def test_two_tabs_on_one_order_the_second_is_told(visit: Callable[..., Visit]) -> None:
    first = visit().page
    first.goto("/orders/?tab=confirm&channel=web")
    orders = [link.get_attribute("href") for link in first.locator("tbody a[href^='/orders/']").all()]
    for there in dict.fromkeys(orders):
        first.goto(str(there))
        if first.locator("button[value=confirm]").count():
            break
    second = first.context.new_page()
    # The second tab's news are held up, as on a bad line: it still shows the order as it was.
    second.route("**/live/events**", lambda route: route.abort())
    second.goto(str(there))
    first.click("[data-open=do-cancel]")
    first.dblclick("#do-cancel button.primary")
    first.wait_for_selector(".toast:has-text('đã hủy'), .toast:has-text('Đã hủy')")
    second.click("button[value=confirm]")
    expect(second.locator("[role=alert]")).to_be_visible()
    expect(second.locator(".head .st")).to_have_text("Đã hủy")


def test_a_session_that_ends_half_way_loses_nothing_typed(
    visit: Callable[..., Visit], installation: Installation
) -> None:
    page = visit().page
    page.goto("/stock/adjust/")
    page.select_option("#location", index=1)
    page.fill("#sku-0", "BG-ML-28")
    page.fill("#quantity-0", "3")
    page.click("[data-add-line]")
    page.fill("[data-line]:nth-child(2) [name=sku]", "BT-MN-15")
    page.fill("[data-line]:nth-child(2) [name=quantity]", "4")
    page.fill("#note", "kiện hàng số 7")
    page.context.clear_cookies(name="mekong_session")
    page.click("form.form footer button.primary")
    expect(page.locator(".enter [role=status]")).to_contain_text("chưa có gì thay đổi")
    page.fill("#email", installation.owner)
    page.fill("#password", PASSWORD)
    page.click("button.primary")
    page.wait_for_url("**/stock/adjust/")
    expect(page.locator("#note")).to_have_value("kiện hàng số 7")
    expect(page.locator("#quantity-0")).to_have_value("3")
    expect(page.locator("[data-line]:nth-child(2) [name=sku]")).to_have_value("BT-MN-15")
    expect(page.locator(".toast")).to_contain_text("vẫn còn")
    page.reload()
    expect(page.locator("#note")).to_have_value("")


def test_without_a_network_the_form_stays_and_says_so(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto("/stock/adjust/?sku=BG-ML-28")
    page.select_option("#location", index=1)
    page.fill("#quantity-0", "1")
    page.context.set_offline(True)
    page.click("form.form footer button.primary")
    expect(page.locator(".toast.bad")).to_contain_text("Không có mạng")
    expect(page.locator("#quantity-0")).to_have_value("1")
    page.context.set_offline(False)
    page.click("form.form footer button.primary")
    page.wait_for_url("**/stock/BG-ML-28/")


def test_what_is_being_typed_is_not_swept_away_by_news(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.goto(_first_order(page, "tab=all"))
    page.fill("#text", "đang gõ dở")
    for _ in range(3):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live-orders'))")
        page.wait_for_timeout(700)
    expect(page.locator("#text")).to_have_value("đang gõ dở")
    page.fill("#text", "")
    page.locator("h1").click()
    with page.expect_response(lambda answer: "/orders/DH-" in answer.url, timeout=60_000):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live-orders'))")


def test_a_file_that_is_none_is_refused_in_words(visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = visit().page
    big = tmp_path / "lon.csv"
    with big.open("wb") as out:
        out.truncate(MUCH)
    (tmp_path / "rong.xlsx").touch()
    (tmp_path / "anh.pdf").write_bytes(b"%PDF-1.4")
    for file, said in ((big, "50 MB"), (tmp_path / "rong.xlsx", "File trống"), (tmp_path / "anh.pdf", "Chọn file")):
        page.goto("/products/import/")
        page.set_input_files("#file", file)
        expect(page.locator("[data-file-name]")).to_have_text(file.name)
        page.click("form.form footer button.primary")
        expect(page.locator("[role=alert]")).to_contain_text(said, timeout=60_000)
    big.unlink()


def test_the_history_plays_stops_and_goes_on_after_a_reload(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/live/?view=replay")
    booked, start, stop = page.locator("[data-f=orders]"), page.locator("[data-start]"), page.locator("[data-stop]")
    expect(booked).to_have_text(re.compile(r"\d"))
    expect(page.locator("[data-f=oversold]")).to_have_text("30")
    page.click("[data-speed='250000']")
    start.dblclick()
    expect(stop).to_be_visible(timeout=60_000)
    expect(page.locator("[data-f=clock]")).to_have_text(re.compile(r"\d\d/12/2010|\d\d/\d\d/2011"), timeout=90_000)
    assert page.locator("[data-stream] [data-line]").evaluate_all(
        "paths => paths.some((each) => new Set(each.getAttribute('d').match(/ [\\d.]+/g)).size > 1)"
    ), "some line has moved"
    page.reload()
    expect(stop).to_be_visible(timeout=60_000)
    stop.dblclick()
    expect(start).to_be_visible(timeout=60_000)
    expect(page.locator("[data-note]")).to_be_hidden()
    start.click()
    expect(stop).to_be_visible(timeout=60_000)
    stop.click()
    expect(start).to_be_visible(timeout=60_000)
    assert page.locator("[data-f=oversold]").inner_text() == "30", "what the history sold was there"
    assert here.complaints == []
