from __future__ import annotations

from django.apps import AppConfig


class PricingConfig(AppConfig):
    name = "mekong.pricing"
    label = "pricing"
    verbose_name = "Giá và khuyến mãi"

    def ready(self) -> None:
        from mekong.pricing import checks  # noqa: F401 - registers the doctor's checks
        from mekong.pricing.commands.vouchers import Giver
        from mekong.pricing.contracts.games import givers

        givers.vouchers = Giver()
