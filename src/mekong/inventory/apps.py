from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InventoryConfig(AppConfig):
    name = "mekong.inventory"
    label = "inventory"
    verbose_name = "Tồn kho"

    def ready(self) -> None:
        from mekong.inventory import checks  # noqa: F401 - registers the doctor's checks

        post_migrate.connect(_furnish, sender=self)


def _furnish(**_: Any) -> None:
    """The system's own places and the policy's row are there after every migrate."""
    from mekong.inventory import engine, ledger, queries
    from mekong.inventory.models import Location, StockPolicy

    for code, name, kind in (
        ("SUPPLIER", "Nhà cung cấp", "supplier"),
        ("CUSTOMER", "Khách hàng", "customer"),
        ("DELIVERY", "Đang giao", "delivery"),
        ("LOSS", "Thừa thiếu, hao hụt", "loss"),
        ("TRANSIT", "Đang chuyển", "transit"),
    ):
        Location.objects.get_or_create(code=code, defaults={"name": name, "kind": kind, "priority": 30000})
    StockPolicy.objects.get_or_create(id=1)
    ledger.forget_kinds()
    queries.forget_places()
    engine.forget_policy()
