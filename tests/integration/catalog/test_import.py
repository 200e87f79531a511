import io
import zipfile

import pytest
from django.utils import translation
from python_calamine import CalamineWorkbook

from mekong.catalog import commands, errors, queries
from mekong.catalog.contracts import NewPack, NewPart
from mekong.catalog.models import Category, Product, Variant
from tests.integration.catalog.builders import EDITOR, HOSTILE, VIEWER, a_csv, a_product, a_variant, a_workbook, events
from tests.support.people import NOON

pytestmark = pytest.mark.django_db

HEADER = (
    "Mã SKU*",
    "Tên hàng*",
    "Thuộc tính",
    "Mã vạch",
    "Danh mục",
    "ĐVT",
    "Quy đổi",
    "Giá bán lẻ",
    "Giá vốn",
    "Thuế",
)
ROWS = (
    HEADER,
    ("00123", "Áo thun", "Màu: Đỏ; Size: M", "4006381333931", "Thời trang > Áo", "cái", "lốc=6|036000291452", 150000,
     "80.000", "8%"),
    ("00124", "Áo thun", "Size: L; Màu: Đỏ", "", "", "", "", "1.250.000 đ", "", ""),
    ("MU-01", "Mũ", "", "8934563138165; NOI-BO", "Thời trang > Mũ", "chiếc", "", 99000.0, "", "KCT"),
)  # fmt: skip


def bring_in(file, **how):
    return commands.import_products(actor=EDITOR, file=file, now=NOON, **how)


def problems(report):
    return [(each.row, each.column, each.code) for each in report.errors]


def test_rows_become_products_with_variants():
    report = bring_in(a_workbook(ROWS))

    assert (report.rows, report.created, report.updated, report.unchanged) == (3, 3, 0, 0)
    assert report.ok
    assert report.written
    shirt = queries.get_product(actor=EDITOR, sku="00123")
    assert (shirt.name, shirt.options, shirt.tax_class) == ("Áo thun", ("Màu", "Size"), "reduced")
    assert [(each.sku, each.title, each.price_minor) for each in shirt.variants] == [
        ("00123", "Đỏ / M", 150_000), ("00124", "Đỏ / L", 1_250_000),
    ]  # fmt: skip
    assert shirt.variants[0].cost_minor == 80_000
    assert (shirt.packs[0].name, shirt.packs[0].factor, shirt.packs[0].barcode) == ("lốc", 6, "036000291452")
    assert shirt.category_name == "Áo"
    hat = queries.get_product(actor=EDITOR, sku="mu-01")
    assert (hat.uom, hat.tax_class, hat.variants[0].barcodes) == ("chiếc", "exempt", ("8934563138165", "NOI-BO"))
    assert Category.objects.count() == 3
    assert events() == ["catalog.product_created"] * 2


def test_the_same_file_again_changes_nothing():
    bring_in(a_workbook(ROWS))

    report = bring_in(a_workbook(ROWS))

    assert (report.created, report.updated, report.unchanged) == (0, 0, 3)
    assert events() == ["catalog.product_created"] * 2


def test_a_dry_run_judges_and_writes_nothing():
    report = bring_in(a_workbook(ROWS), dry_run=True)

    assert (report.created, report.ok, report.written) == (3, True, False)
    assert not Product.objects.exists()
    assert not Category.objects.exists()


def test_headers_are_known_without_tone_marks_and_in_english_in_any_order():
    report = bring_in(a_csv("GIA BAN LE;product name;Ma SKU;Tồn đầu", "150.000;Áo;A1;7"))

    assert report.ok
    assert report.ignored_columns == ("Tồn đầu",)
    assert queries.get_product(actor=EDITOR, sku="A1").variants[0].price_minor == 150_000


def test_every_bad_cell_is_named_by_row_and_column_with_a_remedy():
    a_product(a_variant("OLD", barcodes=("96385074",)))
    rows = (
        HEADER,
        ("", "Không mã", "", "", "", "", "", 1, "", ""),
        ("A", "", "", "", "", "", "", 1, "", ""),
        ("B", "B", "", "4006381333932", "", "", "", 19.5, "-1", "9%"),
        ("b", "B", "", "", "", "", "", 1, "", ""),
        ("C", "C", "Màu", "96385074", "", "", "thùng=1", "", "", ""),
        ("D", "D", "Màu: Đỏ", "", "", "", "", "một trăm", "", ""),
        ("E", "D", "Cỡ: 1", "36000291452", "", "x" * 21, "", 1, "", ""),
        ("F", "F", "", "36000291452", "", "", "", 1, "", ""),
        ("G", "a\x07b", "", "", "", "", "", 1, "", ""),
    )

    for dry_run in (True, False):
        report = bring_in(a_csv(*(";".join(map(str, row)) for row in rows)), dry_run=dry_run)
        assert problems(report) == [
            (2, "A", "catalog.missing"),
            (3, "B", "catalog.missing"),
            (4, "D", "catalog.bad_barcode"),
            (4, "H", "catalog.bad_money"),
            (4, "I", "catalog.out_of_range"),
            (4, "J", "catalog.tax_class_not_found"),
            (5, "A", "catalog.repeated_value"),
            (6, "C", "catalog.bad_pair"),
            (6, "D", "catalog.duplicate_barcode"),
            (6, "G", "catalog.out_of_range"),
            (6, "H", "catalog.missing"),
            (7, "H", "catalog.not_a_number"),
            (8, "C", "catalog.options_mismatch"),
            (8, "F", "catalog.too_long"),
            (9, "D", "catalog.repeated_value"),
            (10, "B", "catalog.unstorable_text"),
        ]
        assert not report.written
    bad = next(each for each in report.errors if each.code == "catalog.bad_money")
    assert (bad.header, bad.value) == ("Giá bán lẻ", "19.5")
    assert bad.message == "Giá bán lẻ: “19.5” is not an amount in VND. VND has 0 decimals; round it to that."
    assert next(each for each in report.errors if each.row == 5).params["first"] == "A4"
    assert Variant.objects.count() == 1


def test_modes_refuse_what_they_must():
    a_product(a_variant("A1"))
    file = ("SKU,Name,Price", "a1,Áo,1", "B1,Mũ,2")

    assert problems(bring_in(a_csv(*file), mode="insert")) == [(2, "A", "catalog.duplicate_sku")]
    assert problems(bring_in(a_csv(*file), mode="update")) == [(3, "A", "catalog.variant_not_found")]
    report = bring_in(a_csv(*file))
    assert (report.created, report.updated) == (1, 1)
    with pytest.raises(errors.BadChoice):
        bring_in(a_csv(*file), mode="replace")


def test_a_blank_cell_leaves_what_is_there():
    a_product(a_variant("A1", barcodes=("96385074",), cost_minor=5), brand="Nike", description="x")

    report = bring_in(a_csv("SKU,Nhãn hiệu,Mã vạch,Giá", "A1,,,200000"))

    assert (report.updated, report.ok) == (1, True)
    product = queries.get_product(actor=EDITOR, sku="A1")
    assert (product.brand, product.description) == ("Nike", "x")
    variant = product.variants[0]
    assert (variant.barcodes, variant.cost_minor, variant.price_minor, variant.price_version) == (
        ("96385074",), 5, 200_000, 2,
    )  # fmt: skip
    assert events() == ["catalog.product_created", "catalog.price_changed", "catalog.product_updated"]


def test_a_product_grows_variants_and_changes_for_all_of_them():
    a_product(a_variant("A1", option_values=("M",)), options=("Size",))

    report = bring_in(a_csv("SKU,Mã sản phẩm,Tên hàng,Thuộc tính,Giá", "A2,A1,Áo mới,Size: L,5", "A3,A1,,Size: XL,6"))

    assert (report.created, report.ok) == (2, True)
    product = queries.get_product(actor=EDITOR, sku="A1")
    assert (product.name, [each.title for each in product.variants]) == ("Áo mới", ["M", "L", "XL"])
    assert {each.sku for each in queries.search_variants(actor=EDITOR, text="ao moi").variants} == {"A1", "A2", "A3"}


def test_rows_that_disagree_or_clash_with_the_catalog_are_named():
    a_product(a_variant("A1", option_values=("M",)), options=("Size",), code="P1")
    a_product(a_variant("B1"), code="P2")
    report = bring_in(
        a_csv(
            "SKU,Mã sản phẩm,Tên hàng,Thuộc tính,Giá",
            "B1,P1,,,",
            "A2,P1,Áo,Size: M,1",
            "A3,P1,Mũ,Size: L,1",
            "A4,P1,,Màu: Đỏ,1",
            "A5,P1,,,1",
        )
    )

    assert problems(report) == [
        (2, "B", "catalog.sku_of_other_product"),
        (3, "D", "catalog.duplicate_options"),
        (4, "C", "catalog.differs_from_first"),
        (5, "D", "catalog.options_mismatch"),
        (6, "D", "catalog.options_mismatch"),
    ]


def test_bundles_come_in_whatever_the_order_of_rows():
    report = bring_in(a_csv("SKU,Tên hàng,Giá,Combo", "SET,Bộ,5,AO × 2; mu", "AO,Áo,1,", "MU,Mũ,2,"))

    assert report.ok
    ids = queries.variants_by_sku(actor=EDITOR, skus=["SET"])
    parts = queries.bundle_parts(actor=EDITOR, variant_ids=[ids["SET"].id])[ids["SET"].id]
    assert [(part.sku, part.quantity) for part in parts] == [("AO", 2), ("MU", 1)]
    report = bring_in(
        a_csv(
            "SKU,Tên hàng,Giá,Combo,Quản lý lô,Trạng thái",
            "X,X,1,NO,,",
            "Y,Y,1,SET,,",
            "Z,Z,1,z,,",
            "W,W,1,AO,có,",
            "AO,,,MU,,",
            "MU,,,,,ngừng bán",
        )
    )
    assert problems(report) == [
        (2, "D", "catalog.variant_not_found"),
        (3, "D", "catalog.bundle_of_bundles"),
        (4, "D", "catalog.repeated_value"),
        (5, "D", "catalog.bundle_of_bundles"),
        (5, "E", "catalog.bundle_with_lots"),
        (6, "D", "catalog.part_in_use"),
        (7, "F", "catalog.part_in_use"),
    ]


def test_a_barcode_moves_from_row_to_row_but_is_not_taken():
    a_product(a_variant("A", barcodes=("96385074",)))
    a_product(a_variant("B", barcodes=("NOI-BO",)))

    assert problems(bring_in(a_csv("SKU,Mã vạch", "B,96385074"))) == [(2, "B", "catalog.duplicate_barcode")]
    report = bring_in(a_csv("SKU,Mã vạch", "A,NOI-BO", "B,96385074"))

    assert (report.updated, report.ok) == (2, True)
    assert queries.variants_by_barcode(actor=EDITOR, codes=["96385074"])["96385074"].sku == "B"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_in_to_the_letter(text):
    bring_in(a_workbook((("SKU", "Name", "Price", "Description"), (text, text, 1, text))))

    product = queries.get_product(actor=EDITOR, sku=text)
    assert (product.name, product.description) == (text, text)


def test_files_that_cannot_be_read_are_refused_with_a_remedy():
    vietnamese = "SKU,Tên hàng\nA,Áo thun đỏ"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "x")
        for i in range(7):
            packed.writestr(f"xl/big{i}", b"\0" * (100 * 1024 * 1024))
    grid = a_workbook((("SKU",),))
    far = io.BytesIO()
    with zipfile.ZipFile(grid) as old, zipfile.ZipFile(far, "w") as new:
        for entry in old.infolist():
            body = old.read(entry)
            if "sheet1" in entry.filename:
                body = body.replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            new.writestr(entry, body)
    for content, error in (
        (vietnamese.encode("utf-16"), errors.WrongEncoding),
        ("SKU,Tên hàng\nA,Aìo ðo".encode("windows-1258", "ignore") + b"\xd2\xf0", errors.WrongEncoding),
        (b"", errors.NoHeader),
        (b"Name,Price\nx,1", errors.NoHeader),
        (b"SKU\0,Name", errors.UnreadableFile),
        (b"PK\x03\x04 not a zip", errors.UnreadableFile),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 not a workbook", errors.UnreadableFile),
        (b'SKU,Name\n"' + b"x" * 200_000 + b'",1', errors.UnreadableFile),
        (b"SKU,Name\n" + b"\n" * (50 * 1024 * 1024), errors.FileTooLarge),
        (bomb.getvalue(), errors.FileTooLarge),
        (far.getvalue(), errors.FileTooLarge),
        (a_workbook(ROWS).getvalue()[:2000], errors.UnreadableFile),
    ):
        with pytest.raises(error) as refused:
            bring_in(io.BytesIO(content))
        assert "file" in str(refused.value)
    with pytest.raises(errors.UnreadableFile):
        bring_in("/no/such/file.xlsx")
    assert not Product.objects.exists()


def test_the_older_vietnamese_encoding_is_named():
    content = "SKU,Name\r\nA1,Đươ\u0300ng".encode("windows-1258")

    with pytest.raises(errors.WrongEncoding) as refused:
        bring_in(io.BytesIO(content))

    assert refused.value.params["encoding"] == "windows-1258"
    assert "line 2" in str(refused.value)
    assert "CSV UTF-8" in str(refused.value)


def test_numbers_that_excel_has_already_spoilt_are_refused():
    report = bring_in(a_workbook((("SKU", "Name", "Price", "Barcode"), ("A", "A", 1, 12345678901234567890.0))))

    assert problems(report) == [(2, "D", "catalog.out_of_range")]


def test_bad_rows_come_back_in_a_copy_that_says_what_to_mend():
    file = a_csv("SKU,Name,Price", "A,Áo,1", "B,Mũ,1.5", ",Giày,1")
    report = bring_in(file)
    copy = io.BytesIO()

    with translation.override("en"):
        assert commands.write_error_workbook(report=report, file=file, out=copy) == 2

    copy.seek(0)
    rows = CalamineWorkbook.from_filelike(copy).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["SKU", "Name", "Price"]
    assert [row[:3] for row in rows[1:]] == [["B", "Mũ", "1.5"], ["", "Giày", "1"]]
    assert rows[1][3].startswith("C3 · Price: “1.5” is not an amount in VND.")
    mended = bring_in(a_csv("SKU,Name,Price,What to mend", "B,Mũ,15000,x"))
    assert mended.ok


def test_progress_and_permission():
    seen: list[int] = []

    report = bring_in(a_csv("SKU,Name,Price", *(f"S{i},Hàng {i},1" for i in range(2500))), progress=seen.append)

    assert report.created == 2500
    assert seen == [1000, 2000]
    out = io.BytesIO()
    assert queries.export_products(actor=VIEWER, out=out, format="csv") == 2500


def test_costs_leave_the_house_only_with_those_who_may_see_them():
    a_product(a_variant("A", cost_minor=77_777))
    for actor, told in ((EDITOR, True), (VIEWER, False)):
        out = io.BytesIO()
        queries.export_products(actor=actor, out=out, format="csv")
        assert (b"77777" in out.getvalue()) is told
        assert bring_in(out).unchanged == 1


def test_the_copy_of_bad_rows_speaks_vietnamese():
    file = a_csv("SKU,Name,Price", "B,Mũ,1.5")
    copy = io.BytesIO()

    with translation.override("vi"):
        commands.write_error_workbook(report=bring_in(file), file=file, out=copy)

    copy.seek(0)
    rows = CalamineWorkbook.from_filelike(copy).get_sheet_by_index(0).to_python()
    assert rows[0][3] == "Cần sửa"
    assert "không phải số tiền VND" in rows[1][3]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_an_export_imports_back_unchanged(kind):
    commands.create_attribute(actor=EDITOR, code="screen", name="Màn hình", kind="number")
    commands.create_attribute(actor=EDITOR, code="wireless", name="Không dây", kind="bool")
    commands.create_category(actor=EDITOR, name="Điện tử")
    a_product(
        a_variant("=A1", option_values=("Đỏ; đậm: 1",), barcodes=("96385074", "N;B"), cost_minor=0, weight_g=0),
        a_variant("+A2", option_values=("x|y=z",), packs=(NewPack("a=b", 2, "c|d"), NewPack("thùng", 24)),
                  status="archived"),
        options=("Mà:u",), attributes={"screen": "1.234", "wireless": False}, category="dien-tu", description="-1\n+2",
        brand="@x", status="draft",
    )  # fmt: skip
    a_product(a_variant("SET × 1", parts=(NewPart("=A1", 2),), price_minor=1250, currency="GBP"), tax_class="vat0")
    commands.archive_product(actor=EDITOR, product_id=a_product(a_variant("OLD")).id, now=NOON)
    before = [queries.get_product(actor=EDITOR, sku=sku) for sku in ("=A1", "SET × 1", "OLD")]
    out = io.BytesIO()

    assert queries.export_products(actor=EDITOR, out=out, format=kind) == 4
    report = bring_in(out)

    assert problems(report) == []
    assert (report.created, report.updated, report.unchanged) == (0, 0, 4)
    for product in before:
        assert queries.get_product(actor=EDITOR, sku=product.variants[0].sku) == product
    assert b"\r\n=" not in out.getvalue()
