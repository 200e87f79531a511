"""What keeps a channel, a listing or an order from going on: what, why and what to do, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from mekong.channels.contracts import ListingTrouble, Problem
from mekong.faces.backoffice import sentences
from mekong.foundation.errors import MekongError

REMEDIES: Mapping[str, str | Promise] = {
    "needs_reconnect": gettext_lazy("Connect the shop again; orders and stock catch up by themselves."),
    "needs_refresh": gettext_lazy("The access is being renewed. If this stays, connect the shop again."),
    "rate_limited": gettext_lazy("The platform limits the speed. Mekong waits and goes on by itself."),
    "unavailable": gettext_lazy("Mekong tries again by itself."),
    "remote_refused": gettext_lazy("Mend it on the platform or in the catalogue, then press Retry."),
}
CHANNEL_REMEDIES = {code: words for code, words in REMEDIES.items() if code != "remote_refused"}
OF_CHANNEL = gettext_lazy(
    "Mekong tries again by itself. If this stays, look at the shop and the app’s rights on the platform."
)

REFUSALS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "reserved": (
        gettext_lazy("The platform keeps more units for its own orders or a campaign than it was sent"),
        gettext_lazy("It takes the figure once they are sold or given back; Mekong sends it again."),
    ),
    "promotion": (
        gettext_lazy("The listing is in a campaign, and the platform has locked it"),
        gettext_lazy("Wait for the campaign’s end, or take the listing out of it on the platform, then retry."),
    ),
    "gone": (
        gettext_lazy("The platform no longer has this listing, or has banned it"),
        gettext_lazy("List it again on the platform, or leave it alone here."),
    ),
    "warehouse": (
        gettext_lazy("The platform knows no warehouse of the shop that this figure could be kept in"),
        gettext_lazy("Set the warehouse up on the platform, then retry."),
    ),
    "price": (
        gettext_lazy("The platform refuses the price"),
        gettext_lazy("Compare it with what the platform allows, correct it in the catalogue, then retry."),
    ),
    "attribute": (
        gettext_lazy("The listing lacks something that its category needs there"),
        gettext_lazy("Fill it in on the platform, then retry."),
    ),
    "unmanaged": (
        gettext_lazy("The shop does not keep the stock of this product"),
        gettext_lazy("Switch stock keeping on for it in the shop, then retry."),
    ),
    "permission": (
        gettext_lazy("The app lacks a right that this needs"),
        gettext_lazy("Connect the channel again and grant every right that is asked for."),
    ),
    "other": (
        gettext_lazy("The platform refuses it"),
        gettext_lazy("Mend it on the platform or in the catalogue, then press Retry."),
    ),
}
"""What a platform's refusal of a listing is about, and what mends it."""


def _kinds(base: type[MekongError]) -> Iterator[type[MekongError]]:
    for each in base.__subclasses__():
        yield each
        yield from _kinds(each)


@lru_cache(maxsize=1)
def _templates() -> Mapping[str, str]:
    return {each.code: each.template for each in _kinds(MekongError) if "code" in vars(each)}


def sentence(said: Problem | None) -> str:
    """The problem in one sentence; one whose code is not known is told by the platform's own words."""
    if said is None:
        return ""
    params: dict[str, Any] = dict(said.params)
    if said.code == "unavailable":
        return gettext("The platform does not answer.")
    template = _templates().get(said.code)
    if template is None:
        own = params.get("message") or params.get("remote_message") or said.code
        return gettext("{message} ({code})").format(message=own, code=said.code)
    return sentences.fill(template, params)


def trouble(said: ListingTrouble) -> tuple[str, str, str]:
    """What stands in the way of listings, in plain words; what mends it; and the platform's own words, if any."""
    if said.about:
        what, mends = REFUSALS.get(said.about, REFUSALS["other"])
        own = str(said.error.params.get("remote_message") or said.error.params.get("remote_code") or "")
        return str(what), str(mends), own
    return sentence(said.error), remedy(said.error), ""


def remedy(said: Problem | None) -> str:
    """What to do about a listing's, a push's or an audit's problem."""
    return "" if said is None else str(REMEDIES.get(said.code, REMEDIES["remote_refused"]))


def remedy_of_channel(said: Problem | None) -> str:
    """What to do about a problem of the whole channel, where there is no listing to mend."""
    return "" if said is None else str(CHANNEL_REMEDIES.get(said.code, OF_CHANNEL))
