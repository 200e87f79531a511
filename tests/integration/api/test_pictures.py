"""Pictures of products over HTTP: what is kept, what is refused, and where files may go."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest
import pytest_django
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from mekong.catalog.models import Media
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db
PICTURES = "/api/v1/products/AO/pictures"


@pytest.fixture(autouse=True)
def media(settings: pytest_django.Settings, tmp_path: Path) -> Path:
    """An empty folder of pictures, in a folder where nothing else may appear."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def client() -> Client:
    """A caller with every right, and a product."""
    client = a_caller()
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AO", "price_minor": 1}]})
    return client


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), mode: str = "RGB", ink: Any = 0) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, ink).save(out, kind)
    return out.getvalue()


def uploaded(client: Client, content: bytes, name: str = "áo.jpg", path: str = PICTURES, **fields: str) -> Any:
    return client.post(path, {"file": SimpleUploadedFile(name, content, "image/jpeg"), **fields})


def shown(client: Client) -> list[str]:
    return [each["id"] for each in client.get("/api/v1/products/AO").json()["media"]]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_answered_with_its_size_and_its_thumbnail_is_there(client: Client, media: Path, kind: str) -> None:
    made = uploaded(client, a_picture(kind), alt_text="Áo đỏ")
    assert made.status_code == 201, made.content
    picture = made.json()
    assert (picture["width"], picture["height"], picture["alt_text"]) == (640, 480, "Áo đỏ")
    with Image.open(media / picture["thumbnail_url"].removeprefix("/media/")) as small:
        assert (small.format, small.size) == ("WEBP", (96, 72))
    with Image.open(media / picture["url"].removeprefix("/media/")) as whole:
        assert whole.size == (640, 480)
    assert client.get("/api/v1/products").json()["items"][0]["thumbnail_url"] == picture["thumbnail_url"]


def test_pictures_keep_their_order_and_the_first_stands_for_the_product(client: Client) -> None:
    first, second, third = (uploaded(client, a_picture(ink=(0, 0, 90 * each))).json() for each in range(3))
    assert shown(client) == [first["id"], second["id"], third["id"]]
    for _ in range(2):
        assert client.delete(f"/api/v1/pictures/{first['id']}").status_code == 204
    assert shown(client) == [second["id"], third["id"]]
    assert client.get("/api/v1/products").json()["items"][0]["thumbnail_url"] == second["thumbnail_url"]
    uploaded(client, a_picture(ink=(0, 0, 0)))
    assert shown(client)[:2] == [second["id"], third["id"]]


def test_the_same_picture_twice_is_one(client: Client) -> None:
    once, again = uploaded(client, a_picture()), uploaded(client, a_picture(), name="khác.jpg")
    assert (once.status_code, again.status_code) == (201, 201)
    assert once.json()["id"] == again.json()["id"]
    assert Media.objects.count() == 1


def test_a_picture_of_one_variant_is_not_the_products(client: Client) -> None:
    uploaded(client, a_picture(), of_variant="true")
    assert Media.objects.get().variant is not None
    assert Media.objects.get().product is None
    problem = refused(uploaded(client, a_picture(), of_variant="maybe"), 422)
    assert problem["errors"][0]["field"] == "of_variant"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just words",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a<?php system($_GET['c']); ?>",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
        a_picture("BMP"),
        a_picture("TIFF"),
        a_picture()[:300],
        a_picture("PNG")[:200],
    ],
    ids=["empty", "text", "svg", "php", "pdf", "bmp", "tiff", "cut jpeg", "cut png"],
)
def test_what_is_no_picture_is_refused_whatever_it_calls_itself(client: Client, media: Path, content: bytes) -> None:
    problem = refused(uploaded(client, content, "photo.jpg"), 422)
    assert [each["field"] for each in problem["errors"]] == ["file"]
    assert not Media.objects.exists()
    assert not files(media.parent)


def test_a_small_file_that_unfolds_into_a_huge_picture_is_refused(client: Client, media: Path) -> None:
    bomb = a_picture("PNG", (30_000, 30_000), "1")
    assert len(bomb) < 1_000_000
    problem = refused(uploaded(client, bomb), 422)
    assert problem["errors"][0]["field"] == "file"
    assert problem["params"]["megapixels"] == 50
    assert not files(media.parent)


def test_a_picture_has_at_most_20_megabytes(client: Client, media: Path) -> None:
    problem = refused(uploaded(client, a_picture() + b"\0" * 20 * 2**20), 422)
    assert (problem["errors"][0]["field"], problem["params"]["megabytes"]) == ("file", 20)
    assert not files(media.parent)


def test_an_upload_has_at_most_what_the_installation_takes(client: Client, settings: pytest_django.Settings) -> None:
    settings.MEKONG = dataclasses.replace(settings.MEKONG, upload_limit_bytes=2**20)
    padded = a_picture() + b"\0" * 2**20
    problem = refused(uploaded(client, padded), 413)
    assert (problem["code"], problem["params"]) == ("request.too_large", {"limit_mb": 1})
    problem = refused(client.post("/api/v1/products/import", {"file": SimpleUploadedFile("p.csv", padded)}), 413)
    assert problem["code"] == "request.too_large"
    assert uploaded(client, a_picture()).status_code == 201


@pytest.mark.parametrize(
    "name",
    [
        "../../../escaped.jpg",
        "..\\..\\escaped.jpg",
        "/tmp/escaped.jpg",
        "a/b.php",
        ".htaccess",
        "CON",
        "x" * 5000,
        "a;b\"'",
    ],
)
def test_a_name_says_nothing_about_where_a_picture_goes(client: Client, media: Path, name: str) -> None:
    made = uploaded(client, a_picture(), name)
    assert made.status_code == 201, made.content
    kept = files(media.parent)
    assert len(kept) == 3
    assert all(path.is_relative_to(media) for path in kept)
    assert {path.suffix for path in kept} == {".jpg", ".webp"}
    assert not any("escaped" in str(path) for path in kept)


@pytest.mark.parametrize("sku", ["../../etc/passwd", "..%2f..%2fetc", "NOPE", "%00", "' or 1=1 --"])
def test_a_picture_of_nothing_is_refused(client: Client, media: Path, sku: str) -> None:
    for fields in ({}, {"of_variant": "true"}):
        refused(uploaded(client, a_picture(), path=f"/api/v1/products/{sku}/pictures", **fields), 404)
    assert not files(media.parent)


@pytest.mark.parametrize("key", ["pic_0", "1", "..%2f..%2fx", "pic_" + "g" * 32])
def test_an_id_that_is_no_pictures_takes_nothing_away(client: Client, key: str) -> None:
    uploaded(client, a_picture())
    refused(client.delete(f"/api/v1/pictures/{key}"), 404)
    assert Media.objects.count() == 1


@pytest.mark.parametrize("alt_text", ["x" * 301, "a\x00b"])
def test_a_wrong_description_is_named(client: Client, media: Path, alt_text: str) -> None:
    problem = refused(uploaded(client, a_picture(), alt_text=alt_text), 422)
    assert [each["field"] for each in problem["errors"]] == ["alt_text"]
    assert not files(media.parent)


def test_pictures_are_for_those_who_edit_the_catalogue(client: Client) -> None:
    made = uploaded(client, a_picture()).json()
    viewer = a_caller("catalog.view")
    assert refused(uploaded(viewer, a_picture("PNG")), 403)["params"] == {"permission": "catalog.edit"}
    refused(viewer.delete(f"/api/v1/pictures/{made['id']}"), 403)
    assert shown(client) == [made["id"]]


def test_a_key_belongs_to_one_picture(client: Client) -> None:
    key = {"Idempotency-Key": "k"}
    sent = [
        client.post(PICTURES, {"file": SimpleUploadedFile("a.png", content)}, headers=key)
        for content in (a_picture(), a_picture(), a_picture(ink=(9, 9, 9)))
    ]
    assert [each.status_code for each in sent] == [201, 201, 409]
    assert sent[1]["Idempotency-Replayed"] == "true"
    assert refused(sent[2], 409)["code"] == "idempotency_mismatch"
    assert Media.objects.count() == 1
