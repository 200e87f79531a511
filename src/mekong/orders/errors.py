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
