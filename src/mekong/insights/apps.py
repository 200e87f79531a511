from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "mekong.insights"
    label = "insights"
    verbose_name = "Số liệu"

    def ready(self) -> None:
        from mekong.insights import checks  # noqa: F401 - registers the doctor's checks
