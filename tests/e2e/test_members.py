"""Somebody joins at the till by keyboard alone, gets points, and sees the card on a phone of their own."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Visit


def test_a_member_joins_by_keyboard_and_has_the_card_on_their_phone(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/members/")
    page.keyboard.press("n")
    page.wait_for_url("**/members/join/")
    page.keyboard.type("0938 111 222")
    page.keyboard.press("Tab")
    page.keyboard.type("Phạm Thị Mây")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Phạm Thị Mây')")
    expect(page.locator(".toast")).to_contain_text("đã tham gia")

    page.click("button:has-text('Cộng trừ điểm')")
    page.keyboard.type("150")
    page.fill("#note", "Quà khai trương")
    page.click("dialog[open] button.primary")
    page.wait_for_selector(".stat b:has-text('150')")

    page.goto("/members/")
    page.keyboard.press("/")
    page.keyboard.type("may pham")
    page.wait_for_selector("#list tbody tr:only-child a:has-text('Phạm Thị Mây')")
    page.goto("/members/join/?phone=0938111222")
    page.fill("#name", "Ai khác")
    page.check("input[name='consent']")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Phạm Thị Mây')")

    link = page.get_attribute("aside a[href*='/card/']", "href")
    assert link
    phone = visit(width=390, theme="dark", signed_in=False)
    phone.page.goto(link)
    expect(phone.page.locator("h1")).to_have_text("Chào Mây")
    expect(phone.page.locator(".huge")).to_have_text("150")
    frame, code = (phone.page.locator(each).first.bounding_box() for each in (".qr", ".qr svg"))
    assert frame
    assert code
    assert code["width"] > 200
    assert frame["width"] - code["width"] < 40
    assert here.complaints == phone.complaints == []
