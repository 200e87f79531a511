"""What platforms were seen to show, kept with the time it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from mekong.channels.models import Channel, Listing
from mekong.channels.socket import ListingKey, Looks, RemoteListing
from mekong.foundation.actor import Actor
from mekong.foundation.command import command

MOST_CHARACTERS = 20_000
"""Of a description: platforms take fewer."""

_READ = """
    with said as (
        select * from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
            r(id, quantity, price, sale, sale_ends_at) order by 1)
    update channels_listingsync s
       set remote_quantity = coalesce(said.quantity, s.remote_quantity), remote_price_minor = said.price,
           remote_sale_minor = said.sale, remote_sale_ends_at = said.sale_ends_at, read_at = %s
      from said where s.listing_id = said.id and (s.read_at is null or s.read_at <= %s)
"""
_LOOKS = """
    insert into channels_itemlooks as there (channel_id, item_id, name, description, pictures, seen_at)
    select %s, item, name, description, pictures, %s
      from unnest(%s::text[], %s::text[], %s::text[], %s::int[]) r(item, name, description, pictures) order by item
        on conflict (channel_id, item_id) do update
       set name = excluded.name, description = coalesce(excluded.description, there.description),
           pictures = coalesce(excluded.pictures, there.pictures),
           seen_at = case when excluded.description is null and there.description is not null then there.seen_at
                          else excluded.seen_at end
     where there.seen_at <= excluded.seen_at
"""


def keep_reads(seen: Mapping[int, RemoteListing], at: datetime) -> None:
    """Prices and stock that these listings showed, by listing id; inside the caller's command. One statement.

    What tells no price (some answers name listings alone) is left out, and so is what was read before the last read.
    """
    told = {listing: each for listing, each in seen.items() if each.price_minor is not None}
    if not told:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _READ,
            [
                list(told), [each.quantity for each in told.values()], [each.price_minor for each in told.values()],
                [each.sale_minor for each in told.values()], [each.sale_ends_at for each in told.values()], at, at,
            ],
        )  # fmt: skip


def keep_looks(channel_id: int, listings: Iterable[RemoteListing], at: datetime) -> None:
    """How the products of these listings looked; inside the caller's command. One statement.

    A call that tells names alone leaves what was seen of words and pictures, and the time it was seen.
    """
    found: dict[str, Looks] = {each.key.item_id: each.looks for each in listings if each.looks is not None}
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _LOOKS,
            [
                channel_id, at, list(found), [_text(each.name)[:500] for each in found.values()],
                [None if each.description is None else _text(each.description) for each in found.values()],
                [each.pictures for each in found.values()],
            ],
        )  # fmt: skip


def _text(said: str) -> str:
    return said.replace("\0", "")[:MOST_CHARACTERS]


@command
def note_seen(*, actor: Actor, channel: str, listings: Sequence[RemoteListing], now: datetime) -> list[int]:
    """Keep what a platform showed just now of listings that are known; their ids. Raises: MayNot."""
    actor.require("channels.sync")
    row = Channel.objects.only("id").get(code=channel)
    by_key = {each.key: each for each in listings}
    known = Listing.objects.filter(channel=row, item_id__in={key.item_id for key in by_key})
    seen = {
        id_: by_key[ListingKey(item, model)]
        for id_, item, model in known.values_list("id", "item_id", "model_id")
        if ListingKey(item, model) in by_key
    }
    keep_reads(seen, now)
    keep_looks(row.id, listings, now)
    return sorted(seen)
