"""`mekong restore`: an installation from a backup. What was there is set aside, never overwritten."""

import contextlib
import fcntl
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from mekong.faces.cli import backup, installation
from mekong.faces.cli.words import say, stop, words
from mekong.foundation import postgres
from mekong.foundation.config import Config

_BELONGINGS = ("pg", *backup.FOLDERS, *backup.FILES, "static", "sandbox")


def restore(data: Path | None, archive: Path, *, force: bool) -> None:
    """Make the installation of `data` what it was when `archive` was written.

    Raises: Stop, when the archive is not whole, something runs on the folder, or data is there and `force` is not
    given.
    """
    if not archive.is_file():
        stop(f"Không có tệp {archive}.", f"There is no file {archive}.")
    chosen = installation.choose(data)
    manifest = backup.verify(archive)
    postgres.make_data_folder(chosen.data)
    (chosen.data / "run").mkdir(exist_ok=True)
    with _alone(chosen):
        _make_room(chosen, force=force)
        with tempfile.TemporaryDirectory(dir=chosen.data, prefix=".restore-") as spare:
            dump = Path(spare) / backup.DUMP
            _extract(archive, chosen.data, dump)
            # Settings may have come with the archive.
            chosen = installation.choose(chosen.data)
            with installation.served(chosen):
                _load(chosen, dump)
                installation.forget_prepared(chosen)
        with installation.opened(chosen.data):
            installation.prepare(chosen)
    say(
        f"Đã khôi phục {chosen.data} từ bản sao lưu lúc {manifest['made_at']}.",
        f"Restored {chosen.data} from the backup of {manifest['made_at']}.",
    )


@contextlib.contextmanager
def _alone(chosen: Config) -> Iterator[None]:
    handle = os.open(chosen.data / "run" / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        stop(
            f"Mekong đang chạy trên {chosen.data}. Hãy dừng nó trước khi khôi phục.",
            f"Mekong runs on {chosen.data}. Stop it before restoring.",
        )
    try:
        yield
    finally:
        os.close(handle)


def _make_room(chosen: Config, *, force: bool) -> None:
    there = [name for name in _BELONGINGS if (chosen.data / name).exists() and name not in {"static", "mekong.toml"}]
    tables = 0 if chosen.is_embedded else _count_tables(chosen)
    if not (there or tables):
        return
    if not force:
        what = ", ".join(there) or words(f"{tables} bảng", f"{tables} tables")
        stop(
            f"Đã có dữ liệu ({what}). Chọn thư mục trống bằng --data, hoặc dùng --force để cất dữ liệu cũ sang bên.",
            f"There is data already ({what}). Choose an empty folder with --data, or use --force to set the old aside.",
        )
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    if chosen.is_embedded:
        # An `up` that was killed may have left its server behind.
        postgres.EmbeddedServer(chosen.data).stop()
    aside = chosen.data / f"replaced-{stamp}"
    aside.mkdir(mode=0o711)
    for name in _BELONGINGS:
        if (chosen.data / name).exists():
            (chosen.data / name).rename(aside / name)
    say(f"Dữ liệu cũ được cất ở {aside}.", f"The old data is kept in {aside}.")
    if tables:
        schema = f"replaced_{stamp.lower()}"
        _run_sql(chosen, f'alter schema public rename to "{schema}"', "create schema public")
        say(f"Các bảng cũ ở lược đồ {schema}.", f"The old tables are in the schema {schema}.")


def _extract(archive: Path, data: Path, dump: Path) -> None:
    """Lay out the verified files. Names are checked all the same: a backup may come from anywhere."""
    with (
        archive.open("rb") as raw,
        backup.progress(words("Giải nén", "Unpacking"), archive.stat().st_size) as done,
        tarfile.open(fileobj=raw, mode="r|gz") as tar,
    ):
        for member in tar:
            name = PurePosixPath(member.name)
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or name.is_absolute() or ".." in name.parts:
                stop(f"{archive}: tên lạ {member.name}.", f"{archive}: strange name {member.name}.")
            if member.name == backup.MANIFEST:
                continue
            if member.name == backup.DUMP:
                target = dump
            elif member.name in backup.FILES or name.parts[0] in backup.FOLDERS:
                target = data / name
            else:
                stop(f"{archive}: tên lạ {member.name}.", f"{archive}: strange name {member.name}.")
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                while block := content.read(1 << 20):
                    file.write(block)
                    done(len(block))


def _load(chosen: Config, dump: Path) -> None:
    say("Đang nạp cơ sở dữ liệu…", "Loading the database…")
    command = [
        str(postgres.binaries() / "pg_restore"), "--no-owner", "--no-privileges", "--jobs", "2",
        "--dbname", chosen.effective_database_url, str(dump),
    ]  # fmt: skip
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    # Servers older than the program that wrote the dump do not know its settings; they lose nothing by that.
    complaints = [
        line
        for line in done.stderr.splitlines()
        if "error:" in line and "unrecognized configuration parameter" not in line
    ]
    if done.returncode and complaints:
        listed = "\n".join(complaints[:10])
        stop(f"Không nạp được cơ sở dữ liệu:\n{listed}", f"The database could not be loaded:\n{listed}")


def _count_tables(chosen: Config) -> int:
    import psycopg

    with psycopg.connect(chosen.effective_database_url) as connection:
        row = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    return int(row[0]) if row else 0


def _run_sql(chosen: Config, *statements: str) -> None:
    import psycopg

    with psycopg.connect(chosen.effective_database_url) as connection:
        for statement in statements:
            connection.execute(statement.encode())
