"""The category tree is changed by one at a time: who moves or takes away holds it, so that it stays a tree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mekong.catalog.commands.create_category import check_category_name, refuse_taken_name, write_attributes
from mekong.catalog.commands.writing import execute
from mekong.catalog.contracts import CategoryView
from mekong.catalog.errors import BadChoice, CategoryLoop, CategoryNameTaken, CategoryNotEmpty, CategoryNotFound
from mekong.catalog.events import CategoryRemoved
from mekong.catalog.models import Category, CategoryAttribute, Product
from mekong.catalog.queries.categories import list_categories
from mekong.catalog.rules import categories as rules
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def rename_category(*, actor: Actor, code: str, name: str) -> CategoryView:
    """Give a category another name; its code stays. Safe to repeat.

    Raises: MayNot, CategoryNotFound, CategoryNameTaken, Missing, TooLong, UnstorableText.
    """
    actor.require("catalog.edit")
    category = _hold_tree()[_find(code, "code").id]
    name = check_category_name(name)
    if name != category.name:
        refuse_taken_name(name, category.parent_id, but=category.id)
        category.name = name
        category.save(update_fields=["name"])
    return _view(category)


@command
def move_category(*, actor: Actor, code: str, parent: str, before: str = "") -> CategoryView:
    """Put a category, with all below it, under another one. Safe to repeat.

    Args:
        parent: code of the category above; "" for the top.
        before: code of the category it stands before there; "" for the last place.

    Raises: MayNot, CategoryNotFound, CategoryLoop, CategoryNameTaken, BadChoice (`before` stands elsewhere).
    """
    actor.require("catalog.edit")
    tree = _hold_tree()
    category = tree[_find(code, "code").id]
    above = _find(parent, "parent").id if parent else None
    if rules.stands_below({each.id: each.parent_id for each in tree.values()}, category.id, above):
        raise CategoryLoop(field="parent")
    siblings = [each for each in tree.values() if each.parent_id == above]
    following = _find(before, "before") if before else None
    if following is not None and following.id not in {each.id for each in siblings}:
        allowed = ", ".join(each.code for each in siblings if each.id != category.id)
        raise BadChoice(field="before", value=before, allowed=allowed or "–")
    if above != category.parent_id:
        refuse_taken_name(category.name, above, field="parent")
    if following is None or following.id != category.id:
        siblings.sort(key=lambda each: (each.position, each.id))
        order = rules.in_place([each.id for each in siblings], category.id, following.id if following else None)
        category.parent_id = above
        _write([(tree[each], above, place) for place, each in enumerate(order)])
    return _view(category)


@command
def merge_categories(*, actor: Actor, code: str, into: str, now: datetime) -> CategoryView:
    """Make one category of two: `into` takes the products, the categories and the attributes of the other, which goes.

    Attributes that only came with the merge are not required: no product of `into` is suddenly unfinished.
    Raises: MayNot, CategoryNotFound (also at a repeat), CategoryLoop (one stands below the other's own categories),
        CategoryNameTaken (both have a category of one name).
    """
    actor.require("catalog.edit")
    tree = _hold_tree()
    category, target = tree[_find(code, "code").id], tree[_find(into, "into").id]
    if category.id == target.id:
        raise CategoryLoop(field="into")
    known = set(CategoryAttribute.objects.filter(category=target).values_list("attribute_id", flat=True))
    more = CategoryAttribute.objects.filter(category=category).exclude(attribute_id__in=known)
    for place, each in enumerate(more.order_by("position", "id"), len(known)):
        CategoryAttribute.objects.create(category=target, attribute_id=each.attribute_id, position=place)
    _take_away(actor, tree, category, target, now, field="into")
    return _view(target)


@command
def delete_category(*, actor: Actor, code: str, into: str = "", now: datetime) -> None:
    """Take a category away. One that is not empty needs another that takes its products and the categories below it.

    Raises: MayNot, CategoryNotFound (also at a repeat), CategoryNotEmpty, CategoryLoop, CategoryNameTaken.
    """
    actor.require("catalog.edit")
    tree = _hold_tree()
    category = tree[_find(code, "code").id]
    target = tree[_find(into, "into").id] if into else None
    if target is None:
        products = Product.objects.filter(category=category).count()
        below = sum(each.parent_id == category.id for each in tree.values())
        if products or below:
            raise CategoryNotEmpty(field="into", name=category.name, products=products, below=below)
    elif target.id == category.id:
        raise CategoryLoop(field="into")
    _take_away(actor, tree, category, target, now, field="into")


@command
def set_category_attributes(*, actor: Actor, code: str, attributes: Sequence[tuple[str, bool]]) -> None:
    """Which attributes products of a category are asked for, in this order, besides those asked for above it.

    Values that products have already stay. Safe to repeat.

    Args:
        attributes: (code of an attribute, whether products must have it).

    Raises: MayNot, CategoryNotFound, AttributeNotFound, RepeatedValue.
    """
    actor.require("catalog.edit")
    category = Category.objects.select_for_update().filter(id=_find(code, "code").id).first()
    if category is None:
        raise CategoryNotFound(field="code", key=code)
    CategoryAttribute.objects.filter(category=category).delete()
    write_attributes(category, attributes)


def _hold_tree() -> dict[int, Category]:
    """Every category by id, in its order. Nobody else changes the tree until the transaction ends; reading goes on."""
    execute("lock table catalog_category in share row exclusive mode", [])
    return {each.id: each for each in Category.objects.order_by("position", "id")}


def _find(code: str, field: str) -> Category:
    found = None if "\0" in code else Category.objects.filter(code=code.strip()).first()
    if found is None:
        raise CategoryNotFound(field=field, key=code)
    return found


def _write(places: Sequence[tuple[Category, int | None, int]]) -> None:
    for category, parent_id, position in places:
        category.parent_id, category.position = parent_id, position
    Category.objects.bulk_update([each for each, _, _ in places], ["parent", "position"])


def _take_away(
    actor: Actor, tree: dict[int, Category], category: Category, target: Category | None, now: datetime, *, field: str
) -> None:
    Category.objects.select_for_update().get(id=category.id)
    moved = 0
    if target is not None:
        parents = {each.id: each.parent_id for each in tree.values()}
        if target.parent_id != category.id and rules.stands_below(parents, category.id, target.parent_id):
            raise CategoryLoop(field=field)
        children = [each for each in tree.values() if each.parent_id == category.id and each.id != target.id]
        there = [each for each in tree.values() if each.parent_id == target.id]
        names = {each.name for each in there}
        for each in children:
            if each.name in names:
                raise CategoryNameTaken(field=field, name=each.name)
        if target.parent_id == category.id:
            # It stands in what goes: it takes that one's place, and may have its name.
            refuse_taken_name(target.name, category.parent_id, but=category.id, field=field)
            Category.objects.filter(id=category.id).update(name=str(category.uid))
            _write([(target, category.parent_id, category.position)])
        _write([(each, target.id, place) for place, each in enumerate(children, len(there))])
        moved = Product.objects.filter(category=category).update(category=target, updated_at=now)
    Category.objects.filter(id=category.id).delete()
    into_id, into_code = (target.id, target.code) if target else (None, "")
    emit(
        actor,
        CategoryRemoved(category.id, category.code, into_id, into_code, moved),
        key=f"category:{category.id}",
        now=now,
    )


def _view(category: Category) -> CategoryView:
    return next(each for each in list_categories(actor=SYSTEM) if each.id == category.id)
