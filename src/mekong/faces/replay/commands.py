"""Writes of a replay: what it needs laid in beforehand, its steps as they are played, and its runs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from mekong.catalog import commands as catalog
from mekong.catalog import queries as catalogue
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.faces.replay.contracts import Progress, RunView, Supplied
from mekong.faces.replay.errors import ReplayRunning
from mekong.faces.replay.lines import CURRENCY, Line
from mekong.faces.replay.models import PlayedStep, Run, RunState, StepState
from mekong.faces.replay.plan import Adjustment, Cancellation, Plan, Sale, Step
from mekong.faces.replay.queries import run_view
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine

CATEGORY = "online-retail"
LIVE_CHANNEL = "mekong_replay"
"""PostgreSQL NOTIFY channel: a run's progress as JSON."""
_RECEIPT = "online-retail"


def key_of(step: Step) -> str:
    kind = "sale" if isinstance(step, Sale) else "cancel" if isinstance(step, Cancellation) else "adjust"
    return f"{kind}:{step.invoice}"[:80]


def lines_of(step: Step) -> list[Line]:
    """The lines of the file that a step stands for."""
    if isinstance(step, Sale):
        return sorted([*step.goods, *step.carriage], key=lambda line: line.number)
    return [each.line for each in step.lines] if isinstance(step, Cancellation) else list(step.lines)


def digest_of(step: Step) -> str:
    """Equal for steps that move the same goods, whatever else stands in their files and whichever way they go."""
    lines = step.goods if isinstance(step, Sale) else lines_of(step)
    text = "\n".join(f"{line.sku}\t{line.quantity}\t{line.price}" for line in lines)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


# --- before it begins ------------------------------------------------------------------------------------------------


@command
def prepare_supply(*, actor: Actor, plan: Plan, location: str, now: datetime) -> Supplied:
    """Lay in what a plan needs: products it names that the catalogue lacks, and the goods it sells or writes off.

    The goods of a step are received once, in the transaction that writes the step down: a plan prepared again, or
    another file with some of the same invoices, receives only what is new. Units that come back are not counted on, so
    the order in which channels deliver sales does not matter.
    """
    actor.require("inventory.receive")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('replay.supply', 0))")
    known = dict(PlayedStep.objects.values_list("key", "digest"))
    steps = {key_of(step): (step, digest_of(step)) for step in plan.steps}
    differing = frozenset(key for key, (_, digest) in steps.items() if known.get(key, digest) != digest)
    fresh = {key: each for key, each in steps.items() if key not in known}
    new_skus = _create_products(actor, plan, now)
    needed: Counter[str] = Counter()
    for step, _ in fresh.values():
        if isinstance(step, Sale):
            for line in step.goods:
                needed[line.sku] += line.quantity
        elif isinstance(step, Adjustment):
            for line in step.lines:
                needed[line.sku] += max(0, -line.quantity)
    _receive(actor, +needed, location, now)
    PlayedStep.objects.bulk_create(
        (
            PlayedStep(key=key, digest=digest, way=step.way if isinstance(step, Sale) else "")
            for key, (step, digest) in fresh.items()
        ),
        batch_size=2000,
    )
    return Supplied(new_skus, sum(needed.values()), len(fresh), differing)


def _create_products(actor: Actor, plan: Plan, now: datetime) -> int:
    there = catalogue.variants_by_sku(actor=actor, skus=list(plan.names))
    missing = [sku for sku in plan.names if sku not in there]
    if not missing:
        return 0
    if not any(each.code == CATEGORY for each in catalogue.list_categories(actor=actor)):
        catalog.create_category(actor=actor, name="Quà tặng (lịch sử bán)", code=CATEGORY)
    catalog.load_many(
        actor=actor,
        products=(
            NewProduct(
                name=_title(plan.names[sku]),
                category=CATEGORY,
                tax_class="exempt",
                variants=(NewVariant(sku, plan.prices[sku], currency=CURRENCY),),
            )
            for sku in missing
        ),
        now=now,
    )
    return len(missing)


def _title(name: str) -> str:
    """“WHITE METAL LANTERN” reads as “White metal lantern”; what is not all capitals stays as it is."""
    kept = " ".join(name.split()) or "—"
    return kept.capitalize() if kept == kept.upper() else kept


def _receive(actor: Actor, needed: Mapping[str, int], location: str, now: datetime) -> None:
    if not needed:
        return
    variants = catalogue.variants_by_sku(actor=actor, skus=list(needed))
    inventory.adjust_stock(
        actor=actor,
        location=location,
        reason="receipt",
        reference=_RECEIPT,
        lines=[AdjustmentLine(variants[sku].id, units) for sku, units in sorted(needed.items())],
        now=now,
    )


# --- while it plays --------------------------------------------------------------------------------------------------


@command
def note_sent(*, actor: Actor, key: str, way: str, now: datetime) -> None:
    """Written before a platform is asked: whatever happens next, the purchase is looked for before it is repeated."""
    actor.require("orders.place")
    PlayedStep.objects.filter(key=key).update(state=StepState.SENT, way=way, sent_at=now, external_id="", reason="")


@command
def note_answered(*, actor: Actor, key: str, external_id: str) -> None:
    """The platform's number of an order that was bought there."""
    actor.require("orders.place")
    PlayedStep.objects.filter(key=key).update(external_id=external_id[:80])


@command
def note_booked(*, actor: Actor, booked: Sequence[tuple[str, str, str]]) -> None:
    """Steps whose orders are in the book: (key, way, external id)."""
    actor.require("orders.place")
    if not booked:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """update replay_playedstep s set state = 'booked', way = b.way, external_id = b.external_id, reason = ''
                 from unnest(%s::text[], %s::text[], %s::text[]) b(key, way, external_id) where s.key = b.key""",
            [[each[0] for each in booked], [each[1] for each in booked], [each[2] for each in booked]],
        )


@command
def note_refused(*, actor: Actor, key: str, reason: str) -> None:
    """A step that could not be played, and why: a code, then what was said."""
    actor.require("orders.place")
    PlayedStep.objects.filter(key=key).update(state=StepState.REFUSED, reason=reason[:500])


@command
def play_adjustment(
    *, actor: Actor, step: Adjustment, variants: Mapping[str, int], location: str, now: datetime
) -> bool:
    """Book stock found and written off; False when it was booked before. Raises: ShortStock."""
    row = PlayedStep.objects.select_for_update().get(key=key_of(step))
    if row.state == StepState.BOOKED:
        return False
    for reason, wanted in (("count", 1), ("scrap", -1)):
        lines = [line for line in step.lines if line.quantity * wanted > 0]
        if lines:
            inventory.adjust_stock(
                actor=actor,
                location=location,
                reason=reason,
                reference=f"invoice:{step.invoice}",
                note="; ".join(dict.fromkeys(line.description for line in lines if line.description)),
                lines=[AdjustmentLine(variants[sku], units) for sku, units in _summed(lines)],
                now=now,
            )
    row.state, row.reason = StepState.BOOKED, ""
    row.save(update_fields=["state", "reason"])
    return True


def _summed(lines: Sequence[Line]) -> list[tuple[str, int]]:
    units: Counter[str] = Counter()
    for line in lines:
        units[line.sku] += line.quantity
    return sorted(units.items())


# --- runs ------------------------------------------------------------------------------------------------------------


@command
def begin_run(
    *, actor: Actor, file: Path, ways: Sequence[str], speed: float, by_worker: bool, now: datetime
) -> RunView:
    """Write a run down. Raises: MayNot, ReplayRunning (one at a time)."""
    actor.require("channels.manage")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('replay.run', 0))")
    for row in Run.objects.select_for_update().filter(state__in=(RunState.ASKED, RunState.RUNNING)):
        if run_view(row, now).is_live:
            raise ReplayRunning
        row.state, row.ended_at = RunState.STOPPED, row.seen_at or now
        row.save(update_fields=["state", "ended_at"])
    made = Run.objects.create(
        file=str(file),
        ways=list(ways),
        speed=max(0.0, speed),
        by_worker=by_worker,
        state=RunState.ASKED if by_worker else RunState.RUNNING,
        actor=actor.ref,
        started_at=now,
        seen_at=now,
    )
    _tell(made)
    return run_view(made, now)


@command
def keep_run(*, actor: Actor, run_id: UUID, progress: Progress, now: datetime) -> bool:
    """Note how far a run is and tell live pages; whether it may go on."""
    actor.require("orders.place")
    row = Run.objects.select_for_update().get(id=run_id)
    row.progress, row.seen_at = progress.as_json(), now
    row.state = RunState.RUNNING if row.state == RunState.ASKED else row.state
    row.save(update_fields=["progress", "seen_at", "state"])
    _tell(row)
    return not row.is_stop_asked


@command
def end_run(
    *, actor: Actor, run_id: UUID, state: str, now: datetime, error: Mapping[str, Any] | None = None
) -> RunView:
    """A run has ended: stopped, finished or failed."""
    actor.require("orders.place")
    row = Run.objects.select_for_update().get(id=run_id)
    row.state, row.error, row.ended_at = state, dict(error or {}), now
    row.save(update_fields=["state", "error", "ended_at"])
    _tell(row)
    return run_view(row, now)


@command
def stop_replay(*, actor: Actor, now: datetime) -> RunView | None:
    """Ask the replay that is under way to stop; what is in flight is still booked. Repeating changes nothing."""
    actor.require("channels.manage")
    row = Run.objects.select_for_update().filter(state__in=(RunState.ASKED, RunState.RUNNING)).first()
    if row is None:
        return None
    row.is_stop_asked = True
    if not run_view(row, now).is_live:
        row.state, row.ended_at = RunState.STOPPED, now
    row.save(update_fields=["is_stop_asked", "state", "ended_at"])
    _tell(row)
    return run_view(row, now)


def _tell(row: Run) -> None:
    said = {"state": row.state, "speed": row.speed, **row.progress}
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, %s)", [LIVE_CHANNEL, json.dumps(said)])
