"""`mekong doctor`: every invariant on the live installation, what was found, and how to mend it."""

import contextlib
import dataclasses
import json
import shutil
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

from mekong.faces.cli import installation
from mekong.faces.cli.words import language, words
from mekong.foundation import config, postgres
from mekong.foundation.config import Config
from mekong.foundation.health import Finding

_LEAST_FREE_BYTES = 1024**3


def examine(data: Path | None, *, as_json: bool) -> bool:
    """Run every check and print the findings; returns whether all is well."""
    findings: list[tuple[str, Finding]] = []
    try:
        chosen = installation.choose(data)
        findings += [("machine.disk", disk(chosen)), ("machine.secrets", secrets(chosen))]
        if _is_empty(chosen):
            findings.append(("database.reachable", _absent(chosen)))
        else:
            findings += _inside(chosen)
    except config.BadSetting as wrong:
        remedy = words("Sửa biến môi trường hoặc tệp mekong.toml.", "Correct the environment variable or mekong.toml.")
        findings.append(("machine.settings", Finding(False, words(wrong.vi, wrong.en), remedy)))
    except postgres.ServerFailed as failure:
        findings.append(("database.reachable", Finding(False, str(failure), _see_log())))
    healthy = all(finding.ok for _, finding in findings)
    _print(findings, healthy=healthy, as_json=as_json)
    return healthy


def _inside(chosen: Config) -> list[tuple[str, Finding]]:
    """What is found through the database; when it does not answer, that alone."""
    from django.db import DatabaseError
    from django.utils import translation

    from mekong.foundation import health

    with installation.opened(chosen.data, prepared=False):
        try:
            found = [("database.reachable", reachable()), ("database.migrated", migrated())]
        except DatabaseError as failure:
            return [("database.reachable", Finding(False, str(failure).strip(), _see_log()))]
        if not found[-1][1].ok:
            return found
        with translation.override(language()):
            return found + health.run_all(datetime.now(UTC))


def reachable() -> Finding:
    """The database answers, and is new enough."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version'), current_setting('server_version_num')::int")
        version, number = cursor.fetchone()
        cursor.execute("select pg_size_pretty(pg_database_size(current_database()))")
        (size,) = cursor.fetchone()
    found = f"PostgreSQL {version}, {size}."
    least = postgres.MINIMUM_VERSION
    if number < least:
        return Finding(
            False,
            found,
            words(
                f"Nâng cấp máy chủ của DATABASE_URL lên PostgreSQL {least // 10000} trở lên.",
                f"Upgrade the server of DATABASE_URL to PostgreSQL {least // 10000} or newer.",
            ),
        )
    return Finding(True, found)


def migrated() -> Finding:
    """The tables are those of this release."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = [str(step) for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if waiting:
        return Finding(
            False,
            words(f"{len(waiting)} bước chưa chạy: ", f"{len(waiting)} steps not applied: ") + ", ".join(waiting[:5]),
            words("Chạy: mekong migrate", "Run: mekong migrate"),
        )
    return Finding(True, words("Các bảng đúng với phiên bản này.", "The tables are those of this release."))


def disk(chosen: Config) -> Finding:
    """There is room to write."""
    where = next(folder for folder in (chosen.data, *chosen.data.parents) if folder.exists())
    free = shutil.disk_usage(where).free
    found = words(f"Còn trống {free / 1024**3:.1f} GiB ở {where}.", f"{free / 1024**3:.1f} GiB free at {where}.")
    if free < _LEAST_FREE_BYTES:
        return Finding(False, found, words("Giải phóng ít nhất 1 GiB.", "Free at least 1 GiB."))
    return Finding(True, found)


def secrets(chosen: Config) -> Finding:
    """The keys are readable by their owner alone."""
    path = chosen.data / config.SECRETS_FILE
    with contextlib.suppress(FileNotFoundError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            return Finding(
                False,
                words(f"{path} đọc được bởi người khác ({mode:o}).", f"{path} is open to others ({mode:o})."),
                f"chmod 600 {path}",
            )
        return Finding(True, words("Chỉ chủ sở hữu đọc được khoá.", "Only their owner can read the keys."))
    return Finding(
        True, words("Khoá chưa được tạo, hoặc nằm trong biến môi trường.", "No keys yet, or kept in the environment.")
    )


def _is_empty(chosen: Config) -> bool:
    return chosen.is_embedded and not (chosen.data / "pg" / "PG_VERSION").exists()


def _absent(chosen: Config) -> Finding:
    return Finding(
        False,
        words(f"Chưa có hệ thống nào trong {chosen.data}.", f"There is no installation in {chosen.data}."),
        words(
            "Chạy “mekong up”, hoặc chỉ đúng thư mục bằng --data.",
            "Run “mekong up”, or name the right folder with --data.",
        ),
    )


def _see_log() -> str:
    return words(
        "Xem nhật ký postgres.log trong thư mục logs, hoặc kiểm tra DATABASE_URL.",
        "Read postgres.log in the logs folder, or check DATABASE_URL.",
    )


def _print(findings: list[tuple[str, Finding]], *, healthy: bool, as_json: bool) -> None:
    if as_json:
        checks = [{"name": name, **dataclasses.asdict(finding)} for name, finding in findings]
        json.dump({"ok": healthy, "checks": checks}, sys.stdout, ensure_ascii=False, indent=2)
        print()
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", words("Kiểm tra", "Check"), words("Thấy", "Found"), words("Cách sửa", "Remedy")):
        table.add_column(heading, overflow="fold")
    for name, finding in findings:
        table.add_row("[green]✓[/]" if finding.ok else "[red]✗[/]", name, finding.found, finding.remedy)
    console = Console()
    console.print(table)
    if not healthy:
        console.print(words("\nCó điều cần sửa.", "\nSomething needs mending."))
