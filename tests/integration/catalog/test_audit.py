import pytest

from mekong.catalog import commands
from mekong.catalog.contracts import PriceLine
from mekong.foundation.models import AuditEntry
from tests.integration.catalog.builders import EDITOR, a_product
from tests.support.people import NOON

pytestmark = pytest.mark.django_db


def test_who_changed_a_price_stays_known():
    variant = a_product().variants[0]

    commands.set_prices(actor=EDITOR, lines=[PriceLine("AO-01", 99_000)], now=NOON)

    entry = AuditEntry.objects.get(table="catalog_variant")
    assert (entry.row_id, entry.action) == (str(variant.id), "update")
    assert entry.before["price_minor"] == 150_000
    assert entry.after["price_minor"] == 99_000


def test_what_sells_is_no_news_to_the_trail():
    variant = a_product().variants[0]

    commands.set_popularity(actor=EDITOR, popularity={variant.id: 7})

    assert not AuditEntry.objects.filter(table__startswith="catalog_").exists()
