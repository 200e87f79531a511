"""The wire of WooCommerce REST v3: the shop's host, keys, one call at a time, and what its refusals mean.

The HTTP status says how a call went; the body of a refusal names it (`code`, `message`, `data.status`). Between us and
the shop stand a web server, often a cache and a firewall, and WordPress with other people's plugins: each of them may
answer instead, in HTML.
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
from urllib.parse import quote

import msgspec

from mekong.channels.socket import Account, Request, Response, Transport, wire
from mekong.foundation.errors import Invalid, MekongError, NeedsRefresh, RemoteRefused, Unavailable

TITLE: Final = "WooCommerce"
ROOT: Final = "/wp-json/wc/v3"

_DECODER = msgspec.json.Decoder(float_hook=wire.exact)
_SHOP = re.compile(r"(?:https?://)?([A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]+)?)/*")
_MOVED = (301, 308)
_NO_API = "rest_no_route"


def oauth_signature(secret: str, method: str, url: str, params: Sequence[tuple[str, str]]) -> str:
    """OAuth 1.0a, one-legged, HMAC-SHA256, in base64: over the method, the URL without its query, and all parameters.

    Source: RFC 5849, 3.4.1; the key is the consumer secret and an "&" for the token that there is none of.
    """
    pairs = sorted((_percent(name), _percent(value)) for name, value in params)
    base = "&".join((method, _percent(url), _percent("&".join(f"{name}={value}" for name, value in pairs))))
    return _base64(hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest())


def notice_signature(secret: str, body: bytes) -> str:
    """Base64 HMAC-SHA256 of the raw body. WordPress keeps the secret with its special characters escaped and signs with
    them unescaped. Source: WC_Webhook::generate_signature."""
    return _base64(hmac.new(_unescaped(secret).encode(), body, hashlib.sha256).digest())


@dataclass(frozen=True)
class Reply:
    """One answer that went through. `body` is an object or a list, without empty members."""

    body: Any
    headers: Mapping[str, str]

    @property
    def rows(self) -> list[Any]:
        """The rows of a list. Raises: ValueError when the body is not one."""
        if not isinstance(self.body, list):
            raise ValueError("a list was asked for")  # noqa: TRY004 - an unreadable reply, not a defect
        return self.body

    def has_more(self, page: int, size: int) -> bool:
        """Whether there is a page after this one: by the count of pages, by the Link header, or because it is full."""
        total = self._header("x-wp-totalpages")
        if total.isascii() and total.isdigit():
            return page < int(total)
        if link := self._header("link"):
            return 'rel="next"' in link or "rel=next" in link
        return len(self.rows) >= size

    def _header(self, wanted: str) -> str:
        return next((value for name, value in self.headers.items() if name.lower() == wanted), "").strip()


@dataclass(frozen=True)
class Client:
    """Signs and sends for one shop."""

    account: Account
    transport: Transport
    clock: Callable[[], datetime] = field(repr=False)
    nonce: Callable[[], str] = field(repr=False)

    @property
    def host(self) -> str:
        """The shop's address without a slash at its end: the account's `api_url`, else its `shop_id` over https.

        Raises: Invalid.
        """
        if self.account.api_url:
            return self.account.api_url.rstrip("/").removesuffix(ROOT).removesuffix("/wp-json")
        named = _SHOP.fullmatch(self.account.shop_id)
        if named is None:
            raise Invalid(field="shop_id", problem="Give the shop's own address, such as shop.example.vn.")
        return f"https://{named[1].rstrip('/')}"

    async def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Reply:
        return await self.ask("GET", path, params=params)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One call. Raises: the failures of the socket; a RemoteRefused carries `http_status` too."""
        url = f"{self.host}{ROOT}{path}"
        headers = {"accept": "application/json"}
        content = b""
        if body is not None:
            headers["content-type"] = "application/json"
            content = msgspec.json.encode(body)
        secrets, now = self.account.secrets, self.clock()
        if url.startswith("https:"):
            headers["authorization"] = f"Basic {_base64(f'{secrets.app_key}:{secrets.app_secret}'.encode())}"
        else:
            params = self._signed(method, url, params, now)
        return judged(await self.transport.send(Request(method, url, tuple(params), headers, content)), now)

    def _signed(self, method: str, url: str, params: Sequence[tuple[str, str]], now: datetime) -> list[tuple[str, str]]:
        """Without TLS the secret does not travel: the call is signed with it."""
        secrets = self.account.secrets
        named = [
            *params,
            ("oauth_consumer_key", secrets.app_key),
            ("oauth_timestamp", str(int(now.timestamp()))),
            ("oauth_nonce", self.nonce()),
            ("oauth_signature_method", "HMAC-SHA256"),
        ]
        return [*named, ("oauth_signature", oauth_signature(secrets.app_secret, method, url, named))]


def judged(response: Response, now: datetime) -> Reply:
    """The reply in a response. Raises: everything that is not a reply."""
    try:
        body = wire.present(_DECODER.decode(response.body))
    except (msgspec.MsgspecError, ArithmeticError, ValueError):
        body = None
    if failure := wire.by_status(TITLE, response, now) or _moved(response):
        raise failure
    code, message, status = _refusal(body)
    said = {"remote": TITLE, "remote_code": code, "remote_message": message}
    if 401 in (response.status, status):
        raise NeedsRefresh(**{**said, "remote_code": code or "401"})  # whether for good, a repeat tells
    if status >= 500:
        raise Unavailable(**said)
    if code and (response.status >= 400 or status >= 400):
        raise RemoteRefused(**said, http_status=status or response.status)
    if not isinstance(body, dict | list) or response.status >= 300:
        raise Unavailable(remote=TITLE, reason="unreadable reply", http_status=response.status)
    return Reply(body, response.headers)


def is_account_wide(refused: RemoteRefused) -> bool:
    """Whether a refusal says nothing about the listing or order asked for: a key without the right, or no such API."""
    code, status = refused.params.get("remote_code"), refused.params.get("http_status")
    return status == 403 or code == _NO_API


def is_unknown(refused: RemoteRefused) -> bool:
    """Whether a refusal means that the shop has no such product or order."""
    code, status = str(refused.params.get("remote_code")), refused.params.get("http_status")
    return not is_account_wide(refused) and (status in (404, 410) or code.endswith("invalid_id"))


def _refusal(body: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of an error object; "", "" and 0 where it is none. Caches pass some on as 200."""
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return "", "", 0
    data = body.get("data")
    status = data.get("status", 0) if isinstance(data, dict) else 0
    return body["code"], str(body.get("message", "")), status if isinstance(status, int) else 0


def _moved(response: Response) -> MekongError | None:
    """A shop that answers elsewhere is not followed: the keys are for the address that was entered."""
    if not 300 <= response.status < 400:
        return None
    if response.status not in _MOVED:
        return Unavailable(remote=TITLE, reason="redirected", http_status=response.status)
    place = next((value for name, value in response.headers.items() if name.lower() == "location"), "")
    return RemoteRefused(
        remote=TITLE, remote_code="moved", remote_message=f"the shop answers at {place[:200]}: enter that address",
        http_status=response.status,
    )  # fmt: skip


def _percent(text: str) -> str:
    return quote(text, safe="-._~")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unescaped(secret: str) -> str:
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#039;", "'"), ("&#39;", "'")):
        secret = secret.replace(escaped, plain)
    return secret.replace("&amp;", "&")
