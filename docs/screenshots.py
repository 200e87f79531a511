"""The pictures of the documentation: `python docs/screenshots.py URL E-MAIL PASSWORD [FOLDER]`.

Needs a running demo (`./mekong up --demo`) whose owner has chosen a password, and the system's Chromium. It sells the
last unit once, as people do with the button, and puts it back.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

WIDEST = 1280
"""Pixels of a picture's width: enough to read, and no picture above 300 kB."""
DESK, PHONE = (1440, 900), (390, 844)


def _as_it_is(page: Page) -> None:
    page.wait_for_load_state("load")


def _sold(page: Page) -> None:
    """The last unit, sold on a marketplace: every channel shows 0, and each has its delay."""
    page.wait_for_selector("[data-link].on")
    measured = page.locator("[data-lane] b", has_text=re.compile(r"\d"))
    for _ in range(3):
        if page.locator("[data-atp]").inner_text() == "0":
            _put_back(page)
        page.click("[data-sell][data-key='1']")
        for figure in page.locator("[data-q]").all():
            expect(figure).to_have_text("0", timeout=30_000)
        page.wait_for_timeout(3000)
        if measured.count() == page.locator("[data-lane]").count():
            return
    sys.exit("A channel did not confirm the sale. Look at /channels/.")


def _put_back(page: Page) -> None:
    page.click("[data-back]")
    for figure in (page.locator("[data-atp]"), *page.locator("[data-q]").all()):
        expect(figure).to_have_text("1", timeout=30_000)


def _open_priced(page: Page) -> None:
    """The order on which a voucher was shown, and why it costs what it costs."""
    page.locator("tbody a[href^='/orders/']").first.click()
    page.wait_for_load_state("load")


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    size: tuple[int, int] = DESK
    theme: str = "light"
    language: str = "vi"
    before: Callable[[Page], None] = _as_it_is


SHOTS = (
    Shot("orders", "/orders/?tab=all"),
    Shot("stock", "/stock/"),
    Shot("stock-dark", "/stock/GOM-04/", theme="dark"),
    Shot("orders-phone", "/orders/", size=PHONE),
    Shot("promotions", "/prices/promotions/"),
    Shot("why-this-price", "/orders/?tab=all&q=Tô Ngọc Diệp", before=_open_priced),
    Shot("orders-en", "/orders/?tab=all", language="en"),
    Shot("stock-en", "/stock/", language="en"),
    Shot("last-unit", "/live/?sku=BINH-DOCBAN", before=_sold),
    Shot("last-unit-en", "/live/?sku=BINH-DOCBAN", language="en", before=_sold),
)


def main(url: str, email: str, password: str, folder: str = "docs/images") -> None:
    """One WebP for each shot."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("No Chromium on this machine. Install the package “chromium”.")
    there = Path(folder)
    there.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", base_url=url)
        page = context.new_page()
        page.goto("/sign-in/")
        page.fill("#email", email)
        page.fill("#password", password)
        page.click("button.primary")
        page.wait_for_load_state("load")
        for shot in SHOTS:
            context.add_cookies([{"name": "mekong_language", "value": shot.language, "url": url}])
            page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
            page.emulate_media(color_scheme="dark" if shot.theme == "dark" else "light")
            page.goto(shot.path)
            shot.before(page)
            page.wait_for_timeout(600)
            keep(page.screenshot(), there / f"{shot.name}.webp")
            if shot.before is _sold:
                _put_back(page)
        browser.close()


def keep(png: bytes, file: Path) -> None:
    """Scale down to the widest a page shows, and write as WebP."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if picture.width > WIDEST:
        picture = picture.resize((WIDEST, round(picture.height * WIDEST / picture.width)), Image.Resampling.LANCZOS)
    picture.save(file, "WEBP", quality=86, method=6)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
