"""Each page on a phone and a desk, light and dark: nothing sticks out, everything can be read, the console is quiet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Visit

AXE = Path(__file__).parent / "vendor" / "axe.min.js"

PAGES = (
    "/", "/orders/", "/orders/?tab=all", "/orders/?tab=all&cod=yes&least=1", "/orders/filters/",
    "/products/", "/products/TS-TH-100/", "/products/QT-2027/", "/products/new/",
    "/products/BG-ML-28/edit/", "/products/import/", "/stock/", "/stock/?view=low",
    "/stock/BG-ML-28/", "/stock/adjust/",
    "/stock/controls/", "/channels/", "/channels/lazada-1/", "/channels/lazada-1/orders-file/", "/channels/lazada-1/match/",
    "/channels/new/", "/live/?sku=BG-DB-07",
    "/live/?view=replay", "/password/", "/no-such-page/",
)  # fmt: skip

RULES = (
    "color-contrast", "label", "button-name", "link-name", "image-alt", "aria-valid-attr", "aria-valid-attr-value",
    "aria-allowed-attr", "aria-required-children", "duplicate-id-aria", "html-has-lang", "document-title", "list",
    "select-name",
)  # fmt: skip
"""Rules of axe-core that are about what people perceive and what assistive technology is told."""

CHECK = """async (rules) => {
  const found = await axe.run(document, { runOnly: { type: "rule", values: rules } });
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.target.join(" ")} ${(node.any[0] || node.all[0] || node.none[0] || {}).message || ""}`));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_fits_and_can_be_read(visit: Callable[..., Visit], width: int, theme: str) -> None:
    here = visit(width=width, theme=theme)
    page = here.page
    page.goto("/orders/?tab=all")
    order = page.locator("tbody a[href^='/orders/']").first.get_attribute("href")
    assert order
    wrong: list[str] = []
    for path in (*PAGES, order):
        here.complaints.clear()
        # Axe is a file of this test, not of the page: it is put in past the page's content policy.
        page.goto(path)
        page.wait_for_load_state("load")
        page.evaluate(AXE.read_text("utf-8") + ";0")
        sticks_out = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if sticks_out > 0:
            wrong.append(f"{path}: {sticks_out} px stick out at {width}")
        wrong += [f"{path}: {each}" for each in page.evaluate(CHECK, list(RULES))]
        wrong += [
            f"{path}: console: {each}" for each in here.complaints if "404" not in each or path != "/no-such-page/"
        ]
    assert wrong == [], "\n".join(wrong[:60])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_way_in_fits_and_can_be_read(visit: Callable[..., Visit], theme: str) -> None:
    for width in (390, 1440):
        here = visit(width=width, theme=theme, signed_in=False)
        here.page.goto("/sign-in/")
        here.page.wait_for_timeout(2000)
        here.page.evaluate(AXE.read_text("utf-8") + ";0")
        assert here.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert here.page.evaluate(CHECK, list(RULES)) == []
        assert here.complaints == []
