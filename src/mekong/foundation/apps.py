from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "mekong.foundation"
    label = "foundation"
    verbose_name = "Mekong"

    def ready(self) -> None:
        from mekong.foundation import checks  # noqa: F401 - registers the doctor's checks
