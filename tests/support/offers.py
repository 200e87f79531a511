"""Promotions, lists and vouchers in the database, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mekong.foundation.actor import SYSTEM
from mekong.pricing import commands as pricing
from mekong.pricing.contracts.lists import EntryLine, ListDraft, ListView, PromotionDraft, PromotionView
from mekong.pricing.contracts.redeeming import Take, Want
from tests.support.baskets import NOON

TEN_PERCENT = {"kind": "basket_percent", "off_bp": 1000}


def a_promotion(
    code: str = "KM10", effect: Mapping[str, Any] | None = None, *, state: str = "active", **more: Any
) -> PromotionView:
    """Ten percent off the basket, unless said otherwise."""
    draft = PromotionDraft(code=code, name=more.pop("name", f"Ưu đãi {code}"), effect=effect or TEN_PERCENT, **more)
    made = pricing.save_promotion(actor=SYSTEM, draft=draft, now=NOON)
    if state == "draft":
        return made
    return pricing.turn_promotion(actor=SYSTEM, promotion_id=made.id, state=state, now=NOON)


def a_list(code: str = "SI", prices: Mapping[str, int] | None = None, **more: Any) -> ListView:
    made = pricing.save_price_list(
        actor=SYSTEM, draft=ListDraft(code=code, name=more.pop("name", f"Bảng {code}"), **more), now=NOON
    )
    lines = [EntryLine(sku, amount) for sku, amount in (prices or {}).items()]
    pricing.set_entries(actor=SYSTEM, list_id=made.id, lines=lines, now=NOON)
    return made


def a_take(reference: str, *wants: tuple[int, int, int] | tuple[int, int], person: str = "", **more: Any) -> Take:
    """`wants`: (promotion, benefit) or (promotion, voucher, benefit)."""
    made = tuple(Want(want[0], want[1] if len(want) == 3 else 0, want[-1]) for want in wants)
    return Take(reference, person, made, more.pop("now", NOON), **more)
