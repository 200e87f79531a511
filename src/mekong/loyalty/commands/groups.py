"""Customer groups of members, set by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.loyalty import ledger
from mekong.loyalty.commands import checking
from mekong.loyalty.contracts import MemberView
from mekong.loyalty.queries.members import find_member, view


@command
def set_groups(*, actor: Actor, member_id: UUID, groups: Iterable[str], now: datetime) -> MemberView:
    """Put a member into these customer groups and no others. Safe to repeat.

    A group is a code such as `dai-ly` that price lists and offers name; who is in it decides what they pay, so it takes the
    right to set rules, not the one to enrol.

    Raises: MayNot, MemberNotFound, MemberClosed, MemberInvalid naming the field.
    """
    actor.require("loyalty.manage")
    wanted = checking.groups(groups)
    member = ledger.lock_member(find_member(member_id), now)
    if member.groups != wanted:
        member.groups = wanted
        member.save(update_fields=["groups"])
    return view(member, now)
