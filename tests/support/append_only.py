"""Lets the test database be emptied between tests.

Append-only tables refuse TRUNCATE, which in a test is the point; and the rows that migrations lay down (virtual
locations, tax classes) must be there again for the next test.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connections, transaction

_GUARDED = "select tgrelid::regclass::text from pg_trigger where tgname = 'mekong_append_only'"
_OURS = """
    select table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position)
      from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER'
       and split_part(table_name, '_', 1) in ('foundation', 'catalog', 'inventory', 'orders', 'channels')
       and table_name <> 'foundation_auditentry'
     group by table_name
"""
_laid_down: dict[str, tuple[str, bytes]] = {}
_was_emptied = False


def _remember(using: str, **_: Any) -> None:
    """Keep what migrations wrote; called after each app's migrations, last of all when every table is there."""
    if _was_emptied:
        return
    with connections[using].cursor() as cursor:
        cursor.execute(_OURS)
        for table, columns in cursor.fetchall():
            with cursor.copy(f"copy (select {columns} from {table}) to stdout") as rows:
                data = b"".join(bytes(part) for part in rows)
            if data:
                _laid_down[table] = (columns, data)


def _flush(operations: Any, sql_list: Iterable[str]) -> None:
    global _was_emptied
    _was_emptied = True
    alias = operations.connection.alias
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_GUARDED)
        guarded = [row[0] for row in cursor.fetchall()]
        for table in guarded:
            cursor.execute(f"alter table {table} disable trigger mekong_append_only")
        for sql in sql_list:
            cursor.execute(sql)
        for table, (columns, data) in _laid_down.items():
            with cursor.copy(f"copy {table} ({columns}) from stdin") as rows:
                rows.write(data)
        cursor.execute("set constraints all immediate")
        cursor.execute("truncate foundation_auditentry")
        for table in guarded:
            cursor.execute(f"alter table {table} enable trigger mekong_append_only")


def install() -> None:
    """Call it once, after Django is set up and before any test runs."""
    from django.db.backends.postgresql.operations import DatabaseOperations
    from django.db.models.signals import post_migrate

    DatabaseOperations.execute_sql_flush = _flush  # type: ignore[method-assign]  # the test database only
    post_migrate.connect(_remember, weak=False, dispatch_uid="tests.remember")
