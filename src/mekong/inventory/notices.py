"""Hints that stock moved, sent with the transaction that moved it (PostgreSQL NOTIFY on `mekong_stock`).

A hint is for speed only: who misses one finds out by the next comparison of versions.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

CHANNEL = "mekong_stock"
EVERYTHING = "*"

_LIMIT = 7800  # bytes; PostgreSQL takes payloads shorter than 8000


def payload(variant_ids: Collection[int]) -> str:
    """What a hint about these variants says: their ids, or `*` when there are too many to name."""
    text = ",".join(map(str, variant_ids))
    return text if len(text) <= _LIMIT else EVERYTHING


def stock_moved(cursor: Any, variant_ids: Collection[int]) -> None:
    """Tell listeners which variants moved, with the transaction that moved them."""
    cursor.execute("select pg_notify(%s, %s)", (CHANNEL, payload(variant_ids)))


def read(text: str) -> set[int] | None:
    """The variants a hint names; None means any may have moved."""
    return None if text == EVERYTHING else {int(each) for each in text.split(",") if each}
