"""Gift cards for tests, and many acts at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from django.db import connection

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError
from mekong.pricing import commands, queries
from mekong.pricing.commands.card_use import pass_of
from mekong.pricing.contracts.cards import CardHoldView, CardView, CardWanted, IssuedCard
from tests.support.people import NOON


def some_cards(count: int = 1, value: int = 500_000, *, is_active: bool = True, **more: Any) -> list[IssuedCard]:
    made = commands.issue_cards(
        actor=SYSTEM, name="Tết 2027", value_minor=value, count=count, is_active=is_active, now=NOON, **more
    )
    return list(made.cards)


def a_card(value: int = 500_000, **more: Any) -> IssuedCard:
    return some_cards(1, value, **more)[0]


def seen(card: UUID, now: Any = NOON) -> CardView:
    return queries.get_card(actor=SYSTEM, card_id=card, now=now)


def wanting(card: UUID, amount: int, *, is_partial: bool = False, now: Any = NOON) -> CardWanted:
    """An amount of a card whose code was just checked."""
    return CardWanted(pass_of(card, now), amount, is_partial)


def held(card: UUID, amount: int, reference: str = "cart-1", *, ttl_s: int = 600, now: Any = NOON) -> CardHoldView:
    wanted = [wanting(card, amount, now=now)]
    return commands.hold_cards(actor=SYSTEM, wanted=wanted, reference=reference, ttl_s=ttl_s, now=now)[0]


def used(card: UUID, amount: int, order: str = "DH-1", *, now: Any = NOON) -> CardHoldView:
    hold = held(card, amount, f"cart of {order}", now=now)
    return commands.claim_card_holds(actor=SYSTEM, hold_ids=[hold.id], used_by=order, now=now)[0]


def kinds(card: UUID) -> list[str]:
    """Of a card's ledger, oldest first."""
    return [each.kind for each in reversed(queries.list_card_entries(actor=SYSTEM, card_id=card, limit=200).items)]


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each act answers, or the refusal it raises, all begun at one moment on threads of their own."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            gate.wait(30)
            return act()
        except MekongError as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
