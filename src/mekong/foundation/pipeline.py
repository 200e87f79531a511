"""Few round trips to the database, for the threads that serve batches."""

from __future__ import annotations

import contextlib
import itertools
import re
import select
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import psycopg
from django.db import connection
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format

from mekong.foundation.arrays import Column

Parameters = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """What a batch needs of a cursor: psycopg's own has it too."""

    def execute(self, sql: Any, parameters: Any = ()) -> Any: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...

    def fetchone(self) -> tuple[Any, ...] | None: ...


class Pipe(Protocol):
    """A transaction under way. Use a cursor of its own for every statement whose rows are wanted."""

    def cursor(self) -> Cursor: ...

    def commit(self) -> None:
        """Send what is not sent yet and the word to commit; the end of the block waits for it to be done."""


@contextlib.contextmanager
def piped() -> Iterator[Pipe]:
    """A transaction whose statements go out without waiting for each other's answers; a fetch waits for all before it.

    No other cursor of the thread's connection may be used meanwhile. Each round trip hands the interpreter to other
    threads and waits to get it back, and wakes the server, so trips are what a batch costs most: between two points of
    synchronisation a pipeline is one transaction by itself, without a word of begin and commit (PostgreSQL, "Pipelining",
    in the chapter on the message flow). Inside a caller's transaction the statements simply join it.
    """
    raw = _raw()
    if connection.in_atomic_block:
        yield _Joined(raw)
        return
    pipe = _Pipe(raw)
    try:
        yield pipe
        pipe.finish()
    except BaseException as failure:
        # Without the point of synchronisation nothing is committed. What followed a failure was skipped by the server,
        # preparing included. Failures are rare and a new connection takes milliseconds.
        raw.close()
        connection.close()
        if isinstance(failure, psycopg.errors.TransactionTimeout):
            # The server has ended the session: to a caller that is a lost connection.
            raise psycopg.OperationalError(str(failure)) from failure
        raise


LONGEST_S = 30
"""Seconds a batch may take in a thread that asked for it, where the server can tell (PostgreSQL 17 and later)."""

_here = threading.local()


def limit_batches() -> None:
    """In a thread that does nothing but serve batches: have the server end one that takes absurdly long.

    A batch takes milliseconds; a process that is frozen in the middle of one (swapped out, stopped) would keep its locks
    from all others. Elsewhere a limit would outlive the pipe and strike what may take its time.
    """
    _here.is_limited = True


class _Joined:
    """Statements of a caller's transaction, which the caller ends."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw

    def cursor(self) -> Cursor:
        return psycopg.Cursor(self._raw)

    def commit(self) -> None:
        """Nothing: that is the caller's."""


class _Pipe:
    """libpq's pipeline on a connection, for statements known beforehand: always prepared, never described anew.

    psycopg's cursors do the same with about three times the work in Python, which a batch of few requests notices: two
    trips cost 165 to 200 µs with them and some 60 µs here, all of it while other threads wait for the interpreter.
    """

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw
        self._gate = raw.pgconn
        self._prepared = _prepared[raw] if raw in _prepared else _begin_with(raw)
        self._due: deque[_Answer] = deque()
        self._committed: _Answer | None = None
        self._gate.enter_pipeline_mode()

    def cursor(self) -> _PipeCursor:
        return _PipeCursor(self)

    def send(self, sql: str | bytes, parameters: Parameters) -> _Answer:
        """Put a statement on its way. Errors are raised when an answer is waited for."""
        statement = _statement(sql)
        if statement.name not in self._prepared:
            self._gate.send_prepare(statement.name, statement.text)
            self._due.append(_Answer())
            self._prepared.add(statement.name)
        values, formats = statement.bound(parameters)
        self._gate.send_query_prepared(statement.name, values, formats)
        return self._expect()

    def wait(self, answer: _Answer) -> None:
        """Until this answer has come. Raises: the error of the first statement that failed."""
        if answer.result is None:
            self._gate.send_flush_request()
            self._exchange(answer)

    def commit(self) -> None:
        self._sync()
        self._gate.flush()

    def finish(self) -> None:
        """Until it is committed. Raises: the error of the first statement that failed; then nothing was done."""
        self._exchange(self._sync())
        self._gate.exit_pipeline_mode()

    def _sync(self) -> _Answer:
        """The word to commit, said once."""
        if self._committed is None:
            self._gate.pipeline_sync()
            self._committed = self._expect()
        return self._committed

    def _expect(self) -> _Answer:
        answer = _Answer()
        self._due.append(answer)
        return answer

    def _exchange(self, last: _Answer) -> None:
        gate, poll = self._gate, select.poll()
        while True:
            is_unsent = gate.flush()
            while not gate.is_busy() and last.result is None:
                self._take()
            if last.result is not None:
                return
            poll.register(gate.socket, select.POLLIN | (select.POLLOUT if is_unsent else 0))
            if any(events & ~select.POLLOUT for _, events in poll.poll()):
                gate.consume_input()

    def _take(self) -> None:
        result = self._gate.get_result()
        if result is None:  # the end of one statement's results
            return
        if result.status not in _FINE:
            raise psycopg.errors.error_from_result(result)
        self._due.popleft().result = result


_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.PIPELINE_SYNC)

_prepared: weakref.WeakKeyDictionary[psycopg.Connection[Any], set[bytes]] = weakref.WeakKeyDictionary()
"""The statements that each connection knows. Django has psycopg prepare none, so nobody else deallocates them."""


def _begin_with(raw: psycopg.Connection[Any]) -> set[bytes]:
    if getattr(_here, "is_limited", False) and raw.info.server_version >= _KNOWS_TRANSACTION_TIMEOUT:
        raw.execute(f"set transaction_timeout = '{LONGEST_S}s'".encode())
    return _prepared.setdefault(raw, set())


_KNOWS_TRANSACTION_TIMEOUT = 170_000


class _Answer:
    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: Any = None


class _PipeCursor:
    """One statement at a time in a pipe."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self._answer: _Answer | None = None

    def execute(self, sql: str | bytes, parameters: Parameters = ()) -> None:
        self._answer = self._pipe.send(sql, parameters)

    def fetchall(self) -> list[tuple[Any, ...]]:
        if self._answer is None:
            raise psycopg.ProgrammingError("nothing was asked")
        self._pipe.wait(self._answer)
        result = self._answer.result
        reader = Transformer(self._pipe.raw)
        reader.set_pgresult(result)
        return reader.load_rows(0, result.ntuples, tuple)

    def fetchone(self) -> tuple[Any, ...] | None:
        rows = self.fetchall()
        return rows[0] if rows else None


class _Statement:
    """A statement as the server takes it, with `$1` for each `%s` and one for each `%(name)s`."""

    def __init__(self, sql: str) -> None:
        self.name = f"mekong_{next(_numbers)}".encode()
        self._names: list[str] = []
        count = 0

        def placed(found: re.Match[str]) -> str:
            nonlocal count
            name = found["name"]
            if name is None:
                count += 1
                return f"${count}"
            if name not in self._names:
                self._names.append(name)
            return f"${self._names.index(name) + 1}"

        self.text = _PLACEHOLDER.sub(placed, sql).encode()

    def bound(self, parameters: Parameters) -> tuple[list[bytes | None], list[Format]]:
        given = [parameters[name] for name in self._names] if isinstance(parameters, Mapping) else parameters
        return [_dumped(each) for each in given], [
            Format.BINARY if isinstance(each, Column) else Format.TEXT for each in given
        ]


_PLACEHOLDER = re.compile(r"%(?:s|\((?P<name>\w+)\)s)")
_statements: dict[str | bytes, _Statement] = {}
_numbers = itertools.count()


def _statement(sql: str | bytes) -> _Statement:
    known = _statements.get(sql)
    if known is None:
        text = sql if isinstance(sql, str) else sql.decode()
        known = _statements.setdefault(sql, _Statement(text))
    return known


def _dumped(value: Any) -> bytes | None:
    """A parameter as the server reads it. Raises: TypeError: use `arrays` for columns."""
    if isinstance(value, Column) or value is None:
        return value
    if isinstance(value, str):
        if "\0" in value:
            raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return value.encode()
    if isinstance(value, int):
        return str(value).encode()
    if isinstance(value, datetime):
        return value.isoformat().encode()
    raise TypeError(f"{type(value).__name__} is no parameter of a pipe")


@contextlib.contextmanager
def server_cursor() -> Iterator[Cursor]:
    """A cursor on this thread's connection whose parameters the server binds, as `arrays` need it.

    Django's own cursors put parameters into the statement's text.
    """
    with connection.wrap_database_errors, psycopg.Cursor(_raw()) as cursor:
        yield cursor


def _raw() -> psycopg.Connection[Any]:
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return raw


def reuse_connection() -> None:
    """Keep this thread's connection from one piece of work to the next, unless the server has gone away.

    For threads that live on, such as a combiner's: Django closes a connection after each request because its threads
    are many and short, and a new one costs ten milliseconds of planning with cold caches.
    """
    raw = connection.connection
    if raw is not None and not connection.in_atomic_block and (raw.closed or raw.broken):
        connection.close()


def close_connection() -> None:
    """Close this thread's connection, when a thread ends; `connection.close` handed on would be the hander's own."""
    connection.close()
