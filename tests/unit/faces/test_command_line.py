"""Commands as they are declared: each takes the folder of its installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mekong.faces.cli import development, installation
from mekong.faces.cli.app import app


def commands(group: Any, name: str = "mekong") -> Iterator[tuple[str, Any]]:
    """Every command below a group by the words that call it, hidden ones too."""
    if hasattr(group, "commands"):
        for word, each in group.commands.items():
            yield from commands(each, f"{name} {word}")
    else:
        yield name, group


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", ALL)
def test_every_command_takes_data(name: str) -> None:
    assert "--data" in {option for parameter in ALL[name].params for option in parameter.opts}


def test_the_walk_reaches_every_command() -> None:
    assert {"mekong up", "mekong test", "mekong manage", "mekong import stock", "mekong token create"} <= ALL.keys()


@pytest.mark.parametrize("arguments", [["-n", "1", "-k", "a b", "tests/unit"], ["--help"], ["-q", "--lf"]])
@pytest.mark.parametrize("place", [0, 99])
def test_arguments_of_pytest_reach_it_wherever_data_stands(
    arguments: list[str], place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(given: list[str]) -> int:
        asked.append(given)
        return 0

    monkeypatch.setattr(development, "test", run)
    typed = [*arguments[:place], "--data", "/nowhere", *arguments[place:]]
    assert CliRunner().invoke(app, ["test", *typed]).exit_code == 0
    assert asked == [arguments]


def test_manage_opens_the_installation_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    class Opened(Exception):
        pass

    def opened(data: Path | None = None, **_: object) -> object:
        raise Opened(data)

    monkeypatch.setattr(installation, "opened", opened)
    told = CliRunner().invoke(app, ["manage", "check", "--deploy", "--data", "/srv/shop"])
    assert isinstance(told.exception, Opened)
    assert told.exception.args == (Path("/srv/shop"),)
