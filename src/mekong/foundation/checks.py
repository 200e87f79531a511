"""The ground floor's own invariants, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from mekong.foundation import audit, health
from mekong.foundation.delivery import PARKED_AFTER

_LATE = timedelta(minutes=5)


def events_delivered(now: datetime) -> health.Finding:
    """No delivery is parked, and none has been due for more than five minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select count(*) filter (where attempts >= %s), count(*) filter (where next_at < %s), count(*)
                 from foundation_delivery""",
            [PARKED_AFTER, now - _LATE],
        )
        parked, late, waiting = cursor.fetchone()
    if parked or late:
        return health.Finding(
            False,
            f"{parked} deliveries parked after {PARKED_AFTER} attempts, {late} late by more than 5 minutes.",
            "See that a worker runs (mekong worker); for parked ones read foundation_delivery.error and mend the cause.",
        )
    return health.Finding(True, f"{waiting} deliveries on their way, none late.")


health.register("foundation.events_delivered", events_delivered)
health.register("foundation.audit_trail", audit.trail_is_guarded)
