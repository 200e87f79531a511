"""What the platform asks of products: its categories, their attributes, its vocabulary for variants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from mekong.channels.socket.publishing import AttributeKind, RemoteAttribute, RemoteCategory, RemoteChoice
from mekong.connectors.shopee.mapping import Word
from mekong.connectors.shopee.mapping.tiers import OPTION


class Category(Struct, frozen=True):
    category_id: Word
    parent_category_id: Word = 0
    original_category_name: Word = ""
    display_category_name: Word = ""
    has_children: bool = False


class Categories(Struct, frozen=True):
    category_list: tuple[Category, ...]


class Spoken(Struct, frozen=True):
    """A name in one language."""

    language: str = ""
    value: Word = ""


class Choice(Struct, frozen=True):
    value_id: Word
    name: Word = ""
    value_unit: Word = ""
    multi_lang: tuple[Spoken, ...] = ()
    child_attribute_list: tuple[Attribute, ...] = ()


class AttributeInfo(Struct, frozen=True):
    """The numbers are those of the platform's guide "Category, attribute, brand": see `_kind`."""

    input_type: int | None = None
    input_validation_type: int | None = None
    format_type: int | None = None
    attribute_unit_list: tuple[Word, ...] = ()
    support_search_value: bool = False


class Attribute(Struct, frozen=True):
    """By the documentation what it is stands in `attribute_info`; live answers have it beside the name as well."""

    attribute_id: Word
    name: Word = ""
    mandatory: bool = False
    attribute_info: AttributeInfo = AttributeInfo()
    input_type: int | None = None
    input_validation_type: int | None = None
    format_type: int | None = None
    attribute_unit_list: tuple[Word, ...] = ()
    support_search_value: bool = False
    attribute_value_list: tuple[Choice, ...] = ()
    multi_lang: tuple[Spoken, ...] = ()

    @property
    def info(self) -> AttributeInfo:
        told = self.attribute_info
        return AttributeInfo(
            told.input_type or self.input_type or _FREE_TEXT,
            told.input_validation_type or self.input_validation_type,
            told.format_type or self.format_type,
            told.attribute_unit_list or self.attribute_unit_list,
            told.support_search_value or self.support_search_value,
        )

    @property
    def is_searched(self) -> bool:
        """Whether it must have one of its values and they are not all told here."""
        return self.mandatory and self.info.support_search_value and self.info.input_type in _CHOSEN


class FoundValue(Struct, frozen=True):
    value_id: Word
    value_name: Word = ""


class PageInfo(Struct, frozen=True):
    cursor: int = 0
    has_next: bool = False


class FoundValues(Struct, frozen=True):
    """A page of the values of an attribute of which the tree tells only some."""

    value_list: tuple[FoundValue, ...] = ()
    page_info: PageInfo = PageInfo()


class AttributeTree(Struct, frozen=True):
    category_id: Word
    attribute_tree: tuple[Attribute, ...] = ()


class AttributeTrees(Struct, frozen=True):
    list: tuple[AttributeTree, ...]


class StandardOption(Struct, frozen=True):
    variation_option_id: int
    variation_option_name: Word = ""


class VariationGroup(Struct, frozen=True):
    variation_group_id: int = 0
    variation_option_list: tuple[StandardOption, ...] = ()


class Variation(Struct, frozen=True):
    variation_id: int
    variation_name: Word = ""
    variation_group_list: tuple[VariationGroup, ...] = ()


class Variations(Struct, frozen=True):
    standardise_variation_list: tuple[Variation, ...] = ()


def categories(said: Categories) -> list[RemoteCategory]:
    """Parents before children; what hangs from a category that is not in the list stands at the top."""
    known = {str(each.category_id) for each in said.category_list}
    below: dict[str, list[Category]] = {}
    for each in said.category_list:
        parent = str(each.parent_category_id)
        below.setdefault(parent if parent in known and parent != str(each.category_id) else "", []).append(each)
    found: list[RemoteCategory] = []
    waiting = [("", each) for each in reversed(below.pop("", []))]
    while waiting:
        parent, each = waiting.pop()
        name = str(each.display_category_name or each.original_category_name)
        found.append(RemoteCategory(str(each.category_id), name, parent, is_leaf=not each.has_children))
        waiting += [(str(each.category_id), child) for child in reversed(below.pop(str(each.category_id), []))]
    return found


def attributes(tree: Sequence[Attribute]) -> list[RemoteAttribute]:
    """The attributes, each followed by those that only some of its values ask for: these are never required."""
    found: dict[str, RemoteAttribute] = {}
    waiting = [(each, True) for each in reversed(tree)]
    while waiting:
        each, is_top = waiting.pop()
        attribute_id = str(each.attribute_id)
        if attribute_id in found or _name(each.name, each.multi_lang).strip().casefold() in _CARRIED:
            continue
        found[attribute_id] = _attribute(each, is_required=is_top and each.mandatory)
        waiting += [(child, False) for value in each.attribute_value_list for child in value.child_attribute_list]
    return list(found.values())


_CARRIED: Final = frozenset({"brand", "thương hiệu"})
"""What a draft carries by itself."""


def _attribute(each: Attribute, *, is_required: bool) -> RemoteAttribute:
    info = each.info
    is_chosen = info.input_type in _CHOSEN
    choices = (
        RemoteChoice(str(one.value_id), _with_unit(_name(one.name, one.multi_lang), str(one.value_unit)))
        for one in each.attribute_value_list
    )
    return RemoteAttribute(
        str(each.attribute_id),
        _name(each.name, each.multi_lang),
        _kind(info),
        is_required=is_required,
        choices=tuple(choices) if is_chosen else (),
        takes_own_words=info.input_type not in _LISTED_ONLY,
        units=tuple(str(unit) for unit in info.attribute_unit_list) if info.format_type == _WITH_UNIT else (),
    )


# Source: Shopee Open Platform, guide 209 (2.2 input_type: 1 SINGLE_DROP_DOWN, 2 SINGLE_COMBO_BOX, 3 FREE_TEXT,
# 4 MULTI_DROP_DOWN, 5 MULTI_COMBO_BOX, own words in 2, 3 and 5; input_validation_type: 1 INT, 3 FLOAT, 4 DATE;
# format_type: 2 QUANTITATIVE_WITH_UNIT).
_FREE_TEXT: Final = 3
_CHOSEN: Final = frozenset({1, 2, 4, 5})
_LISTED_ONLY: Final = frozenset({1, 4})
_SEVERAL: Final = frozenset({4, 5})
_NUMBERS: Final = frozenset({1, 3})
_DATE: Final = 4
_WITH_UNIT: Final = 2


def _kind(info: AttributeInfo) -> AttributeKind:
    if info.input_type in _SEVERAL:
        return AttributeKind.CHOICES
    if info.input_type in _CHOSEN:
        return AttributeKind.CHOICE
    if info.input_validation_type == _DATE:
        return AttributeKind.DATE
    return AttributeKind.NUMBER if info.input_validation_type in _NUMBERS else AttributeKind.TEXT


def options(said: Variations) -> list[RemoteAttribute]:
    """The platform's own vocabulary of what sets variants apart; other names and options are taken as well."""
    return [
        RemoteAttribute(
            f"{OPTION}{each.variation_id}",
            str(each.variation_name),
            AttributeKind.CHOICE,
            is_option=True,
            choices=tuple(
                RemoteChoice(f"{group.variation_group_id}.{one.variation_option_id}", str(one.variation_option_name))
                for group in each.variation_group_list
                for one in group.variation_option_list
            ),
        )
        for each in said.standardise_variation_list
    ]


def _name(name: Word, spoken: Sequence[Spoken]) -> str:
    return next((str(one.value) for one in spoken if one.language.lower() == "vi" and one.value), str(name))


def _with_unit(name: str, unit: str) -> str:
    return name if not unit or name.endswith(unit) else f"{name} {unit}"
