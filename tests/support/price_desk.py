"""Price lists, promotions and vouchers of the test shop (`tests.support.shop`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from mekong.foundation.actor import SYSTEM
from mekong.pricing import commands, queries
from mekong.pricing.contracts.lists import EntryLine, ListDraft, PromotionDraft


def furnish_prices(now: datetime) -> None:
    """A wholesale list with a price below the floor, a sale, promotions in every state, and vouchers."""
    commands.set_policy(actor=SYSTEM, guard_bp=1000, limits={"cashier": 500}, now=now)
    wholesale = commands.save_price_list(
        actor=SYSTEM, draft=ListDraft("SI", "Giá sỉ", priority=10, audience={"groups": ["dai-ly"]}), now=now
    )
    lines = [
        EntryLine("TS-TH-100", 380_000), EntryLine("TS-TH-100", 350_000, 10), EntryLine("BG-ML-28", 400_000),
        EntryLine("AC-MR-06", 1_100_000), EntryLine("KL-TT-DO", 480_000),
    ]  # fmt: skip
    commands.set_entries(actor=SYSTEM, list_id=wholesale.id, lines=lines, now=now)
    sale = ListDraft(
        "HE", "Giảm giá cuối tuần", is_sale=True, audience={"channels": ["web"], "weekdays": [5, 6]},
        ends_at=now + timedelta(days=20),
    )  # fmt: skip
    commands.save_price_list(actor=SYSTEM, draft=sale, now=now)
    commands.save_price_list(actor=SYSTEM, draft=ListDraft("CU", "Bảng giá cũ", is_active=False), now=now)
    tea = queries.keys_of_goods({"categories": ["tra"]})
    drafts = (
        ("active", PromotionDraft(
            "TRA10", "Tuần lễ trà sen", {"kind": "percent_off", "off_bp": 1000}, goods=tea,
            ends_at=now + timedelta(days=5), budget_minor=5_000_000, most_per_person=3,
        )),
        ("active", PromotionDraft(
            "VOUCHER50", "Cảm ơn khách quen", {"kind": "basket_amount", "off_minor": 50_000}, needs_code=True,
            least_minor=500_000, layer=2, most_uses=1000,
        )),
        ("paused", PromotionDraft("SHIP0", "Miễn phí giao hàng", {"kind": "delivery_off", "off_bp": 10_000},
                                  least_minor=300_000)),
        ("draft", PromotionDraft(
            "TET", "Mua hai tặng một ngày Tết", {"kind": "nth_item", "group": 3, "last": 1, "off_bp": 10_000}, goods=tea,
            starts_at=now + timedelta(days=60), audience={"minutes": [[1200, 1320]], "channels": ["web"]},
        )),
    )  # fmt: skip
    for state, draft in drafts:
        made = commands.save_promotion(actor=SYSTEM, draft=draft, now=now)
        if state != "draft":
            commands.turn_promotion(actor=SYSTEM, promotion_id=made.id, state="active", now=now)
        if state == "paused":
            commands.turn_promotion(actor=SYSTEM, promotion_id=made.id, state="paused", now=now)
        if draft.needs_code:
            commands.share_code(actor=SYSTEM, promotion_id=made.id, code="CAMON50", now=now)
            commands.make_vouchers(actor=SYSTEM, promotion_id=made.id, count=30, name="Tri ân tháng 11", now=now)
            commands.give_voucher(
                actor=SYSTEM, promotion_code=draft.code, person="+84903123218", reference="sn-2026", now=now
            )
