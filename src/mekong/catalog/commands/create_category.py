from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.db import models

from mekong.catalog.commands.checking import category_ids
from mekong.catalog.contracts import AttributeView, CategoryView
from mekong.catalog.errors import (
    AttributeNotFound,
    BadChoice,
    CategoryNameTaken,
    DuplicateCode,
    Missing,
    RepeatedValue,
    UnstorableText,
)
from mekong.catalog.models import Attribute, Category, CategoryAttribute
from mekong.catalog.queries.categories import list_categories
from mekong.catalog.rules.products import choice
from mekong.catalog.rules.words import clean, key
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.text import fold


@command
def create_category(
    *,
    actor: Actor,
    name: str,
    code: str = "",
    parent: str = "",
    position: int = 0,
    attributes: Sequence[tuple[str, bool]] = (),
) -> CategoryView:
    """Create a category.

    Args:
        code: empty: made of the name.
        parent: code of the category above; "" for the top.
        attributes: (code of an attribute, whether products here must have it).

    Raises: MayNot, Missing, TooLong, UnstorableText (a name with “>”, the sign between levels in files),
        CategoryNotFound, AttributeNotFound, DuplicateCode, CategoryNameTaken.
    """
    actor.require("catalog.edit")
    name = check_category_name(name)
    parent_id = category_ids([("parent", parent)])[parent] if parent else None
    code = clean(code, "code", 60)
    if code and Category.objects.filter(code=code).exists():
        raise DuplicateCode(field="code", value=code)
    refuse_taken_name(name, parent_id)
    category = Category.objects.create(
        name=name, code=code or free_category_code(name), parent_id=parent_id, position=position
    )
    write_attributes(category, attributes)
    return next(each for each in list_categories(actor=SYSTEM) if each.id == category.id)


def check_category_name(name: str) -> str:
    """Raises: Missing, TooLong, UnstorableText (a name with “>”)."""
    kept = clean(name, "name", 120, required=True)
    if ">" in kept:
        raise UnstorableText(field="name")
    return kept


def refuse_taken_name(name: str, parent_id: int | None, *, but: int = 0, field: str = "name") -> None:
    """Raises: CategoryNameTaken."""
    if Category.objects.filter(parent_id=parent_id, name=name).exclude(id=but).exists():
        raise CategoryNameTaken(field=field, name=name)


def write_attributes(category: Category, attributes: Sequence[tuple[str, bool]]) -> None:
    """The attributes of a category that has none. Raises: AttributeNotFound, RepeatedValue."""
    known = {each.code: each for each in Attribute.objects.filter(code__in=[code for code, _ in attributes])}
    seen: dict[str, str] = {}
    for place, (code, is_required) in enumerate(attributes):
        at = f"attributes[{place}]"
        if code not in known:
            raise AttributeNotFound(field=at, key=code)
        if (first := seen.setdefault(code, at)) != at:
            raise RepeatedValue(field=at, value=code, first=first)
        CategoryAttribute.objects.create(
            category=category, attribute=known[code], is_required=is_required, position=place
        )


def free_category_code(name: str) -> str:
    """A code made of a name, with a number behind it when the name is taken."""
    return _free_code(name, Category.objects, "category")


def _free_code(name: str, rows: models.Manager[Any], nameless: str) -> str:
    stem = fold(name).replace(" ", "-")[:50] or nameless
    taken = set(rows.filter(code__startswith=stem).values_list("code", flat=True))
    return next(code for code in (stem, *(f"{stem}-{i}" for i in range(2, len(taken) + 3))) if code not in taken)


@command
def create_attribute(
    *,
    actor: Actor,
    name: str,
    code: str = "",
    kind: Literal["text", "number", "choice", "bool"] = "text",
    choices: Sequence[str] = (),
    unit: str = "",
) -> AttributeView:
    """Create an attribute that categories may ask for.

    Args:
        code: empty: made of the name.

    Raises: MayNot, Missing (choices of a choice), BadChoice (an unknown kind, or choices of another kind), TooLong,
        RepeatedValue, DuplicateCode.
    """
    actor.require("catalog.edit")
    name = clean(name, "name", 120, required=True)
    code = clean(code, "code", 60) or _free_code(name, Attribute.objects, "attribute")
    choice(kind, ("text", "number", "choice", "bool"), "kind")
    if kind == "choice" and not choices:
        raise Missing(field="choices")
    if kind != "choice" and choices:
        raise BadChoice(field="kind", value=kind, allowed="choice")
    kept = check_choices(choices)
    if Attribute.objects.filter(code=code).exists():
        raise DuplicateCode(field="code", value=code)
    made = Attribute.objects.create(
        code=code,
        name=name,
        kind=kind,
        choices=kept,
        unit=clean(unit, "unit", 20),
    )
    return AttributeView(made.code, made.name, kind, tuple(kept), made.unit)


def check_choices(choices: Sequence[str]) -> list[str]:
    """Values to choose from, each once. Raises: Missing, TooLong, UnstorableText, RepeatedValue."""
    seen: dict[str, str] = {}
    kept: list[str] = []
    for place, each in enumerate(choices):
        at = f"choices[{place}]"
        kept.append(clean(each, at, 120, required=True))
        if (first := seen.setdefault(key(each), at)) != at:
            raise RepeatedValue(field=at, value=each, first=first)
    return kept
