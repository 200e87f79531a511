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
