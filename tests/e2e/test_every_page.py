"""Each page on a phone and a desk, light and dark: nothing sticks out, everything can be read, the console is quiet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"

PAGES = (
    "/today/pack/", "/today/unpaid/", "/today/sales/", "/today/oversold/", "/today/cover/", "/today/transfers/",
    "/welcome/?step=company", "/welcome/?step=places", "/welcome/?step=products", "/welcome/?step=stock",
    "/welcome/?step=channel", "/welcome/?step=orders", "/help/", "/help/orders/",
    "/", "/orders/", "/orders/?tab=all", "/products/", "/products/TS-TH-100/", "/products/QT-2027/", "/products/new/",
    "/products/BG-ML-28/edit/", "/products/import/", "/products/categories/?at=gom",
    "/products/labels/?pick=TS-TH-100&pick=BG-ML-28", "/products/labels/", "/products/?lacking=lazada", "/products/grid/",
    "/stock/", "/stock/?view=lots",
    "/stock/BG-ML-28/", "/stock/adjust/", "/stock/adjust/file/", "/stock/low/", "/stock/transfers/", "/stock/transfers/new/",
    "/stock/transfers/file/", "/stock/adjustments/", "/stock/movements/", "/stock/limits/",
    "/stock/campaigns/new/?sku=TS-TH-100",
    "/orders/?tab=all&cod=yes&least=1",
    "/orders/filters/", "/orders/returns/", "/orders/returns/?view=all",
    "/stock/controls/", "/channels/", "/channels/lazada-1/", "/channels/lazada-1/orders-file/", "/channels/lazada-1/match/",
    "/channels/health/", "/channels/health/?span=7d", "/consistency/", "/consistency/?reason=prices_off",
    "/channels/shopee-1/categories/", "/channels/shopee-1/categories/gom/", "/channels/shopee-1/publishing/",
    "/products/publish/", "/products/publish/?pick=BG-ML-28&channel=shopee-1",
    "/products/publish/?pick=BG-ML-28&pick=TS-TH-100&channel=shopee-1",
    "/channels/new/", "/live/?sku=BG-DB-07",
    "/settings/", "/settings/webhooks/", "/settings/webhooks/new/", "/settings/apps/", "/settings/apps/new/",
    "/settings/feeds/", "/settings/feeds/new/",
    "/live/?view=replay", "/password/", "/no-such-page/",
    "/account/",
    "/prices/lists/", "/prices/lists/new/", "/prices/lists/SI/", "/prices/lists/SI/edit/", "/prices/lists/SI/import/",
    "/prices/lists/CU/", "/prices/promotions/", "/prices/promotions/new/", "/prices/promotions/new/?kind=buy_get",
    "/prices/promotions/TRA10/", "/prices/promotions/TRA10/edit/", "/prices/promotions/TRA10/preview/",
    "/prices/vouchers/", "/prices/vouchers/?promotion=VOUCHER50", "/prices/vouchers/new/", "/prices/policy/",
    "/settings/staff/",
    "/settings/staff/new/",
    "/settings/staff/seats/",
    "/settings/security/",
    "/settings/audit/",
    "/settings/membership/",
    "/members/",
    "/members/?q=lan",
    "/members/join/",
    "/offers/cards/",
    "/offers/cards/?state=blocked",
    "/offers/cards/new/",
    "/offers/games/",
    "/offers/games/new/",
    "/join/web/",
    "/play/quay-tet/",
    "/play/cao-tet/",
    "/play/diem-danh/",
)  # fmt: skip

RULES = (
    "color-contrast", "label", "button-name", "link-name", "image-alt", "aria-valid-attr", "aria-valid-attr-value",
    "aria-allowed-attr", "aria-required-children", "duplicate-id-aria", "html-has-lang", "document-title", "list",
    "select-name",
)  # fmt: skip
"""Rules of axe-core that are about what people perceive and what assistive technology is told."""

ALIKE = """() => {
  // What of an element decides how it is seen, its children included; "-" stands for what only says where it leads.
  const shape = (each) => `${each.tagName} ${[...each.attributes].map(({ name, value }) =>
    /^(class|style|type|role|hidden|disabled|aria-(?!label))/.test(name) ? `${name}=${value}` : "-").sort()} (${
    [...each.children].map(shape).join()})`;
  for (const parent of document.querySelectorAll("body *")) {
    const seen = new Map();
    if (parent.childElementCount < 3) continue;
    for (const child of parent.children) {
      const times = (seen.get(shape(child)) || 0) + 1;
      seen.set(shape(child), times);
      if (times > 2) child.setAttribute("data-alike", "");
    }
  }
}"""
"""Marks rows made as two before them in the same list: what is wrong with them is wrong with those."""

CHECK = """async (rules) => {
  const found = await axe.run({ exclude: [["[data-alike]"]] }, {
    runOnly: { type: "rule", values: rules },
    // What is right need not be described, and no rule of ours reads style sheets or media.
    resultTypes: ["violations"], preload: false,
  });
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.target.join(" ")} ${(node.any[0] || node.all[0] || node.none[0] || {}).message || ""}`));
}"""

SETTLED = "document.getAnimations().forEach((each) => each instanceof CSSTransition && each.finish())"
"""Colours change softly: they are looked at when they have."""

PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_fits_and_can_be_read(visit: Callable[..., Visit], part: int) -> None:
    """Each page is loaded once, by a phone, and then made as wide as a desk's.

    In the dark nothing but its colours differs, so these alone are looked at again.
    """
    here = visit(width=390)
    page = here.page
    wrong: list[str] = []
    for path in (*PAGES, *_pages_of_things(page))[part::PARTS]:
        here.complaints.clear()
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto(path)
        page.wait_for_load_state("load")
        # Axe is a file of this test, not of the page: it is put in past the page's content policy.
        page.evaluate(AXE.read_text("utf-8") + ";0")
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(ALIKE)
            sticks_out = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if sticks_out > 0:
                wrong.append(f"{path}: {sticks_out} px stick out at {width}")
            page.evaluate(SETTLED)
            wrong += [f"{path}, {width}: {each}" for each in page.evaluate(CHECK, list(RULES))]
            page.emulate_media(color_scheme="dark")
            page.evaluate(SETTLED)
            wrong += [f"{path}, {width}, dark: {each}" for each in page.evaluate(CHECK, ["color-contrast"])]
            page.emulate_media(color_scheme="light")
        wrong += [
            f"{path}: console: {each}" for each in here.complaints if "404" not in each or path != "/no-such-page/"
        ]
    assert wrong == [], "\n".join(wrong[:60])


def _pages_of_things(page: Page) -> list[str]:
    """Of one order, one whose platform has settled, one campaign, gift cards, games, and what partners have, by their lists."""

    def first(path: str, link: str) -> str:
        page.goto(path)
        address = page.locator(link).first.get_attribute("href")
        assert address
        return address

    found = [
        first("/orders/?tab=all", "tbody a[href^='/orders/']"),
        first("/orders/returns/", "main a[href^='/orders/DH']"),
        first("/stock/campaigns/", "tbody a[href^='/stock/campaigns/']"),
        first("/offers/cards/?q=mai", "tbody a[href^='/offers/cards/']"),
        first("/offers/cards/", "a[href^='/offers/cards/issues/']"),
        (draft := first("/offers/games/", "tbody a[href^='/offers/games/']")),
        f"{draft}edit/",
        first("/offers/games/", "tbody tr:nth-child(4) a[href^='/offers/games/']") + "?check=1",
        first("/consistency/", "tbody a[href^='/consistency/']"),
    ]
    member = first("/members/", "tbody a[href^='/members/']")
    found += [member, f"{member}edit/", first(member, "aside a[href*='/card/']")]
    for room in ("webhooks", "apps", "feeds"):
        one = first(f"/settings/{room}/", f"tbody a[href^='/settings/{room}/']")
        found += [one, f"{one}edit/"]
    webhook = next(address for address in found if address.startswith("/settings/webhooks/"))
    return [*found, first(webhook, "#messages tbody a")]


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
