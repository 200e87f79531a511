"""Pictures: checked to be pictures, stripped of what cameras add, kept under the hash of what was uploaded."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Max, Q
from PIL import Image, ImageOps

from mekong.catalog.commands.locking import lock_product, lock_variant, touch
from mekong.catalog.contracts import MOST_PICTURE_BYTES, MOST_PICTURE_PIXELS, MediaView
from mekong.catalog.errors import BadImage, ImageTooLarge, Missing, TooManyPictures
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import Media, Product, RemovedMedia, Variant
from mekong.catalog.queries.products import media_view
from mekong.catalog.rules.words import clean
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit

MOST_PICTURES = 50
"""Of one product with its variants. Marketplaces show nine or so of each."""
KEPT = timedelta(days=30)
"""How long a picture that was taken away can be put back."""
_FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "png"}
_SMALL, _LARGE = 96, 320
_COLUMNS = (
    "uid", "product_id", "variant_id", "sha256", "path", "thumbnail", "thumbnail_large", "width", "height", "alt_text",
    "position", "created_at",
)  # fmt: skip


@command
def add_media(
    *,
    actor: Actor,
    content: bytes,
    now: datetime,
    product_id: int | None = None,
    variant_id: int | None = None,
    alt_text: str = "",
) -> MediaView:
    """Add a picture to a product or to one of its variants, behind those it has. Safe to repeat: once is enough.

    Place and camera data (EXIF) are removed, the picture is turned upright, of an animation the first frame stays.
    The files are written before the row; a file without a row does no harm, and the same picture finds it again.

    Args:
        product_id, variant_id: give one of the two.

    Raises: MayNot, Missing, ProductNotFound, VariantNotFound, TooManyPictures, BadImage, ImageTooLarge (20 MB, 50
        megapixels).
    """
    actor.require("catalog.edit")
    alt_text = clean(alt_text, "alt_text", 300)
    product, variant = _owner(product_id, variant_id)
    digest = hashlib.sha256(content).hexdigest()
    mine = Media.objects.filter(variant=variant) if variant else Media.objects.filter(product=product)
    media = mine.filter(sha256=digest).first()
    if media is None:
        if pictures_of(product.id).count() >= MOST_PICTURES:
            raise TooManyPictures(field="file", limit=MOST_PICTURES)
        width, height, path, small, large = _store(content, digest)
        last = mine.aggregate(last=Max("position"))["last"]
        media = Media.objects.create(
            product=None if variant else product,
            variant=variant,
            sha256=digest,
            path=path,
            thumbnail=small,
            thumbnail_large=large,
            width=width,
            height=height,
            alt_text=alt_text,
            position=0 if last is None else last + 1,
            created_at=now,
        )
        tell_of_media(actor, product, variant, now)
    return view_of_media(media)


@command
def remove_media(*, actor: Actor, uid: UUID, now: datetime) -> None:
    """Take a picture away; for a month `restore_media` puts it back. Safe to repeat.

    Its files stay: other products may show the same picture.
    Raises: MayNot.
    """
    actor.require("catalog.edit")
    held = hold_media(uid)
    if held is None:
        return
    media, product, variant = held
    columns = {name: getattr(media, name) for name in _COLUMNS}
    RemovedMedia.objects.filter(removed_at__lt=now - KEPT).delete()
    RemovedMedia.objects.create(uid=uid, product=product, picture=columns, removed_at=now)
    media.delete()
    tell_of_media(actor, product, variant, now)


def _owner(product_id: int | None, variant_id: int | None) -> tuple[Product, Variant | None]:
    if (product_id is None) == (variant_id is None):
        raise Missing(field="product_id")
    if variant_id is not None:
        return lock_variant(variant_id)
    assert product_id is not None  # noqa: S101 - one of the two is given, see above
    return lock_product(product_id), None


def pictures_of(product_id: int) -> models.QuerySet[Media]:
    """Pictures of a product, its own first, then those of its variants, in their order."""
    mine = Media.objects.filter(Q(product_id=product_id) | Q(variant__product_id=product_id))
    return mine.order_by(F("variant_id").asc(nulls_first=True), "position", "id")


def hold_media(uid: UUID) -> tuple[Media, Product, Variant | None] | None:
    """A picture with what it belongs to, all held; None when it is not there (any more)."""
    found = Media.objects.filter(uid=uid).first()
    if found is None:
        return None
    product, variant = _owner(found.product_id, found.variant_id)
    # While this waited for the product, somebody else may have moved the picture or taken it away.
    media = Media.objects.select_for_update().filter(uid=uid).first()
    if media is None:
        return None
    return media, product, variant if variant is None or variant.id == media.variant_id else None


def tell_of_media(actor: Actor, product: Product, variant: Variant | None, now: datetime) -> None:
    touch(product, now)
    concerned = Variant.objects.filter(Q(id=variant.id) if variant else Q(product=product)).order_by("id")
    ids = tuple(concerned.values_list("id", flat=True))
    emit(actor, ProductUpdated(product.id, ids), key=f"product:{product.id}", now=now)


def _store(content: bytes, digest: str) -> tuple[int, int, str, str, str]:
    """Check a picture and write it with its thumbnails; size in pixels and the three paths."""
    picture, kind = _read(content)
    stem = f"{digest[:2]}/{digest}"
    path = f"{stem}.{_FORMATS[kind]}"
    _write(path, picture, "PNG" if kind == "GIF" else kind)
    for edge in (_LARGE, _SMALL):
        small = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        _write(f"{stem}-{edge}.webp", small, "WEBP")
    return picture.width, picture.height, path, f"{stem}-{_SMALL}.webp", f"{stem}-{_LARGE}.webp"


def _read(content: bytes) -> tuple[Image.Image, str]:
    limits = {"megabytes": MOST_PICTURE_BYTES // 1024 // 1024, "megapixels": MOST_PICTURE_PIXELS // 1_000_000}
    if len(content) > MOST_PICTURE_BYTES:
        raise ImageTooLarge(field="file", **limits)
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_FORMATS)) as opened:
            if opened.width * opened.height > MOST_PICTURE_PIXELS:
                raise ImageTooLarge(field="file", **limits)
            kind = str(opened.format)
            opened.load()
            upright = ImageOps.exif_transpose(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise ImageTooLarge(field="file", **limits) from bomb
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, OverflowError) as unreadable:
        # What Pillow's readers raise on files cut short, or made to break them.
        raise BadImage(field="file") from unreadable
    if kind == "JPEG" and upright.mode not in {"RGB", "L"}:
        upright = upright.convert("RGB")
    elif kind in {"GIF", "WEBP"}:
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    upright.info = {name: value for name, value in upright.info.items() if name in {"transparency", "icc_profile"}}
    return upright, kind


def _write(path: str, picture: Image.Image, kind: str) -> None:
    """Write whole or not at all: under another name first, then renamed."""
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            quality = {} if kind == "PNG" else {"quality": 90 if kind == "JPEG" else 85}
            picture.save(file, kind, icc_profile=picture.info.get("icc_profile"), **quality)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def view_of_media(media: Media) -> MediaView:
    return media_view(
        (media.uid, media.path, media.thumbnail, media.thumbnail_large, media.width, media.height, media.alt_text,
         media.position, media.variant_id)
    )  # fmt: skip
