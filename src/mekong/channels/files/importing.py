"""An order export becomes orders of its channel: each once, however often the file comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from mekong.catalog.commands.tables import Source
from mekong.channels import queries, registry
from mekong.channels.commands.accounts import lock, moved
from mekong.channels.contracts import OrderFileReport
from mekong.channels.errors import CannotDo, ChannelInvalid, ColumnUnknown
from mekong.channels.files.reading import OrderRows, read_orders
from mekong.channels.models import Channel
from mekong.channels.socket import RemoteState
from mekong.channels.socket.order_files import OrderField, OrderFileLayout, plain
from mekong.channels.sync import booking
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.orders import queries as orders

_CHUNK = 200


def import_orders(
    *,
    actor: Actor,
    channel: str,
    file: Source,
    now: datetime,
    columns: Mapping[str, str] | None = None,
    states: Mapping[str, str] | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> OrderFileReport:
    """Take in an export of a platform's seller centre (.xlsx, .xls, .csv in UTF-8) as orders of this channel.

    The channel need not be connected. An order that is there already follows the file's word forward, and a repeat
    changes nothing. Orders with a bad cell or an unknown status are left out and reported; the rest is booked.

    Args:
        columns: what a column holds, by its header, where the file's headers are not the platform's: field to header.
            Remembered for this channel.
        states: what status texts mean: text to a step of `RemoteState`. Remembered likewise.
        dry_run: judge everything, book nothing; what was said of columns is remembered all the same.
        progress: told after each chunk how many of how many orders are done.

    Raises: MayNot, ChannelNotFound, CannotDo (no marketplace), ColumnUnknown, ChannelInvalid, UnreadableFile,
        WrongEncoding, FileTooLarge, NoHeader, Unavailable (what was booked stays; a repeat books the rest).
    """
    actor.require("channels.sync")
    row = queries.find_channel(channel)
    if not registry.is_remote(row.kind):
        raise CannotDo(channel=row.name, capability="orders by file")
    said_columns, said_states = _checked(columns or {}, states or {})
    layout = _with(
        _with(registry.plug(row.kind).order_file, row.order_file.get("columns", {}), row.order_file.get("states", {})),
        {name.value: header for name, header in said_columns.items()},
        said_states,
    )
    found = read_orders(file, layout, row.currency)
    _require_there(said_columns, found)
    if said_columns or said_states:
        _remember(actor=actor, code=channel, columns=said_columns, states=said_states)
    report = _judged(row, found)
    if dry_run or found.missing:
        return report
    placed = advanced = 0
    parked: list[str] = []
    for start in range(0, len(found.orders), _CHUNK):
        chunk = found.orders[start : start + _CHUNK]
        booked = booking.book(channel_id=row.pk, channel=channel, orders_=chunk, now=now)
        placed, advanced = placed + booked.placed, advanced + booked.advanced
        parked += booked.parked
        if progress is not None:
            progress(start + len(chunk), len(found.orders))
    return replace(report, is_written=True, placed=placed, advanced=advanced, parked=tuple(parked))


def _checked(
    columns: Mapping[str, str], states: Mapping[str, str]
) -> tuple[dict[OrderField, str], dict[str, RemoteState]]:
    for name in columns:
        if name not in set(OrderField):
            raise ChannelInvalid(field="columns", problem="“{name}” is nothing an order has.", name=name)
    for step in states.values():
        if step not in set(RemoteState):
            raise ChannelInvalid(field="states", problem="“{name}” is no step of an order.", name=step)
    return (
        {OrderField(name): header for name, header in columns.items() if header},
        {plain(text): RemoteState(step) for text, step in states.items()},
    )


def _with(layout: OrderFileLayout, columns: Mapping[str, str], states: Mapping[str, str]) -> OrderFileLayout:
    """What people said goes before what the platform's headers say."""
    told = {OrderField(name): (header, *layout.columns.get(OrderField(name), ())) for name, header in columns.items()}
    meant = {text: RemoteState(step) for text, step in states.items()}
    return replace(layout, columns={**layout.columns, **told}, states={**meant, **layout.states})


def _require_there(columns: Mapping[OrderField, str], found: OrderRows) -> None:
    for name, header in columns.items():
        if header not in found.headers:
            raise ColumnUnknown(field=name, header=header)


@command
def _remember(*, actor: Actor, code: str, columns: Mapping[OrderField, str], states: Mapping[str, RemoteState]) -> None:
    actor.require("channels.sync")
    row = lock(code)
    row.order_file = {
        "columns": {**row.order_file.get("columns", {}), **{name.value: header for name, header in columns.items()}},
        "states": {**row.order_file.get("states", {}), **{text: step.value for text, step in states.items()}},
    }
    moved(row, ["order_file"])


def _judged(row: Channel, found: OrderRows) -> OrderFileReport:
    known = orders.booked_orders(
        actor=SYSTEM, channel=row.code, external_ids=[each.external_id for each in found.orders]
    )
    unmatched = booking.unmatched(row.pk, [line for order in found.orders for line in order.lines])
    return OrderFileReport(
        channel=row.code,
        rows=found.rows,
        orders=len(found.orders),
        known=len(known),
        by_state=Counter(order.state.value for order in found.orders),
        unmatched=tuple(sorted(unmatched.items(), key=lambda each: (-each[1], each[0]))),
        headers=tuple(found.headers),
        columns={name.value: found.headers[place] for name, place in found.columns.items()},
        missing=tuple(name.value for name in found.missing),
        unknown_states=tuple(found.unknown_states),
        left_out=tuple(found.left_out),
        problems=tuple(sorted(found.problems, key=lambda each: (each.row, len(each.column), each.column))),
    )
