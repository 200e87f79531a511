"""Few round trips to the database, for the threads that serve batches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection


@contextlib.contextmanager
def piped() -> Iterator[psycopg.Connection[Any]]:
    """A transaction whose statements go out without waiting for each other's answers; a fetch waits for all before it.

    Each round trip hands the interpreter to other threads and waits to get it back, and wakes the server, so trips are
    what a batch costs most: between two points of synchronisation a pipeline is one transaction by itself, without a
    word of begin and commit (PostgreSQL, "Pipelining", in the chapter on the message flow). Use a cursor of its own for
    every statement whose rows are wanted. Inside a caller's transaction the statements simply join it.
    """
    raw = _raw()
    if connection.in_atomic_block:
        yield raw
        return
    try:
        with raw.pipeline():
            try:
                yield raw
            except BaseException:
                # The end of the pipeline would commit what was done so far.
                raw.execute("rollback")
                raise
    except BaseException:
        # What followed the failure was skipped by the server, preparing included, and the driver does not know which
        # statements are prepared. Failures are rare and a new connection takes milliseconds.
        raw.close()
        connection.close()
        raise


@contextlib.contextmanager
def server_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor on this thread's connection whose parameters the server binds, for `arrays` and for `prepare=True`.

    Django's own cursors put parameters into the statement's text.
    """
    with connection.wrap_database_errors, psycopg.Cursor(_raw()) as cursor:
        yield cursor


def _raw() -> psycopg.Connection[Any]:
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if raw.prepare_threshold is None:
        # Django switches prepared statements off altogether; here those that ask for it are prepared, and no others.
        raw.prepare_threshold = _NEVER_UNASKED
    return raw


_NEVER_UNASKED = 1 << 30


def reuse_connection() -> None:
    """Keep this thread's connection from one piece of work to the next, unless the server has gone away.

    For threads that live on, such as a combiner's: Django closes a connection after each request because its threads
    are many and short, and a new one costs ten milliseconds of planning with cold caches.
    """
    raw = connection.connection
    if raw is not None and not connection.in_atomic_block and (raw.closed or raw.broken):
        connection.close()
