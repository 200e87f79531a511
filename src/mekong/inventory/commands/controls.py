"""What shapes how much a channel may show and sell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mekong.catalog.contracts import KEEP, Keep
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.inventory import rules
from mekong.inventory.commands.checking import (
    MAX_QUANTITY,
    policy_moved,
)
from mekong.inventory.contracts import (
    ControlView,
)
from mekong.inventory.errors import (
    ControlInvalid,
    ControlMoved,
)
from mekong.inventory.models import (
    ControlKind,
    ControlSale,
    ControlScope,
    StockControl,
    StockPolicy,
)
from mekong.inventory.queries import control_view


@command
def set_control(
    *,
    actor: Actor,
    channel: str,
    scope: str,
    kind: str,
    target: str = "",
    amount: int = 0,
    position: int = 100,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> ControlView:
    """Shape what a channel may show and sell. Raises: MayNot, ControlInvalid naming the field."""
    actor.require("inventory.controls")
    if scope not in ControlScope.values:
        raise ControlInvalid(
            field="scope",
            problem="“{scope}” is not a scope. Use one of: {known}.",
            scope=scope,
            known=", ".join(rules.SCOPES),
        )
    if kind not in ControlKind.values:
        raise ControlInvalid(
            field="kind",
            problem="“{kind}” is not a kind. Use one of: {known}.",
            kind=kind,
            known=", ".join(ControlKind.values),
        )
    if (scope == ControlScope.EXCLUSION) != (kind == ControlKind.EXCLUDE):
        raise ControlInvalid(field="kind", problem="Exclusions, and only they, have the kind exclude.")
    if scope not in (ControlScope.CHANNEL, ControlScope.EXCLUSION) and not target:
        raise ControlInvalid(field="target", problem="Name the listing, SKU or category this applies to.")
    limit = rules.BASIS_POINTS if kind == ControlKind.SHARE else MAX_QUANTITY
    if not 0 <= amount <= limit:
        raise ControlInvalid(field="amount", problem="Send a whole number from 0 to {limit}.", limit=limit)
    if starts_at and ends_at and starts_at >= ends_at:
        raise ControlInvalid(field="ends_at", problem="The end must come after the start.")
    made = StockControl.objects.create(
        channel=channel, scope=scope, kind=kind, target=target, amount=amount, position=position,
        starts_at=starts_at, ends_at=ends_at,
    )  # fmt: skip
    policy_moved()
    return control_view(made)


@command
def set_sku_control(
    *,
    actor: Actor,
    channel: str,
    sku: str,
    kind: str,
    amount: int = 0,
    seen: tuple[str, int] | Keep | None = KEEP,
) -> ControlView | None:
    """The standing control of one SKU on a channel, in place of the one it had; kind "" leaves it to the pool.

    Controls with a start or an end stay as they are. A new amount counts anew what is sold from it. Safe to repeat:
    the same control changes nothing.

    Args:
        seen: kind and amount (None: no control) that the caller saw. When another stands by now, nothing is changed.

    Raises: MayNot, ControlInvalid naming the field, ControlMoved.
    """
    actor.require("inventory.controls")
    # One after another: the row that every change of a control writes.
    StockPolicy.objects.select_for_update().filter(id=1).first()
    rows = list(
        StockControl.objects.filter(
            channel=channel, scope=ControlScope.SKU, target__iexact=sku, starts_at=None, ends_at=None
        ).order_by("position", "id")
    )
    wanted = (kind, amount) if kind else None
    current = (rows[0].kind, rows[0].amount) if rows else None
    if current == wanted:
        return control_view(rows[0]) if rows else None
    if seen is not KEEP and seen != current:
        raise ControlMoved(channel=channel, sku=sku, current=current)
    _delete([row.id for row in rows])
    if kind:
        return set_control(actor=actor, channel=channel, scope=ControlScope.SKU, kind=kind, target=sku, amount=amount)
    policy_moved()
    return None


@command
def remove_control(*, actor: Actor, control_id: UUID) -> None:
    """Take a control away; its units return to the pool. Repeating changes nothing."""
    actor.require("inventory.controls")
    _delete(list(StockControl.objects.filter(uid=control_id).values_list("id", flat=True)))
    policy_moved()


def _delete(ids: Sequence[int]) -> None:
    StockControl.objects.filter(id__in=ids).delete()
    ControlSale.objects.filter(control_id__in=ids).delete()


@command
def turn_controls(*, now: datetime, since: datetime) -> bool:
    """Move the policy's version when a control began or ended in (since, now]; the worker asks once a minute."""
    turned = (
        StockControl.objects.filter(starts_at__gt=since, starts_at__lte=now).exists()
        or StockControl.objects.filter(ends_at__gt=since, ends_at__lte=now).exists()
    )
    if turned:
        policy_moved()
    return turned
