"""Long pieces of work that people ask for and need not wait for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

from mekong.channels import remote
from mekong.foundation.actor import SYSTEM

KEEP_NOTICES = timedelta(days=3)
KEEP_MINUTES = timedelta(days=2)


@app.task(name="channels.pull_listings")
def pull_listings(channel: str) -> None:
    remote.pull_listings(actor=SYSTEM, channel=channel)


@app.task(name="channels.audit_listings")
def audit_listings(channel: str) -> None:
    remote.audit_listings(actor=SYSTEM, channel=channel)


@app.periodic(cron="17 * * * *")
@app.task(name="channels.sweep", queueing_lock="channels.sweep")
def sweep(timestamp: int) -> None:
    """Forget notices that were followed long ago, and delays of days past."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with connection.cursor() as cursor:
        cursor.execute("delete from channels_noticeinbox where handled_at < %s", [now - KEEP_NOTICES])
        cursor.execute("delete from channels_syncminute where minute < %s", [now - KEEP_MINUTES])
