from django.apps import AppConfig


class BackOfficeConfig(AppConfig):
    name = "mekong.faces.backoffice"
    label = "backoffice"
