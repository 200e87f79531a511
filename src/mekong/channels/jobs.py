"""Long pieces of work that people ask for and need not wait for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

from mekong.channels import remote
from mekong.foundation.actor import SYSTEM

KEEP_NOTICES = timedelta(days=3)
KEEP_MINUTES = timedelta(days=2)
KEEP_HOURS = timedelta(days=31)
KEEP_AUDITS = timedelta(days=90)


@app.task(name="channels.pull_listings")
def pull_listings(channel: str) -> None:
    remote.pull_listings(actor=SYSTEM, channel=channel)


@app.task(name="channels.audit_listings")
def audit_listings(channel: str) -> None:
    remote.audit_listings(actor=SYSTEM, channel=channel)


@app.periodic(cron="17 * * * *")
@app.task(name="channels.sweep", queueing_lock="channels.sweep")
def sweep(timestamp: int) -> None:
    """Forget notices that were followed long ago, delays of weeks past, and what audits of a quarter ago found."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with connection.cursor() as cursor:
        cursor.execute("delete from channels_noticeinbox where handled_at < %s", [now - KEEP_NOTICES])
        cursor.execute("delete from channels_syncminute where minute < %s", [now - KEEP_MINUTES])
        cursor.execute("delete from channels_synchour where hour < %s", [now - KEEP_HOURS])
        cursor.execute(
            """with old as (select id from channels_auditrun where started_at < %s),
                    gone as (delete from channels_auditdifference d using old where d.run_id = old.id)
               delete from channels_auditrun r using old where r.id = old.id""",
            [now - KEEP_AUDITS],
        )
