"""What can be set, section by section: each room of the house that has settings adds its own here."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Section:
    """A page under /settings/. `about`: one sentence. `permission`: whoever lacks it sees that it is there, locked."""

    name: str
    icon: str
    word: str | Promise
    about: str | Promise
    permission: str

    @property
    def path(self) -> str:
        return f"/settings/{self.name}/"


SECTIONS = (
    Section("staff", "users", _("Staff"), _("Who works here, with which roles where; seats."), "staff.manage"),
    Section(
        "membership",
        "star",
        _("Membership"),
        _("Tiers, and what points are earned and spent by."),
        "loyalty.manage",
    ),
    Section("security", "lock", _("Security"), _("Second step, sessions, places and hours, locks."), "staff.manage"),
    Section("audit", "clock", _("Audit trail"), _("Who changed or looked at what, and when."), "audit.view"),
    Section(
        "webhooks",
        "transfer",
        _("Webhooks"),
        _("What happens here is told to other systems at once."),
        "webhooks.manage",
    ),
    Section(
        "apps",
        "keys",
        _("Apps and API keys"),
        _("Programs of partners, what they may do, and how fast."),
        "tokens.manage",
    ),
    Section(
        "feeds",
        "export",
        _("Product feeds"),
        _("Files of what is on sale, for Google and Meta to fetch."),
        "settings.manage",
    ),
)
