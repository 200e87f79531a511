"""What people and jobs ask of a platform right now. Each function talks to the platform, then calls one command.

From a coroutine use the ones that begin with `a`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async

from mekong.channels import commands, hints, queries, rules
from mekong.channels.calling import LONGEST_S, calls
from mekong.channels.commands.accounts import use_state
from mekong.channels.commands.listings import mark_gone
from mekong.channels.contracts import (
    AuditReport,
    ChannelView,
    EarningsView,
    ListingView,
    LiveListing,
    PullReport,
    ReturnView,
)
from mekong.channels.errors import ChannelInvalid, ListingNotFound, NoTestBuyer, ReturnAnswered
from mekong.channels.http1 import WireError
from mekong.channels.models import Channel, Listing
from mekong.channels.pacing import Pace
from mekong.channels.queries.earnings import may_read
from mekong.channels.socket import (
    Authorises,
    HandlesReturns,
    Label,
    ListingKey,
    PrintsLabels,
    PullsProducts,
    ReadsListings,
    RemoteListing,
    Request,
    TellsEarnings,
)
from mekong.channels.socket.returns import RemoteReturn
from mekong.channels.sync.earnings import asked as earnings_asked
from mekong.channels.sync.line import Line
from mekong.channels.sync.reading import Reader
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.company import get_company
from mekong.foundation.errors import MekongError, NeedsReconnect, RemoteRefused, Unavailable
from mekong.foundation.queries import email_of

MAX_TEST_UNITS = 1_000
LABELS_AT_ONCE = 4
"""Orders whose labels are asked for at the same time; a platform's own limits hold beside it."""


@dataclass(frozen=True)
class OrderLabels:
    """An order's labels, or why it has none now."""

    labels: Sequence[Label] = ()
    refused: MekongError | None = None


def _now() -> datetime:
    return datetime.now(UTC)


def _line(code: str) -> tuple[Channel, Line]:
    row = queries.find_channel(code)
    return row, calls.line(row)


# --- authorisation ----------------------------------------------------------------------------------------------------


def finish_authorisation(*, actor: Actor, params: Mapping[str, str], channel: str = "") -> ChannelView:
    """Take the redirect back from a platform's consent page: its code becomes tokens, and the channel works.

    `params`: the redirect's query. `channel`: the only one it may be for, when given.
    Raises: MayNot, StateInvalid, RemoteRefused (the code is wrong), Unavailable.
    """
    now = _now()
    code, redirect_url = use_state(actor=actor, state=params.get("state", ""), now=now, channel=channel)
    said = {**params, "redirect_uri": redirect_url}
    row, line = _line(code)
    line.speaker(Authorises)

    async def exchange(connector: Authorises) -> Any:
        return await connector.exchange(params=said, now=now)

    tokens = calls.run(line.call(exchange, lane="auth"))
    if row.shop_id and tokens.shop_id and tokens.shop_id != row.shop_id:
        raise ChannelInvalid(
            field="shop_id",
            problem="The platform gave access to shop {given}, not {asked}.",
            given=tokens.shop_id,
            asked=row.shop_id,
        )
    return commands.adopt_tokens(actor=actor, code=code, tokens=tokens, now=now)


# --- listings ---------------------------------------------------------------------------------------------------------


def pull_listings(*, actor: Actor, channel: str) -> PullReport:
    """Take over everything a channel lists, and match it to our variants by SKU, then by barcode.

    Safe to repeat. Listings that were not met are marked as gone. A page is asked for while the one before it is kept.
    Raises: MayNot, ChannelNotFound, NotConnected,
    CannotDo, Unavailable.
    """
    actor.require("channels.sync")
    began = _now()
    _, line = _line(channel)
    line.speaker(PullsProducts)
    total = PullReport(line.code, 0, 0, 0, 0, 0, 0)
    asked: Future[Any] | None = calls.begin(_page(line, None))
    while asked is not None:
        page = asked.result(LONGEST_S)
        asked = None if page.next_cursor is None else calls.begin(_page(line, page.next_cursor))
        if not page.listings:
            continue
        try:
            said = commands.store_listings(actor=actor, channel=line.code, listings=page.listings, now=_now())
        except BaseException:
            if asked is not None:
                asked.cancel()
            raise
        total = replace(
            total,
            seen=total.seen + said.seen,
            added=total.added + said.added,
            ambiguous=total.ambiguous + said.ambiguous,
        )
    gone = mark_gone(actor=actor, channel=line.code, pulled_before=began)
    counts = queries.get_channel(actor=actor, code=line.code).listings
    return replace(total, matched=counts.matched, unmatched=counts.unmatched, gone=gone)


async def _page(line: Line, cursor: str | None) -> Any:
    async def pull(connector: PullsProducts) -> Any:
        return await connector.pull_listings(cursor=cursor)

    return await line.call(pull, tries=6)


def live_listings(*, actor: Actor, listings: list[ListingView]) -> list[LiveListing]:
    """What the platforms show for these listings at this moment, asked of them now, all channels at once.

    A platform that does not answer gives none. Raises: MayNot.
    """
    actor.require("channels.view")
    return calls.run(_live(_lines(listings)))


async def alive_listings(*, actor: Actor, listings: list[ListingView]) -> list[LiveListing]:
    """As `live_listings`, from a coroutine."""
    actor.require("channels.view")
    lines = await sync_to_async(_lines, thread_sensitive=False)(listings)
    return await calls.arun(_live(lines))


def _lines(listings: list[ListingView]) -> list[tuple[Line, list[ListingView]]]:
    by_channel: dict[str, list[ListingView]] = {}
    for listing in listings:
        by_channel.setdefault(listing.channel, []).append(listing)
    return [(calls.line(row), by_channel[row.code]) for row in Channel.objects.filter(code__in=by_channel)]


async def _live(lines: list[tuple[Line, list[ListingView]]]) -> list[LiveListing]:
    import asyncio

    answers = await asyncio.gather(*(_live_on(line, views) for line, views in lines), return_exceptions=True)
    found: list[LiveListing] = []
    for answer in answers:
        if isinstance(answer, list):
            found += answer
        elif not isinstance(answer, Unavailable | RemoteRefused):
            raise answer
    return found


async def _live_on(line: Line, views: list[ListingView]) -> list[LiveListing]:
    if not line.can(ReadsListings):
        return []
    keys = [ListingKey(view.item_id, view.model_id) for view in views]

    async def read(connector: ReadsListings) -> list[RemoteListing]:
        return await connector.read_listings(keys=keys)

    clock = time.monotonic()
    shown = {each.key: each for each in await line.call(read, tries=2)}
    took_ms, at = round((time.monotonic() - clock) * 1000, 1), _now()
    return [
        LiveListing(
            view.id, view.channel, view.item_id, view.model_id, each.quantity if each else None,
            each.price_minor if each else None, at, took_ms,
            each.sale_minor if each else None, each.sale_ends_at if each else None,
        )
        for view, key in zip(views, keys, strict=True)
        for each in (shown.get(key),)
    ]  # fmt: skip


def audit_listings(*, actor: Actor, channel: str) -> AuditReport:
    """Read every matched listing of a channel back now, and have those set right that differ from the acknowledged.

    The worker does it by itself every six hours. Raises: MayNot, ChannelNotFound, NotConnected, CannotDo,
    AuditUnderWay, Unavailable.
    """
    actor.require("channels.sync")
    _, line = _line(channel)
    line.speaker(ReadsListings)
    threads = Threads("audit", 1)
    try:
        report = calls.run(Reader(line, None, threads).whole(actor))
    finally:
        threads.close()
    _look_at(actor=actor, channel=line.code, listings=report.drifted)
    return AuditReport(line.code, report.read, report.drifted, report.missing)


@command
def _look_at(*, actor: Actor, channel: str, listings: list[int]) -> None:  # noqa: ARG001 - who asked is in the trail
    if listings:
        hints.listings(channel, listings)


# --- labels -----------------------------------------------------------------------------------------------------------


def fetch_labels(*, actor: Actor, channel: str, external_id: str) -> Sequence[Label]:
    """The platform's own labels of an order's parcels, asked of it now; it may take some seconds to make them.

    Raises: MayNot, ChannelNotFound, NotConnected, CannotDo (the shop's own carrier brings its orders), RemoteRefused (no
    such order, or it is not arranged for shipping), Unavailable.
    """
    actor.require("orders.ship")
    _, line = _line(channel)
    line.speaker(PrintsLabels)
    return calls.run(_labels(line, external_id))


def fetch_many_labels(*, actor: Actor, wanted: Sequence[tuple[str, str]]) -> list[OrderLabels]:
    """Labels of several orders, each named by its channel and the channel's number; in that order, some at a time.

    What one order is refused leaves the others alone. Raises: MayNot.
    """
    actor.require("orders.ship")
    lines: dict[str, Line | MekongError] = {}
    for channel in {channel for channel, _ in wanted}:
        try:
            _, line = _line(channel)
            line.speaker(PrintsLabels)
            lines[channel] = line
        except MekongError as refused:
            lines[channel] = refused

    async def all_of_them() -> list[OrderLabels]:
        room = asyncio.Semaphore(LABELS_AT_ONCE)

        async def one(line: Line | MekongError, external_id: str) -> OrderLabels:
            if isinstance(line, MekongError):
                return OrderLabels(refused=line)
            async with room:
                try:
                    return OrderLabels(await _labels(line, external_id))
                except MekongError as refused:
                    return OrderLabels(refused=refused)

        return await asyncio.gather(*(one(lines[channel], external_id) for channel, external_id in wanted))

    return calls.run(all_of_them())


async def _labels(line: Line, external_id: str) -> Sequence[Label]:
    async def order_there(connector: Any) -> Any:
        orders = await connector.fetch_orders(external_ids=[external_id])
        if not orders:
            raise RemoteRefused(remote=line.code, remote_code="unknown_order", remote_message="no such order")
        return orders[0]

    async def fetch(connector: Any) -> Sequence[Label]:
        labels: Sequence[Label] = await connector.fetch_labels(order=order)
        return labels

    order = await line.call(order_there, tries=3)
    return await line.call(fetch, tries=6)


# --- returns ----------------------------------------------------------------------------------------------------------


def answer_return(*, actor: Actor, return_id: str, accept: bool, reason: str = "") -> ReturnView:
    """Agree to a return that a buyer asked a platform for, or refuse it and say why. Goods are counted in when they are
    received and graded, not by this.

    Safe to repeat: the answer that was given stays. Raises: MayNot, ReturnNotFound, ChannelInvalid, ReturnAnswered (here
    or on the platform), ReturnBeingAnswered, NotConnected, CannotDo, RemoteRefused, Unavailable.
    """
    begun = commands.begin_answer(actor=actor, return_id=return_id, accept=accept, reason=reason, now=_now())
    if begun.given:
        return begun.view
    try:
        _, line = _line(begun.view.channel)
        line.speaker(HandlesReturns)
        stands = calls.run(
            _answer(line, begun.asked, accept, reason.strip(), email_of(actor.ref) or get_company().email)
        )
    except MekongError:
        commands.end_answer(actor=actor, return_id=return_id, accept=accept, stands=None, now=_now())
        raise
    view = commands.end_answer(actor=actor, return_id=return_id, accept=accept, stands=stands, now=_now())
    if not rules.is_taken(accept=accept, state=stands.state):
        platform = queries.platform_title(view.channel)
        raise ReturnAnswered(number=view.external_id, platform=platform, state=view.state)
    return view


async def _answer(line: Line, asked: RemoteReturn, accept: bool, reason: str, email: str) -> RemoteReturn:
    async def tell(connector: HandlesReturns) -> RemoteReturn:
        return await connector.answer_return(return_=asked, accept=accept, reason=reason, contact_email=email)

    return await line.call(tell, tries=4)


# --- earnings ---------------------------------------------------------------------------------------------------------


def read_earnings(*, actor: Actor, channel: str, external_id: str) -> EarningsView:
    """What an order earns on its platform, asked of it now and kept. Where it has nothing to tell yet, what it said
    before stays, with the platform's word in `problem`.

    Safe to repeat. Raises: MayNot, OrderNotFound, ChannelNotFound, NotConnected, CannotDo, NeedsReconnect, Unavailable.
    """
    may_read(actor, channel, external_id)
    _, line = _line(channel)
    line.speaker(TellsEarnings)
    asked_at, again = _now(), timedelta(seconds=Pace().earnings_again_s)
    try:
        said = calls.run(line.call(lambda connector: earnings_asked(connector, line.code, external_id), tries=6))
    except NeedsReconnect:
        raise
    except RemoteRefused as refused:
        return commands.note_untold(
            actor=actor, channel=line.code, external_id=external_id, error=refused, asked_at=asked_at, again=again
        )
    return commands.keep_earnings(actor=actor, channel=line.code, earnings=said, asked_at=asked_at, again=again)


# --- test buyers ------------------------------------------------------------------------------------------------------


def buy_test(*, actor: Actor, listing_id: int, quantity: int) -> Mapping[str, Any]:
    """Buy on a sandbox as a shopper would: the platform's answer with the order's number.

    Raises: MayNot, ListingNotFound, NoTestBuyer, ChannelInvalid, RemoteRefused (sold out), Unavailable.
    """
    row, listing = _test_purchase(actor, listing_id, quantity)
    return calls.run(_buy(row, listing, quantity))


async def abuy_test(*, actor: Actor, listing_id: int, quantity: int) -> Mapping[str, Any]:
    """As `buy_test`, from a coroutine."""
    row, listing = await sync_to_async(_test_purchase, thread_sensitive=False)(actor, listing_id, quantity)
    return await calls.arun(_buy(row, listing, quantity))


def _test_purchase(actor: Actor, listing_id: int, quantity: int) -> tuple[Channel, Listing]:
    actor.require("channels.view")
    listing = Listing.objects.select_related("channel").filter(id=listing_id).first()
    if listing is None:
        raise ListingNotFound(key=listing_id, channel="–")
    if not 1 <= quantity <= MAX_TEST_UNITS:
        raise ChannelInvalid(field="quantity", problem="Buy from 1 to {most} units.", most=MAX_TEST_UNITS)
    if not listing.channel.test_purchase_url:
        raise NoTestBuyer(channel=listing.channel.code)
    return listing.channel, listing


async def _buy(row: Channel, listing: Listing, quantity: int) -> Mapping[str, Any]:
    body = {"shop": row.shop_id, "lines": [{"quantity": quantity, **_named(listing)}]}
    headers = {"content-type": "application/json"}
    request = Request("POST", row.test_purchase_url, (), headers, json.dumps(body).encode())
    try:
        answer = await calls.wires(row.code).ask(request)
        said = json.loads(answer.body)
    except (WireError, ValueError) as away:
        raise Unavailable(reason=str(away)) from away
    if answer.status >= 500:
        raise Unavailable(reason=f"HTTP {answer.status}")
    if answer.status >= 400:
        code, message = str(said.get("error", answer.status)), str(said.get("message", ""))
        raise RemoteRefused(remote=row.name, remote_code=code, remote_message=message)
    return dict(said)


def _named(listing: Listing) -> dict[str, Any]:
    """By the seller's SKU where there is one; else by the platform's own numbers."""
    if listing.remote_sku:
        return {"sku": listing.remote_sku}
    numbers = {"item_id": listing.item_id, "model_id": listing.model_id or "0"}
    return {name: int(value) for name, value in numbers.items() if value.isdecimal()}
