"""Orders by the handful without a mouse, and two people on the same ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import PASSWORD, Installation, Visit, sign_in
from tests.e2e.seeding import COLLEAGUE

BUYER = "khach goi qua"


def at_list(page: Page, words: str, tab: str) -> None:
    """To a list of orders by its name in the palette, and in it to the buyers of gift bags."""
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    page.wait_for_selector(f"#found [role=option]:has(a[href='/orders/?tab={tab}'])")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/?tab={tab}")
    page.keyboard.press("/")
    page.keyboard.type(BUYER)
    page.wait_for_url("**q=khach*")
    page.keyboard.press("Escape")


def pick_all(page: Page, count: int) -> None:
    expect(page.locator("tbody tr[data-code]")).to_have_count(count)
    page.keyboard.press("j")
    page.keyboard.press("x")
    for _ in range(count - 1):
        page.keyboard.press("j")
    page.keyboard.press("X")
    expect(page.locator("[data-bulk] [data-count]")).to_contain_text(str(count))


def colleague(visit: Callable[..., Visit], installation: Installation) -> Page:
    page = visit(signed_in=False).page
    sign_in(page, replace(installation, owner=COLLEAGUE, password=PASSWORD))
    return page


def test_two_people_on_one_order_see_each_other_and_what_the_other_does(
    visit: Callable[..., Visit], installation: Installation
) -> None:
    here, there = visit().page, colleague(visit, installation)
    here.goto(f"/orders/?tab=confirm&q={BUYER}")
    link = str(here.locator("tbody a[href^='/orders/']").first.get_attribute("href"))
    code = link.strip("/").rsplit("/", 1)[1]
    there.goto(link)
    # In the list a face stands on the order, in the order a sentence.
    expect(here.locator(f"tr[data-code='{code}'] .ava")).to_have_attribute("title", re.compile("Lan"))
    here.keyboard.press("j")
    here.keyboard.press("x")
    here.keyboard.press("c")
    here.wait_for_selector("[role=alert]")
    assert "Lan" in here.locator("tbody").inner_text()
    there.keyboard.press("g")
    there.keyboard.press("d")
    there.wait_for_url("**/orders/")

    here.goto(link)
    there.goto(link)
    expect(here.locator("#present")).to_contain_text("Lan")
    there.fill("#text", "gọi lại buổi chiều")
    here.keyboard.press("c")
    expect(here.locator(".head .st")).to_have_text("Đã xác nhận")
    # Lan is told without losing what she types.
    there.keyboard.press("Enter")
    expect(there.locator(".head .st")).to_have_text("Đã xác nhận")
    expect(there.locator(".line li:has-text('gọi lại buổi chiều')")).to_have_count(1)
    expect(here.locator(".line li:has-text('gọi lại buổi chiều')")).to_have_count(1)

    # Who leaves is gone at once: nobody after them is warned of people who are not there.
    there.goto("/orders/")
    here.goto(f"/orders/?tab=pack&q={BUYER}")
    expect(here.locator(f"tr[data-code='{code}']")).to_be_visible()
    expect(here.locator(f"tr[data-code='{code}'] .ava")).to_have_count(0)


def test_what_happens_while_a_page_is_on_its_way_is_on_it(
    visit: Callable[..., Visit], installation: Installation
) -> None:
    """Between the making of a page and its listening there is time for others to act."""
    here, there = visit().page, colleague(visit, installation)
    here.goto(f"/orders/?tab=all&q={BUYER}")
    link = str(here.locator("tbody a[href^='/orders/']").first.get_attribute("href"))
    held: list[Route] = []
    here.route("**/live/events*", lambda route: held.append(route))
    here.goto(link)
    there.goto(link)
    there.fill("#text", "khách đổi giờ nhận")
    there.keyboard.press("Enter")
    expect(there.locator(".line li:has-text('khách đổi giờ nhận')")).to_have_count(1)
    expect(here.locator(".line li:has-text('khách đổi giờ nhận')")).to_have_count(0)
    held[-1].continue_()
    expect(here.locator(".line li:has-text('khách đổi giờ nhận')")).to_have_count(1)


def test_orders_go_from_waiting_to_handed_over_without_a_mouse(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/")
    at_list(page, "chờ xác nhận", "confirm")
    waiting = page.locator("tbody tr[data-code]")
    expect(waiting.first).to_be_visible()
    count = waiting.count()
    assert count >= 9
    pick_all(page, count)
    page.keyboard.press("c")
    page.wait_for_selector(".toast:has-text('đã xác nhận'), .toast:has-text('Đã xác nhận')")

    at_list(page, "đóng gói", "pack")
    expect(page.locator("tbody tr[data-code]")).to_have_count(10)
    pick_all(page, 10)
    page.keyboard.press("d")
    page.wait_for_selector(".toast:has-text('đóng gói')")

    at_list(page, "bàn giao", "hand")
    pick_all(page, 10)
    page.keyboard.press("v")
    page.wait_for_selector("#ship-many[open]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast:has-text('bàn giao')")
    page.goto(f"/orders/?tab=all&q={BUYER}")
    expect(page.locator("tbody .st:has-text('Đang giao')")).to_have_count(10)
    assert here.complaints == []
