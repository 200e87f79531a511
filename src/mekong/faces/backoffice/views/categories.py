"""The tree of categories, and what each asks of its products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import quote

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import commands, queries
from mekong.catalog.contracts import CategoryAttributeView, CategoryCount, CategoryView
from mekong.catalog.errors import CategoryNotFound
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError
from mekong.inventory import queries as inventory

KINDS = {"text": _("Text"), "number": _("Number"), "choice": _("List of values"), "bool": _("Yes or no")}
PAGE = "/products/categories/"


@dataclass(frozen=True)
class Branch:
    """A line of the tree. `next_code`: the sibling after it."""

    category: CategoryView
    count: CategoryCount
    next_code: str
    parent_code: str
    is_first: bool

    @property
    def depth(self) -> int:
        return len(self.category.path) - 1


def _tree(visit: Visit) -> list[Branch]:
    found, counts = queries.list_categories(actor=visit.actor), queries.category_counts(actor=visit.actor)
    codes = {each.id: each.code for each in found}
    siblings: dict[int | None, list[str]] = {}
    for each in found:
        siblings.setdefault(each.parent_id, []).append(each.code)
    branches = []
    for each in found:
        level = siblings[each.parent_id]
        at = level.index(each.code)
        after = level[at + 1] if at + 1 < len(level) else ""
        above = codes[each.parent_id] if each.parent_id is not None else ""
        branches.append(Branch(each, counts[each.id], after, above, at == 0))
    return branches


@page("catalog.view")
def categories(visit: Visit) -> HttpResponse:
    """The tree, and beside it the category that was chosen."""
    return _show(visit, visit.param("at"))


def _show(visit: Visit, at: str, *, failed: str = "", errors: Errors | None = None, status: int = 200) -> HttpResponse:
    tree = _tree(visit)
    chosen = next((each for each in tree if each.category.code == at), None)
    context: dict[str, Any] = {
        "tree": tree, "chosen": chosen, "may_edit": visit.actor.may("catalog.edit"), "kinds": KINDS,
        "failed": failed, "errors": errors or Errors(), "typed": visit.request.POST,
    }  # fmt: skip
    if chosen is not None:
        asked = queries.category_attributes(actor=visit.actor, category_id=chosen.category.id)
        here = {each.attribute.code for each in asked if each.is_own}
        below = {each.category.id for each in tree if each.category.path[: chosen.depth + 1] == chosen.category.path}
        context |= {
            "asked": asked,
            "others": [each for each in queries.list_attributes(actor=visit.actor) if each.code not in here],
            "elsewhere": [each for each in tree if each.category.id not in below],
            "targets": [each for each in tree if each.category.id != chosen.category.id],
            "children": sum(each.category.parent_id == chosen.category.id for each in tree),
        }
    return visit.render("products/categories.html", context, status=status)


@page("catalog.edit", methods=("POST",))
def act(visit: Visit) -> HttpResponse:
    """One change of the tree or of an attribute set. What is refused says why beside its field, with what was typed."""
    at, wanted = visit.posted("at", longest=64), visit.posted("act", longest=20)
    work = _ACTS.get(wanted)
    if work is None:
        return visit.redirect(PAGE)
    if wanted in ("merge", "delete") and (said := _named_by_controls(at)):
        return _show(visit, at, failed=wanted, errors=Errors(whole=said), status=409)
    try:
        return once(visit, lambda: work(visit, at))
    except MekongError as refused:
        errors = Errors()
        errors.take(refused)
        return _show(visit, at, failed=wanted, errors=errors, status=422)


def _to(code: str, anchor: str = "chosen") -> str:
    return f"{PAGE}?at={quote(code)}#{anchor}" if code else PAGE


def _create(visit: Visit, at: str) -> str:
    made = commands.create_category(
        actor=visit.actor, name=visit.posted("name"), parent=visit.posted("parent"), position=10_000
    )
    # Behind those that are there: positions start anew at the next move.
    commands.move_category(actor=visit.actor, code=made.code, parent=visit.posted("parent"))
    visit.flash(gettext("{name} is created").format(name=made.name))
    return _to(at or made.code)


def _rename(visit: Visit, at: str) -> str:
    commands.rename_category(actor=visit.actor, code=at, name=visit.posted("name"))
    return _to(at)


def _move(visit: Visit, at: str) -> str:
    """To where it was dropped, or where the form says; with a way back to where it was."""
    moved, parent, before = visit.posted("code") or at, visit.posted("parent"), visit.posted("before")
    _move_to(visit, moved, parent, before)
    return _to(at)


def _move_to(visit: Visit, code: str, parent: str, before: str) -> None:
    was = next((each for each in _tree(visit) if each.category.code == code), None)
    made = commands.move_category(actor=visit.actor, code=code, parent=parent, before=before)
    if was is None or (was.parent_code, was.next_code) == (parent, before):
        return
    back = {"act": "move", "at": visit.posted("at"), "code": code, "parent": was.parent_code, "before": was.next_code}
    visit.flash(gettext("{name} is moved").format(name=made.name), undo=(f"{PAGE}act/", back))


def _step(visit: Visit, at: str) -> str:
    """One place up or down among its siblings."""
    tree = _tree(visit)
    here = next((each for each in tree if each.category.code == at), None)
    if here is None:
        raise CategoryNotFound(field="code", key=at)
    level = [each.category.code for each in tree if each.category.parent_id == here.category.parent_id]
    place = level.index(at)
    to = place - 1 if visit.posted("act") == "up" else place + 2
    if to < 0 or (place + 1 == len(level) and visit.posted("act") == "down"):
        return _to(at)
    commands.move_category(
        actor=visit.actor, code=at, parent=here.parent_code, before=level[to] if to < len(level) else ""
    )
    return _to(at)


def _merge(visit: Visit, at: str) -> str:
    into = visit.posted("into")
    merged = commands.merge_categories(actor=visit.actor, code=at, into=into, now=visit.now)
    visit.flash(gettext("Merged into {name}").format(name=merged.name))
    return _to(merged.code)


def _delete(visit: Visit, at: str) -> str:
    into = visit.posted("into")
    commands.delete_category(actor=visit.actor, code=at, into=into, now=visit.now)
    visit.flash(gettext("Category deleted"))
    return _to(into)


def _named_by_controls(code: str) -> str:
    """Why a category cannot go: stock controls name it, and without it would hold nothing back any more."""
    named = sum(
        control.target == code and control.scope in ("category", "exclusion")
        for control in inventory.list_controls(actor=SYSTEM)
    )
    if not named:
        return ""
    return ngettext(
        "{n} stock control names this category. Change or remove it under Stock › Controls first.",
        "{n} stock controls name this category. Change or remove them under Stock › Controls first.",
        named,
    ).format(n=named)


# --- attribute sets ---------------------------------------------------------------------------------------------------


def _own(visit: Visit, code: str) -> list[tuple[str, bool]]:
    category = next((each for each in queries.list_categories(actor=visit.actor) if each.code == code), None)
    if category is None:
        raise CategoryNotFound(field="code", key=code)
    asked: Sequence[CategoryAttributeView] = queries.category_attributes(actor=visit.actor, category_id=category.id)
    return [(each.attribute.code, each.attribute.is_required) for each in asked if each.is_own]


def _set(visit: Visit, at: str, change: Callable[[list[tuple[str, bool]], int], list[tuple[str, bool]]]) -> str:
    """Change the set at the attribute that the form names."""
    own, named = _own(visit, at), visit.posted("attribute", longest=60)
    place = next((place for place, (code, _) in enumerate(own) if code == named), -1)
    commands.set_category_attributes(actor=visit.actor, code=at, attributes=change(own, place))
    return _to(at, "attributes")


def _attribute_add(visit: Visit, at: str) -> str:
    named, is_required = visit.posted("attribute", longest=60), bool(visit.posted("required"))
    return _set(visit, at, lambda own, place: own if place >= 0 else [*own, (named, is_required)])


def _attribute_remove(visit: Visit, at: str) -> str:
    return _set(visit, at, lambda own, place: own if place < 0 else [*own[:place], *own[place + 1 :]])


def _attribute_required(visit: Visit, at: str) -> str:
    is_required = visit.posted("required") == "1"

    def turned(own: list[tuple[str, bool]], place: int) -> list[tuple[str, bool]]:
        return [(code, is_required if each == place else was) for each, (code, was) in enumerate(own)]

    return _set(visit, at, turned)


def _attribute_step(visit: Visit, at: str) -> str:
    by = -1 if visit.posted("act") == "attribute-up" else 1

    def stepped(own: list[tuple[str, bool]], place: int) -> list[tuple[str, bool]]:
        if place >= 0 and 0 <= place + by < len(own):
            own[place], own[place + by] = own[place + by], own[place]
        return own

    return _set(visit, at, stepped)


def _choices(visit: Visit) -> list[str]:
    return [line.strip() for line in visit.posted("choices").splitlines() if line.strip()]


def _attribute_new(visit: Visit, at: str) -> str:
    own = _own(visit, at)
    kind = cast("Literal['text', 'number', 'choice', 'bool']", visit.posted("kind"))
    made = commands.create_attribute(
        actor=visit.actor, name=visit.posted("name"), kind=kind, unit=visit.posted("unit") if kind == "number" else "",
        choices=_choices(visit) if kind == "choice" else (),
    )  # fmt: skip
    wanted = [*own, (made.code, bool(visit.posted("required")))]
    commands.set_category_attributes(actor=visit.actor, code=at, attributes=wanted)
    visit.flash(gettext("{name} is created").format(name=made.name))
    return _to(at, "attributes")


def _attribute_edit(visit: Visit, at: str) -> str:
    code = visit.posted("attribute", longest=60)
    known = next((each for each in queries.list_attributes(actor=visit.actor) if each.code == code), None)
    is_choice = known is not None and known.kind == "choice"
    name, unit = visit.posted("name"), visit.posted("unit")
    if is_choice:
        commands.update_attribute(actor=visit.actor, code=code, name=name, choices=_choices(visit))
    else:
        commands.update_attribute(actor=visit.actor, code=code, name=name, unit=unit)
    return _to(at, "attributes")


_ACTS: dict[str, Callable[[Visit, str], str]] = {
    "create": _create, "rename": _rename, "move": _move, "up": _step, "down": _step, "merge": _merge,
    "delete": _delete, "attribute-add": _attribute_add, "attribute-remove": _attribute_remove,
    "attribute-required": _attribute_required, "attribute-up": _attribute_step, "attribute-down": _attribute_step,
    "attribute-new": _attribute_new, "attribute-edit": _attribute_edit,
}  # fmt: skip
