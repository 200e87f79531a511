"""A gift card from its form to its ledger; the game on a phone, with a network that loses answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.e2e.conftest import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


def test_a_gift_card_is_issued_topped_up_and_blocked(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/offers/cards/")
    page.click("a:has-text('Phát hành thẻ quà tặng')")
    page.fill("#name", "Quà cưới")
    page.fill("#value", "300.000")
    page.check("input[name='is_active']")
    page.click("form.form button.primary")
    page.wait_for_selector("h1:has-text('Quà cưới')")
    page.click("tbody a[href^='/offers/cards/']")
    page.wait_for_selector(".stats:has-text('300.000')")
    page.click("button:has-text('Nạp thêm')")
    page.fill("dialog[open] #amount", "50.000")
    page.fill("dialog[open] #reference", "PT-1")
    page.click("dialog[open] button.primary")
    page.wait_for_selector(".toast:has-text('Đã nạp')")
    expect(page.locator(".stats")).to_contain_text("350.000")
    page.click("button[data-open='do-block']")
    page.fill("dialog[open] #reason", "khách báo mất")
    page.click("dialog[open] button.primary")
    page.wait_for_selector(".banner:has-text('khách báo mất')")
    assert here.complaints == []


def play(page: Page, slug: str, phone: str) -> None:
    page.goto(f"/play/{slug}/")
    page.fill("#phone", phone)
    page.click("[data-go]")


def test_the_wheel_turns_to_what_was_drawn(visit: Callable[..., Visit]) -> None:
    here = visit(width=390, signed_in=False)
    page = here.page
    play(page, "quay-tet", "0907 000 001")
    page.wait_for_selector("[data-outcome]:not([hidden]) [data-headline]:not(:empty)")
    drawn = page.locator("[data-headline]").inner_text()
    turned = page.evaluate(
        "Number(/rotate\\(([\\d.]+)deg/.exec(document.querySelector('[data-wheel]').style.transform)[1])"
    )
    parts = page.evaluate("[...document.querySelectorAll('svg.wheel text')].map((each) => each.textContent)")
    # The pointer is at the top; the wheel was turned clockwise by so much.
    under = parts[int(((360 - turned % 360) % 360) * len(parts) // 360)]
    assert under == drawn or under in page.locator("[data-detail]").inner_text()
    play(page, "quay-tet", "0907 000 001")
    expect(page.locator("[data-refused]")).to_contain_text("Hẹn bạn ngày mai")
    assert [each for each in here.complaints if "409" not in each] == []


def test_a_lost_answer_costs_no_play(visit: Callable[..., Visit]) -> None:
    here = visit(width=390, signed_in=False)
    page = here.page
    page.emulate_media(reduced_motion="reduce")
    sent: list[str] = []

    def lose(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}")["request_id"])
        if len(sent) == 1:
            route.fetch()  # it arrives, and its answer does not
            route.abort()
        else:
            route.continue_()

    page.route("**/plays/", lose)
    play(page, "quay-tet", "0907 000 002")
    page.wait_for_selector("[data-outcome]:not([hidden]) [data-headline]:not(:empty)")
    assert len(sent) == 2
    assert len(set(sent)) == 1
    assert page.evaluate("localStorage.getItem('play:quay-tet')") is None


def test_a_card_is_scratched_and_a_day_is_checked(visit: Callable[..., Visit]) -> None:
    here = visit(width=390, signed_in=False)
    page = here.page
    play(page, "cao-tet", "0907 000 003")
    cover = page.locator("[data-cover]")
    expect(cover).to_be_visible()
    box = cover.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    for row in range(8):
        page.mouse.move(box["x"] + (box["width"] - 5 if row % 2 == 0 else 5), box["y"] + 12 + row * 26, steps=12)
    page.mouse.up()
    page.wait_for_selector("[data-outcome]:not([hidden]) [data-headline]:not(:empty)")
    play(page, "diem-danh", "0907 000 003")
    expect(page.locator("[data-headline]")).to_have_text("10 điểm")
    expect(page.locator("[data-day='1']")).to_have_class("now")
    assert here.complaints == []
