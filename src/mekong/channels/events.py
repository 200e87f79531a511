"""Facts about channels. Key of each: `channel:<code>`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class ChannelConnected:
    name: ClassVar[str] = "channels.channel_connected"
    version: ClassVar[int] = 1
    channel: str


@dataclass(frozen=True)
class ChannelNeedsReconnect:
    """The platform no longer takes the authorisation; only the merchant can mend it."""

    name: ClassVar[str] = "channels.channel_needs_reconnect"
    version: ClassVar[int] = 1
    channel: str
    remote_code: str
    remote_message: str


@dataclass(frozen=True)
class ListingDrifted:
    """The platform showed another figure than the one it had acknowledged; it is set right again."""

    name: ClassVar[str] = "channels.listing_drifted"
    version: ClassVar[int] = 1
    channel: str
    listing_id: int
    acknowledged: int
    remote: int


@dataclass(frozen=True)
class ListingParked:
    """The platform refuses this listing for good, in its own words, until it changes or a person retries."""

    name: ClassVar[str] = "channels.listing_parked"
    version: ClassVar[int] = 1
    channel: str
    listing_id: int
    error: str
    message: str


@dataclass(frozen=True)
class OutboundFailed:
    """The platform refuses what we asked it to do with an order."""

    name: ClassVar[str] = "channels.outbound_failed"
    version: ClassVar[int] = 1
    channel: str
    external_id: str
    action: str
    error: str
    message: str


@dataclass(frozen=True)
class ReturnAsked:
    """A buyer asks the platform for a return, and the shop is to answer. `answer_by`: ISO 8601, "" where not said."""

    name: ClassVar[str] = "channels.return_asked"
    version: ClassVar[int] = 1
    channel: str
    external_id: str
    order_external_id: str
    refund_minor: int
    currency: str
    answer_by: str


@dataclass(frozen=True)
class ReturnMoved:
    """A return stands elsewhere with the platform: accepted, shipping_back, received, disputed, refunded, closed."""

    name: ClassVar[str] = "channels.return_moved"
    version: ClassVar[int] = 1
    channel: str
    external_id: str
    order_external_id: str
    was: str
    state: str


@dataclass(frozen=True)
class ReturnAnswerGiven:
    """The platform has taken the shop's answer to a return."""

    name: ClassVar[str] = "channels.return_answer_given"
    version: ClassVar[int] = 1
    channel: str
    external_id: str
    order_external_id: str
    is_accepted: bool
