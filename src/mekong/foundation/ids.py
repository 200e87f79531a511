"""Identifiers. UUIDv7 (RFC 9562) for what leaves the system: unique without asking, and ordered by time."""

from __future__ import annotations

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return UUID(int=uuid_utils.uuid7().int)


def public(kind: str, value: UUID) -> str:
    """`ord_018f…`: a public id that carries its kind."""
    return f"{kind}_{value.hex}"


def parse_public(kind: str, text: str) -> UUID | None:
    """The id inside `text`, or None when it is not a public id of this kind. A bare UUID is taken too."""
    prefix = f"{kind}_"
    try:
        return UUID(text.removeprefix(prefix))
    except ValueError:
        return None
