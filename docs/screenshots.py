"""Pictures of every page for the documentation: `python docs/screenshots.py URL E-MAIL PASSWORD [FOLDER]`.

Needs a running installation (`./mekong up --demo`) and the system's Chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGES = {
    "today": "/",
    "live": "/live/",
    "history": "/live/?view=replay",
    "orders": "/orders/",
    "products": "/products/",
    "stock": "/stock/",
    "channels": "/channels/",
}
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


def main(url: str, email: str, password: str, folder: str = "docs/pictures") -> None:
    """One PNG for each page, size and theme."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("No Chromium on this machine. Install the package “chromium”.")
    there = Path(folder)
    there.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, locale="vi-VN", base_url=url)
            page.goto("/sign-in/")
            page.fill("#email", email)
            page.fill("#password", password)
            page.click("button.primary")
            for name, path in PAGES.items():
                page.goto(path)
                for theme in ("light", "dark"):
                    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
                    page.wait_for_timeout(400)
                    page.screenshot(path=there / f"{name}-{size}-{theme}.png")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
