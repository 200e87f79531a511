"""From a category of ours to a product on sale on Shopee's stand-in, by the pages alone."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.support.marketplaces import Sandbox

BAG = "/products/TC-DT-L/"
WORDS = "Túi cói đan tay từ cói Nga Sơn, quai da, có lót vải và khóa kéo, đựng vừa sách vở khổ A4 cùng bình nước. " * 2


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory() as folder:
        stand_in = Sandbox(Path(folder))
        yield stand_in
        stand_in.stop()


def connect(page: Page, sandbox: Sandbox) -> tuple[str, int]:
    """A shop on the stand-in, connected as a new channel: its address here, its number there."""
    made = sandbox.post("shopee/shops", {"name": "Mộc Lan", "callback_url": ""})
    page.goto("/channels/new/?kind=shopee")
    page.fill("#name", "Mộc Lan mới")
    page.fill("#shop_id", str(made["shop_id"]))
    page.fill("#secret-app_key", str(made["partner_id"]))
    page.fill("#secret-app_secret", made["partner_key"])
    page.click("summary:has-text('Địa chỉ')")
    page.fill("#api_url", sandbox.url)
    page.click("form.form button.primary")
    page.wait_for_url(re.compile(r"/channels/shopee-\d+/"))
    here = re.findall(r"/channels/[^/]+/", page.url)[0]
    page.locator("form[action$='/authorise/'] button").first.click()
    page.click("a.primary")
    page.click("button:has-text('Cho phép')")
    page.wait_for_url(f"**{here}**")
    return here, made["shop_id"]


def complete(page: Page) -> None:
    """The bag gets what Shopee asks of every product: words, a weight, a picture."""
    page.goto(f"{BAG}edit/")
    page.fill("#description", WORDS)
    page.fill("#weight-0", "450")
    page.press("#weight-0", "Control+Enter")
    page.wait_for_url(re.compile(r"/products/TC-DT-L/$"))
    if not page.locator("[data-pic]").count():
        out = io.BytesIO()
        Image.new("RGB", (800, 800), "teal").save(out, "JPEG")
        page.set_input_files(
            "[data-pictures] input[type=file]",
            [{"name": "tui.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}],
        )
    expect(page.locator("[data-pic]").first).to_be_visible()


def test_a_category_is_mapped_a_question_answered_and_a_product_seen_live(
    visit: Callable[..., Visit], sandbox: Sandbox
) -> None:
    seen = visit()
    page = seen.page
    here, shop = connect(page, sandbox)
    seen.complaints.clear()  # the platform's own pages are not ours to mend

    # The platform's tree is read, and a category chosen in it by the keyboard alone.
    page.click(f"a[href='{here}categories/']")
    page.click("button[value=read]")
    expect(page.locator(".toast")).to_contain_text("Đã tải")
    page.click("a.chip:has-text('Có hàng, chưa chọn ngành')")
    page.locator("[data-choose=nha]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#find")).to_have_value("Nhà cửa")
    expect(page.locator("#found-categories [aria-selected=true]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = page.locator("#found-categories [aria-selected=true] .mid").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text(chosen)
    page.goto(f"{here}categories/")
    row = page.locator("#at-nha")
    expect(row).to_contain_text(f"› {chosen}")

    # What it asks there: a fixed value; one that is not right is said beside its field, and stays.
    row.locator("a.badge.warn").click()
    ask = page.locator("#ask-chat-lieu")
    expect(ask.locator(".fixed")).to_be_hidden()
    ask.locator("select").first.select_option("fixed")
    expect(ask.locator(".fixed")).to_be_visible()
    page.click("button:has-text('Lưu tất cả')")
    expect(ask.locator(".error")).to_contain_text("Nhập một giá trị")
    ask.locator("[name^=value-]").first.fill("Gỗ")
    page.click("button:has-text('Lưu tất cả')")
    expect(page.locator(".toast")).to_contain_text("Đã lưu 1 câu trả lời")
    expect(page.locator("#asked")).to_contain_text("đã trả lời đủ")

    # What is missing is said before anything is sent; then the product is completed and published.
    page.goto(f"{BAG}")
    page.locator("#publishing a.btn").click()
    page.locator("label.chip", has_text="Mộc Lan mới").locator("input").check()
    expect(page.locator("#previews")).to_contain_text("Còn thiếu")
    complete(page)
    page.locator("#publishing a.btn").click()
    page.locator("label.chip", has_text="Mộc Lan mới").locator("input").check()
    expect(page.locator("#previews")).to_contain_text("Tạo mới trên sàn")
    expect(page.locator("#previews")).to_contain_text("Gỗ")
    expect(page.locator("#previews")).not_to_contain_text("Còn thiếu")
    page.dblclick("button:has-text('Đăng bán 1 sản phẩm')")
    page.wait_for_url(f"**{here}publishing/")

    # On sale there, seen here without a key being pressed; made once.
    expect(page.locator("#list tbody tr")).to_contain_text("Đang bán", timeout=120_000)
    expect(page.locator("[data-moving]")).to_have_count(0)
    items = sandbox.get("shopee/published", shop=str(shop))["items"]
    assert [each["name"] for each in items] == ["Túi cói đan tay, lớn"]

    # Hidden by its menu, and put back by one press.
    page.locator("#list summary").first.click()
    page.locator("#list button[value=hide]").click()
    expect(page.locator(".toast")).to_contain_text("Đang ẩn 1 sản phẩm")
    expect(page.locator("#list tbody tr")).to_contain_text("Đang ẩn", timeout=120_000)
    page.locator("#list tbody input[name=pick]").check()
    page.locator("#picked button[value=show]").click()
    expect(page.locator("#list tbody tr")).to_contain_text("Đang bán", timeout=120_000)
    page.goto(BAG)
    expect(page.locator("#publishing")).to_contain_text("Đang bán")
    assert len(sandbox.get("shopee/published", shop=str(shop))["items"]) == 1
    # A form that is refused is answered so (422), which the console notes.
    assert [each for each in seen.complaints if "422" not in each] == []
