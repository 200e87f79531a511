"""What everybody hears when prices move."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db import transaction

from mekong.foundation.actor import Actor
from mekong.foundation.events import emit
from mekong.pricing.events import PricesMoved
from mekong.pricing.shelf import shelf


def tell(actor: Actor, kind: Literal["list", "promotion", "policy"], code: str, now: datetime) -> None:
    """Publish the fact in this transaction; this process looks again once it is done, others hear of it then."""
    emit(actor, PricesMoved(kind, code), key="pricing", now=now)
    transaction.on_commit(shelf.forget)
