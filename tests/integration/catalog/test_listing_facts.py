"""What there is of a product for a listing, as the database holds it."""

import pytest

from mekong.catalog import commands, queries
from mekong.catalog.contracts import ListingFacts
from mekong.foundation.errors import MayNot
from tests.integration.catalog.builders import EDITOR, STRANGER, VIEWER, a_product, a_variant
from tests.integration.catalog.test_media import a_picture
from tests.support.people import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def facts(product):
    return queries.listing_facts(actor=VIEWER, product_ids=[product.id])[product.id]


def test_a_bare_product_lacks_everything():
    commands.create_attribute(actor=EDITOR, code="men", name="Men")
    product = a_product(a_variant("A", price_minor=0))

    assert facts(product) == ListingFacts(
        product_id=product.id, name_length=15, description_length=0, has_category=False, has_brand=False, options=0,
        missing_attributes=(), pictures=0, smallest_picture_px=0, variants=1, without_price=(0,), without_weight=(0,),
        without_size=(0,), without_gtin=(0,),
    )  # fmt: skip


def test_places_are_those_of_the_form_and_only_what_is_on_sale_is_asked():
    product = a_product(
        a_variant("A", option_values=("1",), weight_g=10, length_mm=1, width_mm=1, height_mm=1, status="archived"),
        a_variant("B", option_values=("2",), weight_g=0, length_mm=5, width_mm=5, barcodes=("8936012840285",)),
        a_variant("C", option_values=("3",), weight_g=5, length_mm=5, width_mm=5, height_mm=5, barcodes=("AB",)),
        options=("Loại",), brand="Mộc Lan", description="Đẹp",
    )  # fmt: skip

    found = facts(product)

    assert (found.variants, found.options, found.has_brand, found.description_length) == (2, 1, True, 3)
    assert (found.without_weight, found.without_size, found.without_gtin) == ((1,), (1,), (2,))


def test_attributes_required_anywhere_above_are_missed_until_they_are_said():
    commands.create_attribute(actor=EDITOR, code="men", name="Men")
    commands.create_category(actor=EDITOR, code="gom", name="Gốm")
    commands.create_category(actor=EDITOR, code="binh", name="Bình", parent="gom")
    product, said = a_product(a_variant("A"), category="binh"), a_product(a_variant("B"), category="binh")
    commands.set_category_attributes(actor=EDITOR, code="gom", attributes=[("men", True)])
    assert facts(product).missing_attributes == (("men", "Men"),)
    from mekong.catalog.contracts import ProductChange

    commands.update_product(actor=EDITOR, product_id=said.id, change=ProductChange(attributes={"men": "rạn"}), now=NOON)
    assert facts(said).missing_attributes == ()


def test_pictures_are_counted_and_the_smallest_of_the_product_is_measured():
    product = a_product(a_variant("A"))
    for size in ((900, 700), (1200, 1600)):
        commands.add_media(actor=EDITOR, product_id=product.id, content=a_picture(size=size), now=NOON)
    commands.add_media(actor=EDITOR, variant_id=product.variants[0].id, content=a_picture(size=(50, 50)), now=NOON)
    assert (facts(product).pictures, facts(product).smallest_picture_px) == (3, 700)


def test_many_cost_as_little_as_one_and_strangers_are_told_nothing(django_assert_num_queries):
    ids = [a_product(a_variant(f"V-{number}")).id for number in range(5)]
    with django_assert_num_queries(2):
        assert set(queries.listing_facts(actor=VIEWER, product_ids=[*ids, 0])) == set(ids)
    assert queries.listing_facts(actor=VIEWER, product_ids=[]) == {}
    with pytest.raises(MayNot):
        queries.listing_facts(actor=STRANGER, product_ids=ids)
