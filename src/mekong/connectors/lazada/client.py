"""The wire of Lazada Open Platform: hosts, signatures, one call at a time, and what its refusals mean.

The platform says how a call went in `code` of the JSON body ("0" is success, always text) under HTTP 200; some modules
answer inside `result` with a `success` and an `error_code` of its own. The HTTP status counts only where it speaks of
the way rather than of the call: 429 and 5xx.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlencode

from mekong.channels.socket import Account, Request, Response, Transport, wire
from mekong.foundation.errors import (
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    RateLimited,
    RemoteRefused,
    Unavailable,
)

TITLE: Final = "Lazada"
PRODUCTION: Final = "https://api.lazada.vn"
AUTH_PRODUCTION: Final = "https://auth.lazada.com"
ROOT: Final = "/rest"

_TOKEN_GONE = frozenset({"IllegalAccessToken", "AccessTokenExpired"})
_LINK_GONE = frozenset({"IllegalRefreshToken", "InvalidAppKey", "IncompleteSignature"})
_TOO_MANY = frozenset({"ApiCallLimit", "AppCallLimit", "901", "E901"})
_PASSING = frozenset({"IllegalTimestamp", "InternalError", "ServiceTimeout", "ServiceUnavailable", "SystemError"})
# These concern the app or the seller as a whole: no listing, order or token is to blame.
_ACCOUNT_WIDE = frozenset(
    {
        "AUTH_TYPE_UNSUPPORTED",
        "InsufficientPermission",
        "SELLER_NOT_PERMITTED",
        "SellerNotActive",
        "SellerNotVerified",
        "UnsupportedHTTPMethod",
    }
)
_PASSING_WORDS = re.compile(
    r"time[d -]*out|try again|unavailable|system (error|busy)|internal (system )?error", re.IGNORECASE
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BAN_S = re.compile(r"last (\d{1,5}) second")  # "this ban will last 1 seconds"


def sign(secret: str, base: bytes) -> str:
    """Lower-case hex HMAC-SHA256: as it stands for notices, in capitals for calls.

    Source: Lazada Open Platform, "Signature algorithm" and "Push mechanism"; checked against their printed examples.
    """
    return hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signature(secret: str, path: str, params: Mapping[str, str]) -> str:
    """Over the path below /rest and all parameters by name, system ones and business ones alike, as decoded text."""
    base = path + "".join(f"{name}{params[name]}" for name in sorted(params) if name != "sign")
    return sign(secret, base.encode()).upper()


@dataclass(frozen=True)
class Reply:
    """One answer. `code` is "0" when the call went through; `body` is the whole object, without empty members."""

    code: str
    message: str
    body: Mapping[str, Any]

    @property
    def is_refused(self) -> bool:
        return self.code != "0"

    @property
    def data(self) -> Any:
        """What the call is about: `data`, or `result.data` in the modules that answer so."""
        if "data" in self.body:
            return self.body["data"]
        result = self.body.get("result")
        return result.get("data", result) if isinstance(result, dict) else result

    def refusal(self) -> RemoteRefused:
        return RemoteRefused(remote=TITLE, remote_code=self.code, remote_message=self.message)


@dataclass(frozen=True)
class Client:
    """Signs and sends for one seller."""

    account: Account
    transport: Transport
    clock: Callable[[], datetime] = field(repr=False)

    @property
    def host(self) -> str:
        return (self.account.api_url or PRODUCTION).removesuffix(ROOT)

    @property
    def auth_host(self) -> str:
        return (self.account.auth_url or AUTH_PRODUCTION).removesuffix(ROOT)

    async def get(self, path: str, params: Mapping[str, str]) -> Reply:
        """A call that must succeed. Raises: the failures of the socket."""
        return _accepted(await self.ask("GET", path, params))

    async def post(self, path: str, params: Mapping[str, str], *, lane: str = "default") -> Reply:
        return _accepted(await self.ask("POST", path, params, lane=lane))

    async def act(self, path: str, params: Mapping[str, str]) -> Reply:
        """A write whose method is in doubt: the reverse APIs are GET in the documentation, POST in code that uses them.

        The gateway refuses the wrong one before anything is done, so the other is then asked.
        """
        reply = await self.ask("GET", path, params)
        if reply.code == "UnsupportedHTTPMethod":
            reply = await self.ask("POST", path, params)
        return _accepted(reply)

    async def upload(self, path: str, name: str, content: bytes, media_type: str, file_name: str) -> Reply:
        """A call that sends a file in the field `name` (multipart/form-data, RFC 7578), which is not signed."""
        boundary = token_hex(16)
        safe_name = re.sub(r"[^\w.-]", "_", file_name, flags=re.ASCII) or "file"
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in self._signed(path, {"access_token": self._token()}).items()
        )
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{safe_name}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        headers = {"accept": "application/json", "content-type": f"multipart/form-data; boundary={boundary}"}
        body = (fields + head).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        request = Request("POST", self.host + ROOT + path, (), headers, body)
        return _accepted(judged(await self.transport.send(request), self.clock()))

    async def public(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """The whole body of a call about tokens: on the auth host, signed without a token, answered flat."""
        return _accepted(await self._send("POST", self.auth_host, path, params, "auth")).body

    async def ask(self, method: str, path: str, params: Mapping[str, str], *, lane: str = "default") -> Reply:
        """One signed call for the seller; a refusal of the call itself comes back in `code`, all else is raised."""
        return await self._send(method, self.host, path, {"access_token": self._token(), **params}, lane)

    def _token(self) -> str:
        secrets = self.account.secrets
        if not secrets.access_token:
            refused = {"remote": TITLE, "remote_code": "no_access_token", "remote_message": "no access token"}
            raise NeedsRefresh(**refused) if secrets.refresh_token else NeedsReconnect(**refused)
        return secrets.access_token

    def _signed(self, path: str, params: Mapping[str, str]) -> dict[str, str]:
        """The parameters of a call with those of the system, its signature last."""
        secrets = self.account.secrets
        # Empty values are signed by some servers and skipped by others: they are never sent.
        named = {name: value for name, value in params.items() if value}
        named |= {
            "app_key": secrets.app_key,
            "sign_method": "sha256",
            "timestamp": str((self.clock() - _EPOCH) // timedelta(milliseconds=1)),
        }
        named["sign"] = signature(secrets.app_secret, path, named)
        return named

    async def _send(self, method: str, host: str, path: str, params: Mapping[str, str], lane: str) -> Reply:
        named, now = self._signed(path, params), self.clock()
        headers = {"accept": "application/json"}
        query: tuple[tuple[str, str], ...] = ()
        content = b""
        if method == "GET":
            query = tuple(named.items())
        else:
            headers["content-type"] = "application/x-www-form-urlencoded"
            content = urlencode(named).encode()
        return judged(
            await self.transport.send(Request(method, host + ROOT + path, query, headers, content, lane)), now
        )


def judged(response: Response, now: datetime) -> Reply:
    """The reply in a response. Raises: everything but a refusal of the call itself, which stays in `code`."""
    body = wire.body_of(response)
    if body is None or "code" not in body:
        unread = Unavailable(remote=TITLE, reason="unreadable reply", http_status=response.status)
        raise wire.by_status(TITLE, response, now) or unread
    reply = _inner(Reply(str(body["code"]), str(body.get("message", "")), body))
    meaning = _meaning(reply) if reply.is_refused else None
    meaning = wire.with_header(meaning, response, now) or wire.by_status(TITLE, response, now)
    if meaning is not None:
        raise meaning
    return reply


def is_account_wide(code: str) -> bool:
    """Whether this refusal says nothing about the listing or order asked for."""
    return code in _ACCOUNT_WIDE


def _inner(reply: Reply) -> Reply:
    """The refusal that a module hides inside `result` under a code "0"."""
    result = reply.body.get("result")
    if reply.is_refused or not isinstance(result, dict) or str(result.get("success", True)).lower() != "false":
        return reply
    code = str(result.get("error_code", "failed"))
    message = str(result.get("error_msg", "") or result.get("message", "") or reply.message)
    return Reply("failed" if code == "0" else code, message, reply.body)


def _accepted(reply: Reply) -> Reply:
    if reply.is_refused:
        raise reply.refusal()
    return reply


def _meaning(reply: Reply) -> MekongError | None:
    """What a refusal asks of the caller; None when it refuses just this call."""
    said: dict[str, Any] = {"remote": TITLE, "remote_code": reply.code, "remote_message": reply.message}
    if reply.code in _TOKEN_GONE or (reply.code == "MissingParameter" and "access_token" in reply.message):
        return NeedsRefresh(**said)
    if reply.code in _LINK_GONE:
        return NeedsReconnect(**said)
    if reply.code in _TOO_MANY:
        banned = _BAN_S.search(reply.message)
        return RateLimited(**said, **({"retry_after_s": float(banned[1])} if banned else {}))
    # "type" is no guide: the gateway calls a wrong method or a missing parameter SYSTEM as well.
    if reply.code in _PASSING or _PASSING_WORDS.search(reply.message):
        return Unavailable(**said)
    return None
