"""Where a request came from."""

from __future__ import annotations

import contextlib
import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The network address a request came from. Behind our proxy: the last of X-Forwarded-For, the one it wrote itself."""
    return address_from(str(request.META.get("REMOTE_ADDR", "")), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def address_from(peer: str, forwarded: str) -> str:
    """The same from the parts: who is at the other end of the connection, and what X-Forwarded-For says."""
    if settings.MEKONG.behind_proxy:
        last = forwarded.rpartition(",")[2].strip()
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(last))
    return peer
