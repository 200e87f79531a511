"""The wire of the TikTok Shop Partner API: hosts, signatures, one call at a time, and what its refusals mean.

The platform says how a call went in `code` of the JSON body (0 is success) and speaks HTTP statuses beside it. One code,
36009004, stands for many troubles and is told apart by words of its message, as the platform itself advises.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from mekong.channels.socket import Account, Request, Response, Transport, wire
from mekong.connectors.tiktok import paths
from mekong.connectors.tiktok.mapping.authorisation import Shop, Shops
from mekong.foundation.errors import (
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    RateLimited,
    RemoteRefused,
    Unavailable,
)

TITLE: Final = "TikTok Shop"
PRODUCTION: Final = "https://open-api.tiktokglobalshop.com"
AUTH_PRODUCTION: Final = "https://auth.tiktok-shops.com"

_WITHOUT_CIPHER = ("/authorization/", "/seller/", paths.IMAGE_UPLOAD)
_UNSIGNED = frozenset({"sign", "access_token"})

_TOKEN_GONE = frozenset({"105001", "105002", "105003", "105004"})
_LINK_GONE = frozenset({"101000", "106001"})
_TOO_MANY = frozenset({"36009002", "36009037", "12052109"})
_PASSING = frozenset({"36009003", "36009007", "12001000", "12052881", "33001002", "10006402"})
# These concern the app or the shop as a whole: no listing, order or token is to blame.
_ACCOUNT_WIDE = frozenset(
    {
        "105005",  # the app lacks the scope
        "106011",  # the shop's cipher is wrong
        "106013",  # the shop's cipher is missing
        "12019114",  # the seller has no permission
        "36009009",  # no such path
        "36009033",  # the app may not
        "36009043",  # the shop is out of service
        "36009044",  # the seller is out of service
    }
)
_UNKNOWN = frozenset({"12019150", "12052032", "12052034", "12052048", "12052260", "21008111"})
_GATE = re.compile(r"10[156]\d{3}|36\d{6}")
"""Codes of the gateway, which speaks before any module does; their messages are told apart by words."""
_TOO_MANY_WORDS = re.compile(r"too many requests|rate limit|request frequency|throttl", re.IGNORECASE)
_PASSING_WORDS = re.compile(
    r"time[d -]*out|try again|service unavailable|system busy|internal (server )?error|system error", re.IGNORECASE
)
_TOKEN_WORDS = re.compile(r"access[ _-]token.*(invalid|expired)|invalid.*access[ _-]token", re.IGNORECASE)


def sign(secret: str, base: bytes) -> str:
    """Lower-case hex HMAC-SHA256, of calls and of notices alike."""
    return hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signature(secret: str, path: str, params: Mapping[str, str], body: bytes = b"") -> str:
    """Over path, query by name and body, between two copies of the secret. `body`: the very bytes that are sent.

    A GET, and a form with files, are signed without their body: pass none.
    Source: TikTok Shop Partner Center, "Sign your API request"; checked against vectors that two SDKs agree on.
    """
    query = "".join(f"{name}{params[name]}" for name in sorted(params) if name not in _UNSIGNED)
    return sign(secret, f"{secret}{path}{query}".encode() + body + secret.encode())


@dataclass(frozen=True)
class File:
    """A file in a form: the name of its part, the file's own name, and what it is."""

    part: str
    name: str
    media_type: str
    content: bytes = field(repr=False)


def form(fields: Mapping[str, str], file: File) -> tuple[bytes, str]:
    """The body of a form with one file, and its media type (RFC 7578). What parts it is told by the file's digest."""
    boundary = f"mekong-{hashlib.sha256(file.content).hexdigest()[:40]}"
    name = re.sub(r'[\x00-\x1f\x7f"\\]', "_", file.name) or "file"
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{each}"\r\n\r\n{value}\r\n'.encode()
        for each, value in fields.items()
    ]
    head = f'content-disposition: form-data; name="{file.part}"; filename="{name}"\r\ncontent-type: {file.media_type}'
    parts += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), file.content, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


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
    def data(self) -> Mapping[str, Any]:
        """What the call is about. Raises: Unavailable where the platform left it out."""
        data = self.body.get("data")
        if not isinstance(data, dict):
            raise Unavailable(remote=TITLE, reason="unreadable reply")
        return data

    def refusal(self) -> RemoteRefused:
        return RemoteRefused(remote=TITLE, remote_code=self.code, remote_message=self.message)


@dataclass
class Client:
    """Signs and sends for one shop.

    The shop's cipher is asked for once and kept in memory: an account holds no more than the shop's id, and a client
    lives as long as the account's tokens do.
    """

    account: Account
    transport: Transport
    clock: Callable[[], datetime] = field(repr=False)

    def __post_init__(self) -> None:
        self._shop: Shop | None = None
        self._turn = asyncio.Lock()

    @property
    def host(self) -> str:
        return self.account.api_url or PRODUCTION

    @property
    def auth_host(self) -> str:
        return self.account.auth_url or AUTH_PRODUCTION

    def bearing(self, access_token: str) -> Client:
        """The same shop with another access token."""
        secrets = replace(self.account.secrets, access_token=access_token)
        return Client(replace(self.account, secrets=secrets), self.transport, self.clock)

    async def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Mapping[str, Any]:
        """`data` of a call that must succeed. Raises: the failures of the socket."""
        return _accepted(await self.ask("GET", path, params)).data

    async def post(
        self, path: str, body: Mapping[str, Any], params: Sequence[tuple[str, str]] = ()
    ) -> Mapping[str, Any]:
        return _accepted(await self.ask("POST", path, params, body)).data

    async def put(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return _accepted(await self.ask("PUT", path, (), body)).data

    async def upload(self, path: str, fields: Mapping[str, str], file: File) -> Mapping[str, Any]:
        """A form with a file. It is signed without its body."""
        content, media_type = form(fields, file)
        return _accepted(await self._send("POST", path, (), content, media_type, is_body_signed=False)).data

    async def act(self, path: str, body: Mapping[str, Any]) -> None:
        """A write whose answer says no more than that it was taken."""
        _accepted(await self.ask("POST", path, (), body))

    async def download(self, url: str) -> bytes:
        """What lies at an address that the platform gave out; it is good without a signature."""
        response = await self.transport.send(Request("GET", url))
        if response.status == 200:
            return response.body
        raise wire.by_status(TITLE, response, self.clock()) or RemoteRefused(
            remote=TITLE, remote_code=f"http_{response.status}", remote_message="the document is not there"
        )

    async def token(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """`data` of a call about tokens: on the auth host, unsigned, with the app's secret in the query."""
        secrets = self.account.secrets
        query = (("app_key", secrets.app_key), ("app_secret", secrets.app_secret), *params.items())
        request = Request("GET", self.auth_host + path, query, {"accept": "application/json"}, b"", "auth")
        return _accepted(judged(await self.transport.send(request), self.clock())).data

    async def ask(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        *,
        lane: str = "default",
    ) -> Reply:
        """One signed call for the shop; a refusal of the call itself comes back in `code`, all else is raised."""
        content = b"" if body is None else msgspec.json.encode(body)
        return await self._send(method, path, params, content, "application/json", lane)

    async def _send(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        content: bytes,
        media_type: str,
        lane: str = "default",
        *,
        is_body_signed: bool = True,
    ) -> Reply:
        secrets = self.account.secrets
        if not secrets.access_token:
            refused = {"remote": TITLE, "remote_code": "no_access_token", "remote_message": "no access token"}
            raise NeedsRefresh(**refused) if secrets.refresh_token else NeedsReconnect(**refused)
        shop = None if path.startswith(_WITHOUT_CIPHER) else await self.shop()
        named = dict(params) | {"app_key": secrets.app_key, "timestamp": str(int(self.clock().timestamp()))}
        if shop and shop.cipher:
            named["shop_cipher"] = shop.cipher
        named["sign"] = signature(secrets.app_secret, path, named, content if is_body_signed else b"")
        headers = {
            "accept": "application/json",
            "content-type": media_type,
            "x-tts-access-token": secrets.access_token,
        }
        request = Request(method, self.host + path, tuple(named.items()), headers, content, lane)
        return judged(await self.transport.send(request), self.clock())

    async def shop(self) -> Shop:
        """The account's shop among those authorised, asked for once. Raises: NeedsReconnect when it is none of them."""
        if self._shop is None:
            async with self._turn:
                if self._shop is None:
                    self._shop = self._chosen(await self.shops())
        return self._shop

    async def shops(self) -> Sequence[Shop]:
        said = _accepted(await self.ask("GET", paths.SHOPS, lane="auth")).data
        with wire.readable(TITLE):
            return msgspec.convert(said, Shops, strict=False).shops

    def _chosen(self, shops: Sequence[Shop]) -> Shop:
        for shop in shops:
            if self.account.shop_id in {str(shop.id), ""}:
                return shop
        raise NeedsReconnect(
            remote=TITLE, remote_code="shop_not_authorised", remote_message="the app may not speak for this shop"
        )


def judged(response: Response, now: datetime) -> Reply:
    """The reply in a response. Raises: everything but a refusal of the call itself, which stays in `code`."""
    body = wire.body_of(response)
    if body is None or "code" not in body:
        unread = Unavailable(remote=TITLE, reason="unreadable reply", http_status=response.status)
        raise wire.by_status(TITLE, response, now) or unread
    reply = Reply(str(body["code"]), str(body.get("message", "")), body)
    meaning = _meaning(reply, response.status) if reply.is_refused else None
    meaning = wire.with_header(meaning, response, now) or wire.by_status(TITLE, response, now)
    if meaning is not None:
        raise meaning
    if not reply.is_refused and response.status >= 400:
        raise Unavailable(remote=TITLE, reason="no error named", http_status=response.status)
    return reply


def is_account_wide(code: str) -> bool:
    """Whether this refusal says nothing about the listing or order asked for."""
    return code in _ACCOUNT_WIDE


def is_unknown(refused: RemoteRefused) -> bool:
    """Whether a refusal means that the platform has no such product, SKU or order, or none of this shop."""
    code, words = refused.params.get("remote_code"), str(refused.params.get("remote_message", "")).lower()
    is_told = any(phrase in words for phrase in ("not found", "not exist", "not_found"))
    return code in _UNKNOWN or (is_told and code not in _ACCOUNT_WIDE)


def _accepted(reply: Reply) -> Reply:
    if reply.is_refused:
        raise reply.refusal()
    return reply


def _meaning(reply: Reply, status: int) -> MekongError | None:
    """What a refusal asks of the caller; None when it refuses just this call."""
    said: dict[str, Any] = {"remote": TITLE, "remote_code": reply.code, "remote_message": reply.message}
    if reply.code in _ACCOUNT_WIDE:
        return None
    if reply.code in _TOO_MANY or _TOO_MANY_WORDS.search(reply.message):
        return RateLimited(**said)
    if reply.code in _PASSING or _PASSING_WORDS.search(reply.message):
        return Unavailable(**said)
    if reply.code in _TOKEN_GONE or _TOKEN_WORDS.search(reply.message):
        return NeedsRefresh(**said)
    if reply.code in _LINK_GONE:
        return NeedsReconnect(**said)
    if _GATE.fullmatch(reply.code):
        words = reply.message.lower()
        if "timestamp" in words:
            return Unavailable(**said)  # it waited too long on its way, or a clock is off: it is signed anew next time
        if "app_key" in words or "signature" in words:
            return NeedsReconnect(**said)
    return NeedsRefresh(**said) if status == 401 else None
