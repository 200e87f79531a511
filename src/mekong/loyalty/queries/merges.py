"""Merges of memberships."""

from __future__ import annotations

from mekong.loyalty.contracts import MergeView
from mekong.loyalty.models import Merge


def merge_view(row: Merge) -> MergeView:
    return MergeView(
        id=row.uid, survivor_id=row.survivor.uid, survivor_number=row.survivor.number, merged_id=row.merged.uid,
        merged_number=row.merged.number, points=row.moved["points"], actor=row.actor, at=row.at,
        undone_at=row.undone_at,
    )  # fmt: skip
