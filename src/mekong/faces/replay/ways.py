"""How an invoice becomes an order: asked of the order book as the web shop does, or bought as a shopper."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.channels.contracts import ChannelView
from mekong.faces.replay.contracts import REPLAYER
from mekong.faces.replay.errors import UnknownWay
from mekong.faces.replay.lines import CURRENCY
from mekong.faces.replay.plan import Sale, Way
from mekong.foundation.actor import Actor
from mekong.foundation.errors import Rejected, Unavailable
from mekong.inventory.errors import HoldExpired
from mekong.orders import commands as orders

_DONG_ONLY = frozenset({"tiki"})
"""Platforms whose orders are in đồng alone: the histories here are in pounds."""
_SHOWN_IN_DEMO = frozenset({"shopee", "lazada"})
"""Whose shops of the demo list what the history sells. On others it is listed once one of them is named."""
OWN_KINDS = frozenset({"web", "store", "phone", "social"})
MOST_LINES = 2000
"""Of one order, as `POST /api/v1/orders` and the platforms' test purchases take them."""
MOST_ROWS = 100
"""Units of one order on a platform that keeps a row for each unit (Lazada): larger invoices take another way."""
_ROW_KINDS = frozenset({"lazada"})
_TRIES = 6
_SOLD_OUT_FOR_S = 90.0
"""How long a platform may show less than we have, while its figure is on the way to it."""


class Refusal(Exception):
    """The channel will not take the order: final. Its text says why."""


class Unsure(Exception):
    """The platform may or may not have taken the order: the answer was lost."""


def choose(*, actor: Actor, names: list[str]) -> list[ChannelView]:
    """The channels named, by code or by kind; without names the web shops of ours and those that show the goods.

    Raises: MayNot, UnknownWay.
    """
    able = [
        each
        for each in channels.list_channels(actor=actor)
        if each.is_active
        and (each.kind == "web" or (each.is_remote and each.has_test_buyer and each.kind not in _DONG_ONLY))
    ]
    if not names:
        return [each for each in able if not each.is_remote or each.kind in _SHOWN_IN_DEMO]
    chosen: list[ChannelView] = []
    for name in names:
        found = next((each for each in able if each.code == name), None)
        found = found or next((each for each in able if each.kind == name), None)
        if found is None:
            raise UnknownWay(way=name, ways=", ".join(each.code for each in able))
        if found not in chosen:
            chosen.append(found)
    return chosen


def way_for(channel: ChannelView) -> Way:
    """What a channel can take of an invoice."""
    return Way(
        channel.code,
        most_lines=MOST_LINES,
        most_units=MOST_ROWS if channel.kind in _ROW_KINDS else 10**9,
        takes_carriage=not channel.is_remote,
    )


def note_of(sale: Sale) -> str:
    """The buyer's remark, by which an order can be found when the answer to its purchase was lost."""
    return f"Invoice {sale.invoice} · {sale.at:%Y-%m-%d}"


def _buyer(sale: Sale) -> str:
    return f"Customer {sale.customer}" if sale.customer else "Customer"


async def place_own(*, channel: str, sale: Sale, variants: Mapping[str, VariantView]) -> str:
    """Place an invoice on a channel of our own, as `POST /api/v1/orders` does; its number there.

    Raises: Refusal, Unavailable.
    """
    asked = orders.Asked(
        channel=channel,
        lines=[orders.AskedLine(line.sku, line.quantity, line.price_minor) for line in sale.goods],
        customer_name=_buyer(sale),
        shipping_address={"country": sale.country},
        external_id=sale.invoice,
        note=note_of(sale),
        is_paid=True,
        is_confirmed=True,
        currency=CURRENCY,
        shipping_fee_minor=sum(line.quantity * (line.price_minor or 0) for line in sale.carriage),
    )
    known = {line.sku.casefold(): variants[line.sku] for line in sale.goods if line.sku in variants}
    for attempt in range(1, _TRIES + 1):
        try:
            await orders.aplace_order(actor=REPLAYER, asked=asked, variants=known, now=datetime.now(UTC))
        except (Unavailable, HoldExpired):
            if attempt == _TRIES:
                raise
            await asyncio.sleep(0.1 * 2**attempt)
        except Rejected as refused:
            raise Refusal(f"{refused.code}: {refused}") from refused
        else:
            return sale.invoice
    raise AssertionError("the loop returns or raises")


@dataclass(frozen=True)
class Shop:
    """A platform's shop, and where shoppers of its sandbox buy."""

    channel: str
    url: str
    number: str
    client: httpx.AsyncClient

    async def buy(self, sale: Sale) -> str:
        """Buy an invoice there; the platform's number of the order. What is sold out is tried again for a while.

        Raises: Refusal, Unsure.
        """
        body = self._body(sale)
        deadline = asyncio.get_running_loop().time() + _SOLD_OUT_FOR_S
        wait_s = 0.2
        while True:
            try:
                answer = await self.client.post(self.url, json=body)
                said: dict[str, Any] = answer.json()
            except httpx.ConnectError as away:
                if asyncio.get_running_loop().time() > deadline:
                    raise Refusal(f"unreachable: {away}") from away
                said, status = {}, 503
            except (httpx.HTTPError, ValueError) as lost:
                raise Unsure from lost
            else:
                status = answer.status_code
            if status == 201:
                return str(said["order_id"])
            if status not in (409, 429, 503) or asyncio.get_running_loop().time() > deadline:
                raise Refusal(f"{said.get('error', status)}: {said.get('message', '')}")
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 5.0)

    def _body(self, sale: Sale) -> dict[str, Any]:
        return {
            "shop": self.number,
            "currency": CURRENCY,
            "note": note_of(sale),
            "buyer": {"name": _buyer(sale), "phone": "", "address": {}},
            "lines": [
                {"sku": line.sku, "quantity": line.quantity, "unit_price_minor": line.price_minor}
                for line in sale.goods
            ],
        }


def shop_of(*, actor: Actor, channel: str, client: httpx.AsyncClient) -> Shop:
    """Raises: MayNot, ChannelNotFound."""
    url, number = channels.test_purchase_at(actor=actor, code=channel)
    return Shop(channel, url, number, client)


def worker_is_there(channel: ChannelView, now: datetime) -> bool:
    """Whether a worker has had this account in its care in the last half minute."""
    return channel.seen_at is not None and (now - channel.seen_at).total_seconds() < 30
