"""Facts that webhooks are told of, and changes that feeds show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mekong.catalog.events import CatalogLoaded, PriceChanged, ProductArchived, ProductCreated, ProductUpdated
from mekong.foundation.actor import SYSTEM
from mekong.foundation.events import Heard, subscribe
from mekong.partners.commands.deliveries import note_fact
from mekong.partners.commands.feeds import want_feeds
from mekong.partners.events import PUBLIC_EVENTS

_WEBHOOKS = "partners.webhooks"
_WANTED = "exists (select 1 from partners_webhook w where w.is_active and w.event_types @> to_jsonb(d.name))"
"""Where no webhook asks for it, a fact costs nothing more: an order placed writes one row less."""
_FEEDS = "partners.feeds"


def _tell(event: Any, heard: Heard) -> None:
    note_fact(actor=SYSTEM, event=event, event_id=heard.event_id, occurred_at=heard.occurred_at, now=datetime.now(UTC))


def _refresh(event: Any, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    want_feeds(actor=SYSTEM, now=datetime.now(UTC))


for _public in PUBLIC_EVENTS:
    subscribe(_public, _WEBHOOKS, heard_if=_WANTED)(_tell)
for _shown in (ProductCreated, ProductUpdated, PriceChanged, ProductArchived, CatalogLoaded):
    subscribe(_shown, _FEEDS)(_refresh)
