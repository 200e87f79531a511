"""How channels do, in words: incidents with each step in a line, silences, and errors with what mends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.channels import queries
from mekong.channels.contracts import ChannelHealth, IncidentStepView, IncidentView, ListingTrouble, Problem, Quiet
from mekong.faces.backoffice import problems
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.templatetags.mekong import num, span, weekday_word, when
from mekong.faces.backoffice.visit import Visit
from mekong.foundation import queries as people

SPANS: Mapping[str, str | Promise] = {"1h": _("1 hour"), "24h": _("24 hours"), "7d": _("7 days")}
TITLES: Mapping[str, str | Promise] = {
    "outage": _("the platform does not work as it should"),
    "access": _("the access is lost"),
    "silence": _("no orders"),
}
_ACTS: Mapping[str, str | Promise] = {
    "pause": _("{who} paused the channel"),
    "connect": _("{who} connected the channel again"),
    "push": _("{who} had everything sent again"),
    "hush": _("{who} knows of it: no alarm any more"),
}


@dataclass(frozen=True)
class Step:
    """A line of an incident's story. `is_next`: what happens next, not yet."""

    title: str
    detail: str
    at: datetime | None
    until: datetime | None = None
    is_bad: bool = False
    is_next: bool = False


@dataclass(frozen=True)
class Story:
    incident: IncidentView
    title: str
    lasted: str
    steps: tuple[Step, ...]

    @property
    def is_open(self) -> bool:
        return self.incident.ended_at is None


def story(incident: IncidentView, health: ChannelHealth, names: Mapping[str, str], now: datetime) -> Story:
    """`names`: of people, by the reference under which they act."""
    steps = [_step(incident, each, names) for each in incident.steps]
    if incident.ended_at is None:
        steps.append(_next(incident, health))
    lasted = span(max((incident.ended_at or now) - incident.began_at, timedelta()))
    return Story(incident, str(TITLES[incident.kind]), lasted, tuple(steps))


def _step(incident: IncidentView, step: IncidentStepView, names: Mapping[str, str]) -> Step:
    until = step.last_at if step.last_at - step.at >= timedelta(seconds=60) else None
    title, detail = _words(incident, step, names)
    return Step(title, detail, step.at, until, is_bad=step.what in ("began", "again", "held_back"))


def _words(incident: IncidentView, step: IncidentStepView, names: Mapping[str, str]) -> tuple[str, str]:
    said = step.params
    waiting = int(said.get("waiting") or 0)
    match step.what:
        case "began" if incident.kind == "silence":
            return gettext("No order since {when}").format(when=when(incident.began_at)), usual(incident.problem.params)
        case "began" | "again":
            problem = Problem(str(said.get("code", "")), dict(said.get("params", {})))
            return problems.sentence(problem), problems.remedy_of_channel(problem)
        case "held_back":
            n = int(said.get("failures") or 0)
            title = ngettext("Held back after {n} failure in a row", "Held back after {n} failures in a row", n)
            return title.format(n=num(n)), gettext("Asked again ever more seldom, so as not to make it worse.")
        case "tried":
            title = ngettext("Tried again {n} time", "Tried again {n} times", step.count).format(n=num(step.count))
            return title, _queued(waiting)
        case "acted":
            act = str(said.get("act", ""))
            who = names.get(str(said.get("by", "")), gettext("System"))
            return str(_ACTS.get(act, "{who}")).format(who=who), ""
        case "caught_up":
            n = int(said.get("sent") or 0)
            title = ngettext("{n} listing caught up", "{n} listings caught up", n).format(n=num(n))
            return title, gettext("Within {span}.").format(span=span(timedelta(seconds=int(said.get("took_s") or 0))))
        case "ended" if incident.kind == "silence":
            return gettext("Orders come in again"), ""
        case "ended" if said.get("by") == "access":
            return gettext("Became a loss of access"), ""
        case _:
            return gettext("The platform answers again"), _queued(waiting)


def _queued(waiting: int) -> str:
    if not waiting:
        return ""
    text = ngettext("{n} listing waits; only its newest figure is kept.", "{n} listings wait; only the newest figures are kept.", waiting)  # noqa: E501 # fmt: skip
    return text.format(n=num(waiting))


def _next(incident: IncidentView, health: ChannelHealth) -> Step:
    waiting = health.channel.figures.waiting
    if incident.kind == "silence":
        return Step(gettext("Closes by itself with the next order"), "", None, is_next=True)
    if incident.kind == "access":
        detail = gettext("Then orders that were missed are fetched first, and every figure is set right.")
        return Step(gettext("Waits until the channel is connected again"), detail, None, is_next=True)
    if waiting:
        detail = ngettext(
            "When it answers: {n} listing is sent, then read back.",
            "When it answers: {n} listings are sent, then read back.",
            waiting,
        ).format(n=num(waiting))
    else:
        detail = gettext("When it answers, missed orders are fetched first.")
    return Step(gettext("Will be tried again"), detail, health.retry_at, is_next=True)


# --- silence ----------------------------------------------------------------------------------------------------------


def usual(said: Mapping[str, object]) -> str:
    """Why a silence is one: what is usual at that time of the week."""
    return _usual(str(said.get("slot", "")), _int(said.get("limit_s")), _int(said.get("gaps")))


def usual_now(quiet: Quiet) -> str:
    return _usual(quiet.slot, quiet.limit_s, quiet.gaps)


def _int(value: object) -> int:
    return int(value) if isinstance(value, int | float | str) and str(value) else 0


def _usual(slot: str, limit_s: int, gaps: int) -> str:
    limit, counted = span(timedelta(seconds=limit_s)), num(gaps)
    day, _dash, hour = slot.rpartition("-")
    if day:
        text = gettext("After {hour}:00 on a {day} the next order comes within {limit} in 99 of 100 cases ({n} seen).")
        return text.format(hour=hour, day=weekday_word(int(day)), limit=limit, n=counted)
    if hour:
        text = gettext("After {hour}:00 the next order comes within {limit} in 99 of 100 cases ({n} seen).")
        return text.format(hour=hour, limit=limit, n=counted)
    return gettext("The next order comes within {limit} in 99 of 100 cases ({n} seen).").format(limit=limit, n=counted)


# --- errors of listings -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trouble:
    """Listings that stand with one error: what, why, what to do. `link`: where it is mended, `word`: what stands there."""

    trouble: ListingTrouble
    mark: Mark
    what: str
    mends: str
    own: str
    link: str
    word: str


def troubles(visit: Visit, known: Mapping[str, Mark], channel: str = "") -> list[Trouble]:
    made = []
    for each in queries.list_troubles(actor=visit.actor, channel=channel):
        what, mends, own = problems.trouble(each)
        link, word = _mend(each)
        made.append(Trouble(each, known[each.channel], what, mends, own, link, word))
    return made


def _mend(each: ListingTrouble) -> tuple[str, str]:
    sku = each.sample[0][2] if each.sample else ""
    if each.about == "price" and each.count == 1 and sku:
        return f"/products/{sku}/edit/", gettext("Correct the price")
    if each.about == "permission" or each.error.code == "needs_reconnect":
        return f"/channels/{each.channel}/", gettext("Connect again")
    return f"/channels/{each.channel}/?state={'parked' if each.is_parked else 'retrying'}", gettext("See listings")


def stories(visit: Visit, found: Sequence[ChannelHealth]) -> list[Story]:
    """Every incident of these channels: open ones first, then the latest."""
    refs = {
        str(step.params["by"])
        for health in found
        for incident in health.incidents
        for step in incident.steps
        if step.what == "acted"
    }
    names = people.names_of(refs)
    told = [story(each, health, names, visit.now) for health in found for each in health.incidents]
    return sorted(told, key=lambda each: (not each.is_open, -each.incident.began_at.timestamp()))
