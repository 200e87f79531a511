"""The front door of a shop: token, version, throttle; GraphQL answered, REST handed on (protocol notes, section 2)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mekong_sandbox.http import HTML, Reply, Request, json_reply
from mekong_sandbox.shopify.execute import Arguments, GraphError, Run, chosen, variables_of
from mekong_sandbox.shopify.graphql import Malformed, Operation, parse
from mekong_sandbox.shopify.model import Grant, Shop
from mekong_sandbox.shopify.order_nodes import OrderNodes
from mekong_sandbox.shopify.throttle import Bucket

if TYPE_CHECKING:
    from mekong_sandbox.shopify.market import ShopifyMarket
    from mekong_sandbox.world import World

PREFIX = "/shopify/shops/"
OWN_HOST = re.compile(r"([a-z0-9][a-z0-9-]*)\.myshopify\.com(:\d+)?")
API = re.compile(r"/admin/api/(\d{4}-\d{2}|unstable)/(.+)\.json")
OLDEST, LATEST = "2024-10", "2026-10"
MAX_QUERY_COST = 1000
BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105 - a sentence
SHARED = ("/pictures/", "/shopify/uploads/")
"""Paths that belong to no shop, whichever host they are asked of."""
CALLS_PER_S, CALLS_AT_ONCE = 2.0, 40.0


class Call:
    """One call that has passed the door. `key`: of the `@idempotent` directive of the field being answered."""

    __slots__ = ("grant", "key", "market", "nodes", "request", "shop", "version")

    def __init__(self, market: ShopifyMarket, request: Request, shop: Shop, grant: Grant, version: str) -> None:
        self.market, self.request, self.shop, self.grant, self.version = market, request, shop, grant, version
        self.nodes = OrderNodes(market, shop, request.lag_s)
        self.nodes.request = request
        self.key: str | None = None

    @property
    def world(self) -> World:
        return self.market.world


class Root(NamedTuple):
    """How a field of the root is answered. `scope`: what the token must hold, "" = nothing."""

    answer: Callable[[Call, Arguments], Any]
    scope: str = ""


Roots = Mapping[str, Mapping[str, Root]]
Rest = Mapping[tuple[str, str], Callable[[Call], Reply]]


def shop_of(request: Request) -> str:
    """The shop a call is for; for fault rules."""
    return request.path.removeprefix(PREFIX).partition("/")[0]


def path_of(request: Request) -> str:
    """The path here of a call that may have been made to a shop's own host, as clients do that know no base path."""
    own = None if request.path.startswith(SHARED) else OWN_HOST.fullmatch(request.headers.get("host", ""))
    return f"{PREFIX}{own[1]}{request.path}" if own else request.path


def below(request: Request) -> str:
    """The path on the shop's own host."""
    return "/" + request.path.removeprefix(PREFIX).partition("/")[2]


def struck(kind: str) -> Reply:
    """The answer of a rate_limit or invalid_token fault."""
    if kind == "invalid_token":
        return json_reply({"errors": BAD_TOKEN}, 401)
    return json_reply(_throttled(10, Bucket(100, 2000), 0.0))


def allows(scope: str, wanted: str) -> bool:
    """Whether scopes hold one; to write includes to read."""
    held = set(scope.split(","))
    return not wanted or wanted in held or wanted.replace("read_", "write_", 1) in held


def answer(market: ShopifyMarket, roots: Roots, rest: Rest, request: Request) -> Reply:
    """Answer a call to `/admin/api/…` of a shop."""
    shop = market.shops.get(shop_of(request))
    found = API.fullmatch(below(request))
    if shop is None or found is None:
        return Reply(b"<html><body><h1>404 Not Found</h1></body></html>", status=404, content_type=HTML)
    version = found[1]
    if version != "unstable" and version > LATEST:
        return json_reply({"errors": "Not Found"}, 404)
    grant = market.valid(request.headers.get("x-shopify-access-token", ""), "access")
    if grant is None or grant.shop_id != shop.shop_id or grant.client_id not in shop.apps:
        return json_reply({"errors": BAD_TOKEN}, 401)
    # A version that is no longer served is answered as the oldest that is.
    call = Call(market, request, shop, grant, max(version, OLDEST))
    reply = _graph(call, roots) if found[2] == "graphql" else _rest(call, rest, found[2])
    reply.headers["X-Shopify-API-Version"] = call.version
    reply.headers["X-Request-Id"] = str(uuid.uuid4())
    return reply


# -- REST


def _rest(call: Call, rest: Rest, path: str) -> Reply:
    bucket = call.market.calls.of(call.grant.client_id, call.shop.shop_id, CALLS_PER_S, CALLS_AT_ONCE)
    if bucket.take(1):
        ids = re.sub(r"/\d+", "/#", f"/{path}")
        endpoint = rest.get((call.request.method, ids))
        call.request.counted_as = f"/shopify/admin/api{ids}" if endpoint else ""
        reply = json_reply({"errors": "Not Found"}, 404) if endpoint is None else endpoint(call)
        call.world.store.flush()
    else:
        reply = json_reply({"errors": "Exceeded 2 calls per second for api client. Reduce request rates."}, 429)
        reply.headers["Retry-After"] = "2.0"
    used = round(bucket.size - bucket.left())
    reply.headers["X-Shopify-Shop-Api-Call-Limit"] = f"{used}/{round(bucket.size)}"
    return reply


# -- GraphQL


class _Sent(msgspec.Struct):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - as it stands in the body


def _bucket(call: Call) -> Bucket:
    settings, shop = call.world.settings, call.shop
    rate = settings.shopify_points_per_s if shop.rate is None else shop.rate
    size = settings.shopify_points_at_once if shop.burst is None else shop.burst
    return call.market.points.of(call.grant.client_id, shop.shop_id, rate, size)


def _cost(asked: int, charged: int | None, bucket: Bucket, left: float) -> dict[str, Any]:
    status = {"maximumAvailable": bucket.size, "currentlyAvailable": int(left), "restoreRate": bucket.rate}
    return {"cost": {"requestedQueryCost": asked, "actualQueryCost": charged, "throttleStatus": status}}


def _throttled(asked: int, bucket: Bucket, left: float) -> dict[str, Any]:
    return {"errors": [GraphError("Throttled", "THROTTLED").row()], "extensions": _cost(asked, None, bucket, left)}


def _graph(call: Call, roots: Roots) -> Reply:
    if call.request.method != "POST":
        return json_reply({"errors": "Not Found"}, 404)
    call.request.counted_as = "/shopify/admin/api/graphql"
    try:
        if call.request.content_type == "application/graphql":
            sent = _Sent(call.request.body.decode())
        else:
            sent = msgspec.json.decode(call.request.body, type=_Sent)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return json_reply({"errors": {"query": "Required parameter missing or invalid"}}, 400)
    try:
        document = parse(sent.query)
        operation = chosen(document, sent.operationName or "")
        run = Run(document, operation, variables_of(operation, sent.variables or {}))
        asked = run.asked_cost(operation)
    except Malformed as bad:
        return json_reply(
            {"errors": [{"message": f"syntax error, {bad}", "locations": [{"line": bad.at, "column": 1}]}]}
        )
    except GraphError as refused:
        return json_reply({"errors": [refused.row()]})
    bucket = _bucket(call)
    if asked > MAX_QUERY_COST:
        text = f"Query cost is {asked}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
        return json_reply({"errors": [GraphError(text, "MAX_COST_EXCEEDED", cost=asked, maxCost=MAX_QUERY_COST).row()]})
    if not bucket.take(asked):
        return json_reply(_throttled(asked, bucket, bucket.left()))
    answered = _run(call, roots, operation, run)
    charged = min(asked, run.charged(operation))
    bucket.give_back(asked - charged)
    if operation.kind == "mutation":
        call.world.store.flush()
    return json_reply(answered | {"extensions": _cost(asked, charged, bucket, bucket.left())})


def _run(call: Call, roots: Roots, operation: Operation, run: Run) -> dict[str, Any]:
    """Answer the fields of the root one after the other; one that fails is null, with its error beside."""
    data: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    known = roots[operation.kind]
    kind = "QueryRoot" if operation.kind == "query" else "Mutation"
    try:
        fields = list(run.fields(operation.selections, kind))
        for field in fields:
            if field.name not in known and field.name != "__typename":
                text = f"Field '{field.name}' doesn't exist on type '{kind}'"
                raise GraphError(text, "undefinedField", typeName=kind, fieldName=field.name)
    except GraphError as refused:
        return {"errors": [refused.row()]}
    names = dict.fromkeys(field.name for field in fields)
    call.request.counted_as = f"/shopify/admin/api/graphql {operation.kind} {' '.join(names)}"
    for field in fields:
        if field.name == "__typename":
            data[field.alias] = kind
            continue
        root = known[field.name]
        try:
            if not allows(call.grant.scope, root.scope):
                text = f"Access denied for {field.name} field. Required access: `{root.scope}` access scope."
                raise GraphError(text, "ACCESS_DENIED", requiredAccess=f"`{root.scope}` access scope.")
            directive = run.arguments(field.directives.get("idempotent", {}))
            call.key = str(directive["key"]) if directive.get("key") else None
            found = root.answer(call, run.arguments(field.arguments))
            data[field.alias] = run.answer(found, field, field.name)
        except GraphError as refused:
            if refused.extensions.get("code") in ("undefinedField", "selectionMismatch"):
                return {"errors": [refused.row()]}
            data[field.alias] = None
            errors.append(refused.row() | {"path": [field.alias]})
    return {"data": data} | ({"errors": errors} if errors else {})
