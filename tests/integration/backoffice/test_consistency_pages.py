"""The pages of what channels show against what they should: what they say, what their buttons do, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mekong.channels import commands
from mekong.channels.models import Difference, Listing, ListingSync
from mekong.foundation.actor import SYSTEM
from tests.integration.backoffice.conftest import Visitor
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def a_drift() -> Listing:
    """A price that was 890.000 and shows 870.000."""
    now = datetime.now(UTC)
    commands.set_price_sync(actor=SYSTEM, code="shopee-1", on=True)
    ListingSync.objects.update(remote_price_minor=None, read_at=None)
    row: Listing = Listing.objects.get(channel__code="shopee-1", variant__sku="BG-ML-28")
    ListingSync.objects.filter(listing=row).update(
        acked_price_minor=890_000, acked_price_at=now - timedelta(hours=1), remote_price_minor=870_000, read_at=now
    )
    commands.note_checked(actor=SYSTEM, listing_ids=list(Listing.objects.values_list("id", flat=True)), now=now)
    assert list(Difference.objects.values_list("listing_id", "fact", "reason")) == [(row.id, "price", "changed")]
    return row


def test_a_difference_is_told_and_set_right_by_one_press(shop: Shop, visitor: Visitor) -> None:
    row = a_drift()
    clerk = visitor("owner")
    said = clerk.get("/consistency/").content.decode()
    for words in ("BG-ML-28", "890.000", "870.000", "Bị sửa trên sàn", "Sửa lại cho đúng", "Lấy giá của sàn"):
        assert words in said, words
    home = clerk.get("/").content.decode()
    assert "1 sản phẩm hiển thị khác với điều phải hiện" in home
    fields = {"act": "fact", "listing": row.id, "fact": "price"}
    answer = clerk.post("/consistency/act/", {**fields, "query": "channel=shopee-1"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/consistency/?channel=shopee-1"
    assert "đang gửi lại giá của 1 tin đăng" in answer.content.decode()
    assert "Đang gửi" in answer.content.decode()
    assert list(Difference.objects.values_list("reason", flat=True)) == ["pending"]
    assert "hiển thị khác với điều" not in clerk.get("/").content.decode(), "what is on its way is nobody's work"


def test_a_products_page_is_a_matrix_with_every_act(shop: Shop, visitor: Visitor) -> None:
    row = a_drift()
    product = Difference.objects.get().product_id
    clerk = visitor("owner", language="en")
    address = f"/consistency/{product}/"
    said = clerk.get(address).content.decode()
    for words in (
        "should be 890,000",
        "Changed on the platform",
        "Not read yet",
        "Set the product right",
        "Set the channel right",
        "Look now",
    ):
        assert words in said, words
    assert 'hx-get="' + address not in said, "nothing is on its way"
    assert address in clerk.get("/products/BG-ML-28/").content.decode()
    accept = {"act": "accept", "listing": row.id, "back": "product", "product": product}
    wrong = clerk.post("/consistency/act/", {**accept, "price": 1}, follow=True).content.decode()
    assert "shows another price by now" in wrong
    done = clerk.post("/consistency/act/", {**accept, "price": 870_000}, follow=True)
    assert done.redirect_chain[-1][0] == address
    assert "Own price of this listing" in done.content.decode()
    row.refresh_from_db()
    assert row.own_price_minor == 870_000
    assert clerk.get("/consistency/?reason=own_price").content.decode().count(address) == 1
    looked = clerk.post("/consistency/act/", {"act": "look", "product": product, "back": "product"}, follow=True)
    assert "No answer from" in looked.content.decode(), "nobody is at that address"


def test_all_of_a_filter_and_of_a_product_are_set_right(shop: Shop, visitor: Visitor) -> None:
    a_drift()
    clerk = visitor("owner", language="en")
    nothing = clerk.post("/consistency/act/", {"act": "found", "fact": "name"}, follow=True).content.decode()
    assert "Nothing to send" in nothing
    said = clerk.post("/consistency/act/", {"act": "found", "fact": "price", "query": "fact=price"}, follow=True)
    assert "1 listing’s price is sent again" in said.content.decode()
    product = Difference.objects.get().product_id
    again = clerk.post("/consistency/act/", {"act": "product", "product": product}, follow=True).content.decode()
    assert "Nothing to send" in again
    part = clerk.get("/consistency/", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()
    assert "<html" not in part
    assert "data-moving" in part


def test_bad_addresses_and_forms_change_nothing(shop: Shop, visitor: Visitor) -> None:
    a_drift()
    clerk = visitor("owner", language="en")
    assert clerk.get("/consistency/999999/").status_code == 404
    for query in ("?fact=colour", "?reason=why", "?cursor=x"):
        assert clerk.get(f"/consistency/{query}").status_code in (200, 302), query
    assert clerk.get("/consistency/?channel=nowhere").status_code == 404
    for fields in ({}, {"act": "fact", "listing": "x"}, {"act": "accept", "listing": "1" * 30}, {"act": "product"}):
        assert clerk.post("/consistency/act/", fields, follow=True).status_code in (200, 404)
    assert list(Difference.objects.values_list("reason", flat=True)) == ["changed"]


def test_who_only_looks_has_no_buttons(shop: Shop, visitor: Visitor) -> None:
    a_drift()
    reader = visitor("accountant", language="en")
    said = reader.get("/consistency/").content.decode()
    assert "Changed on the platform" in said
    assert "/consistency/act/" not in said
    assert reader.post("/consistency/act/", {"act": "found"}).status_code == 403
