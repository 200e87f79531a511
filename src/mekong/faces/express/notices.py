"""`POST /hooks/{channel}`: notices of platforms. The signature is checked over the raw body before anything is read."""

from __future__ import annotations

from mekong.channels import commands as channels
from mekong.faces.express.http import Call


async def receive(call: Call) -> None:
    """200 with an empty body as soon as the notice is stored; 401 when it is forged."""
    channel = call.scope["path"].removeprefix("/hooks/").strip("/")
    body = await call.body()
    status = await channels.areceive_notice(channel=channel, headers=call.headers(), body=body, now=call.now)
    await call.answer(status, b"", ())
