from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from mekong.catalog.commands.create_category import check_choices
from mekong.catalog.contracts import KEEP, AttributeView, Keep
from mekong.catalog.errors import AttributeNotFound, BadChoice, ChoiceInUse, Missing
from mekong.catalog.models import Attribute
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules.words import clean
from mekong.foundation.actor import Actor
from mekong.foundation.command import command


@command
def update_attribute(
    *,
    actor: Actor,
    code: str,
    name: str | Keep = KEEP,
    choices: Sequence[str] | Keep = KEEP,
    unit: str | Keep = KEEP,
) -> AttributeView:
    """Change what an attribute is called, its unit, or the values to choose from. Its kind stays. Safe to repeat.

    Raises: MayNot, AttributeNotFound, Missing, TooLong, UnstorableText, RepeatedValue, BadChoice (values of an
        attribute that is no choice), ChoiceInUse (a value that products have is left out).
    """
    actor.require("catalog.edit")
    found = None if "\0" in code else Attribute.objects.select_for_update().filter(code=code).first()
    if found is None:
        raise AttributeNotFound(field="code", key=code)
    if name is not KEEP:
        found.name = clean(name, "name", 120, required=True)
    if unit is not KEEP:
        found.unit = clean(unit, "unit", 20)
    if choices is not KEEP:
        if found.kind != "choice":
            raise BadChoice(field="choices", value=", ".join(choices), allowed="–")
        if not choices:
            raise Missing(field="choices")
        kept = check_choices(choices)
        _refuse_lost_values(found, set(kept))
        found.choices = kept
    found.save()
    kind = cast("Literal['text', 'number', 'choice', 'bool']", found.kind)
    return AttributeView(found.code, found.name, kind, tuple(found.choices), found.unit)


def _refuse_lost_values(attribute: Attribute, kept: set[str]) -> None:
    """Raises: ChoiceInUse."""
    for value in [each for each in attribute.choices if each not in kept]:
        having = {"code": attribute.code, "value": value}
        products = fetch("select count(*) from catalog_product where attributes ->> %(code)s = %(value)s", having)[0][0]
        if products:
            raise ChoiceInUse(field="choices", value=value, products=products)
