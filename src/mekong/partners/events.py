"""Facts about partners (key of each: `webhook:<id>`), and which facts of the house leave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mekong.catalog.events import PriceChanged, ProductArchived, ProductCreated, ProductUpdated
from mekong.channels.events import (
    ChannelConnected,
    ChannelNeedsReconnect,
    ListingDrifted,
    ListingParked,
    OutboundFailed,
    ReturnAnswerGiven,
    ReturnAsked,
    ReturnMoved,
)
from mekong.loyalty.events import (
    MemberClosed,
    MemberJoined,
    MembersMerged,
    MergeUndone,
    PointsEarned,
    PointsGivenBack,
    PointsSpent,
    PointsTakenBack,
    TierChanged,
)
from mekong.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPacked,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
)
from mekong.pricing.events import PricesMoved, PrizeWon


@dataclass(frozen=True)
class WebhookDisabled:
    """Nothing is sent there any more until a person switches it on. `reason`: gone, failing or app."""

    name: ClassVar[str] = "partners.webhook_disabled"
    version: ClassVar[int] = 1
    webhook: str
    url: str
    reason: str


PUBLIC_EVENTS: Mapping[type[Any], str] = {
    **dict.fromkeys(
        (OrderPlaced, OrderConfirmed, OrderPacked, OrderShipped, OrderDelivered, OrderCancelled, OrderReturned),
        "orders.view",
    ),
    **dict.fromkeys((ProductCreated, ProductUpdated, PriceChanged, ProductArchived), "catalog.view"),
    **dict.fromkeys(
        (
            ChannelConnected,
            ChannelNeedsReconnect,
            ListingDrifted,
            ListingParked,
            OutboundFailed,
            ReturnAsked,
            ReturnMoved,
            ReturnAnswerGiven,
        ),
        "channels.view",
    ),
    **dict.fromkeys((PricesMoved, PrizeWon), "pricing.view"),
    **dict.fromkeys(
        (
            MemberJoined,
            MemberClosed,
            PointsEarned,
            PointsTakenBack,
            PointsSpent,
            PointsGivenBack,
            TierChanged,
            MembersMerged,
            MergeUndone,
        ),
        "loyalty.view",
    ),
    WebhookDisabled: "webhooks.manage",
}
"""Facts that leave the house, and the permission that whoever has them sent must hold everywhere."""

PERMISSION_OF: Mapping[str, str] = {event.name: permission for event, permission in PUBLIC_EVENTS.items()}
PING = "partners.ping"
"""The type of a message that only says that messages arrive."""

WITH_PERSON = "customers.reveal"
"""Who has this may have the buyer's name, phone and address sent along with facts about orders."""
