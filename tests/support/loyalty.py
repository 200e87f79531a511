"""Members and programmes of the test shop."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from mekong.foundation.actor import SYSTEM
from mekong.loyalty import checks, commands
from mekong.loyalty.contracts import BurnRuleView, Earned, EarnRuleView, HeldPoints, MemberView, TierView
from mekong.loyalty.models import Entry
from tests.support.people import NOON

START = date(2020, 1, 1)

TIERS = (
    TierView("member", "Thành viên", 0, 0),
    TierView("silver", "Bạc", 1, 1_000_000, 15_000, "silver", 12),
    TierView("gold", "Vàng", 2, 5_000_000, 20_000, "gold", 12),
)


def a_programme(
    *, tiers: tuple[TierView, ...] = TIERS, validity_months: int | None = 12, basis: str = "spend", **options: Any
) -> None:
    """1 point for 10,000 đ everywhere, 1 point pays 100 đ of up to a whole order; three tiers by a year's spend."""
    commands.set_tiers(
        actor=SYSTEM, tiers=tiers, basis=basis, window_months=12, downgrade=options.get("downgrade", "one")
    )
    commands.set_earn_rules(actor=SYSTEM, rules_of=[EarnRuleView("", 10_000, 1, START, None, validity_months)])
    commands.set_burn_rules(actor=SYSTEM, rules_of=[BurnRuleView("", 100, START)])


def a_member(phone: str = "0903 123 456", name: str = "Nguyễn Thị Lan", now: datetime = NOON) -> MemberView:
    """Somebody who joined at the till."""
    joined = commands.join_member(
        actor=SYSTEM, phone=phone, name=name, has_consented=True, channel="store", place="Quầy 1", now=now
    )
    return joined.member


def earn(member: MemberView | UUID, reference: str, amount_minor: int, now: datetime = NOON, **options: Any) -> Earned:
    """Points for a document of so many đồng."""
    return commands.earn_for(
        actor=SYSTEM, member_id=member if isinstance(member, UUID) else member.id, reference=reference,
        channel=options.pop("channel", "store"), amount_minor=amount_minor, currency="VND", now=now, **options,
    )  # fmt: skip


def hold(member: MemberView | UUID, points: int, reference: str, now: datetime = NOON, **options: Any) -> HeldPoints:
    """Points set aside for a document that is large enough."""
    return commands.hold_points(
        actor=SYSTEM, member_id=member if isinstance(member, UUID) else member.id, points=points, reference=reference,
        channel=options.pop("channel", "store"), order_minor=options.pop("order_minor", 10**9), currency="VND", now=now,
        **options,
    )  # fmt: skip


def spend(member: MemberView | UUID, points: int, reference: str, now: datetime = NOON) -> HeldPoints:
    """Points spent on a document."""
    held = hold(member, points, f"basket-{reference}", now)
    return commands.claim_hold(actor=SYSTEM, hold_id=held.id, reference=reference, now=now)


def kinds(member: MemberView) -> list[tuple[str, int]]:
    """The ledger of a member's account, oldest first: what happened, and the points."""
    rows = Entry.objects.filter(account__uid=member.account_id).order_by("pk")
    return list(rows.values_list("kind", "points"))


def assert_points_sound() -> None:
    """The doctor finds nothing."""
    found = checks.points_add_up(datetime.now(UTC))
    assert found.ok, found.found


def furnish_members(now: datetime) -> dict[str, UUID]:
    """A programme and members: one with everything on her page, her child who shares the account, one who just joined.

    Their ids, by who they are.
    """
    commands.start_programme(actor=SYSTEM, now=now - timedelta(days=400))
    lan = a_member("0903 123 456", "Nguyễn Thị Lan", now - timedelta(days=390))
    twin = a_member("0905 123 456", "Lan Nguyễn", now - timedelta(days=200))
    child = a_member("0912 345 678", "Trần Minh Khôi", now - timedelta(days=30))
    fresh = a_member("0987 654 321", "Đỗ Văn Đạt", now)
    earn(lan, "HD-0001", 18_400_000, now - timedelta(days=300))
    earn(twin, "HD-0002", 2_350_000, now - timedelta(days=190))
    spend(lan, 200, "DH-0003", now - timedelta(days=100))
    commands.take_back_for(
        actor=SYSTEM, reference="HD-0002", part="TH-0001", part_minor=350_000, now=now - timedelta(days=90)
    )
    commands.merge_members(actor=SYSTEM, survivor_id=lan.id, merged_id=twin.id, now=now - timedelta(days=80))
    commands.open_shared_account(actor=SYSTEM, owner_id=lan.id, kind="family", name="Nhà Lan", now=now)
    commands.share_account(actor=SYSTEM, owner_id=lan.id, member_id=child.id, monthly_limit=300, now=now)
    commands.adjust_points(actor=SYSTEM, member_id=lan.id, points=120, note="Xin lỗi vì giao chậm", now=now)
    hold(lan, 50, "GIO-1", now)
    return {"lan": lan.id, "twin": twin.id, "child": child.id, "fresh": fresh.id}
