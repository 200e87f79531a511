"""The audit trail: who changed what, when. Triggers write it, so raw SQL is in it too; nothing edits it.

A module puts a table under audit with one operation in a migration that depends on `foundation.0001_initial`:

    operations = [audit.audited("channels_account", redact=["access_token"], ignore=["last_polled_at"])]

Every insert, update and delete of a row then writes one `AuditEntry` with the columns that changed, before and after,
under the actor that `@command` named for the transaction; a change made outside of a command is booked under the
database role (`db:mekong`). The cost is one insert a changed row: leave append-only tables out, they are a trail
themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.migrations.operations import RunSQL
from django.utils.translation import gettext

from mekong.foundation import health
from mekong.foundation.actor import Actor

BLANK = "•••"
"""What stands in the trail for the value of a secret column. That it changed is said, its value is not."""

CREATE_FUNCTIONS = """
create function mekong_audit() returns trigger language plpgsql as $body$
-- Arguments: key column, '{redacted columns}', '{ignored columns}'.
declare
    redacted text[] := tg_argv[1]::text[];
    ignored text[] := tg_argv[2]::text[];
    was jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
    becomes jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
    before jsonb;
    after jsonb;
begin
    if tg_op = 'UPDATE' then
        select jsonb_object_agg(c.key, was -> c.key), jsonb_object_agg(c.key, c.value) into before, after
          from jsonb_each(becomes) c
         where c.value is distinct from was -> c.key and c.key <> all (ignored);
        if after is null then
            return null;
        end if;
    else
        before := was - ignored;
        after := becomes - ignored;
    end if;
    select before || coalesce(jsonb_object_agg(r, '•••'::text) filter (where before ->> r <> ''), '{}'),
           after || coalesce(jsonb_object_agg(r, '•••'::text) filter (where after ->> r <> ''), '{}')
      into before, after from unnest(redacted) r;
    insert into foundation_auditentry (table_name, row_id, action, actor, before, after, at)
    values (tg_table_name, coalesce(becomes, was) ->> tg_argv[0], lower(tg_op),
            coalesce(nullif(current_setting('mekong.actor', true), ''), 'db:' || session_user),
            before, after, clock_timestamp());
    return null;
end $body$;

create function mekong_append_only() returns trigger language plpgsql as $body$
begin
    raise exception '% is append-only: % is refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end $body$;
"""

DROP_FUNCTIONS = "drop function mekong_audit(); drop function mekong_append_only();"


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"not a plain table or column name: {name!r}")
    return name


def audited(table: str, *, redact: Sequence[str] = (), ignore: Sequence[str] = (), key: str = "id") -> RunSQL:
    """A reversible migration operation that puts `table` under audit.

    Args:
        redact: secret columns; a change of theirs is booked without the value.
        ignore: columns whose change alone is not worth an entry (times of last use).
        key: the column that names a row.
    """
    arguments = ", ".join(
        f"'{each}'"
        for each in (
            _identifier(key),
            "{" + ",".join(map(_identifier, redact)) + "}",
            "{" + ",".join(map(_identifier, ignore)) + "}",
        )
    )
    return RunSQL(
        f"create trigger mekong_audit after insert or update or delete on {_identifier(table)} "
        f"for each row execute function mekong_audit({arguments})",
        f"drop trigger mekong_audit on {table}",
    )


def append_only(table: str) -> RunSQL:
    """A reversible migration operation after which rows of `table` can be added, and neither changed nor removed."""
    name = _identifier(table)
    return RunSQL(
        f"create trigger mekong_append_only before update or delete or truncate on {name} "
        f"for each statement execute function mekong_append_only()",
        f"drop trigger mekong_append_only on {name}",
    )


def trail_is_guarded(_: datetime) -> health.Finding:
    """Nobody took the guard of the trail away, or the triggers that write it. For `mekong doctor`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select coalesce(string_agg(tgrelid::regclass::text, ', ') filter (where tgenabled = 'D'), ''),
                      count(*) filter (where tgname = 'mekong_audit' and tgenabled <> 'D'),
                      bool_or(tgrelid = 'foundation_auditentry'::regclass and tgname = 'mekong_append_only')
                 from pg_trigger where tgname in ('mekong_audit', 'mekong_append_only')"""
        )
        disabled, watched, guarded = cursor.fetchone()
    if disabled or not guarded or not watched:
        return health.Finding(
            False,
            gettext("The audit trail is not safe: {reason}.").format(
                reason=disabled or gettext("a trigger was dropped")
            ),
            gettext(
                "Someone with rights over the tables switched a trigger off."
                " Enable it (alter table … enable trigger all), or restore a backup beside this database and compare."
            ),
        )
    return health.Finding(
        True, gettext("{count} tables write the audit trail, and nothing can edit it.").format(count=watched)
    )


def record(
    actor: Actor, *, action: str, table: str, row_id: object, now: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    """Book something that changes no row: a sensitive read (`read`), a sign-in. `facts`: plain values, no secrets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into foundation_auditentry (table_name, row_id, action, actor, after, at)"
            " values (%s, %s, %s, %s, %s, %s)",
            [table, str(row_id), action, actor.ref, json.dumps(dict(facts or {})), now],
        )


def record_read(actor: Actor, *, table: str, row_id: object, fields: Sequence[str], now: datetime) -> None:
    """Book that someone was shown personal data in full. Call it in the command that reveals them."""
    record(actor, action="read", table=table, row_id=row_id, facts={"fields": list(fields)}, now=now)
