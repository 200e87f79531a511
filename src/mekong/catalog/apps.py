from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    name = "mekong.catalog"
    label = "catalog"
    verbose_name = "Catalog"

    def ready(self) -> None:
        from mekong.catalog import queries
        from mekong.foundation import health

        post_migrate.connect(_lay_down_tax_rates, sender=self, dispatch_uid="catalog.tax_rates")
        health.register("catalog.bundles", queries.bundles_have_parts)
        health.register("catalog.media", queries.media_files_exist)


def _lay_down_tax_rates(using: str, **_: Any) -> None:
    """After every migration the tax rates this release knows of are in the database; rows already there are kept."""
    from mekong.catalog.commands import lay_down_tax_rates
    from mekong.foundation.actor import SYSTEM

    if using == DEFAULT_DB_ALIAS and "catalog_taxrate" in connection.introspection.table_names():
        lay_down_tax_rates(actor=SYSTEM)
