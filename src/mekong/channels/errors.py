"""What the channels module refuses. Templates name the remedy."""

from __future__ import annotations

from mekong.foundation.errors import Conflict, Invalid, NotFound


class ChannelNotFound(NotFound):
    code = "channels.channel_not_found"
    template = "Channel {key} does not exist. Check the code under Channels."


class ChannelTaken(Conflict):
    code = "channels.channel_taken"
    template = "Channel code {code} is already used. Choose another code."


class ChannelInvalid(Invalid):
    code = "channels.channel_invalid"


class KindUnknown(Invalid):
    code = "channels.kind_unknown"
    template = "{field}: there is no connector “{kind}”. Use one of: {known}."


class NotConnected(Conflict):
    code = "channels.not_connected"
    template = "Channel {channel} is not connected yet. Enter its keys and connect it first."


class CannotDo(Conflict):
    """`capability`: what the connector lacks, by the socket's name."""

    code = "channels.cannot_do"
    template = "Channel {channel} cannot do this: its platform offers no “{capability}”."


class StateInvalid(Invalid):
    code = "channels.state_invalid"
    template = "This connection link was used already or has expired. Start the connection again."


class ListingNotFound(NotFound):
    code = "channels.listing_not_found"
    template = "Listing {key} does not exist on channel {channel}. Pull the channel's listings first."


class NotMatched(Conflict):
    code = "channels.not_matched"
    template = "Listing {key} is not matched to a SKU. Match it first."


class NotListed(NotFound):
    code = "channels.not_listed"
    template = "This SKU is not listed on {channel}. List it there, or match its listing first."


class PricesNotSent(Conflict):
    code = "channels.prices_not_sent"
    template = "Prices are not sent to {channel}. Switch on “Send prices” on the channel’s page first."


class OwnPriceMoved(Conflict):
    """`current`: the own price by now; None: the catalogue's price is shown."""

    code = "channels.own_price_moved"
    template = "Somebody changed this price in the meantime. Look at the new one, then type it again if need be."


class NoTestBuyer(Conflict):
    code = "channels.no_test_buyer"
    template = "Channel {channel} has no test buyer. Only sandboxes have one."


class OrderIntentInvalid(Invalid):
    code = "channels.intent_invalid"


class ReturnNotFound(NotFound):
    code = "channels.return_not_found"
    template = "Return {key} does not exist, or is not one you may see."


class ReturnAnswered(Conflict):
    """Here or on the platform; or nobody waits for an answer any more. `state`: where it stands there."""

    code = "channels.return_answered"
    template = "Return {number} no longer waits for an answer: on {platform} it is {state}. Load the page again."


class ReturnBeingAnswered(Conflict):
    code = "channels.return_being_answered"
    template = "Return {number} is being answered by somebody else. Wait a moment and load the page again."


class LostDigits(Invalid):
    code = "channels.lost_digits"
    template = "{field}: “{value}” was saved as a number and lost its last digits. Use the file as it was downloaded."


class StatusUnknown(Invalid):
    code = "channels.status_unknown"
    template = "{field}: the status “{status}” is not known yet. Say what it means."


class ColumnUnknown(Invalid):
    code = "channels.column_unknown"
    template = "{field}: the file has no column “{header}”. Choose one of its columns."


class IncidentNotFound(NotFound):
    code = "channels.incident_not_found"
    template = "Incident {key} does not exist on channel {channel}. Open the channel’s page and choose one there."


class AuditUnderWay(Conflict):
    code = "channels.audit_under_way"
    template = "Channel {channel} is being read back already. Wait for it to end, then look at what it found."


class AuditRunNotFound(NotFound):
    code = "channels.audit_not_found"
    template = "Channel {channel} has no reading back with the number {key}. Choose one on the channel’s page."


class CategoryNotRead(Conflict):
    code = "channels.categories_not_read"
    template = "The categories of {channel} are not known yet. Read them first."


class PublicationNotFound(NotFound):
    code = "channels.publication_not_found"
    template = "This product is not published on {channel} from here. Publish it first."


class ListedByHand(Conflict):
    """What a publication ran into; nothing was changed there."""

    code = "channels.listed_by_hand"
    template = "Somebody listed this product there already (number {item_id}). Send it again to put the catalogue's words there."


class NothingToRepair(Conflict):
    """What differs is as people said: see the reason beside it."""

    code = "channels.nothing_to_repair"
    template = "This difference on {channel} is as somebody set it. Change that setting to have it sent."


class ShownPriceMoved(Conflict):
    code = "channels.shown_price_moved"
    template = "{channel} shows another price by now. Load the page again and look before taking it over."
