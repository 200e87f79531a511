"""However categories are moved, merged and taken away, they stay a tree that holds every product."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mekong.catalog import commands, errors, queries
from mekong.catalog.models import Category, Product
from mekong.catalog.rules import categories as rules
from mekong.foundation.actor import SYSTEM
from tests.integration.catalog.builders import a_product, a_variant
from tests.support.people import NOON

NAMES = "abcdef"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("move", "merge", "delete")),
        st.sampled_from(NAMES),
        st.sampled_from(("", *NAMES)),
        st.sampled_from(("", *NAMES)),
    ),
    max_size=14,
)


class _Enough(Exception):
    """Ends an example; the transaction forgets it."""


@pytest.mark.django_db(transaction=True)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_tree_stays_a_tree(steps: list[tuple[str, str, str, str]]) -> None:
    with pytest.raises(_Enough), transaction.atomic():
        for place, name in enumerate(NAMES):
            commands.create_category(actor=SYSTEM, code=name, name=name, parent=NAMES[place - 1] if place % 3 else "")
            a_product(a_variant(f"SKU-{name}"), category=name)
        for act, code, other, before in steps:
            try:
                with transaction.atomic():
                    if act == "move":
                        commands.move_category(actor=SYSTEM, code=code, parent=other, before=before)
                    elif act == "merge":
                        commands.merge_categories(actor=SYSTEM, code=code, into=other, now=NOON)
                    else:
                        commands.delete_category(actor=SYSTEM, code=code, into=other, now=NOON)
            except (
                errors.CategoryLoop, errors.CategoryNotFound, errors.CategoryNotEmpty, errors.BadChoice,
                errors.CategoryNameTaken,
            ):  # fmt: skip
                continue
            # A category in a loop, or below one, is reached from no root.
            reached = {each.id for each in queries.list_categories(actor=SYSTEM)}
            assert reached == set(Category.objects.values_list("id", flat=True))
            assert Product.objects.filter(category__isnull=False).count() == len(NAMES)
        raise _Enough


@given(
    parents=st.lists(st.integers(min_value=0, max_value=20), max_size=20),
    moved=st.integers(min_value=0, max_value=20),
    above=st.one_of(st.none(), st.integers(min_value=0, max_value=20)),
)
def test_a_move_is_refused_exactly_when_it_would_make_a_loop(parents: list[int], moved: int, above: int | None) -> None:
    tree: dict[int, int | None] = {0: None}
    for number, parent in enumerate(parents, 1):
        tree[number] = parent % number
    moved, above = moved % len(tree), None if above is None else above % len(tree)
    after = {**tree, moved: above}
    seen, at = set(), above
    while at is not None and at not in seen:
        seen.add(at)
        at = after[at]
    loops = moved in seen
    assert rules.stands_below(tree, moved, above) is loops


@given(siblings=st.lists(st.integers(), unique=True, min_size=1), data=st.data())
def test_a_move_within_a_level_loses_and_doubles_nobody(siblings: list[int], data: st.DataObject) -> None:
    moved, before = data.draw(st.sampled_from(siblings)), data.draw(st.sampled_from([None, *siblings]))
    order = rules.in_place(siblings, moved, before)
    assert sorted(order) == sorted(siblings)
    assert [each for each in order if each != moved] == [each for each in siblings if each != moved]
    if before not in (None, moved):
        assert order[order.index(moved) + 1] == before
