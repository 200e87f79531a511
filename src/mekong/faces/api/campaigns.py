"""Stock set aside on one channel for a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from mekong.catalog import queries as catalog
from mekong.channels import queries as channels
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.shapes import Cursor, Limit, PageOf
from mekong.faces.api.stock_shapes import (
    CampaignEndIn,
    CampaignIn,
    CampaignLineOut,
    CampaignOut,
    CampaignTryIn,
    Channel,
)
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands, queries
from mekong.inventory.contracts import CampaignView, WantedLine
from mekong.inventory.errors import CampaignInvalid

router = Router(tags=["stock"])
Position = Annotated[int, Field(ge=0, le=1_000)]
_LINE_PLAIN = frozenset(CampaignLineOut.model_fields) - {"sku"}
_PLAIN = frozenset(CampaignOut.model_fields) - {"lines"}


def _out(views: Sequence[CampaignView]) -> list[dict[str, Any]]:
    known = catalog.variants_by_id(actor=SYSTEM, ids={line.variant_id for view in views for line in view.lines})
    return [
        {
            **{name: getattr(view, name) for name in _PLAIN},
            "lines": [
                {**{name: getattr(line, name) for name in _LINE_PLAIN}, "sku": known[line.variant_id].sku}
                for line in view.lines
            ],
        }
        for view in views
    ]


@router.post("/stock/campaigns", response={201: CampaignOut})
def plan_campaign(request: HttpRequest, body: CampaignIn) -> Any:
    """Set units aside on a channel for a time: no other channel is promised them, and its own orders take them first."""
    actor = authenticate(request)
    actor.require("inventory.controls")
    if body.channel not in channels.open_channels():
        raise CampaignInvalid(field="channel", problem="Choose a channel.")
    known = catalog.variants_by_sku(actor=SYSTEM, skus=[line.sku for line in body.lines])
    wanted = []
    for place, line in enumerate(body.lines):
        if line.sku not in known:
            raise CampaignInvalid(
                field=f"lines[{place}].sku",
                problem="SKU {sku} does not exist. Check it in the catalogue.",
                sku=line.sku,
            )
        wanted.append(WantedLine(known[line.sku].id, line.quantity, line.listing))
    made = commands.plan_campaign(
        actor=actor, channel=body.channel, name=body.name, kind=body.kind, lines=wanted, starts_at=body.starts_at,
        ends_at=body.ends_at, now=moment(request),
    )  # fmt: skip
    return Status(201, _out([made])[0])


@router.get("/stock/campaigns", response=PageOf[CampaignOut])
def list_campaigns(
    request: HttpRequest,
    state: Literal["planned", "running", "ended", "cancelled"] | None = None,
    channel: Channel = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Stock set aside, the latest first: how much was, is sold, is left, came back."""
    found, more = queries.list_campaigns(
        actor=authenticate(request), state=state or "", channel=channel, cursor=cursor, limit=limit
    )
    return {"items": _out(found), "next_cursor": more}


@router.get("/stock/campaigns/{code}", response=CampaignOut)
def get_campaign(request: HttpRequest, code: str) -> Any:
    """One campaign's stock."""
    return _out([queries.get_campaign(actor=authenticate(request), code=code)])[0]


@router.post("/stock/campaigns/{code}/extend", response=CampaignOut)
def extend_campaign(request: HttpRequest, code: str, body: CampaignEndIn) -> Any:
    """Move its end, later or earlier. A repeat changes nothing."""
    actor = authenticate(request)
    return _out([commands.extend_campaign(actor=actor, code=code, ends_at=body.ends_at, now=moment(request))])[0]


@router.post("/stock/campaigns/{code}/end", response=CampaignOut)
def end_campaign(request: HttpRequest, code: str) -> Any:
    """End it now: what is left returns to the pool. One that has not begun is cancelled. A repeat changes nothing."""
    return _out([commands.end_campaign(actor=authenticate(request), code=code, now=moment(request))])[0]


@router.post("/stock/campaigns/{code}/lines/{position}/try", response=CampaignOut)
def try_campaign_line(request: HttpRequest, code: str, position: Position, body: CampaignTryIn) -> Any:
    """Try again to set aside a line that fell short. One that is set aside already stays as it is."""
    made = commands.try_campaign_line(
        actor=authenticate(request), code=code, position=position, quantity=body.quantity, now=moment(request)
    )
    return _out([made])[0]
