"""The pictures of a product in their order, what they show in words, whose they are, and back what was taken away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F, Max

from mekong.catalog.commands.add_media import MOST_PICTURES, hold_media, pictures_of, tell_of_media, view_of_media
from mekong.catalog.commands.locking import lock_product
from mekong.catalog.contracts import KEEP, Keep, MediaView
from mekong.catalog.errors import PictureNotFound, TooManyPictures, VariantNotFound
from mekong.catalog.models import Media, RemovedMedia, Variant
from mekong.catalog.rules.words import clean
from mekong.foundation.actor import Actor
from mekong.foundation.command import command


@command
def arrange_media(*, actor: Actor, product_id: int, order: Sequence[UUID], now: datetime) -> tuple[MediaView, ...]:
    """Put the pictures of a product, and of each of its variants, in this order. The first is the main picture.

    Safe to repeat. Pictures that are not named (somebody added them meanwhile) go behind in the order they have;
    those that are not there any more are passed over.
    Raises: MayNot, ProductNotFound.
    """
    actor.require("catalog.edit")
    product = lock_product(product_id)
    present = list(pictures_of(product_id))
    named = {uid: place for place, uid in enumerate(order)}
    wanted = sorted(present, key=lambda each: (each.variant_id or 0, named.get(each.uid, len(named))))
    if wanted != present:
        for place, each in enumerate(wanted):
            each.position = place
        Media.objects.bulk_update(wanted, ["position"])
        tell_of_media(actor, product, None, now)
    return tuple(view_of_media(each) for each in wanted)


@command
def change_media(
    *, actor: Actor, uid: UUID, now: datetime, alt_text: str | Keep = KEEP, variant_id: int | Keep | None = KEEP
) -> MediaView:
    """Say what a picture shows, or whose it is. Safe to repeat.

    Args:
        variant_id: the variant of the same product that it shows; None: the whole product. It goes behind those there.

    Raises: MayNot, PictureNotFound, TooLong, UnstorableText, VariantNotFound (also one of another product).
    """
    actor.require("catalog.edit")
    held = hold_media(uid)
    if held is None:
        raise PictureNotFound
    media, product, _ = held
    before = (media.alt_text, media.variant_id)
    if alt_text is not KEEP:
        media.alt_text = clean(alt_text, "alt_text", 300)
    if variant_id is not KEEP and variant_id != media.variant_id:
        if variant_id is not None and not Variant.objects.filter(id=variant_id, product=product).exists():
            raise VariantNotFound(field="variant_id", key=variant_id)
        media = _moved(media, product.id, variant_id)
    if (media.alt_text, media.variant_id) != before:
        media.save()
        tell_of_media(actor, product, None, now)
    return view_of_media(media)


def _moved(media: Media, product_id: int, variant_id: int | None) -> Media:
    """The picture with its new owner; when that one shows the same picture already, the two become one."""
    there = pictures_of(product_id)
    there = there.filter(variant=None) if variant_id is None else there.filter(variant_id=variant_id)
    same = there.filter(sha256=media.sha256).exclude(id=media.id).first()
    if same is not None:
        media.delete()
        same.alt_text = media.alt_text or same.alt_text
        return same
    last = there.aggregate(last=Max("position"))["last"]
    media.variant_id, media.product_id = variant_id, None if variant_id else product_id
    media.position = 0 if last is None else last + 1
    return media


@command
def restore_media(*, actor: Actor, uid: UUID, now: datetime) -> MediaView:
    """Put a picture back where it was before `remove_media`. Safe to repeat.

    Raises: MayNot, PictureNotFound (also when it was taken away more than a month ago), TooManyPictures.
    """
    actor.require("catalog.edit")
    removed = RemovedMedia.objects.filter(uid=uid).first()
    if removed is None:
        return _still_there(uid)
    product = lock_product(removed.product_id)
    if not RemovedMedia.objects.filter(id=removed.id).delete()[0]:
        return _still_there(uid)
    facts = removed.picture
    there = pictures_of(product.id)
    mine = there.filter(variant_id=facts["variant_id"])
    same = mine.filter(sha256=facts["sha256"]).first()
    if same is not None:
        return view_of_media(same)
    if there.count() >= MOST_PICTURES:
        raise TooManyPictures(field="file", limit=MOST_PICTURES)
    Media.objects.filter(id__in=mine.filter(position__gte=facts["position"]).values("id")).update(
        position=F("position") + 1
    )
    media = Media.objects.create(**facts)
    media.refresh_from_db()
    tell_of_media(actor, product, None, now)
    return view_of_media(media)


def _still_there(uid: UUID) -> MediaView:
    found = Media.objects.filter(uid=uid).first()
    if found is None:
        raise PictureNotFound
    return view_of_media(found)
