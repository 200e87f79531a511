"""Feeds: what is on sale as files that parse back, follow the shelf, and are whole at every moment."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant, PriceLine, ProductChange
from mekong.channels import commands as channels
from mekong.channels.errors import ChannelNotFound
from mekong.foundation.actor import SYSTEM
from mekong.foundation.delivery import deliver_due
from mekong.foundation.errors import MayNot
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine
from mekong.partners import commands, files, queries
from mekong.partners.errors import FeedInvalid, FeedNotFound
from mekong.partners.models import Feed, FeedBuild
from tests.support.asgi import Door
from tests.support.people import NOON, an_actor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]

G = "{http://base.google.com/ns/1.0}"
LINKS = "https://shop.example.vn/p/{sku}"


@pytest.fixture
def shop(settings: Any, tmp_path: Path) -> Iterator[dict[str, int]]:
    """Two products with pictures, one without, 5 units of the first variant; reached under https."""
    settings.MEKONG = dataclasses.replace(settings.MEKONG, data=tmp_path, public_url="https://mekong.example.vn")
    channels.ensure_own_channels(actor=SYSTEM, now=NOON)
    inventory.create_location(actor=SYSTEM, code="HN", name="Hà Nội", kind="store")
    shirt = catalog.create_product(
        actor=SYSTEM, now=NOON,
        product=NewProduct(
            "Áo thun & <b>đẹp</b>", code="AO", brand="OEM", description="<p>Vải “cotton”, 100 %</p>",
            options=("Màu", "Size"),
            variants=(
                NewVariant("AO-DO-M", 120_000, option_values=("Đỏ", "M"), barcodes=("8936012840285",)),
                NewVariant("AO-XA-L", 130_000, option_values=("Xanh", "L")),
            ),
        ),
    )  # fmt: skip
    cup = catalog.create_product(
        actor=SYSTEM, now=NOON, product=NewProduct("Chén", (NewVariant("CHEN", 50_000),), description="Gốm")
    )
    bare = catalog.create_product(actor=SYSTEM, now=NOON, product=NewProduct("Đĩa", (NewVariant("DIA", 40_000),)))
    with connection.cursor() as cursor:
        for product in (shirt.id, cup.id):
            cursor.execute(
                """insert into catalog_media (uid, product_id, sha256, path, thumbnail, thumbnail_large, width, height,
                       alt_text, position, created_at)
                   values (gen_random_uuid(), %s, 'x', %s, 't', 'l', 1, 1, '', 0, now())""",
                [product, f"products/{product}.webp"],
            )
    ids = {each.sku: each.id for made in (shirt, cup, bare) for each in made.variants}
    inventory.adjust_stock(
        actor=SYSTEM, location="HN", reason="opening", lines=[AdjustmentLine(ids["AO-DO-M"], 5)], now=NOON
    )
    deliver_due(now=NOON + timedelta(days=3650))
    yield ids


def a_feed(kind: str = "google", **more: Any) -> Any:
    facts = {"name": "Cửa hàng", "channel": "web", "link_template": LINKS, "now": NOON, **more}
    return commands.create_feed(actor=SYSTEM, kind=kind, **facts)


def build(at: datetime) -> int:
    return files.build_due(now=lambda: at)


def fetched(feed: Any, **headers: str) -> Any:
    return Client(headers={"Host": "localhost", **headers}).get(feed.path)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def items(content: bytes) -> dict[str, dict[str, str]]:
    found = {}
    for item in ElementTree.fromstring(content).iter("item"):
        facts = {each.tag.removeprefix(G): each.text or "" for each in item}
        found[facts["id"]] = facts
    return found


def test_the_file_for_google_parses_back() -> None:
    feed = a_feed()
    assert fetched(feed).status_code == 404, "there is no file yet"
    assert build(NOON) == 1
    found = items(body(fetched(feed)))
    assert set(found) == {"AO-DO-M", "AO-XA-L", "CHEN"}
    red = found["AO-DO-M"]
    assert red["title"] == "Áo thun & đẹp - Đỏ / M"
    assert red["description"] == "Vải “cotton”, 100 %"
    assert red["link"] == "https://shop.example.vn/p/AO-DO-M"
    assert red["image_link"].startswith("https://mekong.example.vn/media/products/")
    assert (red["availability"], red["price"], red["gtin"], red["item_group_id"], red["color"], red["size"]) == (
        "in_stock", "120000 VND", "8936012840285", "AO", "Đỏ", "M",
    )  # fmt: skip
    assert found["AO-XA-L"]["availability"] == "out_of_stock"
    assert "item_group_id" not in found["CHEN"]


def test_the_file_for_meta_parses_back() -> None:
    feed = a_feed("meta", brand="Mộc Lan")
    build(NOON)
    answer = fetched(feed)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(body(answer).decode(), newline=""))}
    assert set(rows) == {"AO-DO-M", "AO-XA-L", "CHEN"}
    assert (rows["AO-DO-M"]["availability"], rows["AO-DO-M"]["quantity_to_sell_on_facebook"]) == ("in stock", "5")
    assert rows["CHEN"]["brand"] == "Mộc Lan"
    assert rows["AO-XA-L"]["availability"] == "out of stock"


def test_the_self_check_says_what_is_left_out_and_why() -> None:
    feed = a_feed("meta")
    build(NOON)
    report = queries.get_feed(actor=SYSTEM, feed_id=feed.id).report
    assert (report.rows, report.left_out) == (2, 2)
    assert report.counts == {"no_brand": 2, "no_picture": 1, "no_description": 1}
    told = {(each.sku, each.code, each.is_left_out) for each in report.findings}
    assert ("DIA", "no_picture", True) in told
    assert ("CHEN", "no_brand", True) in told
    assert ("DIA", "no_description", False) in told


def test_a_rule_of_stock_holds_for_the_feed_too(shop: dict[str, int]) -> None:
    feed = a_feed()
    inventory.set_control(actor=SYSTEM, channel="web", scope="channel", kind="buffer", amount=5)
    build(NOON)
    assert items(body(fetched(feed)))["AO-DO-M"]["availability"] == "out_of_stock"


def test_it_comes_packed_and_only_when_it_is_new() -> None:
    feed = a_feed()
    build(NOON)
    whole = fetched(feed)
    content = body(whole)
    packed = fetched(feed, **{"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.headers["Content-Encoding"] == "gzip"
    small = body(packed)
    assert gzip.decompress(small) == content
    assert int(packed.headers["Content-Length"]) == len(small) != len(content)
    assert "Content-Encoding" not in fetched(feed, **{"Accept-Encoding": "gzip;q=0"}).headers
    assert packed.headers["ETag"] != whole.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    for known in ({"If-None-Match": whole.headers["ETag"]}, {"If-Modified-Since": whole.headers["Last-Modified"]}):
        again = fetched(feed, **known)
        assert again.status_code == 304
        assert again.headers["ETag"] == whole.headers["ETag"]
        assert again.content == b""
    assert fetched(feed, **{"If-None-Match": '"other"'}).status_code == 200
    head = Client(headers={"Host": "localhost"}).head(feed.path)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))
    assert Client(headers={"Host": "localhost"}).post(feed.path).status_code == 405
    assert queries.get_feed(actor=SYSTEM, feed_id=feed.id).fetched_at is not None


def test_it_streams_through_the_real_door() -> None:
    feed = a_feed()
    build(NOON)
    answer = Door().ask("GET", feed.path)
    assert answer.status_code == 200
    assert set(items(answer.content)) == {"AO-DO-M", "AO-XA-L", "CHEN"}


def test_the_same_content_keeps_its_mark_and_its_moment() -> None:
    feed = a_feed()
    build(NOON)
    first = queries.get_feed(actor=SYSTEM, feed_id=feed.id)
    assert build(NOON + timedelta(minutes=29)) == 0
    assert build(NOON + timedelta(minutes=31)) == 1
    again = queries.get_feed(actor=SYSTEM, feed_id=feed.id)
    assert (again.etag, again.changed_at) == (first.etag, NOON)
    assert again.built_at == NOON + timedelta(minutes=31)


def test_a_change_of_the_catalogue_is_in_the_next_file_and_sales_in_the_next_half_hour(shop: dict[str, int]) -> None:
    feed = a_feed()
    build(NOON)
    catalog.set_prices(actor=SYSTEM, lines=[PriceLine("AO-DO-M", 99_000)], now=NOON)
    deliver_due(now=NOON + timedelta(days=3650))
    assert queries.get_feed(actor=SYSTEM, feed_id=feed.id).is_due
    FeedBuild.objects.update(wanted_at=NOON + timedelta(seconds=5))
    assert build(NOON + timedelta(seconds=30)) == 0, "at most once a minute"
    assert build(NOON + timedelta(seconds=61)) == 1
    assert not queries.get_feed(actor=SYSTEM, feed_id=feed.id).is_due
    assert items(body(fetched(feed)))["AO-DO-M"]["price"] == "99000 VND"
    inventory.adjust_stock(
        actor=SYSTEM, location="HN", reason="scrap", lines=[AdjustmentLine(shop["AO-DO-M"], -5)], now=NOON
    )
    build(NOON + timedelta(hours=1))
    assert items(body(fetched(feed)))["AO-DO-M"]["availability"] == "out_of_stock"


def test_a_change_during_a_build_keeps_the_feed_due() -> None:
    feed = a_feed()
    FeedBuild.objects.update(wanted_at=NOON + timedelta(seconds=1))
    build(NOON)
    assert queries.get_feed(actor=SYSTEM, feed_id=feed.id).is_due


def test_archived_goods_leave_the_file(shop: dict[str, int]) -> None:
    feed = a_feed()
    product = catalog_product("CHEN")
    catalog.archive_product(actor=SYSTEM, product_id=product, now=NOON)
    build(NOON)
    assert "CHEN" not in items(body(fetched(feed)))


def catalog_product(sku: str) -> int:
    from mekong.catalog.queries import variants_by_sku

    return variants_by_sku(actor=SYSTEM, skus=[sku])[sku].product_id


def test_who_reads_the_old_file_while_a_new_one_is_written_has_it_whole(shop: dict[str, int]) -> None:
    feed = a_feed()
    build(NOON)
    old = fetched(feed)
    catalog.update_product(
        actor=SYSTEM, product_id=catalog_product("CHEN"), change=ProductChange(name="Chén mới"), now=NOON
    )
    deliver_due(now=NOON + timedelta(days=3650))
    FeedBuild.objects.update(wanted_at=NOON)
    build(NOON + timedelta(minutes=2))
    assert items(body(old))["CHEN"]["title"] == "Chén"
    assert items(body(fetched(feed)))["CHEN"]["title"] == "Chén mới"


def test_a_build_that_fails_leaves_the_old_file_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = a_feed()
    build(NOON)
    before = body(fetched(feed))

    def broken(**_: Any) -> Any:
        raise ZeroDivisionError("half way")

    with monkeypatch.context() as patch:
        patch.setattr("mekong.inventory.queries.availability", broken)
        commands.want_feed(actor=SYSTEM, feed_id=feed.id, now=NOON)
        assert build(NOON + timedelta(minutes=2)) == 1
    view = queries.get_feed(actor=SYSTEM, feed_id=feed.id)
    assert view.problem == "ZeroDivisionError: half way"
    assert body(fetched(feed)) == before
    assert not list(files.folder().glob("draft-*"))
    assert build(NOON + timedelta(minutes=4)) == 1
    assert queries.get_feed(actor=SYSTEM, feed_id=feed.id).problem == ""


def test_two_workers_build_a_feed_once() -> None:
    a_feed()

    def work(_: int) -> int:
        try:
            return build(NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 1


def test_files_nobody_names_are_swept_away(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = a_feed()
    build(NOON)
    commands.remove_feed(actor=SYSTEM, feed_id=feed.id)
    assert len(list(files.folder().iterdir())) == 2
    monkeypatch.setattr(files, "_KEPT_S", -1)
    a_feed("meta")
    build(NOON)
    assert {path.name.removesuffix(".gz")[-4:] for path in files.folder().iterdir()} == {".csv"}


def test_the_address_is_secret_and_can_be_changed() -> None:
    feed = a_feed()
    build(NOON)
    row = Feed.objects.get()
    key = feed.path.split("/")[2]
    assert len(key) >= 40
    assert key not in f"{row.sealed_key} {row.key_digest}"
    client = Client(headers={"Host": "localhost"})
    assert client.get(f"/feeds/{'x' * 43}/google.xml").status_code == 404
    assert client.get(feed.path.replace("google.xml", "meta.csv")).status_code == 404
    assert client.get(feed.path.replace("google.xml", "../../secrets.json")).status_code == 404
    fresh = commands.change_feed_path(actor=SYSTEM, feed_id=feed.id, now=NOON)
    assert fetched(feed).status_code == 404
    assert fetched(fresh).status_code == 200
    commands.update_feed(actor=SYSTEM, feed_id=feed.id, is_active=False, now=NOON)
    assert fetched(fresh).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"link_template": "https://shop.example.vn/"}, "link_template"),
        ({"brand": "x" * 71}, "brand"),
        ({"kind": "bing"}, "kind"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(FeedInvalid) as refusal:
        a_feed(**{"kind": "google", **wrong})
    assert refusal.value.params["field"] == field
    with pytest.raises(ChannelNotFound):
        a_feed(channel="nowhere")
    assert not Feed.objects.exists()


def test_each_act_needs_the_right() -> None:
    feed = a_feed()
    nobody = an_actor("catalog.view")
    known: dict[str, Any] = {"actor": nobody, "feed_id": feed.id}
    for act in (
        lambda: commands.create_feed(
            actor=nobody, kind="google", name="x", channel="web", link_template=LINKS, now=NOON
        ),
        lambda: commands.update_feed(**known, now=NOON),
        lambda: commands.want_feed(**known, now=NOON),
        lambda: commands.change_feed_path(**known, now=NOON),
        lambda: commands.remove_feed(**known),
        lambda: queries.get_feed(**known),
        lambda: queries.list_feeds(actor=nobody),
    ):
        with pytest.raises(MayNot):
            act()
    commands.remove_feed(actor=SYSTEM, feed_id=feed.id)
    with pytest.raises(FeedNotFound):
        commands.remove_feed(actor=SYSTEM, feed_id=feed.id)


def test_fifty_times_the_goods_take_no_more_memory() -> None:
    """The bound is on what Python holds at once: some hundred rows, whatever the catalogue has."""
    goods = [
        NewProduct(f"Hàng {number}", (NewVariant(f"H-{number}", 10_000),), description="mô tả " * 60)
        for number in range(5_000)
    ]
    catalog.load_many(actor=SYSTEM, products=goods, now=NOON)
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into catalog_media (uid, product_id, sha256, path, thumbnail, thumbnail_large, width, height,
                   alt_text, position, created_at)
               select gen_random_uuid(), id, 'y', 'products/h.webp', 't', 'l', 1, 1, '', 0, now() from catalog_product
                where name like 'Hàng %%'"""
        )
    feed = a_feed()
    tracemalloc.start()
    build(NOON)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    view = queries.get_feed(actor=SYSTEM, feed_id=feed.id)
    assert view.report.rows == 5_003
    assert view.size > 3_000_000
    assert most < 12_000_000
