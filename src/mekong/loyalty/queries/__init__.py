"""Reads of membership: plain values of `contracts`, never rows."""

from mekong.loyalty.queries.members import count_by_tier, get_card, get_member, list_members, member_by, public_card
from mekong.loyalty.queries.points import get_hold, list_entries, quote_points
from mekong.loyalty.queries.programme import earn_rule, get_programme

__all__ = [
    "count_by_tier",
    "earn_rule",
    "get_card",
    "get_hold",
    "get_member",
    "get_programme",
    "list_entries",
    "list_members",
    "member_by",
    "public_card",
    "quote_points",
]
