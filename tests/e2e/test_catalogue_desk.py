"""The catalogue desk by mouse and by keyboard, in a real browser."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.conftest import Visit

SCARF = "/products/KL-TT-DO/"
DROP = """([box, files]) => {
  const data = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
  }
  const where = document.querySelector(box);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    where.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
  }
}"""


def a_picture(width: int, ink: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, 400), ink).save(out, "JPEG")
    return out.getvalue()


def sizes(page: Page) -> list[str]:
    """Widths of the pictures in the order they stand, as their dialogs say them."""
    hints = page.locator("[data-pic] .hint").all_text_contents()
    return [re.findall(r"\d+", each)[0] for each in hints]


def a_file(name: str, content: bytes, kind: str = "image/jpeg") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def clear(page: Page) -> None:
    """Earlier tests may have left pictures."""
    page.goto(SCARF)
    while page.locator("[data-pic]").count():
        with page.expect_navigation():
            page.locator("[data-pic] [value=remove]").first.click()


def test_pictures_are_dropped_refused_ordered_and_taken_away(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    clear(page)
    # Chosen by the button: three good ones, one that is none, one of a kind that is not taken.
    page.set_input_files(
        "[data-pictures] input[type=file]",
        [a_file("mot.jpg", a_picture(401)), a_file("hai.jpg", a_picture(402)), a_file("hỏng.jpg", b"\xff\xd8 broken"),
         a_file("chu.txt", b"text", "text/plain")],
    )  # fmt: skip
    expect(page.locator("[data-pic]")).to_have_count(2)
    expect(page.locator("[data-uploads] .bad")).to_have_count(2)
    expect(page.locator("[data-uploads]")).to_contain_text("Không đọc được hình này")
    expect(page.locator("[data-uploads]")).to_contain_text("Đây không phải file JPEG, PNG, WebP hoặc GIF.")
    assert sizes(page) == ["401", "402"]

    # Dropped from outside.
    picture = base64.b64encode(a_picture(403)).decode()
    page.evaluate(DROP, ["[data-pictures] .drop-zone", [["ba.jpg", "image/jpeg", picture]]])
    expect(page.locator("[data-pic]")).to_have_count(3)
    assert sizes(page) == ["401", "402", "403"]
    expect(page.locator("[data-pic]").first).to_contain_text("Hình chính")

    # Dragged to the front, then one step by the keyboard.
    with page.expect_response(re.compile("/pictures/order/")):
        page.drag_and_drop("[data-pic]:nth-child(3) img", "[data-pic]:nth-child(1) img")
    page.wait_for_timeout(300)
    assert sizes(page) == ["403", "401", "402"]
    page.reload()
    assert sizes(page) == ["403", "401", "402"]
    later = page.locator("[data-pic]").first.get_by_role("button", name="Chuyển hình 1 ra sau")
    later.focus()
    with page.expect_response(re.compile(r"/pictures/[0-9a-f-]{36}/")):
        page.keyboard.press("Enter")
    expect(page.locator("[data-pic]:nth-child(2) .hint")).to_contain_text("403")

    # Words, and back from the bin.
    page.locator("[data-pic]").first.get_by_role("button", name="Sửa hình 1").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=alt_text]").fill("Khăn đỏ gấp đôi")
    dialog.locator("select[name=variant]").select_option("KL-TT-XA")
    dialog.locator("[value=save]").click()
    expect(page.locator("[data-pic]").last.locator("img").first).to_have_attribute("alt", "Khăn đỏ gấp đôi")
    expect(page.locator("[data-pic]").last).to_contain_text("Xanh lam")
    page.locator("[data-pic] [value=remove]").first.click()
    expect(page.locator("[data-pic]")).to_have_count(2)
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("[data-pic]")).to_have_count(3)
    assert [each for each in here.complaints if "422" not in each] == []


def order(page: Page) -> list[str]:
    rows = page.locator("[data-tree] li")
    depths = rows.evaluate_all("rows => rows.map((row) => row.style.getPropertyValue('--d').trim())")
    return [
        f"{depth} {code}"
        for depth, code in zip(depths, rows.evaluate_all("rows => rows.map((row) => row.dataset.code)"), strict=True)
    ]


def test_categories_are_dragged_and_put_back(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/products/categories/")
    before = order(page)
    page.drag_and_drop('[data-code="vai"]', '[data-code="nha"]')
    expect(page.locator(".toast")).to_contain_text("Đã chuyển Vải")
    assert order(page)[order(page).index("0 nha") + 1] == "1 vai"
    page.get_by_role("button", name="Hoàn tác").click()
    page.wait_for_load_state()
    assert order(page) == before
    box = page.locator('[data-code="gom"]').bounding_box()
    assert box
    page.drag_and_drop('[data-code="nha"]', '[data-code="gom"]', target_position={"x": 60, "y": 3})
    expect(page.locator(".toast")).to_contain_text("Đã chuyển Nhà cửa")
    assert order(page)[0] == "0 nha"
    page.goto("/products/categories/?at=nha")
    for _ in range(3):
        page.get_by_role("button", name="Xuống", exact=True).first.press("Enter")
        page.wait_for_load_state()
    assert order(page) == before
    assert here.complaints == []


def test_a_category_asks_and_the_products_form_answers(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/products/categories/?at=gom")
    if not page.get_by_text("Nơi làm", exact=True).count():
        page.get_by_text("Thuộc tính mới").click()
        page.fill("#a-name", "Nơi làm")
        page.get_by_role("button", name="Thêm thuộc tính").click()
        expect(page.get_by_text("Nơi làm", exact=True).first).to_be_visible()
    page.goto("/products/new/")
    expect(page.locator("#attributes input")).to_have_count(0)
    page.select_option("#category", "gom")
    expect(page.locator("#attr-noi-lam")).to_be_visible()
    page.fill("#attr-noi-lam", "Bát Tràng")
    page.select_option("#category", "tra")
    expect(page.locator("#attr-noi-lam")).to_have_value("Bát Tràng")
    assert here.complaints == []


def test_a_bundle_is_reckoned_while_it_is_typed(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/products/QT-2027/")
    page.locator("#bundle summary").first.click()
    page.locator("#bundle [data-add-line]").first.click()
    page.locator("#bundle [name=sku]").last.fill("NT-QH-01")
    page.locator("#bundle [name=quantity]").last.fill("2")
    expect(page.locator("#bundle details[open] .bundle-sum")).to_contain_text("2 × Nến thơm quế hồi")
    expect(page.locator("#bundle details[open] .bundle-sum")).to_contain_text("530.000 ₫")
    assert here.complaints == []


def test_labels_follow_what_is_picked_and_typed(visit: Callable[..., Visit]) -> None:
    here = visit()
    page = here.page
    page.goto("/products/")
    page.locator("input[name=pick]").first.check()
    page.locator("input[name=pick]").nth(1).check()
    page.locator("[data-bulk]").get_by_role("button", name="In tem").click()
    expect(page.locator("img.sheet")).to_be_visible()
    page.select_option("#paper", "a4-5x13")
    page.locator("[name=copies]").first.fill("66")
    page.locator("[name=copies]").first.press("Tab")
    expect(page.locator("#preview")).to_contain_text("2 trang")
    lines = page.locator("[data-line]").count()
    page.locator("[data-drop-line]").first.click()
    expect(page.locator("#preview")).to_contain_text("1 trang")
    assert page.locator("[data-line]").count() == lines - 1
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="In", exact=True).click()
    assert opened.value
    assert here.complaints == []


@pytest.mark.parametrize("width", [390, 1440])
def test_what_is_missing_leads_to_its_field(visit: Callable[..., Visit], width: int) -> None:
    page = visit(width=width).page
    page.goto("/products/BT-MN-15/")
    page.locator("#readiness a", has_text="Cân nặng").first.click()
    page.wait_for_url(re.compile("/edit/#weight-0"))
    expect(page.locator("#weight-0")).to_be_in_viewport()
