"""Pictures as every platform takes them: JPEG or PNG, not too large, and where they may be fetched from."""

from __future__ import annotations

import io

from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

from mekong.catalog.contracts import PictureFile
from mekong.channels.socket.publishing import Picture

MOST_BYTES = 1_000_000
"""Lazada's bound, the narrowest of the platforms."""
LONGEST_PX = 1_600
_QUALITIES = (90, 82, 74, 64, 50)


class Unreadable(Exception):
    """The file is gone, or is no picture any more."""


def read(file: PictureFile) -> Picture:
    """A picture of the catalogue as it is given to a platform. Raises: Unreadable."""
    try:
        with default_storage.open(file.path) as opened, Image.open(opened) as image:
            content, width, height = _fitted(image)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as broken:
        raise Unreadable(file.path) from broken
    return Picture(content, "image/jpeg", f"{file.sha256[:32]}.jpg", width, height, _address(file))


def _fitted(image: Image.Image) -> tuple[bytes, int, int]:
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_PX, LONGEST_PX))
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        clear = upright.convert("RGBA")
        upright = Image.new("RGB", clear.size, "white")
        upright.paste(clear, mask=clear.getchannel("A"))
    elif upright.mode != "RGB":
        upright = upright.convert("RGB")
    out = io.BytesIO()
    for quality in _QUALITIES:
        out = io.BytesIO()
        upright.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue(), upright.width, upright.height


def _address(file: PictureFile) -> str:
    """Where the world may fetch it; "" for an installation that only its own people reach."""
    base = settings.MEKONG.public_url.rstrip("/")
    return f"{base}{settings.MEDIA_URL}{file.path}" if base else ""
