from __future__ import annotations

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "mekong.partners"
    label = "partners"
    verbose_name = "Đối tác"

    def ready(self) -> None:
        from mekong.partners import checks, handlers  # noqa: F401 - registers checks and subscribers
