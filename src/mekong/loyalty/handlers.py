"""What membership hears from below: points that were won in a game."""

from __future__ import annotations

from datetime import UTC, datetime

from mekong.foundation.actor import SYSTEM
from mekong.foundation.events import Heard, subscribe
from mekong.loyalty.commands import give_points
from mekong.loyalty.errors import MemberNotFound
from mekong.loyalty.queries import member_by
from mekong.pricing.events import PrizeWon
from mekong.pricing.queries import player_phone


class Members:
    """Says who is a member, to a game that is for members."""

    def is_member(self, *, phone: str) -> bool:
        try:
            member_by(actor=SYSTEM, key=phone, now=datetime.now(UTC))
        except MemberNotFound:
            return False
        return True


@subscribe(PrizeWon, "loyalty.prizes")
def _give(event: PrizeWon, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    """Points that a member won are theirs. Who is no member has none to keep them on."""
    phone = player_phone(actor=SYSTEM, player_id=event.player_id) if event.kind == "points" else ""
    now = datetime.now(UTC)
    if not phone:
        return
    try:
        member = member_by(actor=SYSTEM, key=phone, now=now)
    except MemberNotFound:
        return
    give_points(
        actor=SYSTEM,
        member_id=member.id,
        points=event.points,
        reference=f"play:{event.play_id}",
        note=event.prize,
        now=now,
    )
