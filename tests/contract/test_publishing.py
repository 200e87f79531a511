"""Every connector that publishes, against its stand-in, under faults: afterwards each product is there once, as the
catalogue has it, and its stock is told."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from mekong.channels.registry import connectors

if TYPE_CHECKING:  # Django is set up after the tests are collected
    from mekong.channels.contracts.publishing import AttributeRule, PlatformAttributeView
    from tests.support.marketplaces import Sandbox, Shop

PUBLISHERS = sorted(name for name, plug in connectors().items() if "PublishesProducts" in plug.manifest.capabilities)
SKUS = ("AO-1", "AT-DO-M", "AT-DO-L", "AT-XANH-M")
ABOUT = """Áo may tại Việt Nam, vải mềm, thấm mồ hôi, giữ màu sau nhiều lần giặt.
Giặt máy ở 30 độ, ủi mặt trái, phơi trong bóng râm."""
PARCEL = {"price_minor": 150_000, "weight_g": 220, "length_mm": 300, "width_mm": 200, "height_mm": 30}
FAULTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "time-out after the effect": [{"kind": "timeout_after_effect", "ms": 150, "probability": 0.3}],
    "all at once": [
        {"kind": "http_5xx", "probability": 0.1},
        {"kind": "rate_limit", "probability": 0.1},
        {"kind": "timeout_after_effect", "ms": 150, "probability": 0.15},
        {"kind": "malformed_json", "probability": 0.1},
        {"kind": "drop", "probability": 0.1},
    ],
}


@pytest.fixture(scope="module")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from tests.support.marketplaces import Sandbox

    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox, transactional_db: None, settings: Any) -> Iterator[Sandbox]:
    from dataclasses import replace

    from tests.support.marketplaces import close_all

    settings.MEKONG = replace(settings.MEKONG, public_url="https://shop.example")
    sandbox_process.reset()
    yield sandbox_process
    sandbox_process.mend()
    close_all()


def now() -> datetime:
    return datetime.now(UTC)


def a_wardrobe() -> dict[str, int]:
    """A plain product and one of three variants, with all that any platform asks; ids by code."""
    from mekong.catalog import commands as catalog
    from mekong.catalog.contracts import NewProduct, NewVariant
    from mekong.foundation.actor import SYSTEM
    from tests.support.marketplaces import a_catalogue, stock

    a_catalogue(["KHAC"], 3)
    catalog.create_category(actor=SYSTEM, name="Áo", code="ao")
    plain: dict[str, Any] = {"description": ABOUT, "category": "ao", "brand": "Sông Hồng"}
    made = {
        "AO-1": NewProduct(
            "Áo phông cổ tròn vải cotton", code="AO-1", variants=(NewVariant("AO-1", **PARCEL),), **plain
        ),
        "AT": NewProduct(
            "Áo thun có nhiều màu và cỡ", code="AT", options=("Màu", "Cỡ"), **plain,
            variants=(
                NewVariant("AT-DO-M", option_values=("Đỏ", "M"), **PARCEL),
                NewVariant("AT-DO-L", option_values=("Đỏ", "L"), **PARCEL),
                NewVariant("AT-XANH-M", option_values=("Xanh", "M"), **PARCEL),
            ),
        ),
    }  # fmt: skip
    ids = {code: catalog.create_product(actor=SYSTEM, product=each, now=now()).id for code, each in made.items()}
    for product_id in ids.values():
        for colour in ("red", "navy", "green"):
            out = io.BytesIO()
            Image.new("RGB", (800, 800), colour).save(out, "JPEG")
            catalog.add_media(actor=SYSTEM, content=out.getvalue(), product_id=product_id, now=now())
    stock(dict.fromkeys(SKUS, 7))
    return ids


def map_and_answer(channel: str) -> None:
    """Map our category to the first leaf for shirts, and answer all that the platform demands there."""
    from mekong.channels import commands
    from mekong.channels.queries import publishing as queries
    from mekong.channels.remote import publishing as asking
    from mekong.foundation.actor import SYSTEM

    assert asking.read_categories(actor=SYSTEM, channel=channel) > 0
    leaf = (
        queries.search_platform_categories(actor=SYSTEM, channel=channel, text="áo thun")
        or queries.search_platform_categories(actor=SYSTEM, channel=channel)
    )[0]
    said = asking.map_category(actor=SYSTEM, channel=channel, category="ao", external_id=leaf.external_id)
    rules: dict[str, AttributeRule | None] = {}
    ours = ["Màu", "Cỡ"]
    for each in said.attributes:
        if each.is_option and ours:
            rules[each.id] = _option(each, ours.pop(0))
        elif each.is_required and not each.is_option:
            rules[each.id] = _fixed(each)
    if rules:
        commands.set_attribute_rules(actor=SYSTEM, channel=channel, category="ao", rules=rules, now=now())


def _option(asked: PlatformAttributeView, option: str) -> AttributeRule:
    from mekong.channels.contracts.publishing import AttributeRule

    values = {"Màu": ["Đỏ", "Xanh"], "Cỡ": ["M", "L"]}[option]
    choices = (
        {} if asked.takes_own_words else {ours: theirs.id for ours, theirs in zip(values, asked.choices, strict=False)}
    )
    return AttributeRule("option", option, choices=choices)


def _fixed(asked: PlatformAttributeView) -> AttributeRule:
    from mekong.channels.contracts.publishing import AttributeRule

    said = {"number": "1", "date": "2026-01-01", "bool": "true"}.get(asked.kind, "Việt Nam")
    text = asked.choices[0].name if asked.choices else said
    return AttributeRule("fixed", values=(text,), unit=asked.units[0] if asked.units else "")


def states(product_ids: Sequence[int], channel: str) -> dict[int, tuple[str, bool]]:
    from mekong.channels.models import Publication

    rows = Publication.objects.filter(channel__code=channel, product_id__in=product_ids)
    return {row.product_id: (row.state, row.turn > row.done_turn) for row in rows}


def times_listed(shop: Shop) -> Counter[str]:
    """How often each SKU is on the platform."""
    said = shop.sandbox.get(f"{shop.market}/stock", **shop.key)
    place = said["columns"].index("sku")
    return Counter(row[place] for row in said["rows"])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("market", PUBLISHERS)
def test_products_are_there_once_and_as_the_catalogue_has_them(sandbox: Sandbox, market: str, fault: str) -> None:
    from mekong.catalog import commands as catalog
    from mekong.catalog.contracts import NewVariant, ProductChange
    from mekong.channels import commands
    from mekong.channels.models import Publication
    from mekong.foundation.actor import SYSTEM
    from tests.support.marketplaces import a_shop, a_worker, eventually, stock

    ids = a_wardrobe()
    shop = a_shop(sandbox, market, "san", ["KHAC"])
    map_and_answer("san")
    sandbox.break_things(FAULTS[fault], seed=11)

    def settled() -> bool:
        return set(states(list(ids.values()), "san").values()) == {("live", False)}

    def told() -> str:
        return str(list(Publication.objects.values("product_id", "state", "gaps", "reasons", "problem", "item_id")))

    with a_worker():
        commands.publish_products(actor=SYSTEM, channel="san", product_ids=list(ids.values()), now=now())
        eventually(settled, within_s=3 if fault != "none" else 0.1)
        sandbox.mend()
        assert eventually(settled, within_s=60), told()
        assert eventually(lambda: {sku: shop.shown().get(sku) for sku in SKUS} == dict.fromkeys(SKUS, 7)), shop.shown()

        sandbox.break_things(FAULTS[fault], seed=12)
        catalog.update_product(
            actor=SYSTEM,
            product_id=ids["AT"],
            change=ProductChange(name="Áo thun mới của mùa này, nhiều màu"),
            now=now(),
        )
        catalog.add_variants(
            actor=SYSTEM, product_id=ids["AT"], now=now(),
            variants=[
                NewVariant("AT-XANH-L", option_values=("Xanh", "L"), **PARCEL)
            ],
        )  # fmt: skip
        stock({"AT-XANH-L": 2})
        eventually(lambda: shop.shown().get("AT-XANH-L") == 2, within_s=3 if fault != "none" else 0.1)
        sandbox.mend()
        assert eventually(lambda: shop.shown().get("AT-XANH-L") == 2, within_s=60), told()
        assert eventually(settled, within_s=30), told()

    listed = times_listed(shop)
    assert {sku: listed[sku] for sku in (*SKUS, "AT-XANH-L")} == dict.fromkeys((*SKUS, "AT-XANH-L"), 1)
    assert {sku: shop.shown().get(sku) for sku in SKUS} == dict.fromkeys(SKUS, 7)
    assert _names(shop) >= {"Áo thun mới của mùa này, nhiều màu", "Áo phông cổ tròn vải cotton"}


def _names(shop: Shop) -> set[str]:
    """What the platform calls what it lists, read back as any pull does."""
    from mekong.channels import remote
    from mekong.channels.models import Listing
    from mekong.foundation.actor import SYSTEM

    remote.pull_listings(actor=SYSTEM, channel=shop.channel)
    names = Listing.objects.filter(channel__code=shop.channel, is_live=True).values_list("name", flat=True)
    return {name.split(" - ")[0].split(" — ")[0].strip() for name in names}
