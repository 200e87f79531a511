"""Files too long for memory, handed over piece by piece: made in a temporary file, or row by row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

_CHUNK = 64 * 1024


class Streamed(StreamingHttpResponse):
    """A download whose pieces a plain generator makes, one at a time; it may ask the database between them.

    Django would gather a plain generator whole before it sends the first byte to an ASGI server.
    """

    def __init__(self, pieces: Iterator[bytes], *, name: str, kind: str) -> None:
        super().__init__(pieces, content_type=kind)
        self.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)

        def following() -> bytes | None:
            return next(pieces, None)

        # In the request's own thread, where its database connection is.
        while (piece := await sync_to_async(following)()) is not None:
            yield piece


def of_file(file: IO[bytes]) -> Iterator[bytes]:
    """The pieces of an open file, which is closed after the last."""
    with file:
        while piece := file.read(_CHUNK):
            yield piece
