"""The front door of `/rest`: parameters from everywhere, signature, token, call rate, envelope (sections 2 to 4)."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mekong_sandbox.http import Reply, Request, encode_json, parse_pairs
from mekong_sandbox.lazada.model import App, Seller
from mekong_sandbox.lazada.signing import TOLERATED_DRIFT_S, base_of, same, sign_text
from mekong_sandbox.pictures import parts_of

if TYPE_CHECKING:
    from mekong_sandbox.lazada.market import LazadaMarket
    from mekong_sandbox.world import World

PREFIX = "/rest"
_request_ids = itertools.count(1)
_run = secrets.token_hex(6)
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Refused(Exception):
    """An answer with a `code` other than "0". `kind` is ISV (caller), ISP (seller side) or SYSTEM (gateway)."""

    def __init__(self, code: str, message: str, kind: str = "ISV", detail: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.kind, self.detail = code, message, kind, detail


class Flat(dict[str, Any]):
    """An answer whose fields stand beside `code`, not under `data`."""


class Call:
    """One call that has passed the door."""

    __slots__ = ("app", "files", "market", "request", "seller", "sent")

    def __init__(
        self, market: LazadaMarket, request: Request, sent: dict[str, str], files: dict[str, bytes], app: App
    ) -> None:
        self.market = market
        self.request = request
        self.sent = sent
        self.files = files
        self.app = app
        self.seller: Seller

    @property
    def world(self) -> World:
        return self.market.world

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter. Raises: Refused, when it is missing and has no default."""
        value = self.sent.get(name, "")
        if value:
            return value
        if default is None:
            raise Refused("MissingParameter", f"The input parameter {name} is missing")
        return default

    def number(self, name: str, default: int | None = None, *, least: int, most: int, code: str) -> int:
        """A whole number. Raises: Refused, with `code` when it is not one or out of range."""
        value = self.text(name, None if default is None else str(default))
        number = int(value) if value.lstrip("-").isdecimal() else least - 1
        if not least <= number <= most:
            raise Refused(code, f'"{value}" Invalid {name}')
        return number

    def json(self, name: str) -> Any:
        """A parameter that holds JSON text. Raises: Refused."""
        try:
            return msgspec.json.decode(self.text(name).encode())
        except msgspec.DecodeError as bad:
            raise Refused("InvalidParameter", f"The parameter {name} is not JSON: {bad}") from None


Answer = Flat | dict[str, Any] | list[Any] | None


class Endpoint(NamedTuple):
    """How a path is called and answered. `stock`: under the write limit. `durable`: on disk before the reply."""

    methods: str
    answer: Callable[[Call], Answer]
    token: bool = True
    stock: bool = False
    durable: bool = False


def _request_id() -> str:
    return f"{_run}{next(_request_ids):012x}"


def refusal(refused: Refused) -> Reply:
    """Failure; HTTP status stays 200."""
    answer: dict[str, Any] = {"code": refused.code, "type": refused.kind, "message": refused.message}
    answer["request_id"] = _request_id()
    if refused.detail:
        answer["detail"] = refused.detail
    return Reply(encode_json(answer))


def struck(kind: str) -> Reply:
    """The answer of a rate_limit or invalid_token fault."""
    if kind == "rate_limit":
        return refusal(_too_fast())
    return refusal(Refused("IllegalAccessToken", "The specified access token is invalid or expired"))


def _too_fast() -> Refused:
    return Refused("901", "The request is too frequent, the limit of calls per second is reached", "ISP")


def _json_fields(body: bytes) -> list[tuple[str, str]]:
    """Top-level keys of a JSON body: texts decoded, everything else as written."""
    try:
        found = _raw_object.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise Refused("InvalidParameter", "The body is not a JSON object") from None
    fields = []
    for name, raw in found.items():
        written = bytes(raw)
        value = msgspec.json.decode(written) if written[:1] == b'"' else written.decode()
        if value != "null":
            fields.append((name, value))
    return fields


def parameters(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """The union of query, form and JSON body, and the file parts. Raises: Refused."""
    sent = dict(request.pairs())
    files: dict[str, bytes] = {}
    if request.body:
        kind = request.content_type
        if kind == "application/json":
            sent.update(_json_fields(request.body))
        elif kind == "multipart/form-data":
            fields, files = parts_of(request)
            sent.update(fields)
        else:
            sent.update(parse_pairs(request.body.decode("utf-8", "replace")))
    return sent, files


def _signed(app: App, path: str, sent: dict[str, str], request: Request) -> bool:
    """Whether the signature fits a reading clients use: all values, without empty ones, or with a raw body."""
    sign = sent["sign"]
    if same(sign, sign_text(app.app_secret, base_of(path, sent))):
        return True
    filled = {name: value for name, value in sent.items() if value}
    if len(filled) < len(sent) and same(sign, sign_text(app.app_secret, base_of(path, filled))):
        return True
    if request.content_type == "application/json":
        base = base_of(path, dict(request.pairs())) + request.body.decode("utf-8", "replace")
        return same(sign, sign_text(app.app_secret, base))
    return False


def _identify(market: LazadaMarket, request: Request, path: str, endpoint: Endpoint | None) -> tuple[Call, Endpoint]:
    sent, files = parameters(request)
    for name in ("app_key", "timestamp", "sign"):
        if not sent.get(name):
            raise Refused("MissingParameter", f"The input parameter {name} is missing", "SYSTEM")
    app = market.apps.get(sent["app_key"])
    if app is None:
        raise Refused("InvalidAppKey", "The specified App Key is invalid", "SYSTEM")
    timestamp = sent["timestamp"]
    if not timestamp.isdecimal() or abs(market.world.clock.stamp() - int(timestamp) / 1000) > TOLERATED_DRIFT_S:
        raise Refused("IllegalTimestamp", "The specified timestamp is invalid or expired", "SYSTEM")
    if sent.get("sign_method", "sha256") != "sha256":
        raise Refused("InvalidSignMethod", "The specified sign_method is not supported", "SYSTEM")
    if not _signed(app, path, sent, request):
        raise Refused("IncompleteSignature", "The request signature does not conform to platform standards", "SYSTEM")
    if endpoint is None:
        raise Refused("InvalidApiPath", "The specified api path is invalid", "SYSTEM")
    call = Call(market, request, sent, files, app)
    if endpoint.token:
        token = sent.get("access_token", "")
        if not token:
            raise Refused("MissingParameter", "The input parameter access_token is missing", "SYSTEM")
        grant = market.grants.get(token)
        if (
            grant is None
            or grant.kind != "access"
            or grant.ends <= market.world.clock.now()
            or grant.app_key != app.app_key
        ):
            raise Refused("IllegalAccessToken", "The specified access token is invalid or expired", "SYSTEM")
        call.seller = market.sellers[grant.seller_id]
    if request.method not in endpoint.methods.split("|"):
        raise Refused("UnsupportedHTTPMethod", f"The HTTP method {request.method} is not supported", "SYSTEM")
    return call, endpoint


def _check_rate(call: Call, endpoint: Endpoint) -> None:
    settings, seller = call.world.settings, call.seller
    if endpoint.stock:
        rate = settings.lazada_stock_rate if seller.rate is None else seller.rate
        burst = settings.lazada_stock_burst if seller.burst is None else seller.burst
        allowed = call.world.limits.allows("lazada.stock", seller.seller_id, rate, burst)
    else:
        rate, burst = settings.lazada_call_rate, settings.lazada_call_burst
        allowed = call.world.limits.allows("lazada.call", seller.seller_id, rate, burst)
    if not allowed:
        raise _too_fast()


def answer(market: LazadaMarket, endpoints: dict[str, Endpoint], request: Request) -> Reply:
    """Answer a call to `/rest/...`."""
    path = request.path[len(PREFIX) :]
    try:
        call, endpoint = _identify(market, request, path, endpoints.get(path))
        if endpoint.token:
            _check_rate(call, endpoint)
            if call.seller.status != "ACTIVE":
                raise Refused("SellerNotActive", "The seller is not active", "ISP")
        got = endpoint.answer(call)
    except Refused as refused:
        return refusal(refused)
    if endpoint.durable:
        market.world.store.flush()
    if isinstance(got, Flat):
        return Reply(encode_json({"code": "0", **got, "request_id": _request_id()}))
    if got is None:
        return Reply(encode_json({"code": "0", "request_id": _request_id()}))
    return Reply(encode_json({"code": "0", "data": got, "request_id": _request_id()}))


def seller_of(market: LazadaMarket, request: Request) -> str:
    """The seller a call is for, as far as its token tells; for fault rules."""
    try:
        sent, _ = parameters(request)
    except Refused:
        return ""
    grant = market.grants.get(sent.get("access_token", ""))
    return grant.seller_id if grant else ""
