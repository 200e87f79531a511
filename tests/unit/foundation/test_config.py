"""Settings: where they come from, and what a wrong one is told."""

from pathlib import Path

import pytest

from mekong.foundation import config


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "mekong.toml").write_text('port = 8080\nlog_level = "debug"\nallowed_hosts = ["shop.vn"]\n')

    got = config.load({"MEKONG_DATA": str(tmp_path), "MEKONG_PORT": "9090", "MEKONG_DEBUG": "yes"})

    assert (got.port, got.log_level, got.debug, got.worker_concurrency) == (9090, "debug", True, 8)
    assert got.hosts == ["shop.vn"]
    assert got.data == tmp_path


def test_lists_come_from_the_environment_with_commas(tmp_path: Path) -> None:
    got = config.load({"MEKONG_DATA": str(tmp_path), "MEKONG_ALLOWED_HOSTS": "a.vn, b.vn,"})

    assert got.allowed_hosts == ("a.vn", "b.vn")


def test_a_server_of_ones_own_replaces_the_embedded_one(tmp_path: Path) -> None:
    own = config.load({"MEKONG_DATA": str(tmp_path), "DATABASE_URL": "postgresql://u@h/db"})
    embedded = config.load({"MEKONG_DATA": str(tmp_path)})

    assert (own.is_embedded, own.effective_database_url) == (False, "postgresql://u@h/db")
    assert embedded.is_embedded
    assert embedded.effective_database_url.startswith("postgresql://mekong@/mekong?host=")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"MEKONG_PORT": "many"}, "MEKONG_PORT=many"),
        ({"MEKONG_PORT": "70000"}, "port=70000"),
        ({"MEKONG_DEBUG": "perhaps"}, "MEKONG_DEBUG=perhaps"),
        ({"MEKONG_LANGUAGE": "fr"}, "language=fr"),
        ({"MEKONG_LOG_LEVEL": "loud"}, "log_level=loud"),
        ({"DATABASE_URL": "mysql://h/db"}, "DATABASE_URL"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, environment: dict[str, str], named: str) -> None:
    with pytest.raises(config.BadSetting, match=named) as refused:
        config.load({"MEKONG_DATA": str(tmp_path), **environment})
    assert refused.value.vi.startswith(named)
    assert "phải" in refused.value.vi
    assert refused.value.en.startswith(named)
    assert "must" in refused.value.en


@pytest.mark.parametrize("content", ["prot = 1\n", "port = = 1\n"])
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "mekong.toml").write_text(content)

    with pytest.raises(config.BadSetting, match=r"mekong\.toml"):
        config.load({"MEKONG_DATA": str(tmp_path)})


def test_only_this_machine_may_be_addressed_until_others_are_let_in(tmp_path: Path) -> None:
    alone = config.load({"MEKONG_DATA": str(tmp_path)})
    shared = config.load({"MEKONG_DATA": str(tmp_path), "MEKONG_HOST": "0.0.0.0"})

    assert "*" not in alone.hosts
    assert shared.hosts == ["*"]


def test_keys_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    chosen = config.load({"MEKONG_DATA": str(tmp_path / "new")})

    first, again = config.load_secrets(chosen, {}), config.load_secrets(chosen, {})

    assert first == again
    assert len(first.secret_key) >= 50
    assert (chosen.data / "secrets.json").stat().st_mode & 0o777 == 0o600
    replaced = config.load_secrets(chosen, {"MEKONG_FIELD_KEYS": "new,old"})
    assert replaced.field_keys == ("new", "old")
    assert replaced.secret_key == first.secret_key
