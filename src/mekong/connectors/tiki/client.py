"""The wire of Tiki Open API: hosts, tokens, one call at a time, and what its refusals mean.

Nothing is signed: a call carries a bearer token. How it went is said by the HTTP status; the body of a refusal is a
list of sentences under `errors`, or OAuth2's `error` and `error_description` where tokens are concerned.

Two tokens are in play. The seller's speaks for the shop. The app's own, got with the app's keys alone, owns the event
queue; it lives in this object and is asked for again when it ends.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from mekong.channels.socket import Account, Request, Response, Transport, wire
from mekong.foundation.errors import (
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    RateLimited,
    RemoteRefused,
    Unavailable,
)

TITLE: Final = "Tiki"
PRODUCTION: Final = "https://api.tiki.vn"
ROOT: Final = "/integration"
TOKEN_PATH: Final = "/sc/oauth2/token"  # noqa: S105 - a path
CONSENT_PATH: Final = "/sc/oauth2/auth"

LINK_GONE: Final = frozenset(
    {"access_denied", "invalid_client", "invalid_grant", "invalid_token", "unauthorized_client"}
)
"""OAuth2 errors that only the merchant can mend. Source: RFC 6749, 5.2."""
_PASSING = frozenset({"server_error", "temporarily_unavailable"})
_DECODER = msgspec.json.Decoder(float_hook=wire.exact)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_AHEAD = timedelta(minutes=5)
_LIFE = 3600
"""Seconds a token is taken to live whose reply does not say it."""


@dataclass
class Client:
    """Sends for one seller, and for the app where the app itself must speak."""

    account: Account
    transport: Transport
    clock: Callable[[], datetime] = field(repr=False)
    _app: tuple[str, datetime] | None = field(default=None, init=False, repr=False)

    @property
    def host(self) -> str:
        return (self.account.api_url or PRODUCTION).removesuffix(ROOT)

    @property
    def auth_host(self) -> str:
        return self.account.auth_url or self.host

    async def get(self, path: str, params: Sequence[tuple[str, str]] = (), *, lane: str = "default") -> Any:
        """A read for the seller. Raises: the failures of the socket."""
        return await self._as_seller("GET", path, params=params, lane=lane)

    async def page(self, path: str, params: Sequence[tuple[str, str]]) -> bytes:
        """A read that is answered with a page of HTML rather than with JSON."""
        response = await self.transport.send(self._request("GET", path, self._token(), params))
        if response.status == 200 and response.body.lstrip()[:1] not in (b"{", b"["):
            return response.body
        said = judged(response, self.clock())
        raise Unavailable(remote=TITLE, reason="unreadable reply", said=str(said)[:200])

    async def download(self, url: str) -> bytes:
        """What lies at an address that Tiki gave out; the token stays here."""
        response = await self.transport.send(Request("GET", url))
        if response.status == 200:
            return response.body
        raise Unavailable(remote=TITLE, http_status=response.status)

    async def post(self, path: str, body: Any) -> Any:
        return await self._as_seller("POST", path, body=body)

    async def put(self, path: str, body: Any, *, lane: str = "default") -> Any:
        return await self._as_seller("PUT", path, body=body, lane=lane)

    async def as_app(self, method: str, path: str, body: Any = None) -> Any:
        """A call in the app's own name. A token refused is forgotten: the next call asks for another."""
        if self._app is None or self.clock() >= self._app[1]:
            said = await self.token({"grant_type": "client_credentials"})
            token, life_s = access_token(said)
            self._app = token, self.clock() + timedelta(seconds=life_s) - _AHEAD
        try:
            return await self._call(method, path, self._app[0], body=body)
        except NeedsRefresh as stale:
            self._app = None
            raise Unavailable(**stale.params) from stale

    async def token(self, grant: Mapping[str, str]) -> Mapping[str, Any]:
        """The reply of the token endpoint to this grant.

        Whether an app's secret goes in a header (client_secret_basic) or in the form (client_secret_post) is a setting
        of the app that only Tiki knows. The wrong way is refused before the grant is looked at, so the other follows.

        Raises: NeedsReconnect (the keys are wrong), RemoteRefused (the grant is), RateLimited, Unavailable.
        """
        secrets = self.account.secrets
        pair = f"{secrets.app_key}:{secrets.app_secret}".encode()
        try:
            return await self._grant(grant, {"authorization": f"Basic {base64.b64encode(pair).decode()}"})
        except NeedsReconnect as refused:
            if refused.params["remote_code"] != "invalid_client":
                raise
        return await self._grant({**grant, "client_id": secrets.app_key, "client_secret": secrets.app_secret}, {})

    async def _grant(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Mapping[str, Any]:
        headers = {
            "accept": "application/json",
            **headers,
            "content-type": "application/x-www-form-urlencoded",
        }
        content = urlencode(form).encode()
        request = Request("POST", self.auth_host + TOKEN_PATH, (), headers, content, "auth")
        said = judged(await self.transport.send(request), self.clock(), is_grant=True)
        if not isinstance(said, dict):
            raise Unavailable(remote=TITLE, reason="unreadable reply")
        return said

    async def _as_seller(
        self, method: str, path: str, *, params: Sequence[tuple[str, str]] = (), body: Any = None, lane: str = "default"
    ) -> Any:
        return await self._call(method, path, self._token(), params=params, body=body, lane=lane)

    def _token(self) -> str:
        token = self.account.secrets.access_token
        if not token:
            raise NeedsRefresh(remote=TITLE, remote_code="no_access_token", remote_message="no access token")
        return token

    async def _call(
        self,
        method: str,
        path: str,
        token: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Any = None,
        lane: str = "default",
    ) -> Any:
        request = self._request(method, path, token, params, body, lane)
        return judged(await self.transport.send(request), self.clock(), may_be_empty=method != "GET")

    def _request(
        self,
        method: str,
        path: str,
        token: str,
        params: Sequence[tuple[str, str]] = (),
        body: Any = None,
        lane: str = "default",
    ) -> Request:
        headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
        content = b""
        if body is not None:
            headers["content-type"] = "application/json"
            content = _ENCODER.encode(body)
        return Request(method, f"{self.host}{ROOT}{path}", tuple(params), headers, content, lane)


def access_token(said: Mapping[str, Any]) -> tuple[str, int]:
    """The token of a reply and its life in seconds. Raises: Unavailable when there is none in it."""
    with wire.readable(TITLE):
        reply = msgspec.convert(said, _TokenReply, strict=False)
    return reply.access_token, reply.expires_in


class _TokenReply(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int = _LIFE


def judged(response: Response, now: datetime, *, is_grant: bool = False, may_be_empty: bool = False) -> Any:
    """The JSON of a reply without its empty members. Raises: what a refusal means. `is_grant`: it was about tokens.

    A write may be answered without content (`may_be_empty`); that reads as an empty object. A refusal whose body is not
    JSON comes from something on the way, and says nothing about the call.
    """
    body = _decoded(response)
    is_good = 200 <= response.status < 300
    if is_good and not may_be_empty and not response.body.strip():
        body = None
    if is_good and body is not None and not (isinstance(body, dict) and body.get("errors")):
        return body
    said: dict[str, Any] = {"remote": TITLE, "http_status": response.status}
    if response.status == 429:
        wait_s = _wait_s(response, now)
        raise RateLimited(**said, **({} if wait_s is None else {"retry_after_s": wait_s}))
    if response.status >= 500:
        raise Unavailable(**said)
    code, message = _words(body)
    if is_grant and response.status == 401:
        code = code or "invalid_client"  # the only use of this status there (RFC 6749, 5.2)
    said |= {"remote_code": code or f"http_{response.status}", "remote_message": message or "no reason given"}
    if response.status == 401 and not is_grant:
        raise NeedsRefresh(**said)
    if body is None or 300 <= response.status < 400:
        raise Unavailable(remote=TITLE, reason="unreadable reply", http_status=response.status)
    raise _refusal(said, is_grant=is_grant)


def is_unknown(refused: RemoteRefused) -> bool:
    """Whether a refusal means that there is no such order or product in this shop."""
    return refused.params.get("http_status") == 404


def is_account_wide(refused: RemoteRefused) -> bool:
    """Whether a refusal is about the app or the seller as a whole: a scope is missing, or updates are switched off."""
    return refused.params.get("http_status") == 403 or isinstance(refused, NeedsReconnect)


def _refusal(said: dict[str, Any], *, is_grant: bool) -> MekongError:
    if said["remote_code"] in _PASSING:
        return Unavailable(**said)
    # A wrong code or refresh token is for the caller to judge: the one is a mistake, the other the end of the link.
    if is_grant and said["remote_code"] in LINK_GONE - {"invalid_grant"}:
        return NeedsReconnect(**said)
    return RemoteRefused(**said)


def _decoded(response: Response) -> Any:
    """What the body says; None where it is neither a JSON object nor a list. No body at all says {}."""
    if not response.body.strip():
        return {}
    try:
        body = wire.present(_DECODER.decode(response.body))
    except (msgspec.MsgspecError, ArithmeticError, ValueError):
        return None
    return body if isinstance(body, dict | list) else None


def _words(body: Any) -> tuple[str, str]:
    """Code and message of a refusal, in whichever of the shapes it came: one is documented, the others were seen."""
    if not isinstance(body, dict):
        return "", ""
    error = body.get("error")
    if isinstance(error, dict):
        return _words({**error, "error": str(error.get("code", ""))})
    sentences = body.get("errors", [])
    parts = [_sentence(each) for each in (sentences if isinstance(sentences, list) else [sentences])]
    if not any(parts):
        parts = [str(body[name]) for name in ("error_description", "message", "msg") if name in body][:1]
    return str(error or body.get("code", "")), "; ".join(part for part in parts if part)


def _sentence(each: Any) -> str:
    return str(each.get("message", "") or each) if isinstance(each, dict) else str(each)


def _wait_s(response: Response, now: datetime) -> float | None:
    """Seconds to wait after a 429: as Retry-After says, else by the allowance that is used up.

    Where a minute of the platform begins is not documented: with the minute's allowance gone, ten seconds are waited,
    and then again.
    """
    said = wire.retry_after_s(response, now)
    if said is not None:
        return said
    gone = {
        name.lower().rpartition("-")[2]
        for name, value in response.headers.items()
        if name.lower().startswith("x-ratelimit-remaining-") and value.strip() == "0"
    }
    return 10.0 if "minute" in gone else 1.0 if gone else None
