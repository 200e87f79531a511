"""Pictures that sellers upload, or that the platform fetches for them (protocol notes, section 5)."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from mekong_sandbox.lazada.gate import Answer, Call, Refused
from mekong_sandbox.lazada.payload import request_of
from mekong_sandbox.lazada.taxonomy import wrong
from mekong_sandbox.pictures import PREFIX, Picture, Unreadable, absolute

MAX_BYTES = 3 * 1024 * 1024
FETCH_S = 3.0
MAX_IMAGES = 8


def _kept(call: Call, content: bytes, source: str = "") -> Answer:
    if len(content) > MAX_BYTES:
        raise Refused("303", "E303: The image is too large. Could not be processed", "ISP")
    name = f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}{call.world.number('lazada.image', 9_000_001):x}"
    try:
        picture = call.world.pictures.keep(name, "lazada", call.seller.seller_id, content, source)
    except Unreadable:
        raise Refused("302", "E302: The image format is not supported, use JPG or PNG", "ISP") from None
    return {"image": {"hash_code": picture.id, "url": absolute(call.request, picture.path)}}


def upload(call: Call) -> Answer:
    """Take a picture as a file part."""
    content = call.files.get("image", b"")
    if not content:
        raise Refused("MissingParameter", "The input parameter image is missing")
    return _kept(call, content)


def _fetched(call: Call, url: str) -> bytes:
    """The bytes behind an address; the stand-in's own are not asked for over the network."""
    own = call.world.pictures.at(url) if PREFIX in url else None
    content = call.world.pictures.content(own) if own else None
    if content is not None:
        return content
    if not url.startswith(("http://", "https://")):
        raise Refused("301", "E301: Migrate Image Failed, the URL is invalid", "ISP")
    try:
        with urlopen(url, timeout=FETCH_S) as reply:  # noqa: S310 - http and https alone, checked above
            return bytes(reply.read(MAX_BYTES + 1))
    except (URLError, OSError, ValueError) as bad:
        raise Refused("301", f"E301: Migrate Image Failed, {bad}", "ISP") from None


def migrate(call: Call) -> Answer:
    """Fetch a picture from an address elsewhere."""
    image = request_of(call).get("Image")
    url = str(image.get("Url", "")).strip() if isinstance(image, dict) else ""
    if not url:
        raise Refused("1", "E001: Parameter Url is mandatory", "ISP")
    return _kept(call, _fetched(call, url), url)


def _own(call: Call, url: str) -> Picture | None:
    picture = call.world.pictures.at(url)
    return picture if picture and call.world.pictures.get(picture.id, "lazada", call.seller.seller_id) else None


def known(call: Call, urls: list[Any], had: list[str], *, main: bool = True) -> list[str]:
    """Where pictures are; those that were not uploaded by the seller, or `had`, are outer ones. Raises: Refused."""
    field = "Images"
    if main and not urls:
        raise wrong("4139", "BIZ_CHECK_MAIN_IMAGE_REQUIRE", "Main image is require", field)
    if len(urls) > MAX_IMAGES:
        raise wrong("4169", "CHK_IMAGE_MAX_ITEMS", f"Upload a maximum of {MAX_IMAGES} pictures", field)
    paths = []
    for url in (str(one).strip() for one in urls):
        picture = _own(call, url)
        if picture is None and url not in had:
            raise wrong("4138", "BIZ_CHECK_EXIST_OUTER_IMAGE", f"The image exists in the outer link: {url}", field)
        paths.append(picture.path if picture else url)
    if main and len(set(paths)) < len(paths):
        raise wrong(
            "4116", "BIZ_CHECK_MAIN_IMAGE_DUPLICATE", "Main image has duplicate. Please remove to continue", field
        )
    return paths
