"""What an order earns on its platform, and the capability of connectors that tell it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # the socket's own first module names this one's capability
    from mekong.channels.socket import RemoteOrder


class EarningKind(enum.StrEnum):
    GOODS = "goods"
    COMMISSION = "commission"
    PAYMENT_FEE = "payment_fee"
    SERVICE_FEE = "service_fee"
    SHIPPING = "shipping"
    VOUCHER = "voucher"
    TAX = "tax"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    OTHER = "other"


@dataclass(frozen=True)
class Earning:
    """One amount: what the seller gets is positive, what the platform keeps is negative.

    `name`: as the platform says it. `at`: when it was booked, None where the platform does not say. `statement`: the
    platform's number of the settlement it stands in, "" while in none or where the platform names none.
    """

    kind: EarningKind
    name: str
    amount_minor: int
    at: datetime | None = None
    statement: str = ""


@dataclass(frozen=True)
class Earnings:
    """All that the platform says now. `net_minor`: what the seller gets by the platform's own sum, None where it says
    none; the lines may add up to something else. `is_final`: settled, nothing more is expected to move.
    """

    external_id: str
    lines: Sequence[Earning]
    net_minor: int | None
    currency: str
    is_final: bool


@runtime_checkable
class TellsEarnings(Protocol):
    async def fetch_earnings(self, *, order: RemoteOrder) -> Earnings:
        """What an order earns, as the platform says now. Safe to repeat.

        Raises: RemoteRefused where there is nothing to tell yet.
        """
        ...
