from __future__ import annotations

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "mekong.loyalty"
    label = "loyalty"
    verbose_name = "Thành viên"
