"""What keeps a channel, a listing or an order from going on: what, why and what to do, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from mekong.channels.contracts import Problem
from mekong.faces.backoffice import sentences
from mekong.foundation.errors import MekongError

REMEDIES: Mapping[str, str | Promise] = {
    "needs_reconnect": gettext_lazy("Connect the shop again; orders and stock catch up by themselves."),
    "needs_refresh": gettext_lazy("The access is being renewed. If this stays, connect the shop again."),
    "rate_limited": gettext_lazy("The platform limits the speed. Mekong waits and goes on by itself."),
    "unavailable": gettext_lazy("Mekong tries again by itself."),
    "remote_refused": gettext_lazy("Mend it on the platform or in the catalogue, then press Retry."),
}


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


def remedy(said: Problem | None) -> str:
    """What to do about it."""
    if said is None:
        return ""
    return str(REMEDIES.get(said.code, REMEDIES["remote_refused"]))
