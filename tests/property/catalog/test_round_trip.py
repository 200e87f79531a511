"""Whatever the catalog holds, its export imports back unchanged, and into an empty catalog as the same."""

import io

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mekong.catalog import commands, queries
from mekong.catalog.contracts import NewPack, NewPart, NewProduct, NewVariant
from mekong.catalog.models import BundlePart, Product, Variant
from mekong.catalog.queries.states import category_paths, product_states
from mekong.catalog.rules.barcodes import check_digit
from mekong.catalog.rules.words import key
from mekong.foundation.actor import SYSTEM
from tests.support.people import NOON

pytestmark = pytest.mark.django_db

_LETTERS = st.sampled_from([*"aBđĐáỗ 0123=+-@';:|×\\\"<>,.%&_*x\n", "_x000D_", "👕", "''"])


def texts(limit: int, *, lines: bool = False, least: int = 1) -> st.SearchStrategy[str]:
    drawn = st.lists(_LETTERS, min_size=least, max_size=limit).map("".join).map(str.strip)
    clean = drawn.filter(lambda text: len(text) <= limit and (bool(text) or least == 0))
    return clean if lines else clean.map(lambda text: text.replace("\n", " "))


_GTINS = st.text("0123456789", min_size=12, max_size=12).map(lambda body: f"{body}{check_digit(body)}")
_AMOUNTS = st.integers(0, 10**12)
_SIZES = st.none() | st.integers(0, 10**6)


def keys(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(key, values))


@st.composite
def products(draw: st.DrawFn, number: int) -> NewProduct:
    """A product whose SKUs and codes begin with its number, so that several stand side by side."""
    options = draw(st.lists(texts(8), max_size=2, unique_by=key).map(tuple))
    choices = [()] if not options else draw(
        st.lists(st.tuples(*(texts(6) for _ in options)), min_size=1, max_size=3, unique_by=keys)
    )  # fmt: skip
    variants = []
    for place, values in enumerate(choices):
        currency = draw(st.sampled_from(["VND", "GBP", "KWD"]))
        packs = draw(st.lists(texts(5), max_size=2, unique=True))
        variants.append(
            NewVariant(
                sku=f"{number}.{place}{draw(texts(8, least=0))}".strip(),
                price_minor=draw(_AMOUNTS),
                currency=currency,
                option_values=tuple(values),
                barcodes=tuple(draw(st.lists(_GTINS, max_size=2, unique=True))) if number == 0 and place == 0 else (),
                packs=tuple(
                    NewPack(name, draw(st.integers(2, 999)), f"P{number}.{place}.{i}" if draw(st.booleans()) else "")
                    for i, name in enumerate(packs)
                ),
                cost_minor=draw(st.none() | _AMOUNTS),
                weight_g=draw(_SIZES),
                length_mm=draw(_SIZES),
                allow_backorder=draw(st.booleans()),
                tracks_lots=draw(st.booleans()),
            )
        )
    return NewProduct(
        name=draw(texts(30)),
        code=f"{draw(texts(6, least=0))}#{number}".strip(),
        description=draw(texts(40, lines=True, least=0)),
        brand=draw(texts(10, least=0)),
        uom=draw(texts(6)),
        tax_class=draw(st.sampled_from(["standard", "reduced", "vat5", "vat0", "exempt"])),
        status=draw(st.sampled_from(["active", "draft"])),
        options=options,
        attributes={"screen": draw(st.decimals(0, 9999, places=3).map(str)), "note": draw(texts(20))},
        variants=tuple(variants),
    )


@st.composite
def catalogs(draw: st.DrawFn) -> list[NewProduct]:
    made = [draw(products(number)) for number in range(draw(st.integers(1, 3)))]
    parts = tuple(NewPart(each.variants[0].sku, draw(st.integers(1, 9))) for each in made if draw(st.booleans()))
    if parts:
        made.append(NewProduct(name="Bộ quà", variants=(NewVariant(sku="SET", price_minor=1, parts=parts),)))
    return made


def states() -> list[NewProduct]:
    ids = Product.objects.values_list("id", flat=True)
    return [state.product for state in product_states(list(ids), category_paths())]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(catalog=catalogs())
def test_an_export_imports_back(kind, catalog):
    with transaction.atomic():
        commands.create_attribute(actor=SYSTEM, code="screen", name="Màn hình", kind="number")
        commands.create_attribute(actor=SYSTEM, code="note", name="Ghi chú")
        commands.load_many(actor=SYSTEM, products=catalog, now=NOON)
        before = states()
        out = io.BytesIO()
        rows = queries.export_products(actor=SYSTEM, out=out, format=kind)

        report = commands.import_products(actor=SYSTEM, file=out, now=NOON)
        assert [(each.row, each.column, each.message) for each in report.errors] == []
        assert (report.created, report.updated, report.unchanged) == (0, 0, rows)
        assert states() == before

        BundlePart.objects.all().delete()
        Variant.objects.all().delete()
        Product.objects.all().delete()
        report = commands.import_products(actor=SYSTEM, file=out, now=NOON)
        assert [(each.row, each.column, each.message) for each in report.errors] == []
        assert report.created == rows
        assert states() == before
        transaction.set_rollback(True)
