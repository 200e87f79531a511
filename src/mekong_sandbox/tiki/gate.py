"""The front door of `/integration`: bearer token, call rate, path, scope, seller; then `errors` or the answer.

There is no request signature (protocol notes, sections 1 to 3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import msgspec

from mekong_sandbox.http import Reply, Request, json_reply
from mekong_sandbox.tiki.model import App, Grant, Seller

if TYPE_CHECKING:
    from mekong_sandbox.settings import Settings
    from mekong_sandbox.tiki.market import TikiMarket
    from mekong_sandbox.world import World

PREFIX = "/integration/"
V1, V2, V2_BOTH = ("v1",), ("v2",), ("v2.1", "v2")
Body = TypeVar("Body")


class Refused(Exception):
    """An answer that is not 2xx. 422: a value in the body; 400: the call as such."""

    def __init__(self, error: str, status: int = 422) -> None:
        super().__init__(error)
        self.error, self.status = error, status


class Call:
    """One call that has passed the door. `parts`: what stands in the path for the names of the template."""

    __slots__ = ("app", "grant", "market", "parts", "request", "seller", "sent")

    def __init__(self, market: TikiMarket, request: Request, grant: Grant, app: App) -> None:
        self.market = market
        self.request = request
        self.grant = grant
        self.app = app
        self.sent = dict(request.pairs())
        self.parts: dict[str, str] = {}
        self.seller: Seller

    @property
    def world(self) -> World:
        return self.market.world

    def text(self, name: str, default: str | None = None) -> str:
        """A query parameter. Raises: Refused, when it is missing and has no default."""
        value = self.sent.get(name, "")
        if value:
            return value
        if default is None:
            raise Refused(f"{name} is required", 400)
        return default

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**53) -> int:
        """A whole number from the query. Raises: Refused."""
        value = self.text(name, str(default))
        if not value.isdecimal() or int(value) < least:
            raise Refused(f"{name} is invalid", 400)
        if int(value) > most:
            raise Refused(f"{name} must not be greater than {most}", 400)
        return int(value)

    def body(self, body_type: type[Body]) -> Body:
        """The JSON body. Raises: Refused."""
        return read(self.request.body or b"{}", body_type)


def read(raw: bytes | msgspec.Raw, body_type: type[Body]) -> Body:
    """JSON, with numbers taken from text too. Raises: Refused."""
    try:
        return msgspec.json.decode(raw, type=body_type, strict=False)
    except msgspec.ValidationError as bad:
        raise Refused(f"body is invalid: {bad}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("body is not JSON", 400) from None


Answer = Reply | dict[str, Any] | list[Any]


class Endpoint(NamedTuple):
    """How a path is called and answered. `template` is the path after the version, `{name}` for any part.

    `by`: a seller's token, the app's own from client_credentials, or either. `scope`: what the token must hold.
    `durable`: on disk before the reply.
    """

    method: str
    template: str
    answer: Callable[[Call], Answer]
    scope: str = ""
    by: Literal["seller", "app", "either"] = "seller"
    versions: Sequence[str] = V2
    durable: bool = False


class Router:
    """Finds the endpoint of a path; of several that fit, the one listed first."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._by_length: dict[int, list[tuple[list[str], Endpoint]]] = {}
        for endpoint in endpoints:
            parts = endpoint.template.split("/")
            self._by_length.setdefault(len(parts), []).append((parts, endpoint))

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        """Raises: Refused, 404 or 405."""
        version, _, rest = path[len(PREFIX) :].partition("/")
        sent, is_there = rest.split("/"), False
        for parts, endpoint in self._by_length.get(len(sent), ()):
            fits = all(part == got or (part[:1] == "{" and got) for part, got in zip(parts, sent, strict=True))
            if not fits or version not in endpoint.versions:
                continue
            is_there = True
            if endpoint.method == method:
                named = {part[1:-1]: got for part, got in zip(parts, sent, strict=True) if part[:1] == "{"}
                return endpoint, named
        raise Refused("method not allowed" if is_there else "resource not found", 405 if is_there else 404)


def refusal(refused: Refused) -> Reply:
    """Failure."""
    return json_reply({"errors": [refused.error]}, refused.status)


def struck(settings: Settings, kind: str) -> Reply:
    """The answer of a rate_limit or invalid_token fault."""
    if kind == "rate_limit":
        reply = refusal(_too_fast())
        reply.headers["X-RateLimit-Limit-Second"] = f"{settings.tiki_burst:.0f}"
        reply.headers["X-RateLimit-Remaining-Second"] = "0"
        return reply
    return refusal(_no_token())


def _too_fast() -> Refused:
    return Refused("API rate limit exceeded", 429)


def _no_token() -> Refused:
    return Refused("The access token is missing, invalid or expired", 401)


def grant_of(market: TikiMarket, request: Request) -> Grant | None:
    """The access token a call carries, when it is alive."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    grant = market.grants.get(token.strip()) if scheme.lower() == "bearer" else None
    if grant is None or grant.kind != "access" or grant.ends <= market.world.clock.now():
        return None
    return grant


def _check_rate(market: TikiMarket, app: App) -> None:
    settings = market.world.settings
    rate = settings.tiki_rate if app.rate is None else app.rate
    burst = settings.tiki_burst if app.rate is None else app.burst or app.rate
    if not market.pace.take(app.app_key, rate, burst, settings.tiki_per_minute):
        raise _too_fast()


def _check_caller(call: Call, endpoint: Endpoint) -> None:
    """Raises: Refused, when the token is of the wrong kind or holds too little."""
    is_own = call.grant.seller_id in (0, call.app.owner)
    if endpoint.by == "app" and not is_own:
        raise Refused("the app's own token is needed", 403)
    if endpoint.by == "seller" and call.grant.seller_id == 0:
        raise Refused("a seller's token is needed", 403)
    if endpoint.scope and not call.grant.allows(endpoint.scope):
        raise Refused(f"the token lacks the scope {endpoint.scope}", 403)
    if call.grant.seller_id:
        call.seller = call.market.sellers[call.grant.seller_id]
        if not call.seller.is_active:
            raise Refused("the seller is not active", 403)


def answer(market: TikiMarket, router: Router, request: Request) -> Reply:
    """Answer a call to `/integration/...`."""
    grant = grant_of(market, request)
    app = market.apps.get(grant.app_key) if grant else None
    if grant is None or app is None:
        return refusal(_no_token())
    try:
        _check_rate(market, app)
        endpoint, parts = router.find(request.method, request.path)
        version = request.path[len(PREFIX) :].partition("/")[0]
        request.counted_as = f"{PREFIX}{version}/{endpoint.template}"
        call = Call(market, request, grant, app)
        call.parts = parts
        _check_caller(call, endpoint)
        got = endpoint.answer(call)
    except Refused as refused:
        reply = refusal(refused)
    else:
        if endpoint.durable:
            market.world.store.flush()
        reply = got if isinstance(got, Reply) else json_reply(got)
    reply.headers |= market.pace.headers(app.app_key)
    return reply


def seller_of(market: TikiMarket, request: Request) -> str:
    """The seller a call is for, as far as its token tells; for fault rules."""
    grant = grant_of(market, request)
    return str(grant.seller_id) if grant and grant.seller_id else ""
