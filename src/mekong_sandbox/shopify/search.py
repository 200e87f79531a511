"""Lists of GraphQL: the search text, the order, the page and its cursors."""

from __future__ import annotations

import base64
import binascii
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec

from mekong_sandbox.shopify.execute import GraphError, Node

MAX_PAGE = 250
TERM = re.compile(r"""(-?)(?:(\w+):(>=|<=|>|<|=)?)?("[^"]*"|'[^']*'|[^\s()]+)""")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
Row = TypeVar("Row")
Facts = Mapping[str, object]


def matches(query: str, facts: Facts, offset_h: float) -> bool:
    """Whether an object with these facts fits a search text; terms are joined by AND, groups by OR.

    A field that the stand-in does not know is passed over, as the platform passes over what it does not know.
    """
    groups = re.split(r"\s+OR\s+", query.strip())
    return not query.strip() or any(_all_fit(group, facts, offset_h) for group in groups)


def _all_fit(group: str, facts: Facts, offset_h: float) -> bool:
    for found in TERM.finditer(group):
        negated, name, sign, value = found[1] == "-", found[2], found[3] or "=", found[4].strip("\"'")
        if not name:
            if value.upper() != "AND" and value.casefold() not in str(facts.get("text", "")).casefold():
                return False
        elif name in facts and _fits(facts[name], sign, value, offset_h) == negated:
            return False
    return True


def _fits(fact: object, sign: str, value: str, offset_h: float) -> bool:
    if isinstance(fact, list | tuple):
        return any(_fits(one, sign, value, offset_h) for one in fact)
    left, right = _pair(fact, value, offset_h)
    return bool(COMPARISONS[sign](left, right))


def _pair(fact: object, value: str, offset_h: float) -> tuple[Any, Any]:
    """Both sides as they compare: moments in whole seconds, numbers, or texts without case. Raises: GraphError."""
    if isinstance(fact, float):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise GraphError(f"Invalid date in the search: {value}", "BAD_REQUEST") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone(timedelta(hours=offset_h)))
        return int(fact), moment.timestamp()
    if isinstance(fact, int) and not isinstance(fact, bool):
        return fact, int(value) if value.isdecimal() else -1
    if value.endswith("*") and str(fact).casefold().startswith(value[:-1].casefold()):
        return "", ""
    return str(fact).casefold(), value.casefold()


def _cursor(key: Sequence[Any]) -> str:
    return base64.b64encode(msgspec.json.encode(list(key))).decode()


def _read_cursor(text: object) -> list[Any]:
    try:
        return msgspec.json.decode(base64.b64decode(str(text), validate=True), type=list[Any])
    except (binascii.Error, msgspec.DecodeError, msgspec.ValidationError):
        raise GraphError("Invalid cursor for current pagination sort.", "BAD_REQUEST") from None


def page_size(args: Mapping[str, Any], name: str = "first") -> int | None:
    """How many rows are wanted; None: not said. Raises: GraphError."""
    value = args.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or not 0 < value <= MAX_PAGE:
        raise GraphError(f"{name} must be between 1 and {MAX_PAGE}", "BAD_REQUEST")
    return value


def connection(
    kind: str,
    args: Mapping[str, Any],
    rows: Sequence[Row],
    key: Callable[[Row], Sequence[Any]],
    node: Callable[[Row], Node],
) -> Node:
    """A page of rows as a connection.

    Args:
        kind: type of its nodes.
        key: what orders the rows, each different; the cursor holds it, so that pages stay true while rows change.

    Raises: GraphError.
    """
    first, last = page_size(args, "first"), page_size(args, "last")
    if first is None and last is None:
        raise GraphError("you must provide one of first or last", "BAD_REQUEST")
    backwards = args.get("reverse") is True
    keyed = sorted(((list(key(row)), row) for row in rows), key=lambda pair: pair[0], reverse=backwards)
    total = len(keyed)

    def behind(left: list[Any], right: list[Any]) -> bool:
        return left < right if backwards else left > right

    if args.get("after") is not None:
        after = _read_cursor(args["after"])
        keyed = [pair for pair in keyed if behind(pair[0], after)]
    before_cut = len(keyed)
    if args.get("before") is not None:
        before = _read_cursor(args["before"])
        keyed = [pair for pair in keyed if behind(before, pair[0])]
    after_cut = len(keyed)
    page = keyed[:first] if first is not None else keyed[-(last or 0) :]
    start = 0 if first is not None else after_cut - len(page)
    has_next = start + len(page) < before_cut
    has_previous = total - before_cut + start > 0
    edges = [{"__typename": f"{kind}Edge", "cursor": _cursor(where), "node": node(row)} for where, row in page]
    info = {"__typename": "PageInfo", "hasNextPage": has_next, "hasPreviousPage": has_previous}
    info |= {"startCursor": edges[0]["cursor"] if edges else None, "endCursor": edges[-1]["cursor"] if edges else None}
    nodes = [edge["node"] for edge in edges]
    return {"__typename": f"{kind}Connection", "edges": edges, "nodes": nodes, "pageInfo": info}
