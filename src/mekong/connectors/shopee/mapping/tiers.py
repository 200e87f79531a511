"""What sets the variants of an item apart: its tiers, and which model stands for which variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket.publishing import Draft, DraftVariant, Value
from mekong.connectors.shopee.mapping import Word, products

OPTION: Final = "variation:"
"""How the attributes of a category that set variants apart are told from the others: their ids begin so."""


class Image(products.Image, frozen=True):
    image_id: Word = ""


class SpokenOption(products.Option, frozen=True):
    image: Image = Image()


class SpokenTier(products.Tier, frozen=True):
    name: Word = ""
    option_list: tuple[SpokenOption, ...] = ()


class StandardOption(Struct, frozen=True):
    """An option by the platform's own vocabulary; 0 is one in the seller's words."""

    variation_option_id: int = 0
    variation_option_name: Word = ""
    image_id: Word = ""
    image_url: str = ""


class StandardTier(Struct, frozen=True):
    variation_id: int = 0
    variation_group_id: int = 0
    variation_name: Word = ""
    variation_option_list: tuple[StandardOption, ...] = ()


class Size(Struct, frozen=True):
    """Of a parcel, in centimetres."""

    package_length: Decimal = Decimal(0)
    package_width: Decimal = Decimal(0)
    package_height: Decimal = Decimal(0)


class Model(products.Model, frozen=True):
    weight: Decimal | None = None
    dimension: Size | None = None


class Models(products.Models, frozen=True):
    tier_variation: tuple[SpokenTier, ...] = ()
    standardise_tier_variation: tuple[StandardTier, ...] = ()
    model: tuple[Model, ...] = ()


@dataclass(frozen=True)
class Option:
    text: str
    id: int = 0
    image_id: str = ""


@dataclass(frozen=True)
class Tier:
    name: str
    id: int = 0
    group_id: int = 0
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Place:
    """A variant, where it stands in the tiers, and the model that is it already."""

    variant: DraftVariant
    index: tuple[int, ...]
    model: Model | None = None


@dataclass(frozen=True)
class Plan:
    """`gone`: ids of models that no variant is any more. `is_moved`: tiers or places are not as they stand there."""

    tiers: tuple[Tier, ...]
    places: tuple[Place, ...]
    gone: tuple[int, ...]
    is_moved: bool

    @property
    def kept(self) -> list[tuple[Place, Model]]:
        return [(place, place.model) for place in self.places if place.model is not None]

    @property
    def new(self) -> list[Place]:
        return [place for place in self.places if place.model is None]


def planned(draft: Draft, models: Models) -> Plan:
    """The draft's variants laid over what stands. Options that stay keep their order; new ones come after them."""
    standing = _standing(models)
    wanted = tuple(
        _tier(draft, at, standing[at] if at < len(standing) else Tier("")) for at in range(len(draft.options))
    )
    if wanted:
        wanted = (_pictured(draft, wanted[0]), *wanted[1:])
    left = {int(model.model_id): model for model in models.model}
    places = []
    for variant in draft.variants:
        model = _model_of(variant, left)
        if model is not None:
            del left[int(model.model_id)]
        index = (
            tuple(_position(value, tier) for value, tier in zip(variant.values, wanted, strict=True)) if wanted else ()
        )
        places.append(Place(variant, index, model))
    is_moved = not _same(standing, wanted, models) or any(
        place.model is not None and place.model.tier_index != place.index for place in places
    )
    return Plan(wanted, tuple(places), tuple(left), is_moved)


def _standing(models: Models) -> tuple[Tier, ...]:
    if models.standardise_tier_variation:
        return tuple(
            Tier(
                str(tier.variation_name),
                tier.variation_id,
                tier.variation_group_id,
                tuple(
                    Option(str(one.variation_option_name), one.variation_option_id, str(one.image_id))
                    for one in tier.variation_option_list
                ),
            )
            for tier in models.standardise_tier_variation
        )
    return tuple(
        Tier(
            str(tier.name),
            options=tuple(Option(str(one.option), 0, str(one.image.image_id)) for one in tier.option_list),
        )
        for tier in models.tier_variation
    )


def _tier(draft: Draft, at: int, now: Tier) -> Tier:
    """One tier as it is to be. Words that differ from the platform's by capitals alone stay the platform's."""
    option = draft.options[at]
    is_standard = option.attribute_id.startswith(OPTION)
    values = list({_key(variant.values[at]): variant.values[at] for variant in draft.variants}.values())
    kept = [one for one in now.options if any(_is(value, one) for value in values)]
    fresh = [value for value in values if not any(_is(value, one) for one in kept)]
    groups = [group for value in values if is_standard and (group := _ids(value)[0])]
    return Tier(
        now.name if now.name.casefold() == option.name.casefold() else option.name,
        number(option.attribute_id.removeprefix(OPTION)) if is_standard else 0,
        next(iter(groups), 0),
        (*kept, *(Option(value.text, _ids(value)[1] if is_standard else 0) for value in fresh)),
    )


def _pictured(draft: Draft, tier: Tier) -> Tier:
    """With the pictures of the variants: where one option of the first tier has one, the platform wants all to."""
    said = {
        at: variant.picture
        for variant in reversed(draft.variants)
        for at, one in enumerate(tier.options)
        if variant.picture and _is(variant.values[0], one)
    }
    if not said:
        return tier
    lead = next(iter(draft.pictures), "")
    options = (replace(one, image_id=said.get(at) or one.image_id or lead) for at, one in enumerate(tier.options))
    return replace(tier, options=tuple(options))


def _model_of(variant: DraftVariant, left: dict[int, Model]) -> Model | None:
    named = left.get(number(variant.model_id)) if variant.model_id else None
    return named or next((one for one in left.values() if variant.sku and str(one.model_sku) == variant.sku), None)


def _position(value: Value, tier: Tier) -> int:
    return next(at for at, one in enumerate(tier.options) if _is(value, one))


def _same(standing: Sequence[Tier], wanted: Sequence[Tier], models: Models) -> bool:
    """Ids are compared where the platform tells them, pictures where it names the one an option has."""
    if len(standing) != len(wanted):
        return False
    return all(
        now.name == tier.name
        and (not models.standardise_tier_variation or now.id == tier.id)
        and len(now.options) == len(tier.options)
        and all(
            old.text == new.text and (old.image_id == new.image_id or _is_only_shown(models, at, place))
            for place, (old, new) in enumerate(zip(now.options, tier.options, strict=True))
        )
        for at, (now, tier) in enumerate(zip(standing, wanted, strict=True))
    )


def _is_only_shown(models: Models, at: int, place: int) -> bool:
    """Whether the platform shows a picture of an option without naming its id."""
    if models.standardise_tier_variation:
        one = models.standardise_tier_variation[at].variation_option_list[place]
        return bool(one.image_url) and not one.image_id
    image = models.tier_variation[at].option_list[place].image
    return bool(image.image_url) and not image.image_id


def _key(value: Value) -> str:
    return value.choice_id or value.text.strip().casefold()


def _is(value: Value, one: Option) -> bool:
    option_id = _ids(value)[1]
    return one.id == option_id if option_id and one.id else one.text.strip().casefold() == value.text.strip().casefold()


def _ids(value: Value) -> tuple[int, int]:
    """Group and option of a choice, as `list_attributes` names it: "group.option"."""
    group, _, option = value.choice_id.partition(".")
    return number(group), number(option)


def number(text: str) -> int:
    """An id of the platform; 0, which no id is, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0


_LONGEST: Final = 19
