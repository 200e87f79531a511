"""Pictures in order, in words, of a variant; taken away and put back."""

import threading
from importlib import import_module

import pytest
from django.db import close_old_connections

from mekong.catalog import commands, errors, queries
from mekong.catalog.models import Media, RemovedMedia
from mekong.foundation.errors import MayNot
from mekong.foundation.ids import new_id
from tests.integration.catalog.builders import EDITOR, STRANGER, VIEWER, a_product, a_variant, events
from tests.integration.catalog.test_media import a_picture
from tests.support.people import NOON, an_actor

MODULE = import_module("mekong.catalog.commands.add_media")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def shown(sku="AO-01"):
    return [each.alt_text for each in queries.get_product(actor=VIEWER, sku=sku).media]


def a_gallery(count=3, *variants):
    """A product with so many pictures, a, b, c, …"""
    product = a_product(*variants)
    added = [
        commands.add_media(
            actor=EDITOR, product_id=product.id, content=a_picture(size=(40 + at, 40)), alt_text=chr(97 + at), now=NOON
        )
        for at in range(count)
    ]
    return product, added


def test_pictures_stand_in_the_order_given_and_the_first_is_the_main_one():
    product, (a, b, c) = a_gallery()

    commands.arrange_media(actor=EDITOR, product_id=product.id, order=[c.uid, a.uid, b.uid], now=NOON)

    assert shown() == ["c", "a", "b"]
    assert queries.variants_by_sku(actor=VIEWER, skus=["AO-01"])["AO-01"].thumbnail_url == c.thumbnail_url
    before = len(events())
    commands.arrange_media(actor=EDITOR, product_id=product.id, order=[c.uid, a.uid, b.uid], now=NOON)
    assert len(events()) == before


def test_an_order_from_an_older_page_keeps_what_came_and_passes_over_what_went():
    product, (a, _b, c) = a_gallery()
    commands.remove_media(actor=EDITOR, uid=a.uid, now=NOON)

    commands.arrange_media(actor=EDITOR, product_id=product.id, order=[new_id(), c.uid, a.uid], now=NOON)

    assert shown() == ["c", "b"]


def test_a_picture_says_what_it_shows_and_whose_it_is():
    product, (a, _) = a_gallery(2, a_variant("A"))
    variant = product.variants[0]

    for _ in range(2):
        changed = commands.change_media(
            actor=EDITOR, uid=a.uid, alt_text=" Mặt trước ", variant_id=variant.id, now=NOON
        )

    assert (changed.alt_text, changed.variant_id) == ("Mặt trước", variant.id)
    assert shown("A") == ["b", "Mặt trước"]
    back = commands.change_media(actor=EDITOR, uid=a.uid, variant_id=None, now=NOON)
    assert back.variant_id is None
    assert shown("A") == ["b", "Mặt trước"]
    assert events().count("catalog.product_updated") == 4


def test_a_variant_that_has_the_same_picture_already_has_it_once():
    product, (a,) = a_gallery(1, a_variant("A"))
    own = commands.add_media(
        actor=EDITOR, variant_id=product.variants[0].id, content=a_picture(size=(40, 40)), now=NOON
    )

    changed = commands.change_media(actor=EDITOR, uid=a.uid, variant_id=product.variants[0].id, now=NOON)

    assert (changed.uid, changed.alt_text) == (own.uid, "a")
    assert Media.objects.count() == 1


def test_a_picture_is_not_given_to_a_variant_of_another_product():
    _, (a,) = a_gallery(1, a_variant("A"))
    other = a_product(a_variant("B")).variants[0]

    with pytest.raises(errors.VariantNotFound):
        commands.change_media(actor=EDITOR, uid=a.uid, variant_id=other.id, alt_text="x", now=NOON)

    assert shown("A") == ["a"]


def test_what_was_taken_away_comes_back_to_its_place(media):
    _product, (_a, b, _c) = a_gallery()
    for _ in range(2):
        commands.remove_media(actor=EDITOR, uid=b.uid, now=NOON)
    assert shown() == ["a", "c"]

    for _ in range(2):
        back = commands.restore_media(actor=EDITOR, uid=b.uid, now=NOON)

    assert back == b
    assert shown() == ["a", "b", "c"]
    assert not RemovedMedia.objects.exists()
    assert queries.media_files_exist(NOON).ok


def test_after_a_month_it_is_gone():
    _product, (a, b) = a_gallery(2)
    commands.remove_media(actor=EDITOR, uid=a.uid, now=NOON)
    commands.remove_media(actor=EDITOR, uid=b.uid, now=NOON + MODULE.KEPT * 2)

    with pytest.raises(errors.PictureNotFound):
        commands.restore_media(actor=EDITOR, uid=a.uid, now=NOON)
    assert commands.restore_media(actor=EDITOR, uid=b.uid, now=NOON).uid == b.uid


def test_the_same_picture_uploaded_again_in_between_stays_once():
    product, (a,) = a_gallery(1)
    commands.remove_media(actor=EDITOR, uid=a.uid, now=NOON)
    again = commands.add_media(actor=EDITOR, product_id=product.id, content=a_picture(size=(40, 40)), now=NOON)

    assert commands.restore_media(actor=EDITOR, uid=a.uid, now=NOON).uid == again.uid
    assert Media.objects.count() == 1


def test_there_is_an_end_of_pictures(monkeypatch):
    monkeypatch.setattr(MODULE, "MOST_PICTURES", 2)
    product, _ = a_gallery(2)

    with pytest.raises(errors.TooManyPictures) as refused:
        commands.add_media(actor=EDITOR, product_id=product.id, content=a_picture(size=(90, 90)), now=NOON)

    assert refused.value.params == {"field": "file", "limit": 2}
    assert shown() == ["a", "b"]


def test_only_who_edits_the_catalogue_changes_pictures():
    product, (a,) = a_gallery(1)
    elsewhere = an_actor("catalog.edit", locations=[1])
    for actor in (VIEWER, STRANGER):
        for act in (
            lambda who: commands.arrange_media(actor=who, product_id=product.id, order=[a.uid], now=NOON),
            lambda who: commands.change_media(actor=who, uid=a.uid, alt_text="x", now=NOON),
            lambda who: commands.remove_media(actor=who, uid=a.uid, now=NOON),
            lambda who: commands.restore_media(actor=who, uid=a.uid, now=NOON),
        ):
            with pytest.raises(MayNot):
                act(actor)
    assert shown() == ["a"]
    assert commands.change_media(actor=elsewhere, uid=a.uid, alt_text="mới", now=NOON).alt_text == "mới"


@pytest.mark.django_db(transaction=True)
def test_two_people_who_move_and_take_away_at_once_leave_it_whole():
    product, added = a_gallery(4)
    failures = []

    def act(work):
        try:
            work()
        except errors.PictureNotFound:
            pass
        except Exception as broken:  # noqa: BLE001 - whatever it is, the test says it
            failures.append(broken)
        finally:
            close_old_connections()

    works = [
        lambda: commands.arrange_media(
            actor=EDITOR, product_id=product.id, order=[each.uid for each in reversed(added)], now=NOON
        ),
        lambda: commands.remove_media(actor=EDITOR, uid=added[0].uid, now=NOON),
        lambda: commands.remove_media(actor=EDITOR, uid=added[0].uid, now=NOON),
        lambda: commands.change_media(actor=EDITOR, uid=added[0].uid, alt_text="z", now=NOON),
    ]
    threads = [threading.Thread(target=act, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert sorted(shown())[:3] == ["b", "c", "d"]
    assert RemovedMedia.objects.count() == 1
