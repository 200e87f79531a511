"""20,000 listings dirty at once on each of two accounts, at the platforms' own batch sizes and rates.

The limit is what these alone demand: the calls of one account, less the burst it may begin with, by its rate. Shopee's
`update_stock` takes the models of one item (here twenty) and a shop may make ten calls a second; Lazada's stock calls
take twenty SKUs (the number it advises), fifty a second. The slower account is the limit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks import acknowledged, goods
from benchmarks.installation import CannotRun, Installation, Meter, get
from benchmarks.marketplaces import Account, open_account, pushes
from benchmarks.result import Result

_SKUS = 20_000
_MODELS = 20
_LAZADA_BATCH = 20
_BEFORE, _ADDED = 40, 7
_TARGET = 1.1
_PATIENCE = 3.0


def measure(installation: Installation) -> Result:
    """Receive goods of every SKU in one transaction, and wait until both platforms show every new figure."""
    from mekong.channels import commands
    from mekong.foundation.actor import SYSTEM

    skus = goods.plain(installation, _SKUS)
    variants = installation.variant_ids(skus)
    installation.stock(variants, _BEFORE)
    installation.start_sandbox()
    shopee = open_account(installation, "shopee", "shopee-1", skus, units=_BEFORE, models=_MODELS)
    lazada = open_account(installation, "lazada", "lazada-1", skus, units=_BEFORE, models=_MODELS)
    accounts = (shopee, lazada)
    installation.analyse()
    installation.start_worker()
    _settle(installation, [account.code for account in accounts])
    for account in accounts:
        commands.set_limits(actor=SYSTEM, code=account.code, limits={})
        account.limit(rate=None, burst=None)
    # The worker takes the accounts up anew, with full buckets on both sides.
    time.sleep(5)
    calls_before = {path: each["count"] for path, each in pushes(installation.sandbox_url).items()}
    limits = _limits(installation)
    meter = Meter(installation)
    installation.stock(variants, _ADDED, at_once=True)
    began = time.monotonic()
    with meter:
        took = _wait(installation, accounts, limits, began)
    value, limit = max(took.values()), max(limits.values())
    made = {path: each["count"] - calls_before.get(path, 0) for path, each in pushes(installation.sandbox_url).items()}
    refused = sum(
        count
        for each in pushes(installation.sandbox_url).values()
        for status, count in each["status"].items()
        if str(status) != "200"
    )
    return Result(
        value=value,
        unit="s",
        limit=limit,
        ratio=value / limit,
        notes=[
            f"{_SKUS:,} SKUs moved in one transaction, on two accounts; until both platforms show every new figure",
            *(
                f"{account.market}: {took[account.market]:.1f} s, limit {limits[account.market]:.1f} s "
                f"(ratio {took[account.market] / limits[account.market]:.3f})"
                for account in accounts
            ),
            (
                f"limit: (calls - burst) / rate; Shopee {_SKUS // _MODELS:,} calls of {_MODELS} models, Lazada "
                f"{_SKUS // _LAZADA_BATCH:,} calls of {_LAZADA_BATCH} SKUs, at the sandbox's default rates"
            ),
            meter.note(2 * _SKUS, "listing"),
            "stock calls made: " + ", ".join(f"{path} {count:,}" for path, count in sorted(made.items())),
            f"refused or failed: {refused}",
            f"target: {_TARGET:g} × the limit",
        ],
        figures={f"{market}_s": each for market, each in took.items()},
        passed=value <= limit * _TARGET,
    )


def _limits(installation: Installation) -> dict[str, float]:
    """Seconds that each platform's own limits demand."""
    rates = get(f"{installation.sandbox_url}/control/settings")
    return {
        "shopee": (_SKUS / _MODELS - rates["shopee_burst"]) / rates["shopee_rate"],
        "lazada": (_SKUS / _LAZADA_BATCH - rates["lazada_stock_burst"]) / rates["lazada_stock_rate"],
    }


def _wait(
    installation: Installation, accounts: Sequence[Account], limits: dict[str, float], began: float
) -> dict[str, float]:
    """When each platform showed every figure right, in seconds since `began`. Raises: CannotRun."""
    took: dict[str, float] = {}
    patience = _PATIENCE * max(limits.values())
    while len(took) < len(accounts):
        installation.require_alive()
        for account in accounts:
            passed = time.monotonic() - began
            # Asking a platform for 20,000 figures costs it time: not before it can be done.
            if account.market in took or passed < limits[account.market] * 0.98:
                continue
            if all(units == _BEFORE + _ADDED for units in account.shown().values()):
                took[account.market] = time.monotonic() - began
        if time.monotonic() - began > patience:
            left = {
                account.market: sum(units != _BEFORE + _ADDED for units in account.shown().values())
                for account in accounts
            }
            raise CannotRun(f"not converged after {patience:.0f} s; figures still wrong: {left}")
        time.sleep(0.5)
    return took


def _settle(installation: Installation, codes: Sequence[str]) -> None:
    deadline = time.monotonic() + 600
    while left := acknowledged.behind(codes):
        installation.require_alive()
        if time.monotonic() > deadline:
            raise CannotRun(f"{left} listings are still behind before the storm\n{installation.said('worker')}")
        time.sleep(0.5)
