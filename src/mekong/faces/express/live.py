"""Live pages: streams of server-sent events for signed-in people."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from mekong.faces.express.http import Call, in_thread
from mekong.faces.express.listening import TOPICS, ear, lines
from mekong.faces.express.studio import studio
from mekong.faces.express.watching import EVERY_S, watch
from mekong.foundation import access
from mekong.foundation.actor import Actor
from mekong.foundation.errors import MekongError, Unauthenticated
from mekong.foundation.models import Person

_MOMENT = re.compile(r"[0-9]{1,12}")
_SILENCE_S = 15.0
"""After so long without news a comment is sent, so that proxies keep the stream open."""


async def events(call: Call) -> None:
    """`?topics=stock,orders`: one small JSON object a hint, `{"topic": "stock", "of": "12,15"}`.

    `&since=1763900000` (Unix time): topics that had news from then on are told first, for a page misses what happens
    between being made and listening, and whoever lost the stream what happened until it was back.
    """
    viewer = await _viewer(call)
    query = _query(call)
    asked, since = query.get("topics", "stock,orders,channels"), query.get("since", "")
    topics = {name for name in TOPICS if name.removeprefix("mekong_") in asked.split(",")}
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(200)
    listener = lines(topics=topics, queue=queue)
    ear.add(listener)
    for topic in sorted(ear.heard_since(float(since))) if _MOMENT.fullmatch(since) else ():
        listener(topic, "")
    try:
        await _stream(call, viewer, queue)
    finally:
        ear.remove(listener)


async def last_unit(call: Call) -> None:
    """`?sku=…`: what every channel's own server shows of one SKU, and how soon it followed each sale."""
    viewer = await _viewer(call)
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(500)
    async with studio.watching(viewer.actor, _query(call).get("sku", ""), queue):
        await _stream(call, viewer, queue)


@dataclass(frozen=True)
class Viewer:
    """`session`: of somebody on a browser; None for a token."""

    actor: Actor
    session: UUID | None = None


async def _stream(call: Call, viewer: Viewer, queue: asyncio.Queue[dict[str, Any]]) -> None:
    """Send news until the client hangs up, its session ends or its token no longer opens."""
    with watch.over(viewer.session) if viewer.session else contextlib.nullcontext(asyncio.Event()) as over:
        await call.start_stream()
        gone = asyncio.ensure_future(call.gone())
        ended = asyncio.ensure_future(over.wait())
        silent_s = 0.0
        try:
            while not gone.done() and not ended.done():
                news = asyncio.ensure_future(queue.get())
                done, _ = await asyncio.wait({news, gone, ended}, timeout=EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                if news in done:
                    await call.send_event(msgspec.json.encode(news.result()))
                    silent_s = 0.0
                    continue
                news.cancel()
                if viewer.session is None and not await _opens(call):
                    break
                silent_s += EVERY_S
                if not done and silent_s >= _SILENCE_S:
                    await call.send_comment()
                    silent_s = 0.0
        finally:
            gone.cancel()
            ended.cancel()


async def _opens(call: Call) -> bool:
    call.now = datetime.now(UTC)
    try:
        await call.actor()
    except MekongError:
        return False
    return True


def _query(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.scope["query_string"].decode("latin-1")).items()}


async def _viewer(call: Call) -> Viewer:
    """The person signed in on this browser, or the token sent. Raises: Unauthenticated, SessionEnded, OutsideRules."""
    if call.header(b"authorization"):
        return Viewer(await call.actor())
    cookies = SimpleCookie(call.header(b"cookie") or "")
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if key is None:
        raise Unauthenticated
    return await in_thread(_of_session, key.value, call.address(), call.now)


def _of_session(key: str, address: str, now: datetime) -> Viewer:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    # The address is the one that was found already, whatever stands in front of us.
    request.META["REMOTE_ADDR"] = request.META["HTTP_X_FORWARDED_FOR"] = address
    person = get_user(request)
    if not isinstance(person, Person) or not person.is_active or person.must_change_password:
        raise Unauthenticated
    standing = access.standing_of(access.at_the_door(request, person, now=now))
    if standing is None or standing.is_enrolment_due(now):
        raise Unauthenticated
    return Viewer(access.resolve(person), standing.session)
