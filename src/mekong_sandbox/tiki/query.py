"""What lists have in common: pages, sets of values, moments in Vietnam's time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

from mekong_sandbox.tiki.gate import Call, Refused

VIETNAM = timezone(timedelta(hours=7))
MOST, SHOWN = 100, 50
"""The largest limit that is taken, and the largest page that is given for it."""
Row = TypeVar("Row")


def printed(stamp: float) -> str:
    """A moment as Tiki prints it: local, without its zone."""
    return datetime.fromtimestamp(stamp, UTC).astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S")


def stamp_of(text: str, name: str, status: int = 400) -> int:
    """Unix seconds of a local moment. Raises: Refused."""
    try:
        parsed = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=VIETNAM)
    except ValueError:
        raise Refused(f"{name} must look like yyyy-MM-dd HH:mm:ss", status) from None
    return int(parsed.timestamp())


def between(call: Call, name: str) -> Callable[[float], bool]:
    """Whether a stamp lies in `<name>_from_date` to `<name>_to_date`, both ends included. Raises: Refused."""
    first, last = (call.text(f"{name}_{end}_date", "") for end in ("from", "to"))
    least = stamp_of(first, f"{name}_from_date") if first else 0
    most = stamp_of(last, f"{name}_to_date") if last else 2**53
    return lambda stamp: least <= int(stamp) <= most


def chosen(call: Call, name: str, known: Sequence[str] = ()) -> Callable[[str], bool]:
    """Whether a value is asked for: `a`, `a,b`, `in|a,b`, or none of `nin|a,b`. Raises: Refused."""
    text = call.text(name, "")
    if not text:
        return lambda _: True
    head, bar, tail = text.partition("|")
    if bar and head not in ("in", "nin"):
        raise Refused(f"{name} is invalid", 400)
    values = {value.strip() for value in (tail if bar else text).split(",") if value.strip()}
    if not values or (known and not values <= set(known)):
        raise Refused(f"{name} is invalid", 400)
    return (lambda value: value not in values) if head == "nin" else (lambda value: value in values)


def flag(call: Call, name: str) -> bool | None:
    """Yes, no or not asked. Raises: Refused."""
    value = call.text(name, "").lower()
    if value not in ("", "0", "1", "true", "false"):
        raise Refused(f"{name} is invalid", 400)
    return None if value == "" else value in ("1", "true")


def included(call: Call) -> set[str]:
    """The extras asked for; lists say `include`, single rows `includes`."""
    both = f"{call.text('include', '')},{call.text('includes', '')}"
    return {part.strip() for part in both.split(",") if part.strip()}


def page(call: Call, found: Sequence[Row], row: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """The page asked for, with `paging`. Raises: Refused."""
    number = call.number("page", 1, least=1)
    size = min(call.number("limit", 20, least=1, most=MOST), SHOWN)
    first = (number - 1) * size
    rows = [row(one) for one in found[first : first + size]]
    paging = {
        "total": len(found),
        "current_page": number,
        "from": first,
        "to": first + len(rows),
        "per_page": size,
        "last_page": max(1, -(-len(found) // size)),
    }
    return {"data": rows, "paging": paging}
