"""Everything one can go to or begin, by name: what the palette offers beside what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext, override

from mekong.faces.backoffice.shell import ROOMS
from mekong.foundation.text import fold


def _n(text: str) -> str:
    """Marks a msgid for the catalogue."""
    return text


@dataclass(frozen=True)
class Place:
    """`word` is a msgid. `rights`: any of them opens it; none is needed where none is named. `also`: other words for it
    that people type, in either language. `is_act`: something begins there."""

    path: str
    icon: str
    word: str
    rights: tuple[str, ...] = ()
    also: str = ""
    is_act: bool = True

    def is_open(self, may: Callable[[str], bool]) -> bool:
        return not self.rights or any(may(right) for right in self.rights)


ACTS = (
    Place("/products/new/", "plus", _n("New product"), ("catalog.edit",), "tạo thêm hàng hóa create add"),
    Place("/products/import/", "import", _n("Import products"), ("catalog.import",), "excel csv file hàng hóa"),
    Place("/products/export/", "export", _n("Export products"), ("catalog.view",), "excel file hàng hóa tải"),
    Place("/products/grid/", "edit", _n("Edit many products"), ("catalog.view",), "bảng sản phẩm sửa hàng loạt giá grid bulk"),
    Place(
        "/products/publish/", "channels", _n("Publish products"), ("channels.manage",),
        "đăng bán đăng sản phẩm lên sàn shopee lazada tiki tiktok listing publish",
    ),
    Place("/products/labels/", "print", _n("Print barcode labels"), ("catalog.view",), "in tem nhãn mã vạch label"),
    Place("/orders/returns/", "return", _n("Returns to answer"), ("orders.view",), "trả hàng hoàn hàng yêu cầu refund"),
    Place("/members/join/", "users", _n("New member"), ("loyalty.enroll",), "thành viên đăng ký thẻ tích điểm join member card"),
    Place("/settings/membership/", "star", _n("Membership"), ("loyalty.manage",), "hạng thành viên điểm quy tắc tier points"),
    Place("/stock/adjust/", "edit", _n("Change stock"), ("inventory.adjust", "inventory.receive"), "điều chỉnh tồn adjust"),
    Place(
        "/stock/adjust/?reason=receipt", "import", _n("Receive goods"), ("inventory.receive", "inventory.adjust"),
        "nhập kho goods receipt",
    ),
    Place("/stock/adjust/?reason=count", "check", _n("Enter a count"), ("inventory.adjust",), "kiểm kho kiểm kê stocktake"),
    Place("/stock/adjust/?reason=scrap", "trash", _n("Write goods off"), ("inventory.adjust",), "xuất hủy scrap"),
    Place("/channels/new/", "channels", _n("Connect a channel"), ("channels.manage",), "sàn shopee lazada tiki tiktok gian hàng"),
    Place("/orders/?tab=confirm", "order", _n("Orders to confirm"), ("orders.view",), "chờ xác nhận"),
    Place("/orders/?tab=pack", "box", _n("Orders to pack"), ("orders.view",), "nhặt hàng pick in phiếu"),
    Place("/orders/?tab=hand", "truck", _n("Orders to hand over"), ("orders.view",), "bàn giao vận chuyển ship"),
    Place("/orders/?tab=short", "stack", _n("Orders short of stock"), ("orders.view",), "thiếu hàng hết hàng oversell"),
    Place("/orders/?tab=all&day=today", "today", _n("Orders of today"), ("orders.view",), "hôm nay"),
    Place("/stock/low/", "stack", _n("Low stock"), ("inventory.view",), "sắp hết định mức reorder"),
    Place("/today/cover/", "clock", _n("Running out first"), ("inventory.view",), "sắp hết days of cover"),
    Place("/today/oversold/", "warn", _n("Sold below zero"), ("inventory.view",), "bán âm oversell"),
    Place("/stock/controls/", "filter", _n("Rules of what channels may sell"), ("inventory.view",), "quy tắc tồn an toàn buffer"),
    Place("/today/unpaid/", "card", _n("Orders not paid"), ("reports.view",), "chưa thanh toán công nợ"),
    Place("/today/refund/", "cash", _n("Orders to refund"), ("reports.view",), "hoàn tiền trả tiền"),
    Place("/today/cod/", "truck", _n("Cash on delivery not paid out"), ("reports.view",), "cod thu hộ đối soát"),
    Place("/today/sales/", "chart", _n("Sold today"), ("orders.view",), "doanh số doanh thu revenue sales"),
    Place("/live/?view=replay", "play", _n("Order history, replayed"), ("inventory.view",), "phát lại lịch sử replay"),
    Place(
        "/welcome/", "lamp", _n("First steps"), ("settings.manage",),
        "thiết lập doanh nghiệp địa điểm cửa hàng kho setup company location",
    ),
    Place("/help/", "info", _n("Help"), (), "trợ giúp hướng dẫn guide"),
    Place("/password/", "lock", _n("Change password"), (), "đổi mật khẩu"),
)  # fmt: skip


@lru_cache(maxsize=1)
def _index() -> Sequence[tuple[Place, tuple[tuple[str, ...], ...]]]:
    """Each place with its folded words: of its name in either language, then all others."""
    rows = []
    for place in (*_rooms(), *ACTS):
        with override("vi"):
            vietnamese = gettext(place.word)
        names = tuple(tuple(fold(text).split()) for text in (vietnamese, place.word))
        rows.append((place, (*names, tuple(fold(place.also).split()))))
    return rows


def _rooms() -> list[Place]:
    with override(None):
        return [
            Place(room.path, room.icon, str(room.word), (room.permission,) if room.permission else (), is_act=False)
            for room in ROOMS
        ]


def find(text: str, may: Callable[[str], bool], *, limit: int = 8) -> list[Place]:
    """Places this person may enter whose words begin as the words typed, those that begin with the first of them before.

    Tone marks do not matter, nor which of the two languages is typed. Without a text: the rooms.
    """
    wanted = fold(text).split()
    if not wanted:
        return [place for place, _ in _index() if not place.is_act and place.is_open(may)]
    found: list[tuple[int, int, Place]] = []
    for position, (place, names) in enumerate(_index()):
        if not place.is_open(may):
            continue
        every = [word for name in names for word in name]
        if all(any(word.startswith(each) for word in every) for each in wanted):
            begins = any(name and name[0].startswith(wanted[0]) for name in names[:2])
            named = all(any(word.startswith(each) for word in (*names[0], *names[1])) for each in wanted)
            found.append((0 if begins and named else 1 if named else 2, position, place))
    return [place for _, _, place in sorted(found, key=lambda each: each[:2])[:limit]]
