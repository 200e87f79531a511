"""Mộc Lan, a small shop of ceramics and tea: furnished through commands, the way people would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mekong.catalog import commands as catalog
from mekong.catalog import queries as catalogue
from mekong.catalog.contracts import NewPart, NewProduct, NewVariant
from mekong.channels import commands as channels
from mekong.channels.queries import list_listings
from mekong.channels.socket import ListingKey, RemoteListing, Secrets
from mekong.channels.socket.returns import RemoteReturn, RemoteReturnLine, ReturnState
from mekong.foundation.actor import SYSTEM, channel_actor
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine
from mekong.orders import commands as orders
from mekong.orders.contracts import DraftLine, OrderDraft, OrderFilter, Placed
from mekong.orders.queries import list_orders

GOODS = (
    ("Bình gốm men lam cổ cao 28 cm", "gom", "Chu Đậu", "cái", (("BG-ML-28", "", 890_000, "8936012840285"),)),
    ("Bộ ấm chén men rạn 6 món", "gom", "Bát Tràng", "bộ", (("AC-MR-06", "", 1_250_000, "8936012840308"),)),
    (
        "Trà ướp sen Tây Hồ",
        "tra",
        "Mộc Lan",
        "hộp",
        (("TS-TH-100", "100 g", 420_000, ""), ("TS-TH-050", "50 g", 230_000, ""), ("TS-TH-250", "250 g", 960_000, "")),
    ),
    (
        "Khăn lụa tơ tằm thêu tay",
        "vai",
        "Vạn Phúc",
        "cái",
        (
            ("KL-TT-DO", "Đỏ", 540_000, ""),
            ("KL-TT-XA", "Xanh lam", 540_000, ""),
            ("KL-TT-TR", "Trắng ngà", 540_000, ""),
        ),
    ),
    ("Nến thơm quế hồi", "nha", "Mộc Lan", "cái", (("NT-QH-01", "", 265_000, ""),)),
    ("Túi cói đan tay, lớn", "nha", "Nga Sơn", "cái", (("TC-DT-L", "", 385_000, ""),)),
    ("Đĩa gốm vẽ cá chép 22 cm", "gom", "Chu Đậu", "cái", (("DG-CC-22", "", 320_000, ""),)),
    ("Bát gốm men nâu", "gom", "Bát Tràng", "cái", (("BT-MN-15", "", 145_000, ""),)),
    ("Hộp trà hoa cúc", "tra", "Mộc Lan", "hộp", (("TH-HC-80", "", 180_000, ""),)),
    ("Bình men lam độc bản số 07", "gom", "Chu Đậu", "cái", (("BG-DB-07", "", 2_400_000, ""),)),
)
"""Name, category, brand, unit, and variants: SKU, option, price, barcode."""

BUYERS = (
    ("Nguyễn Thị Hồng Nhung", "0903123218"),
    ("Phạm Minh Châu", "0937456650"),
    ("Trần Văn Đạt", "0912345111"),
    ("Lê Ngọc Anh", "0987654321"),
    ("Bùi Thu Hà", "0909111222"),
    ("Vũ Đức Thịnh", "0977888999"),
)
_ADDRESS = {
    "line": "27/4 Nguyễn Thông",
    "ward": "Phường Xuân Hòa",
    "province": "Thành phố Hồ Chí Minh",
}


@dataclass(frozen=True)
class Shop:
    skus: tuple[str, ...]
    orders: tuple[Placed, ...]


def furnish(now: datetime, *, with_orders: bool = True, with_channels: bool = True) -> Shop:
    """Places, goods, stock, channels with listings in every state, and orders in every state."""
    for code, name, kind, priority in (("KHO-TD", "Kho Thủ Đức", "warehouse", 10), ("LE-LOI", "Lê Lợi", "store", 20)):
        inventory.create_location(actor=SYSTEM, code=code, name=name, kind=kind, priority=priority)
    for code, name in (("gom", "Gốm"), ("tra", "Trà"), ("vai", "Vải"), ("nha", "Nhà cửa")):
        catalog.create_category(actor=SYSTEM, code=code, name=name)
    for name, category, brand, uom, variants in GOODS:
        catalog.create_product(
            actor=SYSTEM,
            product=NewProduct(
                name=name,
                category=category,
                brand=brand,
                uom=uom,
                options=("Loại",) if variants[0][1] else (),
                variants=tuple(
                    NewVariant(
                        sku=sku,
                        price_minor=price,
                        option_values=(option,) if option else (),
                        barcodes=(barcode,) if barcode else (),
                        cost_minor=price * 47 // 100,
                    )
                    for sku, option, price, barcode in variants
                ),
            ),
            now=now,
        )
    catalog.create_product(
        actor=SYSTEM,
        product=NewProduct(
            name="Quà Tết trà và chén",
            category="tra",
            brand="Mộc Lan",
            uom="bộ",
            variants=(
                NewVariant(
                    sku="QT-2027", price_minor=1_590_000, parts=(NewPart("AC-MR-06", 1), NewPart("TS-TH-100", 1))
                ),
            ),
        ),
        now=now,
    )
    skus = tuple(sku for *_, variants in GOODS for sku, *_ in variants)
    _stock(now, skus)
    if with_channels:
        _channels(now, skus)
    placed = _orders(now) if with_orders else ()
    return Shop((*skus, "QT-2027"), tuple(placed))


def _ids(skus: Sequence[str]) -> dict[str, int]:
    return {sku: view.id for sku, view in catalogue.variants_by_sku(actor=SYSTEM, skus=skus).items()}


def _stock(now: datetime, skus: Sequence[str]) -> None:
    ids = _ids(skus)
    amounts = {sku: 6 + place * 7 % 40 for place, sku in enumerate(skus)} | {"BG-DB-07": 1, "NT-QH-01": 4, "TC-DT-L": 2}
    adjust = inventory.adjust_stock
    long_ago = now - timedelta(days=30)
    adjust(
        actor=SYSTEM,
        location="KHO-TD",
        reason="opening",
        now=long_ago,
        lines=[
            AdjustmentLine(ids[sku], units, unit_cost_minor=100_000)
            for sku, units in amounts.items()
            if sku != "BG-DB-07"
        ],
    )
    adjust(
        actor=SYSTEM,
        location="LE-LOI",
        reason="opening",
        now=long_ago,
        lines=[AdjustmentLine(ids[sku], 3) for sku in skus[:6]] + [AdjustmentLine(ids["BG-DB-07"], 1)],
    )
    history = (
        (20, "receipt", 12, ""),
        (14, "scrap", -1, "vỡ khi trưng bày"),
        (9, "receipt", 8, ""),
        (4, "count", -2, ""),
    )
    for days, reason, units, note in history:
        adjust(
            actor=SYSTEM,
            location="KHO-TD",
            reason=reason,
            now=now - timedelta(days=days),
            note=note,
            lines=[AdjustmentLine(ids["BG-ML-28"], units, unit_cost_minor=425_000 if units > 0 else None)],
        )
    for sku, least in (("NT-QH-01", 6), ("TC-DT-L", 5), ("BG-ML-28", 8)):
        inventory.set_reorder_level(actor=SYSTEM, variant_id=ids[sku], location="KHO-TD", min_qty=least)


def _channels(now: datetime, skus: Sequence[str]) -> None:
    channels.ensure_own_channels(actor=SYSTEM, now=now)
    for code, name, kind in (("shopee-1", "Mộc Lan Official", "shopee"), ("lazada-1", "Mộc Lan Store", "lazada")):
        channels.create_channel(
            actor=SYSTEM, code=code, name=name, kind=kind, now=now, shop_id="1001", api_url="http://127.0.0.1:9"
        )
        secrets = Secrets(
            app_key="key",
            app_secret="secret",
            access_token="a",
            refresh_token="r",
            access_expires_at=now + timedelta(hours=4),
        )
        channels.connect(actor=SYSTEM, code=code, secrets=secrets, now=now)
        listings = [
            RemoteListing(key=ListingKey(str(5000 + place)), sku=sku, name=f"{sku} – hàng chính hãng", quantity=3)
            for place, sku in enumerate(skus)
        ]
        listings.append(RemoteListing(key=ListingKey("9001"), sku="LA-KHONG-CO", name="Lọ hoa thủy tinh <b>mới</b>"))
        channels.store_listings(actor=SYSTEM, channel=code, listings=listings, now=now)
    inventory.set_control(actor=SYSTEM, channel="lazada-1", scope="channel", kind="buffer", amount=1)
    first = list_listings(actor=SYSTEM, channel="lazada-1", limit=1).listings[0]
    channels.set_listing_sync(actor=SYSTEM, listing_id=first.id, on=False)


def _orders(now: datetime) -> list[Placed]:
    ids, made = _ids([sku for *_, variants in GOODS for sku, *_ in variants]), []
    prices = {sku: price for *_, variants in GOODS for sku, _, price, _ in variants}
    names = {sku: name for name, *_, variants in GOODS for sku, *_ in variants}

    def draft(channel: str, number: int, lines: Sequence[tuple[str, int]], hours: float, **more: object) -> OrderDraft:
        buyer, phone = BUYERS[number % len(BUYERS)]
        whole = OrderDraft(
            channel=channel,
            external_id=f"26112{number:02d}QX7L2" if channel[:3] in ("sho", "laz") else f"W-{number:04d}",
            currency="VND",
            placed_at=now - timedelta(hours=hours),
            lines=tuple(
                DraftLine(ids.get(sku), sku, names.get(sku, "Lọ hoa thủy tinh"), units, prices.get(sku, 99_000), 1000)
                for sku, units in lines
            ),
            customer_name=buyer,
            customer_phone="+84" + phone[1:],
            shipping_address=_ADDRESS,
            ship_by=now + timedelta(hours=4 - hours / 3),
        )
        return replace(whole, **more)  # type: ignore[arg-type]  # fields of the draft, by name

    sold = [
        draft("shopee-1", 1, [("BG-ML-28", 1)], 3, payment_state="paid"),
        draft("shopee-1", 2, [("TS-TH-100", 2), ("NT-QH-01", 1)], 5, is_cod=True),
        draft("lazada-1", 3, [("AC-MR-06", 1)], 8, payment_state="paid", note="Gọi trước khi giao, giờ hành chính."),
        draft("lazada-1", 4, [("KHONG-CO", 1), ("DG-CC-22", 2)], 2),
        draft("web", 5, [("KL-TT-DO", 2)], 1, payment_state="paid"),
        draft("web", 5, [("KL-TT-DO", 2)], 0.6, external_id="W-0055"),
        draft("shopee-1", 6, [("TC-DT-L", 30)], 6),
        draft("web", 7, [("BT-MN-15", 4)], 26, is_cod=True, discount_minor=20_000, shipping_fee_minor=30_000),
        draft("store", 8, [("BG-ML-28", 1), ("TH-HC-80", 1)], 27, payment_state="paid"),
        draft("shopee-1", 9, [("KL-TT-XA", 1)], 28, payment_state="paid"),
        draft("lazada-1", 10, [("TS-TH-050", 1)], 29, payment_state="paid"),
        draft("web", 11, [("DG-CC-22", 1)], 30, issues=("address",)),
    ]
    for each in sold:
        made += orders.accept_channel_orders(actor=channel_actor(each.channel), drafts=[each], now=now)
    step = {"actor": SYSTEM, "now": now}
    for place, upto in ((2, 1), (7, 2), (8, 4), (9, 3), (10, 0)):
        code = made[place].code
        if upto == 0:
            orders.cancel_order(code=code, reason="Khách đổi ý", **step)
            continue
        orders.confirm_order(code=code, **step)
        if upto >= 2:
            orders.move_order(code=code, to="packed", **step)
        if upto >= 3:
            orders.ship_order(code=code, tracking_no=f"LEXVN77419{place:02d}", **step)
        if upto >= 4:
            orders.deliver_order(code=code, **step)
    return made


def ask_for_returns(now: datetime) -> None:
    """Returns asked for on a platform: one that presses, one that is late, one that was answered there."""

    sold = list_orders(actor=SYSTEM, wanted=OrderFilter(channel="shopee-1")).orders
    asked = (
        ("ITEM_DAMAGED", "Bình bị mẻ miệng, hộp móp một góc", ReturnState.REQUESTED, timedelta(hours=7), True),
        ("CHANGE_MIND", "", ReturnState.REQUESTED, timedelta(days=2), False),
        ("OTHER", "Giao thiếu một món trong bộ", ReturnState.REQUESTED, timedelta(hours=-1), True),
        ("WRONG_ITEM", "Nhầm màu", ReturnState.REFUNDED, timedelta(days=-3), False),
    )
    lines = [RemoteReturnLine(ListingKey("5001"), "", "Bình gốm men lam cổ cao 28 cm", 1)]
    returns = [
        RemoteReturn(
            f"2511{place:04}RT", sold[place % len(sold)].external_id, state, state.value.upper(), lines, "VND",
            890_000, is_back, now - timedelta(hours=20), now, code, words, now + due,
        )
        for place, (code, words, state, due, is_back) in enumerate(asked)
    ]  # fmt: skip
    channels.keep_returns(actor=SYSTEM, channel="shopee-1", returns=returns, now=now)
