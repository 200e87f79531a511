"""Returns that buyers ask a platform for, and the capability of connectors that hear of them and answer."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # the socket's own first module names this one's capability
    from mekong.channels.socket import ListingKey


class ReturnState(enum.StrEnum):
    """Where a return stands with the platform. `REQUESTED` alone waits for the seller's answer.

    `DISPUTED`: the platform or the buyer has the word. `CLOSED`: nothing comes back and nothing is paid back.
    """

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    SHIPPING_BACK = "shipping_back"
    RECEIVED = "received"
    DISPUTED = "disputed"
    REFUNDED = "refunded"
    CLOSED = "closed"


@dataclass(frozen=True)
class RemoteReturnLine:
    """What is to come back of one line of the order. `line_ids`: the platform's own of `RemoteLine`, where it names them."""

    key: ListingKey
    sku: str
    name: str
    quantity: int
    line_ids: Sequence[str] = ()


@dataclass(frozen=True)
class RemoteReturn:
    """`refund_minor`: what the buyer asks for. `answer_by`: when the platform decides alone; None where it does not say.

    `reason_code`: the platform's own; `reason`: in words, the buyer's where there are any. `tracking_no`: of the parcel
    that comes back. `updated_at` None: the platform does not tell when it moved.
    """

    external_id: str
    order_external_id: str
    state: ReturnState
    raw_state: str
    lines: Sequence[RemoteReturnLine]
    currency: str
    refund_minor: int
    is_goods_coming_back: bool
    requested_at: datetime | None = None
    updated_at: datetime | None = None
    reason_code: str = ""
    reason: str = ""
    answer_by: datetime | None = None
    tracking_no: str = ""


@dataclass(frozen=True)
class ReturnPage:
    returns: Sequence[RemoteReturn]
    next_cursor: str | None


@runtime_checkable
class HandlesReturns(Protocol):
    return_window: timedelta
    """The longest window `list_returns` takes."""

    async def list_returns(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> ReturnPage:
        """One page of the returns that moved in the window, whole. A window longer than the platform takes is Invalid."""
        ...

    async def answer_return(
        self, *, return_: RemoteReturn, accept: bool, reason: str, contact_email: str = ""
    ) -> RemoteReturn:
        """Agree to a return or refuse it, in the seller's words; answers what stands then. Safe to repeat.

        One that was answered already is left alone and given back as it stands: the caller sees what became of it.
        `contact_email`: whom the platform may write to about a refusal, where it asks for somebody.
        Raises: RemoteRefused when the platform does not take the answer and the return still waits for one.
        """
        ...
