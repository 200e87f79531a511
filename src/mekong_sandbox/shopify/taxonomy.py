"""The platform's taxonomy of products: anyone may read it; a product may name a category of it."""

from __future__ import annotations

from mekong_sandbox.catalogue.tree import CATEGORIES, Category
from mekong_sandbox.shopify.execute import Arguments, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.search import connection

PREFIX = "gid://shopify/TaxonomyCategory/"


def _id(one: Category) -> str:
    return PREFIX + one.key.replace("_", "-")


def find(value: object) -> Category | None:
    """A category by its id."""
    return CATEGORIES.get(str(value).removeprefix(PREFIX).replace("-", "_"))


def _above(one: Category) -> list[Category]:
    chain = [one]
    while chain[0].parent:
        chain.insert(0, CATEGORIES[chain[0].parent])
    return chain


def node(one: Category) -> Node:
    """A category."""
    parent = CATEGORIES.get(one.parent)
    return {
        "__typename": "TaxonomyCategory",
        "id": _id(one),
        "name": one.english,
        "fullName": " > ".join(each.english for each in _above(one)),
        "isLeaf": one.is_leaf,
        "isRoot": not one.parent,
        "isArchived": False,
        "level": one.level,
        "parentId": _id(parent) if parent else None,
        "childrenIds": [_id(each) for each in CATEGORIES.values() if each.parent == one.key],
        "ancestorIds": [_id(each) for each in _above(one)[:-1]],
    }


def get_taxonomy(call: Call, args: Arguments) -> Node:
    """The taxonomy, whose categories are a list to be searched."""

    def categories(asked: Arguments) -> Node:
        word = str(asked.get("search") or "").casefold()
        parent, top = find(asked.get("childrenOf")), find(asked.get("descendantsOf"))
        found = [
            one
            for one in CATEGORIES.values()
            if word in f"{one.english} {one.name}".casefold()
            and (word or parent or top or not one.parent)
            and (not asked.get("childrenOf") or (parent and one.parent == parent.key))
            and (not asked.get("descendantsOf") or (top and one is not top and top in _above(one)))
        ]
        return connection("TaxonomyCategory", asked, found, lambda one: [one.place], node)

    return {"__typename": "Taxonomy", "categories": categories}
