"""Spreadsheets in and out: products, and stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mekong.faces.cli import installation
from mekong.faces.cli.words import language, say, stop

if TYPE_CHECKING:
    from mekong.catalog.contracts import CellProblem
    from mekong.foundation.errors import MekongError

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
                _stop_with(failure)
            _show(report.errors)
            if report.errors and errors is not None:
                with errors.open("wb") as out:
                    catalog.write_error_workbook(report=report, file=file, out=out)
    counts = f"{report.rows} / +{report.created} / ~{report.updated} / ={report.unchanged}"
    if report.errors:
        _say_bad(len(report.errors))
    elif dry_run:
        say(f"Tệp hợp lệ (dòng / mới / sửa / giữ nguyên: {counts}); chưa ghi gì.",
            f"The file is good (rows / new / changed / unchanged: {counts}); nothing was written.")  # fmt: skip
    else:
        say(
            f"Đã nhập (dòng / mới / sửa / giữ nguyên): {counts}",
            f"Imported (rows / new / changed / unchanged): {counts}",
        )
    return report.ok


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


def import_price_list(data: Path | None, file: Path, *, code: str, dry_run: bool) -> bool:
    """Set prices of a list, all rows or none; every bad cell is named. Whether there was nothing wrong. Raises: Stop."""
    with installation.opened(data):
        from django.utils import translation

        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.errors import MekongError
        from mekong.pricing import commands, queries

        with translation.override(language()):
            try:
                wanted = queries.get_price_list(actor=SYSTEM, code=code).id
                report = commands.import_price_list(
                    actor=SYSTEM, list_id=wanted, file=file, now=datetime.now(UTC), dry_run=dry_run
                )
            except MekongError as failure:
                _stop_with(failure)
            _show(report.errors)
    counts = f"{report.rows} / ~{report.changed} / {report.blank}"
    if report.errors:
        _say_bad(len(report.errors))
    elif dry_run:
        say(
            f"Tệp hợp lệ (dòng / giá thay đổi / không ghi giá: {counts}); chưa ghi gì.",
            f"The file is good (rows / prices that change / without a price: {counts}); nothing was written.",
        )
    else:
        say(
            f"Đã nhập (dòng / giá thay đổi / không ghi giá): {counts}",
            f"Imported (rows / prices that changed / without a price): {counts}",
        )
    return not report.errors


def export_price_list(data: Path | None, file: Path, *, code: str, is_whole: bool) -> None:
    """Write a list's prices to a file; its ending says how. Raises: Stop."""
    if file.suffix.lower() not in (".xlsx", ".csv"):
        stop(f"{file.name}: hãy đặt đuôi .xlsx hoặc .csv.", f"{file.name}: let its name end in .xlsx or .csv.")
    with installation.opened(data):
        from django.utils import translation

        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.errors import MekongError
        from mekong.pricing import queries

        draft = file.with_name(f".{file.name}.new")
        try:
            with translation.override(language()), draft.open("wb") as out:
                wanted = queries.get_price_list(actor=SYSTEM, code=code).id
                rows = queries.export_price_list(
                    actor=SYSTEM, list_id=wanted, out=out, is_whole=is_whole,
                    format="csv" if file.suffix.lower() == ".csv" else "xlsx",
                )  # fmt: skip
            draft.replace(file)
        except MekongError as failure:
            with translation.override(language()):
                _stop_with(failure)
        except OSError as failure:
            stop(f"Không ghi được {file}: {failure.strerror}", f"Cannot write {file}: {failure.strerror}")
        finally:
            draft.unlink(missing_ok=True)
    say(f"Đã ghi {rows} dòng vào {file}", f"{rows} rows written to {file}")


def import_stock(data: Path | None, file: Path, *, dry_run: bool) -> bool:
    """Book opening stock, all rows or none; every bad cell is named. Whether there was nothing wrong. Raises: Stop."""
    with installation.opened(data):
        from django.utils import translation

        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.errors import MekongError
        from mekong.inventory import commands as inventory

        with translation.override(language()):
            try:
                report = inventory.import_opening_stock(actor=SYSTEM, file=file, now=datetime.now(UTC), dry_run=dry_run)
            except MekongError as failure:
                _stop_with(failure)
            _show(report.errors)
    counts = f"{report.rows} / {report.units}"
    if report.errors:
        _say_bad(len(report.errors))
    elif dry_run:
        say(
            f"Tệp hợp lệ (dòng / sản phẩm: {counts}); chưa ghi gì.",
            f"The file is good (rows / units: {counts}); nothing was written.",
        )
    else:
        say(f"Đã nhập (dòng / sản phẩm): {counts}", f"Booked (rows / units): {counts}")
    return not report.errors


def import_orders(
    data: Path | None,
    file: Path,
    *,
    channel: str,
    columns: Mapping[str, str],
    states: Mapping[str, str],
    dry_run: bool,
) -> bool:
    """Take in a seller centre's order export; what is wrong or unknown is named. Whether all of it came in. Raises: Stop."""
    with installation.opened(data):
        from django.utils import translation

        from mekong.channels import files
        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.errors import MekongError

        with translation.override(language()):
            try:
                report = files.import_orders(
                    actor=SYSTEM, channel=channel, file=file, now=datetime.now(UTC), columns=columns, states=states,
                    dry_run=dry_run, progress=lambda done, of: print(f"  {done}/{of}", flush=True),
                )  # fmt: skip
            except MekongError as failure:
                _stop_with(failure)
            _show(report.problems)
    if report.missing:
        names = ", ".join(report.missing)
        say(
            f"Không nhận ra cột cho: {names}. Hãy thêm --column TRƯỜNG=TIÊU ĐỀ. Các cột có: {', '.join(report.headers)}",
            f"No column recognised for: {names}. Add --column FIELD=HEADER. The columns are: {', '.join(report.headers)}",
        )
        return False
    for text in report.unknown_states:
        say(f"Trạng thái lạ “{text}”: hãy thêm --status “{text}=BƯỚC”.",
            f"Unknown status “{text}”: add --status “{text}=STEP”.")  # fmt: skip
    counts = f"{report.orders} / +{report.placed} / ~{report.advanced} / {len(report.left_out) + len(report.parked)}"
    if report.is_written:
        say(
            f"Đã nhập (đơn / mới / tiến triển / để lại): {counts}",
            f"Imported (orders / new / moved on / left out): {counts}",
        )
    else:
        fresh = report.orders - report.known
        say(
            f"{report.orders} đơn, {fresh} đơn mới; chưa ghi gì.",
            f"{report.orders} orders, {fresh} new; nothing was written.",
        )
    return not report.left_out and not report.parked


def _stop_with(failure: MekongError) -> NoReturn:
    from django.utils import translation

    text = failure.message(translation.gettext(failure.template))
    stop(text, text)


def _show(problems: Sequence[CellProblem]) -> None:
    from django.utils import translation

    for each in problems[:_MOST_SHOWN]:
        sentence = translation.gettext(each.template).format_map({**each.params, "field": each.header})
        print(f"{each.column}{each.row} {each.header}: {each.value!r}: {sentence}")
    if len(problems) > _MOST_SHOWN:
        more = len(problems) - _MOST_SHOWN
        say(f"… và {more} ô nữa.", f"… and {more} more.")


def _say_bad(count: int) -> None:
    say(
        f"{count} ô sai; chưa ghi gì. Sửa các ô trên rồi nhập lại.",
        f"{count} bad cells; nothing was written. Mend them and import again.",
    )
