"""Files people sent, kept until they have seen what would become of them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from mekong.faces.backoffice.visit import Visit

KEPT_S = 24 * 3600
SUFFIXES = (".xlsx", ".xls", ".csv")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class NoFile(Exception):
    """Nothing usable was sent; its text says what to do, in the visitor's language."""


def keep(visit: Visit) -> tuple[str, Path, str]:
    """Keep the spreadsheet that came as `file`: its key, where it lies, and its name. Raises: NoFile."""
    sent = visit.request.FILES.get("file")
    suffix = Path(sent.name or "").suffix.lower() if sent else ""
    if sent is None or suffix not in SUFFIXES:
        raise NoFile(gettext("Choose an Excel file (.xlsx, .xls) or a CSV file in UTF-8."))
    if not sent.size:
        raise NoFile(gettext("The file is empty. Choose one with a heading and rows below it."))
    _sweep(visit)
    key = uuid4().hex
    path = _folder() / f"{visit.person.pk}-{key}{suffix}"
    with path.open("wb") as kept:
        for chunk in sent.chunks():
            kept.write(chunk)
    return key, path, sent.name or ""


def kept(visit: Visit, key: str) -> Path | None:
    """The file this person sent; keys are theirs alone."""
    if not re.fullmatch(r"[0-9a-f]{32}", key):
        return None
    return next(iter(_folder().glob(f"{visit.person.pk}-{key}.*")), None)


def download(out: io.BytesIO, name: str, kind: str = XLSX) -> HttpResponse:
    """A file made in memory, answered whole: streaming it would only hand it over piece by piece in another thread."""
    disposition = content_disposition_header(True, name) or "attachment"
    return HttpResponse(out.getvalue(), content_type=kind, headers={"Content-Disposition": disposition})


def _folder() -> Path:
    folder = Path(settings.MEKONG.data) / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _sweep(visit: Visit) -> None:
    for old in _folder().iterdir():
        if old.stat().st_mtime < visit.now.timestamp() - KEPT_S:
            old.unlink(missing_ok=True)
