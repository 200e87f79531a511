"""Words for what membership knows by code: lines of the ledger, reasons of tiers, kinds of accounts."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Word = str | Promise

ENTRIES: Mapping[str, Word] = {
    "earn": _("Earned"),
    "burn": _("Spent"),
    "expire": _("Ended"),
    "take_back": _("Taken back for a return"),
    "give_back": _("Given back for a return"),
    "repay": _("Paid what was owed"),
    "adjust": _("By hand"),
    "transfer": _("Between accounts"),
    "merge": _("Merged"),
    "undo_merge": _("Merge undone"),
}

REASONS: Mapping[str, Word] = {
    "joined": _("Joined"),
    "reached": pgettext_lazy("a tier", "Reached"),
    "kept": pgettext_lazy("a tier", "Reached again"),
    "fell": pgettext_lazy("a tier", "Not reached again"),
    "merged": pgettext_lazy("a tier", "Came along with a merge"),
    "undone": pgettext_lazy("a tier", "A merge was undone"),
}

ACCOUNTS: Mapping[str, Word] = {
    "personal": pgettext_lazy("an account", "Personal"),
    "family": pgettext_lazy("an account", "Family"),
    "company": pgettext_lazy("an account", "Company"),
}

BASES: Mapping[str, Word] = {"spend": _("Money spent"), "points": _("Points earned")}
DOWNGRADES: Mapping[str, Word] = {"one": _("One level down"), "earned": _("To the tier that was reached")}
