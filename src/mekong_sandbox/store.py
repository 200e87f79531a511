"""What the stand-ins know, kept in one SQLite file so that a stop, or a kill, loses nothing that was answered for.

State lives in memory as msgspec structs. A changed struct is marked, and all marked structs are written together in
one transaction at most `FLUSH_AFTER_S` later; calls that must survive a kill at any moment (orders, tokens) are
flushed before they are answered. `synchronous=OFF` leaves durability to the operating system: a killed process
loses nothing, a power cut may.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

FLUSH_AFTER_S = 0.05
Row = TypeVar("Row", bound=msgspec.Struct)


class Store:
    """A journal of structs by kind and key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "sandbox.sqlite3", isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=off")
        self._db.execute(
            "create table if not exists rows"
            " (kind text, key text, body blob not null, primary key (kind, key)) without rowid"
        )
        self._encode = msgspec.msgpack.Encoder().encode
        self._marked: dict[tuple[str, str], msgspec.Struct | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin writing behind."""
        self._loop = loop
        self.flush()

    def save(self, kind: str, key: object, row: msgspec.Struct) -> None:
        """Mark a struct as changed; its state at the next flush is what is written."""
        self._marked[kind, str(key)] = row
        if not self._scheduled:
            self._schedule()

    def delete(self, kind: str, key: object) -> None:
        """Mark a struct as gone."""
        self._marked[kind, str(key)] = None
        if not self._scheduled:
            self._schedule()

    def load(self, kind: str, row_type: type[Row]) -> Iterator[tuple[str, Row]]:
        """Every struct of a kind with its key, in key order."""
        decode = msgspec.msgpack.Decoder(row_type).decode
        for key, body in self._db.execute("select key, body from rows where kind = ? order by key", (kind,)):
            yield key, decode(body)

    def get(self, kind: str, key: str, row_type: type[Row]) -> Row | None:
        """One struct, as last saved; for what is too large to hold in memory."""
        if (kind, key) in self._marked:
            row = self._marked[kind, key]
            return row if isinstance(row, row_type) else None
        found = self._db.execute("select body from rows where kind = ? and key = ?", (kind, key)).fetchone()
        return msgspec.msgpack.decode(found[0], type=row_type) if found else None

    def flush(self) -> None:
        """Write everything marked, in one transaction."""
        self._scheduled = False
        if not self._marked:
            return
        marked, self._marked = self._marked, {}
        gone = [key for key, row in marked.items() if row is None]
        kept = [(*key, self._encode(row)) for key, row in marked.items() if row is not None]
        self._db.execute("begin immediate")
        if gone:
            self._db.executemany("delete from rows where kind = ? and key = ?", gone)
        if kept:
            self._db.executemany("insert or replace into rows values (?, ?, ?)", kept)
        self._db.execute("commit")

    def wipe(self) -> None:
        """Forget everything, now."""
        self._marked.clear()
        self._db.execute("delete from rows")

    def close(self) -> None:
        """Write what is marked and close the file."""
        self.flush()
        self._db.close()

    def _schedule(self) -> None:
        if self._loop is not None:
            self._scheduled = True
            self._loop.call_later(FLUSH_AFTER_S, self.flush)
