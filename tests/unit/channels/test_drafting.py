"""A product as a platform is to show it: values by their names, choices, options, and all that is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.catalog.contracts import AttributeView, ProductView, VariantView
from mekong.channels.contracts.publishing import AttributeRule, Gap
from mekong.channels.rules.drafting import Wanted, digest, draft, found_rule
from mekong.channels.socket.publishing import AttributeKind, RemoteAttribute, RemoteChoice, Value

AT = datetime(2026, 11, 22, tzinfo=UTC)
NO_ID = UUID(int=0)
COLOURS = (RemoteChoice("c1", "Đỏ"), RemoteChoice("c2", "Xanh dương"))


def a_variant(number: int, *values: str, **more: Any) -> VariantView:
    plain = VariantView(
        id=number, uid=NO_ID, product_id=1, product_uid=NO_ID, sku=f"S{number}", product_name="Áo", title="",
        option_values=values, brand="", category_id=1, uom="cái", price_minor=100, currency="VND", price_version=1,
        cost_minor=None, tax_class="standard", tax_rate_bp=800, is_bundle=False, allow_backorder=False,
        tracks_lots=False, weight_g=200, length_mm=None, width_mm=None, height_mm=None, status="active",
        product_status="active", barcodes=(), thumbnail_url="",
    )  # fmt: skip
    return replace(plain, **more)


def a_product(*variants: VariantView, options: tuple[str, ...] = (), **attributes: Any) -> ProductView:
    return ProductView(
        id=1, uid=NO_ID, code="AO", name="Áo", description="", category_id=1, category_code="ao", category_name="Áo",
        brand="", status="active", tax_class="standard", options=options, attributes=attributes, uom="cái",
        created_at=AT, updated_at=AT, variants=variants, packs=(), parts=(), media=(),
    )  # fmt: skip


def wanted(product: ProductView, *asked: RemoteAttribute, **more: Any) -> Wanted:
    own = {name: AttributeView(name, name, "text", (), "") for name in product.attributes}
    plain = Wanted(
        product=product, currency="VND", category_id="9", needs_category=True, asked=asked, rules={}, own=own,
        prices={each.id: each.price_minor for each in product.variants}, barcodes={},
    )  # fmt: skip
    return replace(plain, **more)


def test_a_plain_product_is_whole() -> None:
    made = draft(wanted(a_product(a_variant(1)), pictures=("p1", "p2"), barcodes={1: "8931234567897"}))
    assert made.gaps == ()
    assert (made.draft.pictures, made.draft.variants[0].barcode, made.draft.options) == (
        ("p1", "p2"),
        "8931234567897",
        (),
    )


def test_all_that_is_missing_is_said_at_once_and_each_once() -> None:
    asked = RemoteAttribute("a", "Xuất xứ", is_required=True)
    product = a_product(a_variant(1, "M"), a_variant(2, "m "), a_variant(3, "L", status="archived"), options=("Cỡ",))
    made = draft(wanted(product, asked, category_id=None, prices={1: None, 2: 5}))
    assert [each.what for each in made.gaps] == ["not_mapped", "currency", "attribute_missing"]
    assert draft(wanted(product, category_id=None, needs_category=False)).gaps == ()
    assert draft(wanted(a_product(a_variant(1, status="archived")))).gaps == (Gap("no_variant"),)


def test_a_choice_is_found_by_its_name_however_it_is_written() -> None:
    asked = RemoteAttribute("c", "Mau sac", AttributeKind.CHOICE, choices=COLOURS, takes_own_words=False)
    made = draft(wanted(a_product(a_variant(1), **{"màu sắc": "XANH DUONG"}), asked))
    assert made.draft.attributes == {"c": (Value("Xanh dương", "c2"),)}
    unknown = draft(wanted(a_product(a_variant(1), **{"màu sắc": "Tím"}), asked))
    assert unknown.gaps == (Gap("choice_unknown", {"attribute": "Mau sac", "value": "Tím"}),)
    own_words = draft(wanted(a_product(a_variant(1), **{"màu sắc": "Tím"}), replace(asked, takes_own_words=True)))
    assert (own_words.gaps, own_words.draft.attributes) == ((), {"c": (Value("Tím"),)})


def test_a_rule_says_which_choice_stands_for_a_value_and_which_unit() -> None:
    asked = RemoteAttribute("c", "Tone", AttributeKind.CHOICE, choices=COLOURS, takes_own_words=False)
    rule = AttributeRule("attribute", "màu", choices={"Hồng đậm": "c1"})
    made = draft(wanted(a_product(a_variant(1), màu="hồng ĐẬM"), asked, rules={"c": rule}))
    assert made.draft.attributes == {"c": (Value("Đỏ", "c1"),)}
    length = RemoteAttribute("l", "Dài", AttributeKind.NUMBER, units=("cm", "m"))
    by_rule = draft(
        wanted(a_product(a_variant(1)), length, rules={"l": AttributeRule("fixed", values=("2",), unit="m")})
    )
    assert by_rule.draft.attributes == {"l": (Value("2", unit="m"),)}
    by_name = draft(wanted(a_product(a_variant(1), dài="150"), length))
    assert by_name.draft.attributes == {"l": (Value("150", unit="cm"),)}, "the first unit where nobody said"


def test_words_with_commas_are_several_only_where_several_are_taken() -> None:
    product = a_product(a_variant(1), chất="Cotton, Len")
    many = RemoteAttribute(
        "m", "Chất", AttributeKind.CHOICES, choices=(RemoteChoice("1", "Cotton"), RemoteChoice("2", "Len"))
    )
    assert draft(wanted(product, many)).draft.attributes == {"m": (Value("Cotton", "1"), Value("Len", "2"))}
    one = RemoteAttribute("m", "Chất")
    assert draft(wanted(product, one)).draft.attributes == {"m": (Value("Cotton, Len"),)}


@pytest.mark.parametrize(("said", "told"), [(True, "true"), (False, "false"), ("Có", "true"), ("không", "false")])
def test_yes_and_no(said: Any, told: str) -> None:
    made = draft(wanted(a_product(a_variant(1), mới=said), RemoteAttribute("b", "Mới", AttributeKind.BOOL)))
    assert made.draft.attributes == {"b": (Value(told),)}


def test_options_go_to_the_platforms_own_by_name_or_by_rule() -> None:
    colour = RemoteAttribute("c", "Màu", AttributeKind.CHOICE, is_option=True, choices=COLOURS, takes_own_words=False)
    product = a_product(a_variant(1, "đỏ", "M"), a_variant(2, "Xanh Dương", "M"), options=("Màu", "Cỡ"))
    size = RemoteAttribute("s", "Kích thước", is_option=True)
    made = draft(wanted(product, colour, size, rules={"s": AttributeRule("option", "cỡ")}))
    assert made.gaps == ()
    assert [(each.name, each.attribute_id) for each in made.draft.options] == [("Màu", "c"), ("Cỡ", "s")]
    assert [each.values for each in made.draft.variants] == [
        (Value("Đỏ", "c1"), Value("M")), (Value("Xanh dương", "c2"), Value("M")),
    ]  # fmt: skip
    assert made.draft.attributes == {}
    alone = draft(wanted(product, colour))
    assert alone.gaps == (Gap("option_unmapped", {"option": "Cỡ", "known": "Màu"}),)


def test_two_variants_that_would_look_alike_are_told() -> None:
    colour = RemoteAttribute("c", "Màu", AttributeKind.CHOICE, is_option=True, choices=COLOURS, takes_own_words=False)
    product = a_product(a_variant(1, "Đỏ tươi"), a_variant(2, "Đỏ"), options=("Màu",))
    rules = {"c": AttributeRule("option", "Màu", choices={"Đỏ tươi": "c1"})}
    assert draft(wanted(product, colour, rules=rules)).gaps == (Gap("duplicate_options"),)


def test_what_is_taken_off_sale_keeps_the_variants_it_had() -> None:
    gone = a_product(a_variant(1, status="archived"))
    assert [each.sku for each in draft(wanted(gone, is_shown=False)).draft.variants] == ["S1"]


def test_names_speak_for_an_attribute_or_an_option() -> None:
    own = {"chat-lieu": AttributeView("chat-lieu", "Chất liệu", "text", (), "")}
    assert found_rule(RemoteAttribute("1", "CHẤT LIỆU"), own, ()) == AttributeRule("attribute", "chat-lieu")
    assert found_rule(RemoteAttribute("1", "chat-lieu"), own, ()) == AttributeRule("attribute", "chat-lieu")
    assert found_rule(RemoteAttribute("1", "Màu", is_option=True), own, ("màu",)) == AttributeRule("option", "màu")
    assert found_rule(RemoteAttribute("1", "Chất liệu", is_option=True), own, ()) is None


def test_the_digest_tells_looks_and_nothing_else() -> None:
    made = draft(wanted(a_product(a_variant(1)))).draft
    dearer = replace(made, variants=[replace(made.variants[0], price_minor=9, model_id="m")])
    assert digest(dearer) == digest(made)
    assert digest(replace(made, name="Áo dài")) != digest(made)
    assert digest(replace(made, is_shown=False)) != digest(made)


_words = st.text(max_size=20)
_asked = st.builds(
    RemoteAttribute,
    id=st.text(min_size=1, max_size=4),
    name=_words,
    kind=st.sampled_from(AttributeKind),
    is_required=st.booleans(),
    is_option=st.booleans(),
    choices=st.lists(st.builds(RemoteChoice, st.text(min_size=1, max_size=3), _words), max_size=4).map(tuple),
    takes_own_words=st.booleans(),
    units=st.lists(_words, max_size=2).map(tuple),
)
_rules = st.builds(
    AttributeRule,
    source=st.sampled_from(["attribute", "option", "fixed"]),
    key=_words,
    values=st.lists(_words, max_size=3).map(tuple),
    unit=_words,
    choices=st.dictionaries(_words, st.text(max_size=3), max_size=3),
)


@given(
    st.lists(_asked, max_size=5),
    st.dictionaries(st.text(min_size=1, max_size=4), _rules, max_size=5),
    st.dictionaries(_words, st.one_of(_words, st.booleans(), st.integers()), max_size=4),
    st.lists(_words, max_size=3),
)
def test_whatever_a_platform_asks_a_draft_without_gaps_answers_it(
    asked: list[RemoteAttribute], rules: dict[str, AttributeRule], attributes: dict[str, Any], values: list[str]
) -> None:
    options = ("Màu",) if values else ()
    variants = [a_variant(number, *((value,) if options else ())) for number, value in enumerate(values or [""], 1)]
    product = replace(a_product(*variants, options=options), attributes=attributes)
    made = draft(wanted(product, *asked, rules=rules))
    told = {each.id: each for each in asked}
    for name, given_ in made.draft.attributes.items():
        assert given_, "an attribute is answered or left out"
        ids = {each.id for each in told[name].choices}
        assert all(value.choice_id in ids or value.choice_id == "" for value in given_)
        if told[name].choices and not told[name].takes_own_words and told[name].kind is not AttributeKind.BOOL:
            assert all(value.choice_id for value in given_)
    if not made.gaps:
        for each in asked:
            if each.is_required and not each.is_option and told[each.id] is each:
                assert each.id in made.draft.attributes
