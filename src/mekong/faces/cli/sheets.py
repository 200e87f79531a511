"""Spreadsheets in and out: products, and stock."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mekong.faces.cli import installation
from mekong.faces.cli.words import language, say, stop, words

_MOST_SHOWN = 50


def import_products(data: Path | None, file: Path, *, mode: str, dry_run: bool, errors: Path | None) -> bool:
    """Import products, all or none; every bad cell is named. Whether there was nothing wrong. Raises: Stop."""
    with installation.opened(data):
        from django.utils import translation

        from mekong.catalog import commands as catalog
        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.errors import MekongError

        with translation.override(language()):
            try:
                report = catalog.import_products(
                    actor=SYSTEM,
                    file=file,
                    now=datetime.now(UTC),
                    mode=mode,  # type: ignore[arg-type]  # judged by the command
                    dry_run=dry_run,
                )
            except MekongError as failure:
                stop(str(failure), str(failure))
            for each in report.errors[:_MOST_SHOWN]:
                sentence = translation.gettext(each.template).format_map(dict(each.params))
                print(f"{each.column}{each.row} {each.header}: {each.value!r}: {sentence}")
            _rest(len(report.errors))
            if report.errors and errors is not None:
                with errors.open("wb") as out:
                    catalog.write_error_workbook(report=report, file=file, out=out)
    counts = f"{report.rows} / +{report.created} / ~{report.updated} / ={report.unchanged}"
    if report.errors:
        say(
            f"{len(report.errors)} ô sai; chưa ghi gì. Sửa các ô trên rồi nhập lại.",
            f"{len(report.errors)} bad cells; nothing was written. Mend them and import again.",
        )
    elif dry_run:
        say(f"Tệp hợp lệ (dòng / mới / sửa / giữ nguyên: {counts}); chưa ghi gì.",
            f"The file is good (rows / new / changed / unchanged: {counts}); nothing was written.")  # fmt: skip
    else:
        say(
            f"Đã nhập (dòng / mới / sửa / giữ nguyên): {counts}",
            f"Imported (rows / new / changed / unchanged): {counts}",
        )
    return report.ok


def _rest(count: int) -> None:
    if count > _MOST_SHOWN:
        more = count - _MOST_SHOWN
        say(f"… và {more} ô nữa.", f"… and {more} more.")


def export_products(data: Path | None, file: Path) -> None:
    """Write every product to a file; its ending says how. Raises: Stop."""
    if file.suffix.lower() not in (".xlsx", ".csv"):
        stop(f"{file.name}: hãy đặt đuôi .xlsx hoặc .csv.", f"{file.name}: let its name end in .xlsx or .csv.")
    with installation.opened(data):
        from mekong.catalog import queries as catalog
        from mekong.foundation.actor import SYSTEM

        draft = file.with_name(f".{file.name}.new")
        try:
            with draft.open("wb") as out:
                rows = catalog.export_products(
                    actor=SYSTEM, out=out, format="csv" if file.suffix.lower() == ".csv" else "xlsx"
                )
            draft.replace(file)
        except OSError as failure:
            stop(f"Không ghi được {file}: {failure.strerror}", f"Cannot write {file}: {failure.strerror}")
        finally:
            draft.unlink(missing_ok=True)
    say(f"Đã ghi {rows} dòng vào {file}", f"{rows} rows written to {file}")


# --- stock -----------------------------------------------------------------------------------------------------------


def import_stock(data: Path | None, file: Path, *, reason: str, location: str, dry_run: bool) -> bool:
    """Put stock on shelves, all rows or none; every bad cell is named. Whether there was nothing wrong. Raises: Stop."""
    if reason not in ("opening", "receipt"):
        stop("--reason phải là opening hoặc receipt.", "--reason must be opening or receipt.")
    with installation.opened(data):
        from mekong.faces.cli.stock_rows import judge, read, write
        from mekong.foundation.errors import MekongError

        try:
            rows, problems = read(file, location)
            lines, more = judge(rows)
            problems += more
            if not problems and not dry_run:
                write(lines, reason=reason, reference=f"import:{file.name}"[:60], now=datetime.now(UTC))
        except MekongError as failure:
            stop(str(failure), str(failure))
    show_problems(problems)
    if problems:
        say("Chưa ghi gì.", "Nothing was written.")
    else:
        said = (
            ("Tệp hợp lệ, chưa ghi gì:", "The file is good, nothing was written:")
            if dry_run
            else ("Đã nhập:", "Imported:")
        )
        say(f"{said[0]} {len(rows)} dòng", f"{said[1]} {len(rows)} rows")
    return not problems


def show_problems(problems: Sequence[tuple[int, str, str, str]]) -> None:
    """Print bad cells: row, column, and what to do in Vietnamese and English."""
    for row, column, vi, en in problems[:_MOST_SHOWN]:
        print(f"{column}{row}: {words(vi, en)}")
    _rest(len(problems))
