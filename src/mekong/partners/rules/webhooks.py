"""Outgoing webhooks: signature, schedule, and where one may be sent.

Source of the form: Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks (specification 1.0).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Collection, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

SECRET_BYTES = 32
LONGEST_URL = 500

SCHEDULE_S = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Pauses after the first, second, … try: ten tries in a little over three days. Source: the specification's example."""
JITTER = 0.1
"""Each pause is up to this part shorter or longer, so that what failed together does not come back together."""
LONGEST_PAUSE_S = 24 * 3600
DISABLE_AFTER = timedelta(days=5)
"""How long a receiver may take nothing at all before nothing more is sent to it."""

GONE = 410


def secret_of(random: bytes) -> str:
    """The text of a signing secret: `whsec_` and the key in base64."""
    return "whsec_" + base64.b64encode(random).decode()


def sign(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,…` (HMAC-SHA256 over `id.timestamp.body`) for each secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" for key in keys)


def pause_after(tries: int, *, jitter: float, asked_s: int | None = None) -> timedelta | None:
    """How long to wait after so many failed tries; None when it was the last.

    Args:
        jitter: from -1 to 1, drawn by the caller.
        asked_s: what the receiver asked for (Retry-After): waited at least, up to a day.
    """
    if tries > len(SCHEDULE_S):
        return None
    pause = SCHEDULE_S[tries - 1] * (1 + JITTER * jitter)
    return timedelta(seconds=max(pause, min(asked_s or 0, LONGEST_PAUSE_S)))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: none of this machine, this network, or a cloud's own services.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) is judged by that too.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or _nat64(found)
        if inner is not None and not is_public(str(inner)):
            return False
        if found.ipv4_mapped is not None:
            return True
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def url_problem(url: str, *, private: bool) -> str | None:
    """What is wrong with a receiver's address, as an English sentence with its remedy; None when nothing is.

    Args:
        private: whether plain http and addresses of this network are taken (the setting `webhooks_private`).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is not an address of the web. Write it like https://example.vn/mekong."
    if parts.scheme not in ("https", "http") or not host or port == 0 or not _is_plain(url):
        return "This is not an address of the web. Write it like https://example.vn/mekong."
    if len(url) > LONGEST_URL:
        return "At most 500 characters are taken. Shorten the address."
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "An address without user name, password and # is needed. The signature says who sends."
    if private:
        return None
    if parts.scheme != "https":
        return "Only https is taken, so that nobody on the way reads along. Use an https address."
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or _is_private_number(host):
        return "This address is inside a network of its own. Use one that the open internet reaches."
    return None


def _is_plain(url: str) -> bool:
    return url.isascii() and all(" " < letter < "\x7f" for letter in url) and "\\" not in url


def _is_private_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Numbers in other spellings (0x7f.1, 2130706433) are addresses to a resolver as well.
        last = host.rstrip(".").rpartition(".")[2]
        return last.isdecimal() or last.lower().startswith("0x")
    return not is_public(host)


def events_problem(event_types: Collection[str], known: Collection[str]) -> str | None:
    """As `url_problem`, for the chosen types."""
    if not event_types:
        return "Choose at least one event."
    if not set(event_types) <= set(known):
        return "There is no such event. The reference lists those that are sent."
    return None
