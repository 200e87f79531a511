"""In-store barcodes: for variants that have none, never twice the same."""

import threading

import pytest
from django.db import close_old_connections, connection

from mekong.catalog import commands, errors, queries
from mekong.catalog.models import Barcode
from mekong.catalog.rules.barcodes import in_store_number, is_global, read_barcode
from mekong.foundation.errors import MayNot
from tests.integration.catalog.builders import EDITOR, VIEWER, a_product, a_variant, events
from tests.support.people import NOON

pytestmark = pytest.mark.django_db


def codes():
    return {each.sku: each.barcodes for each in queries.get_product(actor=VIEWER, sku="A").variants}


def three():
    return a_product(
        a_variant("A", option_values=("1",)),
        a_variant("B", option_values=("2",), barcodes=("8936012840285",)),
        a_variant("C", option_values=("3",)),
        options=("Loại",),
    )


def test_variants_without_a_barcode_get_one_that_scans():
    ids = [each.id for each in three().variants]

    given = commands.give_internal_barcodes(actor=EDITOR, variant_ids=ids, now=NOON)

    assert set(given) == {ids[0], ids[2]}
    assert codes()["B"] == ("8936012840285",)
    (code,) = codes()["A"]
    assert (len(code), code[:3]) == (13, "299")
    assert read_barcode(code, "code", "gtin").code == code
    assert not is_global(code)
    found = queries.variants_by_barcode(actor=VIEWER, codes=[code])
    assert found[code].sku == "A"
    before = events()
    assert commands.give_internal_barcodes(actor=EDITOR, variant_ids=ids, now=NOON) == {}
    assert events() == before


def test_a_number_somebody_typed_is_passed_over():
    product = three()
    with connection.cursor() as cursor:
        cursor.execute("select nextval('catalog_internal_barcode')")
        following = cursor.fetchone()[0] + 1
    commands.add_barcode(actor=EDITOR, variant_id=product.variants[1].id, code=in_store_number(following), now=NOON)

    given = commands.give_internal_barcodes(actor=EDITOR, variant_ids=[product.variants[0].id], now=NOON)

    assert list(given.values()) == [in_store_number(following + 1)]


def test_what_cannot_be_is_refused():
    product = three()
    with pytest.raises(errors.VariantNotFound):
        commands.give_internal_barcodes(actor=EDITOR, variant_ids=[product.variants[0].id, 0], now=NOON)
    with pytest.raises(MayNot):
        commands.give_internal_barcodes(actor=VIEWER, variant_ids=[product.variants[0].id], now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("select setval('catalog_internal_barcode', 999999999)")
    with pytest.raises(errors.NoNumbersLeft):
        commands.give_internal_barcodes(actor=EDITOR, variant_ids=[product.variants[0].id], now=NOON)
    assert codes()["A"] == ()
    with connection.cursor() as cursor:
        cursor.execute("select setval('catalog_internal_barcode', 1)")


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_give_one_code():
    ids = [each.id for each in three().variants]
    failures = []

    def give(order):
        try:
            commands.give_internal_barcodes(actor=EDITOR, variant_ids=order, now=NOON)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test says it
            failures.append(failure)
        finally:
            close_old_connections()

    threads = [threading.Thread(target=give, args=(order,)) for order in (ids, ids[::-1], ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert Barcode.objects.count() == 3


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("8936012840285", True), ("2990000000017", False), ("0200000000010", False), ("012345678905", True),
        ("96385074", True), ("20000004", False), ("8936012840286", False), ("AB", False), ("", False),
    ],
)  # fmt: skip
def test_which_codes_the_world_knows(code, known):
    assert is_global(code) is known
