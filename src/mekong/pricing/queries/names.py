"""Goods by the names people know them by, and by the keys that offers keep: SKUs, codes and brands in, `v12` and `c7` out.

An offer said in names is `{"skus": […], "products": […], "categories": […], "brands": […], "attributes": [{"code": …,
"value": …}], "excluded": {the same}}`; a gift names its `sku`. Everything else of an offer is kept as it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.foundation.actor import SYSTEM
from mekong.foundation.text import fold
from mekong.pricing.errors import PromotionInvalid
from mekong.pricing.shelf import attribute_key, brand_key

KINDS = ("skus", "products", "categories", "brands", "attributes")
NAMED_FIELDS: Mapping[str, str] = {"effect.variant_id": "effect.sku"}
"""Fields of an offer that are called otherwise where it is said in names."""
MOST_NAMED = 5_000
_TRUE = frozenset({"true", "yes", "co", "1"})


class _Known:
    """What the catalogue has, read where it is asked for and once."""

    @cached_property
    def category_ids(self) -> dict[str, int]:
        return {each.code: each.id for each in catalog.list_categories(actor=SYSTEM)}

    @cached_property
    def category_codes(self) -> dict[int, str]:
        return {number: code for code, number in self.category_ids.items()}

    @cached_property
    def brands(self) -> dict[str, str]:
        """By the key under which offers know them."""
        return {brand_key(name): name for name in catalog.list_brands(actor=SYSTEM)}

    @cached_property
    def attributes(self) -> dict[str, Any]:
        return {each.code: each for each in catalog.list_attributes(actor=SYSTEM)}


def keys_of_goods(said: Mapping[str, Any], field: str = "goods", known: _Known | None = None) -> dict[str, list[str]]:
    """Goods said in names as offers keep them.

    Raises: PromotionInvalid naming the first that the catalogue does not have.
    """
    known = known or _Known()
    if unknown := sorted(set(said) - {*KINDS, "excluded"}):
        raise _wrong(f"{field}.{unknown[0]}", "There is no such kind of goods. Use: {known}.", known=", ".join(KINDS))
    kept = _keys(said, field, known)
    found = {
        "items": [*kept["skus"], *kept["products"]], "categories": kept["categories"], "brands": kept["brands"],
        "attributes": kept["attributes"],
    }  # fmt: skip
    excluded = said.get("excluded") or {}
    if unknown := sorted(set(excluded) - set(KINDS)):
        raise _wrong(
            f"{field}.excluded.{unknown[0]}", "There is no such kind of goods. Use: {known}.", known=", ".join(KINDS)
        )
    found["excluded"] = [key for keys in _keys(excluded, f"{field}.excluded", known).values() for key in keys]
    return {name: sorted(set(keys)) for name, keys in found.items() if keys}


def _keys(said: Mapping[str, Any], field: str, known: _Known) -> dict[str, list[str]]:
    named = {kind: list(said.get(kind) or ()) for kind in KINDS}
    for kind, names in named.items():
        if len(names) > MOST_NAMED:
            raise _wrong(f"{field}.{kind}", "At most {most} may be named. Name a category or a brand.", most=MOST_NAMED)
    skus = catalog.variants_by_sku(actor=SYSTEM, skus=set(named["skus"]))
    products = catalog.products_by_code(actor=SYSTEM, codes=set(named["products"]))
    looked_up: dict[str, Mapping[str, str]] = {
        "skus": {sku: f"v{view.id}" for sku, view in skus.items()},
        "products": {code: f"p{number}" for code, number in products.items()},
        "categories": {
            code: f"c{known.category_ids[code]}" for code in named["categories"] if code in known.category_ids
        },
        "brands": {name: brand_key(name) for name in named["brands"] if brand_key(name) in known.brands},
    }
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind, there in looked_up.items():
        for place, name in enumerate(named[kind]):
            if name not in there:
                raise _wrong(f"{field}.{kind}[{place}]", _ABSENT[kind], name=name)
            found[kind].append(there[name])
    for place, each in enumerate(named["attributes"]):
        found["attributes"].append(_attribute_key(each, f"{field}.attributes[{place}]", known))
    return found


_ABSENT = {
    "skus": "There is no SKU {name}. Check it in the catalogue.",
    "products": "There is no product {name}. Check its code in the catalogue.",
    "categories": "There is no category {name}. Check its code under Categories.",
    "brands": "No product has the brand {name}. Check how it is written.",
}


def _attribute_key(said: Mapping[str, Any], field: str, known: _Known) -> str:
    code, value = str(said.get("code", "")), str(said.get("value", "")).strip()
    attribute = known.attributes.get(code)
    if attribute is None:
        raise _wrong(f"{field}.code", "There is no attribute {name}. Use: {known}.", name=code,
                     known=", ".join(known.attributes))  # fmt: skip
    if attribute.kind == "bool":
        return attribute_key(code, fold(value) in _TRUE)
    if attribute.kind == "choice":
        choice = next((each for each in attribute.choices if fold(each) == fold(value)), None)
        if choice is None:
            raise _wrong(f"{field}.value", "Use one of: {known}.", known=", ".join(attribute.choices))
        value = choice
    if not value:
        raise _wrong(f"{field}.value", "Say the value.")
    return attribute_key(code, value)


def keys_of_effect(said: Mapping[str, Any]) -> dict[str, Any]:
    """What an offer gives, said in names, as offers keep it. A gift without a worth is worth its retail price.

    Raises: PromotionInvalid.
    """
    kept, known = dict(said), _Known()
    if isinstance(kept.get("get"), Mapping):
        kept["get"] = keys_of_goods(kept["get"], "effect.get", known)
    if isinstance(kept.get("parts"), list):
        kept["parts"] = [
            {**part, "goods": keys_of_goods(part.get("goods") or {}, f"effect.parts[{place}].goods", known)}
            if isinstance(part, Mapping) else part
            for place, part in enumerate(kept["parts"])
        ]  # fmt: skip
    if kept.get("kind") == "gift":
        sku = str(kept.pop("sku", ""))
        view = catalog.variants_by_sku(actor=SYSTEM, skus=[sku]).get(sku)
        if view is None:
            raise _wrong("effect.sku", _ABSENT["skus"], name=sku)
        kept["variant_id"] = view.id
        kept.setdefault("worth_minor", view.price_minor)
    return kept


def _wrong(field: str, problem: str, **params: Any) -> PromotionInvalid:
    return PromotionInvalid(field=field, problem=problem, **params)


# --- and back ---------------------------------------------------------------------------------------------------------


class Spoken:
    """The names of what some offers are about, read at once: at most four SQL statements however many offers."""

    def __init__(self, offers: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """`offers`: goods and effect of each, as they are kept."""
        keys = {key for goods, effect in offers for key in _all_keys(goods, effect)}
        variants = {int(key[1:]) for key in keys if key[0] == "v"}
        self._variants: Mapping[int, VariantView] = catalog.variants_by_id(actor=SYSTEM, ids=variants)
        products = {int(key[1:]) for key in keys if key[0] == "p"}
        self._products = catalog.products_by_id(actor=SYSTEM, ids=products)
        self._known = _Known()

    def goods(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Goods in names. What the catalogue no longer has is left out."""
        found = self._named(
            key for name in ("items", "categories", "brands", "attributes") for key in kept.get(name, ())
        )
        if excluded := self._named(kept.get("excluded", ())):
            found["excluded"] = excluded
        return found

    def effect(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """What an offer gives, in names."""
        said = dict(kept)
        if "get" in said:
            said["get"] = self.goods(said["get"])
        if "parts" in said:
            said["parts"] = [{**part, "goods": self.goods(part.get("goods", {}))} for part in said["parts"]]
        if "variant_id" in said:
            view = self.variant(said.pop("variant_id"))
            said["sku"] = view.sku if view else ""
        return said

    def variant(self, variant_id: int) -> VariantView | None:
        return self._variants.get(variant_id)

    def _named(self, keys: Iterable[str]) -> dict[str, Any]:
        found: dict[str, list[Any]] = {}
        for key in keys:
            kind, name = self._name(key)
            if name is not None:
                found.setdefault(kind, []).append(name)
        return {kind: found[kind] for kind in KINDS if kind in found}

    def _name(self, key: str) -> tuple[str, Any]:
        letter, rest = key[0], key[1:]
        if letter == "v":
            view = self._variants.get(int(rest))
            return "skus", view.sku if view else None
        if letter == "p":
            row = self._products.get(int(rest))
            return "products", row.code if row else None
        if letter == "c":
            return "categories", self._known.category_codes.get(int(rest))
        if letter == "b":
            return "brands", self._known.brands.get(key, rest)
        code, _, value = rest.partition("=")
        return "attributes", {"code": code, "value": {"True": "true", "False": "false"}.get(value, value)}


def _all_keys(goods: Mapping[str, Any], effect: Mapping[str, Any]) -> Iterator[str]:
    blocks: Sequence[Mapping[str, Any]] = [
        goods, effect.get("get") or {}, *(part.get("goods") or {} for part in effect.get("parts") or ())
    ]  # fmt: skip
    for block in blocks:
        for keys in block.values():
            yield from keys
    if "variant_id" in effect:
        yield f"v{effect['variant_id']}"
