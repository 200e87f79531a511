from mekong.foundation.errors import Conflict, Forbidden, Invalid, NotFound


class OrderNotFound(NotFound):
    code = "orders.order_not_found"
    template = "Order {key} does not exist, or is not one you may see."


class IllegalStep(Conflict):
    code = "orders.illegal_step"
    template = "Order {number} is {state} and cannot become {wanted}."


class AlreadyShipped(Conflict):
    """The parcel has left; a return is the way back."""

    code = "orders.already_shipped"
    template = "Order {number} has shipped and can no longer be cancelled. Take the goods back as a return."


class OnHold(Conflict):
    code = "orders.on_hold"
    template = "Order {number} is held back: {issues}. Mend this first."


class EmptyOrder(Invalid):
    code = "orders.empty"
    template = "{field}: an order needs at least one line."


class BadLine(Invalid):
    code = "orders.bad_line"


class UnknownSku(Invalid):
    code = "orders.unknown_sku"
    template = "{field}: SKU {sku} does not exist or is not for sale. Check it in the catalogue."


class UnknownChannel(Invalid):
    code = "orders.unknown_channel"
    template = "{field}: there is no open channel {channel}. Use one of: {known}."


class BadPhone(Invalid):
    code = "orders.bad_phone"
    template = "{field}: {phone} is not a phone number. Send it like 0901 234 567 or +84901234567."


class ReservationDiffers(Conflict):
    """The reservation stays as it is."""

    code = "orders.reservation_differs"
    template = "{field}: the reservation holds other goods than the order. Reserve what it lists, or leave it out."


class TooManyReturned(Conflict):
    code = "orders.too_many_returned"
    template = "Line {line} of order {number}: {wanted} returned, but only {possible} can be."


class LineMatched(Conflict):
    code = "orders.line_matched"
    template = "Line {line} of order {number} is matched already."


class PackedAlready(Conflict):
    """What is in a parcel is not moved to another order."""

    code = "orders.packed_already"
    template = "Order {number} is {state}. Orders are split and merged before they are packed."


class HasLeft(Conflict):
    code = "orders.has_left"
    template = "Order {number} is {state} and can no longer be changed. This is possible until it leaves."


class PartlyPaid(Conflict):
    """How much was paid stands with the payment, not with the order, so a share of it cannot be told here."""

    code = "orders.partly_paid"
    template = "Order {number} is partly paid or refunded, so its money cannot be divided. Settle the payment first."


class PlatformKeepsWhole(Conflict):
    """The platform takes one waybill for the order and hears of it as a whole: a part of ours would be nobody's there."""

    code = "orders.platform_keeps_whole"
    template = (
        "{platform} takes order {number} whole, with one waybill. Change it on {platform}, or wait for the goods."
    )


class PlatformKeepsApart(Conflict):
    """Each order of a platform has its own waybill, deadline and payout: goods sent in another's parcel count as unsent."""

    code = "orders.platform_keeps_apart"
    template = (
        "{platform} gives order {number} a waybill of its own, so it is not merged. Pack the orders together instead."
    )


class NotAlike(Conflict):
    code = "orders.not_alike"
    template = "Orders {number} and {other} stay apart: {problem}"


class NothingToJoin(Invalid):
    code = "orders.nothing_to_join"
    template = "{field}: name at least one other order, and at most {most}."


class StillShort(Conflict):
    """`lines`: [[SKU, units that lack], …]."""

    code = "orders.still_short"
    template = "Order {number} still lacks {missing}. Receive or move goods, split the order, or cancel it."


class NeedsMatching(Conflict):
    code = "orders.needs_matching"
    template = "A line of order {number} is no SKU yet. Say which SKU it is; its goods are then held."


class NoAnswerLimit(Conflict):
    code = "orders.no_answer_limit"
    template = "Order {number}: nobody answered {tries} calls. Cancel it, or set a time to call back."


class BadHold(Invalid):
    code = "orders.bad_hold"


class BadAddress(Invalid):
    code = "orders.bad_address"


class BadTag(Invalid):
    code = "orders.bad_tag"


class BadFilter(Invalid):
    code = "orders.bad_filter"


class FilterNotFound(NotFound):
    code = "orders.filter_not_found"
    template = "This filter does not exist any more, or is not shared with you."


class FilterOfAnother(Forbidden):
    code = "orders.filter_of_another"
    template = "The filter “{name}” is somebody else's. Save one of your own like it, or ask them."


class FilterTaken(Conflict):
    code = "orders.filter_taken"
    template = "{field}: there is a filter “{name}” already. Give this one another name."


class TooManyFilters(Conflict):
    code = "orders.too_many_filters"
    template = "There are {most} saved filters already. Delete one first."


class BadPaper(Invalid):
    code = "orders.bad_paper"


class PaidWithTenders(Conflict):
    code = "orders.paid_with_tenders"
    template = "Order {number} was paid with points or gift cards and stays whole. Cancel it and place it anew."


class UnknownGiftCard(Invalid):
    code = "orders.unknown_gift_card"
    template = "{field}: nobody has this gift card. Look at its code again."


class PriceMoved(Conflict):
    """`total`, `expected`: minor units. Nothing was changed."""

    code = "orders.price_moved"
    template = "{field}: the total is {total} now, not {expected}. Show it to the buyer, and send it again."
