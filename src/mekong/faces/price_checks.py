"""What price lists and promotions name of other rooms: channels and locations that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mekong.channels.queries import channel_names
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Invalid
from mekong.inventory.queries import list_locations


def check_places(audience: Mapping[str, Any], refusal: type[Invalid], field: str = "audience") -> None:
    """Raises: `refusal` naming the first channel or location that is not there."""
    if wanted := audience.get("channels"):
        known = {each.code for each in channel_names()}
        _all_there(wanted, known, refusal, f"{field}.channels", "There is no channel {name}. Use: {known}.")
    if wanted := audience.get("locations"):
        known = {each.code for each in list_locations(actor=SYSTEM)}
        _all_there(wanted, known, refusal, f"{field}.locations", "There is no location {name}. Use: {known}.")


def _all_there(wanted: Sequence[str], known: set[str], refusal: type[Invalid], field: str, problem: str) -> None:
    for place, name in enumerate(wanted):
        if name not in known:
            raise refusal(field=f"{field}[{place}]", problem=problem, name=name, known=", ".join(sorted(known)))
