import io
from pathlib import Path

import pytest
from django.utils import translation
from PIL import Image

from mekong.catalog import commands, errors, queries
from tests.integration.catalog.builders import EDITOR, VIEWER, a_product, a_variant, events
from tests.support.people import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def a_picture(kind="JPEG", size=(640, 480), **how):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **how)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_kept_with_thumbnails(media, kind):
    product = a_product()

    added = commands.add_media(actor=EDITOR, product_id=product.id, content=a_picture(kind), alt_text="Áo", now=NOON)

    assert (added.width, added.height, added.alt_text) == (640, 480, "Áo")
    sizes = []
    for url in (added.url, added.thumbnail_url, added.thumbnail_large_url):
        with Image.open(media / url.removeprefix("/media/")) as picture:
            sizes.append((picture.format, picture.size))
    assert sizes[1:] == [("WEBP", (96, 72)), ("WEBP", (320, 240))]
    assert sizes[0][1] == (640, 480)
    seen = queries.get_product(actor=VIEWER, sku="AO-01")
    assert seen.media == (added,)
    assert seen.variants[0].thumbnail_url == added.thumbnail_url
    assert queries.list_products(actor=VIEWER).items[0].thumbnail_url == added.thumbnail_url
    assert queries.media_files_exist(NOON).ok


def test_place_and_camera_are_removed_and_the_picture_stands_upright(media):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Secret Camera"
    product = a_product()

    added = commands.add_media(actor=EDITOR, product_id=product.id, content=a_picture(exif=exif), now=NOON)

    assert (added.width, added.height) == (480, 640)
    files = [path for path in Path(media).rglob("*") if path.is_file()]
    assert len(files) == 3
    assert not any(b"Secret" in path.read_bytes() for path in files)


def test_a_variants_own_picture_comes_before_its_products_and_repeats_change_nothing():
    product = a_product(a_variant("A"))
    variant = product.variants[0]
    commands.add_media(actor=EDITOR, product_id=product.id, content=a_picture(), now=NOON)
    for _ in range(2):
        own = commands.add_media(actor=EDITOR, variant_id=variant.id, content=a_picture(size=(50, 50)), now=NOON)

    seen = queries.get_product(actor=VIEWER, sku="A")
    assert len(seen.media) == 2
    assert seen.variants[0].thumbnail_url == own.thumbnail_url
    assert events().count("catalog.product_updated") == 2

    for _ in range(2):
        commands.remove_media(actor=EDITOR, uid=own.uid, now=NOON)
    assert len(queries.get_product(actor=VIEWER, sku="A").media) == 1


def a_bomb():
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", errors.BadImage),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", errors.BadImage),
        (a_picture()[:200], errors.BadImage),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, errors.BadImage),
        (a_picture("BMP"), errors.BadImage),
        (b"\0" * (20 * 1024 * 1024 + 1), errors.ImageTooLarge),
        (a_bomb(), errors.ImageTooLarge),
    ],
)  # fmt: skip
def test_what_is_no_picture_or_too_large_is_refused_and_nothing_is_written(media, content, error):
    product = a_product()

    with pytest.raises(error):
        commands.add_media(actor=EDITOR, product_id=product.id, content=content, now=NOON)

    assert not [path for path in Path(media).rglob("*") if path.is_file()]
    assert queries.get_product(actor=VIEWER, sku="AO-01").media == ()


def test_a_picture_belongs_to_a_product_or_a_variant():
    with pytest.raises(errors.Missing):
        commands.add_media(actor=EDITOR, content=a_picture(), now=NOON)
    with pytest.raises(errors.ProductNotFound):
        commands.add_media(actor=EDITOR, product_id=0, content=a_picture(), now=NOON)


def test_the_doctor_misses_a_lost_file(media):
    product = a_product()
    added = commands.add_media(actor=EDITOR, product_id=product.id, content=a_picture(), now=NOON)
    (media / added.url.removeprefix("/media/")).unlink()

    with translation.override("en"):
        finding = queries.media_files_exist(NOON)

    assert not finding.ok
    assert "1 picture files are missing" in finding.found
    assert finding.remedy
    assert queries.bundles_have_parts(NOON).ok
