"""The express lane: a small ASGI application beside Django for the paths that are hot or never end.

It calls the same commands as the other lane; no rule lives here.
"""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest

from mekong.faces.express import live, notices, probes, selling
from mekong.faces.express.http import Call, Handler, Receive, Scope, Send, guarded

_EXACT: dict[tuple[str, str], Handler] = {
    ("POST", "/api/v1/reservations"): selling.make_reservation,
    ("POST", "/api/v1/orders"): selling.make_order,
    ("GET", "/live/events"): live.events,
    ("GET", "/live/last-unit"): live.last_unit,
    ("GET", "/healthz"): probes.alive,
    ("GET", "/readyz"): probes.ready,
}
_UNDER: tuple[tuple[str, str, Handler], ...] = (
    ("DELETE", "/api/v1/reservations/", selling.end_reservation),
    ("POST", "/hooks/", notices.receive),
)
_requests = Counter("mekong_express_requests", "Requests on the express lane.", ["path"])
_counted = {path: _requests.labels(path) for _, path in _EXACT}


def describe() -> None:
    """Put the lane's paths into the API's document."""
    selling.describe()


def handler(scope: Scope) -> Handler | None:
    """Who serves this request here; None when it is the other lane's."""
    path: str = scope["path"]
    found = _EXACT.get((scope["method"], path))
    if found is not None:
        _counted[path].inc()
        return found
    for method, prefix, under in _UNDER:
        if path.startswith(prefix) and scope["method"] == method:
            return under
    return metrics if path == "/metrics" else None


async def serve(found: Handler, scope: Scope, receive: Receive, send: Send) -> None:
    await guarded(found, Call(scope, receive, send))


async def metrics(call: Call) -> None:
    """Figures of this process in the Prometheus text format."""
    await call.answer(200, generate_latest(), ((b"content-type", CONTENT_TYPE_LATEST.encode()),))
