"""Facts from below that platforms, or the sync with them, must hear of."""

from __future__ import annotations

from datetime import UTC, datetime

from mekong.catalog.events import CategoryRemoved, PriceChanged, ProductArchived, ProductUpdated
from mekong.channels import hints
from mekong.channels.commands import tell_platform
from mekong.channels.commands.listings import turn
from mekong.channels.commands.publishing import turn_publications
from mekong.channels.models import CategoryMapping, Listing, Publication
from mekong.channels.rules import cancel_reason
from mekong.foundation.actor import SYSTEM
from mekong.foundation.events import Heard, subscribe
from mekong.orders.events import OrderCancelled, OrderPacked, OrderShipped
from mekong.pricing.events import PricesMoved

_NAME = "channels.tell_platform"


def _now() -> datetime:
    return datetime.now(UTC)


@subscribe(OrderPacked, _NAME)
def tell_packed(event: OrderPacked, heard: Heard) -> None:
    _tell(event, heard, "pack")


@subscribe(OrderShipped, _NAME)
def tell_shipped(event: OrderShipped, heard: Heard) -> None:
    _tell(event, heard, "ship")


@subscribe(OrderCancelled, _NAME)
def tell_cancelled(event: OrderCancelled, heard: Heard) -> None:
    _tell(event, heard, "cancel", {"reason": cancel_reason(event.reason)})


def _tell(
    event: OrderPacked | OrderShipped | OrderCancelled, heard: Heard, action: str, params: dict[str, str] | None = None
) -> None:
    if not event.by_channel:
        tell_platform(
            actor=SYSTEM, channel=event.channel, external_id=event.external_id, action=action,
            key=f"event:{heard.event_id}", now=_now(), params=params,
        )  # fmt: skip


@subscribe(ProductUpdated, "channels.look_again")
def look_again(event: ProductUpdated, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    """Parts of a bundle may be others now, so versions of before and after cannot be compared: begin a new turn."""
    rows = Listing.objects.filter(variant_id__in=event.variant_ids).values_list("channel__code", "id")
    by_channel: dict[str, list[int]] = {}
    for channel, listing in rows:
        by_channel.setdefault(channel, []).append(listing)
    for channel, ids in sorted(by_channel.items()):
        turn(channel, sorted(ids), price=False)


@subscribe(ProductUpdated, "channels.publish_changes")
def publish_changes(event: ProductUpdated, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    _publish(event.product_id)


@subscribe(ProductArchived, "channels.hide_archived")
def hide_archived(event: ProductArchived, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    _publish(event.product_id)


@subscribe(CategoryRemoved, "channels.forget_mapping")
def forget_mapping(event: CategoryRemoved, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    """Its products go along with the category they stand in now."""
    CategoryMapping.objects.filter(category=event.code).delete()


def _publish(product_id: int, **where: str) -> None:
    """Look again at a product wherever it is published and follows the catalogue."""
    rows = Publication.objects.filter(product_id=product_id, follows=True, **where)
    for code in sorted(set(rows.values_list("channel__code", flat=True))):
        turn_publications(rows.filter(channel__code=code), code, _now())


@subscribe(PricesMoved, "channels.look_at_prices")
def look_at_all_prices(event: PricesMoved, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    hints.send(hints.PRICES)


@subscribe(PriceChanged, "channels.look_at_prices")
def look_at_prices(event: PriceChanged, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    hints.send(hints.PRICES)
    _publish(event.product_id, state="incomplete")
