"""What a platform's categories are and ask, read when a person needs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mekong.channels import commands
from mekong.channels.calling import calls
from mekong.channels.contracts.publishing import CategoryMappingView
from mekong.channels.queries.publishing import find_publisher, get_mapping, platform_category
from mekong.channels.socket.publishing import PublishesProducts
from mekong.foundation.actor import Actor

_FRESH = timedelta(days=1)


def read_categories(*, actor: Actor, channel: str) -> int:
    """Read a platform's whole tree; how many categories it has. Safe to repeat.

    Raises: MayNot, ChannelNotFound, NotConnected, CannotDo, RemoteRefused, Unavailable.
    """
    actor.require("channels.manage")
    line = calls.line(find_publisher(channel))
    line.speaker(PublishesProducts)
    found = calls.run(line.call(lambda connector: connector.list_categories(), tries=3))
    return commands.store_categories(actor=actor, channel=channel, categories=found, now=datetime.now(UTC))


def map_category(*, actor: Actor, channel: str, category: str, external_id: str) -> CategoryMappingView:
    """`commands.map_category`, after the platform was asked what it asks of products there.

    Raises: as that, and NotConnected, RemoteRefused, Unavailable.
    """
    actor.require("channels.manage")
    now = datetime.now(UTC)
    mapped = commands.map_category(actor=actor, channel=channel, category=category, external_id=external_id, now=now)
    known = platform_category(find_publisher(channel), external_id) if external_id else None
    if known is None or (known.attributes_at is not None and now - known.attributes_at < _FRESH):
        return mapped
    line = calls.line(find_publisher(channel))
    asked = calls.run(line.call(lambda connector: connector.list_attributes(category_id=external_id), tries=3))
    commands.store_attributes(actor=actor, channel=channel, external_id=external_id, attributes=asked, now=now)
    return get_mapping(actor=actor, channel=channel, category=category)
