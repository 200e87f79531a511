"""Backup and restore of a whole installation."""

import io
import json
import os
import tarfile
from pathlib import Path

import psycopg
import pytest

from mekong.foundation import postgres
from tests.support.installations import Installation

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


def _people(folder: Path) -> list[str]:
    with postgres.database(folder) as url, psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select email from foundation_person order by 1")]


def _add_person(folder: Path, email: str) -> None:
    columns = "uid, email, name, phone, language, password, is_active, is_staff, is_superuser, created_at"
    values = "gen_random_uuid(), %s, 'Lan', '', 'vi', '', true, false, false, now()"
    with postgres.database(folder) as url, psycopg.connect(url) as connection:
        known = {
            row[0]
            for row in connection.execute(
                "select column_name from information_schema.columns where table_name = 'foundation_person' "
                "and is_nullable = 'NO' and column_default is null and is_identity = 'NO'"
            )
        }
        more = sorted(known - set(columns.split(", ")))
        columns, values = ", ".join([columns, *more]), ", ".join([values, *("false" for _ in more)])
        connection.execute(f"insert into foundation_person ({columns}) values ({values})".encode(), [email])


def test_a_restored_installation_is_what_was_backed_up(prepared: Installation, data_folder: Path) -> None:
    _add_person(prepared.folder, "lan@example.vn")
    photo = prepared.folder / "media" / "ảnh" / "áo.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(os.urandom(200_000))
    archive = data_folder / "whole.tar.gz"

    made = prepared.run("backup", str(archive))

    assert made.returncode == 0, made.stderr
    assert archive.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in data_folder.iterdir()) == ["d", "whole.tar.gz"]

    other = Installation(data_folder / "e")
    restored = other.run("restore", str(archive))

    assert restored.returncode == 0, restored.stderr
    assert _people(other.folder) == ["lan@example.vn"]
    assert (other.folder / "media" / "ảnh" / "áo.jpg").read_bytes() == photo.read_bytes()
    assert (other.folder / "secrets.json").read_bytes() == (prepared.folder / "secrets.json").read_bytes()
    assert (other.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert other.run("doctor", "--json").returncode == 0


def test_a_restore_over_data_wants_force_and_sets_the_old_aside(prepared: Installation, data_folder: Path) -> None:
    archive = data_folder / "empty.tar.gz"
    assert prepared.run("backup", str(archive)).returncode == 0
    _add_person(prepared.folder, "lan@example.vn")

    refused = prepared.run("restore", str(archive))

    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert _people(prepared.folder) == ["lan@example.vn"]

    assert prepared.run("restore", str(archive), "--force").returncode == 0

    assert _people(prepared.folder) == []
    (aside,) = prepared.folder.glob("replaced-*")
    assert (aside / "pg" / "PG_VERSION").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "nothing"])
def test_a_damaged_backup_changes_nothing(installation: Installation, data_folder: Path, damage: str) -> None:
    archive = data_folder / "damaged.tar.gz"
    _write_archive(archive, {"database.dump": b"x" * 5000, "media/a.txt": b"hello"})
    content = bytearray(archive.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    else:
        content.clear()
    archive.write_bytes(content)

    refused = installation.run("restore", str(archive))

    assert refused.returncode == 1
    assert str(archive) in refused.stderr
    assert not installation.folder.exists()


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "pg/PG_VERSION", "media/../../outside.txt"])
def test_a_backup_cannot_write_elsewhere(installation: Installation, data_folder: Path, name: str) -> None:
    archive = data_folder / "hostile.tar.gz"
    _write_archive(archive, {name: b"gotcha"})

    refused = installation.run("restore", str(archive))

    assert refused.returncode == 1
    assert "strange name" in refused.stderr
    assert not (data_folder / "outside.txt").exists()
    assert not Path("/tmp/outside.txt").exists()


def test_there_is_nothing_to_back_up_in_an_empty_folder(installation: Installation, data_folder: Path) -> None:
    refused = installation.run("backup", str(data_folder / "none.tar.gz"))

    assert refused.returncode == 1
    assert "There is no installation" in refused.stderr
    assert not (data_folder / "none.tar.gz").exists()


def _write_archive(target: Path, files: dict[str, bytes]) -> None:
    import hashlib

    listed = {name: {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in files.items()}
    manifest = json.dumps(
        {"format": 1, "version": "0", "made_at": "2026-11-22T00:00:00+00:00", "files": listed}
    ).encode()
    with tarfile.open(target, "w:gz") as tar:
        for name, body in {**files, "manifest.json": manifest}.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
