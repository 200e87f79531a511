"""Spreadsheets read row by row: xlsx, xls and CSV, whatever their names say, with guards against hostile ones."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from mekong.catalog.errors import FileTooLarge, UnreadableFile, WrongEncoding
from mekong.catalog.rules.sheet import Cell, arm

MOST_BYTES = 50 * 1024 * 1024
MOST_UNPACKED = 600 * 1024 * 1024
"""An honest product list of 200,000 rows unpacks to about 250 MB of XML."""
MOST_ROWS = 299_998
MOST_COLUMNS = 200
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Source = str | Path | BinaryIO


@dataclass(frozen=True)
class Sheet:
    """`rows`: (number of the row as the spreadsheet counts it, its cells), empty ones too."""

    rows: Iterator[tuple[int, list[Cell]]]


@contextmanager
def open_sheet(file: Source) -> Iterator[Sheet]:
    """The first sheet of a file.

    Raises: UnreadableFile, WrongEncoding, FileTooLarge (50 MB; 600 MB unpacked; 299,998 rows).
    """
    if isinstance(file, str | Path):
        try:
            with Path(file).open("rb") as opened:
                yield _sheet(opened)
        except (FileNotFoundError, IsADirectoryError, PermissionError) as absent:
            raise UnreadableFile(field="file", reason=str(absent)) from absent
    else:
        file.seek(0)
        yield _sheet(file)


def _sheet(file: BinaryIO) -> Sheet:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > MOST_BYTES:
        raise FileTooLarge(field="file", limit=f"{MOST_BYTES // 1024 // 1024} MB")
    start = file.read(8)
    file.seek(0)
    if start.startswith(_ZIP):
        _refuse_bomb(file)
        return Sheet(_guarded(_workbook(file)))
    if start == _OLE:
        return Sheet(_guarded(_workbook(file)))
    return Sheet(_guarded(_csv(file.read())))


def _refuse_bomb(file: BinaryIO) -> None:
    """Look into the archive before the reader does: it holds a sheet as a full grid, however few cells are filled."""
    try:
        with zipfile.ZipFile(file) as packed:
            entries = packed.infolist()
            if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
                raise FileTooLarge(field="file", limit=f"{MOST_UNPACKED // 1024 // 1024} MB")
            if "xl/workbook.xml" not in packed.namelist():
                raise UnreadableFile(field="file", reason="not an xlsx workbook")
            for entry in entries:
                if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                    with packed.open(entry) as page:
                        _refuse_wide_grid(page)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, RuntimeError, OSError, EOFError) as broken:
        raise UnreadableFile(field="file", reason=str(broken)) from broken
    finally:
        file.seek(0)


_FAR_RIGHT = re.compile(rb"""\sr=["'](?:[A-Z]{3,}|[H-Z][A-Z]|G[S-Z])[0-9]""")
_FAR_DOWN = re.compile(rb"""\sr=["'][A-Z]*(?:[3-9][0-9]{5}|[0-9]{7,})["']""")
_RIGHT = re.compile(rb"""\sr=["'][A-Z]{2}[0-9]""")
_DOWN = re.compile(rb"""\sr=["'][A-Z]*[1-9][0-9]{5}["']""")


def _refuse_wide_grid(page: IO[bytes]) -> None:
    """Raises: FileTooLarge: beyond column GR (200) or row 299,999; or beyond column Z and row 99,999 both."""
    tail = b""
    right = down = False
    while block := page.read(1024 * 1024):
        seen = tail + block
        tail = seen[-32:]
        if _FAR_RIGHT.search(seen):
            raise FileTooLarge(field="file", limit=f"{MOST_COLUMNS} columns")
        right = right or _RIGHT.search(seen) is not None
        down = down or _DOWN.search(seen) is not None
        if _FAR_DOWN.search(seen) or (right and down):
            raise FileTooLarge(field="file", limit=f"{MOST_ROWS} rows")


def _workbook(file: BinaryIO) -> Iterator[list[Cell]]:
    try:
        book = CalamineWorkbook.from_filelike(file)
        sheet = book.get_sheet_by_index(0)
        # Rows above the first filled one are handed out, columns before it are not.
        before = sheet.start[1] if sheet.start else 0
        for row in sheet.iter_rows():
            yield [*([None] * before), *row]
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile) as broken:
        raise UnreadableFile(field="file", reason=str(broken)) from broken
    except BaseException as panic:
        # The reader is written in Rust; on some broken files it panics instead of raising.
        if type(panic).__name__ != "PanicException":
            raise
        raise UnreadableFile(field="file", reason="the reader gave up") from panic


def _csv(content: bytes) -> Iterator[list[Cell]]:
    text = _decoded(content)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            yield [arm(cell) for cell in row]
    except csv.Error as broken:
        raise UnreadableFile(field="file", reason=f"line {reader.line_num}: {broken}") from broken


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        raise WrongEncoding(field="file", line=line, encoding=_guess(content)) from wrong
    if "\0" in text:
        raise UnreadableFile(field="file", reason="NUL bytes")
    return text


def _guess(content: bytes) -> str:
    """What a file that is not UTF-8 most likely is. In Vietnam: Windows' Vietnamese code page, of Excel's plain CSV."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    try:
        text = content.decode("windows-1258")
    except UnicodeDecodeError:
        return "an older encoding"
    # Its tone marks stand after their vowels as combining characters, and ư ơ đ have places of their own.
    if any(letter in text for letter in "\u0300\u0301\u0303\u0309\u0323ươđƯƠĐăĂ"):
        return "windows-1258"
    return "windows-1252"


def _guarded(rows: Iterator[list[Cell]]) -> Iterator[tuple[int, list[Cell]]]:
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS + 1:
            raise FileTooLarge(field="file", limit=f"{MOST_ROWS} rows")
        if len(row) > MOST_COLUMNS and any(cell not in (None, "") for cell in row[MOST_COLUMNS:]):
            raise FileTooLarge(field="file", limit=f"{MOST_COLUMNS} columns")
        yield number, row[:MOST_COLUMNS]
