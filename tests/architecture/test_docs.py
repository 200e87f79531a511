"""The pages of docs/ against the code: links lead somewhere; what people look up by name is there, and not made up."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer.main

from mekong.faces.cli import app, doctor
from mekong.foundation import health
from mekong.foundation.config import Config
from mekong.foundation.errors import MekongError
from mekong.foundation.permissions import PERMISSIONS, ROLES
from mekong.inventory.rules import Control, shaped

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_OUTSIDE = ("http://", "https://", "mailto:")
_OF_DOCTOR = re.compile(r'\("((?:machine|database)\.[a-z_]+)"')


def _read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def _rows(text: str) -> Iterator[list[str]]:
    """Cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def _first_cells(text: str) -> set[str]:
    return {row[0].strip("`") for row in _rows(text) if row[0].startswith("`")}


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(_OUTSIDE):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    assert not broken


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in _LINK.findall(index)}
    assert not [page for page in DOCS.rglob("*.md") if page.name != "README.md" and page.resolve() not in linked]


# --- the command line ------------------------------------------------------------------------------------------------


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that people see, by its whole name."""
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            if not each.hidden:
                yield from _commands(each, f"{path} {name}")
    else:
        yield path, command


def _told_commands() -> dict[str, str]:
    """By command as `mekong token create`: its heading and what stands below it."""
    parts = re.split(r"^### `", _read("cli.md"), flags=re.MULTILINE)[1:]
    return {re.match(r"mekong(?: [a-z][a-z-]*)+", part)[0]: part for part in parts}  # type: ignore[index]  # a heading that is no command fails here


def test_every_command_is_told_with_its_options() -> None:
    known = dict(_commands(typer.main.get_command(app.app), "mekong"))
    told = _told_commands()
    assert set(told) == set(known)
    untold = [
        f"{name} {option}"
        for name, command in known.items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option != "--data" and option not in told[name]
    ]
    assert not untold


# --- what is looked up by name ---------------------------------------------------------------------------------------


def test_every_permission_is_told_with_its_reach_and_roles() -> None:
    told = {row[0].strip("`"): row for row in _rows(_read("permissions.md")) if len(row) == 5}
    for name, permission in PERMISSIONS.items():
        holders = [role.name for role in ROLES.values() if role.permissions is None or name in role.permissions]
        assert told.pop(f"{name}") == [
            f"`{name}`", permission.reach, permission.vi, permission.en, ", ".join(holders),
        ]  # fmt: skip
    assert not [name for name in told if "." in name]


def test_every_role_is_told() -> None:
    assert {role.name for role in ROLES.values()} <= _first_cells(_read("permissions.md"))


def _events() -> dict[str, Any]:
    found = {}
    for module in ("catalog", "pricing", "orders", "channels", "partners"):
        for value in vars(import_module(f"mekong.{module}.events")).values():
            if isinstance(value, type) and isinstance(name := getattr(value, "name", None), str):
                found[name] = value
    return found


def test_the_events_looked_at_are_all_there_are() -> None:
    modules = {path.parent.name for path in (ROOT / "src" / "mekong").glob("*/events.py")}
    assert modules == {"foundation", "catalog", "pricing", "orders", "channels", "partners"}


def test_every_event_is_told_with_its_fields() -> None:
    told = {row[0].strip("`"): row for row in _rows(_read("events.md")) if len(row) == 3 and "." in row[0]}
    for name, event in _events().items():
        assert re.findall(r"`(\w+)`", told[name][1]) == [field.name for field in dataclasses.fields(event)], name
        assert event.version == 1, "events.md says that all are of version 1"
    assert {name for name in told if name not in _events()} == {
        "channels.tell_platform",
        "channels.look_again",
        "channels.look_at_prices",
        "partners.webhooks",
        "partners.feeds",
    }


def test_every_check_of_the_doctor_is_told() -> None:
    own = set(_OF_DOCTOR.findall(Path(doctor.__file__).read_text(encoding="utf-8")))
    assert _first_cells(_read("doctor.md")) == own | set(health._checks)


def _kinds(kind: type[MekongError] = MekongError) -> Iterator[type[MekongError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def _own_errors() -> Iterator[type[MekongError]]:
    return (kind for kind in _kinds() if "code" in vars(kind) and kind.__module__.startswith("mekong."))


def test_every_error_is_told_with_its_status_and_sentence() -> None:
    for name in (
        "foundation.idempotency",
        "foundation.combiner",
        "channels.commands",
        "faces.api.errors",
        "faces.replay.errors",
    ):
        import_module(f"mekong.{name}")
    text = _read("errors.md")
    rows = [f"| `{kind.code}` | {kind.status} | {kind.template} |" for kind in _own_errors()]
    assert not [row for row in rows if row not in text], "add these rows to docs/reference/errors.md"


def test_every_setting_is_told() -> None:
    told = _read("settings.md")
    assert not [name for name in Config.__dataclass_fields__ if name != "data" and f"`{name}`" not in told]


def test_every_address_of_the_api_is_told() -> None:
    document = json.loads(_read("openapi.json"))
    wanted = {(m.upper(), path.removeprefix("/api/v1")) for path, methods in document["paths"].items() for m in methods}
    told = {
        (row[0], row[1].strip("`"))
        for row in _rows(_read("api.md"))
        if row[0] in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    }
    assert told == wanted


def test_the_figures_of_controls_are_true() -> None:
    page = (DOCS / "how-to" / "keep-units-back.md").read_text(encoding="utf-8")
    rows = [row for row in _rows(page) if len(row) == 7 and row[0] != "kind"]
    assert {row[0].strip("`") for row in rows} == {"pool", "share", "cap", "slice", "floor", "buffer", "exclude"}
    for kind, amount, free, sliced, used, shown, _ in rows:
        control = Control(1, "web", "channel", "", kind.strip("`"), int(amount))
        answer = shaped(control, free=int(free), sliced_to_others=int(sliced), used=int(used))
        assert answer == int(shown), (kind, amount)


def test_the_release_is_in_the_changelog() -> None:
    from mekong import __version__

    assert f"## {__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
