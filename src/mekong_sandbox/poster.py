"""A keep-alive HTTP client for notices: POST, read the status, nothing else."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

MAX_REPLY_BYTES = 4 * 1024 * 1024


class NotDelivered(Exception):
    """No usable answer came back."""


class Poster:
    """One connection to one server, opened again when the server closed it."""

    def __init__(self) -> None:
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._origin: tuple[str, str, int] | None = None

    async def post(self, url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> int:
        """Send a body and return the HTTP status. Raises NotDelivered, also when `timeout_s` passes first."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._post(url, headers, body)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as failed:
            self.close()
            raise NotDelivered(f"{type(failed).__name__}: {failed}") from failed

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not a URL to post to: {url}")
        origin = (parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        message = "\r\n".join([*lines, "", ""]).encode() + body
        reused = self._writer is not None and self._origin == origin
        if reused:
            try:
                return await self._exchange(message)
            except (OSError, asyncio.IncompleteReadError):
                self.close()  # the server let the idle connection go; a fresh one decides
        self.close()
        secure = ssl.create_default_context() if parts.scheme == "https" else None
        self._reader, self._writer = await asyncio.open_connection(origin[1], origin[2], ssl=secure)
        self._origin = origin
        return await self._exchange(message)

    async def _exchange(self, message: bytes) -> int:
        if self._reader is None or self._writer is None:
            raise OSError("not connected")
        self._writer.write(message)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if "chunked" in headers.get("transfer-encoding", ""):
            while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readuntil(b"\r\n")
        elif "content-length" in headers:
            length = int(headers["content-length"])
            if length > MAX_REPLY_BYTES:
                raise ValueError("reply too large")
            await self._reader.readexactly(length)
        elif status not in (204, 304):
            self.close()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status

    def close(self) -> None:
        """Let the connection go."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = self._origin = None
