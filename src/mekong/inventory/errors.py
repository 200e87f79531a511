from mekong.foundation.errors import Conflict, Forbidden, Invalid, NotFound


class LocationNotFound(NotFound):
    code = "inventory.location_not_found"
    template = "Location {key} does not exist. Check the code under Locations."


class LocationTaken(Conflict):
    code = "inventory.location_taken"
    template = "Location code {code} is already used. Choose another code."


class ShortStock(Conflict):
    """`lines`: [{sku, requested, available}] of the lines that fell short."""

    code = "inventory.short_stock"
    template = "Not enough stock: {summary}. Lower the quantity or choose another location."


class HoldNotFound(NotFound):
    code = "inventory.hold_not_found"
    template = "Reservation {key} does not exist or has expired. Reserve again."


class HoldExpired(Conflict):
    code = "inventory.hold_expired"
    template = "The reservation has expired and its goods were given back. Reserve again."


class BadQuantity(Invalid):
    code = "inventory.bad_quantity"
    template = "{field}: {quantity} is not a quantity. Send a whole number {range}."


class LotRequired(Invalid):
    code = "inventory.lot_required"
    template = "{field}: this product is kept by lot. Give the lot and its expiry date."


class ReasonUnknown(Invalid):
    code = "inventory.reason_unknown"
    template = "{field}: “{reason}” is not a reason. Use one of: {known}."


class ControlInvalid(Invalid):
    code = "inventory.control_invalid"


class BundleHasNoStock(Invalid):
    code = "inventory.bundle_has_no_stock"
    template = "{field}: a bundle has no stock of its own. Book its parts instead."


class TransferNotFound(NotFound):
    code = "inventory.transfer_not_found"
    template = "Transfer {key} does not exist."


class NotOnTransfer(Invalid):
    code = "inventory.not_on_transfer"
    template = (
        "{field}: {sku} is not on transfer {code}. Take it off the count; what came instead is named when the"
        " difference is booked."
    )


class TransferMoved(Conflict):
    """`state`: where it stands now."""

    code = "inventory.transfer_moved"
    template = "Transfer {code} has moved on in the meantime. Open it again to see where it stands and what is next."


class NothingOpen(Conflict):
    code = "inventory.nothing_open"
    template = "{field}: nothing of {sku} is open on transfer {code} any more. Open it again to see how it was booked."


class CauseUnknown(Invalid):
    code = "inventory.cause_unknown"
    template = "{field}: “{cause}” is not a cause. Use one of: {known}."


class InsteadNeeded(Invalid):
    code = "inventory.instead_needed"
    template = "{field}: say which other SKU came instead of {sku}."


class NeedsApproval(Forbidden):
    """Above a limit: `units`, `value_minor` of what was asked; nothing was changed."""

    code = "inventory.needs_approval"
    template = "This is above the limit that somebody else has to approve. Ask for approval first."


class OwnRequest(Forbidden):
    code = "inventory.own_request"
    template = "{code} is above the limit: somebody other than who made or asked for it has to approve it."


class AdjustmentNotFound(NotFound):
    code = "inventory.adjustment_not_found"
    template = "Adjustment {key} does not exist."


class AdjustmentDecided(Conflict):
    """`state`: booked, rejected or withdrawn."""

    code = "inventory.adjustment_decided"
    template = "Adjustment {code} was decided in the meantime. Open it again to see how."


class ControlMoved(Conflict):
    """`current`: kind and amount by now; None: no control."""

    code = "inventory.control_moved"
    template = "Somebody changed this limit in the meantime. Look at the new one, then type it again if need be."


class FiguresMoved(Conflict):
    """Stock moved since the approver saw it; nothing was booked."""

    code = "inventory.figures_moved"
    template = "Stock at {location} has moved since this page was opened. Look at the new figures, then decide again."


class CampaignInvalid(Invalid):
    code = "inventory.campaign_invalid"


class CampaignNotFound(NotFound):
    code = "inventory.campaign_not_found"
    template = "Campaign {key} does not exist. Check the code under Stock › Campaigns."


class CampaignOver(Conflict):
    code = "inventory.campaign_over"
    template = "Campaign {key} is over; its units are back in the pool. Plan a new one."


class NothingSetAside(Conflict):
    """`lines`: [{sku, requested, available}], every line of the campaign."""

    code = "inventory.nothing_set_aside"
    template = "Nothing could be set aside: {summary}. Lower the quantities, or receive stock first."
