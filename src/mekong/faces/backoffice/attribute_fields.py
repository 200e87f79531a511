"""The attributes that a product's category asks for, as fields of a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import get_language

from mekong.catalog import queries
from mekong.catalog.contracts import AttributeValue, AttributeView
from mekong.faces.backoffice.visit import Visit
from mekong.foundation.text import fold

PREFIX = "attr-"


@dataclass(frozen=True)
class AttributeField:
    """`value`: as it was typed, or as it is shown. `anchor`: its id on the page."""

    attribute: AttributeView
    value: str

    @property
    def name(self) -> str:
        return PREFIX + self.attribute.code

    @property
    def anchor(self) -> str:
        return anchor(self.attribute.code)


def anchor(code: str) -> str:
    """The id of an attribute's field, to be linked to."""
    return PREFIX + re.sub(r"[^a-z0-9]+", "-", fold(code)).strip("-")


def fields(visit: Visit, category: str, values: Mapping[str, str]) -> list[AttributeField]:
    """What the category asks for, in its order, then what else the product says."""
    tree = {each.code: each.id for each in queries.list_categories(actor=visit.actor)}
    asked = queries.list_attributes(actor=visit.actor, category_id=tree[category]) if category in tree else ()
    known = {each.code for each in asked}
    more = queries.list_attributes(actor=visit.actor) if any(values.get(code) for code in values.keys() - known) else ()
    others = [each for each in more if each.code not in known and values.get(each.code)]
    return [AttributeField(each, values.get(each.code, "")) for each in (*asked, *others)]


def shown(attributes: Mapping[str, AttributeValue]) -> dict[str, str]:
    """Stored values as fields show them; decimals with the comma of the reader's language."""
    comma = not (get_language() or "vi").startswith("en")
    texts = {}
    for code, value in attributes.items():
        if isinstance(value, bool):
            texts[code] = "true" if value else "false"
        else:
            text = str(value)
            texts[code] = text.replace(".", ",") if comma and re.fullmatch(r"-?\d+\.\d+", text) else text
    return texts


def typed(visit: Visit) -> dict[str, str]:
    """What stands in the fields of the form, by attribute."""
    return {
        name.removeprefix(PREFIX): visit.posted(name, longest=600)
        for name in visit.request.POST
        if name.startswith(PREFIX)
    }


def values(
    visit: Visit, category: str, typed_in: Mapping[str, str], present: Mapping[str, AttributeValue]
) -> dict[str, AttributeValue]:
    """What the product says of itself after the form: fields that were emptied go, those that were not there stay."""
    kinds = {
        each.attribute.code: each.attribute.kind for each in fields(visit, category, {**typed_in, **shown(present)})
    }
    kept = {code: value for code, value in present.items() if code not in typed_in}
    for code, text in typed_in.items():
        if not text:
            continue
        is_comma = kinds.get(code) == "number" and text.count(",") == 1 and "." not in text
        kept[code] = text.replace(",", ".") if is_comma else text
    return kept
