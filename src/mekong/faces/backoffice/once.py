"""Forms that may be sent twice (a double click, a reload): the second finds the first one's answer."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.http import HttpResponse

from mekong.faces.backoffice.visit import Visit
from mekong.foundation import idempotency


def once(visit: Visit, work: Callable[[], str]) -> HttpResponse:
    """Do `work`, which answers with the page to go on to, unless this very form was taken already.

    The form's token is claimed in the transaction of the work: either both are there or neither. A form without a
    token (not one of ours) is done as it is.
    """
    token = visit.posted("once", longest=64)
    if not token:
        return visit.redirect(work())
    key = f"form:{token}"
    fingerprint = idempotency.fingerprint("POST", visit.request.path_info, b"")
    with transaction.atomic():
        earlier = idempotency.claim(actor=visit.actor.ref, key=key, fingerprint=fingerprint, now=visit.now)
        if earlier is not None:
            return visit.redirect(earlier.body.decode())
        to = work()
        idempotency.keep(actor=visit.actor.ref, key=key, status=303, body=to.encode())
    return visit.redirect(to)
