"""A webhook from its making to a delivery that failed and is sent again; an app and its key; a feed."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.support.receiver import receiving


def test_a_webhook_is_made_fails_and_is_sent_again(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    with receiving() as receiver:
        receiver.will(500, body="hỏng".encode())
        page.goto("/")
        page.keyboard.press("g")
        page.keyboard.press("c")
        page.wait_for_url("**/settings/")
        page.click("a:has-text('Webhook')")
        page.click("a:has-text('Thêm webhook')")
        page.fill("#url", "ftp://example.vn/")
        page.check("input[value='orders.order_cancelled']")
        page.click("form.form button.primary")
        expect(page.locator("#url-why")).to_contain_text("Đây không phải địa chỉ web")
        assert page.is_checked("input[value='orders.order_cancelled']")
        page.fill("#url", receiver.url)
        page.fill("#name", "Máy in đơn")
        page.click("form.form button.primary")
        page.wait_for_selector("h1:has-text('Máy in đơn')")
        page.click("button:has-text('Hiện khóa ký')")
        secret = page.locator("#secret").inner_text()
        assert secret.startswith("whsec_")
        page.click("button:has-text('Gửi tin thử')")
        page.wait_for_selector("#messages:has-text('Bên nhận bị lỗi')")
        assert receiver.verify(secret)
        page.click("#messages tbody a")
        expect(page.locator("pre.said").first).to_have_text("hỏng")
        page.click("button:has-text('Gửi lại')")
        page.wait_for_selector(".toast:has-text('Đang gửi lại')")
        page.click("a[href^='/settings/webhooks/']:not([href$='/'] + *)")
        page.wait_for_selector("#messages .st.done")
        assert len(receiver.arrived) in (2, 3), "the second try of the schedule may come between"
        assert len({each.headers["webhook-id"] for each in receiver.arrived}) == 1
        page.click("button:has-text('Xóa webhook')")
        page.click("dialog[open] button.primary")
        page.wait_for_selector(".toast:has-text('Đã xóa webhook')")
    assert here.complaints == [
        "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    ]


def test_a_key_is_shown_once_and_calls_until_it_is_revoked(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/settings/apps/new/")
    page.fill("#name", "Máy quét kho")
    page.check("input[value='inventory.view']")
    page.click("form.form button.primary")
    page.wait_for_selector("h1:has-text('Máy quét kho')")
    page.fill("#label", "máy số 1")
    page.click("button:has-text('Tạo khóa')")
    key = page.locator("#fresh-key").inner_text()
    assert key.startswith("mk_")
    asked = {"Authorization": f"Bearer {key}"}
    assert page.request.get("/api/v1/stock/levels", headers=asked).status == 200
    assert page.request.get("/api/v1/orders", headers=asked).status == 403
    page.click("button:has-text('Đã cất khóa')")
    expect(page.locator("#fresh-key")).to_have_count(0)
    page.click("button:has-text('Thu hồi')")
    page.wait_for_selector(".toast:has-text('hết hiệu lực')")
    page.wait_for_timeout(5500)
    assert page.request.get("/api/v1/stock/levels", headers=asked).status == 401
    assert here.complaints == []


def test_a_feed_is_served_to_whoever_knows_its_address(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/settings/feeds/")
    page.click("tbody a")
    url = page.locator("#feed-url").inner_text()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/feeds/[\w-]{43}/google\.xml", url)
    expect(page.locator("main")).to_contain_text("Chưa có ảnh")
    answer = visit(signed_in=False).page.request.get(url)
    assert answer.status == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "<rss" in answer.text()
    assert here.complaints == []
