"""Tables of membership.

The ledger (`Entry` with its `EntryLot`s) is the truth; `Lot.left` and `Account.balance` are its running sums and
`HoldLine` rows are the points that a payment under way has set aside. `mekong doctor` proves all three.
"""

from mekong.loyalty.models.members import (
    Account,
    AccountKind,
    Consent,
    JoinRate,
    Member,
    MemberStatus,
    Merge,
    TierChange,
)
from mekong.loyalty.models.points import (
    Earning,
    Entry,
    EntryKind,
    EntryLot,
    GiveBack,
    Hold,
    HoldLine,
    HoldState,
    Lot,
    TakeBack,
)
from mekong.loyalty.models.programme import BurnRule, EarnRule, Programme, Tier

__all__ = [
    "Account",
    "AccountKind",
    "BurnRule",
    "Consent",
    "EarnRule",
    "Earning",
    "Entry",
    "EntryKind",
    "EntryLot",
    "GiveBack",
    "Hold",
    "HoldLine",
    "HoldState",
    "JoinRate",
    "Lot",
    "Member",
    "MemberStatus",
    "Merge",
    "Programme",
    "TakeBack",
    "Tier",
    "TierChange",
]
