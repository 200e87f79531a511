"""What most platforms' replies have in common, for the clients of connectors: JSON over HTTP, read with care."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from mekong.channels.socket import Label, Response
from mekong.foundation.errors import MekongError, RateLimited, Unavailable

_WHOLE_DIGITS = 18


def exact(text: str) -> int | Decimal:
    """A JSON number with a point, kept exact: 120000.0 is the integer 120000, 12.5 a Decimal."""
    number = Decimal(text)
    is_whole = number.adjusted() < _WHOLE_DIGITS and number == number.to_integral_value()
    return int(number) if is_whole else number


_DECODER = msgspec.json.Decoder(float_hook=exact)


def present(value: Any) -> Any:
    """The value without its null and empty-text members: platforms mean "absent" by all three."""
    if isinstance(value, dict):
        return {key: present(member) for key, member in value.items() if member is not None and member != ""}
    if isinstance(value, list):
        return [present(member) for member in value if member is not None]
    return value


def body_of(response: Response) -> Mapping[str, Any] | None:
    """The JSON object of a reply without its empty members; None where it is no JSON object."""
    try:
        body = present(_DECODER.decode(response.body))
    except (msgspec.MsgspecError, ArithmeticError, ValueError):
        return None
    return body if isinstance(body, dict) else None


@contextmanager
def readable(remote: str) -> Iterator[None]:
    """Within it, a reply that cannot be understood is the platform's trouble, not a defect of ours."""
    try:
        yield
    except (msgspec.MsgspecError, ValueError, ArithmeticError, OSError) as wrong:
        raise Unavailable(remote=remote, reason="unreadable reply") from wrong


def retry_after_s(response: Response, now: datetime) -> float | None:
    """Seconds to wait by the Retry-After header, given as seconds or as an HTTP date (RFC 9110, 10.2.3)."""
    said = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def by_status(remote: str, response: Response, now: datetime) -> MekongError | None:
    """What the HTTP status alone asks of the caller: to slow down, or to come back later."""
    if response.status == 429:
        wait = retry_after_s(response, now)
        said: dict[str, Any] = {} if wait is None else {"retry_after_s": wait}
        return RateLimited(remote=remote, http_status=429, **said)
    if response.status >= 500:
        return Unavailable(remote=remote, http_status=response.status)
    return None


def with_header(meaning: MekongError | None, response: Response, now: datetime) -> MekongError | None:
    """A refusal for too many calls waits as long as the Retry-After header says, where there is one."""
    if isinstance(meaning, RateLimited) and (wait := retry_after_s(response, now)) is not None:
        return RateLimited(**{**meaning.params, "retry_after_s": wait})
    return meaning


_SIGNS = ((b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip"), (b"\x89PNG", "image/png"))


def label_of(remote: str, content: bytes) -> Label:
    """A label by what it is, for platforms name its kind wrongly or not at all.

    Raises: Unavailable (unreadable reply) for what is no document at all.
    """
    head = content.lstrip()[:256].lower()
    for sign, media_type in _SIGNS:
        if content.startswith(sign):
            return Label(content, media_type)
    if head.startswith((b"<!doctype html", b"<html")) or b"<html" in head:
        return Label(content, "text/html")
    raise Unavailable(remote=remote, reason="unreadable reply")
