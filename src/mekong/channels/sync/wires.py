"""Plain asynchronous connections to the database, for listening and for locks that outlive a transaction."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connections

_NOT_PSYCOPGS = {"pool", "cursor_factory", "context", "server_side_binding", "assume_role", "isolation_level"}


def parameters() -> dict[str, Any]:
    """How Django reaches its database, in psycopg's words."""
    said = connections["default"].get_connection_params()
    return {name: value for name, value in said.items() if name not in _NOT_PSYCOPGS}


async def open_wire() -> psycopg.AsyncConnection[Any]:
    """A connection of its own, every statement a transaction."""
    return await psycopg.AsyncConnection.connect(**parameters(), autocommit=True)
