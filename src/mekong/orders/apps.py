from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "mekong.orders"
    label = "orders"
    verbose_name = "Đơn hàng"

    def ready(self) -> None:
        from mekong.orders import checks, handlers  # noqa: F401 - registers the doctor's checks and subscribers
