"""What a stand-in of a platform gives: its API, its shoppers' pages, its control, and what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mekong_sandbox.http import Reply, Request

if TYPE_CHECKING:
    from mekong_sandbox.buying import Purchase
    from mekong_sandbox.notices import Sender
    from mekong_sandbox.world import World

Control = Callable[["World", Request], object]


@dataclass(frozen=True)
class ShownVariant:
    """What a shopper can choose of a listing. `available`: what can be ordered now.

    `price` is what is paid now, `list_price` what it is without a sale, None where it has no other; minor units.
    """

    id: str
    name: str
    sku: str
    price: int
    available: int
    image: str = ""
    list_price: int | None = None


@dataclass(frozen=True)
class ShownListing:
    """A listing as shoppers see it."""

    item_id: str
    name: str
    status: str
    is_on_sale: bool
    currency: str
    images: Sequence[str]
    variants: Sequence[ShownVariant]
    description: str = ""


@dataclass(frozen=True)
class ShownOrder:
    """An order as its buyer sees it. `lines`: (name, units, price of a unit in minor units, status)."""

    buyer_name: str
    currency: str
    lines: Sequence[tuple[str, int, int, str]]


class Platform(Protocol):
    """One platform. Everything it changes is journalled in the world's store under kinds that begin with its name."""

    name: str
    """As in paths: `/<name>/buy`, `/control/<name>/…`."""
    title: str
    world: World

    @property
    def push(self) -> Sender | None:
        """Who signs and counts its notices; None where the platform sends none."""

    @property
    def control(self) -> Mapping[tuple[str, str], Control]:
        """Its control calls by method and path below `/control/<name>`."""

    def load(self) -> None:
        """Read everything back from the journal."""

    def resume(self) -> None:
        """Take up timed work after a start."""

    def clear(self) -> None:
        """Forget everything."""

    def claims(self, path: str) -> bool:
        """Whether an API path is its own."""

    def answer(self, request: Request) -> Reply:
        """Answer a call of the API."""

    def struck(self, kind: str) -> Reply:
        """The platform's own answer for a fault `rate_limit` or `invalid_token`."""

    def shop_of(self, request: Request) -> str:
        """The shop a call is for, as far as it tells; for fault rules."""

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        """Place a shopper's order; the answer has `order_id`. Raises: Refused."""

    def purchase_line(self, item_id: str, variant: str, quantity: int) -> dict[str, Any]:
        """The line of a purchase for what a shopper chose on a page."""

    def advance(self, request: Request, order_id: str) -> object:
        """Let the buyer or the carrier act on an order. Raises: Wrong."""

    def summary(self) -> Mapping[str, object]:
        """What is there, in figures."""

    def consent(self, request: Request) -> Reply | None:
        """The page where a seller lets an app in; None when the path is another."""

    def listings(self, owner: str) -> Sequence[ShownListing]:
        """All that is on sale, of one shop or of all ("")."""

    def listing(self, item_id: str) -> ShownListing | None:
        """One listing, on sale or not."""

    def order(self, order_id: str) -> ShownOrder | None:
        """One order."""
