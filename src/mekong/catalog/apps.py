from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "mekong.catalog"
    label = "catalog"
    verbose_name = "Catalog"
