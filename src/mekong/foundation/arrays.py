"""Columns of a batch as parameters, in PostgreSQL's binary array format.

A batch is written by one statement that unnests a column for each field. Given as text, reading the columns would be a
third of what the server does for such a statement; in binary it copies them. The format, all big-endian: dimensions,
"has nulls", element type, length, lower bound; then each element after its own length (`array_recv` in
src/backend/utils/adt/arrayfuncs.c of PostgreSQL).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    from psycopg.adapt import Buffer

_HEADER = struct.Struct(">iiIii")
_BIGINT, _FLOAT8, _TEXT, _UUID = 20, 701, 25, 2950
"""Object identifiers of the element types, the same in every release (src/include/catalog/pg_type.dat)."""
_LENGTHS = tuple(length.to_bytes(4, "big") for length in range(256))


class Column(bytes):
    """An encoded array; its class says of what."""

    __slots__ = ()


class _Bigints(Column):
    __slots__ = ()


class _Floats(Column):
    __slots__ = ()


class _Texts(Column):
    __slots__ = ()


class _Uuids(Column):
    __slots__ = ()


def bigints(values: Sequence[int]) -> Column:
    """A `bigint[]`. Raises: struct.error, for a number beyond 64 bits."""
    return _Bigints(_header(_BIGINT, len(values)) + _packed("iq", values))


def floats(values: Sequence[float]) -> Column:
    """A `float8[]`."""
    return _Floats(_header(_FLOAT8, len(values)) + _packed("id", values))


def uuids(values: Sequence[str]) -> Column:
    """A `uuid[]`. Raises: ValueError, where a text is none."""
    raw = bytes.fromhex("".join(values).replace("-", ""))
    if len(raw) != 16 * len(values):
        raise ValueError("not all of these are UUIDs")
    elements = [raw[at : at + 16] for at in range(0, len(raw), 16)]
    return _Uuids(_header(_UUID, len(values)) + _LENGTHS[16].join((b"", *elements)))


def texts(values: Sequence[str]) -> Column:
    """A `text[]`."""
    elements = [value.encode() for value in values]
    pieces = [(_LENGTHS[n] if (n := len(each)) < 256 else n.to_bytes(4, "big")) + each for each in elements]
    return _Texts(_header(_TEXT, len(elements)) + b"".join(pieces))


def _packed(kind: str, values: Sequence[float]) -> bytes:
    """Numbers of eight bytes, each after its length."""
    flat: list[float] = [8] * (2 * len(values))
    flat[1::2] = values
    return struct.pack(">" + kind * len(values), *flat)


def _header(element: int, count: int) -> bytes:
    # An empty array has no dimension, and says nothing of one.
    return _HEADER.pack(1, 0, element, count, 1) if count else _HEADER.pack(0, 0, element, 0, 0)[:12]


def _dump_as(kind: type[Column], array_oid: int) -> None:
    class Encoded(Dumper):
        format = Format.BINARY
        oid = array_oid

        def dump(self, obj: Column) -> Buffer | None:
            return obj

    psycopg.adapters.register_dumper(kind, Encoded)


for _kind, _oid in ((_Bigints, 1016), (_Floats, 1022), (_Texts, 1009), (_Uuids, 2951)):
    _dump_as(_kind, _oid)
