"""Channels as the pages show them: their marks, and how they flow."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mekong.channels import queries
from mekong.channels.contracts import ChannelFlow, ChannelName, ChannelView
from mekong.faces.backoffice.marks import Mark, mark
from mekong.foundation.actor import Actor

log = logging.getLogger(__name__)

QUIET_AFTER = timedelta(minutes=10)
"""A marketplace channel that no worker has looked at for so long does not flow."""

OWN_NAMES: Mapping[str, str | Promise] = {
    "Store tills": _("Store tills"),
    "Web shop": _("Web shop"),
    "Telephone": _("Telephone"),
}
"""Channels of our own as they are first called; one that was renamed keeps its name in every language."""

SLOW_MS = 1000
"""The promise: what is sold anywhere is gone everywhere within a second."""

FEW = 5
"""Fewer changes than these say nothing of a channel's speed: one that was tried again is no slowness."""


def mark_of(channel: ChannelView | ChannelFlow | ChannelName) -> Mark:
    name = str(OWN_NAMES.get(channel.name, channel.name)) if not channel.is_remote else channel.name
    return mark(channel.code, kind=channel.kind, name=name, letters=channel.letters)


def marks(codes: Sequence[str] = ()) -> dict[str, Mark]:
    """The mark of each channel, and of each of these codes. Everyone may know what a channel is called."""
    known = marks_of(queries.channel_names())
    return {**{code: mark(code) for code in codes if code not in known}, **known}


def marks_of(names: Iterable[ChannelName]) -> dict[str, Mark]:
    return {each.code: mark_of(each) for each in names}


def gives_labels(channel: str = "", *, names: Sequence[ChannelName] | None = None) -> bool:
    """Whether the platform behind a channel, or behind any, prints its own shipping labels. `names`: when they are known."""
    known = queries.channel_names() if names is None else names
    return any("PrintsLabels" in each.capabilities for each in known if channel in ("", each.code))


def state_of(channel: ChannelView | ChannelFlow, now: datetime) -> str:
    """well, slow, silent, failing, reconnect, paused or new: the worst that is true of a channel."""
    if not channel.is_active or channel.state == "paused":
        return "paused"
    if channel.state == "needs_reconnect":
        return "reconnect"
    if channel.state == "failing" or channel.figures.is_breaker_open:
        return "failing"
    if channel.is_remote and not channel.is_authorised:
        return "new"
    if channel.is_remote and channel.seen_at is not None and now - channel.seen_at > QUIET_AFTER:
        return "failing"
    if "silence" in channel.incidents:
        return "silent"
    figures = channel.figures
    if figures.p95_ms is not None and figures.p95_ms > SLOW_MS and figures.timed >= FEW:
        return "slow"
    return "well"


BROKEN = frozenset({"failing", "reconnect"})
ALARMING = BROKEN | {"silent"}


def is_ending(channel: ChannelView, now: datetime) -> bool:
    """Whether the merchant must soon say yes again on the platform."""
    return channel.is_active and channel.authorised_until is not None and channel.authorised_until - now < WARN_AHEAD


WARN_AHEAD = timedelta(days=7)


@dataclass(frozen=True)
class Beat:
    """One bar of the pulse: `height` 0 to 100."""

    mark: Mark
    height: int
    is_broken: bool


@dataclass(frozen=True)
class Pulse:
    beats: tuple[Beat, ...] = ()
    failing: int = 0
    slow: int = 0

    @property
    def flowing(self) -> int:
        return len(self.beats) - self.failing

    @property
    def names_failing(self) -> str:
        return ", ".join(beat.mark.name for beat in self.beats if beat.is_broken)


def pulse(actor: Actor, now: datetime) -> Pulse:
    """How every channel in use flows; nothing for those who may not see channels."""
    if not actor.may("channels.view"):
        return Pulse()
    beats, slow = [], 0
    marked = [(mark_of(channel), channel) for channel in queries.list_flows(actor=actor)]
    for known, channel in sorted(marked, key=lambda each: each[0].place):
        state = state_of(channel, now)
        if state in ("paused", "new"):
            continue
        delay = channel.figures.p50_ms or 0.0
        height = 100 if state in ALARMING else min(90, 30 + round(delay / SLOW_MS * 70))
        beats.append(Beat(known, height, state in ALARMING))
        slow += state == "slow"
    return Pulse(tuple(beats), sum(beat.is_broken for beat in beats), slow)
