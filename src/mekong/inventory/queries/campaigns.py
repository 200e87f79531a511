"""Units set aside on one channel for a time, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count

from mekong.foundation.actor import Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.inventory.contracts import CampaignLineView, CampaignStepView, CampaignView
from mekong.inventory.errors import CampaignNotFound
from mekong.inventory.models import CampaignLine, CampaignStep, CampaignStock, StockCampaign


def campaign_view(row: StockCampaign) -> CampaignView:
    return _campaign_views([row])[0]


def _campaign_views(rows: Sequence[StockCampaign]) -> list[CampaignView]:
    """Four statements, however many campaigns."""
    ids = [row.id for row in rows]
    lines = list(CampaignLine.objects.filter(campaign_id__in=ids).order_by("campaign_id", "position"))
    stocks: dict[int, list[CampaignStock]] = {}
    for stock in CampaignStock.objects.select_related("location").filter(line__campaign_id__in=ids).order_by("id"):
        stocks.setdefault(stock.line_id, []).append(stock)
    steps: dict[int, list[CampaignStepView]] = {}
    for step in CampaignStep.objects.filter(campaign_id__in=ids).order_by("id"):
        steps.setdefault(step.campaign_id, []).append(CampaignStepView(step.what, step.params, step.actor, step.at))
    by_campaign: dict[int, list[CampaignLineView]] = {}
    for line in lines:
        by_campaign.setdefault(line.campaign_id, []).append(_line_view(line, stocks.get(line.id, [])))
    return [
        CampaignView(
            row.code, row.name, row.kind, row.channel, row.state, row.starts_at, row.ends_at, row.ended_at,
            row.created_at, row.created_by, by_campaign.get(row.id, []), steps.get(row.id, []),
        )
        for row in rows
    ]  # fmt: skip


def _line_view(line: CampaignLine, stocks: Sequence[CampaignStock]) -> CampaignLineView:
    set_aside, sold = sum(each.set_aside for each in stocks), sum(each.sold for each in stocks)
    is_over = any(each.returned is not None for each in stocks)
    return CampaignLineView(
        line.position, line.variant_id, line.listing, line.quantity, line.state, line.free_seen, set_aside, sold,
        0 if is_over else set_aside - sold, sum(each.returned or 0 for each in stocks),
        [(each.location.code, each.set_aside, each.sold) for each in stocks],
    )  # fmt: skip


def get_campaign(*, actor: Actor, code: str) -> CampaignView:
    """Raises: MayNot, CampaignNotFound."""
    actor.require("inventory.view")
    row = StockCampaign.objects.filter(code=code.strip().upper()).first()
    if row is None:
        raise CampaignNotFound(key=code)
    return campaign_view(row)


def list_campaigns(
    *,
    actor: Actor,
    state: str = "",
    channel: str = "",
    since: datetime | None = None,
    cursor: str = "",
    limit: int = 50,
) -> tuple[list[CampaignView], str | None]:
    """A page of campaigns, the latest first, and the cursor of the next. `since`: those that ended after it."""
    actor.require("inventory.view")
    rows = StockCampaign.objects.order_by("-id")
    for field, value in (("state", state), ("channel", channel), ("ended_at__gte", since)):
        if value:
            rows = rows.filter(**{field: value})
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(id__lt=last)
    page = list(rows[: limit + 1])
    more = encode_cursor(page[limit - 1].id) if len(page) > limit else None
    return _campaign_views(page[:limit]), more


def count_campaigns(*, actor: Actor) -> dict[str, int]:
    """How many campaigns there are of each state."""
    actor.require("inventory.view")
    return dict(StockCampaign.objects.values_list("state").annotate(Count("id")))
