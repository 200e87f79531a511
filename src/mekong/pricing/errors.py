"""What prices, vouchers, gift cards and games refuse. Templates name the remedy."""

from __future__ import annotations

from mekong.foundation.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited


class CardInvalid(Invalid):
    code = "pricing.card_invalid"


class CodeMistyped(Invalid):
    code = "pricing.code_mistyped"


class CardNotFound(NotFound):
    code = "pricing.card_not_found"
    template = "Gift card {key} does not exist. Look it up under Gift cards by its last four letters."


class CardBatchNotFound(NotFound):
    code = "pricing.card_batch_not_found"
    template = "There is no issue {key} of gift cards. Look it up under Gift cards."


class TooManyTries(RateLimited):
    """`retry_after_s`: until the next code is taken from this caller; `time`: the same as a time of day in Vietnam."""

    code = "pricing.too_many_tries"
    template = "Too many wrong codes. The next one is taken at {time}."


class CardNotUsable(Conflict):
    """`state`: inactive, blocked, expired or used_up."""

    code = "pricing.card_not_usable"
    template = "Gift card …{last4} cannot be used."


class CardNotActivated(CardNotUsable):
    code = "pricing.card_not_activated"
    template = "Gift card …{last4} is not active yet. It is activated when it is sold."


class CardBlocked(CardNotUsable):
    code = "pricing.card_blocked"
    template = "Gift card …{last4} is blocked. Ask whoever issued it."


class CardExpired(CardNotUsable):
    code = "pricing.card_expired"
    template = "Gift card …{last4} has expired. Whoever issues gift cards can extend it."


class CardUsedUp(CardNotUsable):
    code = "pricing.card_used_up"
    template = "Gift card …{last4} is used up."


class CardShort(Conflict):
    """`available_minor`: what is left on it."""

    code = "pricing.card_short"
    template = "Gift card …{last4} has {available} left. Take less from it, and pay the rest another way."


class CardReferenceTaken(Conflict):
    code = "pricing.card_reference_taken"
    template = "“{reference}” was used for another amount of this card. Send a new reference."


class CardHoldNotFound(NotFound):
    code = "pricing.card_hold_not_found"
    template = "There is no hold {key} on a gift card."


class CardHoldOver(Conflict):
    code = "pricing.card_hold_over"
    template = "The amount held on gift card …{last4} was given free. Hold it again."


class CardHoldUsed(Conflict):
    code = "pricing.card_hold_used"
    template = "The amount held on gift card …{last4} was used by {used_by}."


class CodesTaken(Conflict):
    code = "pricing.codes_taken"
    template = "The codes of “{name}” were taken out on {date}. They are given once; print single cards where needed."


class CodesForgotten(Conflict):
    code = "pricing.codes_forgotten"
    template = "The codes of these cards are not kept here any more. Block the card and issue a new one."


class PriceListNotFound(NotFound):
    code = "pricing.price_list_not_found"
    template = "There is no price list {key}. Look it up under Price lists."


class PriceListInvalid(Invalid):
    code = "pricing.price_list_invalid"


class ListCurrencyDiffers(Invalid):
    code = "pricing.list_currency_differs"
    template = "{field}: {sku} is sold in {its}, the list is in {currency}. Put it into a list of that currency."


class PromotionNotFound(NotFound):
    code = "pricing.promotion_not_found"
    template = "There is no promotion {key}. Look it up under Promotions."


class PromotionInvalid(Invalid):
    code = "pricing.promotion_invalid"


class PromotionOver(Conflict):
    """`state`: what it is in."""

    code = "pricing.promotion_over"
    template = "Promotion {key} has ended. Copy it to run it again."


class CodeTaken(Conflict):
    code = "pricing.code_taken"
    template = "The code {key} is taken. Choose another."


class VoucherInvalid(Invalid):
    code = "pricing.voucher_invalid"


class BatchNotFound(NotFound):
    code = "pricing.batch_not_found"
    template = "There is no batch {key} of vouchers. Look it up under Vouchers."


class OfferGone(Conflict):
    """`offer`: its name; `reason`: uses, budget, person, voucher or ended. The basket must be priced again."""

    code = "pricing.offer_gone"
    template = "“{offer}” is no longer to be had. Price the basket again."


class BelowFloor(Conflict):
    """`sku`, `floor`: what it may not be sold below."""

    code = "pricing.below_floor"
    template = "{sku} would be sold below its price floor of {floor}. A manager can allow it."


class HandLimitPassed(Conflict):
    """`most`: percent a person of this role may take off."""

    code = "pricing.hand_limit_passed"
    template = "At most {most} % may be taken off by hand. A manager can allow more."


class CurrencyDiffers(Invalid):
    code = "pricing.currency_differs"
    template = "{sku} is priced in {its}, the basket is in {currency}. Order them apart."


class GameNotFound(NotFound):
    code = "pricing.game_not_found"
    template = "There is no game {key}. Look it up under Games."


class GameInvalid(Invalid):
    code = "pricing.game_invalid"


class GameNotDraft(Conflict):
    code = "pricing.game_not_draft"
    template = "“{name}” has been started: its seed and its prizes stand. Make a new game instead."


class GameNotOpen(Conflict):
    """`starts_at`, `ends_at`: between them it is, unless it was stopped."""

    code = "pricing.game_not_open"
    template = "“{name}” is not open now."


class MembersOnly(Forbidden):
    code = "pricing.members_only"
    template = "“{name}” is for members. Join first, with this phone number."


class PlayedEnough(Conflict):
    """`most`: plays a day."""

    code = "pricing.played_enough"
    template = "You have played {most} times today. Come back tomorrow."


class TooManyPlays(RateLimited):
    code = "pricing.too_many_plays"
    template = "Too many tries at once. Wait {retry_after_s} seconds."
