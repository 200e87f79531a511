from __future__ import annotations

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "mekong.loyalty"
    label = "loyalty"
    verbose_name = "Thành viên"

    def ready(self) -> None:
        from mekong.loyalty import checks, handlers  # noqa: F401 - registers checks and subscribers
        from mekong.loyalty.handlers import Members
        from mekong.pricing.contracts.games import givers

        givers.members = Members()
