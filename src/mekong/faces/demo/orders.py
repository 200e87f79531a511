"""The demo's first orders: of the last days, on every channel, in several states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mekong.catalog import queries as catalogue
from mekong.faces.demo.markets import Market, Sandbox
from mekong.faces.demo.offers import SHARED_CODE
from mekong.foundation.actor import Actor
from mekong.orders import commands as orders
from mekong.orders.contracts import DraftLine, GradedReturn, OrderDraft

_HANOI = {"line": "12 Hàng Bông", "ward": "Phường Hoàn Kiếm", "province": "Thành phố Hà Nội"}
_SAIGON = {"line": "88 Nguyễn Trãi", "ward": "Phường Bến Thành", "province": "Thành phố Hồ Chí Minh"}
_DANANG = {"line": "45 Bạch Đằng", "ward": "Phường Hải Châu", "province": "Thành phố Đà Nẵng"}


@dataclass(frozen=True)
class _Order:
    """`days`: how long ago. `then`: the steps it has gone since."""

    channel: str
    days: float
    name: str
    phone: str
    lines: tuple[tuple[str, int], ...]
    address: dict[str, str] | None = None
    then: tuple[str, ...] = ()
    note: str = ""
    is_cod: bool = False
    codes: tuple[str, ...] = ()


_SENT = ("confirm", "ship", "deliver")
_DONE = (*_SENT, "complete")
_OWN = (
    _Order("web", 6.1, "Nguyễn Thuỳ Dương", "0903112233", (("GOM-10", 1), ("TRA-05", 2)), _HANOI, _DONE),
    _Order("store", 5.4, "Khách lẻ", "", (("TUI-09", 2),), None, _DONE),
    _Order("web", 4.8, "Hoàng Minh Đức", "0912345678", (("NHA-02-DO", 1),), _DANANG, (*_SENT, "return")),
    _Order("phone", 4.2, "Bùi Thị Kim Oanh", "0987654321", (("TRA-11", 3), ("TRA-18", 2)), _SAIGON, _SENT, is_cod=True),
    _Order("web", 3.5, "Trịnh Quốc Bảo", "0938111222",
           (("VAI-10-XANH-M", 2),), _SAIGON, ("confirm", "cancel"), "Đổi ý, không mua nữa"),
    _Order("store", 2.9, "Đặng Thu Trang", "0905667788", (("GOM-11-NAU", 6),), None, _DONE),
    _Order("web", 2.2, "Phan Văn Hải", "0916223344",
           (("NHA-09", 2), ("GOM-04", 4)), _HANOI, ("confirm", "ship"), is_cod=True),
    _Order("web", 1.6, "Lý Mỹ Linh", "0932998877", (("VAI-01-DO", 1),), _SAIGON, ("confirm", "packed")),
    _Order("phone", 1.1, "Ngô Bá Khang", "0977001122",
           (("THO-01-100G", 2),), _DANANG, ("confirm", "picking"), "Gói quà giúp mình"),
    _Order("web", 0.8, "Vương Hồng Nhung", "0909555666",
           (("TRA-07-250G-HAT", 2), ("TRA-10-1LY", 1)), _HANOI, ("confirm",)),
    _Order("store", 0.5, "Khách lẻ", "", (("THO-05-SA", 3),), None, _DONE),
    _Order("web", 0.3, "Đinh Công Thành", "0944332211", (("GOM-13-KEM", 2),), _SAIGON, ()),
    _Order("web", 0.28, "Đinh Công Thành", "0944332211", (("GOM-13-KEM", 2),), _SAIGON, ()),
    _Order("web", 0.2, "Tô Ngọc Diệp", "0936454545",
           (("GOM-10", 1), ("GOM-12-HONG", 2), ("TRA-05", 2)), _HANOI, ("confirm",), codes=(SHARED_CODE,)),
    _Order("web", 0.1, "Mai Anh Thư", "0968776655",
           (("NHA-03-DO-25CM", 4), ("NHA-03-VANG-25CM", 2)), _DANANG, (), is_cod=True),
)  # fmt: skip
"""Two of them alike: a buyer who pressed the button twice."""

_Basket = tuple[tuple[tuple[str, int], ...], tuple[str, str], dict[str, Any]]
_EVERYWHERE: tuple[_Basket, ...] = (
    ((("GOM-12-HONG", 1),), ("Nguyễn Văn An", "0901234567"), {"cod": True}),
    ((("VAI-05-DENTRANG", 2), ("TUI-01-KEM", 1)), ("Lê Thảo My", "0922334455"), {}),
    ((("TRA-14-SAURIENG", 3),), ("Phạm Gia Hân", "0933445566"), {"note": "Giao giờ hành chính"}),
    ((("THO-03", 4),), ("Võ Tấn Phát", "0944556677"), {"cod": True}),
    ((("KHAN-DONGSON", 1),), ("Hồ Bích Ngân", "0955667788"), {}),
)
"""The last is of a listing that fits nothing in the catalogue, so its order is held."""
_BOUGHT: Mapping[str, tuple[_Basket, ...]] = {
    "shopee": _EVERYWHERE,
    "lazada": _EVERYWHERE,
    "tiktok": (
        ((("THO-19-HONG", 2), ("THO-05-SA", 1)), ("Trần Khánh Vy", "0935123987"), {"cod": True}),
        ((("TUI-20-SEN", 1),), ("Đỗ Minh Tú", "0978456123"), {}),
        ((("TRA-17", 3), ("TRA-16", 2)), ("Nguyễn Hà My", "0911726354"), {"cod": True, "note": "Gọi trước khi giao"}),
        ((("VAI-10-TRANG-M", 1),), ("Lâm Nhật Hào", "0986543210"), {}),
    ),
    "tiki": (
        ((("TRA-18", 2), ("TRA-19", 1)), ("Huỳnh Thanh Tâm", "0907182736"), {}),
        ((("GOM-13-THAN", 2),), ("Vũ Đức Long", "0963258147"), {"cod": True}),
        ((("NHA-10", 6),), ("Châu Ngọc Ánh", "0918273645"), {}),
    ),
    "woocommerce": (
        ((("GOM-20", 1), ("NHA-09", 1)), ("Tạ Bích Hằng", "0904556611"), {}),
        ((("THO-09", 2),), ("Cao Xuân Trường", "0989121314"), {"cod": True}),
        ((("VAI-17", 1),), ("Kiều Mai Lan", "0947852369"), {"note": "Xuất hoá đơn công ty"}),
    ),
}
"""What shoppers bought on each platform."""


def place_own(*, actor: Actor, now: datetime) -> int:
    """Orders of the shop's own channels, each once; how many are new."""
    new = 0
    for number, each in enumerate(_OWN, 1):
        placed = orders.place_order(
            actor=actor,
            asked=orders.Asked(
                channel=each.channel,
                lines=[orders.AskedLine(sku, units) for sku, units in each.lines],
                customer_name=each.name,
                customer_phone=each.phone,
                shipping_address=each.address,
                external_id=f"demo-{number}",
                note=each.note,
                is_cod=each.is_cod,
                is_paid=not each.is_cod,
                codes=each.codes,
                placed_at=now - timedelta(days=each.days),
            ),
            now=now,
        )
        if placed.is_new:
            new += 1
            for step in each.then:
                _STEPS[step](actor, placed.code, now)
    return new + _place_held(actor, now)


def _place_held(actor: Actor, now: datetime) -> int:
    """An order by telephone whose address nobody could finish: it is held until somebody mends it."""
    variant = catalogue.variants_by_sku(actor=actor, skus=["GOM-09"])["GOM-09"]
    draft = OrderDraft(
        channel="phone",
        lines=(DraftLine(variant.id, variant.sku, variant.full_name, 1, variant.price_minor, variant.tax_rate_bp),),
        currency=variant.currency,
        placed_at=now - timedelta(hours=4),
        external_id="demo-held",
        customer_name="Cô Bảy",
        customer_phone="+84918273645",
        shipping_address={"line": "gần chợ Bà Chiểu"},
        issues=("address",),
        is_cod=True,
    )
    return sum(placed.is_new for placed in orders.accept_channel_orders(actor=actor, drafts=[draft], now=now))


def buy(sandbox: Sandbox, market: Market, number: str) -> int:
    """Orders of shoppers on a marketplace; the worker takes them in when it runs."""
    baskets = _BOUGHT[market.kind]
    for lines, buyer, more in baskets:
        sandbox.buy(market, number, lines, buyer, **more)
    return len(baskets)


def _return(actor: Actor, code: str, now: datetime) -> None:
    orders.request_return(actor=actor, code=code, reason="Màu khác ảnh", now=now)
    orders.receive_return(actor=actor, code=code, location="KHO", lines=[GradedReturn(0, 1, "resellable")], now=now)


_STEPS: dict[str, Callable[[Actor, str, datetime], object]] = {
    "confirm": lambda actor, code, now: orders.confirm_order(actor=actor, code=code, now=now),
    "picking": lambda actor, code, now: orders.move_order(actor=actor, code=code, to="picking", now=now),
    "packed": lambda actor, code, now: orders.move_order(actor=actor, code=code, to="packed", now=now),
    "ship": lambda actor, code, now: orders.ship_order(actor=actor, code=code, now=now),
    "deliver": lambda actor, code, now: orders.deliver_order(actor=actor, code=code, now=now),
    "complete": lambda actor, code, now: orders.complete_order(actor=actor, code=code, now=now),
    "cancel": lambda actor, code, now: orders.cancel_order(actor=actor, code=code, reason="customer_request", now=now),
    "return": _return,
}
