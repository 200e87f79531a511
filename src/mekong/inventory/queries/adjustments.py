"""Adjustments that wait for somebody, or were decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.inventory.contracts import AdjustmentView, AskedLine
from mekong.inventory.errors import AdjustmentNotFound
from mekong.inventory.models import Adjustment, AdjustmentState, StockLevel


def adjustment_views(rows: Sequence[Adjustment]) -> list[AdjustmentView]:
    """With what stands there now beside what stood there then. One statement."""
    variants = {int(line["variant_id"]) for row in rows for line in row.lines}
    levels = {
        (variant, place): (on_hand, reserved)
        for variant, place, on_hand, reserved in StockLevel.objects.filter(
            variant_id__in=variants, location_id__in={row.location_id for row in rows}
        ).values_list("variant_id", "location_id", "on_hand", "reserved")
    }
    return [
        AdjustmentView(
            id=row.id,
            code=row.code,
            location_id=row.location_id,
            location_code=row.location.code,
            reason=row.reason,
            note=row.note,
            state=row.state,
            lines=tuple(
                AskedLine(
                    variant_id=int(line["variant_id"]),
                    quantity=int(line["quantity"]),
                    lot=line["lot"],
                    expires_on=date.fromisoformat(line["expires_on"]) if line["expires_on"] else None,
                    unit_cost_minor=line["unit_cost_minor"],
                    seen=int(line["on_hand"]),
                    on_hand=levels.get((int(line["variant_id"]), row.location_id), (0, 0))[0],
                    reserved=levels.get((int(line["variant_id"]), row.location_id), (0, 0))[1],
                )
                for line in row.lines
            ),
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            decision=row.decision,
        )
        for row in rows
    ]


def list_adjustments(
    *, actor: Actor, state: str = "waiting", before: UUID | None = None, limit: int = 50
) -> list[AdjustmentView]:
    """Adjustments at places this actor sees, newest first. Two statements. `before`: the id of the last one seen."""
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    rows = Adjustment.objects.select_related("location")
    if scope is not None:
        rows = rows.filter(location_id__in=scope)
    if state:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return adjustment_views(list(rows.order_by("-id")[:limit]))


def count_waiting_adjustments(*, actor: Actor) -> int:
    """How many wait, at places this actor sees."""
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    rows = Adjustment.objects.filter(state=AdjustmentState.WAITING)
    return (rows if scope is None else rows.filter(location_id__in=scope)).count()


def get_adjustment(*, actor: Actor, code: str) -> AdjustmentView:
    """One adjustment by its code. One elsewhere is not there. Raises: MayNot, AdjustmentNotFound."""
    actor.require("inventory.view")
    row = Adjustment.objects.select_related("location").filter(code__iexact=code).first()
    if row is None or not actor.sees_location(row.location_id, "inventory.view"):
        raise AdjustmentNotFound(key=code)
    return adjustment_views([row])[0]
