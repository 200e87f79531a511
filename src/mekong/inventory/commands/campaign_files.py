"""Lines of a campaign from a spreadsheet, as they are written there: what they mean is judged with the rest of the form."""

from __future__ import annotations

from collections.abc import Sequence

from mekong.catalog.commands import tables
from mekong.catalog.commands.tables import Cell, Source
from mekong.catalog.errors import NoHeader
from mekong.foundation.actor import Actor
from mekong.foundation.text import fold
from mekong.inventory.commands.campaigns import MOST_LINES
from mekong.inventory.errors import CampaignInvalid

_NAMES = {
    "sku": ("sku", "ma sku", "ma hang", "ma hang hoa", "ma phan loai", "seller sku", "sku phan loai"),
    "units": ("sl", "so luong", "quantity", "qty", "campaign stock", "so luong khuyen mai", "ton khuyen mai"),
    "listing": ("listing", "tin dang", "ma tin dang", "item:model"),
}
_KEYS = {name: key for key, names in _NAMES.items() for name in names}


def read_campaign_file(*, actor: Actor, file: Source) -> list[tuple[str, str, str]]:
    """(SKU, units, listing) of each row of the first sheet (.xlsx, .xls, .csv in UTF-8) below its heading.

    Columns: Mã SKU, Số lượng and, where wanted, Tin đăng (`item:model`); others are left out. Raises: MayNot,
    UnreadableFile, WrongEncoding, FileTooLarge, NoHeader, CampaignInvalid (too many rows).
    """
    actor.require("inventory.controls")
    places: dict[str, int] = {}
    rows: list[tuple[str, str, str]] = []
    with tables.open_sheet(file) as opened:
        for _, cells in opened.rows:
            if all(tables.is_blank(cell) for cell in cells):
                continue
            if not places:
                places = _places(cells)
                continue
            rows.append((_text(cells, places, "sku"), _text(cells, places, "units"), _text(cells, places, "listing")))
            if len(rows) > MOST_LINES:
                raise CampaignInvalid(field="file", problem="Give from 1 to {most} lines.", most=MOST_LINES)
    if not places:
        raise NoHeader(field="file", missing="Mã SKU")
    return rows


def _places(cells: Sequence[Cell]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        key = _KEYS.get(fold(tables.text_of(cell)))
        if key:
            found.setdefault(key, place)
    for key, title in (("sku", "Mã SKU"), ("units", "Số lượng")):
        if key not in found:
            raise NoHeader(field="file", missing=title)
    return found


def _text(cells: Sequence[Cell], places: dict[str, int], key: str) -> str:
    place = places.get(key)
    return tables.text_of(cells[place])[:120] if place is not None and place < len(cells) else ""
