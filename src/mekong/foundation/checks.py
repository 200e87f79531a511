"""The ground floor's own invariants, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext

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
            gettext("{parked} deliveries parked after {attempts} attempts, {late} late by more than 5 minutes.").format(
                parked=parked, attempts=PARKED_AFTER, late=late
            ),
            gettext(
                "See that a worker runs (mekong worker);"
                " for parked ones read foundation_delivery.error and mend the cause."
            ),
        )
    return health.Finding(True, gettext("{count} deliveries on their way, none late.").format(count=waiting))


health.register("foundation.events_delivered", events_delivered)
health.register("foundation.audit_trail", audit.trail_is_guarded)
