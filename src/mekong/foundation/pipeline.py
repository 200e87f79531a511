"""Few round trips to the database, for the threads that serve batches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from django.db import connection
from psycopg.pq import TransactionStatus


@contextlib.contextmanager
def piped() -> Iterator[psycopg.Connection[Any]]:
    """A transaction whose statements go out without waiting for each other's answers; a fetch waits for all before it.

    Begin travels with the first statements and commit with the last. Each round trip hands the interpreter to other
    threads and waits to get it back, so trips are what a batch costs most. Use a cursor of its own for every statement
    whose rows are wanted. Inside a caller's transaction the statements simply join it.
    """
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if connection.in_atomic_block:
        yield raw
        return
    try:
        with raw.pipeline():
            raw.execute("begin")
            yield raw
            raw.execute("commit")
    finally:
        _leave_idle(raw)


def _leave_idle(raw: psycopg.Connection[Any]) -> None:
    """After a failure, end the transaction that is still open; a connection that will not is given up."""
    if raw.closed or raw.info.transaction_status == TransactionStatus.IDLE:
        return
    try:
        raw.execute("rollback")
    except psycopg.Error:
        raw.close()


def reuse_connection() -> None:
    """Keep this thread's connection from one piece of work to the next, unless the server has gone away.

    For threads that live on, such as a combiner's: Django closes a connection after each request because its threads
    are many and short, and a new one costs ten milliseconds of planning with cold caches.
    """
    raw = connection.connection
    if raw is not None and not connection.in_atomic_block and (raw.closed or raw.broken):
        connection.close()


def array(values: Iterable[object]) -> str:
    """An array literal of numbers or ids; far cheaper than adapting each element of a long list."""
    return f"{{{','.join(map(str, values))}}}"


def array_of_ids(values: Iterable[str]) -> str:
    """As `array`, of ids that are text already."""
    return f"{{{','.join(values)}}}"


def texts(values: Sequence[str]) -> str:
    """An array literal of any texts."""
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        joined = '","'.join(value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f'{{"{joined}"}}' if values else "{}"
