"""Joining by oneself: online, or by a link in a chat."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.loyalty.commands import checking
from mekong.loyalty.errors import TooManyJoins
from mekong.loyalty.models import JoinRate

TRIES_OF_AN_ADDRESS, TRIES_OF_A_PHONE = 30, 5
"""An hour. A shop's own network counts as one address, so that a queue of people may join by it."""
_COUNT = """
    insert into loyalty_joinrate as r (who, hour, tries) values (%s, %s, 1)
        on conflict (who, hour) do update set tries = r.tries + 1 where r.tries < %s returning tries
"""
_KEPT = timedelta(days=1)


@command
def count_join(*, actor: Actor, address: str, phone: str, now: datetime) -> None:
    """Count a try to join by oneself against what an address and a phone may do in an hour, whatever comes of it.

    Raises: MayNot, MemberInvalid: this is no phone; TooManyJoins.
    """
    actor.require("loyalty.enroll")
    hour = now.replace(minute=0, second=0, microsecond=0)
    rest = int((hour + timedelta(hours=1) - now).total_seconds()) + 1
    counted = (
        (f"address:{address}"[:120], TRIES_OF_AN_ADDRESS),
        (f"phone:{checking.phone(phone)}"[:120], TRIES_OF_A_PHONE),
    )
    JoinRate.objects.filter(hour__lt=now - _KEPT).delete()
    for who, most in counted:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [who, hour, most])
            if cursor.fetchone() is None:
                raise TooManyJoins(retry_after_s=rest)
