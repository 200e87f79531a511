"""The table of variants by keyboard and mouse, in a real browser: typing, blocks, undo, two people in one cell, columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visit

GRID = "/products/grid/"
PASTE = """([box, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const pasted = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector(box).dispatchEvent(pasted);
}"""


@pytest.fixture
def here(visit: Callable[..., Visit]) -> Iterator[Visit]:
    made = visit()
    made.page.goto(f"{GRID}?sort=sku")
    expect(made.page.locator("[data-count]")).to_contain_text("phiên bản")
    yield made
    assert [each for each in made.complaints if "422" not in each] == []


def column(page: Page, name: str) -> int:
    """The place of a column, from 0 after the boxes."""
    heads = page.locator(".gh .gc:not(.gpick)").all_text_contents()
    return next(place for place, head in enumerate(heads) if head.strip().endswith(name))


def row_of(page: Page, sku: str) -> Locator:
    return page.locator(".gr:not([hidden])").filter(has=page.get_by_text(sku, exact=True))


def cell(page: Page, sku: str, name: str) -> Locator:
    return row_of(page, sku).locator(".gc:not(.gpick)").nth(column(page, name))


def enter(page: Page, sku: str, name: str) -> Locator:
    """Go to a cell; the grid then has the focus."""
    found = cell(page, sku, name)
    found.click()
    expect(page.locator("#grid")).to_be_focused()
    return found


def type_in(page: Page, sku: str, name: str, text: str) -> None:
    enter(page, sku, name)
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")


def test_a_price_is_typed_saved_and_taken_back(here: Visit) -> None:
    page = here.page
    type_in(page, "BT-MN-15", "Giá bán lẻ", "152000")
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("152.000")
    expect(page.locator("[data-status]")).to_have_text("Đã lưu: 1")
    page.reload()
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("152.000")

    type_in(page, "BT-MN-15", "Giá bán lẻ", "160.000")
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("160.000")
    page.keyboard.press("Control+z")
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("152.000")
    expect(page.locator("[data-status]")).to_have_text("Đã hoàn tác: 1")

    # Escape restores, and nothing is sent.
    enter(page, "BT-MN-15", "Giá bán lẻ")
    page.keyboard.type("1")
    page.keyboard.press("Escape")
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("152.000")
    type_in(page, "BT-MN-15", "Giá bán lẻ", "145000")


def test_enter_goes_down_and_tab_goes_on(here: Visit) -> None:
    page = here.page
    enter(page, "AC-MR-06", "SKU")
    first = page.locator("[data-why]").text_content() or ""
    page.keyboard.press("F2")
    expect(page.locator(".gedit input")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-why]")).not_to_have_text(first)
    expect(page.locator("[data-why]")).to_contain_text("SKU · ")
    page.keyboard.press("Tab")
    expect(page.locator("[data-why]")).to_contain_text("Danh mục · ")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-why]")).to_have_text(first)
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Home")
    expect(page.locator("[data-why]")).to_contain_text("Sản phẩm · ")
    # Tab leaves the table at its last cell: it is no trap.
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    expect(page.locator("#grid")).not_to_be_focused()


def test_what_is_refused_stays_and_says_why(here: Visit) -> None:
    page = here.page
    type_in(page, "NT-QH-01", "SKU", "TC-DT-L")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".gc.refused")).to_have_text("TC-DT-L")
    expect(page.locator("[data-why]")).to_contain_text("Chưa lưu được")
    page.keyboard.press("Escape")
    expect(page.locator(".gc.refused")).to_have_count(0)
    expect(row_of(page, "NT-QH-01")).to_have_count(1)


def test_a_cell_that_somebody_else_changed_is_refused_with_the_new_value(
    here: Visit, visit: Callable[..., Visit]
) -> None:
    page, other = here.page, visit().page
    expect(cell(page, "TH-HC-80", "Giá bán lẻ")).to_have_text("180.000")
    # The page is not told of the change, as when it is made in the same second.
    page.evaluate("""["live-stock", "live-channels"].forEach(
        (name) => document.body.addEventListener(name, (event) => event.stopImmediatePropagation(), true))""")
    other.goto(f"{GRID}?sort=sku")
    type_in(other, "TH-HC-80", "Giá bán lẻ", "185000")
    expect(cell(other, "TH-HC-80", "Giá bán lẻ")).to_have_text("185.000")

    enter(page, "TH-HC-80", "Giá bán lẻ")
    type_in(page, "TH-HC-80", "Giá bán lẻ", "199000")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".gc.refused")).to_have_text("199000")
    expect(page.locator("[data-why]")).to_contain_text("Có người vừa đổi ô này")
    expect(page.locator("[data-why]")).to_contain_text("Hiện là: 185000")
    # Having seen it, the person may still change it.
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    expect(cell(page, "TH-HC-80", "Giá bán lẻ")).to_have_text("199.000")
    page.keyboard.press("Control+z")
    expect(cell(page, "TH-HC-80", "Giá bán lẻ")).to_have_text("185.000")
    type_in(page, "TH-HC-80", "Giá bán lẻ", "180000")


def test_a_block_is_pasted_told_cell_by_cell_and_taken_back_whole(here: Visit) -> None:
    page = here.page
    enter(page, "KL-TT-DO", "Giá bán lẻ")
    with page.expect_response("**/products/grid/edit/"):
        page.evaluate(PASTE, ["#grid", "550.000\t999\r\nmắc\t999\r\n570.000\t999\r\n"])
    # Khăn: đỏ, trắng, xanh, in the order of their SKUs. Stock cannot be typed.
    expect(cell(page, "KL-TT-DO", "Giá bán lẻ")).to_have_text("550.000")
    expect(cell(page, "KL-TT-TR", "Giá bán lẻ")).to_have_text("mắc")
    expect(cell(page, "KL-TT-XA", "Giá bán lẻ")).to_have_text("570.000")
    expect(page.locator(".gc.refused")).to_have_count(4)
    expect(page.locator("[data-status]")).to_have_text("Đã lưu: 2 · Chưa lưu được: 1")
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.press("Control+z")
    for sku in ("KL-TT-DO", "KL-TT-XA"):
        expect(cell(page, sku, "Giá bán lẻ")).to_have_text("540.000")
    page.evaluate("addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), true)")


def test_a_value_is_filled_down(here: Visit) -> None:
    page = here.page
    type_in(page, "KL-TT-DO", "Giá bán lẻ", "545000")
    expect(cell(page, "KL-TT-DO", "Giá bán lẻ")).to_have_text("545.000")
    enter(page, "KL-TT-DO", "Giá bán lẻ")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.press("Control+d")
    for sku in ("KL-TT-TR", "KL-TT-XA"):
        expect(cell(page, sku, "Giá bán lẻ")).to_have_text("545.000")
    page.keyboard.press("Control+z")
    expect(cell(page, "KL-TT-XA", "Giá bán lẻ")).to_have_text("540.000")
    page.keyboard.press("Control+z")
    expect(cell(page, "KL-TT-DO", "Giá bán lẻ")).to_have_text("540.000")


def test_many_rows_change_after_a_look_at_what_would(here: Visit) -> None:
    page = here.page
    for sku in ("BT-MN-15", "DG-CC-22"):
        row_of(page, sku).locator("input[type=checkbox]").check()
    expect(page.locator("[data-picked]")).to_have_text("Đã chọn 2")
    page.locator("[data-grid-change]").click()
    page.select_option("#b-column", "price")
    page.select_option("#b-how", "percent")
    page.fill("#b-value", "5")
    expect(page.locator("[data-plan]")).to_contain_text("2 trên 2 ô sẽ đổi.")
    expect(page.locator("[data-plan]")).to_contain_text("145.000 → 152.000")
    with page.expect_response("**/products/grid/edit/"):
        page.locator("[data-apply]").click()
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("152.000")
    expect(cell(page, "DG-CC-22", "Giá bán lẻ")).to_have_text("336.000")
    page.get_by_role("button", name="Hoàn tác").click()
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("145.000")
    expect(cell(page, "DG-CC-22", "Giá bán lẻ")).to_have_text("320.000")


def of_channel(page: Page, sku: str, word: str) -> Locator:
    """The cell of Shopee."""
    heads = [each.strip() for each in page.locator(".gh .gc:not(.gpick)").all_text_contents()]
    place = next(at for at, head in enumerate(heads) if "SP" in head and head.endswith(word))
    return row_of(page, sku).locator(".gc:not(.gpick)").nth(place)


def test_a_channel_takes_a_limit(here: Visit) -> None:
    page = here.page
    found = of_channel(page, "BT-MN-15", "Tồn kho")
    found.click()
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.type("2")
        page.keyboard.press("Enter")
    expect(found).to_have_class(re.compile("s-own"))
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-why]")).to_contain_text("tối đa 2")
    page.keyboard.press("Control+z")
    expect(found).not_to_have_class(re.compile("s-own"))


def test_a_channel_has_a_price_of_its_own_where_prices_are_sent(here: Visit) -> None:
    page = here.page
    page.goto("/channels/shopee-1/")
    page.locator("[value=prices-off]").click()
    expect(page.locator("[value=prices-on]")).to_be_visible()
    page.goto(f"{GRID}?sort=sku")
    of_channel(page, "BT-MN-15", "Giá").click()
    page.keyboard.press("F2")
    expect(page.locator(".gedit")).to_be_hidden()
    expect(page.locator("[data-status]")).to_contain_text("Giá ở đây do sàn giữ")
    page.goto("/channels/shopee-1/")
    page.locator("[value=prices-on]").click()
    expect(page.locator("[value=prices-off]")).to_be_visible()

    page.goto(f"{GRID}?sort=sku")
    found = of_channel(page, "BT-MN-15", "Giá")
    expect(found).to_have_text("145.000")
    found.click()
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.type("139.000")
        page.keyboard.press("Enter")
    expect(found).to_have_text("139.000")
    expect(found).to_have_class(re.compile("s-own"))
    expect(cell(page, "BT-MN-15", "Giá bán lẻ")).to_have_text("145.000")
    page.keyboard.press("ArrowUp")
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.press("Delete")
    expect(found).to_have_text("145.000")


def test_columns_are_chosen_and_remembered(here: Visit) -> None:
    page = here.page
    page.get_by_text("Các cột").click()
    with page.expect_response("**/products/grid/layout/"):
        page.locator("[data-col=cost]").check()
    expect(page.locator(".gh")).to_contain_text("Giá vốn")
    page.reload()
    expect(page.locator(".gh")).to_contain_text("Giá vốn")
    page.get_by_text("Các cột").click()
    with page.expect_response("**/products/grid/layout/"):
        page.locator("[data-col=cost]").uncheck()
    expect(page.locator(".gh")).not_to_contain_text("Giá vốn")


def test_sorting_and_searching(here: Visit) -> None:
    page = here.page
    page.locator("[data-sort=price]").click()
    expect(page.locator(".gr[aria-rowindex='2']")).to_contain_text("BT-MN-15")
    page.locator("[data-sort=price]").click()
    expect(page.locator(".gr[aria-rowindex='2']")).to_contain_text("BG-DB-07")
    page.fill("#q", "khan lua")
    expect(page.locator("[data-count]")).to_have_text("3 phiên bản")
    page.fill("#q", "khong co hang nay")
    expect(page.locator("[data-empty]")).to_be_visible()
    page.fill("#q", "")
    expect(page.locator("#grid")).to_be_visible()


def test_what_was_typed_stays_without_a_network(here: Visit) -> None:
    page = here.page
    enter(page, "TC-DT-L", "Giá bán lẻ")
    page.context.set_offline(True)
    page.keyboard.type("390000")
    page.keyboard.press("Enter")
    expect(cell(page, "TC-DT-L", "Giá bán lẻ")).to_have_text("390000")
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-why]")).to_contain_text("Không có mạng")
    page.context.set_offline(False)
    with page.expect_response("**/products/grid/edit/"):
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    expect(cell(page, "TC-DT-L", "Giá bán lẻ")).to_have_text("390.000")
    type_in(page, "TC-DT-L", "Giá bán lẻ", "385000")
    here.complaints[:] = [each for each in here.complaints if "ERR_INTERNET_DISCONNECTED" not in each]
