"""Writes of membership."""

from mekong.loyalty.commands.accounts import (
    leave_account,
    open_shared_account,
    set_account_owner,
    set_monthly_limit,
    share_account,
)
from mekong.loyalty.commands.adjusting import adjust_points, expire_points, give_points
from mekong.loyalty.commands.earning import earn_for, take_back_for
from mekong.loyalty.commands.groups import set_groups
from mekong.loyalty.commands.holds import claim_hold, give_back_for, hold_points, release_hold
from mekong.loyalty.commands.joining import count_join
from mekong.loyalty.commands.members import change_card, close_member, join_member, update_member
from mekong.loyalty.commands.merging import merge_members, undo_merge
from mekong.loyalty.commands.programme import set_burn_rules, set_earn_rules, set_tiers, start_programme
from mekong.loyalty.commands.tiers import review_tiers

__all__ = [
    "adjust_points",
    "change_card",
    "claim_hold",
    "close_member",
    "count_join",
    "earn_for",
    "expire_points",
    "give_back_for",
    "give_points",
    "hold_points",
    "join_member",
    "leave_account",
    "merge_members",
    "open_shared_account",
    "release_hold",
    "review_tiers",
    "set_account_owner",
    "set_burn_rules",
    "set_earn_rules",
    "set_groups",
    "set_monthly_limit",
    "set_tiers",
    "share_account",
    "start_programme",
    "take_back_for",
    "undo_merge",
    "update_member",
]
