"""Members and programmes of the test shop."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from mekong.foundation.actor import SYSTEM
from mekong.loyalty import checks, commands
from mekong.loyalty.contracts import BurnRuleView, Earned, EarnRuleView, HeldPoints, MemberView, TierView
from mekong.loyalty.models import Entry
from tests.support.people import NOON

START = date(2026, 1, 1)

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
        actor=SYSTEM, phone=phone, name=name, has_consented=True, channel="pos", place="Quầy 1", now=now
    )
    return joined.member


def earn(member: MemberView | UUID, reference: str, amount_minor: int, now: datetime = NOON, **options: Any) -> Earned:
    """Points for a document of so many đồng."""
    return commands.earn_for(
        actor=SYSTEM, member_id=member if isinstance(member, UUID) else member.id, reference=reference,
        channel=options.pop("channel", "pos"), amount_minor=amount_minor, currency="VND", now=now, **options,
    )  # fmt: skip


def hold(member: MemberView | UUID, points: int, reference: str, now: datetime = NOON, **options: Any) -> HeldPoints:
    """Points set aside for a document that is large enough."""
    return commands.hold_points(
        actor=SYSTEM, member_id=member if isinstance(member, UUID) else member.id, points=points, reference=reference,
        channel=options.pop("channel", "pos"), order_minor=options.pop("order_minor", 10**9), currency="VND", now=now,
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
