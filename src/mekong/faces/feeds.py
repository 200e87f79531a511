"""`GET /feeds/{key}/{name}`: a product feed, for the platform that was told its address. The key is the permission."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from pathlib import Path

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.http import require_safe

from mekong.partners.files import file_of, note_fetched
from mekong.partners.queries import feed_file

_CHUNK = 256 << 10
_NAMES = {"google.xml": "google", "meta.csv": "meta"}


@require_safe
def feed(request: HttpRequest, key: str, name: str) -> HttpResponseBase:
    """The file as it is now, packed where that is taken; 304 to whoever has it already."""
    kind = _NAMES.get(name)
    found = feed_file(key=key, kind=kind) if kind and len(key) <= 100 else None
    if found is None:
        raise Http404
    packed = _takes_gzip(request.headers.get("Accept-Encoding", ""))
    path = file_of(found.stem, packed=packed)
    if not path.is_file():
        raise Http404
    # A packed file has other bytes, and so another mark (RFC 9110, 8.8.3.3).
    etag = quote_etag(f"{found.etag[:32]}{'-gz' if packed else ''}")
    headers = {
        "ETag": etag, "Last-Modified": http_date(found.changed_at.timestamp()), "Vary": "Accept-Encoding",
        "Cache-Control": "private, max-age=0, must-revalidate", "X-Robots-Tag": "noindex",
    }  # fmt: skip
    note_fetched(stem=found.stem, now=datetime.now(UTC))
    known = get_conditional_response(
        request, etag=etag, last_modified=int(found.changed_at.timestamp()), response=HttpResponse(headers=headers)
    )
    if known is not None and known.status_code != 200:
        return known
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(content_type=found.media, headers=headers)
    else:
        body = _asynchronous(path) if hasattr(request, "scope") else _plain(path)
        answer = StreamingHttpResponse(body, content_type=found.media, headers=headers)
    answer.headers["Content-Length"] = str(path.stat().st_size)
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        coding, _, weight = each.partition(";")
        if coding.strip().lower() in ("gzip", "*"):
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return False


def _plain(path: Path) -> Generator[bytes, None, None]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


async def _asynchronous(path: Path) -> AsyncIterator[bytes]:
    """As `_plain`, for the event loop: reading waits on a thread."""
    chunks = _plain(path)
    try:
        while chunk := await sync_to_async(lambda: next(chunks, b""))():
            yield chunk
    finally:
        chunks.close()
