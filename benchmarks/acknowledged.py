"""What Mekong recorded of pushes that platforms acknowledged."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection


def acknowledgements(channel: str) -> dict[str, tuple[float, int]]:
    """Of each listing of a channel, by our SKU: when its last push was acknowledged (epoch seconds), and its figure."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select v.sku, extract(epoch from s.acked_at)::float8, s.acked_quantity
                 from channels_listingsync s
                 join channels_listing l on l.id = s.listing_id
                 join channels_channel c on c.id = l.channel_id
                 join catalog_variant v on v.id = l.variant_id
                where c.code = %s and s.acked_at is not null""",
            [channel],
        )
        return {sku: (at, units) for sku, at, units in cursor.fetchall()}


def behind(channels: Sequence[str]) -> int:
    """Listings of these channels with a figure that was never acknowledged, or another than stock stands at."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select count(*)
                 from channels_listingsync s
                 join channels_listing l on l.id = s.listing_id
                 join channels_channel c on c.id = l.channel_id
                 left join lateral (select sum(on_hand - reserved) as free from inventory_stocklevel
                                     where variant_id = l.variant_id) stock on true
                where c.code = any(%s) and l.variant_id is not null
                  and (s.acked_turn < s.turn or s.acked_quantity is distinct from coalesce(stock.free, 0))""",
            [list(channels)],
        )
        return int(cursor.fetchone()[0])
