"""Every page has a guide in both languages, and what a guide says to press is there to be pressed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from mekong.faces.backoffice import guide
from mekong.faces.backoffice.urls import urlpatterns
from tests.integration.backoffice.conftest import Visitor
from tests.support.price_desk import furnish_prices
from tests.support.shop import Shop, ask_for_returns

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]

APART = frozenset({
    "sign-in/", "sign-in/second/", "sign-in/passkey/", "sign-in/passkey/options/", "sign-in/demo/", "sign-out/",
    "welcome/<str:person>/<str:token>/", "password/", "preferences/", "media/<path:path>", "last-unit/", "palette/",
    "parts/pulse/", "live/figures/", "live/replay", "account/confirm/passkey/options/", "account/passkeys/options/",
    "card/<str:token>/", "join/<slug:channel>/",
    "play/<slug:slug>/", "play/<slug:slug>/plays/", "play/<slug:slug>/state/", "play/<slug:slug>/proof/",
})  # fmt: skip
"""Addresses outside the shell, and parts of pages: no help is asked for there."""

SAMPLES = {
    "home": ("/",),
    "work": ("/today/unpaid/",),
    "welcome": ("/welcome/?step=company",),
    "orders": ("/orders/",),
    "order": ("/orders/{order}/",),
    "products": ("/products/",),
    "product": ("/products/TS-TH-100/",),
    "product-form": ("/products/new/",),
    "product-import": ("/products/import/",),
    "stock": ("/stock/",),
    "stock-card": ("/stock/BG-ML-28/",),
    "stock-adjust": ("/stock/adjust/",),
    "stock-rules": ("/stock/controls/",),
    "channels": ("/channels/",),
    "channel": ("/channels/lazada-1/",),
    "channel-new": ("/channels/new/?kind=shopee",),
    "channel-match": ("/channels/lazada-1/match/",),
    "orders-file": ("/channels/shopee-1/orders-file/",),
    "live": ("/live/?sku=BG-DB-07", "/live/?view=replay"),
    "channel-health": ("/channels/health/",),
    "consistency": ("/consistency/",),
    "campaigns": ("/stock/campaigns/", "/stock/campaigns/new/"),
    "transfers": ("/stock/transfers/", "/stock/transfers/new/"),
    "stock-file": ("/stock/transfers/file/", "/stock/adjust/file/"),
    "approvals": ("/stock/adjustments/",),
    "approval-limits": ("/stock/limits/",),
    "low-stock": ("/stock/low/",),
    "movements": ("/stock/movements/",),
    "categories": ("/products/categories/?at=gom",),
    "labels": ("/products/labels/?sku=BG-ML-28",),
    "product-grid": ("/products/grid/",),
    "order-filters": ("/orders/filters/",),
    "order-returns": ("/orders/returns/",),
    "account": ("/account/",),
    "settings": ("/settings/",),
    "staff": ("/settings/staff/", "/settings/staff/new/"),
    "seats": ("/settings/staff/seats/",),
    "security": ("/settings/security/",),
    "audit-trail": ("/settings/audit/",),
    "webhooks": ("/settings/webhooks/",),
    "apps": ("/settings/apps/",),
    "feeds": ("/settings/feeds/",),
    "publish": ("/products/publish/",),
    "channel-publishing": ("/channels/shopee-1/publishing/",),
    "channel-categories": ("/channels/shopee-1/categories/",),
    "members": ("/members/",),
    "member-join": ("/members/join/",),
    "member": ("/members/",),
    "membership": ("/settings/membership/",),
    "gift-cards": ("/offers/cards/",),
    "games": ("/offers/games/",),
    "price-lists": ("/prices/lists/SI/",),
    "promotions": ("/prices/promotions/", "/prices/promotions/new/?kind=percent_off"),
    "vouchers": ("/prices/vouchers/",),
    "price-policy": ("/prices/policy/",),
}


def _routes() -> list[str]:
    return [str(each.pattern) for each in urlpatterns if str(each.pattern) not in APART]


def test_every_page_of_the_back_office_has_a_guide_in_both_languages() -> None:
    for route in _routes():
        path = "/" + re.sub(r"<[^>]+>", "x1", route)
        name = guide.name_for(path)
        if not path.startswith(("/help/",)) and path != "/":
            assert name != "home", f"{route} has no guide"
        for language in guide.LANGUAGES:
            found = guide.read(name, language)
            assert found.title
            assert len(found.body) > 200, (name, language)


def test_guides_are_there_twice_and_none_is_left_over() -> None:
    for language in guide.LANGUAGES:
        assert {file.stem for file in (guide.FOLDER / language).glob("*.md")} == set(guide.names())
    assert set(SAMPLES) == set(guide.names())
    for name in guide.names():
        # Both languages speak of the same things to press, and of the same pages to read on.
        here, there = (guide.read(name, language) for language in guide.LANGUAGES)
        assert len(here.presses) == len(there.presses), name
        assert re.findall(r"docs/[\w/.-]+", here.body) == re.findall(r"docs/[\w/.-]+", there.body), name


def test_pages_that_guides_name_exist(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    for name in guide.names():
        for language in guide.LANGUAGES:
            body = guide.read(name, language).body
            for page in re.findall(r"docs/[\w/.-]+\.md", body):
                assert (ROOT / page).is_file(), (name, page)
            for link in re.findall(r'href="([^"]+)"', body):
                assert client.get(link).status_code == 200, (name, link)


@pytest.mark.parametrize("language", guide.LANGUAGES)
def test_what_a_guide_says_to_press_is_on_its_page(shop: Shop, visitor: Visitor, language: str) -> None:
    ask_for_returns(datetime.now(UTC))
    furnish_prices(datetime.now(UTC))
    client = visitor("owner", language=language)
    missing = []
    for name, paths in SAMPLES.items():
        shown = " ".join(
            client.get(path.format(order=shop.orders[0].code), headers={"Accept-Language": language}).content.decode()
            for path in paths
        )
        main = unescape(re.sub(r"\s+", " ", shown[shown.index("<main") :]))
        pressed = re.findall(r"<(a|button|summary|label)\b[^>]*>(.*?)</\1>", main)
        words = [re.sub(r"<[^>]+>", " ", inside) for _, inside in pressed]
        placeholders = re.findall(r'(?:placeholder|aria-label)="([^"]*)"', main)
        for each in guide.read(name, language).presses:
            if not any(each in re.sub(r"\s+", " ", word) for word in (*words, *placeholders)):
                missing.append((name, each))
    assert missing == []


def test_the_drawer_is_filled_for_the_page_it_stands_on(shop: Shop, visitor: Visitor) -> None:
    client = visitor("warehouse", language="en")
    here = {"HX-Request": "true", "HX-Target": "help-text"}
    part = client.get("/help/?page=/stock/adjust/", headers=here).content.decode()
    assert part.strip().startswith("<h2>Change stock</h2>")
    assert "<html" not in part
    whole = client.get("/help/?page=/stock/adjust/").content.decode()
    assert "All guides" in whole
    assert client.get("/help/stock-card/").status_code == 200
    assert client.get("/help/no-such-guide/").status_code == 404
    odd = client.get("/help/?page=//evil.example/%3Cscript%3E", headers=here)
    assert "<h2>Today&#x27;s work</h2>" in odd.content.decode()


def test_a_guide_cannot_bring_markup_along() -> None:
    text = guide.rendered('A <b>x</b> & **<i>y</i>**\n\n- [a](/x"onclick="1)\n- [[<u>]]\n\n1. one\n2. two\n\n## H <s>')
    assert "<b>x</b>" not in text
    assert "<b>&lt;i&gt;y&lt;/i&gt;</b>" in text
    assert '<a href="/x&quot;onclick=&quot;1">a</a>' in text
    assert '<span class="press">&lt;u&gt;</span>' in text
    assert "<ol><li>one</li><li>two</li></ol>" in text
    assert "<h3>H &lt;s&gt;</h3>" in text
    assert guide.rendered("[a](javascript:alert(1))") == "<p>[a](javascript:alert(1))</p>"
