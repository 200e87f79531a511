"""What membership refuses. Templates name the remedy."""

from __future__ import annotations

from mekong.foundation.errors import Conflict, Invalid, NotFound, RateLimited


class MemberNotFound(NotFound):
    code = "loyalty.member_not_found"
    template = "There is no member {key}. Look them up by phone, name or card number, or enrol them."


class MemberInvalid(Invalid):
    code = "loyalty.member_invalid"


class ConsentNeeded(Invalid):
    code = "loyalty.consent_needed"
    template = "Nobody joins without saying yes. Ask the person, and tick that they agree."


class TooManyJoins(RateLimited):
    code = "loyalty.too_many_joins"
    template = "Too many tries from here. Wait {retry_after_s} seconds, or join at a till."


class PhoneTaken(Conflict):
    code = "loyalty.phone_taken"
    template = "{number} has this phone number. If both are one person, merge the two."


class MemberMerged(Conflict):
    code = "loyalty.member_merged"
    template = "Membership {number} is part of {into} now. Work with that one."


class MemberClosed(Conflict):
    code = "loyalty.member_closed"
    template = "Membership {number} is closed. Enrol the person anew."


class PointsInvalid(Invalid):
    code = "loyalty.points_invalid"


class NotEnoughPoints(Conflict):
    """`free`: points that are neither spent nor set aside."""

    code = "loyalty.not_enough_points"
    template = "{points} points are asked for, and {free} are free. Take fewer."


class OverMonthlyLimit(Conflict):
    """`left`: points that this member may still spend this month."""

    code = "loyalty.over_monthly_limit"
    template = "This member may spend {limit} points of the shared account a month, and {left} are left. Take fewer."


class NoBurnRule(Conflict):
    code = "loyalty.no_burn_rule"
    template = "Points do not pay on {channel} today. Set a rule under Settings, Membership."


class HoldNotFound(NotFound):
    code = "loyalty.hold_not_found"
    template = "No points are set aside under {key}. Set them aside first."


class HoldEnded(Conflict):
    code = "loyalty.hold_ended"
    template = "These points are no longer set aside. Set them aside anew."


class HoldClaimed(Conflict):
    code = "loyalty.hold_claimed"
    template = "These points have paid for {reference}. Give them back with a return instead."


class ReferenceUsed(Conflict):
    code = "loyalty.reference_used"
    template = "{reference} was booked with other figures. Send what was sent first, or another reference."


class EarningNotFound(NotFound):
    code = "loyalty.earning_not_found"
    template = "Nothing was earned with {key}. Check the reference."


class ProgrammeInvalid(Invalid):
    code = "loyalty.programme_invalid"


class TierInUse(Conflict):
    """`count`: members who have the tier."""

    code = "loyalty.tier_in_use"
    template = "{count} members have the tier {name}. Keep it until they have another."


class AccountInvalid(Invalid):
    code = "loyalty.account_invalid"


class AccountNotFound(NotFound):
    code = "loyalty.account_not_found"
    template = "There is no shared account {key}. Open it on the page of its owner."


class NotShared(Conflict):
    code = "loyalty.not_shared"
    template = "{number} shares no account. Open one first."


class AlreadyShares(Conflict):
    code = "loyalty.already_shares"
    template = "{number} shares an account with others. They leave it first."


class OwnerStays(Conflict):
    code = "loyalty.owner_stays"
    template = "{number} owns the account that others share. Make another member its owner first."


class MergeNotFound(NotFound):
    code = "loyalty.merge_not_found"
    template = "There is no merge {key}. Look it up on the page of the member."


class MergeInvalid(Invalid):
    code = "loyalty.merge_invalid"


class LaterMerge(Conflict):
    code = "loyalty.later_merge"
    template = "{number} was merged into another membership since. Undo that merge first."


class PointsHeld(Conflict):
    code = "loyalty.points_held"
    template = "A payment with these points is under way. Finish it or take it back, then try again."
