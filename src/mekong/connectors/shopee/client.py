"""The wire of Shopee Open Platform v2: hosts, signatures, one call at a time, and what its refusals mean.

The platform says how a call went in `error` of the JSON body; the HTTP status is decoration (business errors come with
200, signature errors with 403), so it counts only where it speaks of the way rather than of the call: 429 and 5xx.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from secrets import token_hex
from typing import Any, Final

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

TITLE: Final = "Shopee"
PRODUCTION: Final = "https://partner.shopeemobile.com"
ROOT: Final = "/api/v2"

# Families of `error`, by the part after the last dot ("product.error_server" is an "error_server").
_TOKEN_GONE = frozenset({"invalid_acceess_token", "invalid_access_token"})  # the first is the platform's own spelling
_LINK_GONE = frozenset(
    {
        "error_sign",
        "error_shop",
        "error_partner_key_expired",
        "invalid_partner_id",
        "partner_shop_no_link",
        "shop_no_linked",
    }
)
_PASSING = frozenset({"error_server", "error_network", "error_data", "error_inner"})
_DAILY_QUOTA = "error_limit"
_PER_SECOND = "error_rate_limit"
# These concern the app or the shop as a whole: no listing, order or token is to blame.
_ACCOUNT_WIDE = frozenset(
    {
        "api_suspended",
        "error_api_permission",
        "error_auth",
        "error_kyc_auth",
        "error_permission",
        "shop_banned",
        "source_ip_undeclared",
    }
)
_SHOPEE_DAY = timezone(timedelta(hours=8))  # the daily quota starts anew at 00:00 UTC+8

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def sign(key: str, base: bytes) -> str:
    """Lower-case hex HMAC-SHA256. Source: Shopee Open Platform v2, "Signature"; checked against its test vectors."""
    return hmac.new(key.encode(), base, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Reply:
    """One answer. `error` is "" when the call went through; `body` is the whole object, without empty members."""

    error: str
    message: str
    body: Mapping[str, Any]

    @property
    def response(self) -> Mapping[str, Any]:
        """The part that most calls answer under; empty where the platform left it out."""
        inner = self.body.get("response", {})
        return inner if isinstance(inner, dict) else {}

    def refusal(self) -> RemoteRefused:
        return RemoteRefused(remote=TITLE, remote_code=self.error, remote_message=self.message)


@dataclass(frozen=True)
class Client:
    """Signs and sends for one shop."""

    account: Account
    transport: Transport
    clock: Callable[[], datetime] = field(repr=False)

    @property
    def host(self) -> str:
        return self.account.api_url or PRODUCTION

    @property
    def partner_id(self) -> int:
        return _number(self.account.secrets.app_key, "app_key")

    @property
    def shop_id(self) -> int:
        return _number(self.account.shop_id, "shop_id")

    async def get(self, path: str, params: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
        """`response` of a call that must succeed. Raises: the failures of the socket."""
        return _accepted(await self.ask("GET", path, params=params)).response

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return _accepted(await self.ask("POST", path, body=body)).response

    async def document(self, path: str, body: Mapping[str, Any]) -> bytes:
        """The bytes of a call that answers with a document, and with JSON only when it refuses."""
        response = await self.transport.send(self._signed("POST", path, (), body))
        if response.status < 400 and wire.body_of(response) is None:
            return response.body
        raise judged(response, self.clock()).refusal()

    async def upload(self, path: str, name: str, content: bytes, media_type: str, file_name: str) -> Mapping[str, Any]:
        """`response` of a call that sends a file in the field `name` (multipart/form-data, RFC 7578)."""
        boundary = token_hex(16)
        safe_name = re.sub(r"[^\w.-]", "_", file_name, flags=re.ASCII) or "file"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{safe_name}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        request = replace(
            self._signed("POST", path, (), None),
            headers={"accept": "application/json", "content-type": f"multipart/form-data; boundary={boundary}"},
            body=head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
        )
        return _accepted(judged(await self.transport.send(request), self.clock())).response

    async def public(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The whole body of a call about tokens: signed without a token, answered flat."""
        request = self._request("POST", path, self.public_params(path), body, "auth")
        return _accepted(judged(await self.transport.send(request), self.clock())).body

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One signed call for the shop; a refusal of the call itself comes back in `error`, all else is raised."""
        return judged(await self.transport.send(self._signed(method, path, params, body)), self.clock())

    def _signed(
        self, method: str, path: str, params: Sequence[tuple[str, str]], body: Mapping[str, Any] | None
    ) -> Request:
        secrets = self.account.secrets
        if not secrets.access_token:
            refused = {"remote": TITLE, "remote_code": "no_access_token", "remote_message": "no access token"}
            raise NeedsRefresh(**refused) if secrets.refresh_token else NeedsReconnect(**refused)
        stamp = str(int(self.clock().timestamp()))
        base = f"{self.partner_id}{ROOT}{path}{stamp}{secrets.access_token}{self.shop_id}"
        common = [
            ("partner_id", str(self.partner_id)),
            ("timestamp", stamp),
            ("access_token", secrets.access_token),
            ("shop_id", str(self.shop_id)),
            ("sign", sign(secrets.app_secret, base.encode())),
        ]
        return self._request(method, path, [*common, *params], body, "default")

    def public_params(self, path: str, now: datetime | None = None) -> list[tuple[str, str]]:
        """The parameters of a call that is signed without a token, for `path` below /api/v2."""
        stamp = str(int((now or self.clock()).timestamp()))
        base = f"{self.partner_id}{ROOT}{path}{stamp}"
        signature = sign(self.account.secrets.app_secret, base.encode())
        return [("partner_id", str(self.partner_id)), ("timestamp", stamp), ("sign", signature)]

    def _request(
        self, method: str, path: str, params: Sequence[tuple[str, str]], body: Mapping[str, Any] | None, lane: str
    ) -> Request:
        headers = {"accept": "application/json"}
        content = b""
        if body is not None:
            headers["content-type"] = "application/json"
            content = _ENCODER.encode(body)
        return Request(method, f"{self.host}{ROOT}{path}", tuple(params), headers, content, lane)


def judged(response: Response, now: datetime) -> Reply:
    """The reply in a response. Raises: everything but a refusal of the call itself, which stays in `error`."""
    body = wire.body_of(response)
    if body is None:
        unread = Unavailable(remote=TITLE, reason="unreadable reply", http_status=response.status)
        raise wire.by_status(TITLE, response, now) or unread
    error, message = str(body.get("error", "")), str(body.get("message", ""))
    meaning = _meaning(error, message, now) if error else None
    meaning = wire.with_header(meaning, response, now) or wire.by_status(TITLE, response, now)
    if meaning is not None:
        raise meaning
    if not error and response.status >= 400:
        raise Unavailable(remote=TITLE, reason="no error named", http_status=response.status)
    return Reply(error, message, body)


def is_account_wide(error: str) -> bool:
    """Whether this refusal says nothing about the listing or order asked for."""
    return _family(error) in _ACCOUNT_WIDE


def is_unknown(refused: RemoteRefused) -> bool:
    """Whether a refusal means that the platform has no such item or order.

    The codes differ by module ("product.error_item_not_found", "logistics.invalid_error" with "The order is not
    exist."); the words do not.
    """
    said = f"{refused.params.get('remote_code', '')} {refused.params.get('remote_message', '')}".lower()
    return any(words in said for words in ("not_found", "not found", "not exist"))


def _accepted(reply: Reply) -> Reply:
    if reply.error:
        raise reply.refusal()
    return reply


def _family(error: str) -> str:
    return error.rsplit(".", 1)[-1]


def _meaning(error: str, message: str, now: datetime) -> MekongError | None:
    """What a non-empty `error` asks of the caller; None when it refuses just this call."""
    family, words = _family(error), message.lower()
    said = {"remote": TITLE, "remote_code": error, "remote_message": message}
    if family in _TOKEN_GONE:
        return NeedsRefresh(**said)
    if family in _LINK_GONE:
        return NeedsReconnect(**said)
    if family in _PASSING:
        return Unavailable(**said)
    if family == _PER_SECOND:
        return RateLimited(**said)
    if family == _DAILY_QUOTA:
        here = now.astimezone(_SHOPEE_DAY)
        midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return RateLimited(**said, retry_after_s=(midnight - here).total_seconds())
    if family == "error_auth" and "permission" not in words:
        return NeedsRefresh(**said) if "access_token" in words else NeedsReconnect(**said)
    if family == "error_param":
        if "timestamp is expired" in words:
            return Unavailable(**said)  # it waited too long on its way, or a clock is off: it is signed anew next time
        if "access_token" in words:
            return NeedsRefresh(**said)
        if "partner_id" in words:
            return NeedsReconnect(**said)
    return None


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Invalid(field=name, problem="Shopee gives this as a number. Copy it from the developer console.")
    return int(text)
