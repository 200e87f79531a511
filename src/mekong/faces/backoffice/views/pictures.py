"""Pictures on the page of a product: uploaded by the handful, put in order, named, given to a variant, taken away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext, ngettext

from mekong.catalog import commands, queries
from mekong.catalog.contracts import MOST_PICTURE_BYTES, MOST_PICTURE_PIXELS, MediaView, ProductView
from mekong.catalog.errors import ImageTooLarge
from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError


def context(visit: Visit, product: ProductView) -> dict[str, Any]:
    """What the pictures' part of a product's page needs."""
    return {
        "product": product,
        "first": product.variants[0],
        "titles": {each.id: each.title or each.sku for each in product.variants},
        "may_edit": visit.actor.may("catalog.edit"),
        "most_bytes": MOST_PICTURE_BYTES,
    }


@page("catalog.view", methods=("GET", "HEAD", "POST"))
def at(visit: Visit, sku: str) -> HttpResponse:
    """The pictures alone, for the page to show anew; and where new ones are sent."""
    return _upload(visit, sku) if visit.is_post else _part(visit, sku)


def _part(visit: Visit, sku: str) -> HttpResponse:
    return visit.render("products/pictures.html", context(visit, queries.get_product(actor=visit.actor, sku=sku)))


def _back(visit: Visit, sku: str) -> HttpResponse:
    return _part(visit, sku) if visit.is_partial else visit.redirect(f"/products/{sku}/#pictures")


def _upload(visit: Visit, sku: str) -> HttpResponse:
    """Add the pictures sent. One that is refused is named with the reason; the others are kept.

    A script sends one at a time, to show how far it is, and is told in JSON.
    """
    visit.actor.require("catalog.edit")
    product = queries.get_product(actor=visit.actor, sku=sku)
    chosen = visit.posted("variant", longest=64)
    owner = next((each.id for each in product.variants if each.sku == chosen), None)
    files = visit.request.FILES.getlist("picture")
    refused = [(file.name or "", said) for file in files if (said := _add(visit, product, owner, file))]
    if visit.is_partial:
        if not files:
            return JsonResponse({"message": gettext("Choose a picture first.")}, status=422)
        return JsonResponse({"message": refused[0][1] if refused else ""}, status=422 if refused else 200)
    if not files:
        visit.flash(gettext("Choose a picture first."), tone="bad")
    for name, said in refused[:4]:
        visit.flash(f"{name}: {said}", tone="bad")
    if added := len(files) - len(refused):
        visit.flash(ngettext("{n} picture added", "{n} pictures added", added).format(n=added))
    return _back(visit, sku)


def _add(visit: Visit, product: ProductView, variant_id: int | None, file: UploadedFile[Any]) -> str:
    """Why it was refused, or ""."""
    try:
        if (file.size or 0) > MOST_PICTURE_BYTES:
            raise ImageTooLarge(
                field="file",
                megabytes=MOST_PICTURE_BYTES // 1024 // 1024,
                megapixels=MOST_PICTURE_PIXELS // 1_000_000,
            )
        commands.add_media(
            actor=visit.actor,
            content=file.read(),
            now=visit.now,
            product_id=None if variant_id else product.id,
            variant_id=variant_id,
            alt_text=product.name[:200],
        )
    except MekongError as refused:
        return sentences.without_field(refused)
    return ""


@page("catalog.edit", methods=("POST",))
def order(visit: Visit, sku: str) -> HttpResponse:
    """The pictures in the order in which they were dropped."""
    product = queries.get_product(actor=visit.actor, sku=sku)
    wanted = [uid for text in visit.request.POST.getlist("picture")[:200] if (uid := _uid(text))]
    commands.arrange_media(actor=visit.actor, product_id=product.id, order=wanted, now=visit.now)
    return _back(visit, sku)


def _uid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@page("catalog.edit", methods=("POST",))
def change(visit: Visit, sku: str, uid: UUID) -> HttpResponse:
    """What a button beside a picture does: earlier, later, first, save, remove."""
    product = queries.get_product(actor=visit.actor, sku=sku)
    act = visit.posted("act")
    if act == "remove":
        commands.remove_media(actor=visit.actor, uid=uid, now=visit.now)
        visit.flash(gettext("Picture taken away"), undo=(f"/products/{sku}/pictures/{uid}/put-back/", {}))
        return visit.redirect(f"/products/{sku}/#pictures")
    if act == "save":
        chosen = visit.posted("variant", longest=64)
        owner = next((each.id for each in product.variants if each.sku == chosen), None)
        commands.change_media(
            actor=visit.actor, uid=uid, alt_text=visit.posted("alt_text"), variant_id=owner, now=visit.now
        )
        if visit.posted("main") and owner is None:
            _move(visit, product, uid, "first")
        visit.flash(gettext("Picture saved"))
        return visit.redirect(f"/products/{sku}/#pictures")
    _move(visit, product, uid, act)
    return _back(visit, sku)


def _move(visit: Visit, product: ProductView, uid: UUID, act: str) -> None:
    ids = [each.uid for each in _beside(product, uid)]
    if uid not in ids:
        return
    at = ids.index(uid)
    to = {"earlier": max(at - 1, 0), "later": at + 1, "first": 0}.get(act, at)
    ids.insert(to, ids.pop(at))
    commands.arrange_media(actor=visit.actor, product_id=product.id, order=ids, now=visit.now)


def _beside(product: ProductView, uid: UUID) -> list[MediaView]:
    """Pictures of the same owner, in their order."""
    owner = next((each.variant_id for each in product.media if each.uid == uid), None)
    return [each for each in product.media if each.variant_id == owner]


@page("catalog.edit", methods=("POST",))
def restore(visit: Visit, sku: str, uid: UUID) -> HttpResponse:
    """Back where it was."""
    commands.restore_media(actor=visit.actor, uid=uid, now=visit.now)
    visit.flash(gettext("Picture is back"))
    return visit.redirect(f"/products/{sku}/#pictures")
