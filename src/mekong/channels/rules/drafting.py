"""How a product of ours becomes a platform's draft: pure, so that a preview and what is sent are one and the same.

What is missing is collected, not raised: a person is to see all of it at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from mekong.catalog.contracts import AttributeView, ProductView, VariantView
from mekong.channels.contracts import Completeness
from mekong.channels.contracts.publishing import AttributeRule, Gap
from mekong.channels.socket.publishing import (
    AttributeKind,
    Draft,
    DraftOption,
    DraftVariant,
    RemoteAttribute,
    RemoteChoice,
    Value,
)
from mekong.foundation.text import fold

_YES = frozenset(("true", "co", "yes", "1", "dung"))


@dataclass(frozen=True)
class Wanted:
    """All that is known of a product on its way to a channel.

    `category_id`: the platform's, None while ours is not mapped. `own`: our attributes by code. `prices`: by variant id,
    None where no price is known in the channel's currency. `model_ids`: of variants that are listed already.
    `pictures`: what the platform calls the product's, in order; `picture_of`: those of single variants.
    """

    product: ProductView
    currency: str
    category_id: str | None
    needs_category: bool
    asked: Sequence[RemoteAttribute]
    rules: Mapping[str, AttributeRule]
    own: Mapping[str, AttributeView]
    prices: Mapping[int, int | None]
    barcodes: Mapping[int, str]
    is_shown: bool = True
    model_ids: Mapping[int, str] | None = None
    pictures: Sequence[str] = ()
    picture_of: Mapping[int, str] | None = None


@dataclass(frozen=True)
class Drafted:
    """`draft` is whole where there are no `gaps`, else as far as it could be made."""

    draft: Draft
    gaps: tuple[Gap, ...]


def found_rule(
    asked: RemoteAttribute, own: Mapping[str, AttributeView], options: Sequence[str]
) -> AttributeRule | None:
    """The rule that names speak for: an attribute or an option of ours that is called as the platform's is."""
    name = fold(asked.name)
    if asked.is_option:
        option = next((each for each in options if fold(each) == name), None)
        return AttributeRule("option", option) if option is not None else None
    attribute = next((each for each in own.values() if fold(each.name) == name or fold(each.code) == name), None)
    return AttributeRule("attribute", attribute.code) if attribute is not None else None


def draft(wanted: Wanted) -> Drafted:
    """The draft of a product, and all that is missing for it."""
    product = wanted.product
    on_sale = [each for each in product.variants if each.status == "active"]
    if not wanted.is_shown:  # what is in the archive is taken off sale with the variants it had
        on_sale = on_sale or list(product.variants)
    gaps = [
        Gap("currency", {"sku": each.sku, "currency": wanted.currency})
        for each in on_sale
        if wanted.prices.get(each.id) is None
    ]
    if wanted.category_id is None and wanted.needs_category:
        gaps.insert(0, Gap("not_mapped", {"category": product.category_name}))
    if not on_sale:
        gaps.append(Gap("no_variant"))
    options = _options(wanted, gaps)
    made = Draft(
        code=product.code,
        category_id=wanted.category_id or "",
        name=product.name,
        description=product.description,
        variants=tuple(_variant(wanted, each, options, gaps) for each in on_sale),
        currency=wanted.currency,
        options=tuple(option for option, _ in options),
        attributes=_attributes(wanted, gaps),
        pictures=tuple(wanted.pictures),
        brand=product.brand,
        is_shown=wanted.is_shown,
    )
    if len({tuple(each.values) for each in made.variants}) < len(made.variants):
        gaps.append(Gap("duplicate_options"))
    return Drafted(made, tuple(_once(gaps)))


def gaps_of(ready: Completeness) -> tuple[Gap, ...]:
    """What a platform requires of every product and this one lacks. Attributes of our own categories are our matter."""
    return tuple(
        Gap(each.fact, {"has": each.has, **_bounds(each.least, each.most)})
        for each in ready.lacking
        if each.is_required and each.fact not in ("category", "attributes")
    )


def digest(made: Draft) -> str:
    """Two drafts with one digest look alike on the platform. Prices are the reconciler's, and the platform's own names
    for variants are not looks: neither is part of it."""
    told = asdict(replace(made, variants=[replace(each, price_minor=0, model_id="") for each in made.variants]))
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _bounds(least: int | None, most: int | None) -> dict[str, int]:
    return {name: bound for name, bound in (("least", least), ("most", most)) if bound is not None}


def _once(gaps: Sequence[Gap]) -> list[Gap]:
    """Gaps said once each, in order."""
    seen: dict[str, Gap] = {}
    for each in gaps:
        seen.setdefault(json.dumps([each.what, dict(each.params)], sort_keys=True), each)
    return list(seen.values())


# --- options and variants ---------------------------------------------------------------------------------------------

_Option = tuple[DraftOption, RemoteAttribute | None]


def _options(wanted: Wanted, gaps: list[Gap]) -> list[_Option]:
    """Each option of the product with the platform's attribute it goes to, where the platform has such."""
    product = wanted.product
    sets_apart = [each for each in wanted.asked if each.is_option]
    taken: set[str] = set()
    found: list[_Option] = []
    for name in product.options:
        target = next(
            (
                each
                for each in sets_apart
                if each.id not in taken and _is_for(_rule(wanted, each), name)
            ),
            None,
        )  # fmt: skip
        if target is None and sets_apart and not any(each.takes_own_words and not each.choices for each in sets_apart):
            names = ", ".join(each.name for each in sets_apart)
            gaps.append(Gap("option_unmapped", {"option": name, "known": names}))
        if target is not None:
            taken.add(target.id)
        found.append((DraftOption(name, target.id if target else ""), target))
    for each in sets_apart:
        if each.is_required and each.id not in taken and not product.options:
            rule = wanted.rules.get(each.id)
            if rule is None or rule.source != "fixed":
                gaps.append(Gap("attribute_missing", {"attribute": each.name}))
    return found


def _is_for(rule: AttributeRule | None, option: str) -> bool:
    return rule is not None and rule.source == "option" and fold(rule.key) == fold(option)


def _rule(wanted: Wanted, asked: RemoteAttribute) -> AttributeRule | None:
    return wanted.rules.get(asked.id) or found_rule(asked, wanted.own, wanted.product.options)


def _variant(wanted: Wanted, each: VariantView, options: Sequence[_Option], gaps: list[Gap]) -> DraftVariant:
    values = []
    for (_, target), text in zip(options, each.option_values, strict=True):
        said = _value(target, text, wanted.rules.get(target.id)) if target is not None else Value(text)
        if said is None and target is not None:
            gaps.append(Gap("choice_unknown", {"attribute": target.name, "value": text}))
        values.append(said or Value(text))
    return DraftVariant(
        sku=each.sku,
        price_minor=wanted.prices.get(each.id) or 0,
        values=tuple(values),
        barcode=wanted.barcodes.get(each.id, ""),
        weight_g=each.weight_g,
        length_mm=each.length_mm,
        width_mm=each.width_mm,
        height_mm=each.height_mm,
        picture=(wanted.picture_of or {}).get(each.id, ""),
        model_id=(wanted.model_ids or {}).get(each.id, ""),
    )


# --- attributes -------------------------------------------------------------------------------------------------------


def _attributes(wanted: Wanted, gaps: list[Gap]) -> dict[str, tuple[Value, ...]]:
    answered: dict[str, tuple[Value, ...]] = {}
    for asked in wanted.asked:
        if asked.is_option and wanted.product.options:
            continue
        rule = _rule(wanted, asked)
        texts = _texts(wanted, rule, is_list=asked.kind is AttributeKind.CHOICES)
        values = [(text, _value(asked, text, rule)) for text in texts]
        for text, value in values:
            if value is None:
                gaps.append(Gap("choice_unknown", {"attribute": asked.name, "value": text}))
        known = tuple(value for _, value in values if value is not None)
        if known:
            answered[asked.id] = known
        elif asked.is_required and not values and not asked.is_option:
            gaps.append(Gap("attribute_missing", {"attribute": asked.name}))
    return answered


def _texts(wanted: Wanted, rule: AttributeRule | None, *, is_list: bool) -> list[str]:
    """Our words for an attribute, as people would say them; several, where the platform takes several."""
    if rule is None or rule.source == "option":
        return []
    if rule.source == "fixed":
        texts = [text for text in rule.values if text]
        return texts if is_list else texts[:1]
    value = wanted.product.attributes.get(rule.key)
    if isinstance(value, bool):
        return ["true" if value else "false"]
    text = "" if value is None else str(value)
    own = wanted.own.get(rule.key)
    if is_list and own is not None and own.kind == "text":
        return [part.strip() for part in text.split(",") if part.strip()]
    return [text] if text else []


def _value(asked: RemoteAttribute | None, text: str, rule: AttributeRule | None) -> Value | None:
    """Our words as the platform takes them; None where it takes only choices and has none for them."""
    if asked is None:
        return Value(text)
    unit = (rule.unit if rule else "") or (asked.units[0] if asked.units else "")
    choice = _choice(asked, text, rule)
    if choice is not None:
        return Value(choice.name, choice.id, unit)
    if asked.kind is AttributeKind.BOOL:
        return Value("true" if fold(text) in _YES else "false", unit=unit)
    if asked.takes_own_words or not asked.choices:
        return Value(text, unit=unit)
    return None


def _choice(asked: RemoteAttribute, text: str, rule: AttributeRule | None) -> RemoteChoice | None:
    said = {fold(ours): theirs for ours, theirs in rule.choices.items()} if rule else {}
    wanted_id = said.get(fold(text))
    if wanted_id is not None:
        return next((each for each in asked.choices if each.id == wanted_id), None)
    return next((each for each in asked.choices if fold(each.name) == fold(text)), None)
