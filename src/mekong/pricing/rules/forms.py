"""Lists and offers as JSON and back: what a table keeps and an API says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from mekong.pricing.contracts.offers import (
    AmountOff,
    Audience,
    BasketAmount,
    BasketPercent,
    Bundle,
    BuyGet,
    DeliveryOff,
    Effect,
    FixedPrice,
    Gift,
    Goods,
    NthItem,
    PercentOff,
    PointsTimes,
    SetPrice,
)

KINDS: Mapping[str, type[Any]] = {
    "percent_off": PercentOff,
    "amount_off": AmountOff,
    "fixed_price": FixedPrice,
    "nth_item": NthItem,
    "set_price": SetPrice,
    "bundle": Bundle,
    "buy_get": BuyGet,
    "basket_percent": BasketPercent,
    "basket_amount": BasketAmount,
    "gift": Gift,
    "delivery_off": DeliveryOff,
    "points_times": PointsTimes,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_GOODS = ("items", "categories", "brands", "attributes", "excluded")
_SETS = ("channels", "locations", "groups", "segments", "tiers", "payments", "deliveries", "weekdays")


_FOLDED = ("groups", "segments")


class Malformed(ValueError):
    """A JSON value that is no offer. `field` names what is wrong, `problem` how (an English sentence, translated by faces)."""

    def __init__(self, field: str, problem: str, **params: Any) -> None:
        super().__init__(field)
        self.field, self.problem, self.params = field, problem, params


def effect_to_json(effect: Effect) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": _NAMES[type(effect)]}
    for each in dataclasses.fields(effect):
        value = getattr(effect, each.name)
        if each.name == "parts":
            value = [{"goods": goods_to_json(goods), "units": units} for goods, units in value]
        elif each.name == "get":
            value = goods_to_json(value)
        found[each.name] = value
    return found


def effect_from_json(said: Mapping[str, Any]) -> Effect:
    """Raises: Malformed naming the field."""
    kind = KINDS.get(str(said.get("kind", "")))
    if kind is None:
        raise Malformed("effect.kind", "Use one of: {known}.", known=", ".join(KINDS))
    given: dict[str, Any] = {}
    fields = {each.name: each for each in dataclasses.fields(kind)}
    if unknown := sorted(set(said) - {"kind"} - set(fields)):
        raise Malformed(
            f"effect.{unknown[0]}", "This effect has no such field. It has: {known}.", known=", ".join(fields)
        )
    for name, each in fields.items():
        if name not in said:
            if each.default is dataclasses.MISSING:
                raise Malformed(f"effect.{name}", "This effect needs it.")
            continue
        value = said[name]
        if name == "parts":
            given[name] = tuple(_part(place, part) for place, part in enumerate(_list(value, "effect.parts")))
        elif name == "get":
            given[name] = goods_from_json(value, "effect.get")
        else:
            given[name] = whole(value, f"effect.{name}")
    made: Effect = kind(**given)
    return made


def _part(place: int, said: Any) -> tuple[Goods, int]:
    field = f"effect.parts[{place}]"
    if not isinstance(said, Mapping):
        raise Malformed(field, "Send goods and units.")
    return goods_from_json(said.get("goods", {}), f"{field}.goods"), whole(said.get("units", 1), f"{field}.units")


def goods_to_json(goods: Goods) -> dict[str, list[str]]:
    return {name: sorted(getattr(goods, name)) for name in _GOODS if getattr(goods, name)}


def goods_from_json(said: Any, field: str = "goods") -> Goods:
    """Raises: Malformed."""
    if not isinstance(said, Mapping):
        raise Malformed(field, "Send goods as an object.")
    if unknown := sorted(set(said) - set(_GOODS)):
        raise Malformed(
            f"{field}.{unknown[0]}", "There is no such kind of goods. Use: {known}.", known=", ".join(_GOODS)
        )
    return Goods(**{name: frozenset(_texts(said[name], f"{field}.{name}")) for name in _GOODS if name in said})


def audience_to_json(audience: Audience) -> dict[str, Any]:
    """Without its dates and whether it needs a voucher, which have columns of their own."""
    found: dict[str, Any] = {name: sorted(getattr(audience, name)) for name in _SETS if getattr(audience, name)}
    if audience.minutes:
        found["minutes"] = [list(span) for span in audience.minutes]
    if audience.birthday_days is not None:
        found["birthday_days"] = audience.birthday_days
    if audience.first_order_only:
        found["first_order_only"] = True
    return found


def audience_from_json(said: Any, **dates: Any) -> Audience:
    """`dates`: what is kept elsewhere (`starts_at`, `ends_at`, `needs_code`). Raises: Malformed."""
    if not isinstance(said, Mapping):
        raise Malformed("audience", "Send it as an object.")
    known = {*_SETS, "minutes", "birthday_days", "first_order_only"}
    if unknown := sorted(set(said) - known):
        raise Malformed(
            f"audience.{unknown[0]}", "There is no such condition. Use: {known}.", known=", ".join(sorted(known))
        )
    found: dict[str, Any] = dict(dates)
    for name in _SETS:
        if name in said:
            values = _list(said[name], f"audience.{name}")
            read = whole if name == "weekdays" else _code if name in _FOLDED else _text
            found[name] = frozenset(read(value, f"audience.{name}[{place}]") for place, value in enumerate(values))
    if "minutes" in said:
        found["minutes"] = tuple(
            _span(place, span) for place, span in enumerate(_list(said["minutes"], "audience.minutes"))
        )
    if said.get("birthday_days") is not None:
        found["birthday_days"] = whole(said["birthday_days"], "audience.birthday_days")
    found["first_order_only"] = bool(said.get("first_order_only", False))
    return Audience(**found)


def _span(place: int, said: Any) -> tuple[int, int]:
    field = f"audience.minutes[{place}]"
    span = _list(said, field)
    if len(span) != 2:
        raise Malformed(field, "Send the first and the last minute of the day.")
    return whole(span[0], field), whole(span[1], field)


def whole(value: Any, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**15:
        raise Malformed(field, "Send a whole number from 0 up.")
    return value


def _list(value: Any, field: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or len(value) > 50_000:
        raise Malformed(field, "Send a list.")
    return value


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200 or "\0" in value:
        raise Malformed(field, "Send a text of 1 to 200 letters.")
    return value


def _code(value: Any, field: str) -> str:
    """A code that people type in many places: capitals make no difference."""
    return _text(value, field).strip().casefold()


def _texts(value: Any, field: str) -> list[str]:
    return [_text(each, f"{field}[{place}]") for place, each in enumerate(_list(value, field))]
