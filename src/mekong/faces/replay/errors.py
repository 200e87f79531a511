"""What can be wrong with a replay."""

from mekong.foundation.errors import Conflict, Invalid


class UnreadableHistory(Invalid):
    """The file cannot be opened. `reason` in the operating system's words."""

    code = "replay.unreadable"
    template = "{file} cannot be read: {reason}. Check its name and the right to read it."


class NotUtf8(UnreadableHistory):
    code = "replay.not_utf8"
    template = "{file}: its text is not UTF-8. Save it as UTF-8 and try again."


class CutShort(UnreadableHistory):
    code = "replay.cut_short"
    template = "{file}: the compressed file ends in the middle. Fetch it again."


class BadRow(UnreadableHistory):
    code = "replay.bad_row"
    template = "{file}: row {row} is no CSV ({reason}). Mend this row."


class ColumnsMissing(UnreadableHistory):
    code = "replay.columns_missing"
    template = "{file}: the first row must name the columns, and has no {columns}."


class NoPlace(Conflict):
    code = "replay.no_place"
    template = "There is no warehouse or store to receive goods at. Open one first."


class UnknownWay(Invalid):
    code = "replay.unknown_way"
    template = "{way} is not a channel here that orders can be placed on. Choose from: {ways}."


class ReplayRunning(Conflict):
    code = "replay.running"
    template = "A replay is under way already. Stop it first, or wait until it has ended."


class WorkerAway(Conflict):
    code = "replay.worker_away"
    template = (
        "Orders of {ways} come in through the worker, and none is running. Start Mekong first (`mekong up --demo`), "
        "or replay through the web channel alone (`--through web`)."
    )


class NothingToReturn(Conflict):
    code = "replay.nothing_to_return"
    template = "The order of invoice {invoice} no longer holds the units that this cancels."
