from __future__ import annotations

from django.apps import AppConfig


class PricingConfig(AppConfig):
    name = "mekong.pricing"
    label = "pricing"
    verbose_name = "Giá và khuyến mãi"
