"""The invariants of channels, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext

from mekong.channels import queries
from mekong.channels.models import Channel, Incident, Listing, MatchState, NoticeInbox, Outbound, ParkedOrder
from mekong.channels.rules import ENDING
from mekong.foundation import health

LATE = timedelta(minutes=10)
"""How long a worker may take to set a listing right, or to fetch what a notice points at, before it is a finding."""

_OPEN = """
    select c.code, l.id, l.variant_id, l.item_id, l.model_id, s.acked_turn, s.turn, s.acked_version
      from channels_listing l
      join channels_listingsync s on s.listing_id = l.id
      join channels_channel c on c.id = l.channel_id
     where l.match_state = 'matched' and l.is_synced and l.is_live and not s.is_parked
       and c.is_active and c.state in ('connected', 'failing')
"""


def listings_converged(now: datetime) -> health.Finding:
    """Every matched, synced listing is acknowledged as it should be, or on its way, or parked with a named error."""
    dirty = _dirty()
    parked = Listing.objects.filter(match_state=MatchState.MATCHED, is_synced=True, sync__is_parked=True).count()
    unnamed = Listing.objects.filter(sync__is_parked=True, sync__error_code="").count()
    broken = Channel.objects.filter(is_active=True, state="needs_reconnect").count()
    told = gettext("{parked} parked with the platform's reason, {broken} channels to connect again").format(
        parked=parked, broken=broken
    )
    if unnamed:
        return health.Finding(
            False,
            gettext("{count} listings are parked without a reason.").format(count=unnamed),
            gettext("Retry them under Channels."),
        )
    if not dirty:
        return health.Finding(True, gettext("Every listing shows what it should; {told}.").format(told=told))
    late = [code for code in sorted(dirty) if _is_late(code, now)]
    count = sum(dirty.values())
    if late:
        named = ", ".join(f"{code}: {dirty[code]}" for code in late)
        return health.Finding(
            False,
            gettext("{count} listings wait to be set right, some for more than {minutes} minutes ({named}).").format(
                count=count, minutes=LATE.seconds // 60, named=named
            ),
            gettext("Start the worker (`mekong worker`), and look under Channels at what the platform answers."),
        )
    return health.Finding(
        True,
        gettext("{count} listings are on their way to what they should show; {told}.").format(count=count, told=told),
    )


def _dirty() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN)
        rows = cursor.fetchall()
    found: dict[str, int] = {}
    wanted: dict[str, list[tuple[int, int, str]]] = {}
    acked: dict[int, int] = {}
    for code, listing, variant, item, model, acked_turn, turn, version in rows:
        if turn > acked_turn:
            found[code] = found.get(code, 0) + 1
        else:
            acked[listing] = version
            wanted.setdefault(code, []).append((listing, variant, f"{item}:{model}"))
    for code, each in wanted.items():
        desired = queries.desired_by_channel({code: each})
        behind = sum(version > acked[listing] for listing, (_, version) in desired.items())
        if behind:
            found[code] = found.get(code, 0) + behind
    return found


def _is_late(code: str, now: datetime) -> bool:
    row = Channel.objects.get(code=code)
    if row.seen_at is None:
        return now - row.created_at > LATE
    return now - row.seen_at > LATE or float(row.health.get("oldest_waiting_s", 0)) > LATE.total_seconds()


def notices_handled(now: datetime) -> health.Finding:
    """Every notice led to its order being fetched, every order of a platform is booked or on a list with its error."""
    late = NoticeInbox.objects.filter(handled_at=None, received_at__lt=now - LATE, channel__is_active=True).count()
    parked = list(ParkedOrder.objects.values_list("channel__code", "external_id", "error_code")[:6])
    if late or parked:
        named = "; ".join(" ".join(each) for each in parked[:5]) or "–"
        return health.Finding(
            False,
            gettext(
                "{late} notices wait for more than {minutes} minutes; {parked} orders could not be booked: {named}."
            ).format(late=late, minutes=LATE.seconds // 60, parked=ParkedOrder.objects.count(), named=named),
            gettext("Start the worker, then look at the orders listed under Channels."),
        )
    return health.Finding(True, gettext("Every notice was followed, every order seen on a platform is booked."))


def platforms_told(now: datetime) -> health.Finding:
    """What was decided about platform orders was told to the platform, or the refusal is listed."""
    late = Outbound.objects.filter(state="waiting", created_at__lt=now - LATE, channel__is_active=True).count()
    if late:
        return health.Finding(
            False,
            gettext("{count} steps of orders were not told to their platform for more than {minutes} minutes.").format(
                count=late, minutes=LATE.seconds // 60
            ),
            gettext("Start the worker, and look under Channels at what the platform answers."),
        )
    return health.Finding(True, gettext("Platforms were told of every step of their orders."))


def channels_talking(now: datetime) -> health.Finding:
    """No channel that usually has orders is silent for longer than usual."""
    rows = Incident.objects.filter(kind="silence", ended_at=None, hushed_at=None, channel__is_active=True)
    silent = sorted(rows.values_list("channel__code", flat=True))
    if silent:
        return health.Finding(
            False,
            gettext("{count} channels have been without an order for longer than usual: {named}.").format(
                count=len(silent), named=", ".join(silent)
            ),
            gettext("See on the platform whether the shop sells; if all is well, say so under Channels › Health."),
        )
    return health.Finding(True, gettext("No channel is silent for longer than usual."))


def channels_authorised(now: datetime) -> health.Finding:
    """No authorisation ends within a week."""
    rows = Channel.objects.filter(is_active=True, authorised_until__lt=now + ENDING).order_by("authorised_until")
    ending = [f"{code} ({until:%d/%m})" for code, until in rows.values_list("code", "authorised_until")]
    if ending:
        return health.Finding(
            False,
            gettext("The access to {count} channels ends within a week: {named}.").format(
                count=len(ending), named=", ".join(ending)
            ),
            gettext("Connect them again under Channels; the merchant says yes once more on the platform."),
        )
    return health.Finding(True, gettext("No access to a platform ends within a week."))


health.register("channels.listings_converged", listings_converged)
health.register("channels.notices_handled", notices_handled)
health.register("channels.platforms_told", platforms_told)
health.register("channels.talking", channels_talking)
health.register("channels.authorised", channels_authorised)
