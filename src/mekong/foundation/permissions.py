"""The catalogue of permissions, and the role presets made of them.

A permission is a dotted name (`orders.cancel`). Code asks for it by that name; people see its label. The catalogue is
the only list: a scope that is not in it is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Permission:
    """One allowed action.

    `reach` says what happens to it in a role that is narrowed to locations: `location` holds at those alone; `shared`
    holds all the same, because what it governs belongs to no location; `company` is lost, because it governs the whole
    business.
    """

    name: str
    vi: str
    en: str
    reach: Literal["location", "shared", "company"] = "location"

    def label(self, language: str) -> str:
        return self.en if language.startswith("en") else self.vi


@dataclass(frozen=True)
class Role:
    """A preset. `permissions` None means all, those to come included."""

    name: str
    vi: str
    en: str
    permissions: frozenset[str] | None

    def label(self, language: str) -> str:
        return self.en if language.startswith("en") else self.vi


PERMISSIONS: Mapping[str, Permission] = {
    each.name: each
    for each in (
        Permission("catalog.view", "Xem sản phẩm", "See products", reach="shared"),
        Permission("catalog.edit", "Tạo và sửa sản phẩm", "Create and edit products", reach="company"),
        Permission("catalog.import", "Nhập sản phẩm từ Excel", "Import products from Excel", reach="company"),
        Permission("inventory.view", "Xem tồn kho và thẻ kho", "See stock and stock cards"),
        Permission("inventory.adjust", "Điều chỉnh tồn kho", "Adjust stock"),
        Permission("inventory.receive", "Nhập hàng vào kho", "Receive goods"),
        Permission("inventory.transfer", "Chuyển kho", "Transfer between locations"),
        Permission(
            "inventory.approve",
            "Duyệt chuyển kho và điều chỉnh trên hạn mức",
            "Approve transfers and adjustments above the limit",
        ),
        Permission("inventory.reserve", "Giữ hàng", "Hold stock"),
        Permission("inventory.sell_below_zero", "Bán âm", "Sell below zero"),
        Permission("inventory.controls", "Đặt quy tắc tồn bán", "Set stock controls", reach="company"),
        Permission("orders.view", "Xem đơn hàng", "See orders"),
        Permission("orders.place", "Tạo đơn hàng", "Place orders"),
        Permission("orders.confirm", "Xác nhận đơn hàng", "Confirm orders"),
        Permission("orders.edit", "Sửa đơn, ghi chú, gắn thẻ", "Edit orders, notes and tags"),
        Permission("orders.cancel", "Hủy đơn hàng", "Cancel orders"),
        Permission("orders.ship", "Giao hàng cho đơn vị vận chuyển", "Ship orders"),
        Permission("orders.return", "Nhận hàng trả", "Take back returns"),
        Permission("channels.view", "Xem kênh bán và tin đăng", "See channels and listings", reach="shared"),
        Permission("channels.manage", "Kết nối và cài đặt kênh bán", "Connect and set up channels", reach="company"),
        Permission("channels.sync", "Đồng bộ lại kênh bán", "Run a sync of a channel", reach="shared"),
        Permission("customers.view", "Xem khách hàng (che số)", "See customers (masked)", reach="shared"),
        Permission(
            "customers.reveal", "Xem đầy đủ thông tin cá nhân khách", "Reveal customers' personal data", reach="shared"
        ),
        Permission("money.view_cost", "Xem giá vốn và giá nhập", "See costs and purchase prices", reach="shared"),
        Permission("pricing.view", "Xem bảng giá và khuyến mãi", "See price lists and offers", reach="shared"),
        Permission("pricing.manage", "Đặt bảng giá và khuyến mãi", "Set price lists and offers", reach="company"),
        Permission("pricing.discount", "Giảm giá tay trong hạn mức", "Give discounts by hand, within a limit"),
        Permission("pricing.below_guard", "Duyệt bán dưới giá sàn", "Sell below the price floor"),
        Permission(
            "vouchers.issue", "Phát mã giảm giá và thẻ quà tặng", "Issue vouchers and gift cards", reach="company"
        ),
        Permission("loyalty.view", "Xem thành viên (che số)", "See members (masked)", reach="shared"),
        Permission("loyalty.enroll", "Đăng ký thành viên", "Enrol members", reach="shared"),
        Permission("loyalty.redeem", "Cho tiêu điểm", "Let members spend points", reach="shared"),
        Permission("loyalty.adjust", "Cộng trừ điểm bằng tay", "Adjust points by hand", reach="company"),
        Permission("loyalty.manage", "Đặt hạng và quy tắc điểm", "Set tiers and rules of points", reach="company"),
        Permission("reports.view", "Xem báo cáo", "See reports"),
        Permission("staff.manage", "Quản lý nhân viên và vai trò", "Manage staff and roles"),
        Permission("tokens.manage", "Quản lý khóa API", "Manage API tokens", reach="company"),
        Permission("webhooks.manage", "Quản lý webhook", "Manage webhooks", reach="company"),
        Permission("audit.view", "Xem nhật ký thao tác", "See the audit log", reach="company"),
        Permission("settings.manage", "Cài đặt hệ thống", "Change settings", reach="company"),
    )
}

_SELLING = {
    "catalog.view", "inventory.view", "inventory.reserve", "orders.view", "orders.place", "orders.confirm",
    "orders.edit", "customers.view", "pricing.view", "pricing.discount", "loyalty.view", "loyalty.enroll",
    "loyalty.redeem",
}  # fmt: skip

ROLES: Mapping[str, Role] = {
    each.name: each
    for each in (
        Role("owner", "Chủ doanh nghiệp", "Owner", None),
        Role("manager", "Quản lý", "Manager", frozenset(PERMISSIONS) - {"settings.manage", "tokens.manage"}),
        Role(
            "warehouse",
            "Nhân viên kho",
            "Warehouse",
            frozenset({
                "catalog.view", "inventory.view", "inventory.adjust", "inventory.receive", "inventory.transfer",
                "orders.view", "orders.ship", "orders.return",
            }),
        ),
        Role(
            "online_orders",
            "Nhân viên xử lý đơn online",
            "Online orders",
            frozenset({
                *_SELLING, "orders.cancel", "orders.ship", "orders.return", "channels.view", "channels.sync",
                "customers.reveal",
            }),
        ),
        Role("cashier", "Thu ngân", "Cashier", frozenset({*_SELLING, "orders.return"})),
        Role(
            "accountant",
            "Kế toán",
            "Accountant",
            frozenset({
                "catalog.view", "inventory.view", "orders.view", "channels.view", "customers.view", "reports.view",
                "pricing.view", "loyalty.view", "money.view_cost", "audit.view",
            }),
        ),
    )
}  # fmt: skip

ALL = "all"
"""The scope of a token that may do everything, what comes later included."""


def unknown(names: Iterable[str]) -> list[str]:
    """Those of `names` that are no permission, in the order given."""
    return [name for name in names if name not in PERMISSIONS]
