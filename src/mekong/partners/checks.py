"""The invariants of partners, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext

from mekong.foundation import health
from mekong.partners.files import EVERY, file_of
from mekong.partners.models import FeedBuild, Message, Webhook

LATE = timedelta(minutes=10)


def webhooks_flow(now: datetime) -> health.Finding:
    """No webhook was switched off by the machine, and nothing waits that is due."""
    disabled = [row.url for row in Webhook.objects.exclude(disabled_reason="").order_by("pk")[:5]]
    late = Message.objects.filter(state="waiting", webhook__is_active=True, next_at__lt=now - LATE).count()
    if disabled:
        return health.Finding(
            False,
            gettext("Webhooks were switched off because their receivers took nothing: {urls}.").format(
                urls=", ".join(disabled)
            ),
            gettext("Look under Settings, Webhooks at what they answered; switch them on again or remove them."),
        )
    if late:
        return health.Finding(
            False,
            gettext("{count} messages of webhooks are late by more than {minutes} minutes.").format(
                count=late, minutes=LATE.seconds // 60
            ),
            gettext("Start the worker (`mekong worker`)."),
        )
    return health.Finding(True, gettext("Webhooks are on their way, none is late."))


def feeds_fresh(now: datetime) -> health.Finding:
    """Every active feed has its file, and it is not older than it may be."""
    builds = FeedBuild.objects.select_related("feed").filter(feed__is_active=True)
    stale = Q(built_at__lt=now - EVERY - LATE) | Q(problem__gt="") | Q(built_at=None, wanted_at__lt=now - LATE)
    wrong = {row.feed.name for row in builds.filter(stale)}
    wrong |= {row.feed.name for row in builds.exclude(stem="") if not file_of(row.stem, packed=False).is_file()}
    if wrong:
        return health.Finding(
            False,
            gettext("Feeds are old, failed or without their file: {names}.").format(names=", ".join(sorted(wrong))),
            gettext("See that a worker runs (`mekong worker`), then write them anew under Settings, Feeds."),
        )
    return health.Finding(True, gettext("Every feed shows what is on sale."))


health.register("partners.webhooks_flow", webhooks_flow)
health.register("partners.feeds_fresh", feeds_fresh)
