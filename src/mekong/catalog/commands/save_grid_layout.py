from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mekong.catalog.errors import TooManyColumns
from mekong.catalog.models import GridLayout
from mekong.foundation.actor import Actor
from mekong.foundation.command import command

MOST_COLUMNS = 200
_LONGEST = 60


@command
def save_grid_layout(*, actor: Actor, columns: Sequence[str], now: datetime) -> None:
    """Remember the columns that somebody looks at in the table of variants; none: those it begins with.

    Raises: MayNot, TooManyColumns.
    """
    actor.require("catalog.view")
    kept = list(dict.fromkeys(columns))
    if len(kept) > MOST_COLUMNS or any(not each or len(each) > _LONGEST or "\0" in each for each in kept):
        raise TooManyColumns(field="columns", limit=MOST_COLUMNS)
    GridLayout.objects.update_or_create(owner=actor.ref, defaults={"columns": kept, "updated_at": now})
