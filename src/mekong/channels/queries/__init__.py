"""How channels and their listings stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Q

from mekong.catalog.contracts import ListingFacts, VariantView
from mekong.channels import matching, registry, rules
from mekong.channels.contracts import (
    ChannelFigures,
    ChannelFlow,
    ChannelHealth,
    ChannelName,
    ChannelView,
    Completeness,
    ConnectorView,
    ListingCounts,
    ListingPageView,
    ListingView,
    OpenListing,
    OpenListingPage,
    OutboundView,
    ParkedOrderView,
    Problem,
)
from mekong.channels.errors import ChannelNotFound, ListingNotFound
from mekong.channels.models import Channel, Listing, MatchState, Outbound, ParkedOrder
from mekong.channels.queries.earnings import earnings_of as earnings_of
from mekong.channels.queries.earnings import tells_earnings as tells_earnings
from mekong.channels.queries.health import audit_differences as audit_differences
from mekong.channels.queries.health import healths, open_kinds
from mekong.channels.queries.health import list_audits as list_audits
from mekong.channels.queries.health import list_incidents as list_incidents
from mekong.channels.queries.health import list_troubles as list_troubles
from mekong.channels.queries.returns import count_waiting as count_waiting
from mekong.channels.queries.returns import get_return as get_return
from mekong.channels.queries.returns import list_returns as list_returns
from mekong.channels.queries.returns import returns_of as returns_of
from mekong.foundation.actor import Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.inventory import queries as inventory
from mekong.orders import queries as orders

STATES = ("converged", "queued", "retrying", "parked", "unmatched", "ignored", "off")
"""What a listing's sync can be, see `rules.listing_state`."""

_COUNTS = """
    select l.channel_id, count(*) filter (where l.match_state = 'matched'),
           count(*) filter (where l.match_state = 'unmatched'), count(*) filter (where l.match_state = 'ignored'),
           count(*) filter (where s.is_parked)
      from channels_listing l join channels_listingsync s on s.listing_id = l.id
     where l.channel_id = any(%s) group by 1
"""
_WAITING = """
    select channel_id, count(*) from channels_noticeinbox where handled_at is null and channel_id = any(%s) group by 1
"""
_PARKED = "select channel_id, count(*) from channels_parkedorder where channel_id = any(%s) group by 1"


def list_connectors() -> list[ConnectorView]:
    """The kinds of platforms a channel can be connected to, with the fields of their form."""
    return [
        ConnectorView(
            each.manifest.name, each.manifest.title, each.manifest.letters, each.manifest.api_version,
            each.manifest.capabilities, each.manifest.docs_url, each.secrets,
        )
        for _, each in sorted(registry.connectors().items())
    ]  # fmt: skip


def list_channels(*, actor: Actor) -> list[ChannelView]:
    """Every channel with its figures, ours first, then by code. Five statements."""
    actor.require("channels.view")
    rows = sorted(Channel.objects.all(), key=lambda row: (registry.is_remote(row.kind), row.code))
    return _views(rows)


def channel_names() -> list[ChannelName]:
    """What every channel is called, ours first, then by code; for all to know. One statement."""
    rows = Channel.objects.values_list("code", "name", "kind", "letters")
    known = registry.connectors()
    found = [
        ChannelName(*row, row[2] in known, known[row[2]].manifest.capabilities if row[2] in known else frozenset())
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.is_remote, each.code))


_FLOWS = """
    select c.code, c.name, c.kind, c.letters, c.is_active, c.state, c.sealed_secrets <> '', c.seen_at, c.health,
           array(select kind from channels_incident i
                  where i.channel_id = c.id and i.ended_at is null and i.hushed_at is null)
      from channels_channel c
"""


def list_flows(*, actor: Actor) -> list[ChannelFlow]:
    """How every channel flows, in no order. One statement that reads channels and open incidents alone. Raises: MayNot."""
    actor.require("channels.view")
    with connection.cursor() as cursor:
        cursor.execute(_FLOWS)
        rows = cursor.fetchall()
    return [
        ChannelFlow(
            code=code, name=name, kind=kind, letters=letters, is_active=is_active, is_remote=registry.is_remote(kind),
            state=_state(state, is_active=is_active), is_authorised=_is_authorised(state, has_secrets=has_secrets),
            seen_at=seen_at, figures=_figures(msgspec.json.decode(health)), incidents=frozenset(incidents),
        )
        for code, name, kind, letters, is_active, state, has_secrets, seen_at, health, incidents in rows
    ]  # fmt: skip


def completeness(*, facts: Iterable[ListingFacts], kinds: Iterable[str]) -> dict[int, dict[str, Completeness]]:
    """How ready each product is for each kind of platform, by product and kind. No statement.

    A kind that is no platform's is left out.
    """
    needs = {kind: registry.plug(kind).needs for kind in dict.fromkeys(kinds) if registry.is_remote(kind)}
    return {each.product_id: {kind: rules.completeness(each, asked) for kind, asked in needs.items()} for each in facts}


def open_channels() -> frozenset[str]:
    """The codes of the channels that may sell."""
    return frozenset(Channel.objects.filter(is_active=True).values_list("code", flat=True))


def get_channel(*, actor: Actor, code: str) -> ChannelView:
    """Raises: MayNot, ChannelNotFound."""
    actor.require("channels.view")
    return _views([find_channel(code)])[0]


def list_health(*, actor: Actor, now: datetime) -> list[ChannelHealth]:
    """How every channel does, in the order of `list_channels`. Fourteen statements, however many channels."""
    return healths(views=list_channels(actor=actor), now=now)


def get_health(*, actor: Actor, code: str, now: datetime) -> ChannelHealth:
    """How one channel does. Raises: MayNot, ChannelNotFound."""
    return healths(views=[get_channel(actor=actor, code=code)], now=now)[0]


def platform_title(code: str) -> str:
    """The name of the platform behind a channel; "" for channels of our own, and for what is no channel."""
    kind = Channel.objects.filter(code=code).values_list("kind", flat=True).first()
    return registry.plug(kind).manifest.title if kind and registry.is_remote(kind) else ""


def find_channel(code: str) -> Channel:
    row = Channel.objects.filter(code=code.strip().lower()).first()
    if row is None:
        raise ChannelNotFound(key=code)
    return row


def channel_view(row: Channel) -> ChannelView:
    return _views([row])[0]


def _views(rows: Sequence[Channel]) -> list[ChannelView]:
    ids = [row.id for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [ids])
        counts = {row[0]: ListingCounts(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(_WAITING, [ids])
        waiting = dict(cursor.fetchall())
        cursor.execute(_PARKED, [ids])
        parked = dict(cursor.fetchall())
    troubled = open_kinds(ids)
    return [
        _view(
            row, counts.get(row.id, ListingCounts()), waiting.get(row.id, 0), parked.get(row.id, 0),
            troubled.get(row.id, frozenset()),
        )
        for row in rows
    ]  # fmt: skip


def _view(
    row: Channel, counts: ListingCounts, waiting: int, parked: int, incidents: frozenset[str]
) -> ChannelView:  # fmt: skip
    is_remote = registry.is_remote(row.kind)
    manifest = registry.plug(row.kind).manifest if is_remote else None
    return ChannelView(
        uid=row.uid, code=row.code, name=row.name, kind=row.kind, title=manifest.title if manifest else row.name,
        letters=row.letters, shop_id=row.shop_id, currency=row.currency, is_active=row.is_active, is_remote=is_remote,
        state=_state(row.state, is_active=row.is_active), problem=_problem(row.problem),
        capabilities=manifest.capabilities if manifest else frozenset(), price_sync=row.price_sync,
        give_up_after_min=row.give_up_after_min,
        is_authorised=_is_authorised(row.state, has_secrets=bool(row.sealed_secrets)),
        access_expires_at=row.access_expires_at, notice_url=row.notice_url,
        has_test_buyer=bool(row.test_purchase_url), limits=row.limits, last_push_at=row.last_push_at,
        last_pull_at=row.last_pull_at, seen_at=row.seen_at, listings=counts, waiting_notices=waiting,
        parked_orders=parked, figures=_figures(row.health), created_at=row.created_at,
        authorised_until=row.authorised_until, incidents=incidents,
    )  # fmt: skip


def _state(state: str, *, is_active: bool) -> str:
    return state if is_active else "paused"


def _is_authorised(state: str, *, has_secrets: bool) -> bool:
    return has_secrets and state not in ("new", "needs_reconnect")


def _figures(health: Mapping[str, Any]) -> ChannelFigures:
    return ChannelFigures(**{name: health[name] for name in ChannelFigures.__dataclass_fields__ if name in health})


def _problem(said: Mapping[str, Any]) -> Problem | None:
    if not said.get("code"):
        return None
    at = said.get("at")
    return Problem(str(said["code"]), dict(said.get("params", {})), datetime.fromisoformat(at) if at else None)


# --- listings --------------------------------------------------------------------------------------------------------


def list_listings(
    *,
    actor: Actor,
    channel: str = "",
    sku: str = "",
    state: str = "",
    text: str = "",
    cursor: str = "",
    limit: int = 50,
) -> ListingPageView:
    """A page of listings, oldest first, with what each should show now.

    `state`: one of `STATES`; those that depend on our stock of the moment (converged, queued, retrying) are decided
    page by page, so a page may hold fewer than `limit`. `sku`: ours, in any case. `text`: part of the name, or the
    platform's id or SKU.
    """
    actor.require("channels.view")
    rows = Listing.objects.select_related("channel", "sync").order_by("id")
    if channel:
        rows = rows.filter(channel=find_channel(channel))
    if sku:
        variant = matching.variant_by_sku(sku)
        if variant is None:
            return ListingPageView([], None)
        rows = rows.filter(variant_id=variant.id)
    if text.strip():
        words = text.strip()
        rows = rows.filter(
            Q(name__icontains=words) | Q(item_id=words) | Q(model_id=words) | Q(remote_sku__iexact=words)
        )
    rows = _in_state(rows, state)
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(id__gt=last)
    page = list(rows[: limit + 1])
    views = listing_views(rows=page[:limit])
    if state in ("converged", "queued", "retrying"):
        views = [view for view in views if view.state == state]
    return ListingPageView(views, encode_cursor(page[limit - 1].id) if len(page) > limit else None)


def list_open_listings(*, actor: Actor, channel: str, cursor: str = "", limit: int = 25) -> OpenListingPage:
    """A page of a channel's unmatched listings, oldest first, with what each may be. Raises: MayNot, ChannelNotFound."""
    actor.require("channels.view")
    rows = Listing.objects.select_related("channel", "sync").order_by("id")
    rows = rows.filter(channel=find_channel(channel), match_state=MatchState.UNMATCHED)
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(id__gt=last)
    page = list(rows[: limit + 1])
    shown = page[:limit]
    found = matching.suggestions(shown)
    views = {view.id: view for view in listing_views(rows=shown)}
    opened = [OpenListing(views[row.id], found.get(row.id, [])) for row in shown]
    return OpenListingPage(opened, encode_cursor(shown[-1].id) if len(page) > limit else None)


def _in_state(rows: Any, state: str) -> Any:
    if state in (MatchState.UNMATCHED, MatchState.IGNORED):
        return rows.filter(match_state=state)
    if state == "parked":
        return rows.filter(match_state=MatchState.MATCHED, sync__is_parked=True)
    if state == "off":
        return rows.filter(match_state=MatchState.MATCHED, is_synced=False)
    if state:
        return rows.filter(match_state=MatchState.MATCHED, is_synced=True, sync__is_parked=False)
    return rows


def get_listing(*, actor: Actor, listing_id: int) -> ListingView:
    """Raises: MayNot, ListingNotFound."""
    actor.require("channels.view")
    return listing_views(rows=[find_listing(listing_id)])[0]


def listings_of(*, actor: Actor, variant_ids: Sequence[int]) -> list[ListingView]:
    """Every listing of these variants, on all channels. A few statements, however many variants. Raises: MayNot."""
    actor.require("channels.view")
    return listing_views(rows=list(Listing.objects.filter(variant_id__in=list(variant_ids)).only("id")))


def shown_on(*, actor: Actor, channel: str) -> dict[int, tuple[int | None, int | None]]:
    """What a channel shows of each variant listed there, as it last acknowledged: price and quantity.

    For putting variants in order; of several listings of one variant the lowest price and the sum. One statement.
    Raises: MayNot.
    """
    actor.require("channels.view")
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, [channel])
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


_SHOWN = """
    select l.variant_id, min(coalesce(l.own_price_minor, s.acked_price_minor, s.remote_price_minor)),
           sum(s.acked_quantity)::bigint
      from channels_listing l join channels_channel c on c.id = l.channel_id
      join channels_listingsync s on s.listing_id = l.id
     where c.code = %s and l.variant_id is not null group by 1
"""


def own_prices(*, actor: Actor, channel: str, variant_ids: Collection[int]) -> dict[int, int | None]:
    """The own price of each of these variants on a channel (of its first listing there), None for the catalogue's.

    Those not listed there are left out. One statement. Raises: MayNot.
    """
    actor.require("channels.view")
    rows = Listing.objects.filter(channel__code=channel, variant_id__in=list(variant_ids)).order_by("-id")
    return dict(rows.values_list("variant_id", "own_price_minor"))


def find_listing(listing_id: int) -> Listing:
    row = Listing.objects.select_related("channel", "sync").filter(id=listing_id).first()
    if row is None:
        raise ListingNotFound(key=listing_id, channel="–")
    return row


def listing_views(*, rows: Sequence[Listing]) -> list[ListingView]:
    """Listings with what each should show now. A few statements, however many listings."""
    rows = list(
        Listing.objects.select_related("channel", "sync").filter(id__in=[row.id for row in rows]).order_by("id")
    )
    known = matching.variants({row.variant_id for row in rows if row.variant_id is not None})
    desired = desired_of(rows)
    return [_listing_view(row, known, desired) for row in rows]


def desired_of(rows: Iterable[Listing]) -> dict[int, tuple[int, int]]:
    """What each matched listing should show and at which version, by listing id."""
    wanted: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for row in rows:
        if row.variant_id is not None:
            wanted[row.channel.code].append((row.id, row.variant_id, f"{row.item_id}:{row.model_id}"))
    return desired_by_channel(wanted)


def desired_by_channel(wanted: Mapping[str, Sequence[tuple[int, int, str]]]) -> dict[int, tuple[int, int]]:
    """`wanted`: by channel, (listing id, variant id, `item:model`)."""
    found: dict[int, tuple[int, int]] = {}
    rest: dict[str, list[tuple[int, int, str]]] = {channel: list(rows) for channel, rows in wanted.items()}
    while any(rest.values()):
        # Two listings of one variant on one channel may be under different controls: one of each variant at a time.
        now: dict[str, dict[int, tuple[int, str]]] = {}
        later: dict[str, list[tuple[int, int, str]]] = {}
        for channel, rows in rest.items():
            for listing, variant, name in rows:
                if variant in now.setdefault(channel, {}):
                    later.setdefault(channel, []).append((listing, variant, name))
                else:
                    now[channel][variant] = (listing, name)
        asked = {channel: {variant: name for variant, (_, name) in each.items()} for channel, each in now.items()}
        for (channel, variant), each in inventory.availability_on(asked).items():
            found[now[channel][variant][0]] = (each.quantity, each.version)
        rest = later
    return found


def _listing_view(row: Listing, known: Mapping[int, Any], desired: Mapping[int, tuple[int, int]]) -> ListingView:
    sync, variant = row.sync, known.get(row.variant_id) if row.variant_id else None
    quantity, version = desired.get(row.id, (None, None))
    is_dirty = sync.turn > sync.acked_turn or (version is not None and version > sync.acked_version)
    state = rules.listing_state(
        match_state=row.match_state, is_synced=row.is_synced, is_parked=sync.is_parked, is_dirty=is_dirty,
        attempts=sync.attempts,
    )  # fmt: skip
    error = Problem(sync.error_code, dict(sync.error_params)) if sync.error_code else None
    return ListingView(
        id=row.id, channel=row.channel.code, item_id=row.item_id, model_id=row.model_id,
        sku=variant.sku if variant else "", variant_id=row.variant_id, remote_sku=row.remote_sku, name=row.name,
        barcode=row.barcode, url=row.url, image_url=row.image_url, is_live=row.is_live, is_synced=row.is_synced,
        match_state=row.match_state, match_how=row.match_how, match_reason=row.match_reason, state=state,
        desired=quantity, desired_version=version, acknowledged=sync.acked_quantity,
        acknowledged_version=sync.acked_version, acknowledged_at=sync.acked_at,
        desired_price_minor=_desired_price(row, variant) if variant and row.channel.price_sync else None,
        acknowledged_price_minor=sync.acked_price_minor, attempts=sync.attempts, next_attempt_at=sync.next_attempt_at,
        error=error, remote_quantity=sync.remote_quantity, remote_price_minor=sync.remote_price_minor,
        remote_sale_minor=sync.remote_sale_minor, remote_sale_ends_at=sync.remote_sale_ends_at,
        read_at=sync.read_at, own_price_minor=row.own_price_minor,
        price_error=Problem(sync.price_error_code, dict(sync.price_error_params)) if sync.price_error_code else None,
    )  # fmt: skip


def _desired_price(row: Listing, variant: VariantView) -> int | None:
    return rules.desired_price(row.own_price_minor, variant.price_minor, variant.currency, row.channel.currency)


def count_oversold() -> int:
    """Units promised beyond what there was: sold below zero by us, or sold by platforms before they heard of it.

    What a platform sold beyond stock counts until goods have come for it.
    """
    remote = [code for code, kind in Channel.objects.values_list("code", "kind") if registry.is_remote(kind)]
    return inventory.count_oversells() + orders.units_beyond_stock(channels=remote)


# --- orders that do not go through ------------------------------------------------------------------------------------


def list_parked_orders(*, actor: Actor, channel: str = "", limit: int = 200) -> list[ParkedOrderView]:
    """Orders of platforms that could not be booked, newest first. They are tried again by themselves."""
    actor.require("channels.view")
    rows = ParkedOrder.objects.select_related("channel").order_by("-id")
    if channel:
        rows = rows.filter(channel__code=channel)
    return [
        ParkedOrderView(
            row.channel.code, row.external_id, Problem(row.error_code, {"message": row.error}), row.attempts,
            row.first_at, row.next_at,
        )
        for row in rows[:limit]
    ]  # fmt: skip


def outbound_view(row: Outbound, channel: str) -> OutboundView:
    error = Problem(row.error_code, dict(row.error_params)) if row.error_code else None
    return OutboundView(
        row.id, channel, row.external_id, row.action, row.state, row.attempts, row.next_at, error, row.created_at,
        row.done_at,
    )  # fmt: skip


def list_outbound(
    *, actor: Actor, channel: str = "", external_id: str = "", state: str = "", limit: int = 200
) -> list[OutboundView]:
    """What platforms were told, or are to be told, about orders; newest first."""
    actor.require("channels.view")
    rows = Outbound.objects.select_related("channel").order_by("-id")
    for field, value in (("channel__code", channel), ("external_id", external_id), ("state", state)):
        if value:
            rows = rows.filter(**{field: value})
    return [outbound_view(row, row.channel.code) for row in rows[:limit]]


def delays_by_minute(
    *, actor: Actor, since: datetime, channel: str = ""
) -> dict[str, list[tuple[datetime, int, float | None, float | None, float | None]]]:
    """By channel: (minute, acknowledged, p50, p95, p99 in milliseconds), for charts."""
    from mekong.channels.figures import percentile_ms
    from mekong.channels.models import SyncMinute

    actor.require("channels.view")
    rows = SyncMinute.objects.select_related("channel").filter(minute__gte=since).order_by("minute")
    if channel:
        rows = rows.filter(channel__code=channel)
    found: dict[str, list[tuple[datetime, int, float | None, float | None, float | None]]] = defaultdict(list)
    for row in rows:
        told = (percentile_ms(row.buckets, 0.5), percentile_ms(row.buckets, 0.95), percentile_ms(row.buckets, 0.99))
        found[row.channel.code].append((row.minute, row.acked, *told))
    return dict(found)


def test_purchase_at(*, actor: Actor, code: str) -> tuple[str, str]:
    """Where a shopper of a sandbox buys on this channel, and the shop's number there; the address is "" without one.

    Raises: MayNot, ChannelNotFound.
    """
    actor.require("channels.view")
    row = find_channel(code)
    return row.test_purchase_url, row.shop_id
