"""Writes that may be sent twice: the answer to an `Idempotency-Key` is kept and given again.

The record stands in the transaction of the write, so either both are there or neither: a crash leaves nothing to mend.
A second request with the same key waits at the record's unique index until the first has settled. Only answers that
changed something are kept; a refused request changed nothing, and may be sent again with its key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from mekong.foundation.errors import Conflict, IdempotencyMismatch

KEPT_FOR = timedelta(hours=48)
WAIT_S = 10
LONGEST_KEY = 200

CLAIM_SQL = """
    insert into foundation_idempotencyrecord (actor, key, fingerprint, created_at) values (%s, %s, %s, %s)
    on conflict (actor, key) do nothing returning id
"""
"""Claims a key inside the transaction of the write; no row means it is taken (`FIND_SQL`)."""

FIND_SQL = "select fingerprint, status, body from foundation_idempotencyrecord where actor = %s and key = %s"
STORE_SQL = "update foundation_idempotencyrecord set status = %s, body = %s where actor = %s and key = %s"


class IdempotencyBusy(Conflict):
    code = "request.idempotency_busy"
    template = "The first request with this Idempotency-Key is still under way. Send it again in a second."


@dataclass(frozen=True)
class Stored:
    """An answer given before."""

    status: int
    body: bytes


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same: method, path with query, and body."""
    digest = hashlib.sha256(f"{method} {path}\n".encode("utf-8", "replace"))
    digest.update(body)
    return digest.hexdigest()


def claim(*, actor: str, key: str, fingerprint: str, now: datetime) -> Stored | None:
    """Take a key inside the transaction of the write it belongs to; None means: go on, and `keep` the answer.

    Raises: IdempotencyMismatch: the key belongs to another request. IdempotencyBusy: the first is still under way
    after `WAIT_S` seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [f"{WAIT_S}s"])
        try:
            cursor.execute(CLAIM_SQL, [actor, key, fingerprint, now])
        except OperationalError as failed:
            if isinstance(failed.__cause__, LockNotAvailable):
                raise IdempotencyBusy(retry_after_s=1) from failed
            raise
        claimed = cursor.fetchone() is not None
        cursor.execute("set local lock_timeout to default")
        if claimed:
            return None
        cursor.execute(FIND_SQL, [actor, key])
        row = cursor.fetchone()
    if row is None or row[1] is None:
        raise IdempotencyBusy(retry_after_s=1)
    if row[0] != fingerprint:
        raise IdempotencyMismatch
    return Stored(row[1], bytes(row[2] or b""))


def keep(*, actor: str, key: str, status: int, body: bytes) -> None:
    """Keep the answer of a claimed key, in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(STORE_SQL, [status, body, actor, key])


def purge(*, now: datetime, limit: int = 10_000) -> int:
    """Drop answers older than 48 hours, up to `limit`; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """delete from foundation_idempotencyrecord where id in
               (select id from foundation_idempotencyrecord where created_at < %s order by created_at limit %s)""",
            [now - KEPT_FOR, limit],
        )
        return int(cursor.rowcount)
