"""What `mekong doctor` asks. Modules register their invariants; each answers what it found and how to mend it.

Findings are sentences in the language that is active while the check runs (gettext, in the module's own catalogue).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext


@dataclass(frozen=True)
class Finding:
    """`found`: one sentence with figures. `remedy`: what to do; "" when nothing is wrong."""

    ok: bool
    found: str
    remedy: str = ""


Check = Callable[[datetime], Finding]

_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Add a check under a stable name such as `inventory.ledger`."""
    _checks[name] = check


def run_all(now: datetime) -> list[tuple[str, Finding]]:
    """Every check's finding, in order of registration; a check that fails to run is itself a finding."""
    found: list[tuple[str, Finding]] = []
    for name, check in _checks.items():
        try:
            found.append((name, check(now)))
        except Exception as failure:  # noqa: BLE001 - the doctor must report on a broken system, not break with it
            told = gettext("The check could not run: {failure}").format(failure=failure)
            found.append((name, Finding(False, told, gettext("Read the log and mend the cause."))))
    return found
