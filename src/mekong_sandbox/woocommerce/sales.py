"""When a sale price holds, as the engine's product and its scheduled sales have it (10.5: to the second).

Both dates are kept after they have passed; a sale that begins or ends changes the product and is told to webhooks.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from mekong_sandbox.woocommerce.gate import Call, wrong_param
from mekong_sandbox.woocommerce.model import Product

if TYPE_CHECKING:
    from mekong_sandbox.woocommerce.market import WooMarket

FORM = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)?)?")
NAMES = ("date_on_sale_from", "date_on_sale_to")


def _moment(sent: dict[str, Any], name: str, ahead_h: float) -> float | None:
    """A date in unix seconds; without a zone it is `ahead_h` ahead of UTC. None: sent empty. Raises: Refused."""
    value = sent[name]
    if value == "":
        return None
    if isinstance(value, str) and FORM.fullmatch(value):
        try:
            parsed = datetime.fromisoformat(value.upper())
        except ValueError:
            raise wrong_param(name, "Invalid date.") from None
        zone = UTC if ahead_h == 0 else timezone(timedelta(hours=ahead_h))
        return float(int((parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).timestamp()))
    raise wrong_param(name, "Invalid date.")


def dates(call: Call, product: Product, sent: dict[str, Any]) -> tuple[float | None, float | None]:
    """Start and end as they will be: by the site's clock, or by UTC under the name with `_gmt`, which wins.

    As in the engine null leaves a date as it is, and an empty text takes it away. Raises: Refused.
    """
    found = [product.sale_from, product.sale_to]
    for place, name in enumerate(NAMES):
        for key, ahead_h in ((name, call.shop.utc_offset_h), (f"{name}_gmt", 0.0)):
            if sent.get(key) is not None:
                found[place] = _moment(sent, key, ahead_h)
    return found[0], found[1]


def _turns(product: Product) -> list[float]:
    """When its sale begins, and when it has ended."""
    ends = None if product.sale_to is None else product.sale_to + 1
    return [due for due in (product.sale_from, ends) if due is not None]


def plan(market: WooMarket, product: Product) -> None:
    """Have the product change when its sale begins and when it has ended; each moment is planned once."""
    for due in _turns(product):
        if due > market.world.clock.now() and (product.id, due) not in market.turns:
            market.turns.add((product.id, due))
            market.world.timers.at(due, partial(_turn, market, product, due))


def _turn(market: WooMarket, product: Product, due: float) -> None:
    market.turns.discard((product.id, due))
    is_there = market.products.get(product.id) is product
    if is_there and due in _turns(product) and product.sale_price is not None:
        market.save_product(product)


def resume(market: WooMarket) -> None:
    """After a restart: plan again what was planned."""
    for product in market.products.values():
        plan(market, product)
