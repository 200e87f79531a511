from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.support.receiver import Receiver, receiving


@pytest.fixture
def private(settings: Any) -> None:
    """Receivers of this machine may be reached."""
    settings.MEKONG = dataclasses.replace(settings.MEKONG, webhooks_private=True)


@pytest.fixture
def receiver(private: None) -> Iterator[Receiver]:
    with receiving() as here:
        yield here


Deliver = Callable[..., int]


@pytest.fixture
def deliver() -> Deliver:
    """Deliver everything due at a moment, as the worker does; how many messages were sent."""

    def work(at: datetime, *, reach_private: bool = True, answer_s: float = 5.0) -> int:
        from mekong.channels.sync.threads import Threads
        from mekong.partners.remote import Post, Sender

        async def run() -> int:
            threads, sender, sent = Threads("test", 2), Sender(private=reach_private, answer_s=answer_s), 0
            post = Post(threads, sender, clock=lambda: at)
            try:
                while taken := await post.turn():
                    sent += taken
                    await post.settled()
            finally:
                await sender.aclose()
                await asyncio.to_thread(threads.close)
            return sent

        return asyncio.run(run())

    return work
