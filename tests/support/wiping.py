"""Lets the test database be emptied between tests: rows are deleted, and what migrations laid down is put back.

Django's own flush truncates, which append-only tables refuse and which takes half a second for tables that are mostly
empty; and it would leave no virtual locations, tax classes or channels of our own.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, connections, transaction

_TABLES = """
    select table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position)
      from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER'
       and table_name not in ('django_migrations', 'django_content_type', 'auth_permission')
     group by table_name
"""
_laid_down: dict[str, tuple[str, bytes]] = {}
_tables: list[str] = []


def wipe() -> None:
    """The database as it is after its migrations, and nothing remembered of what it held."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Without triggers: append-only tables refuse deletion, and the order of foreign keys does not matter.
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("; ".join(f"delete from {table}" for table in _tables))
        for table, (columns, data) in _laid_down.items():
            with cursor.copy(f"copy {table} ({columns}) from stdin") as rows:
                rows.write(data)
    forget_everything()


def forget_everything() -> None:
    """What this process remembers of a database that was emptied."""
    from mekong.channels.calling import calls
    from mekong.channels.commands.notices import forget_readers
    from mekong.inventory.engine import forget_policy
    from mekong.inventory.ledger import forget_kinds
    from mekong.inventory.queries import forget_places
    from mekong.pricing.shelf import shelf

    calls.forget()
    forget_readers()
    forget_kinds()
    forget_places()
    forget_policy()
    shelf.clear()


def install() -> None:
    """Call it once, after Django is set up and before any test runs."""
    from django.db.models.signals import post_migrate
    from django.test import TransactionTestCase

    TransactionTestCase._fixture_teardown = lambda _: wipe()  # type: ignore[method-assign]  # the test database only
    post_migrate.connect(_remember, weak=False, dispatch_uid="tests.remember")


def _remember(using: str, **_: Any) -> None:
    """Keep what migrations wrote: called after each app's, last of all when every table is there and none is in use."""
    _tables.clear()
    with connections[using].cursor() as cursor:
        cursor.execute(_TABLES)
        for table, columns in cursor.fetchall():
            _tables.append(table)
            with cursor.copy(f"copy (select {columns} from {table}) to stdout") as rows:
                data = b"".join(bytes(part) for part in rows)
            if data and table != "foundation_auditentry":
                _laid_down[table] = (columns, data)
