"""The matching workbench: what an unmatched listing may be, and matching many at once with the orders held for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mekong.catalog import queries as catalog
from mekong.catalog.commands import update_product
from mekong.catalog.contracts import ProductChange
from mekong.channels import commands, queries
from mekong.channels.contracts import Suggestion
from mekong.channels.errors import ChannelInvalid, ChannelNotFound
from mekong.channels.models import Listing
from mekong.channels.socket import ListingKey, RemoteListing
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.inventory import queries as inventory
from tests.support.orders import a_draft, accept, seen
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def skus() -> dict[str, int]:
    """Variants by SKU, each with five units."""
    a_location("KHO")
    made = {sku: a_variant(sku) for sku in ("AO-DO-M", "MU-01", "GOM-28")}
    names = {"AO-DO-M": "Áo thun cotton cổ tròn đỏ", "MU-01": "Mũ rộng vành cói", "GOM-28": "Bình gốm men lam 28cm"}
    for sku, name in names.items():
        product = catalog.variants_by_sku(actor=SYSTEM, skus=[sku])[sku].product_id
        update_product(actor=SYSTEM, product_id=product, change=ProductChange(name=name), now=NOON)
        stock(made[sku], "KHO", 5)
    commands.create_channel(actor=SYSTEM, code="shopee-1", name="Shopee", kind="shopee", shop_id="1", now=NOON)
    return made


def listed(*listings: tuple[str, str, str]) -> list[Listing]:
    """Listings of (item, SKU there, name there), as a pull keeps them."""
    remote = [RemoteListing(ListingKey(item), sku, name, quantity=0) for item, sku, name in listings]
    commands.store_listings(actor=SYSTEM, channel="shopee-1", listings=remote, now=NOON)
    return list(Listing.objects.order_by("id"))


def suggested(item: str) -> Sequence[Suggestion]:
    page = queries.list_open_listings(actor=SYSTEM, channel="shopee-1")
    return next(each.suggestions for each in page.listings if each.listing.item_id == item)


def test_a_name_dressed_up_by_the_platform_is_recognised(skus: dict[str, int]) -> None:
    listed(
        ("1", "", "[FREESHIP] Áo thun COTTON cổ tròn nam nữ - đỏ | Mộc Lan Official"),
        ("2", "", "Mũ cói rộng vành đi biển"),
        ("3", "", "Xe đạp trẻ em"),
    )
    assert [each.sku for each in suggested("1")][:1] == ["AO-DO-M"]
    assert [(each.sku, each.reason) for each in suggested("2")][:1] == [("MU-01", "name")]
    assert suggested("3") == [], "nothing like it"


def test_a_sku_written_differently_is_nearly_certain(skus: dict[str, int]) -> None:
    listed(("1", "ao.do m", "Không tên"))
    first = suggested("1")[0]
    assert (first.sku, first.reason, first.confidence, first.others) == ("AO-DO-M", "sku", 0.95, 0)
    listed(("2", "AO-DO-M", "Áo"), ("1", "ao.do m", "Không tên"))
    assert suggested("1")[0].others == 1, "another listing is that shirt already"


def test_many_are_matched_at_once_and_their_held_orders_go_on(skus: dict[str, int]) -> None:
    one, two, three = listed(("1", "", "Áo"), ("2", "", "Mũ"), ("3", "", "Gốm"))
    draft = a_draft((None, 2), external_id="S1")
    code = accept(replace(draft, lines=(replace(draft.lines[0], listing="1:"),)))[0].code
    assert seen(code).issues == ["unmatched_line"]
    chosen = {one.id: "AO-DO-M", two.id: "mu-01"}
    assert commands.match_listings(actor=SYSTEM, channel="shopee-1", chosen=chosen) == 2
    assert commands.resolve_held_lines(actor=SYSTEM, channel="shopee-1", listing_ids=chosen, now=NOON) == 1
    order = seen(code)
    assert (list(order.issues), order.lines[0].sku) == ([], "AO-DO-M")
    assert commands.match_listings(actor=SYSTEM, channel="shopee-1", chosen=chosen) == 0, "a repeat changes nothing"
    assert {row.id: row.variant_id for row in Listing.objects.all()} == {
        one.id: skus["AO-DO-M"], two.id: skus["MU-01"], three.id: None,
    }  # fmt: skip
    assert inventory.availability(channel="shopee-1", variant_ids=[skus["AO-DO-M"]])[skus["AO-DO-M"]].quantity == 3


def test_one_wrong_sku_matches_none(skus: dict[str, int]) -> None:
    one, two, _ = listed(("1", "", "Áo"), ("2", "", "Mũ"), ("3", "", "Gốm"))
    with pytest.raises(ChannelInvalid):
        commands.match_listings(actor=SYSTEM, channel="shopee-1", chosen={one.id: "AO-DO-M", two.id: "KHONG-CO"})
    with pytest.raises(MayNot):
        commands.match_listings(actor=an_actor("channels.view"), channel="shopee-1", chosen={one.id: "AO-DO-M"})
    assert not Listing.objects.exclude(variant_id=None).exists()


def test_held_lines_follow_the_match_that_stands_not_the_one_that_came_late(skus: dict[str, int]) -> None:
    one = listed(("1", "", "Áo"))[0]
    draft = a_draft((None, 1), external_id="S1")
    code = accept(replace(draft, lines=(replace(draft.lines[0], listing="1:"),)))[0].code
    commands.match_listing(actor=SYSTEM, listing_id=one.id, sku="MU-01")
    assert commands.match_listings(actor=SYSTEM, channel="shopee-1", chosen={one.id: "AO-DO-M"}) == 0
    assert commands.resolve_held_lines(actor=SYSTEM, channel="shopee-1", listing_ids=[one.id], now=NOON) == 1
    assert seen(code).lines[0].sku == "MU-01"
    with pytest.raises(ChannelNotFound):
        commands.match_listings(actor=SYSTEM, channel="nowhere", chosen={one.id: "AO-DO-M"})
