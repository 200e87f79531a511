import pytest

from mekong.catalog import errors
from mekong.catalog.contracts import AttributeView, NewPack, NewPart, NewProduct, NewVariant
from mekong.catalog.rules import products
from mekong.catalog.rules.options import join_list, join_pairs, split_list, split_pairs


def a_variant(sku="AO-01", **fields):
    return NewVariant(**{"sku": sku, "price_minor": 1000, **fields})


def a_product(*variants, **fields):
    return NewProduct(**{"name": "Áo", "variants": variants or (a_variant(),), **fields})


def test_texts_are_trimmed_and_the_code_is_the_first_sku():
    checked = products.check_product(a_product(a_variant("  AO-01 "), name="  Áo thun "))

    assert (checked.name, checked.code, checked.variants[0].sku) == ("Áo thun", "AO-01", "AO-01")


@pytest.mark.parametrize(
    ("product", "error", "field"),
    [
        (NewProduct(name="Áo", variants=()), errors.NoVariants, "variants"),
        (a_product(name=" "), errors.Missing, "name"),
        (a_product(name="x" * 301), errors.TooLong, "name"),
        (a_product(name="a\0b"), errors.UnstorableText, "name"),
        (a_product(a_variant(" ")), errors.Missing, "variants[0].sku"),
        (a_product(a_variant("a\tb")), errors.UnstorableText, "variants[0].sku"),
        (a_product(a_variant(price_minor=-1)), errors.OutOfRange, "variants[0].price_minor"),
        (a_product(a_variant(price_minor=9.5)), errors.NotWhole, "variants[0].price_minor"),
        (a_product(a_variant(weight_g=-1)), errors.OutOfRange, "variants[0].weight_g"),
        (a_product(a_variant(currency="vnd")), errors.BadCurrency, "variants[0].currency"),
        (a_product(a_variant(status="sold")), errors.BadChoice, "variants[0].status"),
        (a_product(status="sold"), errors.BadChoice, "status"),
        (a_product(a_variant(barcodes=("4006381333932",))), errors.BadBarcode, "variants[0].barcodes[0]"),
        (a_product(a_variant(packs=(NewPack("thùng", 1),))), errors.OutOfRange, "variants[0].packs[0].factor"),
        (
            a_product(a_variant(packs=(NewPack("lốc", 6), NewPack("lốc", 8)))),
            errors.RepeatedValue,
            "variants[0].packs[1].name",
        ),
        (a_product(a_variant(parts=(NewPart("ao-01"),))), errors.RepeatedValue, "variants[0].parts[0].sku"),
        (a_product(a_variant(parts=(NewPart("B", 0),))), errors.OutOfRange, "variants[0].parts[0].quantity"),
        (a_product(a_variant(parts=(NewPart("B"),), tracks_lots=1)), errors.BundleWithLots, "variants[0].tracks_lots"),
        (a_product(a_variant(option_values=("M",))), errors.OptionsMismatch, "variants[0].option_values"),
        (a_product(options=("Size", "size")), errors.RepeatedValue, "options[1]"),
        (a_product(a_variant("A"), a_variant("a")), errors.RepeatedValue, "variants[1].sku"),
        (a_product(a_variant("A"), a_variant("B")), errors.DuplicateOptions, "variants[1].option_values"),
        (
            a_product(a_variant("A", option_values=("Đỏ",)), a_variant("B", option_values=("đỏ",)), options=("Màu",)),
            errors.DuplicateOptions,
            "variants[1].option_values",
        ),
        (
            a_product(
                a_variant("A", option_values=("Đỏ",), barcodes=("036000291452",)),
                a_variant("B", option_values=("Đen",), packs=(NewPack("hộp", 2, "0036000291452"),)),
                options=("Màu",),
            ),
            errors.RepeatedValue,
            "variants[1].packs[0].barcode",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_the_name_of_its_field(product, error, field):
    with pytest.raises(error) as refused:
        products.check_product(product)

    assert refused.value.params["field"] == field
    assert field in str(refused.value)


KNOWN = {
    "screen": AttributeView("screen", "Màn hình", "number", (), "inch"),
    "material": AttributeView("material", "Chất liệu", "choice", ("Vải", "Da"), ""),
    "wireless": AttributeView("wireless", "Không dây", "bool", (), ""),
    "note": AttributeView("note", "Ghi chú", "text", (), ""),
}


def test_attributes_take_their_stored_form():
    given = {"screen": "6.10", "material": "da", "wireless": "có", "note": " x "}

    assert products.check_attributes(given, KNOWN, ["note"], "Điện thoại") == {
        "screen": "6.1", "material": "Da", "wireless": True, "note": "x",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"colour": "x"}, errors.AttributeNotFound),
        ({"screen": "lớn"}, errors.NotANumber),
        ({"screen": 6.1}, errors.NotANumber),
        ({"material": "Gỗ"}, errors.BadChoice),
        ({"wireless": "maybe"}, errors.BadChoice),
        ({"note": " "}, errors.Missing),
        ({}, errors.AttributeMissing),
    ],
)
def test_attributes_out_of_kind_are_refused(given, error):
    with pytest.raises(error):
        products.check_attributes(given, KNOWN, ["note"] if not given else [], "Điện thoại")


def test_lists_in_one_cell_are_read_as_people_write_them():
    assert split_pairs("Màu: Đỏ; Size: M;") == [("Màu", "Đỏ"), ("Size", "M")]
    assert split_pairs("thùng=24|8934563138165; lốc = 6", "=|") == [("thùng", "24", "8934563138165"), ("lốc", "6")]
    assert split_pairs("Màu", ":") == [("Màu",)]
    assert split_list(" a;; b ;") == ["a", "b"]
    assert split_pairs(join_pairs([("a:b;", "c\\;d")])) == [("a:b;", "c\\;d")]
    assert split_list(join_list(["a;b", "c|d=e"])) == ["a;b", "c|d=e"]
