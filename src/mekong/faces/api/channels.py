"""Channels and their listings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Router, Schema, Status
from pydantic import Field

from mekong.channels import commands, queries, remote
from mekong.channels.contracts import ChannelView, ListingView, LiveListing, Problem
from mekong.faces.api import problems
from mekong.faces.api.auth import authenticate
from mekong.faces.api.shapes import BIGGEST, Body, Cursor, Flag, Limit, Moment, PageOf, Sku

router = Router(tags=["channels"])
Code = Annotated[str, Field(max_length=40)]
ListingId = Annotated[int, Field(ge=1, le=BIGGEST)]


class TroubleOut(Schema):
    """What keeps it from working. `detail`: for people; `code`: for programs."""

    code: str
    detail: str
    at: Moment | None


class FiguresOut(Schema):
    """Of the last minutes: from the change of our stock to the platform's acknowledgement, in milliseconds."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    acked: int
    failed: int
    calls: int
    waiting: int
    oldest_waiting_s: float
    is_breaker_open: bool
    remote_p50_ms: float | None
    remote_p99_ms: float | None


class CountsOut(Schema):
    matched: int
    unmatched: int
    ignored: int
    parked: int


class ChannelOut(Schema):
    """`is_remote`: there is a platform to talk to. `incidents`: kinds of those that are open and alarm."""

    code: str
    name: str
    kind: str
    title: str
    shop_id: str
    currency: str
    is_active: bool
    is_remote: bool
    is_authorised: bool
    state: str
    problem: TroubleOut | None
    capabilities: list[str]
    price_sync: bool
    give_up_after_min: int | None
    access_expires_at: Moment | None
    authorised_until: Moment | None
    incidents: list[str]
    last_push_at: Moment | None
    last_pull_at: Moment | None
    listings: CountsOut
    waiting_notices: int
    parked_orders: int
    figures: FiguresOut
    created_at: Moment


class ChannelsOut(Schema):
    items: list[ChannelOut]


class ListingOut(Schema):
    """`desired`: what it should show now; `acknowledged`: what the platform confirmed; `remote`: what was read back.

    With `live=1` `remote` was asked of the platform just now, and `remote_read_at` says when.
    """

    id: int
    channel: str
    item_id: str
    model_id: str
    sku: str
    remote_sku: str
    name: str
    barcode: str
    url: str
    is_live: bool
    is_synced: bool
    match_state: str
    match_how: str
    state: str
    desired: int | None
    desired_version: int | None
    acknowledged: int | None
    acknowledged_version: int
    acknowledged_at: Moment | None
    desired_price_minor: int | None
    acknowledged_price_minor: int | None
    own_price_minor: int | None
    price_error: TroubleOut | None
    remote: int | None
    remote_price_minor: int | None
    remote_read_at: Moment | None
    attempts: int
    next_attempt_at: Moment | None
    error: TroubleOut | None


class ChannelPatchIn(Body):
    """What is left out stays. `is_active` false pauses the channel.

    `give_up_after_min`: minutes that an order beyond stock waits for goods before it is cancelled; null: for ever.
    """

    is_active: Flag | None = None
    price_sync: Flag | None = None
    give_up_after_min: Annotated[int, Field(ge=0, le=43_200)] | None = None


class ListingPatchIn(Body):
    """What is left out stays. `sku` matches by hand; null takes a match away. `is_ignored` leaves it alone for good.

    `own_price_minor`: what it costs there, in the channel's currency; null: as in the catalogue.
    """

    sku: Sku | None = None
    is_synced: Flag | None = None
    is_ignored: Flag | None = None
    own_price_minor: Annotated[int, Field(ge=1, le=10**12)] | None = None


class PushedOut(Schema):
    listings: int


_CHANNEL_PLAIN = frozenset(ChannelOut.model_fields) - {
    "problem", "capabilities", "listings", "figures", "incidents",
}  # fmt: skip
_LISTING_PLAIN = frozenset(ListingOut.model_fields) - {"remote", "remote_read_at", "error", "price_error"}


def trouble_out(problem: Problem | None) -> dict[str, Any] | None:
    if problem is None:
        return None
    language = get_language() or problems.LANGUAGES[0]
    return {
        "code": problem.code,
        "detail": problems.sentence_of(problem.code, problem.params, language),
        "at": problem.at,
    }


def channel_out(channel: ChannelView) -> dict[str, Any]:
    return {
        **{name: getattr(channel, name) for name in _CHANNEL_PLAIN},
        "problem": trouble_out(channel.problem),
        "capabilities": sorted(channel.capabilities),
        "incidents": sorted(channel.incidents),
        "listings": {name: getattr(channel.listings, name) for name in CountsOut.model_fields},
        "figures": {name: getattr(channel.figures, name) for name in FiguresOut.model_fields},
    }


def listing_out(listing: ListingView, live: LiveListing | None = None) -> dict[str, Any]:
    return {
        **{name: getattr(listing, name) for name in _LISTING_PLAIN},
        "remote": live.quantity if live else listing.remote_quantity,
        "remote_price_minor": live.price_minor if live else listing.remote_price_minor,
        "remote_read_at": live.read_at if live else listing.read_at,
        "error": trouble_out(listing.error),
        "price_error": trouble_out(listing.price_error),
    }


@router.get("/channels", response=ChannelsOut)
def list_channels(request: HttpRequest) -> Any:
    """Every channel, ours first, and how each does."""
    return {"items": [channel_out(each) for each in queries.list_channels(actor=authenticate(request))]}


@router.get("/channels/{code}", response=ChannelOut)
def get_channel(request: HttpRequest, code: str) -> Any:
    """One channel."""
    return channel_out(queries.get_channel(actor=authenticate(request), code=code))


@router.patch("/channels/{code}", response=ChannelOut)
def change_channel(request: HttpRequest, code: str, body: ChannelPatchIn) -> Any:
    """Pause or resume a channel, let the catalogue's prices be pushed to it, or say how long its short orders wait."""
    actor = authenticate(request)
    if body.is_active is not None:
        (commands.resume_channel if body.is_active else commands.pause_channel)(actor=actor, code=code)
    if body.price_sync is not None:
        commands.set_price_sync(actor=actor, code=code, on=body.price_sync)
    if "give_up_after_min" in body.model_fields_set:
        commands.set_give_up(actor=actor, code=code, after_min=body.give_up_after_min)
    return channel_out(queries.get_channel(actor=actor, code=code))


@router.post("/channels/{code}/push", response={202: PushedOut})
def push_now(request: HttpRequest, code: str) -> Any:
    """Push every matched listing again, whatever was acknowledged. The worker does it; how many there are."""
    return Status(202, {"listings": commands.push_now(actor=authenticate(request), channel=code)})


@router.get("/listings", response=PageOf[ListingOut])
def list_listings(
    request: HttpRequest,
    channel: Code = "",
    sku: Annotated[str, Field(max_length=64)] = "",
    state: Literal["converged", "queued", "retrying", "parked", "unmatched", "ignored", "off"] | None = None,
    q: Annotated[str, Field(max_length=200)] = "",
    live: Annotated[
        bool, Field(description="Ask the platforms now; one that does not answer leaves `remote` as it was.")
    ] = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Listings: what each should show, what the platform acknowledged, and what it shows (`live=1`: at this moment)."""
    actor = authenticate(request)
    found = queries.list_listings(
        actor=actor, channel=channel, sku=sku, state=state or "", text=q, cursor=cursor, limit=limit
    )
    read = remote.live_listings(actor=actor, listings=list(found.listings)) if live and found.listings else []
    shown = {each.listing_id: each for each in read}
    items = [listing_out(each, shown.get(each.id)) for each in found.listings]
    return {"items": items, "next_cursor": found.next_cursor}


@router.get("/listings/{listing_id}", response=ListingOut)
def get_listing(request: HttpRequest, listing_id: ListingId) -> Any:
    """One listing."""
    return listing_out(queries.get_listing(actor=authenticate(request), listing_id=listing_id))


@router.patch("/listings/{listing_id}", response=ListingOut)
def change_listing(request: HttpRequest, listing_id: ListingId, body: ListingPatchIn) -> Any:
    """Match it to a SKU, take the match away, leave it alone, or stop and start its sync."""
    actor = authenticate(request)
    if body.is_ignored:
        commands.ignore_listing(actor=actor, listing_id=listing_id)
    elif body.sku is not None:
        commands.match_listing(actor=actor, listing_id=listing_id, sku=body.sku)
    elif "sku" in body.model_fields_set or body.is_ignored is False:
        commands.unmatch_listing(actor=actor, listing_id=listing_id)
    if body.is_synced is not None:
        commands.set_listing_sync(actor=actor, listing_id=listing_id, on=body.is_synced)
    if "own_price_minor" in body.model_fields_set:
        commands.set_listing_price(actor=actor, listing_id=listing_id, price_minor=body.own_price_minor)
    return listing_out(queries.get_listing(actor=actor, listing_id=listing_id))


@router.post("/listings/{listing_id}/retry", response=ListingOut)
def retry_listing(request: HttpRequest, listing_id: ListingId) -> Any:
    """Try again, now, what the platform refused."""
    return listing_out(commands.retry_listing(actor=authenticate(request), listing_id=listing_id))
