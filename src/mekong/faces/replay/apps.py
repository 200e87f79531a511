from django.apps import AppConfig


class ReplayConfig(AppConfig):
    name = "mekong.faces.replay"
    label = "replay"
    verbose_name = "Lịch sử đơn hàng"
