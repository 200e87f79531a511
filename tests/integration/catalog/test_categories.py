"""The category tree: renamed, moved, merged, taken away, and what it asks of products."""

import threading

import pytest
from django.db import close_old_connections

from mekong.catalog import commands, errors, queries
from mekong.catalog.contracts import ProductChange
from mekong.catalog.models import Attribute, CategoryAttribute, Product
from mekong.foundation.errors import MayNot
from mekong.foundation.models import AuditEntry, OutboxEvent
from tests.integration.catalog.builders import EDITOR, VIEWER, a_product, a_variant
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db


def a_tree():
    """quan-ao > (ao > ao-thun, quan), gom."""
    for code, name, parent in (
        ("quan-ao", "Quần áo", ""), ("ao", "Áo", "quan-ao"), ("quan", "Quần", "quan-ao"), ("ao-thun", "Áo thun", "ao"),
        ("gom", "Gốm", ""),
    ):  # fmt: skip
        commands.create_category(actor=EDITOR, code=code, name=name, parent=parent)


def tree():
    return [" > ".join(each.path) for each in queries.list_categories(actor=VIEWER)]


TREE = ["Quần áo", "Quần áo > Áo", "Quần áo > Áo > Áo thun", "Quần áo > Quần", "Gốm"]


def test_a_new_name_keeps_the_code():
    a_tree()
    for _ in range(2):
        renamed = commands.rename_category(actor=EDITOR, code="ao", name="Áo các loại")
    assert (renamed.code, renamed.path) == ("ao", ("Quần áo", "Áo các loại"))
    assert AuditEntry.objects.filter(table="catalog_category").count() == 1


@pytest.mark.parametrize(
    ("code", "name", "error"),
    [
        ("ao", "Quần", errors.CategoryNameTaken),
        ("ao", " ", errors.Missing),
        ("ao", "Áo > Thun", errors.UnstorableText),
        ("ao", "Á" * 121, errors.TooLong),
        ("khong-co", "Áo", errors.CategoryNotFound),
        ("\0", "Áo", errors.CategoryNotFound),
    ],
)
def test_a_name_that_does_not_fit_is_refused(code, name, error):
    a_tree()
    with pytest.raises(error):
        commands.rename_category(actor=EDITOR, code=code, name=name)
    assert tree() == TREE


def test_a_category_moves_with_all_below_it_and_to_the_place_asked_for():
    a_tree()
    for _ in range(2):
        commands.move_category(actor=EDITOR, code="ao", parent="", before="gom")
    assert tree() == ["Quần áo", "Quần áo > Quần", "Áo", "Áo > Áo thun", "Gốm"]

    commands.move_category(actor=EDITOR, code="gom", parent="quan-ao", before="quan")
    assert tree() == ["Quần áo", "Quần áo > Gốm", "Quần áo > Quần", "Áo", "Áo > Áo thun"]

    commands.move_category(actor=EDITOR, code="gom", parent="quan-ao", before="gom")
    commands.move_category(actor=EDITOR, code="gom", parent="quan-ao")
    assert tree()[:3] == ["Quần áo", "Quần áo > Quần", "Quần áo > Gốm"]


@pytest.mark.parametrize(
    ("code", "parent", "before", "error"),
    [
        ("quan-ao", "quan-ao", "", errors.CategoryLoop),
        ("quan-ao", "ao-thun", "", errors.CategoryLoop),
        ("ao", "gom", "quan", errors.BadChoice),
        ("ao", "khong-co", "", errors.CategoryNotFound),
        ("khong-co", "gom", "", errors.CategoryNotFound),
    ],
)
def test_a_place_that_cannot_be_is_refused(code, parent, before, error):
    a_tree()
    with pytest.raises(error):
        commands.move_category(actor=EDITOR, code=code, parent=parent, before=before)
    assert tree() == TREE


def test_two_of_one_name_do_not_meet():
    a_tree()
    commands.create_category(actor=EDITOR, code="ao-2", name="Áo")
    with pytest.raises(errors.CategoryNameTaken) as refused:
        commands.move_category(actor=EDITOR, code="ao-2", parent="quan-ao")
    assert refused.value.params["field"] == "parent"


def test_merging_brings_products_categories_and_attributes_together():
    a_tree()
    for code in ("chat-lieu", "mau"):
        commands.create_attribute(actor=EDITOR, code=code, name=code)
    commands.set_category_attributes(actor=EDITOR, code="ao", attributes=[("chat-lieu", True)])
    commands.set_category_attributes(actor=EDITOR, code="quan", attributes=[("mau", True)])
    a_product(category="ao", attributes={"chat-lieu": "Vải"})

    merged = commands.merge_categories(actor=EDITOR, code="ao", into="quan", now=NOON)

    assert merged.path == ("Quần áo", "Quần")
    assert tree() == ["Quần áo", "Quần áo > Quần", "Quần áo > Quần > Áo thun", "Gốm"]
    product = queries.get_product(actor=VIEWER, sku="AO-01")
    assert (product.category_code, dict(product.attributes)) == ("quan", {"chat-lieu": "Vải"})
    asked = queries.list_attributes(actor=VIEWER, category_id=merged.id)
    assert [(each.code, each.is_required) for each in asked] == [("mau", True), ("chat-lieu", False)]
    fact = OutboxEvent.objects.get(name="catalog.category_removed")
    assert (fact.payload["code"], fact.payload["into_code"], fact.payload["products"]) == ("ao", "quan", 1)
    with pytest.raises(errors.CategoryNotFound):
        commands.merge_categories(actor=EDITOR, code="ao", into="quan", now=NOON)


def test_a_category_merges_into_the_one_below_it_even_of_its_own_name():
    a_tree()
    commands.rename_category(actor=EDITOR, code="ao", name="Quần áo")
    commands.merge_categories(actor=EDITOR, code="quan-ao", into="ao", now=NOON)
    assert tree() == ["Quần áo", "Quần áo > Áo thun", "Quần áo > Quần", "Gốm"]


@pytest.mark.parametrize("into", ["quan-ao", "ao-thun"])
def test_nothing_merges_into_itself_or_far_below_itself(into):
    a_tree()
    with pytest.raises(errors.CategoryLoop):
        commands.merge_categories(actor=EDITOR, code="quan-ao", into=into, now=NOON)
    assert tree() == TREE


def test_categories_of_one_name_are_not_thrown_together():
    a_tree()
    commands.create_category(actor=EDITOR, code="ao-thun-2", name="Áo thun", parent="quan")
    with pytest.raises(errors.CategoryNameTaken):
        commands.merge_categories(actor=EDITOR, code="ao", into="quan", now=NOON)
    assert Product.objects.count() == 0
    assert len(tree()) == 6


def test_an_empty_category_goes_and_a_full_one_needs_another():
    a_tree()
    a_product(category="ao-thun")
    for code in ("ao-thun", "quan-ao"):
        with pytest.raises(errors.CategoryNotEmpty):
            commands.delete_category(actor=EDITOR, code=code, now=NOON)
    with pytest.raises(errors.CategoryLoop):
        commands.delete_category(actor=EDITOR, code="ao-thun", into="ao-thun", now=NOON)

    commands.delete_category(actor=EDITOR, code="gom", now=NOON)
    commands.delete_category(actor=EDITOR, code="ao-thun", into="quan", now=NOON)
    assert tree() == ["Quần áo", "Quần áo > Áo", "Quần áo > Quần"]
    assert queries.get_product(actor=VIEWER, sku="AO-01").category_code == "quan"
    with pytest.raises(errors.CategoryNotFound):
        commands.delete_category(actor=EDITOR, code="gom", now=NOON)


def test_counts_are_of_the_category_and_of_all_below_it():
    a_tree()
    a_product(a_variant("A"), category="ao-thun")
    a_product(a_variant("B"), category="ao")
    counts = queries.category_counts(actor=VIEWER)
    by_code = {each.code: counts[each.id] for each in queries.list_categories(actor=VIEWER)}
    assert {code: (each.own, each.all) for code, each in by_code.items()} == {
        "quan-ao": (0, 2), "ao": (1, 2), "ao-thun": (1, 1), "quan": (0, 0), "gom": (0, 0),
    }  # fmt: skip


def test_attributes_are_asked_for_in_their_order_and_from_the_top_down():
    a_tree()
    for code in ("a", "b", "c"):
        commands.create_attribute(actor=EDITOR, code=code, name=code)
    commands.set_category_attributes(actor=EDITOR, code="quan-ao", attributes=[("c", False)])
    for _ in range(2):
        commands.set_category_attributes(actor=EDITOR, code="ao", attributes=[("b", True), ("a", False), ("c", True)])

    ao = next(each.id for each in queries.list_categories(actor=VIEWER) if each.code == "ao")
    asked = queries.category_attributes(actor=VIEWER, category_id=ao)
    assert [(each.attribute.code, each.is_own, each.category_code) for each in asked] == [
        ("c", False, "quan-ao"), ("b", True, "ao"), ("a", True, "ao"), ("c", True, "ao"),
    ]  # fmt: skip
    assert [(each.code, each.is_required) for each in queries.list_attributes(actor=VIEWER, category_id=ao)] == [
        ("c", True), ("b", True), ("a", False),
    ]  # fmt: skip
    with pytest.raises(errors.AttributeMissing):
        a_product(category="ao")


@pytest.mark.parametrize(
    ("attributes", "error"),
    [([("a", True), ("khong-co", False)], errors.AttributeNotFound), ([("a", True), ("a", False)], errors.RepeatedValue)],
)  # fmt: skip
def test_a_set_that_does_not_fit_leaves_the_old_one(attributes, error):
    a_tree()
    commands.create_attribute(actor=EDITOR, code="a", name="a")
    commands.set_category_attributes(actor=EDITOR, code="ao", attributes=[("a", True)])
    with pytest.raises(error):
        commands.set_category_attributes(actor=EDITOR, code="ao", attributes=attributes)
    assert [each.is_required for each in CategoryAttribute.objects.all()] == [True]
    with pytest.raises(errors.CategoryNotFound):
        commands.set_category_attributes(actor=EDITOR, code="khong-co", attributes=[])


def test_an_attribute_changes_but_not_under_the_products_that_have_its_value():
    commands.create_attribute(actor=EDITOR, code="men__1", name="Men", kind="choice", choices=("Lam", "Rạn", "Nâu"))
    a_product(attributes={"men__1": "Rạn"})

    changed = commands.update_attribute(actor=EDITOR, code="men__1", name="Loại men", choices=("Rạn", "Lam"), unit="")
    assert (changed.name, changed.choices) == ("Loại men", ("Rạn", "Lam"))
    with pytest.raises(errors.ChoiceInUse) as refused:
        commands.update_attribute(actor=EDITOR, code="men__1", choices=("Lam",))
    assert refused.value.params["products"] == 1
    for choices, error in (((), errors.Missing), (("A", "a"), errors.RepeatedValue)):
        with pytest.raises(error):
            commands.update_attribute(actor=EDITOR, code="men__1", choices=choices)
    commands.create_attribute(actor=EDITOR, code="cao", name="Cao", kind="number", unit="cm")
    with pytest.raises(errors.BadChoice):
        commands.update_attribute(actor=EDITOR, code="cao", choices=("1",))
    with pytest.raises(errors.AttributeNotFound):
        commands.update_attribute(actor=EDITOR, code="khong-co", name="x")
    assert Attribute.objects.get(code="men__1").choices == ["Rạn", "Lam"]


def test_only_who_edits_the_catalogue_changes_the_tree():
    a_tree()
    for act in (
        lambda who: commands.rename_category(actor=who, code="ao", name="x"),
        lambda who: commands.move_category(actor=who, code="ao", parent=""),
        lambda who: commands.merge_categories(actor=who, code="ao", into="quan", now=NOON),
        lambda who: commands.delete_category(actor=who, code="gom", now=NOON),
        lambda who: commands.set_category_attributes(actor=who, code="ao", attributes=[]),
        lambda who: commands.update_attribute(actor=who, code="x", name="y"),
    ):
        with pytest.raises(MayNot):
            act(an_actor("catalog.view", locations=[1]))
    assert tree() == TREE


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_never_make_a_loop():
    for round_ in range(4):
        for code in ("a", "b"):
            commands.create_category(actor=EDITOR, code=f"{code}{round_}", name=f"{code}{round_}")
    refused, broken = [], []

    def move(code, parent):
        try:
            commands.move_category(actor=EDITOR, code=code, parent=parent)
        except errors.CategoryLoop:
            refused.append(code)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test says it
            broken.append(failure)
        finally:
            close_old_connections()

    for round_ in range(4):
        pair = [(f"a{round_}", f"b{round_}"), (f"b{round_}", f"a{round_}")]
        threads = [threading.Thread(target=move, args=each) for each in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert broken == []
    assert len(refused) == 4
    assert len(tree()) == 8


@pytest.mark.django_db(transaction=True)
def test_a_product_that_comes_into_a_category_while_it_goes_is_refused_or_moved():
    commands.create_category(actor=EDITOR, code="cu", name="Cũ")
    commands.create_category(actor=EDITOR, code="moi", name="Mới")
    failures = []

    def make(number):
        try:
            a_product(a_variant(f"R-{number}"), category="cu")
        except errors.CategoryNotFound:
            pass
        except Exception as failure:  # noqa: BLE001 - as above
            failures.append(failure)
        finally:
            close_old_connections()

    def merge():
        try:
            commands.merge_categories(actor=EDITOR, code="cu", into="moi", now=NOON)
        except Exception as failure:  # noqa: BLE001 - as above
            failures.append(failure)
        finally:
            close_old_connections()

    threads = [threading.Thread(target=make, args=(number,)) for number in range(6)]
    threads.insert(3, threading.Thread(target=merge))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert tree() == ["Mới"]
    made = Product.objects.values_list("category__code", flat=True)
    assert set(made) <= {"moi"}


def test_a_products_category_is_kept_by_the_form_that_does_not_name_it():
    a_tree()
    product = a_product(category="ao")
    changed = commands.update_product(actor=EDITOR, product_id=product.id, change=ProductChange(name="Mới"), now=NOON)
    assert changed.category_code == "ao"
