"""A seller who changes a price and a name on Shopee's own pages: seen over HTTP, told with its reason, set right."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from PIL import Image

from mekong.catalog import commands as catalog
from mekong.channels import commands, queries, remote
from mekong.channels.calling import calls
from mekong.channels.contracts.publishing import AttributeRule
from mekong.channels.models import Difference, ListingSync, Publication
from mekong.channels.queries.publishing import prepare
from mekong.channels.remote import publishing as asking
from mekong.channels.socket import ListingKey, PricePush
from mekong.channels.socket.publishing import Draft
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from tests.integration.channels.test_consistency import check, kept, now, told
from tests.support.fair import product_id
from tests.support.marketplaces import Sandbox, Shop, a_shop, a_worker, eventually

WORDS = "Vải cotton mềm mát, giặt máy thoải mái, không xù lông. " * 4


def a_shirt() -> None:
    """One that Shopee takes: described, weighed, with a picture and a category."""
    from mekong.catalog.contracts import NewProduct, NewVariant

    out = io.BytesIO()
    Image.new("RGB", (800, 800), "teal").save(out, "PNG")
    inventory.create_location(actor=SYSTEM, code="KHO", name="Kho chính")
    catalog.create_category(actor=SYSTEM, name="Áo", code="ao")
    catalog.create_product(
        actor=SYSTEM, now=now(),
        product=NewProduct(
            name="Áo thun cotton cổ tròn", description=WORDS, category="ao",
            variants=(NewVariant(sku="AO-1", price_minor=150_000, weight_g=250, length_mm=300, width_mm=200, height_mm=30),),
        ),
    )  # fmt: skip
    catalog.add_media(actor=SYSTEM, content=out.getvalue(), product_id=product_id("AO-1"), now=now())


def publish_on(shop: Shop) -> None:
    """Under the first category, whatever it asks being answered alike for all."""
    line = calls.line(queries.find_channel(shop.channel))
    asking.read_categories(actor=SYSTEM, channel=shop.channel)
    leaf = next(one.id for one in calls.run(line.call(lambda shopee: shopee.list_categories())) if one.is_leaf)
    asked = asking.map_category(actor=SYSTEM, channel=shop.channel, category="ao", external_id=leaf).attributes
    rules = {
        one.id: AttributeRule(
            "fixed", values=(one.choices[0].name if one.choices else "12",), unit=next(iter(one.units), "")
        )
        for one in asked
        if one.is_required and not one.is_option
    }
    commands.set_attribute_rules(actor=SYSTEM, channel=shop.channel, category="ao", rules=rules, now=now())
    commands.publish_products(actor=SYSTEM, channel=shop.channel, product_ids=[product_id("AO-1")], now=now())


def is_live() -> bool:
    row = Publication.objects.get()
    assert row.state not in ("refused", "incomplete"), (row.gaps, row.reasons, row.problem)
    return row.state == "live" and row.turn == row.done_turn


def change_there(shop: Shop, key: ListingKey, price: int, **words: Any) -> None:
    """As the seller does on the platform: past all that is kept here."""
    channel = queries.find_channel(shop.channel)
    line = calls.line(channel)
    ready = prepare(row=channel, product_id=product_id("AO-1"), item_id=key.item_id)
    draft: Draft = replace(ready.drafted.draft, **words)

    async def sell(shopee: Any) -> Any:
        await shopee.update_product(item_id=key.item_id, draft=draft)
        return await shopee.push_price([PricePush(key, "AO-1", price)])

    (result,) = calls.run(line.call(sell))
    assert result.error == ""


def test_what_a_seller_changes_there_is_seen_and_set_right(sandbox: Sandbox) -> None:
    a_shirt()
    shop = a_shop(sandbox, "shopee", "shopee-1", [], price_sync=True)
    with a_worker():
        publish_on(shop)
        assert eventually(is_live)
        acked = ListingSync.objects.filter(acked_price_minor=150_000, acked_price_version__gt=0)
        assert eventually(acked.exists)
    remote.audit_listings(actor=SYSTEM, channel=shop.channel)
    assert {cell.fact: cell.reason for cell in check("AO-1").cells.values()} == dict.fromkeys(
        ("price", "sale", "name", "description", "pictures"), ""
    )
    assert check("AO-1").cells["description"].shows is not None, "it was read, not believed"

    listing = check("AO-1")
    key = ListingKey(listing.item_id, listing.model_id)
    change_there(shop, key, 120_000, name="Áo thun SALE SỐC tháng 11", description=f"Xả kho. {WORDS}")
    with a_worker():
        remote.audit_listings(actor=SYSTEM, channel=shop.channel)
        assert eventually(lambda: len(kept()) == 3)
        assert kept() == [("AO-1", "description", "changed"), ("AO-1", "name", "changed"), ("AO-1", "price", "changed")]
        assert told("AO-1", "price", "name") == [
            (150_000, 120_000, "changed"), ("Áo thun cotton cổ tròn", "Áo thun SALE SỐC tháng 11", "changed"),
        ]  # fmt: skip
        report = commands.repair_found(actor=SYSTEM, now=now())
        assert (report.prices, report.products) == (1, 1)
        assert eventually(lambda: not Difference.objects.exists())
    remote.audit_listings(actor=SYSTEM, channel=shop.channel)
    assert told("AO-1", "price", "name") == [
        (150_000, 150_000, ""), ("Áo thun cotton cổ tròn", "Áo thun cotton cổ tròn", ""),
    ]  # fmt: skip
    assert check("AO-1").faults == 0
