"""Pictures that were uploaded, kept with the rest of the world and served back at `/pictures/{id}.{ending}`."""

from __future__ import annotations

import struct
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING

import msgspec

from mekong_sandbox.http import Reply, Request

if TYPE_CHECKING:
    from mekong_sandbox.store import Store

PREFIX = "/pictures/"
KIND, CONTENT = "picture", "picture.content"
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}


class Picture(msgspec.Struct):
    """A picture of a shop. `width`, `height` 0: not told by its first bytes."""

    id: str
    platform: str
    owner: str
    ending: str
    size: int
    width: int = 0
    height: int = 0
    source: str = ""
    """The address it was fetched from; "" = uploaded."""

    @property
    def path(self) -> str:
        """Where it is served, without the host."""
        return f"{PREFIX}{self.id}.{self.ending}"


class Content(msgspec.Struct):
    """The bytes of a picture, read only when it is served."""

    body: bytes


class Unreadable(ValueError):
    """The bytes are no picture that browsers show."""


def ending_of(content: bytes) -> str:
    """Which sort of picture bytes are, by how they begin. Raises: Unreadable."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    raise Unreadable("the bytes are not a JPEG, PNG, WebP or GIF picture")


def measure(content: bytes, ending: str) -> tuple[int, int]:
    """Width and height of a PNG or JPEG; (0, 0) where its head does not tell."""
    if ending == "png" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    at = 2
    while ending == "jpg" and at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return 0, 0


class Pictures:
    """All pictures of the world."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found = {row.id: row for _, row in store.load(KIND, Picture)}

    def clear(self) -> None:
        self._found.clear()

    def keep(self, picture_id: str, platform: str, owner: object, content: bytes, source: str = "") -> Picture:
        """Keep a picture under an id. Raises: Unreadable."""
        ending = ending_of(content)
        width, height = measure(content, ending)
        picture = Picture(picture_id, platform, str(owner), ending, len(content), width, height, source)
        self._found[picture_id] = picture
        self._store.save(KIND, picture_id, picture)
        self._store.save(CONTENT, picture_id, Content(content))
        return picture

    def get(self, picture_id: str, platform: str, owner: object = None) -> Picture | None:
        """A picture of a platform, and of one shop where an owner is named."""
        found = self._found.get(picture_id)
        if found is None or found.platform != platform or owner not in (None, found.owner):
            return None
        return found

    def of(self, platform: str, owner: str) -> list[Picture]:
        """What a shop has uploaded, in the order of ids."""
        return [one for one in self._found.values() if (one.platform, one.owner) == (platform, owner)]

    def at(self, address: str) -> Picture | None:
        """The picture served at an address, whatever host it names."""
        _, found, name = address.partition(PREFIX)
        return self._found.get(name.rpartition(".")[0]) if found else None

    def content(self, picture: Picture) -> bytes | None:
        """Its bytes."""
        found = self._store.get(CONTENT, picture.id, Content)
        return found.body if found else None

    def answer(self, request: Request) -> Reply:
        """Serve a picture."""
        picture = self.at(request.path)
        content = self.content(picture) if picture else None
        if picture is None or content is None or request.path != picture.path or request.method not in ("GET", "HEAD"):
            return Reply(b"not found", status=404, content_type="text/plain")
        reply = Reply(content, content_type=TYPES[picture.ending])
        reply.headers["cache-control"] = "public, max-age=86400"
        reply.headers["x-content-type-options"] = "nosniff"
        return reply


def absolute(request: Request, address: str) -> str:
    """An address as callers see it: that of a kept picture with the host they called."""
    if not address.startswith(PREFIX):
        return address
    scheme = request.headers.get("x-forwarded-proto", "http")
    return f"{scheme}://{request.headers.get('host', 'localhost')}{address}"


def parts_of(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """Texts and files of a multipart body, by their names; files of one name but the last are lost."""
    head = b"Content-Type: " + request.headers["content-type"].encode("latin-1") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    texts: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        body = bytes(part.get_payload(decode=True) or b"")
        if part.get_filename() is None:
            texts[name] = body.decode("utf-8", "replace")
        else:
            files[name] = body
    return texts, files
