"""Lets the test database be emptied between tests: append-only tables refuse TRUNCATE, which in a test is the point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connections, transaction

_TABLES = "select tgrelid::regclass::text from pg_trigger where tgname = 'mekong_append_only'"


def _flush(operations: Any, sql_list: Iterable[str]) -> None:
    alias = operations.connection.alias
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [row[0] for row in cursor.fetchall()]
        for table in tables:
            cursor.execute(f"alter table {table} disable trigger mekong_append_only")
        for sql in sql_list:
            cursor.execute(sql)
        for table in tables:
            cursor.execute(f"alter table {table} enable trigger mekong_append_only")


def install() -> None:
    """Call it once, after Django is set up and before any test runs."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    DatabaseOperations.execute_sql_flush = _flush  # type: ignore[method-assign]  # the test database only
