"""Who works in the demo's shop: one person for each role."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoPerson:
    """`places`: codes of the locations their role is narrowed to; empty for everywhere."""

    email: str
    name: str
    role: str
    places: tuple[str, ...] = ()


PEOPLE = (
    DemoPerson("chu@moclan.local", "Nguyễn Mộc Lan", "owner"),
    DemoPerson("quanly@moclan.local", "Trần Thu Hà", "manager"),
    DemoPerson("kho@moclan.local", "Lê Văn Bình", "warehouse", ("KHO",)),
    DemoPerson("online@moclan.local", "Phạm Ngọc Lan", "online_orders"),
    DemoPerson("thungan@moclan.local", "Vũ Minh Châu", "cashier", ("CH1",)),
    DemoPerson("ketoan@moclan.local", "Đỗ Quang Huy", "accountant"),
)
"""Their domain ends in .local, which nobody's mailbox does (RFC 6762): no real account is ever one of them."""
