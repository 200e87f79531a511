"""`mekong backup`: the whole installation in one file that can prove it is whole.

The file is a tar of `database.dump` (pg_dump's custom format), `media/`, `lake/`, `secrets.json`, `mekong.toml`, and
last `manifest.json` with the size and SHA-256 of each. Nothing is held in memory, and the file gets its name when it
is complete.
"""

import contextlib
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from mekong import __version__
from mekong.faces.cli import installation
from mekong.faces.cli.words import say, stop, words
from mekong.foundation import config, postgres
from mekong.foundation.config import Config

MANIFEST = "manifest.json"
DUMP = "database.dump"
FOLDERS = ("media", "lake")
FILES = (config.SECRETS_FILE, config.FILE)
FORMAT = 1
"""Version of the layout above; a restore refuses newer ones."""


def back_up(data: Path | None, target: Path) -> None:
    """Write a backup of the installation, beside whatever runs on it, and check it. Raises: Stop."""
    chosen = installation.choose(data)
    if chosen.is_embedded and not (chosen.data / "pg" / "PG_VERSION").exists():
        stop(f"Không có hệ thống nào trong {chosen.data}.", f"There is no installation in {chosen.data}.")
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with installation.served(chosen), tempfile.TemporaryDirectory(dir=target.parent, prefix=".mekong-") as spare:
            dump = Path(spare) / DUMP
            _dump(chosen, dump)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                _write(chosen, dump, file)
                file.flush()
                os.fsync(file.fileno())
        verify(draft)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    megabytes = target.stat().st_size / 1e6
    say(
        f"Đã sao lưu vào {target} ({megabytes:.1f} MB) và kiểm tra. Tệp chứa khoá bí mật: hãy cất giữ cẩn thận.",
        f"Backed up into {target} ({megabytes:.1f} MB) and verified. It holds secret keys: keep it safe.",
    )


def verify(archive: Path) -> dict[str, Any]:
    """Read a whole backup and compare it with its manifest, which is returned. Raises: Stop, when it is not whole."""
    seen: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] = {}
    try:
        with (
            archive.open("rb") as raw,
            progress(words("Kiểm tra", "Verifying"), archive.stat().st_size) as done,
            tarfile.open(fileobj=_Watched(raw, done), mode="r|gz") as tar,  # type: ignore[call-overload]  # needs `read` alone
        ):
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    continue
                if member.name == MANIFEST:
                    manifest = json.load(content)
                else:
                    seen[member.name] = {"size": member.size, "sha256": _digest(content)}
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        stop(f"{archive}: tệp sao lưu hỏng ({error}).", f"{archive}: the backup is damaged ({error}).")
    if not manifest:
        stop(f"{archive}: không phải bản sao lưu trọn vẹn.", f"{archive}: this is not a whole backup.")
    if manifest.get("format", 0) > FORMAT:
        made = manifest.get("version", "?")
        stop(
            f"{archive} do Mekong {made} tạo; hãy nâng cấp Mekong trước khi khôi phục.",
            f"{archive} was made by Mekong {made}; upgrade Mekong before restoring it.",
        )
    wrong = sorted(
        name for name in seen.keys() | manifest["files"].keys() if seen.get(name) != manifest["files"].get(name)
    )
    if wrong:
        listed = ", ".join(wrong[:5])
        stop(f"{archive}: sai hoặc thiếu {listed}.", f"{archive}: wrong or missing: {listed}.")
    return manifest


@contextlib.contextmanager
def progress(title: str, total: int) -> Iterator[Any]:
    """A bar in bytes on standard error; yields a function that takes the bytes done since it was last called."""
    from rich.console import Console

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(title, total=max(total, 1))
        yield lambda count: bar.advance(task, count)


def _dump(chosen: Config, target: Path) -> None:
    command = [
        str(postgres.binaries() / "pg_dump"), "--format", "custom", "--no-owner", "--no-privileges",
        "--lock-wait-timeout", "60s", "--file", str(target), "--dbname", chosen.effective_database_url,
    ]  # fmt: skip
    size = _database_bytes(chosen)
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with progress(words("Cơ sở dữ liệu", "Database"), size) as done:
        written = 0
        while running.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.2)
            now = target.stat().st_size if target.exists() else 0
            done(now - written)
            written = now
    if running.returncode:
        complaint = running.stderr.read().strip() if running.stderr else ""
        stop(f"Không sao lưu được cơ sở dữ liệu: {complaint}", f"The database could not be backed up: {complaint}")
    target.chmod(0o600)


def _database_bytes(chosen: Config) -> int:
    """A guess of how large the dump gets: compressed, about a fifth of the tables."""
    import psycopg

    with psycopg.connect(chosen.effective_database_url) as connection:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
    return int(row[0]) // 5 if row else 1


def _write(chosen: Config, dump: Path, file: IO[bytes]) -> None:
    members = [(DUMP, dump), *_members(chosen.data)]
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "version": __version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {},
    }
    total = sum(path.stat().st_size for _, path in members)
    with (
        progress(words("Ghi tệp", "Writing"), total) as done,
        # The large members are compressed already; the fastest level is for the rest.
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for name, path in members:
            with path.open("rb") as content:
                size = os.fstat(content.fileno()).st_size
                watched = _Hashed(content, done, size)
                member = tarfile.TarInfo(name)
                member.size, member.mode, member.mtime = size, 0o600, int(path.stat().st_mtime)
                tar.addfile(member, watched)
                manifest["files"][name] = {"size": size, "sha256": watched.sha256.hexdigest()}
        text = json.dumps(manifest, indent=1).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode, member.mtime = len(text), 0o600, int(time.time())
        tar.addfile(member, io.BytesIO(text))


def _members(data: Path) -> list[tuple[str, Path]]:
    """Files beside the database, by their names in the archive. The dump came first: what it names is there."""
    found = [(name, data / name) for name in FILES if (data / name).is_file()]
    for folder in FOLDERS:
        found += [
            (path.relative_to(data).as_posix(), path)
            for path in sorted((data / folder).rglob("*"))
            if path.is_file() and not path.is_symlink()
        ]
    return found


def _digest(content: IO[bytes]) -> str:
    return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]  # reads by readinto, which tar members have


class _Watched:
    """A file whose reading moves a progress bar."""

    def __init__(self, file: IO[bytes], done: Any) -> None:
        self._file, self._done = file, done

    def read(self, size: int = -1) -> bytes:
        got = self._file.read(size)
        self._done(len(got))
        return got


class _Hashed:
    """A file read to exactly the size it had when it was opened, hashed on the way: a media file may still grow."""

    def __init__(self, file: IO[bytes], done: Any, size: int) -> None:
        self._file, self._done, self._left = file, done, size
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        got = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(got)
        self.sha256.update(got)
        self._done(len(got))
        return got
