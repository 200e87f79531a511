"""The front door: which call it is, signature, token, shop, call rate, envelope (protocol notes, sections 2 and 3).

Order of checks: path, method, version, app key, timestamp, sign, token, shop cipher; then the call rate.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from mekong_sandbox.http import Reply, Request, encode_json
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.model import App, Grant, Shop
from mekong_sandbox.tiktok.signing import NEWEST_S, OLDEST_S, same, sign_call, signed_body

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket
    from mekong_sandbox.world import World

TOKEN_PATHS = ("/api/v2/token/get", "/api/v2/token/refresh")
FAMILIES = (
    "authorization|seller|product|order|fulfillment|logistics|return_refund|event|finance|customer_service|promotion"
)
_versioned = re.compile(rf"/({FAMILIES})/(\d{{6}})(/.+)")
_id = re.compile(r"/\d+(?=/|$)")
Body = TypeVar("Body")
_request_ids = itertools.count(1)
_run = secrets.token_hex(8).upper()


def claims(path: str) -> bool:
    """Whether a path is of this API."""
    return path in TOKEN_PATHS or _versioned.fullmatch(path) is not None


class Call:
    """One call that has passed the door. `ids`: the numbers in its path. `shop` is set where a cipher is required."""

    __slots__ = ("app", "grant", "ids", "market", "request", "sent", "shop")

    def __init__(self, market: TikTokMarket, request: Request, sent: dict[str, str], app: App, grant: Grant) -> None:
        self.market = market
        self.request = request
        self.sent = sent
        self.app = app
        self.grant = grant
        self.ids: list[str] = []
        self.shop: Shop

    @property
    def world(self) -> World:
        return self.market.world

    def text(self, name: str) -> str:
        """A query parameter. Raises: Refused, when it is missing."""
        value = self.sent.get(name, "")
        if not value:
            raise codes.invalid(f"{name} is a required field and has not been provided.")
        return value

    def choice(self, name: str, *allowed: str) -> str:
        """A query parameter with few values; the first when it is missing. Raises: Refused."""
        value = self.sent.get(name) or allowed[0]
        if value not in allowed:
            raise codes.invalid(f"Invalid {name}. It must be one of {', '.join(allowed)}.")
        return value

    def page_size(self, default: int | None = None, most: int = 100) -> int:
        """Rows wanted. Raises: Refused, when missing without a default, or out of range."""
        value = self.sent.get("page_size", "" if default is None else str(default))
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise Refused(codes.PAGE_SIZE, f"Invalid page_size. It must be between 1 and {most}.", 400)
        return int(value)

    def body(self, body_type: type[Body]) -> Body:
        """The JSON body, types as documented: ids are text. Raises: Refused."""
        if self.request.body and self.request.content_type != "application/json":
            text = "Invalid request format. The request body format must be `application/json` for structured data."
            raise Refused(codes.NOT_JSON, text, 400)
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=body_type)
        except (msgspec.ValidationError, msgspec.DecodeError) as bad:
            raise codes.invalid(f"Invalid parameter. {bad}.") from None


class Operation(NamedTuple):
    """How a call is answered. `durable`: on disk before the reply. `cipher`: whether `shop_cipher` is required; else it
    is refused."""

    answer: Callable[[Call], dict[str, Any]]
    versions: tuple[str, ...] = ("202309",)
    cipher: bool = True
    durable: bool = False


def request_id() -> str:
    return f"{_run}{next(_request_ids):016X}"


def envelope(data: object) -> Reply:
    """Success."""
    return Reply(encode_json({"code": 0, "message": "Success", "request_id": request_id(), "data": data}))


def refusal(refused: Refused) -> Reply:
    """Failure."""
    answer = {"code": refused.code, "data": None, "message": refused.message, "request_id": request_id()}
    return Reply(encode_json(answer), status=refused.status)


def struck(kind: str) -> Reply:
    """The answer of a rate_limit or invalid_token fault."""
    return refusal(codes.too_many() if kind == "rate_limit" else codes.expired())


class Found(NamedTuple):
    """What a path leads to. `form`: the path without its version, ids as stars; `ids`: those."""

    operation: Operation
    form: str
    ids: list[str]


def _find(operations: dict[tuple[str, str], Operation], request: Request) -> Found:
    """Raises: Refused."""
    parts = _versioned.fullmatch(request.path)
    if parts is None:
        raise Refused(codes.NO_SUCH_PATH, "Invalid path. The specified path does not match any endpoint.", 404)
    family, version, tail = parts.groups()
    form = f"/{family}{_id.sub('/*', tail)}"
    operation = operations.get((request.method, form))
    if operation is None:
        if any(path == form for _, path in operations):
            raise Refused(codes.NO_SUCH_METHOD, "Invalid method. The HTTP method used is not supported.", 405)
        raise Refused(codes.NO_SUCH_PATH, "Invalid path. The specified path does not match any endpoint.", 404)
    if version not in operation.versions:
        raise Refused(codes.NO_SUCH_VERSION, "Invalid API version. The `version` value is invalid.", 400)
    return Found(operation, form, [part[1:] for part in _id.findall(tail)])


def _check_time(world: World, timestamp: str) -> None:
    name = "Invalid timestamp. The value of the 'timestamp' query parameter must not"
    if not timestamp.isdecimal():
        raise codes.invalid(f"{name} be lesser than 0.")
    age_s = world.clock.stamp() - int(timestamp)
    if age_s > OLDEST_S:
        raise codes.invalid(f"{name} be earlier than 5 minutes before the current time.")
    if age_s < -NEWEST_S:
        raise codes.invalid(f"{name} exceed the current time by more than 30 seconds.")


def _signed_app(market: TikTokMarket, request: Request, sent: dict[str, str]) -> App:
    """The app, once its key is known, the time fits and the signature is right."""
    app = market.apps.get(sent.get("app_key", ""))
    if app is None:
        raise codes.invalid("Invalid credentials. Invalid 'app_key' query parameter.")
    _check_time(market.world, sent.get("timestamp", ""))
    if not sent.get("sign"):
        raise codes.invalid("Missing credentials. The request does not include a required signature in the query.")
    body = signed_body(request.method, request.content_type, request.body)
    if not same(sent["sign"], sign_call(app.app_secret, request.path, sent, body)):
        raise Refused(codes.WRONG_SIGN, "Invalid credentials. The 'sign' query parameter is invalid.", 401)
    return app


def _grant_of(market: TikTokMarket, request: Request, app: App) -> Grant:
    grant = market.grants.get(request.headers.get("x-tts-access-token", ""))
    if grant is None or grant.kind != "access" or grant.app_key != app.app_key:
        raise codes.invalid("Invalid credentials. The 'x-tts-access-token' header is invalid.")
    if grant.ends <= market.world.clock.now():
        raise codes.expired()
    return grant


def _identify(market: TikTokMarket, found: Found, request: Request) -> Call:
    sent = dict(request.pairs())
    app = _signed_app(market, request, sent)
    call = Call(market, request, sent, app, _grant_of(market, request, app))
    call.ids = found.ids
    cipher = sent.get("shop_cipher", "")
    if not found.operation.cipher:
        if cipher:
            text = "Unexpected identifier. The 'shop_cipher' query parameter is not required for this request."
            raise codes.invalid(text)
        return call
    if not cipher:
        text = "Missing identifier. The 'shop_cipher' query parameter is required to identify the target shop."
        raise Refused(codes.CIPHER_MISSING, text, 400)
    shop = market.ciphers.get(cipher)
    if shop is None or shop.shop_id != call.grant.shop_id:
        text = "Invalid query or header. The 'shop_cipher' query parameter or 'x-tts-access-token' header is invalid."
        raise Refused(codes.CIPHER_NOT_OF_TOKEN, text, 400)
    call.shop = shop
    return call


def _check_rate(call: Call) -> None:
    settings, shop = call.world.settings, call.market.shops[call.grant.shop_id]
    rate = settings.tiktok_rate if shop.rate is None else shop.rate
    burst = settings.tiktok_burst if shop.burst is None else shop.burst
    if not call.world.limits.allows(f"tiktok {call.app.app_key}", shop.shop_id, rate, burst):
        raise codes.too_many()


def answer(market: TikTokMarket, operations: dict[tuple[str, str], Operation], request: Request) -> Reply:
    """Answer a call with a version in its path."""
    try:
        found = _find(operations, request)
    except Refused as refused:
        return refusal(refused)
    request.counted_as = found.form
    try:
        call = _identify(market, found, request)
        _check_rate(call)
        reply = envelope(found.operation.answer(call))
        if found.operation.durable:
            market.world.store.flush()
    except Refused as refused:
        reply = refusal(refused)
    return reply


def shop_of(market: TikTokMarket, request: Request) -> str:
    """The shop a call is for, by its cipher or its token; for fault rules."""
    shop = market.ciphers.get(dict(request.pairs()).get("shop_cipher", ""))
    if shop is not None:
        return shop.shop_id
    grant = market.grants.get(request.headers.get("x-tts-access-token", ""))
    return grant.shop_id if grant else ""
