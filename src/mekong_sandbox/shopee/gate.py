"""The front door of `/api/v2`: who calls, may they, how often; then the envelope (protocol notes, sections 2 to 4).

Order of checks: partner id, timestamp there and fresh, sign there, token there, sign right, token valid, token of this
shop, permission; then the call rate of the shop.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import msgspec

from mekong_sandbox.http import JSON, Reply, Request, encode_json
from mekong_sandbox.shopee.model import App, Shop
from mekong_sandbox.shopee.signing import TOLERATED_DRIFT_S, same, sign_call

if TYPE_CHECKING:
    from mekong_sandbox.shopee.market import ShopeeMarket
    from mekong_sandbox.world import World

PREFIX = "/api/v2"
Body = TypeVar("Body")
_request_ids = itertools.count(1)
_run = secrets.token_hex(8)


class Refused(Exception):
    """An answer with `error` set."""

    def __init__(self, error: str, message: str, status: int = 200, response: object = None) -> None:
        super().__init__(message)
        self.error, self.message, self.status, self.response = error, message, status, response


class Flat(dict[str, Any]):
    """An answer whose fields stand beside `error`, not under `response`."""


class Call:
    """One call that has passed the door."""

    __slots__ = ("app", "market", "request", "sent", "shop")

    def __init__(self, market: ShopeeMarket, request: Request, sent: dict[str, str], app: App) -> None:
        self.market = market
        self.request = request
        self.sent = sent
        self.app = app
        self.shop: Shop

    @property
    def world(self) -> World:
        return self.market.world

    def text(self, name: str, default: str | None = None) -> str:
        """A query parameter. Raises: Refused, when it is missing and has no default."""
        value = self.sent.get(name, "")
        if value:
            return value
        if default is None:
            raise Refused("error_param", f"There is no {name} in query.")
        return default

    def number(self, name: str, default: int | None = None, *, least: int = 0, most: int = 2**63) -> int:
        """A whole number from the query. Raises: Refused."""
        value = self.text(name, None if default is None else str(default))
        try:
            number = int(value)
        except ValueError:
            raise Refused("error_param", f"{name} must be a whole number.") from None
        if not least <= number <= most:
            raise Refused("error_param", f"{name} must be between {least} and {most}.")
        return number

    def all(self, name: str) -> list[str]:
        """Every value of a repeated parameter; comma lists are taken apart too."""
        return [part for key, value in self.request.pairs() if key == name for part in value.split(",") if part]

    def ids(self, name: str, most: int = 50) -> list[str]:
        """A comma list of ids. Raises: Refused, when it is empty or too long."""
        ids = self.all(name)
        if not ids or len(ids) > most:
            raise Refused("error_param", f"{name} must hold 1 to {most} ids.")
        return ids

    def body(self, body_type: type[Body]) -> Body:
        """The JSON body. Raises: Refused."""
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=body_type, strict=False)
        except (msgspec.ValidationError, msgspec.DecodeError) as bad:
            raise Refused("error_param", f"Wrong parameters, detail: {bad}.") from None


Answer = Flat | Reply | dict[str, Any] | None


class Endpoint(NamedTuple):
    """How a path is called and answered. `durable`: written to disk before the answer leaves."""

    method: str
    kind: Literal["public", "shop", "either"]
    answer: Callable[[Call], Answer]
    durable: bool = False


def _request_id() -> str:
    return f"{_run}{next(_request_ids):016x}"


def envelope(response: object) -> Reply:
    """Success, with the answer under `response`."""
    return Reply(
        encode_json({"error": "", "message": "", "warning": "", "request_id": _request_id(), "response": response})
    )


def refusal(refused: Refused) -> Reply:
    """Failure."""
    answer: dict[str, Any] = {"error": refused.error, "message": refused.message, "request_id": _request_id()}
    if refused.response is not None:
        answer["response"] = refused.response
    return Reply(encode_json(answer), status=refused.status, content_type=JSON)


def struck(world: World, kind: str) -> Reply:
    """The answer of a rate_limit or invalid_token fault."""
    if kind == "rate_limit":
        return refusal(_too_fast(world))
    return refusal(Refused("invalid_acceess_token", "Invalid access_token.", 403))


def _too_fast(world: World) -> Refused:
    return Refused("error_rate_limit", "Your request is too frequent.", world.settings.shopee_throttle_status)


def _known_app(market: ShopeeMarket, sent: dict[str, str]) -> App:
    """The app, once partner id and timestamp are there and fresh, and a sign is there."""
    partner_id, timestamp = sent.get("partner_id", ""), sent.get("timestamp", "")
    if not partner_id:
        raise Refused("error_param", "There is no partner_id in query.", 403)
    app = market.apps.get(int(partner_id)) if partner_id.isdecimal() else None
    if app is None:
        raise Refused("error_param", "Invalid partner_id", 403)
    if not timestamp:
        raise Refused("error_param", "There is no timestamp in query.", 403)
    if not timestamp.isdecimal() or abs(market.world.clock.stamp() - int(timestamp)) > TOLERATED_DRIFT_S:
        raise Refused("error_param", "Timestamp is expired.", 403)
    if not sent.get("sign"):
        raise Refused("error_param", "There is no sign in query.", 403)
    return app


def _shop_of(market: ShopeeMarket, app: App, token: str, shop_id: str) -> Shop:
    """The shop, once the token is valid and of this app and shop."""
    grant, now = market.grants.get(token), market.world.clock.now()
    if grant is None or grant.kind != "access" or grant.ends <= now:
        raise Refused("invalid_acceess_token", "Invalid access_token.", 403)
    if grant.partner_id != app.partner_id or str(grant.shop_id) != shop_id:
        raise Refused("error_auth", "Invalid partner_id or shopid.", 403)
    shop = market.shops[grant.shop_id]
    if shop.links.get(app.partner_id, 0.0) <= now:
        raise Refused("error_auth", "Invalid partner_id or shopid.", 403)
    if shop.status == "BANNED":
        raise Refused("shop_banned", "The shop is banned.", 403)
    return shop


def _identify(market: ShopeeMarket, request: Request, kind: str) -> Call:
    sent = dict(request.pairs())
    app = _known_app(market, sent)
    call = Call(market, request, sent, app)
    signed = (app.partner_key, sent["partner_id"], request.path, sent["timestamp"])
    if kind == "public" or (kind == "either" and "access_token" not in sent):
        if not same(sent["sign"], sign_call(*signed)):
            raise Refused("error_sign", "Wrong sign.", 403)
        return call
    token, shop_id = sent.get("access_token", ""), sent.get("shop_id", "")
    if not token:
        raise Refused("error_param", "There is no access_token in query.", 403)
    if not shop_id:
        raise Refused("error_param", "There is no shop_id in query.", 403)
    if not same(sent["sign"], sign_call(*signed, token, shop_id)):
        raise Refused("error_sign", "Wrong sign.", 403)
    call.shop = _shop_of(market, app, token, shop_id)
    return call


def answer(market: ShopeeMarket, endpoints: dict[str, Endpoint], request: Request) -> Reply:
    """Answer a call to `/api/v2/...`."""
    endpoint = endpoints.get(request.path[len(PREFIX) :])
    if endpoint is None:
        return refusal(Refused("error_not_found", "The requested path does not exist.", 404))
    try:
        call = _identify(market, request, endpoint.kind)
        if endpoint.kind == "shop":
            settings, shop = market.world.settings, call.shop
            rate = settings.shopee_rate if shop.rate is None else shop.rate
            burst = settings.shopee_burst if shop.burst is None else shop.burst
            if not market.world.limits.allows("shopee", str(shop.shop_id), rate, burst):
                raise _too_fast(market.world)
        if request.method != endpoint.method:
            raise Refused("error_not_found", f"Use {endpoint.method} for this path.", 405)
        got = endpoint.answer(call)
    except Refused as refused:
        return refusal(refused)
    if endpoint.durable:
        market.world.store.flush()
    if isinstance(got, Reply):
        return got
    if isinstance(got, Flat):
        return Reply(encode_json({"request_id": _request_id(), "error": "", "message": "", **got}))
    if got is None:
        return Reply(encode_json({"error": "", "message": "", "request_id": _request_id()}))
    return envelope(got)
