"""Live pages: streams of server-sent events for signed-in people."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

import msgspec
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from mekong.faces.express.http import Call, in_thread
from mekong.faces.express.listening import TOPICS, ear, lines
from mekong.faces.express.studio import studio
from mekong.foundation.access import resolve
from mekong.foundation.actor import Actor
from mekong.foundation.errors import Unauthenticated
from mekong.foundation.models import Person

_SILENCE_S = 15.0
"""After so long without news a comment is sent, so that proxies keep the stream open."""


async def events(call: Call) -> None:
    """`?topics=stock,orders`: one small JSON object a hint, `{"topic": "stock", "of": "12,15"}`."""
    await _viewer(call)
    asked = _query(call).get("topics", "stock,orders,channels")
    topics = {name for name in TOPICS if name.removeprefix("mekong_") in asked.split(",")}
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(200)
    listener = lines(topics=topics, queue=queue)
    ear.add(listener)
    try:
        await _stream(call, queue)
    finally:
        ear.remove(listener)


async def last_unit(call: Call) -> None:
    """`?sku=…`: what every channel's own server shows of one SKU, and how soon it followed each sale."""
    actor = await _viewer(call)
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(500)
    async with studio.watching(actor, _query(call).get("sku", ""), queue):
        await _stream(call, queue)


async def _stream(call: Call, queue: asyncio.Queue[dict[str, Any]]) -> None:
    await call.start_stream()
    gone = asyncio.ensure_future(call.gone())
    try:
        while not gone.done():
            news = asyncio.ensure_future(queue.get())
            done, _ = await asyncio.wait({news, gone}, timeout=_SILENCE_S, return_when=asyncio.FIRST_COMPLETED)
            if news in done:
                await call.send_event(msgspec.json.encode(news.result()))
                continue
            news.cancel()
            if not done:
                await call.send_comment()
    finally:
        gone.cancel()


def _query(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.scope["query_string"].decode("latin-1")).items()}


async def _viewer(call: Call) -> Actor:
    """The person signed in on this browser, or the token sent. Raises: Unauthenticated."""
    if call.header(b"authorization"):
        return await call.actor()
    cookies = SimpleCookie(call.header(b"cookie") or "")
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if key is None:
        raise Unauthenticated
    return await in_thread(_of_session, key.value)


def _of_session(key: str) -> Actor:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    person = get_user(request)
    if not isinstance(person, Person) or not person.is_active:
        raise Unauthenticated
    return resolve(person)
