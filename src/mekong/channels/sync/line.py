"""One account on line: its connector, the wire under it, and the care for its tokens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from mekong.channels import registry
from mekong.channels.accounts import account_of
from mekong.channels.errors import CannotDo
from mekong.channels.models import Channel
from mekong.channels.pacing import Pace, backoff_s
from mekong.channels.socket import Authorises, Connector, RateLimit, Secrets, Tokens
from mekong.channels.sync.tokens import ahead_s, renew
from mekong.channels.transport import HttpTransport, Wires, origins_of
from mekong.foundation.errors import NeedsReconnect, NeedsRefresh, RateLimited, Unavailable

log = structlog.get_logger(__name__)
T = TypeVar("T")
_RENEWALS = 2
"""Renewals within one call; a platform that still refuses the token then is not helped by a third."""
_BELIEVED = 3
"""Times in a row that a platform must refuse a refresh token before it is believed."""


def now() -> datetime:
    return datetime.now(UTC)


class Line:
    """Speaks for one account. `connector` is made anew whenever its tokens are."""

    def __init__(self, row: Channel, wires: Wires, pace: Pace, *, part: float = 1.0) -> None:
        """`part`: the part of the platform's rate this process may use."""
        self.channel_id, self.code, self.pace = row.id, row.code, pace
        self._row = row
        self.plug = registry.plug(row.kind)
        self.transport = HttpTransport(wires, _limits(self.plug.manifest.limits, row.limits, part),
                                       origins_of(row.api_url, row.auth_url))  # fmt: skip
        self._adopt(account_of(row).secrets)
        self._renewing = asyncio.Lock()
        self._refused = 0

    def _adopt(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self.connector: Connector = self.plug.factory(account_of(self._row, secrets), self.transport)
        wait = ahead_s(secrets.access_expires_at, now(), self.pace.refresh_ahead_s)
        self.renew_at = None if wait is None else time.monotonic() + wait

    def can(self, capability: type[Any]) -> bool:
        return isinstance(self.connector, capability)

    def speaker(self, capability: type[Any]) -> Any:
        """The connector as what it can do. Raises: CannotDo."""
        if not isinstance(self.connector, capability):
            raise CannotDo(channel=self.code, capability=capability.__name__)
        return self.connector

    async def call(self, operation: Callable[[Any], Awaitable[T]], *, tries: int = 1, lane: str = "default") -> T:
        """Run one operation of the connector, again where that may help.

        A token refused is renewed and the operation repeated, which costs no try; haste is waited out on its lane;
        what may pass is tried up to `tries` times. Raises: what the last try raised.
        """
        tried = renewed = 0
        while True:
            connector = self.connector
            try:
                answer = await operation(connector)
            except NeedsRefresh:
                renewed += 1
                if renewed > _RENEWALS:
                    raise
                await self.renew(connector.account.secrets.access_token)
            except RateLimited as hasty:
                tried += 1
                self.wait_out(hasty, lane, tried)
                if tried >= tries:
                    raise
            except Unavailable:
                tried += 1
                if tried >= tries:
                    raise
                await asyncio.sleep(max(backoff_s(tried, longest_s=5.0), self.breaker_wait_s()))
            else:
                self.heard()
                return answer

    def heard(self) -> None:
        """The platform has answered with this account's keys: what it refused before was a hiccup."""
        self._refused = 0

    def wait_out(self, hasty: RateLimited, lane: str, attempt: int = 1) -> None:
        """Keep a lane still for as long as the platform said, or a moment where it said nothing."""
        said = hasty.params.get("retry_after_s")
        seconds = float(said) if said is not None else backoff_s(attempt, first_s=0.3, longest_s=5.0)
        self.transport.lane(lane).pause(min(seconds, 3600.0))

    def breaker_wait_s(self) -> float:
        return self.transport.breaker.wait_s(time.monotonic())

    async def renew(self, stale: str) -> None:
        """Get the account a token other than `stale`. Raises: NeedsReconnect, Unavailable."""
        async with self._renewing:
            if self.secrets.access_token and self.secrets.access_token != stale:
                return
            if not self.can(Authorises):
                await self._ask_again()
                return
            self._adopt(await renew(self.channel_id, stale, self._ask))
            log.info("tokens_renewed", channel=self.code)

    async def _ask_again(self) -> None:
        """Keys that a merchant made cannot be renewed. Refused time after time they are no longer good.

        Raises: NeedsReconnect.
        """
        self._refused += 1
        if self._refused >= _BELIEVED:
            raise NeedsReconnect(remote=self.code, remote_code="no_refresh", remote_message="the key is refused")
        await asyncio.sleep(backoff_s(self._refused, first_s=0.2, longest_s=3.0))

    async def _ask(self, secrets: Secrets) -> Tokens:
        connector: Any = self.plug.factory(account_of(self._row, secrets), self.transport)
        tried = refused = 0
        while True:
            try:
                tokens: Tokens = await connector.refresh(now=now())
            except NeedsReconnect:
                # To ask the merchant to sign in again for a platform's hiccup would be worse than to ask it again.
                refused += 1
                if refused >= _BELIEVED:
                    raise
            except Unavailable:
                tried += 1
                if tried >= 5:
                    raise
            else:
                return tokens
            await asyncio.sleep(max(backoff_s(tried + refused, first_s=0.2, longest_s=3.0), self.breaker_wait_s()))

    async def keep_fresh(self) -> None:
        """Renew tokens ahead of their end, while the old ones are still good. Runs until cancelled."""
        while True:
            wait = 30.0 if self.renew_at is None else max(0.0, min(30.0, self.renew_at - time.monotonic()))
            await asyncio.sleep(wait)
            if self.renew_at is not None and time.monotonic() >= self.renew_at and self.secrets.refresh_token:
                self.renew_at = time.monotonic() + 30.0
                await self.renew(self.secrets.access_token)


def _limits(own: Any, overrides: Any, part: float) -> dict[str, RateLimit]:
    limits = {lane: RateLimit(limit.per_second * part, max(1, int(limit.burst * part))) for lane, limit in own.items()}
    for lane, limit in overrides.items():
        limits[lane] = RateLimit(float(limit["per_second"]) * part, max(1, int(float(limit["burst"]) * part)))
    return limits
