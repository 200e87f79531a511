"""What listings should show now, and what was acknowledged: read and written for all accounts of a worker together.

Every runner of a worker hears of a sale at the same moment, so their questions meet here and are answered with one set
of statements, as the stock engine does with reservations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from mekong.catalog import queries as catalog
from mekong.channels import queries
from mekong.channels.socket import ListingKey
from mekong.channels.sync.threads import guarded
from mekong.foundation.combiner import Combiner
from mekong.foundation.pipeline import close_connection

_DUE = """
    with asked as (
        select l.id from unnest(%s::bigint[], %s::bigint[]) a(channel_id, variant_id)
          join channels_listing l on l.channel_id = a.channel_id and l.variant_id = a.variant_id
        union select * from unnest(%s::bigint[]))
    select l.channel_id, l.id, l.item_id, l.model_id, l.remote_sku, l.variant_id, s.turn, s.acked_turn, s.acked_version,
           s.acked_quantity, s.is_parked, s.failed_quantity, s.next_attempt_at
      from asked join channels_listing l on l.id = asked.id join channels_listingsync s on s.listing_id = l.id
     where l.match_state = 'matched' and l.is_synced
     order by l.channel_id, l.item_id, l.model_id
"""
_ACK = """
    with said as (select * from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
                         a(id, quantity, version, turn, at)),
         mine as (select s.listing_id from channels_listingsync s join said on said.id = s.listing_id
                   order by s.listing_id for no key update of s)
    update channels_listingsync s
       set acked_quantity = said.quantity, acked_version = said.version, acked_turn = said.turn,
           acked_at = coalesce(said.at, s.acked_at), attempts = 0, next_attempt_at = null, is_parked = false,
           failed_quantity = null, error_code = '', error_params = '{}'
      from said, mine
     where s.listing_id = said.id and mine.listing_id = said.id
       and (said.turn, said.version) > (s.acked_turn, s.acked_version)
"""
_FAIL = """
    with said as (select * from json_to_recordset(%s::json) f(id bigint, attempts int, next_at timestamptz,
                         is_parked bool, quantity bigint, code text, params jsonb)),
         mine as (select s.listing_id from channels_listingsync s join said on said.id = s.listing_id
                   order by s.listing_id for no key update of s)
    update channels_listingsync s
       set attempts = said.attempts, next_attempt_at = said.next_at, is_parked = said.is_parked,
           failed_quantity = said.quantity, error_code = said.code, error_params = said.params
      from said, mine where s.listing_id = said.id and mine.listing_id = said.id
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """Listings of one channel to look at: those of these variants (and of bundles they are in), and these."""

    channel_id: int
    channel: str
    variants: tuple[int, ...] = ()
    listings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """A listing as it stands: what it should show, at which turn and version, and what was acknowledged.

    `moved_by`: the variants whose movement moves it: its own, or the parts of a bundle.
    """

    listing_id: int
    key: ListingKey
    sku: str
    variant_id: int
    moved_by: tuple[int, ...]
    quantity: int
    version: int
    turn: int
    acked_turn: int
    acked_version: int
    acked_quantity: int | None
    is_parked: bool
    failed_quantity: int | None
    next_attempt_at: datetime | None

    @property
    def is_dirty(self) -> bool:
        return self.turn > self.acked_turn or self.version > self.acked_version

    @property
    def is_same(self) -> bool:
        """The platform shows this figure already, and has had no reason to change it by itself."""
        return self.turn == self.acked_turn and self.quantity == self.acked_quantity


@dataclass(frozen=True, slots=True)
class Ack:
    """`at` None: nothing was sent, because the figure is the one acknowledged before."""

    listing_id: int
    quantity: int
    version: int
    turn: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Fail:
    listing_id: int
    attempts: int
    next_at: datetime | None
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    is_parked: bool = False
    quantity: int | None = None


Mark = Ack | Fail


def read(asks: Sequence[Ask]) -> list[list[Due] | BaseException]:
    """Answer every question with one set of statements."""
    variants = {variant for ask in asks for variant in ask.variants}
    bundles = catalog.bundles_with(part_ids=variants) if variants else set()
    pairs = [(ask.channel_id, each) for ask in asks for each in {*ask.variants, *(bundles if ask.variants else ())}]
    listings = [each for ask in asks for each in ask.listings]
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [[pair[0] for pair in pairs], [pair[1] for pair in pairs], listings])
        rows = cursor.fetchall()
    codes = {ask.channel_id: ask.channel for ask in asks}
    wanted: dict[str, list[tuple[int, int, str]]] = {}
    for row in rows:
        if row[0] in codes:
            wanted.setdefault(codes[row[0]], []).append((row[1], row[5], f"{row[2]}:{row[3]}"))
    desired = queries.desired_by_channel(wanted)
    contents = catalog.bundle_contents(variant_ids={row[5] for row in rows}) if rows else {}
    found: dict[int, list[Due]] = {ask.channel_id: [] for ask in asks}
    for row in rows:
        if row[1] in desired:
            quantity, version = desired[row[1]]
            found[row[0]].append(
                Due(row[1], ListingKey(row[2], row[3]), row[4], row[5], contents.get(row[5], (row[5],)), quantity,
                    version, *row[6:])
            )  # fmt: skip
    return [found[ask.channel_id] for ask in asks]


def write(batches: Sequence[Sequence[Mark]]) -> list[int | BaseException]:
    """Record what platforms said, all of it in one transaction, which need not wait for the disk: an acknowledgement
    lost with the power is pushed again."""
    # Of several words on one listing the last one holds; an acknowledgement never gives way to an older one in SQL.
    acks = {mark.listing_id: mark for marks in batches for mark in marks if isinstance(mark, Ack)}
    fails = {mark.listing_id: mark for marks in batches for mark in marks if isinstance(mark, Fail)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit = off")
        if acks:
            rows = list(acks.values())
            cursor.execute(
                _ACK,
                [
                    [row.listing_id for row in rows], [row.quantity for row in rows], [row.version for row in rows],
                    [row.turn for row in rows], [row.at for row in rows],
                ],
            )  # fmt: skip
        if fails:
            cursor.execute(_FAIL, [json.dumps([_fail_row(row) for row in fails.values()])])
    return [len(marks) for marks in batches]


def _fail_row(row: Fail) -> dict[str, Any]:
    params = {name: str(value)[:300] for name, value in row.params.items()}
    return {
        "id": row.listing_id, "attempts": row.attempts, "is_parked": row.is_parked, "quantity": row.quantity,
        "next_at": row.next_at.isoformat() if row.next_at else None, "code": row.code[:80], "params": params,
    }  # fmt: skip


class Desk(Combiner[Ask, "list[Due]"]):
    """Answers what listings should show. One a worker."""

    def __init__(self) -> None:
        super().__init__("channel-desk", lambda asks: guarded(read, asks), finish=close_connection)


class Ledger(Combiner["Sequence[Mark]", int]):
    """Writes what platforms said. One a worker."""

    def __init__(self) -> None:
        super().__init__("channel-acks", lambda batches: guarded(write, batches), finish=close_connection)
