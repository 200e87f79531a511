"""What a channel may sell, as a workbook for the platform's own upload page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import xlsxwriter

from mekong.catalog import queries as catalog
from mekong.channels.models import Listing, MatchState
from mekong.channels.queries import desired_of, find_channel
from mekong.foundation.actor import Actor
from mekong.inventory import queries as inventory

_HEADERS = ("Mã sản phẩm", "Mã phân loại hàng", "SKU phân loại hàng", "Tên sản phẩm", "Kho hàng")
_WIDTHS = (18, 18, 24, 60, 12)
_CHUNK = 200


def write_stock_file(*, actor: Actor, channel: str, out: BinaryIO) -> int:
    """A row for each thing this channel sells: ids of the platform where its listings are known, SKU, name, units.

    Listings that are matched; on a channel without any, every active variant of the catalogue. Returns the number of
    rows. Raises: MayNot, ChannelNotFound.
    """
    actor.require("channels.view")
    row = find_channel(channel)
    listings = Listing.objects.filter(channel=row, match_state=MatchState.MATCHED)
    rows = _listed(channel) if listings.exists() else _catalogue(actor, channel)
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": False})
    page = book.add_worksheet("Kho hàng")
    bold, text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
    for place, (header, width) in enumerate(zip(_HEADERS, _WIDTHS, strict=True)):
        page.set_column(place, place, width)
        page.write_string(0, place, header, bold)
    page.freeze_panes(1, 0)
    number = 0
    for number, (*words, units) in enumerate(rows, 1):
        for place, word in enumerate(words):
            page.write_string(number, place, str(word), text)
        page.write_number(number, len(words), int(units))
    book.close()
    return number


def _listed(channel: str) -> Iterator[tuple[str, str, str, str, int]]:
    after = 0
    matched = Listing.objects.select_related("channel").filter(channel__code=channel, match_state=MatchState.MATCHED)
    while rows := list(matched.filter(id__gt=after).order_by("id")[:_CHUNK]):
        after = rows[-1].id
        desired = desired_of(rows)
        for row in rows:
            if row.id in desired:
                yield row.item_id, row.model_id, row.remote_sku, row.name, desired[row.id][0]


def _catalogue(actor: Actor, channel: str) -> Iterator[tuple[str, str, str, str, int]]:
    cursor: str | None = None
    while True:
        page = catalog.list_products(actor=actor, status="active", cursor=cursor, limit=_CHUNK)
        variants = catalog.variants_of(actor=actor, product_ids=[item.id for item in page.items])
        active = [each for item in page.items for each in variants.get(item.id, ()) if each.status == "active"]
        free = inventory.availability(channel=channel, variant_ids=[each.id for each in active])
        for each in active:
            yield (
                "",
                "",
                each.sku,
                f"{each.product_name} · {each.title}".removesuffix(" · "),
                free[each.id].quantity if each.id in free else 0,
            )
        cursor = page.next_cursor
        if cursor is None:
            return
