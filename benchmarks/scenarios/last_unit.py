"""50 units, 500 buyers on all channels at once: Shopee and Lazada shoppers at the platforms, web shop and till by API.

A platform sells what it shows; until it is told, it shows units that were sold elsewhere meanwhile, and no software can
forbid it. What must hold is that we promise each unit once: orders with goods held are 50 units, no more, no less.
What the platforms sold beyond is counted apart, with what became of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import uvloop

from benchmarks import goods, load
from benchmarks.client import Answer, at_once
from benchmarks.installation import CannotRun, Installation, post
from benchmarks.marketplaces import Account, open_account
from benchmarks.result import Result, summary

_UNITS = 50
_BUYERS = 500
_PATIENCE_S = 60.0
_WITHOUT_GOODS = ("awaiting_stock", "cancelled")


def measure(installation: Installation) -> Result:
    """Let everybody buy at the same moment, wait until every order is in the book, and count."""
    (sku,) = goods.plain(installation, 1, prefix="LAST")
    installation.stock(installation.variant_ids([sku]), _UNITS)
    installation.start_web()
    installation.start_sandbox()
    # The figure that Mekong sends is what may be bought, whatever is reserved there already.
    post(f"{installation.sandbox_url}/control/settings", {"shopee_stock_includes_reserved": False})
    accounts = [open_account(installation, market, f"{market}-1", [sku], units=0) for market in ("shopee", "lazada")]
    installation.start_worker()
    _until(installation, lambda: all(account.shown()[sku] == _UNITS for account in accounts), "listings show 50")
    headers = {"Authorization": f"Bearer {installation.token()}"}
    asked = _buyers(installation, accounts, sku, headers)
    began = time.monotonic()
    answers = uvloop.run(at_once([(port, request) for _, port, request in asked]))
    took_s = time.monotonic() - began
    bought = _by_channel(asked, answers)
    _until(
        installation,
        lambda: all(_booked(account.code) == bought[account.code] for account in accounts),
        "every marketplace order is in the book",
    )
    _until(installation, lambda: all(account.shown()[sku] == 0 for account in accounts), "listings show 0")
    settled_s = time.monotonic() - began
    held, twice, states = _count()
    beyond = sum(bought.values()) - held
    return Result(
        value=held,
        unit="units",
        limit=_UNITS,
        ratio=held / _UNITS,
        **summary([(answer.at - answer.sent_at) * 1000 for answer in answers]),
        notes=[
            (
                f"{_BUYERS} buyers at one moment, {_UNITS} units; all answered within {took_s:.2f} s, all settled "
                f"within {settled_s:.1f} s; promised twice: {twice}"
            ),
            "units bought by channel: " + ", ".join(f"{channel} {units}" for channel, units in sorted(bought.items())),
            f"sold by the platforms before they could be told, beyond what there was: {beyond}; these orders are now: "
            + (", ".join(f"{state} {units}" for state, units in states.items()) or "none"),
            "both platforms show 0 at the end",
        ],
        figures={"promised_twice": twice, "beyond": beyond, "settled_s": settled_s, **bought},
        passed=held == _UNITS and twice == 0,
    )


def _buyers(
    installation: Installation, accounts: Sequence[Account], sku: str, headers: dict[str, str]
) -> list[tuple[str, int, bytes]]:
    """(channel, port, request) of each buyer, the channels in turn."""
    made: list[tuple[str, int, bytes]] = []
    for number in range(_BUYERS // 4):
        for account in accounts:
            body: dict[str, Any] = {
                **account.key,
                "lines": [{"sku": sku, "quantity": 1}],
                "buyer": {"name": f"Khách {number}", "phone": f"09{number:08d}"},
            }
            request = load.request("POST", f"/{account.market}/buy", msgspec.json.encode(body))
            made.append((account.code, installation.sandbox_port, request))
        for channel in ("web", "store"):
            body = {
                "channel": channel,
                "customer": {"name": f"Khách {channel} {number}", "phone": f"08{number:08d}"},
                "lines": [{"sku": sku, "quantity": 1}],
            }
            request = load.request("POST", "/api/v1/orders", msgspec.json.encode(body), headers)
            made.append((channel, installation.web_port, request))
    return made


def _by_channel(asked: Sequence[tuple[str, int, bytes]], answers: Sequence[Answer]) -> dict[str, int]:
    """Units bought by channel. Raises: CannotRun, when a buyer got neither the goods nor “sold out”."""
    bought = {channel: 0 for channel, _, _ in asked}
    for (channel, _, _), answer in zip(asked, answers, strict=True):
        if answer.status not in {201, 409}:
            raise CannotRun(f"{channel}: {answer.status} {answer.body[:300]!r}")
        bought[channel] += answer.status == 201
    return bought


def _booked(channel: str) -> int:
    """Orders of a channel in our book."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select count(*) from orders_salesorder where channel = %s", [channel])
        return int(cursor.fetchone()[0])


def _count() -> tuple[int, int, dict[str, int]]:
    """Units of orders with goods held, units promised that are not there, units of the other orders by state."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """select o.state, sum(l.quantity)::int from orders_salesorder o
                 join orders_orderline l on l.order_id = o.id group by 1 order by 1"""
        )
        states = dict(cursor.fetchall())
        cursor.execute(
            """select coalesce(sum(l.quantity), 0)::int from inventory_holdline l
                 join inventory_hold h on h.id = l.hold_id where h.state = 'claimed'"""
        )
        claimed = int(cursor.fetchone()[0])
        cursor.execute("select sum(on_hand)::int from inventory_stocklevel")
        on_hand = int(cursor.fetchone()[0])
    held = sum(units for state, units in states.items() if state not in _WITHOUT_GOODS)
    twice = max(0, held - on_hand, claimed - on_hand, held - claimed)
    return held, twice, {state: units for state, units in states.items() if state in _WITHOUT_GOODS}


def _until(installation: Installation, holds: Any, what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        installation.require_alive()
        if time.monotonic() > deadline:
            raise CannotRun(f"not within {_PATIENCE_S:g} s: {what}\n{installation.said('worker')}")
        time.sleep(0.1)
