"""Which category of a platform ours is, and how what the platform asks there is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mekong.catalog import queries as catalog
from mekong.channels.commands.publishing import turn_publications
from mekong.channels.contracts.publishing import AttributeRule, CategoryMappingView
from mekong.channels.errors import CategoryNotRead, ChannelInvalid
from mekong.channels.models import CategoryMapping, Channel, PlatformCategory, Publication
from mekong.channels.queries.publishing import (
    asked_of,
    find_category,
    find_publisher,
    get_mapping,
    mapping_of,
    platform_category,
)
from mekong.channels.socket.publishing import RemoteAttribute, RemoteCategory
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.text import fold

_MOST_VALUES = 20
_LONGEST_VALUE = 500


@command
def store_categories(*, actor: Actor, channel: str, categories: Sequence[RemoteCategory], now: datetime) -> int:
    """Keep a platform's tree as it was told just now; what it no longer has is forgotten. Returns how many there are.

    Raises: MayNot, ChannelNotFound, CannotDo.
    """
    actor.require("channels.manage")
    row = find_publisher(channel)
    names = {each.id: each for each in categories}
    rows = []
    for position, each in enumerate(categories):
        path = _path(each, names)
        rows.append(
            PlatformCategory(
                channel=row, external_id=each.id[:120], parent_external_id=each.parent_id[:120], path=path,
                found_by=fold(" ".join(path))[:1200], is_leaf=each.is_leaf, position=position, read_at=now,
            )
        )  # fmt: skip
    PlatformCategory.objects.bulk_create(
        rows,
        batch_size=2_000,
        update_conflicts=True,
        unique_fields=["channel", "external_id"],
        update_fields=["parent_external_id", "path", "found_by", "is_leaf", "position", "read_at"],
    )
    PlatformCategory.objects.filter(channel=row, read_at__lt=now).delete()
    return len(names)


def _path(category: RemoteCategory, names: Mapping[str, RemoteCategory]) -> list[str]:
    """Names from the top. A platform whose tree goes round in a circle is cut where it closes."""
    path, seen = [category.name[:200]], {category.id}
    above = names.get(category.parent_id)
    while above is not None and above.id not in seen:
        seen.add(above.id)
        path.append(above.name[:200])
        above = names.get(above.parent_id)
    return path[::-1]


@command
def store_attributes(
    *, actor: Actor, channel: str, external_id: str, attributes: Sequence[RemoteAttribute], now: datetime
) -> None:
    """Keep what a platform asks of products in one of its categories. Raises: MayNot, ChannelNotFound, CannotDo."""
    actor.require("channels.manage")
    PlatformCategory.objects.filter(channel=find_publisher(channel), external_id=external_id).update(
        attributes=msgspec.to_builtins(list(attributes)), attributes_at=now
    )


@command
def map_category(*, actor: Actor, channel: str, category: str, external_id: str, now: datetime) -> CategoryMappingView:
    """Say which of a platform's categories ours is; "" takes the mapping away. Those below go along.

    Rules for attributes stay where the platform's category stays the same. What is waiting for it is sent.
    Raises: MayNot, ChannelNotFound, CannotDo, CategoryNotRead, ChannelInvalid (no such category, or none for products).
    """
    actor.require("channels.manage")
    row = find_publisher(channel)
    ours = find_category(category)
    if external_id:
        _check_leaf(row, external_id)
        made, is_new = CategoryMapping.objects.select_for_update().get_or_create(
            channel=row, category=ours.code, defaults={"external_id": external_id}
        )
        if not is_new and made.external_id != external_id:
            made.external_id, made.rules = external_id, {}
            made.save()
    else:
        CategoryMapping.objects.filter(channel=row, category=ours.code).delete()
    _turn_category(row, ours.code, now)
    return get_mapping(actor=actor, channel=channel, category=category)


def _check_leaf(row: Channel, external_id: str) -> None:
    known = platform_category(row, external_id)
    if known is None and not PlatformCategory.objects.filter(channel=row).exists():
        raise CategoryNotRead(channel=row.name)
    if known is None:
        problem = "{platform} has no category {external_id}. Choose one of its categories, or read them again."
        raise ChannelInvalid(field="external_id", problem=problem, platform=row.name, external_id=external_id)
    if not known.is_leaf:
        problem = "“{name}” has categories below it, and {platform} takes products only there. Choose one of them."
        raise ChannelInvalid(field="external_id", problem=problem, platform=row.name, name=str(known))


@command
def set_attribute_rules(
    *, actor: Actor, channel: str, category: str, rules: Mapping[str, AttributeRule | None], now: datetime
) -> CategoryMappingView:
    """Say how what a platform asks is answered for one of our categories: by the platform's attribute id; None takes a
    rule away. Others stay. A category that goes along with one above gets a mapping of its own first.

    Raises: MayNot, ChannelNotFound, CannotDo, ChannelInvalid (`rules.ID…` names what is wrong).
    """
    actor.require("channels.manage")
    row = find_publisher(channel)
    ours = find_category(category)
    mapping = CategoryMapping.objects.select_for_update().filter(channel=row, category=ours.code).first()
    if mapping is None:
        above = mapping_of(row, ours.id)
        if above is None:
            problem = "“{name}” is not mapped yet. Choose the platform's category first."
            raise ChannelInvalid(field="category", problem=problem, name=ours.name)
        mapping = CategoryMapping(
            channel=row, category=ours.code, external_id=above.external_id, rules=dict(above.rules)
        )
    asked = {each.id: each for each in asked_of(platform_category(row, mapping.external_id))}
    own = {each.code for each in catalog.list_attributes(actor=SYSTEM)}
    for name, rule in rules.items():
        if rule is None:
            mapping.rules.pop(name, None)
        else:
            _check_rule(name, rule, asked, own)
            mapping.rules[name] = msgspec.to_builtins(rule)
    mapping.save()
    _turn_category(row, ours.code, now)
    return get_mapping(actor=actor, channel=channel, category=category)


def _check_rule(name: str, rule: AttributeRule, asked: Mapping[str, RemoteAttribute], own: set[str]) -> None:
    def wrong(part: str, problem: str, **params: Any) -> ChannelInvalid:
        return ChannelInvalid(field=f"rules.{name}{part}", problem=problem, **params)

    target = asked.get(name)
    if target is None:
        raise wrong("", problem="The platform asks nothing of this name here.")
    if rule.source == "attribute" and rule.key not in own:
        raise wrong(".key", problem="There is no attribute “{key}” in the catalogue.", key=rule.key)
    if rule.source == "option" and not rule.key.strip():
        raise wrong(".key", problem="Name the option it comes from.")
    if rule.source == "fixed" and not any(value.strip() for value in rule.values):
        raise wrong(".values", problem="Give a value.")
    if len(rule.values) > _MOST_VALUES or any(len(value) > _LONGEST_VALUE for value in rule.values):
        raise wrong(
            ".values", problem="At most {most} values of {letters} letters.", most=_MOST_VALUES, letters=_LONGEST_VALUE
        )
    if rule.unit and rule.unit not in target.units:
        raise wrong(".unit", problem="Choose one of: {known}.", known=", ".join(target.units) or "–")
    known = {each.id for each in target.choices}
    if any(choice not in known for choice in rule.choices.values()):
        raise wrong(".choices", problem="Choose among what the platform offers.")
    if rule.source == "fixed" and target.choices and not target.takes_own_words:
        names = {fold(each.name) for each in target.choices}
        if any(fold(value) not in names for value in rule.values):
            raise wrong(".values", problem="Choose among what the platform offers.")


def _turn_category(row: Channel, code: str, now: datetime) -> None:
    """Look again at what is published of a category and those below it."""
    tree = catalog.list_categories(actor=SYSTEM)
    below: set[int] = set()
    for each in tree:
        if each.code == code or each.parent_id in below:
            below.add(each.id)
    turn_publications(
        Publication.objects.filter(channel=row, product__category_id__in=below, follows=True), row.code, now
    )
