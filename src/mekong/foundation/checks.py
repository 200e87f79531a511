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


def seats_are_counted(_: datetime) -> health.Finding:
    """Whoever may sign in with a role holds an open seat, and nobody else does."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select count(*) filter (where held and s.id is null), count(*) filter (where not held and s.id is not null),
                      count(s.id)
                 from (select p.id, p.is_active and exists (select 1 from foundation_roleassignment r
                                                             where r.person_id = p.id) as held
                         from foundation_person p) p
                 left join foundation_seatperiod s on s.person_id = p.id and s.until is null"""
        )
        missing, extra, seats = cursor.fetchone()
    if missing or extra:
        return health.Finding(
            False,
            gettext("{missing} people hold no seat although they may sign in, {extra} hold one although not.").format(
                missing=missing, extra=extra
            ),
            gettext("Someone switched the triggers of staff off. Take a role of these people and give it again."),
        )
    return health.Finding(True, gettext("{count} seats, one for each who may sign in with a role.").format(count=seats))


health.register("foundation.events_delivered", events_delivered)
health.register("foundation.audit_trail", audit.trail_is_guarded)
health.register("foundation.seats", seats_are_counted)
