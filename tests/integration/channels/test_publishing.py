"""Products of the catalogue on a platform: made once whatever happens, kept in step, and never over somebody's work."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connections
from PIL import Image

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewVariant
from mekong.catalog.models import Attribute, CategoryAttribute, Media, Variant
from mekong.channels import commands, queries, registry
from mekong.channels.contracts.publishing import AttributeRule, Gap
from mekong.channels.errors import (
    CannotDo,
    CategoryNotRead,
    ChannelInvalid,
    ChannelNotFound,
    PublicationNotFound,
)
from mekong.channels.models import PictureCopy, PlatformCategory, Publication
from mekong.channels.remote import publishing as asking
from mekong.channels.socket.listing_needs import Need
from mekong.channels.socket.publishing import PublishedState, RemoteCategory
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot, RemoteRefused, Unavailable
from mekong.foundation.models import AuditEntry
from tests.support.fair import MATERIAL, Fair, a_fair, change, listing, now, product_id, publish, row, view
from tests.support.marketplaces import a_worker, close_all, eventually
from tests.support.people import a_person, acting


@pytest.fixture
def fair(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fair]:
    yield a_fair(monkeypatch)
    close_all()


def becomes(sku: str, state: str) -> bool:
    return eventually(lambda: view(sku).state == state and not view(sku).is_behind, within_s=20)


def a_picture(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 600), colour).save(out, "PNG")
    return out.getvalue()


# --- the way there ----------------------------------------------------------------------------------------------------


def test_a_product_is_published_with_its_pictures_and_its_stock_follows(fair: Fair) -> None:
    catalog.add_media(actor=SYSTEM, content=a_picture(), product_id=product_id("AO-1"), now=now())
    change("AO-1", description="Vải mềm", brand="Sông")
    with a_worker():
        report = publish("AO-1")
        assert (report.asked, report.incomplete, report.known) == (1, 0, 0)
        assert becomes("AO-1", "live")
        (draft,) = fair.products.values()
        assert (draft.code, draft.category_id, draft.name, draft.description, draft.brand) == (
            "AO-1", "111", "Áo AO-1", "Vải mềm", "Sông",
        )  # fmt: skip
        assert (draft.pictures, [each.price_minor for each in draft.variants]) == (("p1",), [100_000])
        assert (fair.pictures[0].media_type, fair.pictures[0].width) == ("image/jpeg", 600)
        assert eventually(lambda: listing("AO-1").sync.acked_quantity == 10), (
            "what is made sells nothing, then its stock"
        )
    assert (view("AO-1").item_id, view("AO-1").url) == ("new1", "https://bazaar.example/new1")
    assert view("AO-1").live_at is not None
    assert fair.acts == ["create"]


def test_what_is_missing_is_said_and_what_comes_is_sent_by_itself(fair: Fair) -> None:
    fair.asks["111"] = (MATERIAL,)
    asking.map_category(actor=SYSTEM, channel="bz", category="ao", external_id="112")
    asking.map_category(actor=SYSTEM, channel="bz", category="ao", external_id="111")
    PlatformCategory.objects.update(attributes=None, attributes_at=None)
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "incomplete"), "the worker asks what the platform asks"
        assert list(view("AO-1").gaps) == [Gap("attribute_missing", {"attribute": "Chất liệu"})]
        assert fair.acts == []
        commands.set_attribute_rules(
            actor=SYSTEM, channel="bz", category="ao", rules={"m": AttributeRule("fixed", values=("cotton",))}, now=now()
        )  # fmt: skip
        assert becomes("AO-1", "live")
    (draft,) = fair.products.values()
    assert [(each.text, each.choice_id) for each in draft.attributes["m"]] == [("Cotton", "m1")]


def test_our_own_attribute_answers_by_its_name_and_an_unknown_value_is_named(fair: Fair) -> None:
    fair.asks["111"] = (MATERIAL,)
    PlatformCategory.objects.update(attributes=None, attributes_at=None)
    made = Attribute.objects.create(code="chat-lieu", name="Chất liệu", kind="text")
    from mekong.catalog.models import Category

    CategoryAttribute.objects.create(category=Category.objects.get(code="ao"), attribute=made)
    change("AO-1", attributes={"chat-lieu": "Lụa"})
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "incomplete")
        assert list(view("AO-1").gaps) == [Gap("choice_unknown", {"attribute": "Chất liệu", "value": "Lụa"})]
        change("AO-1", attributes={"chat-lieu": "len"})
        assert becomes("AO-1", "live")


def test_a_product_without_a_mapped_category_waits_for_one_and_those_above_count(fair: Fair) -> None:
    catalog.create_category(actor=SYSTEM, name="Sơ mi", code="so-mi", parent="ao")
    catalog.create_category(actor=SYSTEM, name="Khác", code="khac")
    change("AO-1", category="so-mi")
    change("AO-2", category="khac")
    assert publish("AO-1", "AO-2").incomplete == 1
    assert view("AO-2").gaps == [Gap("not_mapped", {"category": "Khác"})]
    tree = {each.code: each for each in queries.publishing.list_mappings(actor=SYSTEM, channel="bz")}
    assert (tree["so-mi"].inherited_from, tree["so-mi"].platform == tree["ao"].platform) == ("ao", True)
    assert tree["khac"].platform is None
    with a_worker():
        assert becomes("AO-1", "live")
        asking.map_category(actor=SYSTEM, channel="bz", category="khac", external_id="2")
        assert becomes("AO-2", "live")


# --- once -------------------------------------------------------------------------------------------------------------


def test_a_lost_answer_makes_no_second_product(fair: Fair) -> None:
    fair.trouble, fair.is_late = Unavailable(remote="Bazaar", reason="no answer"), True
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "live")
    assert (len(fair.products), fair.acts) == (1, ["create", "update new1"])


def test_what_a_killed_worker_had_begun_is_found_and_finished(fair: Fair) -> None:
    publish("AO-1")
    Publication.objects.update(begun_at=now())
    with a_worker():
        assert becomes("AO-1", "live")
        first = fair.acts
    assert first == ["create"], "nothing is there: it is made"
    Publication.objects.update(item_id="", state="waiting", sent="", begun_at=now(), turn=9, next_at=now())
    listing("AO-1").delete()
    with a_worker():
        assert eventually(lambda: view("AO-1").item_id == "new1" and not view("AO-1").is_behind)
    assert len(fair.products) == 1


def test_a_product_made_by_half_is_finished_after_the_platform_refused_the_rest(fair: Fair) -> None:
    fair.trouble, fair.is_late = RemoteRefused(remote="Bazaar", remote_code="x", remote_message="no variants"), True
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "refused")
        assert list(view("AO-1").reasons) == ["no variants (x)"]
        change("AO-1", name="Áo mới")
        assert becomes("AO-1", "live")
    assert (len(fair.products), fair.acts) == (1, ["create", "update new1"])


def test_two_people_publish_at_once_and_it_is_one(fair: Fair) -> None:
    def one() -> None:
        try:
            publish("AO-1", "AO-2")
        finally:
            connections.close_all()

    people = [threading.Thread(target=one) for _ in range(6)]
    for each in people:
        each.start()
    for each in people:
        each.join(30)
    assert Publication.objects.count() == 2
    with a_worker():
        assert becomes("AO-1", "live")
        assert becomes("AO-2", "live")
    assert fair.acts == ["create", "create"]


def test_what_somebody_listed_by_hand_is_changed_only_when_a_person_says_so(fair: Fair) -> None:
    key = fair.list_sku("AO-1")
    fair.products[key.item_id] = replace(_empty(), name="Tên của họ")
    fair.states[key.item_id] = PublishedState.LIVE
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "refused")
        found = view("AO-1")
        assert found.problem is not None
        assert (found.problem.code, fair.products[key.item_id].name) == ("channels.listed_by_hand", "Tên của họ")
        assert eventually(lambda: listing("AO-1").sync.acked_quantity == 10), "its stock is ours to tell at once"
        preview = queries.publishing.preview_publication(actor=SYSTEM, channel="bz", product_id=product_id("AO-1"))
        assert preview.item_id == key.item_id, "it says what would be changed"
        commands.retry_publication(actor=SYSTEM, channel="bz", product_id=product_id("AO-1"), now=now())
        assert becomes("AO-1", "live")
    assert fair.products[key.item_id].name == "Áo AO-1"


def test_what_is_matched_to_a_listing_made_by_hand_is_not_written_over_either(fair: Fair) -> None:
    from mekong.channels import remote

    key = fair.list_sku("AO-1")
    fair.products[key.item_id] = replace(_empty(), name="Tên của họ")
    fair.states[key.item_id] = PublishedState.LIVE
    remote.pull_listings(actor=SYSTEM, channel="bz")
    here = product_id("AO-1")
    preview = queries.publishing.preview_publication(actor=SYSTEM, channel="bz", product_id=here)
    assert (preview.item_id, preview.is_ours) == (key.item_id, False)
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "refused")
        publish("AO-1")
        assert becomes("AO-1", "refused"), "to publish it again is not to say that it may be replaced"
        assert fair.acts == []
        commands.retry_publication(actor=SYSTEM, channel="bz", product_id=here, now=now())
        assert becomes("AO-1", "live")
    assert fair.products[key.item_id].name == "Áo AO-1"
    assert queries.publishing.preview_publication(actor=SYSTEM, channel="bz", product_id=here).is_ours


def _empty() -> Any:
    from mekong.channels.socket.publishing import Draft, DraftVariant

    return Draft("x", "111", "x", "x", (DraftVariant("AO-1", 1),))


def test_variants_listed_as_products_of_their_own_are_not_put_together(fair: Fair) -> None:
    catalog.update_product(actor=SYSTEM, product_id=product_id("AO-1"), change=_options(), now=now())
    catalog.add_variants(
        actor=SYSTEM, product_id=product_id("AO-1"), now=now(),
        variants=[NewVariant("AO-1-XL", 120_000, option_values=("XL",))],
    )  # fmt: skip
    for sku in ("AO-1", "AO-1-XL"):
        fair.list_sku(sku)
    from mekong.channels import remote

    remote.pull_listings(actor=SYSTEM, channel="bz")
    assert publish("AO-1").incomplete == 1
    assert Gap("listed_apart", {"items": 2}) in view("AO-1").gaps


def _options() -> Any:
    from mekong.catalog.contracts import ProductChange

    return ProductChange(options=("Cỡ",), option_values={"AO-1": ("M",)})


# --- in step ----------------------------------------------------------------------------------------------------------


def test_changes_of_the_catalogue_are_sent_and_a_turn_without_a_difference_costs_no_call(fair: Fair) -> None:
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "live")
        change("AO-1", name="Áo dài")
        assert eventually(lambda: fair.products["new1"].name == "Áo dài")
        assert becomes("AO-1", "live")
        publish("AO-1")
        assert becomes("AO-1", "live")
        assert fair.acts == ["create", "update new1"]
        commands.set_follows(actor=SYSTEM, channel="bz", product_id=product_id("AO-1"), follows=False, now=now())
        change("AO-1", name="Áo ngắn")
        publish("AO-2")
        assert becomes("AO-2", "live"), "a later change is sent, this one is not"
        assert fair.products["new1"].name == "Áo dài"
        commands.set_follows(actor=SYSTEM, channel="bz", product_id=product_id("AO-1"), follows=True, now=now())
        assert eventually(lambda: fair.products["new1"].name == "Áo ngắn")


def test_a_new_variant_is_added_and_its_stock_told(fair: Fair) -> None:
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "live")
        catalog.update_product(actor=SYSTEM, product_id=product_id("AO-1"), change=_options(), now=now())
        catalog.add_variants(
            actor=SYSTEM, product_id=product_id("AO-1"), now=now(),
            variants=[NewVariant("AO-1-XL", 120_000, option_values=("XL",))],
        )  # fmt: skip
        assert eventually(
            lambda: Variant.objects.filter(sku="AO-1-XL").exists() and len(fair.products["new1"].variants) == 2
        )
        assert eventually(lambda: _acked("AO-1-XL") == 0)
    assert fair.products["new1"].variants[0].model_id == "AO-1"


def _acked(sku: str) -> int | None:
    from mekong.channels.models import Listing

    found = Listing.objects.select_related("sync").filter(variant__sku=sku).first()
    return found.sync.acked_quantity if found else None


def test_it_is_taken_off_sale_and_put_back_and_an_archived_one_is_taken_off_too(fair: Fair) -> None:
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "live")
        commands.set_shown(actor=SYSTEM, channel="bz", product_id=product_id("AO-1"), is_shown=False, now=now())
        assert becomes("AO-1", "hidden")
        assert fair.states["new1"] is PublishedState.HIDDEN
        publish("AO-1")
        assert becomes("AO-1", "live")
        catalog.archive_product(actor=SYSTEM, product_id=product_id("AO-1"), now=now())
        assert eventually(lambda: fair.states["new1"] is PublishedState.HIDDEN)
        catalog.restore_product(actor=SYSTEM, product_id=product_id("AO-1"), now=now())
        assert eventually(lambda: fair.states["new1"] is PublishedState.LIVE)


# --- the platform's word ----------------------------------------------------------------------------------------------


def test_a_refusal_is_told_in_its_words_and_stands_until_something_changes(fair: Fair) -> None:
    catalog.add_media(actor=SYSTEM, content=a_picture(), product_id=product_id("AO-1"), now=now())
    fair.refuses = lambda draft: "Tên có từ cấm" if "AO" in draft.name else ""
    with a_worker():
        publish("AO-1", "AO-2")
        assert becomes("AO-1", "refused")
        assert list(view("AO-1").reasons) == ["Tên có từ cấm (bad_product)"]
        assert becomes("AO-2", "refused")
        assert not PictureCopy.objects.exists(), "what may be wrong with pictures is not kept"
        tried = len(fair.acts)
        change("AO-1", name="Áo thun trắng")
        assert becomes("AO-1", "live")
        assert view("AO-2").state == "refused"
    assert len(fair.acts) == tried + 1, "the other one was not tried again"


def test_a_review_is_waited_for_and_a_change_meanwhile_is_sent_after_it(fair: Fair) -> None:
    fair.reviews = True
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "reviewing")
        assert (view("AO-1").item_id, row("AO-1").ticket) == ("", "t-new1")
        change("AO-1", name="Áo dài")
        assert eventually(lambda: not view("AO-1").is_behind)
        assert fair.acts == ["create"], "what is under review is not made again"
        fair.decide("new1", PublishedState.LIVE)
        assert eventually(lambda: fair.products["new1"].name == "Áo dài")
        assert becomes("AO-1", "live")
    assert view("AO-1").item_id == "new1"


def test_a_turn_without_a_difference_does_not_make_it_forget_a_review(fair: Fair) -> None:
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "live")
        fair.reviews = True
        change("AO-1", name="Áo dài")
        assert becomes("AO-1", "reviewing")
        publish("AO-1")
        assert eventually(lambda: not view("AO-1").is_behind)
        fair.decide("new1", PublishedState.LIVE)
        assert becomes("AO-1", "live")
    assert fair.acts == ["create", "update new1"]


def test_what_was_hidden_while_it_was_reviewed_is_hidden_when_it_is_approved(fair: Fair) -> None:
    fair.reviews = True
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "reviewing")
        commands.set_shown(actor=SYSTEM, channel="bz", product_id=product_id("AO-1"), is_shown=False, now=now())
        assert eventually(lambda: not view("AO-1").is_behind)
        fair.decide("new1", PublishedState.LIVE)
        assert becomes("AO-1", "hidden")
    assert fair.states["new1"] is PublishedState.HIDDEN


def test_a_figure_that_went_with_the_words_of_a_product_is_told_anew(fair: Fair) -> None:
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "live")
        assert eventually(lambda: listing("AO-1").sync.acked_quantity == 10)
        real = fair.put

        def put(item: str, draft: Any) -> None:
            real(item, draft)
            fair.quantities[next(key for key in fair.quantities if key.item_id == item)] = 99

        fair.put = put  # type: ignore[method-assign]  # the platform takes an old figure with the words
        change("AO-1", name="Áo dài")
        assert eventually(lambda: fair.products["new1"].name == "Áo dài")
        assert eventually(lambda: 10 in fair.quantities.values() and 99 not in fair.quantities.values())


def test_a_review_that_ends_badly_gives_its_reasons(fair: Fair) -> None:
    fair.reviews = True
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "reviewing")
        fair.decide("new1", PublishedState.REFUSED, "Ảnh mờ", "Thiếu nhãn")
        assert becomes("AO-1", "refused")
    assert list(view("AO-1").reasons) == ["Ảnh mờ", "Thiếu nhãn"]


def test_a_product_that_is_gone_there_is_made_anew_when_published_again(fair: Fair) -> None:
    fair.reviews = True
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "reviewing")
        fair.products.clear()
        assert becomes("AO-1", "gone")
        fair.reviews = False
        publish("AO-1")
        assert becomes("AO-1", "live")
    assert fair.acts == ["create", "create"]


def test_a_platform_that_is_away_is_tried_again_and_one_bad_product_stops_no_other(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mekong.channels.sync import publishing

    real = publishing.digest

    def broken(draft: Any) -> str:
        if draft.code == "AO-1":
            raise KeyError("a defect")
        return real(draft)

    monkeypatch.setattr(publishing, "digest", broken)
    fair.trouble = Unavailable(remote="Bazaar", reason="away")
    with a_worker():
        publish("AO-1", "AO-2")
        assert becomes("AO-2", "live")
        found = view("AO-1")
        assert found.problem is not None
        assert (found.problem.code, found.attempts > 0, found.next_at is not None) == ("error", True, True)
        monkeypatch.setattr(publishing, "digest", real)
        assert becomes("AO-1", "live")


def test_a_picture_whose_file_is_gone_is_said(fair: Fair) -> None:
    catalog.add_media(actor=SYSTEM, content=a_picture("blue"), product_id=product_id("AO-1"), now=now())
    path = Media.objects.get().path
    default_storage.delete(path)
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "incomplete")
    assert view("AO-1").gaps == [Gap("picture_unreadable", {"file": path})]
    assert fair.acts == []


def test_pictures_are_given_once(fair: Fair) -> None:
    for colour in ("red", "blue"):
        catalog.add_media(actor=SYSTEM, content=a_picture(colour), product_id=product_id("AO-1"), now=now())
    catalog.add_media(actor=SYSTEM, content=a_picture("red"), product_id=product_id("AO-2"), now=now())
    with a_worker():
        publish("AO-1", "AO-2")
        assert becomes("AO-1", "live")
        assert becomes("AO-2", "live")
        change("AO-1", name="Áo dài")
        assert eventually(lambda: fair.products["new1"].name == "Áo dài" or fair.products["new2"].name == "Áo dài")
    assert len(fair.pictures) == 2


# --- who may, and what is refused -------------------------------------------------------------------------------------


def test_needs_of_the_platform_stand_in_the_way(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    a_fair(monkeypatch, needs=[Need("category"), Need("pictures", 1), Need("name", 10, 20), Need("weight")])
    publish("AO-1")
    assert [(each.what, dict(each.params)) for each in view("AO-1").gaps] == [
        ("pictures", {"has": 0, "least": 1}), ("name", {"has": 7, "least": 10, "most": 20}),
        ("weight", {"has": 0, "least": 1}),
    ]  # fmt: skip
    close_all()


def test_publishing_needs_the_right_to_it(fair: Fair) -> None:
    publish("AO-1")
    here = product_id("AO-1")
    cashier = acting(a_person("cashier"))
    accountant = acting(a_person("accountant", email="ke-toan@example.vn"))
    for act in (
        lambda who: commands.publish_products(actor=who, channel="bz", product_ids=[here], now=now()),
        lambda who: commands.set_shown(actor=who, channel="bz", product_id=here, is_shown=False, now=now()),
        lambda who: commands.set_follows(actor=who, channel="bz", product_id=here, follows=False, now=now()),
        lambda who: commands.retry_publication(actor=who, channel="bz", product_id=here, now=now()),
        lambda who: commands.forget_publication(actor=who, channel="bz", product_id=here),
        lambda who: commands.map_category(actor=who, channel="bz", category="ao", external_id="2", now=now()),
        lambda who: commands.set_attribute_rules(actor=who, channel="bz", category="ao", rules={}, now=now()),
        lambda who: asking.read_categories(actor=who, channel="bz"),
        lambda who: asking.map_category(actor=who, channel="bz", category="ao", external_id="2"),
    ):
        for who in (cashier, accountant):
            with pytest.raises(MayNot):
                act(who)
    for look in (
        lambda: queries.publishing.list_publications(actor=cashier, channel="bz"),
        lambda: queries.publishing.preview_publication(actor=cashier, channel="bz", product_id=here),
        lambda: queries.publishing.list_mappings(actor=cashier, channel="bz"),
    ):
        with pytest.raises(MayNot):
            look()
    assert queries.publishing.get_mapping(actor=SYSTEM, channel="bz", category="ao").platform is not None


@pytest.mark.parametrize(
    ("products", "said"),
    [([], "Choose 1 to"), ([0], "does not exist"), (list(range(1, 502)), "Choose 1 to")],
)
def test_what_cannot_be_published_is_refused(fair: Fair, products: list[int], said: str) -> None:
    with pytest.raises(ChannelInvalid, match=said):
        commands.publish_products(actor=SYSTEM, channel="bz", product_ids=products, now=now())
    assert not Publication.objects.exists()


def test_an_archived_product_and_unknown_places_are_refused(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog.archive_product(actor=SYSTEM, product_id=product_id("AO-1"), now=now())
    with pytest.raises(ChannelInvalid, match="in the archive"):
        publish("AO-2", "AO-1")
    assert not Publication.objects.exists()
    with pytest.raises(PublicationNotFound):
        commands.retry_publication(actor=SYSTEM, channel="bz", product_id=product_id("AO-2"), now=now())
    with pytest.raises(ChannelNotFound):
        commands.publish_products(actor=SYSTEM, channel="nowhere", product_ids=[1], now=now())
    known = registry.connectors()["bazaar"]
    mute = replace(known.manifest, capabilities=known.manifest.capabilities - {"PublishesProducts"})
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": replace(known, manifest=mute)})
    with pytest.raises(CannotDo):
        publish("AO-2")
    assert queries.publishing.publishing_channels(actor=SYSTEM) == []


def test_only_a_leaf_of_a_tree_that_was_read_is_mapped(fair: Fair) -> None:
    before = list(AuditEntry.objects.filter(table="channels_categorymapping").values_list("id"))
    for external_id, said in (("11", "has categories below it"), ("999", "has no category 999")):
        with pytest.raises(ChannelInvalid, match=said):
            commands.map_category(actor=SYSTEM, channel="bz", category="ao", external_id=external_id, now=now())
    with pytest.raises(ChannelInvalid, match="no category “x”"):
        commands.map_category(actor=SYSTEM, channel="bz", category="x", external_id="111", now=now())
    PlatformCategory.objects.all().delete()
    with pytest.raises(CategoryNotRead):
        commands.map_category(actor=SYSTEM, channel="bz", category="ao", external_id="111", now=now())
    assert list(AuditEntry.objects.filter(table="channels_categorymapping").values_list("id")) == before


def test_a_tree_read_again_forgets_what_is_gone_and_stands_a_circle(fair: Fair) -> None:
    found = queries.publishing.search_platform_categories(actor=SYSTEM, channel="bz", text="ao THUN")
    assert [each.path for each in found] == [("Thời trang nữ", "Áo", "Áo thun")]
    round_ = [RemoteCategory("a", "A", "b"), RemoteCategory("b", "B", "a"), RemoteCategory("111", "Áo phông")]
    assert commands.store_categories(actor=SYSTEM, channel="bz", categories=round_, now=now()) == 3
    assert set(PlatformCategory.objects.values_list("external_id", flat=True)) == {"a", "b", "111"}
    assert queries.publishing.search_platform_categories(actor=SYSTEM, channel="bz", text="thun") == []


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (AttributeRule("attribute", "nothing"), "rules.m.key"),
        (AttributeRule("option", " "), "rules.m.key"),
        (AttributeRule("fixed"), "rules.m.values"),
        (AttributeRule("fixed", values=("Lụa",)), "rules.m.values"),
        (AttributeRule("fixed", values=("Len",), unit="kg"), "rules.m.unit"),
        (AttributeRule("option", "Màu", choices={"Đỏ": "m9"}), "rules.m.choices"),
        (AttributeRule("fixed", values=("x" * 501,)), "rules.m.values"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_field(fair: Fair, rule: AttributeRule, field: str) -> None:
    fair.asks["111"] = (MATERIAL,)
    PlatformCategory.objects.update(attributes=None, attributes_at=None)
    asking.map_category(actor=SYSTEM, channel="bz", category="ao", external_id="111")
    with pytest.raises(ChannelInvalid) as refused:
        commands.set_attribute_rules(actor=SYSTEM, channel="bz", category="ao", rules={"m": rule}, now=now())
    assert refused.value.params["field"] == field
    with pytest.raises(ChannelInvalid):
        commands.set_attribute_rules(
            actor=SYSTEM, channel="bz", category="ao", rules={"zz": AttributeRule("fixed", values=("1",))}, now=now()
        )  # fmt: skip
    mapping = queries.publishing.get_mapping(actor=SYSTEM, channel="bz", category="ao")
    assert [(each.id, each.rule) for each in mapping.attributes] == [("m", None)]


def test_rules_of_a_category_that_goes_along_become_its_own(fair: Fair) -> None:
    fair.asks["111"] = (MATERIAL,)
    PlatformCategory.objects.update(attributes=None, attributes_at=None)
    asking.map_category(actor=SYSTEM, channel="bz", category="ao", external_id="111")
    catalog.create_category(actor=SYSTEM, name="Sơ mi", code="so-mi", parent="ao")
    rule = AttributeRule("fixed", values=("Len",))
    said = commands.set_attribute_rules(actor=SYSTEM, channel="bz", category="so-mi", rules={"m": rule}, now=now())
    assert (said.inherited_from, said.attributes[0].rule) == ("", rule)
    above = queries.publishing.get_mapping(actor=SYSTEM, channel="bz", category="ao")
    assert above.attributes[0].rule is None
    said = commands.set_attribute_rules(actor=SYSTEM, channel="bz", category="so-mi", rules={"m": None}, now=now())
    assert said.attributes[0].rule is None
    commands.map_category(actor=SYSTEM, channel="bz", category="so-mi", external_id="", now=now())
    assert queries.publishing.get_mapping(actor=SYSTEM, channel="bz", category="so-mi").inherited_from == "ao"


def test_what_is_forgotten_stays_on_the_platform(fair: Fair) -> None:
    with a_worker():
        publish("AO-1")
        assert becomes("AO-1", "live")
        commands.forget_publication(actor=SYSTEM, channel="bz", product_id=product_id("AO-1"))
        change("AO-1", name="Khác")
        publish("AO-2")
        assert becomes("AO-2", "live")
    assert fair.products["new1"].name == "Áo AO-1"
    assert not Publication.objects.filter(product_id=product_id("AO-1")).exists()
