import threading
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from mekong.catalog import commands, errors, queries
from mekong.catalog.contracts import KEEP, NewPack, NewPart, NewProduct, PriceLine, ProductChange, VariantChange
from mekong.catalog.models import Barcode, BundlePart, Product, Variant
from mekong.foundation.errors import MayNot
from tests.integration.catalog.builders import EDITOR, HOSTILE, STRANGER, VIEWER, a_product, a_variant, events
from tests.support.people import NOON

pytestmark = pytest.mark.django_db


def two_sizes(**fields):
    return a_product(
        a_variant("AO-M", option_values=("M",), barcodes=("4006381333931",), cost_minor=80_000),
        a_variant("AO-L", option_values=("L",), packs=(NewPack("lốc", 6, "036000291452"),)),
        options=("Size",),
        **fields,
    )


# create_product


def test_a_product_is_kept_with_all_that_belongs_to_it():
    made = two_sizes(brand="Việt Tiến", description="Một dòng\nhai dòng", tax_class="reduced", uom="chiếc")

    assert made == queries.get_product(actor=EDITOR, sku="ao-l")
    assert (made.code, made.options, made.tax_class, made.uom) == ("AO-M", ("Size",), "reduced", "chiếc")
    medium, large = made.variants
    assert (medium.full_name, medium.price_minor, medium.currency) == ("Áo thun Đà Nẵng - M", 150_000, "VND")
    assert (medium.barcodes, large.barcodes) == (("4006381333931",), ())
    assert [(pack.variant_id, pack.name, pack.factor, pack.barcode) for pack in made.packs] == [
        (large.id, "lốc", 6, "036000291452")
    ]
    assert medium.price_version == 1
    assert medium.is_sellable
    assert events() == ["catalog.product_created"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_to_the_letter(text):
    short = text[:20].strip()
    made = a_product(
        a_variant(text, option_values=(text,), packs=(NewPack(short, 2),)),
        name=text, brand=text, description=text, uom=short, options=(text,), code=text,
    )  # fmt: skip

    found = queries.get_product(actor=EDITOR, sku=text)
    assert found == made
    assert (found.name, found.brand, found.description, found.code) == (text, text, text, text)
    assert (found.options, found.variants[0].sku, found.variants[0].option_values) == ((text,), text, (text,))
    queries.search_variants(actor=EDITOR, text=text)
    assert queries.list_products(actor=EDITOR, q=text, brand=text).items[0].name == text


def test_a_taken_sku_is_refused_whatever_its_case_and_nothing_is_written():
    a_product(a_variant("Áo-01"))

    with pytest.raises(errors.DuplicateSku) as refused:
        a_product(a_variant("MU-1", option_values=("1",)), a_variant("áO-01", option_values=("2",)), options=("Cỡ",))

    assert refused.value.code == "catalog.duplicate_sku"
    assert refused.value.params == {"field": "variants[1].sku", "sku": "áO-01"}
    assert Product.objects.count() == 1
    assert events() == ["catalog.product_created"]


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"code": "AO-01"}, errors.DuplicateCode, "code"),
        ({"category": "no-such"}, errors.CategoryNotFound, "category"),
        ({"tax_class": "7%"}, errors.TaxClassNotFound, "tax_class"),
        ({"attributes": {"size": "M"}}, errors.AttributeNotFound, "attributes.size"),
        (
            {"variants": (a_variant("MU", barcodes=("0036000291452",)),)},
            errors.DuplicateBarcode,
            "variants[0].barcodes[0]",
        ),
        ({"variants": (a_variant("SET", parts=(NewPart("NO"),)),)}, errors.VariantNotFound, "variants[0].parts[0].sku"),
        (
            {"variants": (a_variant("SET", parts=(NewPart("COMBO"),)),)},
            errors.BundleOfBundles,
            "variants[0].parts[0].sku",
        ),
    ],
)
def test_a_product_that_clashes_is_refused_and_nothing_is_written(fields, error, field):
    a_product(a_variant(barcodes=("036000291452",)))
    a_product(a_variant("COMBO", parts=(NewPart("AO-01", 2),)))

    with pytest.raises(error) as refused:
        a_product(*fields.pop("variants", (a_variant("MU"),)), **{"name": "Mũ", **fields})

    assert refused.value.params["field"] == field
    assert Product.objects.count() == 2
    assert len(events()) == 2


def test_only_who_may_edit_creates():
    with pytest.raises(MayNot):
        commands.create_product(actor=VIEWER, product=NewProduct(name="Áo", variants=(a_variant(),)), now=NOON)
    assert not Product.objects.exists()


def test_costs_are_shown_only_to_those_who_may_see_them():
    two_sizes()

    assert queries.get_product(actor=EDITOR, sku="AO-M").variants[0].cost_minor == 80_000
    assert queries.get_product(actor=VIEWER, sku="AO-M").variants[0].cost_minor is None


def test_a_code_made_of_a_sku_gives_way_to_one_that_is_there():
    made = a_product(a_variant("AO"))
    commands.update_variant(actor=EDITOR, variant_id=made.variants[0].id, change=VariantChange(sku="AO-CU"), now=NOON)

    other = a_product(a_variant("AO"))

    assert other.code.startswith("AO-")
    assert queries.get_product(actor=EDITOR, sku="AO").id == other.id


# add_variants, update_product, update_variant


def test_a_variant_is_added_behind_the_others():
    made = two_sizes()

    grown = commands.add_variants(
        actor=EDITOR, product_id=made.id, variants=[a_variant("AO-XL", option_values=("XL",))], now=NOON
    )

    assert [each.sku for each in grown.variants] == ["AO-M", "AO-L", "AO-XL"]
    assert events()[-1] == "catalog.product_updated"
    with pytest.raises(errors.DuplicateOptions):
        commands.add_variants(
            actor=EDITOR, product_id=made.id, variants=[a_variant("B", option_values=("m",))], now=NOON
        )
    with pytest.raises(errors.ProductNotFound):
        commands.add_variants(actor=EDITOR, product_id=0, variants=[a_variant("B")], now=NOON)
    with pytest.raises(errors.NoVariants):
        commands.add_variants(actor=EDITOR, product_id=made.id, variants=[], now=NOON)


def test_a_renamed_product_is_found_by_its_new_name_alone():
    made = two_sizes()

    changed = commands.update_product(
        actor=EDITOR, product_id=made.id, change=ProductChange(name="Quần jean", brand="Levis"), now=NOON
    )

    assert changed.name == "Quần jean"
    found = queries.search_variants(actor=EDITOR, text="quan levis")
    assert {each.sku for each in found.variants} == {"AO-M", "AO-L"}
    assert not queries.search_variants(actor=EDITOR, text="thun nang").variants


def test_a_change_that_changes_nothing_tells_nothing():
    made = two_sizes()

    commands.update_product(actor=EDITOR, product_id=made.id, change=ProductChange(name=made.name), now=NOON)
    commands.update_variant(actor=EDITOR, variant_id=made.variants[0].id, change=VariantChange(sku="AO-M"), now=NOON)

    assert events() == ["catalog.product_created"]


def test_one_product_grows_options_when_every_variant_says_its_own():
    made = a_product(a_variant("AO"))
    change = ProductChange(options=("Màu", "Size"), option_values={"ao": ("Đỏ", "M")})

    changed = commands.update_product(actor=EDITOR, product_id=made.id, change=change, now=NOON)

    assert changed.variants[0].title == "Đỏ / M"
    with pytest.raises(errors.OptionsMismatch):
        commands.update_product(actor=EDITOR, product_id=made.id, change=ProductChange(options=("Màu",)), now=NOON)
    with pytest.raises(errors.VariantNotFound):
        commands.update_product(
            actor=EDITOR, product_id=made.id, change=ProductChange(option_values={"X": ("a", "b")}), now=NOON
        )


def test_a_variant_changes_all_but_its_price():
    made = two_sizes()
    variant = made.variants[0]
    change = VariantChange(sku="AO-MM", weight_g=200, cost_minor=None, option_values=("MM",), allow_backorder=True)

    changed = commands.update_variant(actor=EDITOR, variant_id=variant.id, change=change, now=NOON)

    assert (changed.sku, changed.weight_g, changed.cost_minor, changed.title) == ("AO-MM", 200, None, "MM")
    assert changed.allow_backorder
    assert changed.price_version == 1
    assert queries.variants_by_sku(actor=EDITOR, skus=["AO-M"]) == {}
    for wrong, error in (
        (VariantChange(sku="ao-l"), errors.DuplicateSku),
        (VariantChange(option_values=("L",)), errors.DuplicateOptions),
        (VariantChange(option_values=()), errors.OptionsMismatch),
        (VariantChange(status="gone"), errors.BadChoice),
        (VariantChange(height_mm=-1), errors.OutOfRange),
    ):
        with pytest.raises(error):
            commands.update_variant(actor=EDITOR, variant_id=variant.id, change=wrong, now=NOON)
    with pytest.raises(errors.VariantNotFound):
        commands.update_variant(actor=EDITOR, variant_id=0, change=VariantChange(), now=NOON)
    assert VariantChange().sku is KEEP


# set_prices


def test_a_changed_price_has_a_new_version_and_is_told():
    made = two_sizes()

    lines = [PriceLine("ao-m", 199_000), PriceLine("AO-L", 150_000)]
    assert commands.set_prices(actor=EDITOR, lines=lines, now=NOON) == 1
    assert commands.set_prices(actor=EDITOR, lines=lines, now=NOON) == 0

    medium, large = queries.get_product(actor=EDITOR, sku="AO-M").variants
    assert (medium.price_minor, medium.price_version) == (199_000, 2)
    assert (large.price_minor, large.price_version) == (150_000, 1)
    assert events() == ["catalog.product_created", "catalog.price_changed"]
    assert made.variants[0].id == medium.id


@pytest.mark.parametrize(
    ("lines", "error", "field"),
    [
        ([PriceLine("AO-M", 1), PriceLine("NO", 1)], errors.VariantNotFound, "lines[1].sku"),
        ([PriceLine("AO-M", 1), PriceLine("ao-m", 2)], errors.RepeatedValue, "lines[1].sku"),
        ([PriceLine("AO-M", -1)], errors.OutOfRange, "lines[0].price_minor"),
        ([PriceLine("AO-M", 1.5)], errors.NotWhole, "lines[0].price_minor"),
    ],
)
def test_a_wrong_price_list_changes_no_price(lines, error, field):
    two_sizes()

    with pytest.raises(error) as refused:
        commands.set_prices(actor=EDITOR, lines=lines, now=NOON)

    assert refused.value.params["field"] == field
    assert set(Variant.objects.values_list("price_minor", flat=True)) == {150_000}


# archive_product, bundles, packs, barcodes


def test_an_archived_product_is_off_sale_until_restored():
    made = two_sizes()

    for _ in range(2):
        archived = commands.archive_product(actor=EDITOR, product_id=made.id, now=NOON)
    assert archived.status == "archived"
    assert not any(each.is_sellable for each in archived.variants)
    for _ in range(2):
        restored = commands.restore_product(actor=EDITOR, product_id=made.id, now=NOON)
    assert all(each.is_sellable for each in restored.variants)
    assert events() == ["catalog.product_created", "catalog.product_archived", "catalog.product_updated"]


def test_a_part_of_a_bundle_on_sale_stays_on_sale():
    part = a_product(a_variant("AO"))
    a_product(a_variant("COMBO", parts=(NewPart("AO", 2),)))

    with pytest.raises(errors.PartInUse) as refused:
        commands.archive_product(actor=EDITOR, product_id=part.id, now=NOON)
    with pytest.raises(errors.PartInUse):
        commands.update_variant(
            actor=EDITOR, variant_id=part.variants[0].id, change=VariantChange(status="archived"), now=NOON
        )

    assert refused.value.params["bundles"] == "COMBO"
    assert Variant.objects.filter(status="active").count() == 2


def test_a_bundle_has_parts_and_no_bundles():
    for sku in ("AO", "MU", "SET"):
        a_product(a_variant(sku))
    ids = {sku: view.id for sku, view in queries.variants_by_sku(actor=EDITOR, skus=["AO", "MU", "SET"]).items()}

    for _ in range(2):
        parts = commands.set_bundle(
            actor=EDITOR, variant_id=ids["SET"], parts=[NewPart("AO", 2), NewPart("mu", 1)], now=NOON
        )

    assert [(each.sku, each.quantity) for each in parts] == [("AO", 2), ("MU", 1)]
    assert queries.bundle_parts(actor=EDITOR, variant_ids=ids.values()) == {ids["SET"]: parts}
    assert events().count("catalog.product_updated") == 1
    for variant, wrong, error in (
        ("AO", [NewPart("SET")], errors.PartInUse),
        ("AO", [NewPart("MU")], errors.PartInUse),
        ("SET", [NewPart("SET")], errors.RepeatedValue),
        ("SET", [NewPart("NO")], errors.VariantNotFound),
        ("SET", [], errors.BundleWithoutParts),
        ("MU", [], errors.BundleWithoutParts),
    ):
        with pytest.raises(error):
            commands.set_bundle(actor=EDITOR, variant_id=ids[variant], parts=wrong, now=NOON)
    with pytest.raises(errors.BundleWithLots):
        commands.update_variant(actor=EDITOR, variant_id=ids["SET"], change=VariantChange(tracks_lots=True), now=NOON)


def test_the_database_itself_refuses_a_bundle_of_bundles():
    a_product(a_variant("AO"))
    combo = a_product(a_variant("COMBO", parts=(NewPart("AO"),))).variants[0]
    other = a_product(a_variant("BIG", parts=(NewPart("AO"),))).variants[0]

    BundlePart.objects.create(bundle_id=other.id, part_id=combo.id, quantity=1)
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute("set constraints all immediate")
    BundlePart.objects.filter(part_id=combo.id).delete()


def test_packs_are_replaced_as_a_whole():
    variant = two_sizes().variants[1]

    for _ in range(2):
        packs = commands.set_packs(
            actor=EDITOR, variant_id=variant.id, packs=[NewPack("thùng", 24), NewPack("lốc", 6, "96385074")], now=NOON
        )

    assert [(pack.name, pack.factor, pack.barcode) for pack in packs] == [("lốc", 6, "96385074"), ("thùng", 24, "")]
    assert queries.scan_barcodes(actor=EDITOR, codes=["036000291452"]) == {}
    assert events().count("catalog.product_updated") == 1
    with pytest.raises(errors.DuplicateBarcode):
        commands.set_packs(actor=EDITOR, variant_id=variant.id, packs=[NewPack("hộp", 2, "4006381333931")], now=NOON)


def test_a_scanned_code_says_how_many_it_stands_for():
    two_sizes()

    scanned = queries.scan_barcodes(actor=VIEWER, codes=["0036000291452", "4006381333931", "1", "\0"])

    assert {code: (each.variant.sku, each.units) for code, each in scanned.items()} == {
        "0036000291452": ("AO-L", 6), "4006381333931": ("AO-M", 1),
    }  # fmt: skip
    assert list(queries.variants_by_barcode(actor=VIEWER, codes=list(scanned))) == ["4006381333931"]


def test_barcodes_come_and_go():
    medium, large = two_sizes().variants

    for _ in range(2):
        added = commands.add_barcode(actor=EDITOR, variant_id=medium.id, code="AO M", now=NOON)
    assert added.barcodes == ("4006381333931", "AO M")
    assert events().count("catalog.product_updated") == 1
    for code, fields, error in (
        ("4006381333932", {}, errors.BadBarcode),
        ("ABC", {"kind": "gtin"}, errors.BarcodeNotOfKind),
        ("ao m", {}, errors.DuplicateBarcode),
        ("ABC", {"pack": "thùng"}, errors.PackBarcodeOfUnit),
    ):
        with pytest.raises(error):
            commands.add_barcode(actor=EDITOR, variant_id=large.id, code=code, now=NOON, **fields)
    commands.add_barcode(actor=EDITOR, variant_id=large.id, code="LOC-6", pack="lốc", now=NOON)
    assert queries.scan_barcodes(actor=EDITOR, codes=["loc-6"])["loc-6"].units == 6

    left = commands.remove_barcode(actor=EDITOR, code=" ao m", now=NOON)
    assert left.barcodes == ("4006381333931",)
    with pytest.raises(errors.BarcodeNotFound):
        commands.remove_barcode(actor=EDITOR, code="AO M", now=NOON)


# Categories, attributes, taxes


def test_categories_ask_for_attributes_of_their_own_and_of_those_above():
    commands.create_attribute(actor=EDITOR, code="material", name="Chất liệu", kind="choice", choices=["Vải", "Da"])
    commands.create_attribute(actor=EDITOR, code="screen", name="Màn hình", kind="number", unit="inch")
    top = commands.create_category(actor=EDITOR, name="Thời trang", attributes=[("material", True)])
    sub = commands.create_category(actor=EDITOR, name="Áo", parent="thoi-trang", attributes=[("screen", False)])

    assert (top.code, sub.path) == ("thoi-trang", ("Thời trang", "Áo"))
    assert queries.category_ancestors(actor=VIEWER, category_ids=[sub.id]) == {sub.id: (sub.id, top.id)}
    asked = queries.list_attributes(actor=VIEWER, category_id=sub.id)
    assert [(each.code, each.is_required) for each in asked] == [("material", True), ("screen", False)]
    with pytest.raises(errors.AttributeMissing):
        a_product(category="ao")
    made = a_product(category="ao", attributes={"material": "vải", "screen": "6.10"})
    assert made.attributes == {"material": "Vải", "screen": "6.1"}
    assert queries.list_products(actor=VIEWER, category="thoi-trang").items[0].id == made.id
    for wrong, error in (
        ({"name": "Áo", "parent": "thoi-trang"}, errors.CategoryNameTaken),
        ({"name": "Mũ", "code": "ao"}, errors.DuplicateCode),
        ({"name": "Mũ", "parent": "no"}, errors.CategoryNotFound),
        ({"name": "a > b"}, errors.UnstorableText),
        ({"name": "Mũ", "attributes": [("no", True)]}, errors.AttributeNotFound),
    ):
        with pytest.raises(error):
            commands.create_category(actor=EDITOR, **wrong)
    for wrong, error in (
        ({"code": "material", "name": "x"}, errors.DuplicateCode),
        ({"code": "x", "name": "x", "kind": "choice"}, errors.Missing),
        ({"code": "x", "name": "x", "choices": ["a"]}, errors.BadChoice),
        ({"code": "x", "name": "x", "kind": "date"}, errors.BadChoice),
    ):
        with pytest.raises(error):
            commands.create_attribute(actor=EDITOR, **wrong)


@pytest.mark.parametrize(
    ("day", "rate_bp"),
    [
        (date(2021, 12, 31), 1000), (date(2022, 2, 1), 800), (date(2023, 1, 1), 1000), (date(2023, 7, 1), 800),
        (date(2026, 12, 31), 800), (date(2027, 1, 1), 1000),
    ],
)  # fmt: skip
def test_the_reduced_rate_holds_on_the_days_the_law_says(day, rate_bp):
    made = a_product(tax_class="reduced")

    seen = queries.variants_by_id(actor=VIEWER, ids=[made.variants[0].id], on=day)

    assert seen[made.variants[0].id].tax_rate_bp == rate_bp
    assert {each.code: each.rate_bp for each in queries.list_tax_classes(actor=VIEWER, on=day)} == {
        "standard": 1000, "reduced": rate_bp, "vat5": 500, "vat0": 0, "exempt": 0,
    }  # fmt: skip


def test_taxes_are_laid_down_once():
    commands.lay_down_tax_rates(actor=EDITOR)

    assert len(queries.list_tax_classes(actor=VIEWER, on=date(2026, 1, 1))) == 5


# Who may, and statement counts


def test_every_door_asks_for_its_permission():
    doors = [
        lambda who: commands.add_variants(actor=who, product_id=1, variants=[], now=NOON),
        lambda who: commands.update_product(actor=who, product_id=1, change=ProductChange(), now=NOON),
        lambda who: commands.update_variant(actor=who, variant_id=1, change=VariantChange(), now=NOON),
        lambda who: commands.set_prices(actor=who, lines=[], now=NOON),
        lambda who: commands.archive_product(actor=who, product_id=1, now=NOON),
        lambda who: commands.restore_product(actor=who, product_id=1, now=NOON),
        lambda who: commands.add_barcode(actor=who, variant_id=1, code="1", now=NOON),
        lambda who: commands.remove_barcode(actor=who, code="1", now=NOON),
        lambda who: commands.set_packs(actor=who, variant_id=1, packs=[], now=NOON),
        lambda who: commands.set_bundle(actor=who, variant_id=1, parts=[], now=NOON),
        lambda who: commands.add_media(actor=who, product_id=1, content=b"", now=NOON),
        lambda who: commands.remove_media(actor=who, uid=None, now=NOON),
        lambda who: commands.create_category(actor=who, name="x"),
        lambda who: commands.create_attribute(actor=who, code="x", name="x"),
        lambda who: commands.load_many(actor=who, products=[], now=NOON),
        lambda who: commands.import_products(actor=who, file="x", now=NOON),
        lambda who: commands.refresh_lexemes(actor=who),
        lambda who: commands.set_popularity(actor=who, popularity={}),
        lambda who: commands.lay_down_tax_rates(actor=who),
    ]
    for door in doors:
        with pytest.raises(MayNot):
            door(VIEWER)
    for look in (
        lambda who: queries.get_product(actor=who, sku="x"),
        lambda who: queries.list_products(actor=who),
        lambda who: queries.search_variants(actor=who, text="x"),
        lambda who: queries.variants_by_id(actor=who, ids=[]),
        lambda who: queries.variants_by_sku(actor=who, skus=[]),
        lambda who: queries.variants_by_barcode(actor=who, codes=[]),
        lambda who: queries.bundle_parts(actor=who, variant_ids=[]),
        lambda who: queries.packs_of(actor=who, variant_ids=[]),
        lambda who: queries.list_categories(actor=who),
        lambda who: queries.export_products(actor=who, out=None),
    ):
        with pytest.raises(MayNot):
            look(STRANGER)


def test_reads_take_the_statements_they_promise(django_assert_num_queries):
    made = two_sizes()
    a_product(a_variant("COMBO", parts=(NewPart("AO-M"),)))
    ids = [each.id for each in made.variants]

    with django_assert_num_queries(1):
        assert len(queries.variants_by_id(actor=VIEWER, ids=ids)) == 2
    with django_assert_num_queries(1):
        assert list(queries.variants_by_sku(actor=VIEWER, skus=["ao-m", "Combo", "no"])) == ["ao-m", "Combo"]
    with django_assert_num_queries(1):
        queries.variants_by_barcode(actor=VIEWER, codes=["4006381333931"])
    with django_assert_num_queries(1):
        queries.bundle_parts(actor=VIEWER, variant_ids=ids)
    with django_assert_num_queries(1):
        queries.list_products(actor=VIEWER, q="ao", status="active", category="x", brand="y")
    with django_assert_num_queries(5):
        queries.get_product(actor=VIEWER, uid=made.uid)


def test_products_are_listed_newest_first_by_page():
    made = [a_product(a_variant(f"S{i}"), name=f"Hàng {i}", brand="A" if i % 2 else "B") for i in range(5)]

    first = queries.list_products(actor=VIEWER, limit=2)
    second = queries.list_products(actor=VIEWER, limit=2, cursor=first.next_cursor)
    third = queries.list_products(actor=VIEWER, limit=2, cursor=second.next_cursor)

    listed = [row.id for page in (first, second, third) for row in page.items]
    assert listed == [each.id for each in reversed(made)]
    assert third.next_cursor is None
    assert [row.code for row in queries.list_products(actor=VIEWER, brand="a").items] == ["S3", "S1"]
    assert [row.code for row in queries.list_products(actor=VIEWER, q="hang 3").items] == ["S3"]
    assert queries.list_products(actor=VIEWER, status="draft").items == ()
    assert queries.list_products(actor=VIEWER, q="\0").items == ()


def test_an_unknown_product_is_said_to_be_unknown():
    for asked in ({"sku": "NO"}, {"sku": "a\0b"}, {"uid": "prd_zzz"}, {"uid": "not-an-id"}):
        with pytest.raises(errors.ProductNotFound):
            queries.get_product(actor=VIEWER, **asked)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_create_one_sku_at_once_one_is_refused():
    outcomes: list[str] = []
    barrier = threading.Barrier(2, timeout=60)

    def create(name):
        try:
            with transaction.atomic():
                barrier.wait()
                a_product(a_variant("GIAY-01", barcodes=("4006381333931",)), name=name, code=name)
            outcomes.append("made")
        except errors.DuplicateSku as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=create, args=(name,)) for name in ("A", "B")]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=90)

    assert sorted(outcomes) == ["catalog.duplicate_sku", "made"]
    assert Variant.objects.count() == Barcode.objects.count() == 1
