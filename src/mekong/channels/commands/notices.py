"""Notices of platforms: checked, kept once, and a hint to the worker. Nothing in them is believed but where to look."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import close_old_connections, connection, transaction

from mekong.channels import hints, registry
from mekong.channels.accounts import account_of
from mekong.channels.models import Channel
from mekong.channels.socket import Notice, ReceivesNotices
from mekong.channels.transport import Unreachable
from mekong.foundation.combiner import Combiner
from mekong.foundation.errors import Invalid, MekongError, NoticeForged
from mekong.foundation.pipeline import close_connection

MAX_BODY = 1 << 20
"""Bytes of one notice; platforms send a few hundred."""
_KEPT_S = 5.0
"""Seconds a channel's keys are remembered for reading notices; a signature that fails has them read again at once."""

_STORE = """
    insert into channels_noticeinbox (channel_id, dedupe, kind, reference, received_at, next_at, attempts, error)
    select channel_id, dedupe, kind, reference, at, at, 0, ''
      from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
           n(channel_id, dedupe, kind, reference, at)
     order by channel_id, dedupe
    on conflict (channel_id, dedupe) do nothing
    returning channel_id
"""


@dataclass(frozen=True, slots=True)
class _Received:
    channel_id: int
    channel: str
    notices: tuple[Notice, ...]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class _Reader:
    channel_id: int
    connector: ReceivesNotices
    read_at: float


_readers: dict[str, _Reader] = {}


def receive_notice(*, channel: str, headers: Mapping[str, str], body: bytes, now: datetime) -> int:
    """Take in one call of a platform: the HTTP status to answer with. Header names in lower case.

    200 taken (a repeat too), 401 the signature is absent or wrong, 404 no such channel, 413 too large, 422 unreadable,
    503 the database is away: the platform sends it again. Raises nothing.
    """
    try:
        received = _read(channel, headers, body, now)
        if received.notices:
            _inbox.call(received)
    except MekongError as refused:
        return refused.status
    return 200


async def areceive_notice(*, channel: str, headers: Mapping[str, str], body: bytes, now: datetime) -> int:
    """As `receive_notice`, from a coroutine. A channel's keys are read in a thread, every few seconds."""
    try:
        if _fresh(channel) is None:
            from asgiref.sync import sync_to_async

            await sync_to_async(_reader, thread_sensitive=False)(channel)
        received = _read(channel, headers, body, now, may_reload=False)
        if received.notices:
            await _inbox.acall(received)
    except NoticeForged as forged:
        _readers.pop(channel, None)
        return forged.status
    except MekongError as refused:
        return refused.status
    return 200


class _TooLarge(Invalid):
    code = "channels.notice_too_large"
    template = "{field}: a notice has at most 1 MiB."
    status = 413


class _Unknown(Invalid):
    code = "channels.notice_for_nobody"
    template = "{field}: this channel takes no notices."
    status = 404


def _read(
    channel: str, headers: Mapping[str, str], body: bytes, now: datetime, *, may_reload: bool = True
) -> _Received:
    if len(body) > MAX_BODY:
        raise _TooLarge(field="body")
    reader = _fresh(channel) or _reader(channel)
    try:
        found = reader.connector.read_notices(headers=headers, body=body)
    except NoticeForged:
        if not may_reload or time.monotonic() - reader.read_at < 0.5:
            raise
        reader = _reader(channel)  # the account's key may have been changed a moment ago
        found = reader.connector.read_notices(headers=headers, body=body)
    return _Received(reader.channel_id, channel, tuple(found), body, now)


def _fresh(channel: str) -> _Reader | None:
    reader = _readers.get(channel)
    return reader if reader is not None and time.monotonic() - reader.read_at < _KEPT_S else None


def _reader(channel: str) -> _Reader:
    if connection.connection is not None and not connection.in_atomic_block:
        close_old_connections()
    row = Channel.objects.filter(code=channel).first()
    if row is None or not registry.is_remote(row.kind) or not row.sealed_secrets:
        raise _Unknown(field="channel")
    connector = registry.plug(row.kind).factory(account_of(row), Unreachable())
    if not isinstance(connector, ReceivesNotices):
        raise _Unknown(field="channel")
    reader = _readers[channel] = _Reader(row.id, connector, time.monotonic())
    return reader


def forget_readers() -> None:
    """Read channels' keys anew at the next notice (they were made again)."""
    _readers.clear()


def _serve(batch: Sequence[_Received]) -> list[int | BaseException]:
    if connection.connection is not None and not connection.in_atomic_block:
        close_old_connections()
    rows = [
        (each.channel_id, _dedupe(notice, each.body), notice.kind.value, notice.reference[:120], each.at)
        for each in batch
        for notice in each.notices
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STORE, [list(column) for column in zip(*rows, strict=True)])
        fresh = {row[0] for row in cursor.fetchall()}
        for each in {received.channel_id: received for received in batch}.values():
            if each.channel_id in fresh:
                cursor.execute("select pg_notify(%s, %s)", [hints.NOTICES, each.channel])
    return [200] * len(batch)


def _dedupe(notice: Notice, body: bytes) -> str:
    if notice.dedupe_id:
        return notice.dedupe_id[:200]
    return hashlib.blake2b(body + notice.reference.encode(), digest_size=16).hexdigest()


_inbox: Combiner[_Received, int] = Combiner("notice-inbox", _serve, max_batch=500, finish=close_connection)
