"""Furnishes a running installation with the test shop: `python -m tests.e2e.seeding` under its MEKONG_DATA."""

from datetime import UTC, datetime, timedelta

from mekong.faces.cli.installation import opened


def main() -> None:
    with opened():
        from tests.support.loyalty import furnish_members
        from tests.support.partners import furnish_partners
        from tests.support.price_desk import furnish_prices
        from tests.support.shop import ask_for_returns, furnish

        now = datetime.now(UTC)
        furnish(now)
        _set_aside(now)
        _incident(now)
        ask_for_returns(now)
        _earnings(now)
        furnish_partners(now)
        furnish_members(now)
        _a_desk(now)
        _offers(now)
        furnish_prices(now)
        _drift(now)


def _offers(now: datetime) -> None:
    """Gift cards in every state, and two games that run."""
    from mekong.foundation.actor import SYSTEM
    from mekong.pricing import commands
    from mekong.pricing.commands.card_use import pass_of
    from mekong.pricing.contracts.cards import CardWanted
    from mekong.pricing.contracts.games import GameSetup, NewPrize

    made = commands.issue_cards(
        actor=SYSTEM, name="Tết 2027", value_minor=500_000, count=12, is_active=True, buyer="Công ty An Bình",
        recipients=["Chị Nguyễn Thị Phương Mai", *[""] * 11], expires_at=now + timedelta(days=365), now=now,
    )  # fmt: skip
    first, second, third, *_ = (each.id for each in made.cards)
    for number, (card, amount) in enumerate(((first, 120_000), (second, 500_000), (third, 80_000))):
        (hold,) = commands.hold_cards(
            actor=SYSTEM,
            wanted=[CardWanted(pass_of(card, now), amount)],
            reference=f"cart-{number}",
            ttl_s=86_400,
            now=now,
        )
        if number < 2:
            commands.claim_card_holds(actor=SYSTEM, hold_ids=[hold.id], used_by=f"DH-26112{number}-0001", now=now)
    commands.block_card(actor=SYSTEM, card_id=third, reason="khách báo mất", now=now)
    commands.issue_cards(actor=SYSTEM, name="Sinh nhật", value_minor=200_000, count=3, now=now)
    wheel = (
        NewPrize("Chúc may mắn lần sau", "none", 60, colour="#5d6b68"),
        NewPrize("50 điểm", "points", 30, points=50, stock=100, cost_minor=5_000),
        NewPrize("200 điểm", "points", 9, points=200, stock=20, daily_cap=5, cost_minor=20_000, colour="#b4532a"),
        NewPrize("1.000 điểm", "points", 1, points=1000, stock=2, cost_minor=100_000, colour="#3d4a94"),
    )
    days = tuple(NewPrize(f"{10 * day} điểm", "points", 1, points=10 * day, day=day) for day in range(1, 8))
    for slug, name, kind, prizes in (
        ("quay-tet", "Vòng quay Tết 2027", "spin", wheel),
        ("cao-tet", "Thẻ cào Tết", "scratch", wheel),
        ("diem-danh", "Điểm danh nhận điểm", "check_in", days),
    ):
        setup = GameSetup(
            name=name, slug=slug, kind=kind, starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(days=30),
            prizes=prizes, budget_minor=2_000_000,
        )  # fmt: skip
        game = commands.create_game(actor=SYSTEM, setup=setup, now=now)
        commands.start_game(actor=SYSTEM, game_id=game.id, now=now)
    for number in range(12):
        commands.play_game(
            actor=SYSTEM, slug="quay-tet", phone=f"0901000{number:03d}", request_id="r", client_seed="c", now=now
        )
    draft = GameSetup(
        name="Quay 8/3", slug="quay-8-3", kind="spin", starts_at=now, ends_at=now + timedelta(days=90), prizes=wheel
    )
    commands.create_game(actor=SYSTEM, setup=draft, now=now)


def _set_aside(now: datetime) -> None:
    """A livestream under way, one line of it short."""
    from mekong.catalog import queries as catalog
    from mekong.foundation.actor import SYSTEM
    from mekong.inventory import commands
    from mekong.inventory.contracts import WantedLine

    ids = {sku: each.id for sku, each in catalog.variants_by_sku(actor=SYSTEM, skus=["TH-HC-80", "NT-QH-01"]).items()}
    lines = [WantedLine(ids["TH-HC-80"], 3), WantedLine(ids["NT-QH-01"], 400)]
    ends = now + timedelta(hours=6)
    commands.plan_campaign(
        actor=SYSTEM, channel="web", name="Live tối thứ Sáu", kind="livestream", lines=lines, ends_at=ends, now=now
    )


def _incident(now: datetime) -> None:
    """A channel that was away for a while, and caught up."""
    from mekong.channels import commands
    from mekong.foundation.actor import SYSTEM

    away = {"code": "unavailable", "params": {"reason": "503"}}
    facts, since = commands.Facts(tries=4, waiting=12, is_held_back=True, failures=8), now - timedelta(hours=2)
    commands.note_trouble(
        actor=SYSTEM,
        code="web",
        is_lost=False,
        problem=away,
        facts=facts,
        since=since,
        now=since + timedelta(minutes=3),
    )
    commands.note_well(actor=SYSTEM, code="web", waiting=12, now=since + timedelta(minutes=9))


def _drift(now: datetime) -> None:
    """Prices and words that somebody changed on a platform, one that it refused, and one of a listing's own."""
    from mekong.catalog import queries as catalog
    from mekong.channels import commands
    from mekong.channels.models import Listing, ListingSync, Publication
    from mekong.channels.socket import ListingKey, Looks, RemoteListing
    from mekong.foundation.actor import SYSTEM

    commands.set_price_sync(actor=SYSTEM, code="shopee-1", on=True)
    rows = list(Listing.objects.filter(channel__code="shopee-1", match_state="matched").order_by("id")[:8])
    views = catalog.variants_by_id(actor=SYSTEM, ids={row.variant_id for row in rows if row.variant_id})
    before = now - timedelta(hours=1)
    for place, row in enumerate(rows):
        price = views[row.variant_id or 0].price_minor
        refusal = {"remote_message": "Giá thấp hơn mức sàn cho phép", "remote_code": "price.too_low"}
        ListingSync.objects.filter(listing=row).update(
            acked_price_minor=price, acked_price_at=before, price_error_code="remote_refused" if place == 1 else "",
            price_error_params=refusal if place == 1 else {},
        )  # fmt: skip
        looks = Looks(f"{views[row.variant_id or 0].product_name} (hàng sale)", "Xem shop để biết thêm.", 1)
        key, shown = (row.item_id, row.model_id), price - 20_000 if place in (0, 1) else price
        seen = RemoteListing(
            ListingKey(*key), row.remote_sku, row.name, 3, shown, looks=looks if place == 0 else None,
            sale_minor=price - 30_000 if place == 2 else None,
        )  # fmt: skip
        commands.note_seen(actor=SYSTEM, channel="shopee-1", listings=[seen], now=now)
        if place == 0:
            Publication.objects.create(
                channel=row.channel, product_id=views[row.variant_id or 0].product_id, state="live", turn=1, done_turn=1,
                item_id=row.item_id, asked_by="system", asked_at=before, sent_at=before,
            )  # fmt: skip
    commands.set_listing_price(actor=SYSTEM, listing_id=rows[4].id, price_minor=99_000)
    everything = list(Listing.objects.values_list("id", flat=True))
    commands.note_checked(actor=SYSTEM, listing_ids=everything, now=now)


COLLEAGUE = "lan@moclan.vn"


def _a_desk(now: datetime) -> None:
    """Ten orders by telephone, all of gift bags, that wait to be confirmed; and Lan, who works on orders too."""
    from mekong.catalog import commands as catalog
    from mekong.catalog.contracts import NewProduct, NewVariant
    from mekong.catalog.queries import variants_by_sku
    from mekong.foundation import commands as people
    from mekong.foundation.actor import SYSTEM, channel_actor
    from mekong.foundation.models import Person
    from mekong.inventory import commands as inventory
    from mekong.inventory.contracts import AdjustmentLine
    from mekong.orders import commands as orders
    from mekong.orders.contracts import DraftLine, OrderDraft
    from tests.e2e.conftest import PASSWORD

    name = "Túi giấy gói quà"
    bag = NewProduct(name=name, variants=(NewVariant(sku="TG-QT-01", price_minor=160_000),))
    catalog.load_many(actor=SYSTEM, products=[bag], now=now)
    bag_id = variants_by_sku(actor=SYSTEM, skus=["TG-QT-01"])["TG-QT-01"].id
    lines = [AdjustmentLine(bag_id, 60)]
    inventory.adjust_stock(actor=SYSTEM, location="KHO-TD", reason="receipt", lines=lines, now=now)
    drafts = [
        OrderDraft(
            channel="phone", external_id=f"BP-{place:02d}", currency="VND", placed_at=now - timedelta(minutes=place),
            lines=(DraftLine(bag_id, "TG-QT-01", name, 1 + place, 160_000, 800),), state="pending_confirmation",
            customer_name=f"Khách Gói Quà {place}", customer_phone=f"+8490100200{place}",
            shipping_address={"line": f"{place} Lê Lợi", "ward": "Phường Bến Thành", "province": "Thành phố Hồ Chí Minh"},
        )
        for place in range(10)
    ]  # fmt: skip
    orders.accept_channel_orders(actor=channel_actor("phone"), drafts=drafts, now=now)

    made = people.create_person(actor=SYSTEM, email=COLLEAGUE, name="Lan", now=now).person
    people.assign_role(actor=SYSTEM, person_id=made.id, role="online_orders", location_ids=())
    row = Person.objects.get(uid=made.id)
    row.set_password(PASSWORD)
    row.must_change_password = False
    row.save()


def _earnings(now: datetime) -> None:
    """What the orders of a platform earn: settled ones, and one whose sum differs from the platform's own."""
    from mekong.channels import commands
    from mekong.channels.socket.earnings import Earning, EarningKind, Earnings
    from mekong.foundation.actor import SYSTEM
    from mekong.orders import queries
    from mekong.orders.contracts import OrderFilter

    for place, order in enumerate(queries.list_orders(actor=SYSTEM, wanted=OrderFilter(channel="shopee-1")).orders):
        lines = (
            Earning(EarningKind.GOODS, "original_price", 890_000),
            Earning(EarningKind.VOUCHER, "voucher_from_seller", -40_000),
            Earning(EarningKind.COMMISSION, "commission_fee", -76_500),
            Earning(EarningKind.SERVICE_FEE, "service_fee", -25_500),
            Earning(EarningKind.PAYMENT_FEE, "seller_transaction_fee", -41_650),
            Earning(EarningKind.TAX, "withholding_vat_tax", -8_500, now, "2511-W47"),
        )
        net = sum(line.amount_minor for line in lines) - (1_200 if place % 2 else 0)
        said = Earnings(order.external_id, lines, net, "VND", is_final=place % 2 == 0)
        commands.keep_earnings(actor=SYSTEM, channel="shopee-1", earnings=said, asked_at=now, again=timedelta(hours=6))


if __name__ == "__main__":
    main()
