"""Returns that buyers ask a platform for, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mekong.channels import commands, registry, remote
from mekong.channels.calling import calls
from mekong.channels.models import Channel, ChannelReturn
from mekong.channels.socket import RemoteState, Secrets
from mekong.channels.sync.booking import book
from mekong.foundation import ids
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.models import OutboxEvent
from mekong.orders.models import SalesOrder
from tests.support.bazaar import Platform, plug
from tests.support.marketplaces import a_catalogue


def a_platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform with a shop of ours: the channel bz."""
    calls.forget()
    platform = Platform()
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": plug(platform)})
    a_catalogue(["AO-1", "AO-2"], 10)
    for sku in ("AO-1", "AO-2"):
        platform.list_sku(sku)
    commands.create_channel(actor=SYSTEM, code="bz", name="Bazaar", kind="bazaar", shop_id="1", now=now())
    commands.connect(actor=SYSTEM, code="bz", secrets=Secrets("k", "s", "t", "r"), now=now())
    remote.pull_listings(actor=SYSTEM, channel="bz")
    return platform


def now() -> datetime:
    return datetime.now(UTC)


def sold(platform: Platform, *lines: tuple[str, int], state: RemoteState = RemoteState.DELIVERED) -> str:
    """An order that the buyer has got, as the platform tells it: its number there."""
    bought = platform.buy(*(lines or (("AO-1", 2),)))
    if state is not RemoteState.PLACED:
        platform.move(bought, state)
    follow(platform, bought)
    return bought


def follow(platform: Platform, order: str) -> None:
    channel = Channel.objects.get(code="bz")
    report = book(channel_id=channel.id, channel="bz", orders_=[platform.orders[order]], now=now())
    assert not report.parked


def keep(platform: Platform, *numbers: str) -> Any:
    said = [platform.returns[each] for each in numbers or platform.returns]
    return commands.keep_returns(actor=SYSTEM, channel="bz", returns=said, now=now())


def asked(platform: Platform, order: str = "", **changes: Any) -> str:
    """A return that a buyer asks for, kept: our id of it."""
    number = platform.ask_back(order or sold(platform), **changes)
    keep(platform, number)
    return id_of(number)


def id_of(number: str) -> str:
    return ids.public("ret", ChannelReturn.objects.get(external_id=number).uid)


def row() -> ChannelReturn:
    return ChannelReturn.objects.get()


def state_of(order: str) -> str:
    return SalesOrder.objects.get(external_id=order).state


def events(name: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.filter(name=name).order_by("id").values_list("payload", flat=True))


def answer(return_id: str, accept: bool, reason: str = "", actor: Actor = SYSTEM) -> Any:
    return remote.answer_return(actor=actor, return_id=return_id, accept=accept, reason=reason)
