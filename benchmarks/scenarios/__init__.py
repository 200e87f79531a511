"""Scenarios by name: what each measures, and where it stands. None is imported before it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.installation import Installation
from benchmarks.result import Result

Measure = Callable[[Installation], Result]


@dataclass(frozen=True)
class Scenario:
    """`place`: module and function. `takes_s`: about how long. `is_asked`: only run when named."""

    title: str
    place: str
    takes_s: int
    is_asked: bool = False

    def load(self) -> Measure:
        """The function that measures it."""
        module, _, function = self.place.partition(":")
        measure: Measure = getattr(import_module(module), function)
        return measure


_HERE = "benchmarks.scenarios"
ALL: dict[str, Scenario] = {
    "reserve-hot": Scenario("durable holds on one SKU, in process, against pgbench", f"{_HERE}.reserve:hot", 30),
    "reserve-spread": Scenario("durable holds over 10,000 SKUs, in process", f"{_HERE}.reserve:spread", 40),
    "reserve-http": Scenario("reservations over HTTP, against a bare echo", f"{_HERE}.http:reserve", 40),
    "order-http": Scenario("orders of three lines over HTTP", f"{_HERE}.http:order", 50),
    "sync-delay": Scenario("sale to acknowledged push, four channel accounts", f"{_HERE}.sync_delay:measure", 60),
    "six-channels": Scenario("sale to acknowledged push, six platforms", f"{_HERE}.sync_delay:six", 60),
    "sync-storm": Scenario("20,000 listings dirty at once on two accounts", f"{_HERE}.sync_storm:measure", 240),
    "last-unit": Scenario("50 units, 500 buyers on all channels at once", f"{_HERE}.last_unit:measure", 30),
    "search": Scenario("typing a query, 200,000 variants", f"{_HERE}.search:measure", 90),
    "price-basket": Scenario("a basket of 20 lines under 200 offers", f"{_HERE}.price_basket:measure", 30),
    "redeem-hot": Scenario("one voucher, 64 checkouts at once", f"{_HERE}.redeem_hot:measure", 30),
    "orders-page": Scenario("the order list over a million orders", f"{_HERE}.orders_page:measure", 600),
    "catalog-grid": Scenario(
        "10,000 rows scrolled and typed in a browser", f"{_HERE}.catalog_grid:measure", 120, is_asked=True
    ),
    "import-xlsx": Scenario("50,000 rows of Excel: products, orders", f"{_HERE}.import_xlsx:measure", 150),
    "torture": Scenario("a million random operations, with kills", "benchmarks.torture:measure", 3600, is_asked=True),
    "crash": Scenario("fifty kills of a running system under load", "benchmarks.crash:measure", 900, is_asked=True),
    "start": Scenario("second start to ready, idle memory", f"{_HERE}.start:measure", 60),
}


def chosen(names: list[str]) -> list[str]:
    """The scenarios to run: those named, in that order and once each; all that need not be asked for when none is.

    Raises: KeyError with the name that is none.
    """
    for name in names:
        if name not in ALL:
            raise KeyError(name)
    return list(dict.fromkeys(names)) or [name for name, scenario in ALL.items() if not scenario.is_asked]
