"""Rules of the house that an import contract cannot see."""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
FLOORS = (
    *("foundation", "lake", "catalog", "inventory", "customers", "pricing", "loyalty", "payments", "orders"),
    *(
        "purchasing",
        "fulfilment",
        "channels",
        "partners",
        "engagement",
        "care",
        "distribution",
        "insights",
        "backoffice",
    ),
)
_NAMELESS = {"utils", "util", "common", "misc", "helpers", "helper"}


def _files(*suffixes: str) -> Iterator[Path]:
    """Files of the repository by their endings: those that git knows, or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for line in listed.splitlines():
        path = ROOT / line
        # This file names what must not be named.
        if path.is_file() and path != Path(__file__) and path.suffix in suffixes:
            yield path


def _own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("mekong.")]


def test_foreign_keys_point_down_and_protect() -> None:
    wrong = []
    for model in _own_models():
        here = model._meta.app_label
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey) or field.auto_created or field.remote_field.model is None:
                continue
            there = field.remote_field.model._meta.app_label
            if there == here or there not in FLOORS:
                continue
            name = f"{model._meta.label}.{field.name}"
            if FLOORS.index(there) > FLOORS.index(here):
                wrong.append(f"{name} points up, to {there}")
            if field.remote_field.on_delete is not models.PROTECT:
                wrong.append(f"{name} crosses to {there} without PROTECT")
            if field.remote_field.related_name != "+":
                wrong.append(f"{name} crosses to {there} without related_name='+'")
    assert not wrong


def test_money_and_quantities_are_never_floats() -> None:
    floats = [
        f"{model._meta.label}.{field.name}"
        for model in _own_models()
        for field in model._meta.get_fields()
        # A speed is how many times faster a history is played: neither money nor goods.
        if isinstance(field, models.FloatField) and field.name != "speed"
    ]
    assert not floats


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_room_is_called_by_a_name_that_says_nothing() -> None:
    found = [path for path in _files(".py") if {path.stem, *path.relative_to(ROOT).parts[:-1]} & _NAMELESS]

    assert not found


def test_nothing_names_a_machine_or_a_package_index() -> None:
    machine = re.compile(r"/root/|/home/[a-z]|/Users/|/work/|/opt/[a-z]")
    index = re.compile(r"index-url|https?://[^\s\"]*/simple\b|https?://files\.|registry\.npm")
    found = []
    for path in _files(".py", ".toml", ".txt", ".in", ".md", ".sh", ".html", ".js", ".css", ".json", ".po", ""):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), 1)
            if machine.search(line) or index.search(line)
        ]
    assert not found


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _files(".py", ".html", ".css", ".js", ".md", ".toml")
        if "vendor" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if later.search(line)
    ]
    assert not found


def test_suppressions_name_their_rule_and_reason() -> None:
    nameless = re.compile(r"#\s*(noqa(?!: [A-Z]+[0-9]+)|type: ignore(?!\[))")
    reasonless = re.compile(r"#\s*type: ignore\[[\w, -]+\]\s*$")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in _files(".py")
        if path.is_relative_to(ROOT / "src") or path.is_relative_to(ROOT / "checks")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if nameless.search(line) or reasonless.search(line)
    ]
    assert not found


@pytest.mark.parametrize("room", ["rules", "contracts", "errors"])
def test_decisions_do_not_read_the_clock(room: str) -> None:
    found = []
    package = ROOT / "src" / "mekong"
    for path in [*package.glob(f"*/{room}.py"), *package.glob(f"*/{room}/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


def test_every_test_has_a_name_of_its_own(request: pytest.FixtureRequest) -> None:
    """Of those that share one, a run on several processes tries the first alone, and says nothing."""
    names = Counter(each.nodeid for each in request.session.items)
    assert [name for name, count in names.items() if count > 1] == []
