"""The front door of a shop: which shop, whose keys, which endpoint; parameters, pages and errors as WordPress has them."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec

from mekong_sandbox.http import HTML, Reply, Request, json_reply
from mekong_sandbox.woocommerce.model import Key, Shop
from mekong_sandbox.woocommerce.signing import ALGORITHMS, TOLERATED_DRIFT_S, same, sign_call

if TYPE_CHECKING:
    from mekong_sandbox.woocommerce.market import WooMarket
    from mekong_sandbox.world import World

PREFIX = "/woocommerce/shops/"
API = "/wp-json"
SPACE = "/wc/v3"
OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
DENIED = {
    "list": ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
    "view": ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource."),
    "create": ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources."),
    "edit": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "delete": ("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource."),
    "batch": ("woocommerce_rest_cannot_batch", "Sorry, you are not allowed to batch manipulate this resource."),
}
Row = TypeVar("Row")


class Refused(Exception):
    """An answer with an error: `{code, message, data: {status, …}}` under the same HTTP status."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.data = {"status": status, **data}

    def row(self) -> dict[str, Any]:
        """As it stands in a body, or in one item of a batch."""
        return {"code": self.code, "message": self.message, "data": self.data}


def wrong_param(name: str, why: str) -> Refused:
    """A parameter that does not fit its schema."""
    return Refused("rest_invalid_param", f"Invalid parameter(s): {name}", 400, params={name: why})


def missing(*names: str) -> Refused:
    """Parameters that must be there."""
    text = f"Missing parameter(s): {', '.join(names)}"
    return Refused("rest_missing_callback_param", text, 400, params=list(names))


def listed(sent: dict[str, Any], name: str) -> list[Any]:
    """A list of a body; none when it was not sent. Raises: Refused."""
    value = sent.get(name)
    if value is not None and not isinstance(value, list):
        raise wrong_param(name, f"{name} is not of type array.")
    return value or []


class Call:
    """One call that has passed the door. `ids`: the numbers in its path; `sent`: its JSON body."""

    __slots__ = ("ids", "market", "query", "request", "sent", "shop")

    def __init__(
        self, market: WooMarket, request: Request, shop: Shop, query: dict[str, str], ids: tuple[int, ...]
    ) -> None:
        self.market, self.request, self.shop, self.query, self.ids = market, request, shop, query, ids
        self.sent: dict[str, Any] = {}

    @property
    def world(self) -> World:
        return self.market.world

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number of the query. Raises: Refused."""
        value = self.query.get(name, "")
        if not value:
            return default
        if not value.removeprefix("-").isdecimal():
            raise wrong_param(name, f"{name} is not of type integer.")
        if not least <= int(value) <= most:
            raise wrong_param(name, f"{name} must be between {least} (inclusive) and {most} (inclusive)")
        return int(value)

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """One of several words of the query. Raises: Refused."""
        value = self.query.get(name, "") or default
        if value not in choices:
            raise wrong_param(name, f"{name} is not one of {', '.join(choices)}.")
        return value

    def several(self, name: str) -> list[str]:
        """A list of the query: `a,b`, `name[]=a&name[]=b` or `name[0]=a`."""
        found = [
            value
            for key, value in self.request.pairs()
            if key == name or re.fullmatch(re.escape(name) + r"\[\d*\]", key)
        ]
        return list(dict.fromkeys(part.strip() for value in found for part in value.split(",") if part.strip()))

    def flag(self, name: str) -> bool:
        """A boolean of the query."""
        return self.query.get(name, "").lower() in ("true", "1")

    def moment(self, name: str) -> float | None:
        """A date of the query as unix seconds; without a zone it is the site's, or UTC with `dates_are_gmt`.

        Raises: Refused.
        """
        value = self.query.get(name, "")
        if not value:
            return None
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            raise wrong_param(name, "Invalid date.") from None
        if parsed.tzinfo is None:
            ahead_h = 0.0 if self.flag("dates_are_gmt") else self.shop.utc_offset_h
            parsed = parsed.replace(tzinfo=timezone(timedelta(hours=ahead_h)))
        return parsed.timestamp()

    def page(self, found: Sequence[Row], shown: Callable[[Row], dict[str, Any]]) -> Reply:
        """A page of what was found, with its count, its number of pages and links to its neighbours. Raises: Refused."""
        number = self.whole("page", 1, least=1, most=10**9)
        size = self.whole("per_page", 10, least=1, most=100)
        start = self.whole("offset", (number - 1) * size, least=0, most=10**9)
        pages = math.ceil(len(found) / size)
        reply = json_reply([self.picked(shown(row)) for row in found[start : start + size]])
        reply.headers["X-WP-Total"], reply.headers["X-WP-TotalPages"] = str(len(found)), str(pages)
        neighbours = [(number - 1, "prev")] if number > 1 else []
        neighbours += [(number + 1, "next")] if number < pages else []
        links = [
            f'<{own_url(self.request)}?{urlencode(business(self.query) | {"page": str(min(at, pages))})}>; rel="{name}"'
            for at, name in neighbours
        ]
        if links:
            reply.headers["Link"] = ", ".join(links)
        return reply

    def picked(self, row: dict[str, Any]) -> dict[str, Any]:
        """The fields wanted by `_fields`; all when it is not sent."""
        wanted = {one.partition(".")[0] for one in self.several("_fields")}
        return {name: value for name, value in row.items() if name in wanted | {"id"}} if wanted else row

    def merged(self, kept: list[dict[str, Any]], sent: dict[str, Any]) -> list[dict[str, Any]]:
        """Meta data with those of a write put in: a known key is written over. Raises: Refused."""
        by_key = {str(one["key"]): one for one in kept}
        for one in listed(sent, "meta_data"):
            if not isinstance(one, dict) or "key" not in one:
                raise wrong_param("meta_data", "meta_data[0] needs a key.")
            key = str(one["key"])
            number = by_key[key]["id"] if key in by_key else self.world.number("woocommerce.meta", 5001)
            by_key[key] = {"id": number, "key": key, "value": one.get("value")}
        return list(by_key.values())


Answer = dict[str, Any] | Reply


class Endpoint(NamedTuple):
    """How a path is answered. `act`: what it does, for the refusal of who may not. `durable`: on disk before the reply."""

    answer: Callable[[Call], Answer]
    act: str = "view"
    status: int = 200
    durable: bool = False


def business(query: Mapping[str, str]) -> dict[str, str]:
    """The query without what identifies the caller."""
    return {name: value for name, value in query.items() if not name.startswith(("oauth_", "consumer_"))}


def own_url(request: Request) -> str:
    """The address called, without its query."""
    return f"http://{request.headers.get('host', '')}{request.path}"


def shop_of(request: Request) -> str:
    """The shop a call is for; for fault rules."""
    return request.path.removeprefix(PREFIX).partition("/")[0]


def struck(kind: str) -> Reply:
    """The answer of a rate_limit or invalid_token fault."""
    if kind == "rate_limit":
        return _too_fast()
    return _error(_no_key("Consumer key is invalid."))


def _too_fast() -> Reply:
    """The engine counts no calls; the web host in front of it does, and answers in HTML."""
    reply = Reply(b"<html><body><h1>429 Too Many Requests</h1></body></html>", status=429, content_type=HTML)
    reply.headers["Retry-After"] = "1"
    return reply


def _error(refused: Refused) -> Reply:
    reply = json_reply(refused.row(), refused.status)
    if refused.status == 401:
        reply.headers["WWW-Authenticate"] = 'Basic realm="WooCommerce API"'
    return reply


def _no_key(message: str) -> Refused:
    return Refused("woocommerce_rest_authentication_error", message, 401)


def _key_of(market: WooMarket, shop: Shop, consumer_key: str) -> Key | None:
    key = market.keys.get(consumer_key)
    return key if key is not None and key.shop_id == shop.shop_id else None


def _by_secret(market: WooMarket, shop: Shop, request: Request, query: Mapping[str, str]) -> Key | None:
    """Keys in the query, else in the Basic header, as over TLS. An unknown key is nobody. Raises: Refused."""
    name, secret = query.get("consumer_key", ""), query.get("consumer_secret", "")
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if not (name and secret) and scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
    key = _key_of(market, shop, name)
    if key is not None and not same(key.consumer_secret, secret):
        raise _no_key("Consumer secret is invalid.")
    return key


def _by_signature(market: WooMarket, shop: Shop, request: Request, query: Mapping[str, str]) -> Key | None:
    """One-legged OAuth 1.0a in the query, as over plain HTTP. Raises: Refused."""
    absent = [name for name in OAUTH if not query.get(name)]
    if len(absent) == len(OAUTH):
        return None
    if absent:
        text = f"Missing OAuth parameter{'s' if len(absent) > 1 else ''} {', '.join(absent)}"
        raise Refused("woocommerce_rest_authentication_missing_parameter", text, 401)
    key = _key_of(market, shop, query["oauth_consumer_key"])
    if key is None:
        raise _no_key("Consumer key is invalid.")
    if query["oauth_signature_method"] not in ALGORITHMS:
        raise _no_key("Invalid signature - signature method is invalid.")
    url = own_url(request)
    signed = [sign_call(key.consumer_secret, request.method, one, query) for one in (url, f"https{url[4:]}")]
    if not any(same(one, query["oauth_signature"].replace(" ", "+")) for one in signed):
        raise _no_key("Invalid signature - provided signature does not match.")
    stamp = query["oauth_timestamp"]
    if not stamp.isdecimal() or abs(market.world.clock.stamp() - int(stamp)) > TOLERATED_DRIFT_S:
        raise _no_key("Invalid timestamp.")
    if not market.is_fresh(key, query["oauth_nonce"], TOLERATED_DRIFT_S):
        raise _no_key("Invalid nonce - nonce has already been used.")
    return key


def _identify(market: WooMarket, shop: Shop, request: Request, query: Mapping[str, str]) -> Key | None:
    key = _by_secret(market, shop, request, query) if market.world.settings.woocommerce_over_tls else None
    return key or _by_signature(market, shop, request, query)


def _body(request: Request) -> dict[str, Any]:
    """The JSON object sent; a body of another type is not read. Raises: Refused."""
    if request.content_type != "application/json" or not request.body:
        return {}
    try:
        return msgspec.json.decode(request.body, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise Refused("rest_invalid_json", "Invalid JSON body passed.", 400, json_error_code=4) from None


def _route(request: Request, query: Mapping[str, str]) -> tuple[str, tuple[int, ...]]:
    """The route below the API's root with `#` for numbers, and these; `?rest_route=` serves shops without permalinks."""
    below = "/" + request.path.removeprefix(PREFIX).partition("/")[2]
    if below in ("/", "/index.php") and "rest_route" in query:
        below = API + query["rest_route"]
    route = below.removeprefix(API).rstrip("/") if below.startswith(API) else below
    parts = route.split("/")
    ids = tuple(int(part) for part in parts if part.isdecimal())
    return "/".join("#" if part.isdecimal() else part for part in parts), ids


def _index(shop: Shop) -> Reply:
    """What the site says of itself to anybody."""
    url = f"https://{shop.shop_id}.example"
    row = {"name": shop.name, "description": "", "url": url, "home": url, "gmt_offset": str(shop.utc_offset_h)}
    return json_reply(row | {"timezone_string": "Asia/Ho_Chi_Minh", "namespaces": ["wc/v3", "wp/v2"]})


def answer(market: WooMarket, endpoints: Mapping[tuple[str, str], Endpoint], request: Request) -> Reply:
    """Answer a call to a shop."""
    shop = market.shops.get(shop_of(request))
    if shop is None:
        return Reply(b"<html><body><h1>404 Not Found</h1></body></html>", status=404, content_type=HTML)
    settings = market.world.settings
    rate = settings.woocommerce_rate if shop.rate is None else shop.rate
    burst = settings.woocommerce_burst if shop.burst is None else shop.burst
    if not market.world.limits.allows("woocommerce", shop.shop_id, rate, burst):
        return _too_fast()
    # A parameter repeated with the same name counts once, the last time, as PHP has it.
    query = dict(request.pairs())
    route, ids = _route(request, query)
    if route == "":
        return _index(shop)
    try:
        key = _identify(market, shop, request, query)
        method = "PUT" if request.method in ("PATCH", "POST") and route.endswith(("#", "/batch")) else request.method
        endpoint = endpoints.get((method, route.removeprefix(SPACE))) if route.startswith(SPACE) else None
        if endpoint is None:
            raise Refused("rest_no_route", "No route was found matching the URL and request method.", 404)
        request.counted_as = f"/woocommerce{API}{route}"
        if key is None:
            raise Refused(*DENIED[endpoint.act], 401)
        if key.permissions not in ("read_write", "read" if request.method == "GET" else "write"):
            kind = "read" if request.method == "GET" else "write"
            raise _no_key(f"The API key provided does not have {kind} permissions.")
        call = Call(market, request, shop, query, ids)
        market.asked = request
        call.sent = _body(request)
        got = endpoint.answer(call)
    except Refused as refused:
        return _error(refused)
    if endpoint.durable:
        market.world.store.flush()
    return got if isinstance(got, Reply) else json_reply(call.picked(got), endpoint.status)
