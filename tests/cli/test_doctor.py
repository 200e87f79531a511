"""`mekong doctor`, from outside."""

import json

import pytest

from tests.support.installations import Installation

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


def test_a_healthy_installation_is_found_healthy(installation: Installation) -> None:
    assert installation.run("migrate").returncode == 0

    examined = installation.run("doctor", "--json")

    report = json.loads(examined.stdout)
    wrong = [check for check in report["checks"] if not check["ok"]]
    assert not wrong
    assert report["ok"] is True
    assert examined.returncode == 0
    assert {"machine.disk", "machine.secrets", "database.reachable", "database.migrated"} <= {
        c["name"] for c in report["checks"]
    }
    assert all(check.keys() == {"name", "ok", "found", "remedy"} for check in report["checks"])
    assert all(check["found"] for check in report["checks"])
    in_vietnamese = json.loads(installation.run("doctor", "--json", MEKONG_LANG="vi").stdout)["checks"]
    sentences = {check["name"]: check["found"] for check in report["checks"]}
    assert {check["name"] for check in in_vietnamese if check["found"] == sentences[check["name"]]} == {
        "database.reachable"  # a version and a size
    }
    # It started the database for itself, and stopped it again.
    assert not (installation.folder / "pg" / "postmaster.pid").exists()


def test_open_secrets_are_found_with_their_remedy(prepared: Installation) -> None:
    (prepared.folder / "secrets.json").chmod(0o644)

    examined = prepared.run("doctor", "--json")

    (finding,) = [check for check in json.loads(examined.stdout)["checks"] if not check["ok"]]
    assert finding["name"] == "machine.secrets"
    assert finding["remedy"] == f"chmod 600 {prepared.folder / 'secrets.json'}"
    assert examined.returncode == 1


def test_an_empty_folder_is_told_as_such_and_left_empty(installation: Installation) -> None:
    examined = installation.run("doctor")

    assert examined.returncode == 1
    assert "There is no installation" in examined.stdout
    assert not installation.folder.exists()


def test_a_broken_setting_is_named(installation: Installation) -> None:
    installation.folder.mkdir()
    (installation.folder / "mekong.toml").write_text('port = "many"\n')

    examined = installation.run("doctor", "--json")

    assert examined.returncode == 1
    assert "port=many" in json.loads(examined.stdout)["checks"][0]["found"]
