"""Transfers: which there are, where each stands, and what is on its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from mekong.foundation.actor import Actor
from mekong.inventory.contracts import Booked, TransferLine, TransferStepView, TransferView
from mekong.inventory.errors import TransferNotFound
from mekong.inventory.models import Transfer, TransferState, TransferStep

WAITING = (
    TransferState.DRAFT,
    TransferState.REQUESTED,
    TransferState.READY,
    TransferState.IN_TRANSIT,
    TransferState.DIFFERS,
)
"""States in which somebody has the next step."""

TO_DO = "to_do"
"""Beside the states: transfers whose next step is this actor's."""


def line_view(line: Mapping[str, Any]) -> TransferLine:
    """A line as it is kept; those that the release before wrote have fewer fields."""
    return TransferLine(
        variant_id=int(line["variant_id"]),
        asked=int(line.get("asked", line["quantity"])),
        quantity=int(line["quantity"]),
        received=line.get("received"),
        cause=line.get("cause", ""),
        booked=tuple(Booked(each["cause"], each["units"], each.get("instead")) for each in line.get("booked", ())),
    )


def transfer_view(row: Transfer, steps: Sequence[TransferStep] = ()) -> TransferView:
    lines = tuple(line_view(line) for line in row.lines)
    if row.state == TransferState.RECEIVED:
        # The release before booked as lost, on arrival, what was missing.
        lines = tuple(
            replace(line, booked=(Booked("lost", line.missing),)) if line.open_units else line for line in lines
        )
    return TransferView(
        id=row.id,
        code=row.code,
        from_id=row.from_location_id,
        from_code=row.from_location.code,
        to_id=row.to_location_id,
        to_code=row.to_location.code,
        state=row.state,
        note=row.note,
        lines=lines,
        drafted_by=row.drafted_by,
        requested_by=row.requested_by,
        created_at=row.created_at,
        shipped_at=row.shipped_at,
        received_at=row.received_at,
        steps=tuple(TransferStepView(each.step, each.actor, each.note, each.at) for each in steps),
    )


def _seen_by(actor: Actor) -> Q:
    """Transfers that leave from or go to a place this actor sees."""
    scope = actor.locations_for("inventory.view")
    if scope is None:
        return Q()
    return Q(from_location_id__in=scope) | Q(to_location_id__in=scope)


def _to_do_of(actor: Actor) -> Q:
    """Transfers whose next step is this actor's: what leaves from their places, and what arrives there."""
    scope = actor.locations_for("inventory.transfer")
    leaving = Q(state__in=[TransferState.REQUESTED, TransferState.READY, TransferState.DIFFERS])
    arriving = Q(state=TransferState.IN_TRANSIT)
    if scope is None:
        return leaving | arriving
    return (leaving & Q(from_location_id__in=scope)) | (arriving & Q(to_location_id__in=scope))


def list_transfers(
    *,
    actor: Actor,
    tab: str = "",
    location: str = "",
    code: str = "",
    variant_ids: Collection[int] | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[TransferView]:
    """Transfers from or to a place this actor sees, newest first; without their steps. One statement.

    Args:
        tab: a state, or `to_do` for those whose next step is this actor's; "" for all.
        code: the beginning of their code; or, with `variant_ids`, transfers that bring one of these.
        before: the id of the last one already seen.
    """
    actor.require("inventory.view")
    rows = Transfer.objects.filter(_seen_by(actor)).select_related("from_location", "to_location")
    if tab == TO_DO:
        rows = rows.filter(_to_do_of(actor))
    elif tab:
        rows = rows.filter(state=tab)
    if location:
        place = location.upper()
        rows = rows.filter(Q(from_location__code=place) | Q(to_location__code=place))
    if code or variant_ids is not None:
        found = Q(code__istartswith=code) if code else Q(pk__in=[])
        for variant in variant_ids or ():
            found |= Q(lines__contains=[{"variant_id": variant}])
        rows = rows.filter(found)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [transfer_view(row) for row in rows.order_by("-id")[:limit]]


def count_transfers(*, actor: Actor) -> dict[str, int]:
    """How many this actor sees in each state that waits for somebody, and how many wait for them (`to_do`)."""
    actor.require("inventory.view")
    seen = Transfer.objects.filter(_seen_by(actor), state__in=WAITING)
    counts = {state.value: 0 for state in WAITING}
    for state in seen.values_list("state", flat=True):
        counts[state] += 1
    counts[TO_DO] = seen.filter(_to_do_of(actor)).count() if actor.may("inventory.transfer") else 0
    return counts


def get_transfer(*, actor: Actor, code: str = "", transfer_id: UUID | None = None) -> TransferView:
    """One transfer with its steps, by code or id. One elsewhere is not there. Raises: MayNot, TransferNotFound."""
    actor.require("inventory.view")
    key = Q(code__iexact=code) if transfer_id is None else Q(id=transfer_id)
    row = Transfer.objects.filter(key, _seen_by(actor)).select_related("from_location", "to_location").first()
    if row is None:
        raise TransferNotFound(key=code or transfer_id)
    return transfer_view(row, list(TransferStep.objects.filter(transfer_id=row.id).order_by("id")))


_INCOMING = """
    select (line ->> 'variant_id')::bigint, t.to_location_id, sum((line ->> 'quantity')::bigint)::bigint
      from inventory_transfer t cross join lateral jsonb_array_elements(t.lines) line
     where t.state in ('requested', 'ready', 'in_transit') and (line ->> 'variant_id')::bigint = any(%s)
     group by 1, 2
"""


def incoming_units(*, variant_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """Units that transfers bring, by (variant, location): asked for, ready or under way. Reads open transfers only."""
    if not variant_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_INCOMING, [list(variant_ids)])
        return {(variant, place): units for variant, place, units in cursor.fetchall()}
