"""Looking through the ledger: any SKU, place, reason, document, person and time, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.inventory.contracts import MovementFound
from mekong.inventory.models import KEPT_KINDS, Location, LocationKind

Sign = Literal["", "in", "out"]

_SHOWN = """
    select m.id, m.variant_id, f.code, t.code, m.quantity,
           case when m.to_location_id = any(%(places)s) then m.quantity else 0 end
         - case when m.from_location_id = any(%(places)s) then m.quantity else 0 end,
           m.reason, m.reference, m.note, coalesce(lot.code, ''), m.unit_cost_minor, m.actor, m.occurred_at
      from inventory_stockmovement m
      join inventory_location f on f.id = m.from_location_id
      join inventory_location t on t.id = m.to_location_id
      left join inventory_stocklot lot on lot.id = m.lot_id
     where m.id in (select id from ({found}) found order by occurred_at desc, id desc limit %(limit)s)
     order by m.occurred_at desc, m.id desc
"""


def find_movements(
    *,
    actor: Actor,
    variant_id: int | None = None,
    location: str = "",
    reason: str = "",
    reference: str = "",
    person: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    sign: Sign = "",
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[MovementFound]:
    """Movements that touch a place this actor sees, newest first. One statement besides the places' own.

    Args:
        person: the ref of an actor (`person:12`).
        reference: a document's whole code.
        since, until: the first moment, and the first moment no more.
        sign: `in` for what came to the places looked at from elsewhere, `out` for what left them for elsewhere.
        before: (time, id) of the last one already seen.
    """
    actor.require("inventory.view")
    asked = search(
        actor=actor, location=location, sign=sign, limit=limit,
        wanted={
            "variant": variant_id, "reason": reason or None, "reference": reference or None, "person": person or None,
            "since": since, "until": until, "before_at": before and before[0], "before_id": before and before[1],
        },
    )  # fmt: skip
    if asked is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*asked)
        return [MovementFound(*row) for row in cursor.fetchall()]


_FILTERS = {
    "variant": "m.variant_id = %(variant)s",
    "reason": "m.reason = %(reason)s",
    "reference": "m.reference = %(reference)s",
    "person": "m.actor = %(person)s",
    "since": "m.occurred_at >= %(since)s",
    "until": "m.occurred_at < %(until)s",
    "before_at": "(m.occurred_at, m.id) < (%(before_at)s, %(before_id)s)",
}
_OFTEN = ("shipment", "delivery")
_RARE = "not (m.reason in ('shipment', 'delivery'))"
"""Said besides a rare reason, so that the index of rare reasons is seen to hold it."""


def search(
    *, actor: Actor, location: str, sign: Sign, limit: int, wanted: dict[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """The statement of `find_movements` and its parameters; None when no place may be looked at.

    Each place gives its newest rows from an index of its own, and the newest of these are the answer; so the time it
    takes depends on the length of a page, not of the ledger.
    """
    scope = actor.locations_for("inventory.view")
    kinds = list(Location.objects.values_list("id", "code", "kind"))
    kept = [(place, code) for place, code, kind in kinds if kind in KEPT_KINDS and (scope is None or place in scope)]
    places = [place for place, code in kept if not location or code == location.upper()]
    if not places:
        return None
    values = {**wanted, "places": places, "limit": limit}
    filters = [sql for name, sql in _FILTERS.items() if wanted.get(name) is not None]
    if wanted.get("reason") and wanted["reason"] not in _OFTEN:
        filters.append(_RARE)
    if (scope is not None or location) and _is_narrow(wanted):
        # Few rows, or rows mostly of one place: read by an index of their own, and those of other places are skipped.
        touched = {
            "": "(m.from_location_id = any(%(places)s) or m.to_location_id = any(%(places)s))",
            "in": f"m.to_location_id = any(%(places)s) and {_beyond('from', sign)}",
            "out": f"m.from_location_id = any(%(places)s) and {_beyond('to', sign)}",
        }[sign]
        parts = [_newest("", "", [*filters, touched])]
    elif scope is not None or location:
        parts = []
        if sign != "out":
            parts.append(_newest("to", "places", [*filters, _beyond("from", sign)]))
        if sign != "in":
            parts.append(_newest("from", "places", [*filters, _beyond("to", sign)]))
    elif sign == "in":
        # From delivery to the buyer goes most of what was sold; what turns round on the way is a return, and has an index.
        kept_only = "m.to_location_id = any(%(places)s)"
        turned = ["m.reason = 'return'", _RARE, "m.from_location_id = %(delivery)s", kept_only]
        parts = [_newest("from", "elsewhere", [*filters, kept_only]), _newest("", "", [*filters, *turned])]
        values["elsewhere"] = [place for place, _, kind in kinds if kind not in (*KEPT_KINDS, LocationKind.DELIVERY)]
        values["delivery"] = next((place for place, _, kind in kinds if kind == LocationKind.DELIVERY), 0)
    elif sign == "out":
        parts = [_newest("from", "places", [*filters, _beyond("to", sign)])]
    else:
        parts = [_newest("", "", filters)]
    return _SHOWN.replace("{found}", " union ".join(parts)), values


def _is_narrow(wanted: dict[str, Any]) -> bool:
    """Whether something is asked for that an index finds in the order of time without the place."""
    return bool(
        wanted.get("person") or wanted.get("reference") or (wanted.get("reason") and wanted["reason"] not in _OFTEN)
    )


def _beyond(side: str, sign: Sign) -> str:
    """With a sign, what moved between two of the places looked at is neither in nor out."""
    return f"not m.{side}_location_id = any(%(places)s)" if sign else ""


def _newest(side: str, places: str, filters: Sequence[str]) -> str:
    said = [each for each in filters if each]
    if not side:
        where = f"where {' and '.join(said)}" if said else ""
        return f"""(select m.id, m.occurred_at from inventory_stockmovement m {where}
                     order by m.occurred_at desc, m.id desc limit %(limit)s)"""  # noqa: S608 - of constants
    where = " and ".join([f"m.{side}_location_id = p.id", *said])
    return f"""(select newest.id, newest.occurred_at from unnest(%({places})s::bigint[]) p(id)
                 cross join lateral (select m.id, m.occurred_at from inventory_stockmovement m where {where}
                                      order by m.occurred_at desc, m.id desc limit %(limit)s) newest)"""  # noqa: S608 - of constants
