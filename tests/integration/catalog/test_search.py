import csv
import gzip
import re
from pathlib import Path

import pytest

from mekong.catalog import commands, errors, queries
from mekong.catalog.contracts import NewProduct
from mekong.catalog.models import Lexeme
from tests.integration.catalog.builders import EDITOR, VIEWER, a_product, a_variant
from tests.support.people import NOON

pytestmark = pytest.mark.django_db

_TIKI = Path(__file__).resolve().parents[4] / "shared" / "data" / "vietnam" / "tiki_products.csv.gz"
NAMES = (
    "Áo thun nam cổ tròn", "Áo thun nữ tay dài", "Áo sơ mi nam", "Quần jean nam", "Balo laptop chống sốc",
    "Giày thể thao nữ", "Giày da công sở", "Túi xách nữ da thật", "Dép tổ ong", "Đầm dự tiệc",
)  # fmt: skip


def find(text, **how):
    return queries.search_variants(actor=VIEWER, text=text, **how)


def names(text):
    return [variant.product_name for variant in find(text).variants]


@pytest.fixture
def shop():
    products = [
        NewProduct(name=name, variants=(a_variant(f"SP-{i:03d}", barcodes=("4006381333931",) if i == 3 else ()),))
        for i, name in enumerate(NAMES)
    ]
    commands.load_many(actor=EDITOR, products=products, now=NOON)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ao thun", ["Áo thun nữ tay dài", "Áo thun nam cổ tròn"]),
        ("ÁO THUN N", ["Áo thun nữ tay dài", "Áo thun nam cổ tròn"]),
        ("thun nam ao", ["Áo thun nam cổ tròn"]),
        ("dam", ["Đầm dự tiệc"]),
        ("đầm", ["Đầm dự tiệc"]),
        ("SP-003", ["Quần jean nam"]),
        ("sp-003", ["Quần jean nam"]),
        ("4006381333931", ["Quần jean nam"]),
        ("400638133", ["Quần jean nam"]),
        ("04006381333931", ["Quần jean nam"]),
        ("zzzz", []),
        ("", []),
        ("  ;'\\%_", []),
    ],
)
def test_what_is_typed_is_found(typed, found):
    assert sorted(names(typed)) == sorted(found)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("typed", "read_as", "best"),
    [
        ("balp", "balo", "Balo laptop chống sốc"),
        ("gaiy the thao", "giay the thao", "Giày thể thao nữ"),
        ("lapptop", "laptop", "Balo laptop chống sốc"),
        ("tui xach vang", "tui xach", "Túi xách nữ da thật"),
        ("quan thun jean", "quan thun jean", "Quần jean nam"),
    ],
)
def test_slips_are_mended_and_said(typed, read_as, best):
    found = find(typed)

    assert found.variants[0].product_name == best
    assert found.read_as.startswith(read_as.split()[0])


@pytest.mark.usefixtures("shop")
def test_every_beginning_of_a_name_finds_it():
    for name in NAMES:
        for end in range(2, len(name) + 1):
            assert name in names(name[:end]), name[:end]


def test_sellers_come_first_and_archived_last():
    first = a_product(a_variant("A"), name="Áo len")
    second = a_product(a_variant("B"), name="Áo len dày")
    commands.set_popularity(actor=EDITOR, popularity={second.variants[0].id: 50})
    assert names("ao len") == ["Áo len dày", "Áo len"]

    commands.archive_product(actor=EDITOR, product_id=second.id, now=NOON)
    assert names("ao len") == ["Áo len", "Áo len dày"]
    assert first.id != second.id


def test_words_are_counted_as_they_come():
    a_product(a_variant("A"), name="Áo len")
    assert set(Lexeme.objects.values_list("word", flat=True)) == {"ao", "len", "a"}

    commands.refresh_lexemes(actor=EDITOR)
    a_product(a_variant("B"), name="Áo da")
    commands.refresh_lexemes(actor=EDITOR)

    assert Lexeme.objects.get(word="ao").count == 2


def test_a_load_refuses_all_for_one_and_names_it():
    products = [NewProduct(name=f"Hàng {i}", variants=(a_variant(f"S{i % 2001}"),)) for i in range(2002)]

    with pytest.raises(errors.DuplicateSku) as refused:
        commands.load_many(actor=EDITOR, products=products, now=NOON)

    assert refused.value.params["field"].startswith("products[2001].")
    assert not Lexeme.objects.exists()
    assert not queries.list_products(actor=VIEWER).items


@pytest.mark.skipif(not _TIKI.exists(), reason="the Tiki product list is not on this machine")
def test_real_names_are_found_as_they_are_typed():
    with gzip.open(_TIKI, "rt", encoding="utf-8") as file:
        rows = list(dict.fromkeys(row["name"] for row in csv.DictReader(file)))[:3000]
    real = [re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name).strip()[:300] for name in rows]
    products = [NewProduct(name=name, variants=(a_variant(f"T{i:05d}"),)) for i, name in enumerate(real) if name]
    seen: list[int] = []

    loaded = commands.load_many(actor=EDITOR, products=products, now=NOON, progress=seen.append)

    assert loaded.variants == len(products) == seen[-1]
    for product in products[::97]:
        words = product.name.split()
        assert product.name in names(" ".join(words[:8])), product.name
