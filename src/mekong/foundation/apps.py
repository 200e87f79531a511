from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "mekong.foundation"
    label = "foundation"
    verbose_name = "Mekong"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from mekong.foundation import checks  # noqa: F401 - registers the doctor's checks
        from mekong.foundation.security import sessions

        user_logged_in.connect(sessions.on_logged_in, dispatch_uid="mekong.sessions")
