"""Small commands, from outside: what they print, and to whom."""

import json

import pytest

from tests.support.installations import Installation

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


def test_a_token_is_printed_alone_and_a_wrong_scope_is_named(prepared: Installation) -> None:
    made = prepared.run("token", "create", "till", "--scopes", "all")

    assert made.returncode == 0, made.stderr
    assert len(made.stdout.split()) == 1
    assert len(made.stdout.strip()) >= 32

    refused = prepared.run("token", "create", "till", "--scopes", "orders.view,nonsense")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "nonsense" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_account_without_a_password_gets_a_new_one(prepared: Installation) -> None:
    refused = prepared.run("person", "reset-password", "lan@example.vn")

    assert refused.returncode == 1
    assert "There is no account lan@example.vn" in refused.stderr


def test_an_old_server_is_refused_with_a_remedy(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    from mekong.faces.cli.installation import require_version
    from mekong.faces.cli.words import Stop
    from mekong.foundation import postgres

    monkeypatch.setattr(postgres, "MINIMUM_VERSION", 990000)
    monkeypatch.setenv("MEKONG_LANG", "en")

    with pytest.raises(Stop, match="Mekong needs 99 or newer"):
        require_version()


def test_the_manifest_of_processes_says_where_things_are(prepared: Installation) -> None:
    prepared.up()

    state = prepared.state()

    assert state["url"] == prepared.url
    assert set(state["processes"]) == {"web", "worker"}
    assert json.dumps(state)
