"""Units set aside for a time on one channel: a marketplace's campaign, a livestream.

What is set aside is held: it is reserved like the goods of an order, so nobody else can be promised it, whatever races.
The channel's orders take it over from the campaign's holds first (`engine`), a cancelled order gives it back to them
(`ledger`), and the holds expire with the campaign, so that even without a worker the units are free for all from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.ids import new_id
from mekong.foundation.numbering import take_numbers
from mekong.inventory import engine, ledger, policy
from mekong.inventory.commands.checking import check_units, policy_moved
from mekong.inventory.contracts import CampaignView, Held, ReserveRequest, Short, WantedLine
from mekong.inventory.errors import (
    BundleHasNoStock,
    CampaignInvalid,
    CampaignNotFound,
    CampaignOver,
    NothingSetAside,
)
from mekong.inventory.models import (
    CampaignKind,
    CampaignLine,
    CampaignLineState,
    CampaignState,
    CampaignStep,
    CampaignStock,
    Hold,
    HoldState,
    StockCampaign,
)
from mekong.inventory.queries import campaign_view

MOST_LINES = 1000
LONGEST = timedelta(days=92)


@command
def plan_campaign(
    *,
    actor: Actor,
    channel: str,
    name: str,
    lines: Sequence[WantedLine],
    ends_at: datetime,
    now: datetime,
    starts_at: datetime | None = None,
    kind: str = CampaignKind.CAMPAIGN,
) -> CampaignView:
    """Set units aside on a channel from `starts_at` (now, when it is past or left out) to `ends_at`.

    Each line is set aside whole or not at all; those that fell short are on the answer with what was free. One that
    begins later is tried then. Raises: MayNot, CampaignInvalid naming the field, BundleHasNoStock, BadQuantity,
    NothingSetAside when it begins now and not one line could be.
    """
    actor.require("inventory.controls")
    begins = max(starts_at or now, now)
    _check(channel, name, kind, begins, ends_at, now)
    _check_lines(channel, lines)
    (code,) = take_numbers("CT", 1, now=now)
    campaign = StockCampaign.objects.create(
        code=code, name=name.strip()[:120], kind=kind, channel=channel, starts_at=begins, ends_at=ends_at,
        created_at=now, created_by=actor.ref,
    )  # fmt: skip
    CampaignLine.objects.bulk_create(
        CampaignLine(
            campaign=campaign, position=place, variant_id=line.variant_id, listing=line.listing, quantity=line.quantity
        )
        for place, line in enumerate(lines)
    )
    _note(campaign, actor, "planned", now, {"units": sum(line.quantity for line in lines), "lines": len(lines)})
    if begins <= now:
        short = _start(campaign, actor, now)
        if len(short) == len(lines):
            raise _nothing(short)
    return campaign_view(campaign)


def _check(channel: str, name: str, kind: str, begins: datetime, ends_at: datetime, now: datetime) -> None:
    if not channel.strip():
        raise CampaignInvalid(field="channel", problem="Choose a channel.")
    if not name.strip():
        raise CampaignInvalid(field="name", problem="Give it a name.")
    if kind not in CampaignKind.values:
        raise CampaignInvalid(
            field="kind", problem="“{kind}” is not a kind. Use one of: {known}.", kind=kind,
            known=", ".join(CampaignKind.values),
        )  # fmt: skip
    _check_end(begins, ends_at, now)


def _check_end(begins: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= max(begins, now):
        raise CampaignInvalid(field="ends_at", problem="The end must come after the start, and after now.")
    if ends_at - begins > LONGEST:
        raise CampaignInvalid(field="ends_at", problem="It may last for 92 days at most.")


def _check_lines(channel: str, lines: Sequence[WantedLine]) -> None:
    if not 1 <= len(lines) <= MOST_LINES:
        raise CampaignInvalid(field="lines", problem="Give from 1 to {most} lines.", most=MOST_LINES)
    bundles = catalog.bundle_contents(variant_ids={line.variant_id for line in lines})
    named = {(channel, line.listing) for line in lines if line.listing}
    listed = policy.listed(named)
    seen: set[tuple[int, str]] = set()
    for place, line in enumerate(lines):
        check_units(f"lines[{place}].quantity", line.quantity)
        if line.variant_id in bundles:
            raise BundleHasNoStock(field=f"lines[{place}]")
        if (line.variant_id, line.listing) in seen:
            raise CampaignInvalid(field=f"lines[{place}]", problem="This line is there twice. Add the quantities up.")
        seen.add((line.variant_id, line.listing))
        if line.listing and listed.get((channel, line.listing)) != line.variant_id:
            raise CampaignInvalid(
                field=f"lines[{place}].listing", problem="“{listing}” is no listing of this SKU on the channel.",
                listing=line.listing,
            )  # fmt: skip


def _note(campaign: StockCampaign, actor: Actor, what: str, at: datetime, params: Mapping[str, object]) -> None:
    CampaignStep.objects.create(campaign=campaign, what=what, params=dict(params), actor=actor.ref, at=at)


# --- setting aside ----------------------------------------------------------------------------------------------------


def _start(campaign: StockCampaign, actor: Actor, now: datetime) -> list[tuple[CampaignLine, int]]:
    campaign.state = CampaignState.RUNNING
    campaign.save(update_fields=["state"])
    lines = list(campaign.lines.order_by("position"))
    short = _set_aside(campaign, lines, now)
    units = sum(line.quantity for line in lines if line.state == CampaignLineState.ASIDE)
    _note(campaign, actor, "started", now, {"units": units, "short": len(short)})
    return short


def _set_aside(campaign: StockCampaign, lines: Sequence[CampaignLine], now: datetime) -> list[tuple[CampaignLine, int]]:
    """Hold each line whole, or none of it: (line, units that were free) of those that fell short.

    By the engine, in this transaction: expired carts stand in nobody's way, and a line split over places is held once
    at each.
    """
    requests = [
        ReserveRequest(
            campaign.channel, f"campaign:{campaign.code}", ((line.variant_id, line.quantity),), campaign.ends_at, now,
            is_aside=True,
        )
        for line in lines
    ]  # fmt: skip
    short: list[tuple[CampaignLine, int]] = []
    stocks: list[CampaignStock] = []
    for line, answer in zip(lines, engine.serve(requests), strict=True):
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Short):
            line.state, line.free_seen = CampaignLineState.SHORT, max(0, answer.lines[0][2])
            short.append((line, line.free_seen))
        else:
            line.state, line.free_seen = CampaignLineState.ASIDE, None
            stocks += _kept(campaign, line, answer, now)
    CampaignStock.objects.bulk_create(stocks)
    CampaignLine.objects.bulk_update(lines, ["state", "free_seen"])
    policy_moved()
    return short


def _kept(campaign: StockCampaign, line: CampaignLine, held: Held, now: datetime) -> Iterator[CampaignStock]:
    """What the hold took at each place. Each place gets a hold of its own, so that its level guards it."""
    for place, (variant, location, units) in enumerate(held.lines):
        hold = UUID(held.hold_id)
        if place:
            hold = new_id()
            Hold.objects.create(
                id=hold, channel=campaign.channel, owner=f"campaign:{campaign.code}", expires_at=campaign.ends_at,
                created_at=now,
            )  # fmt: skip
            with connection.cursor() as cursor:
                cursor.execute(
                    "update inventory_holdline set hold_id = %s, line = 0 where hold_id = %s and line = %s",
                    [hold, held.hold_id, place],
                )
        yield CampaignStock(line=line, variant_id=variant, location_id=location, hold_id=hold, set_aside=units)


def _nothing(short: Sequence[tuple[CampaignLine, int]]) -> NothingSetAside:
    views = catalog.variants_by_id(actor=SYSTEM, ids={line.variant_id for line, _ in short})
    lines = [{"sku": views[line.variant_id].sku, "requested": line.quantity, "available": free} for line, free in short]
    summary = ", ".join(f"{each['sku']} {each['requested']} > {each['available']}" for each in lines[:5])
    return NothingSetAside(summary=summary + (" …" if len(lines) > 5 else ""), lines=lines)


# --- while it runs ----------------------------------------------------------------------------------------------------


def lock(code: str) -> StockCampaign:
    """Raises: CampaignNotFound."""
    row = StockCampaign.objects.select_for_update().filter(code=code.strip().upper()).first()
    if row is None:
        raise CampaignNotFound(key=code)
    return row


def _lock_open(code: str, now: datetime) -> StockCampaign:
    row = lock(code)
    if row.state not in (CampaignState.PLANNED, CampaignState.RUNNING) or row.ends_at <= now:
        raise CampaignOver(key=row.code)
    return row


@command
def extend_campaign(*, actor: Actor, code: str, ends_at: datetime, now: datetime) -> CampaignView:
    """Let a campaign end later, or earlier, than it was to; its units stay where they are. Safe to repeat.

    Raises: MayNot, CampaignNotFound, CampaignOver, CampaignInvalid.
    """
    actor.require("inventory.controls")
    campaign = _lock_open(code, now)
    _check_end(campaign.starts_at, ends_at, now)
    if ends_at == campaign.ends_at:
        return campaign_view(campaign)
    was, campaign.ends_at = campaign.ends_at, ends_at
    campaign.save(update_fields=["ends_at"])
    holds = _holds(campaign)
    moved = Hold.objects.filter(id__in=holds, state=HoldState.HELD).update(expires_at=ends_at)
    if moved != len(holds):
        raise CampaignOver(key=campaign.code)  # its end came first, by the clock of another process
    _note(campaign, actor, "extended", now, {"was": was.isoformat(), "ends_at": ends_at.isoformat()})
    policy_moved()
    return campaign_view(campaign)


@command
def try_campaign_line(
    *, actor: Actor, code: str, position: int, now: datetime, quantity: int | None = None
) -> CampaignView:
    """Try again to set a line aside that fell short, `quantity` units of it when given; all or none.

    A line that is set aside already is left as it is. Raises: MayNot, CampaignNotFound, CampaignOver,
    CampaignInvalid (no such line, or it has not begun), BadQuantity, NothingSetAside.
    """
    actor.require("inventory.controls")
    campaign = _lock_open(code, now)
    line = campaign.lines.filter(position=position).first()
    if line is None:
        raise CampaignInvalid(field="position", problem="The campaign has no line {position}.", position=position)
    if quantity is not None:
        check_units("quantity", quantity)
    if line.state == CampaignLineState.ASIDE:
        return campaign_view(campaign)
    if quantity is not None:
        line.quantity = quantity
        line.save(update_fields=["quantity"])
    if campaign.state == CampaignState.RUNNING:
        short = _set_aside(campaign, [line], now)
        if short:
            raise _nothing(short)
        _note(campaign, actor, "tried", now, {"units": line.quantity, "position": position})
    return campaign_view(campaign)


# --- the end ----------------------------------------------------------------------------------------------------------


@command
def end_campaign(*, actor: Actor, code: str, now: datetime) -> CampaignView:
    """End a campaign now: what is left returns to the pool. One that has not begun is cancelled. Safe to repeat.

    Raises: MayNot, CampaignNotFound.
    """
    actor.require("inventory.controls")
    campaign = lock(code)
    if campaign.state == CampaignState.PLANNED:
        campaign.state, campaign.ended_at = CampaignState.CANCELLED, now
        campaign.save(update_fields=["state", "ended_at"])
        _note(campaign, actor, "cancelled", now, {})
    elif campaign.state == CampaignState.RUNNING:
        _end(campaign, actor, now)
    return campaign_view(campaign)


def _holds(campaign: StockCampaign) -> list[UUID]:
    return list(CampaignStock.objects.filter(line__campaign=campaign).values_list("hold_id", flat=True))


def _end(campaign: StockCampaign, actor: Actor, now: datetime) -> None:
    stocks = CampaignStock.objects.filter(line__campaign=campaign)
    # All levels first, sold out ones too: from here on no order takes from the campaign or gives back to it.
    ledger.lock(sorted(set(stocks.values_list("variant_id", "location_id"))))
    lines = ledger.end_holds(
        [str(hold) for hold in _holds(campaign)], to=HoldState.RELEASED, of=ledger.EXPIRING, now=now
    )  # fmt: skip
    ledger.post(actor=actor, moves=[], reason="", now=now, unreserve=ledger.reserved_by(lines))
    sold = returned = 0
    for stock in stocks:
        stock.returned = stock.set_aside - stock.sold
        stock.save(update_fields=["returned"])
        sold, returned = sold + stock.sold, returned + stock.returned
    is_early = now < campaign.ends_at
    campaign.state = CampaignState.ENDED
    campaign.ended_at = now if is_early else campaign.ends_at
    campaign.save(update_fields=["state", "ended_at"])
    said = {"sold": sold, "returned": returned, "is_early": is_early}
    _note(campaign, actor, "ended", campaign.ended_at, said)
    policy_moved()


def turn_campaigns(*, now: datetime) -> datetime | None:
    """Begin the campaigns that are due and end those whose time is up; when the next one turns. The worker asks."""
    for code in _due(CampaignState.PLANNED, "starts_at", now):
        _begin_due(actor=SYSTEM, code=code, now=now)
    for code in _due(CampaignState.RUNNING, "ends_at", now):
        _end_due(actor=SYSTEM, code=code, now=now)
    turns = [
        row.starts_at if row.state == CampaignState.PLANNED else row.ends_at
        for row in StockCampaign.objects.filter(state__in=(CampaignState.PLANNED, CampaignState.RUNNING))
    ]
    return min(turns, default=None)


def _due(state: CampaignState, moment: str, now: datetime) -> list[str]:
    rows = StockCampaign.objects.filter(state=state, **{f"{moment}__lte": now}).order_by(moment, "id")
    return list(rows.values_list("code", flat=True))


@command
def _begin_due(*, actor: Actor, code: str, now: datetime) -> None:
    campaign = lock(code)
    if campaign.state != CampaignState.PLANNED or campaign.starts_at > now:
        return
    if campaign.ends_at <= now:
        campaign.state, campaign.ended_at = CampaignState.CANCELLED, now
        campaign.save(update_fields=["state", "ended_at"])
        _note(campaign, actor, "cancelled", now, {"is_late": True})
    else:
        _start(campaign, actor, now)


@command
def _end_due(*, actor: Actor, code: str, now: datetime) -> None:
    campaign = lock(code)
    if campaign.state == CampaignState.RUNNING and campaign.ends_at <= now:
        _end(campaign, actor, now)
