"""The express lane: a small ASGI application beside Django for the paths that are hot or never end.

It calls the same commands as the other lane; no rule lives here.
"""

from __future__ import annotations

import time

from mekong.faces.express import live, metrics, notices, probes, selling
from mekong.faces.express.http import Call, Handler, Receive, Scope, Send, guarded
from mekong.partners.pacing import gate

_EXACT: dict[tuple[str, str], Handler] = {
    ("POST", "/api/v1/reservations"): selling.make_reservation,
    ("POST", "/api/v1/orders"): selling.make_order,
    ("GET", "/live/events"): live.events,
    ("GET", "/live/last-unit"): live.last_unit,
    ("GET", "/healthz"): probes.alive,
    ("GET", "/readyz"): probes.ready,
    ("GET", "/metrics"): metrics.answer,
}
_UNDER: tuple[tuple[str, str, Handler], ...] = (
    ("DELETE", "/api/v1/reservations/", selling.end_reservation),
    ("POST", "/hooks/", notices.receive),
)
_ROUTES: dict[Handler, str] = {
    **{found: path for (_, path), found in _EXACT.items()},
    selling.end_reservation: "/api/v1/reservations/{reservation_id}",
    notices.receive: "/hooks/{channel}",
}


def describe() -> None:
    """Put the lane's paths into the API's document."""
    selling.describe()


def handler(scope: Scope) -> Handler | None:
    """Who serves this request here; None when it is the other lane's."""
    path: str = scope["path"]
    found = _EXACT.get((scope["method"], path))
    if found is not None:
        return found
    for method, prefix, under in _UNDER:
        if path.startswith(prefix) and scope["method"] == method:
            return under
    return None


async def serve(found: Handler, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request, and count it once it is answered."""
    began = time.perf_counter()
    call = Call(scope, receive, send)
    try:
        await guarded(found, call)
    finally:
        took_s = None if call.is_stream else time.perf_counter() - began
        metrics.express.add(_ROUTES[found], call.status, took_s)
        if call.caller is not None:
            gate.count(call.caller, call.status, call.now)
