"""The demo's prices and offers, and its members: what makes one price everywhere worth looking at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.loyalty import commands as loyalty
from mekong.loyalty.contracts import Birthday
from mekong.pricing import commands, queries
from mekong.pricing.contracts.games import GameSetup, NewPrize
from mekong.pricing.contracts.lists import EntryLine, ListDraft, PromotionDraft

SHARED_CODE = "CAMON50"
DEALER = "Lương Gia Bảo"
_SINCE = timedelta(days=6)
"""How long the offers have run: not in the weeks before, with which they are compared."""


@dataclass(frozen=True)
class Regular:
    """Somebody who comes again. `days`: how long ago they joined."""

    phone: str
    name: str
    channel: str
    days: int
    born: tuple[int, int] | None = None


REGULARS = (
    Regular("0903112233", "Nguyễn Thuỳ Dương", "web", 210, (14, 2)),
    Regular("0912345678", "Hoàng Minh Đức", "web", 180),
    Regular("0905667788", "Đặng Thu Trang", "store", 170, (30, 11)),
    Regular("0987654321", "Bùi Thị Kim Oanh", "phone", 150, (8, 3)),
    Regular("0909555666", "Vương Hồng Nhung", "web", 140),
    Regular("0932998877", "Lý Mỹ Linh", "store", 120, (22, 12)),
    Regular("0968776655", "Mai Anh Thư", "web", 90, (1, 6)),
    Regular("0916223344", "Phan Văn Hải", "store", 75),
    Regular("0978112211", "Lương Gia Bảo", "store", 60, (17, 9)),
    Regular("0936454545", "Tô Ngọc Diệp", "store", 45),
)


@command
def open_offers(*, actor: Actor, now: datetime) -> bool:
    """Price lists, offers, vouchers, gift cards and a game; in one transaction, and only where there are none."""
    if queries.list_price_lists(actor=actor):
        return False
    commands.set_policy(actor=actor, guard_bp=1000, limits={"cashier": 500, "manager": 3000}, now=now)
    _price_lists(actor, now)
    _promotions(actor, now)
    commands.issue_cards(
        actor=actor, name="Quà Tết 2027", value_minor=500_000, count=12, is_active=True,
        expires_at=now + timedelta(days=365), buyer="Công ty An Bình", now=now,
    )  # fmt: skip
    _game(actor, now)
    return True


@command
def enrol(*, actor: Actor, now: datetime) -> int:
    """The membership programme, and its first members; how many are new."""
    loyalty.start_programme(actor=actor, now=now - timedelta(days=365))
    joined = [
        loyalty.join_member(
            actor=actor, phone=each.phone, name=each.name, has_consented=True, channel=each.channel,
            birthday=Birthday(*each.born) if each.born else None, now=now - timedelta(days=each.days),
        )
        for each in REGULARS
    ]  # fmt: skip
    for each in joined:
        if each.is_new and each.member.name == DEALER:
            loyalty.set_groups(actor=actor, member_id=each.member.id, groups=["dai-ly"], now=now)
    return sum(each.is_new for each in joined)


def _price_lists(actor: Actor, now: datetime) -> None:
    wholesale = ListDraft("SI", "Giá sỉ cho đại lý", priority=10, audience={"groups": ["dai-ly"]})
    made = commands.save_price_list(actor=actor, draft=wholesale, now=now)
    lines = [
        EntryLine("GOM-11-NAU", 36_000), EntryLine("GOM-11-NAU", 33_000, 24), EntryLine("GOM-04", 52_000, 12),
        EntryLine("TRA-03-100G", 200_000), EntryLine("TRA-03-100G", 185_000, 10), EntryLine("NHA-10", 20_000, 12),
    ]  # fmt: skip
    commands.set_entries(actor=actor, list_id=made.id, lines=lines, now=now)
    sale = ListDraft(
        "CUOI-NAM", "Giá khuyến mãi cuối năm", priority=5, is_sale=True, starts_at=now - _SINCE,
        ends_at=now + timedelta(days=24),
    )  # fmt: skip
    made = commands.save_price_list(actor=actor, draft=sale, now=now)
    lines = [
        EntryLine("GOM-12-HONG", 99_000), EntryLine("GOM-12-TRANG", 99_000), EntryLine("GOM-12-XANH", 99_000),
        EntryLine("THO-05-SA", 39_000), EntryLine("TRA-05", 79_000), EntryLine("NHA-09", 79_000),
    ]  # fmt: skip
    commands.set_entries(actor=actor, list_id=made.id, lines=lines, now=now)


def _promotions(actor: Actor, now: datetime) -> None:
    tea = queries.keys_of_goods({"categories": ["tra"]})
    scents = queries.keys_of_goods({"categories": ["thom"]})
    since, until = now - _SINCE, now + timedelta(days=24)
    running = (
        PromotionDraft(
            "TRA10", "Tuần lễ trà Việt: giảm 10%", {"kind": "percent_off", "off_bp": 1000}, goods=tea,
            starts_at=since, ends_at=until, budget_minor=20_000_000,
        ),
        PromotionDraft(
            "THOM3", "Nến và xà phòng: món thứ ba nửa giá",
            {"kind": "nth_item", "group": 3, "last": 1, "off_bp": 5000}, goods=scents, starts_at=since, ends_at=until,
        ),
        PromotionDraft(
            "CAMON", "Cảm ơn khách quen: 50.000 đ cho đơn từ 500.000 đ",
            {"kind": "basket_amount", "off_minor": 50_000}, needs_code=True, least_minor=500_000, layer=2,
            most_uses=1000, most_per_person=1, starts_at=since, ends_at=until,
        ),
        PromotionDraft(
            "SINHNHAT", "Tuần sinh nhật: giảm 8% cả đơn", {"kind": "basket_percent", "off_bp": 800},
            audience={"birthday_days": 7}, layer=2, most_per_person=1, starts_at=since,
        ),
        PromotionDraft(
            "DIEM2", "Thành viên Vàng: nhân đôi điểm", {"kind": "points_times", "times_bp": 20_000},
            audience={"tiers": ["gold", "diamond"]}, layer=3, starts_at=since,
        ),
    )  # fmt: skip
    for draft in running:
        made = commands.save_promotion(actor=actor, draft=draft, now=now)
        commands.turn_promotion(actor=actor, promotion_id=made.id, state="active", now=now)
        if draft.needs_code:
            commands.share_code(actor=actor, promotion_id=made.id, code=SHARED_CODE, now=now)
            commands.make_vouchers(
                actor=actor, promotion_id=made.id, count=50, name="Thư tay gửi khách tháng 11", now=now
            )
    coming = PromotionDraft(
        "TET", "Tết: mua hai tặng một quà trà", {"kind": "nth_item", "group": 3, "last": 1, "off_bp": 10_000}, goods=tea,
        starts_at=now + timedelta(days=60), ends_at=now + timedelta(days=90),
    )  # fmt: skip
    commands.save_promotion(actor=actor, draft=coming, now=now)


def _game(actor: Actor, now: datetime) -> None:
    prizes = (
        NewPrize("Chúc may mắn lần sau", "none", 60, colour="#5d6b68"),
        NewPrize("50 điểm", "points", 28, points=50, stock=200, cost_minor=5_000),
        NewPrize("Phiếu 50.000 đ", "voucher", 9, promotion_code="CAMON", stock=40, daily_cap=5, cost_minor=50_000,
                 colour="#b4532a"),
        NewPrize("500 điểm", "points", 3, points=500, stock=5, cost_minor=50_000, colour="#3d4a94"),
    )  # fmt: skip
    setup = GameSetup(
        name="Vòng quay cuối năm", slug="quay-cuoi-nam", kind="spin", starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=30), prizes=prizes, budget_minor=4_000_000,
    )  # fmt: skip
    made = commands.create_game(actor=actor, setup=setup, now=now)
    commands.start_game(actor=actor, game_id=made.id, now=now)
