"""Hints to workers by PostgreSQL NOTIFY, sent with the transaction they speak of. For speed only: all of it is found
again by looking."""

from __future__ import annotations

from django.db import connection

from mekong.inventory.notices import CHANNEL as STOCK

NOTICES = "mekong_notices"
"""Payload: the channel whose inbox has something."""
CHANNELS = "mekong_channels"
"""Payload: the channel whose settings changed; "" for any."""
LISTINGS = "mekong_listings"
"""Payload: `channel:id,id,…` of listings to look at; `channel:*` for all of them, `channel:audit` to read them back."""
OUTBOUND = "mekong_outbound"
"""Payload: the channel whose platform is to be told something."""
PRICES = "mekong_prices"
"""Payload: none; some price changed."""
PUBLICATIONS = "mekong_publications"
"""Payload: the channel that a product is to be published on, changed or hidden."""

ALL = (STOCK, NOTICES, CHANNELS, LISTINGS, OUTBOUND, PRICES, PUBLICATIONS)
_LIMIT = 7800


def send(name: str, payload: str = "") -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, %s)", [name, payload])


def listings(channel: str, ids: list[int] | None) -> None:
    """Listings of a channel to look at; None for all of them."""
    named = "*" if ids is None else ",".join(map(str, ids))
    send(LISTINGS, f"{channel}:{named if len(named) < _LIMIT else '*'}")
