"""The wire of the Shopify Admin API: the shop's host, tokens, one GraphQL call at a time, and what its refusals mean.

A call that reached the engine is answered with 200 whatever came of it: trouble with the call as a whole stands in
`errors` (a list with `extensions.code`, or a bare text beside a status of 4xx), trouble with its content in the
`userErrors` of the mutation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

import msgspec

from mekong.channels.socket import Account, Request, Response, Transport, wire
from mekong.foundation.errors import (
    Invalid,
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    RateLimited,
    RemoteRefused,
    Unavailable,
)

TITLE: Final = "Shopify"
VERSION: Final = "2026-07"
_HOME: Final = ".myshopify.com"
_SHOP = re.compile(r"(?:https?://)?([a-z0-9][a-z0-9-]{0,58}?)(?:\.myshopify\.com)?/*", re.IGNORECASE)
_PASSING = frozenset({"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"})
_THROTTLED = "THROTTLED"


def redirect_is_genuine(secret: str, params: Mapping[str, str]) -> bool:
    """Whether the redirect of an authorisation carries the platform's `hmac`: hex HMAC-SHA256 of the other parameters.

    The platform's own libraries agree on plain values and differ on others: one escapes "%" and "&" alone, the rest
    percent-encode. Our `state` holds a colon, so either is taken. Source: ShopifyAPI 12 (Session.calculate_hmac),
    @shopify/shopify-api 13 (validateHmac).
    """
    named = sorted((name, value) for name, value in params.items() if name != "hmac")
    light = "&".join(f"{_escaped(name).replace('=', '%3D')}={_escaped(value)}" for name, value in named)
    full = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in named)
    given = params.get("hmac", "").encode(errors="replace")
    # Both are compared, so that the time taken does not tell which.
    fits = [
        hmac.compare_digest(hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest().encode(), given)
        for base in (light, full)
    ]
    return any(fits)


def notice_signature(secret: str, body: bytes) -> str:
    """Base64 HMAC-SHA256 of the raw body. Source: Shopify, "Verify webhook deliveries"; checked against vectors."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def shop_domain(text: str) -> str:
    """The shop's own host, "my-shop.myshopify.com", of any way to write it; "" where it is none."""
    named = _SHOP.fullmatch(text.strip())
    return f"{named[1].lower()}{_HOME}" if named else ""


@dataclass(frozen=True)
class Client:
    """Signs and sends for one shop."""

    account: Account
    transport: Transport
    clock: Callable[[], datetime] = field(repr=False)

    @property
    def host(self) -> str:
        """The account's `api_url`, else the shop's own host. Raises: Invalid."""
        if self.account.api_url:
            return self.account.api_url
        if domain := shop_domain(self.account.shop_id):
            return f"https://{domain}"
        raise Invalid(field="shop_id", problem="Give the shop's address at Shopify, such as my-shop.myshopify.com.")

    @property
    def auth_host(self) -> str:
        return self.account.auth_url or self.host

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, *, lane: str = "default"
    ) -> Mapping[str, Any]:
        """`data` of one GraphQL call, without empty members. Raises: the failures of the socket."""
        secrets = self.account.secrets
        if not secrets.access_token:
            refused = {"remote": TITLE, "remote_code": "no_access_token", "remote_message": "no access token"}
            raise NeedsRefresh(**refused) if secrets.refresh_token else NeedsReconnect(**refused)
        headers = {"x-shopify-access-token": secrets.access_token}
        body = {"query": document, "variables": variables or {}}
        said = await self._send(f"{self.host}/admin/api/{VERSION}/graphql.json", body, headers, lane)
        data = said.get("data")
        if not isinstance(data, dict):
            raise Unavailable(remote=TITLE, reason="unreadable reply")
        return data

    async def upload(self, url: str, headers: Mapping[str, str], content: bytes) -> None:
        """Give a file to the store that the platform named for it. The token stays here: the store is a host apart.

        Raises: the failures of the socket.
        """
        response = await self.transport.send(Request("POST", url, (), headers, content))
        if failure := wire.by_status(TITLE, response, self.clock()):
            raise failure
        if response.status >= 400:
            words = "the platform's store of files did not take the picture"
            raise RemoteRefused(remote=TITLE, remote_code=f"upload_{response.status}", remote_message=words)
        if response.status >= 300:
            raise Unavailable(remote=TITLE, reason="unreadable reply", http_status=response.status)

    async def token(self, wish: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a wish for tokens, sent with the app's id and secret. Raises: the failures of the socket."""
        secrets = self.account.secrets
        body = {"client_id": secrets.app_key, "client_secret": secrets.app_secret, **wish}
        return await self._send(f"{self.auth_host}/admin/oauth/access_token", body, {}, "auth")

    async def _send(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], lane: str
    ) -> Mapping[str, Any]:
        named = {"accept": "application/json", "content-type": "application/json", **headers}
        request = Request("POST", url, (), named, msgspec.json.encode(body), lane)
        return judged(await self.transport.send(request), self.clock())


def judged(response: Response, now: datetime) -> Mapping[str, Any]:
    """The object in a response. Raises: everything that is not an answer to the call."""
    body = wire.body_of(response)
    if failure := wire.by_status(TITLE, response, now):
        raise failure
    said: dict[str, Any] = {"remote": TITLE, **_words(body or {}, response.status)}
    if response.status == 401:
        raise NeedsRefresh(**said)
    if body is None or (response.status >= 300 and not (body.get("errors") or body.get("error"))):
        raise Unavailable(remote=TITLE, reason="unreadable reply", http_status=response.status)
    errors = body.get("errors")
    if isinstance(errors, list) and errors:
        raise wire.with_header(_meaning(errors, body), response, now) or RemoteRefused(**said)
    if errors or response.status >= 400:
        raise RemoteRefused(**said)
    return body


def _meaning(errors: Sequence[Any], body: Mapping[str, Any]) -> MekongError | None:
    """What a list of `errors` asks of the caller, when the call may go through another time."""
    codes = {_code(error) for error in errors}
    said: dict[str, Any] = {"remote": TITLE, **_words(body, 200)}
    if _THROTTLED in codes:
        wait = _wait_s(body)
        return RateLimited(**said, **({} if wait is None else {"retry_after_s": wait}))
    return Unavailable(**said) if codes & _PASSING else None


def _wait_s(body: Mapping[str, Any]) -> float | None:
    """Seconds until the bucket holds what the call costs, where the platform says enough to tell."""
    try:
        cost = body["extensions"]["cost"]
        there = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"]) - float(there["currentlyAvailable"])
        return max(0.0, missing / float(there["restoreRate"]))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _code(error: Any) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def _words(body: Mapping[str, Any], status: int) -> dict[str, str]:
    """Code and message of a refusal, as far as they are given: GraphQL's, OAuth's, or a bare text."""
    errors = body.get("errors", "")
    if isinstance(errors, list) and errors:
        first = errors[0]
        message = str(first.get("message", "")) if isinstance(first, dict) else str(first)
        return {"remote_code": _code(first) or "graphql", "remote_message": message[:500]}
    if "error" in body:
        return {"remote_code": str(body["error"]), "remote_message": str(body.get("error_description", ""))[:500]}
    return {"remote_code": str(status), "remote_message": str(errors)[:500]}


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")
