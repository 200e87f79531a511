"""Reading of control calls."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from mekong_sandbox.http import Request

Body = TypeVar("Body")


class Wrong(Exception):
    """A control call that cannot be done; the text says why."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


def body_of(request: Request, body_type: type[Body]) -> Body:
    """The JSON body. Raises: Wrong."""
    try:
        return msgspec.json.decode(request.body or b"{}", type=body_type)
    except (msgspec.ValidationError, msgspec.DecodeError) as bad:
        raise Wrong(str(bad)) from None


def query_of(request: Request) -> dict[str, str]:
    """Query parameters; the last of a repeated one."""
    return dict(request.pairs())


def number_in(query: dict[str, str], name: str) -> int:
    """A whole number from the query; 0 when absent. Raises: Wrong."""
    value = query.get(name, "0") or "0"
    if not value.isdecimal():
        raise Wrong(f"{name} must be a whole number")
    return int(value)
