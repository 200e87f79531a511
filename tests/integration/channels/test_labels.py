"""The platforms' own shipping labels, asked of their stand-ins over HTTP."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from pypdf import PdfReader

from mekong.channels import queries, remote
from mekong.channels.calling import calls
from mekong.channels.errors import CannotDo
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot, RemoteRefused
from mekong.foundation.models import Person
from mekong.orders.models import SalesOrder, TimelineEntry
from tests.support.marketplaces import Sandbox, Shop, a_catalogue, a_shop, a_worker, eventually
from tests.support.orders import a_draft, accept
from tests.support.people import a_person
from tests.support.stock import a_location

PDF = "application/pdf"


def sold(sandbox: Sandbox, kind: str) -> tuple[Shop, str]:
    """A shop on this platform, and an order a buyer made there."""
    a_catalogue(["AO-1"], 10)
    shop = a_shop(sandbox, kind, f"{kind}-1", ["AO-1"])
    with a_worker():
        assert eventually(lambda: shop.shown()["AO-1"] == 10)
    order = shop.buy(("AO-1", 1))
    assert order
    return shop, order


def arrange(shop: Shop, order: str) -> None:
    """Pack the order and have the carrier asked to fetch it, as the worker does."""

    async def hand_over(connector: Any) -> None:
        for act in (connector.pack, connector.ship):
            (there,) = await connector.fetch_orders(external_ids=[order])
            await act(order=there)

    calls.run(calls.line(queries.find_channel(shop.channel)).call(hand_over, tries=5))


@pytest.mark.parametrize(
    ("kind", "media_type"), [("shopee", PDF), ("lazada", PDF), ("tiktok", PDF), ("tiki", "text/html")]
)
def test_an_order_arranged_for_shipping_has_its_label_and_one_that_is_not_has_none(
    sandbox: Sandbox, kind: str, media_type: str
) -> None:
    shop, order = sold(sandbox, kind)
    with pytest.raises(RemoteRefused):
        remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)

    arrange(shop, order)

    labels = remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)
    assert [label.media_type for label in labels] == [media_type]
    again = remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)
    assert [label.content for label in again] == [label.content for label in labels], "asking again gives the same"


def test_a_label_that_takes_a_moment_is_waited_for(sandbox: Sandbox) -> None:
    shop, order = sold(sandbox, "shopee")
    arrange(shop, order)
    sandbox.post("settings", {"shopee_document_delay_s": 1.5})

    labels = remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)

    assert labels[0].content.startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["shopee", "lazada", "tiktok", "tiki"])
def test_faults_on_the_way_to_a_label_are_got_over(sandbox: Sandbox, kind: str) -> None:
    shop, order = sold(sandbox, kind)
    arrange(shop, order)
    sandbox.break_things([{"market": kind, "kind": "http_5xx", "probability": 0.15}], 5)

    assert remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)


def test_an_order_the_platform_does_not_know_has_no_label(sandbox: Sandbox) -> None:
    shop, _ = sold(sandbox, "shopee")

    with pytest.raises(RemoteRefused) as refused:
        remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id="251122NOTHERE1")

    assert refused.value.params["remote_code"] == "unknown_order"


def test_a_web_shop_has_no_label_of_its_own(sandbox: Sandbox) -> None:
    shop, order = sold(sandbox, "woocommerce")

    with pytest.raises(CannotDo):
        remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)


def test_who_may_not_ship_gets_no_label() -> None:
    clerk = Actor(kind="person", ref="person:9", name="Thu ngân", permissions=frozenset({"orders.view"}))

    with pytest.raises(MayNot):
        remote.fetch_labels(actor=clerk, channel="shopee-1", external_id="1")


# --- many at once, as people print them -------------------------------------------------------------------------------


def codes_of(shop: Shop, count: int) -> list[str]:
    """Our codes of the shop's orders, oldest first, once all are in the book."""
    orders = SalesOrder.objects.filter(channel=shop.channel).order_by("placed_at", "id")
    assert eventually(lambda: orders.count() == count)
    return list(orders.values_list("code", flat=True))


def printed(codes: list[str], token: str) -> Any:
    client = Client(headers={"Host": "localhost"})
    row = Person.objects.filter(email="kho@example.vn").first()
    if row is None:
        row = Person.objects.get(uid=a_person("warehouse", email="kho@example.vn").id)
        Person.objects.filter(pk=row.pk).update(must_change_password=False)
        row.refresh_from_db()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client.post("/orders/print/", {"paper": "platform", "pick": codes, "once": token})


def test_labels_are_printed_as_one_pdf_and_what_is_missing_is_said_first(sandbox: Sandbox) -> None:
    a_catalogue(["AO-1"], 10)
    shop = a_shop(sandbox, "shopee", "shopee-1", ["AO-1"])
    with a_worker():
        assert eventually(lambda: shop.shown()["AO-1"] == 10)
        bought = [shop.buy(("AO-1", 1)) for _ in range(2)]
        assert all(bought)
        codes = codes_of(shop, 2)
    named = dict(SalesOrder.objects.values_list("external_id", "code"))
    arrange(shop, str(bought[0]))

    refused = printed(codes, "one")
    assert refused.status_code == 409
    said = refused.content.decode()
    assert f'href="/orders/{named[bought[1]]}/"' in said
    assert f'name="pick" value="{named[bought[0]]}"' in said
    assert not TimelineEntry.objects.filter(kind="printed").exists()

    arrange(shop, str(bought[1]))
    for _ in range(2):  # a double click is one print
        answer = printed(codes, "two")
        assert (answer.status_code, answer["Content-Type"]) == (200, PDF)
        assert answer["Content-Disposition"].startswith("inline")
    assert len(PdfReader(BytesIO(answer.content)).pages) == 2
    prints = TimelineEntry.objects.filter(kind="printed", data__paper="platform_label", data__copy=1)
    assert prints.count() == TimelineEntry.objects.filter(kind="printed").count() == 2


def test_a_platforms_web_page_is_saved_as_a_file_and_never_opened_as_ours(sandbox: Sandbox) -> None:
    shop, order = sold(sandbox, "tiki")
    with a_worker():
        codes = codes_of(shop, 1)
    arrange(shop, order)
    answer = printed(codes, "one")
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith("attachment")
    with ZipFile(BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"001-{codes[0]}.html"]


def test_an_order_of_our_own_shop_has_no_label_of_a_platform(sandbox: Sandbox) -> None:
    a_location("KHO")
    (placed,) = accept(a_draft(channel="web"))
    answer = printed([placed.code], "one")
    assert answer.status_code == 409
    assert placed.code in answer.content.decode()
