"""What may be in a feed, and how each platform wants it written."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from mekong.partners.contracts import FeedRow
from mekong.partners.rules import feeds as rules

GOOGLE, META = rules.SHAPES["google"], rules.SHAPES["meta"]
ROW = FeedRow(
    sku="AO-DO-M", title="Áo thun - Đỏ / M", description="Vải & cotton", link="https://shop.example.vn/p/AO-DO-M",
    pictures=("https://shop.example.vn/1.jpg", "https://shop.example.vn/2.jpg"), quantity=3, allow_backorder=False,
    price_minor=120_000, currency="VND", brand="OEM", gtin="", group="AO", options={"color": "Đỏ", "size": "M"},
    category="Thời trang > Áo", weight_g=200,
)  # fmt: skip
G = "{http://base.google.com/ns/1.0}"


def google(row: FeedRow) -> dict[str, list[str]]:
    text = rules.google_head("Cửa <hàng>", "https://shop.example.vn/") + rules.google_item(row) + rules.GOOGLE_FOOT
    (item,) = ElementTree.fromstring(text).iter("item")
    found: dict[str, list[str]] = {}
    for each in item:
        found.setdefault(each.tag.removeprefix(G), []).append(each.text or "")
    return found


def meta(row: FeedRow) -> dict[str, str]:
    (line,) = csv.DictReader(io.StringIO(rules.meta_head() + rules.meta_line(row), newline=""))
    return line


def judged(row: FeedRow, shape: rules.Shape = GOOGLE) -> list[str]:
    return [each.code for each in rules.judge(row, shape, set())]


def test_a_row_for_google() -> None:
    assert google(ROW) == {
        "id": ["AO-DO-M"], "title": ["Áo thun - Đỏ / M"], "description": ["Vải & cotton"],
        "link": ["https://shop.example.vn/p/AO-DO-M"], "image_link": ["https://shop.example.vn/1.jpg"],
        "additional_image_link": ["https://shop.example.vn/2.jpg"], "availability": ["in_stock"],
        "price": ["120000 VND"], "condition": ["new"], "brand": ["OEM"], "identifier_exists": ["no"],
        "item_group_id": ["AO"], "color": ["Đỏ"], "size": ["M"], "product_type": ["Thời trang > Áo"],
        "shipping_weight": ["200 g"],
    }  # fmt: skip


def test_a_row_for_meta() -> None:
    line = meta(ROW)
    assert tuple(line) == rules.META_COLUMNS
    assert line["availability"] == "in stock"
    assert (line["price"], line["quantity_to_sell_on_facebook"], line["color"]) == ("120000 VND", "3", "Đỏ")


def test_sold_out_stays_in_the_file() -> None:
    gone = replace(ROW, quantity=0)
    assert google(gone)["availability"] == ["out_of_stock"]
    assert meta(gone)["availability"] == "out of stock"
    waits = replace(gone, allow_backorder=True)
    assert google(waits)["availability"] == ["out_of_stock"]
    assert meta(waits)["availability"] == "available for order"
    assert judged(waits) == ["backorder"]
    assert meta(replace(ROW, quantity=-2))["quantity_to_sell_on_facebook"] == "0"


def test_quotes_commas_tags_and_control_characters_harm_nothing() -> None:
    nasty = replace(ROW, title='Áo "xịn", <b>]]>&amp;', description="dòng 1\ndòng, 2")
    assert google(nasty)["title"] == ['Áo "xịn", <b>]]>&amp;']
    assert meta(nasty)["title"] == 'Áo "xịn", <b>]]>&amp;'
    assert meta(nasty)["description"] == "dòng 1\ndòng, 2"
    assert rules.plain("<p>Gốm&nbsp;men\x00 lam\x0b</p>\ufffe  28&lt;cm") == "Gốm\xa0men lam 28<cm"


def test_money_of_other_currencies_has_its_digits() -> None:
    assert rules.price(replace(ROW, price_minor=1250, currency="USD")) == "12.50 USD"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pictures": ()}, "no_picture"),
        ({"price_minor": 0}, "no_price"),
        ({"link": "http://shop.example.vn/x"}, "bad_link"),
        ({"pictures": ("http://127.0.0.1:8000/media/1.jpg",)}, "bad_link"),
        ({"sku": "x" * 51}, "id_too_long"),
        ({"title": ""}, "no_title"),
    ],
)
def test_what_is_left_out(change: dict[str, object], code: str) -> None:
    (found,) = rules.judge(replace(ROW, **change), GOOGLE, set())  # type: ignore[arg-type]  # fields by name
    assert (found.code, found.is_left_out) == (code, True)


def test_meta_wants_a_brand_or_a_gtin_and_takes_longer_ids() -> None:
    bare = replace(ROW, brand="", sku="x" * 51)
    assert judged(bare, META) == ["no_brand"]
    assert judged(replace(bare, gtin="8936012840285"), META) == []
    assert judged(replace(ROW, brand="")) == []


def test_what_is_only_noted() -> None:
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    assert rules.judge(ROW, GOOGLE, seen) == []
    (alike,) = rules.judge(replace(ROW, sku="AO-2"), GOOGLE, seen)
    assert (alike.code, alike.is_left_out) == ("options_alike", False)
    assert judged(replace(ROW, description="", title="x" * 151)) == ["no_description", "title_shortened"]
    assert google(replace(ROW, description="", title="x" * 151))["title"] == ["x" * 150]
    assert google(replace(ROW, description=""))["description"] == ["Áo thun - Đỏ / M"]


@pytest.mark.parametrize(
    ("codes", "gtin"),
    [
        (("8936012840285",), "8936012840285"), (("8936012840286",), ""), (("ABC", "8936012840285"), "8936012840285"),
        (("2000000000015",), ""), (("0212345678903",), ""), (("036000291452",), "036000291452"),
        (("96385074",), "96385074"), ((), ""),
    ],
)  # fmt: skip
def test_only_numbers_of_the_whole_world_are_gtins(codes: tuple[str, ...], gtin: str) -> None:
    assert rules.gtin_of(codes) == gtin


@pytest.mark.parametrize(
    ("name", "field"), [("Màu sắc", "color"), ("SIZE", "size"), ("Chất liệu", "material"), ("Hương vị", "")]
)
def test_options_are_told_by_the_platforms_names(name: str, field: str) -> None:
    assert rules.option_field(name) == field


@pytest.mark.parametrize(
    "template",
    ["", "https://shop.example.vn/p", "http://shop.example.vn/{sku}", "https://shop.example.vn/{price}",
     "https://shop.example.vn/{sku", "https://shop.example.vn/{sku.x}", "https://shop.example.vn/{sku!r}",
     "https://{sku}/", "//shop.example.vn/{sku}", "https://shop.example.vn/{}", "https://shop.example.vn/" + "{sku}" * 70],
)  # fmt: skip
def test_templates_that_are_refused(template: str) -> None:
    assert rules.template_problem(template)


def test_links_are_made_safe() -> None:
    template = "https://shop.example.vn/p/{code}?v={sku}"
    assert rules.template_problem(template) is None
    assert rules.link(template, sku="ÁO/1 &", code="AO", product="prd_1") == (
        "https://shop.example.vn/p/AO?v=%C3%81O%2F1%20%26"
    )
