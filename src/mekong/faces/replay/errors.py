"""What can be wrong with a replay."""

from mekong.foundation.errors import Conflict, Invalid


class UnreadableHistory(Invalid):
    code = "replay.unreadable"
    template = "{file}: {problem}"


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
