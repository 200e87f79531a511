"""Why an order costs what it does, as it was priced when it was placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from mekong.faces.price_words import reason_words
from mekong.orders.contracts import OrderView
from mekong.pricing.contracts.quote import Reason


@dataclass(frozen=True)
class Why:
    """Sentences: `lines` by line of the order, `whole` on all of it. Empty where every price is the catalogue's."""

    lines: Mapping[int, Sequence[str]]
    whole: Sequence[str]


def why(found: OrderView) -> Why:
    lines: dict[int, list[str]] = {}
    whole: list[str] = []
    for kind, line, amount, source, name in found.priced.get("reasons", ()):
        text = reason_words(Reason(kind, line, amount, source, name), found.currency)
        (whole if line is None else lines.setdefault(line, [])).append(text)
    whole += [gettext("Gift of “{name}”").format(name=gift[3]) for gift in found.priced.get("gifts", ())]
    return Why(lines, whole)
