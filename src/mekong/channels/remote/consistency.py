"""What platforms show of a product, asked of them when a person wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from mekong.catalog import queries as catalog
from mekong.channels import commands
from mekong.channels.calling import calls
from mekong.channels.models import Channel, Listing, MatchState
from mekong.channels.socket import ListingKey, ReadsListings, RemoteListing
from mekong.channels.sync.line import Line
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MekongError


def look_now(*, actor: Actor, product_id: int) -> list[str]:
    """Read a product's listings on every channel that works, and compare them; names of channels that did not answer.

    All channels are asked at once. Safe to repeat. Raises: MayNot.
    """
    actor.require("channels.sync")
    variants = catalog.variants_of(actor=SYSTEM, product_ids=[product_id]).get(product_id, ())
    rows = Listing.objects.filter(variant_id__in=[each.id for each in variants], match_state=MatchState.MATCHED)
    by_channel: dict[int, list[ListingKey]] = {}
    for row in rows.order_by("id"):
        by_channel.setdefault(row.channel_id, []).append(ListingKey(row.item_id, row.model_id))
    lines: list[tuple[Channel, Line]] = []
    silent = []
    for channel in Channel.objects.filter(id__in=by_channel, is_active=True).order_by("code"):
        try:
            lines.append((channel, calls.line(channel)))
        except MekongError:
            silent.append(channel.name)
    answers = calls.run(_read([(line, by_channel[channel.id]) for channel, line in lines]))
    seen: list[int] = []
    for (channel, _), answer in zip(lines, answers, strict=True):
        if answer is None:
            silent.append(channel.name)
            continue
        seen += commands.note_seen(actor=actor, channel=channel.code, listings=answer, now=datetime.now(UTC))
    commands.note_checked(actor=actor, listing_ids=seen, now=datetime.now(UTC))
    return silent


async def _read(asked: Sequence[tuple[Line, Sequence[ListingKey]]]) -> list[Sequence[RemoteListing] | None]:
    return list(await asyncio.gather(*(_read_one(line, keys) for line, keys in asked)))


async def _read_one(line: Line, keys: Sequence[ListingKey]) -> Sequence[RemoteListing] | None:
    if not line.can(ReadsListings):
        return None

    async def read(connector: ReadsListings) -> list[RemoteListing]:
        return await connector.read_listings(keys=keys)

    try:
        return await line.call(read, tries=2)
    except MekongError:  # one shop that cannot be asked leaves the others alone
        return None
