from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.signals import post_migrate


class ChannelsConfig(AppConfig):
    name = "mekong.channels"
    label = "channels"
    verbose_name = "Kênh bán"

    def ready(self) -> None:
        from mekong.channels import checks, handlers, matching  # noqa: F401 - registers checks and subscribers
        from mekong.channels.queries import platform_title
        from mekong.inventory.queries import know_listings
        from mekong.orders.queries import know_platforms

        know_listings(matching.listed)
        know_platforms(platform_title)
        post_migrate.connect(_furnish, sender=self, dispatch_uid="channels.own")


def _furnish(using: str, **_: Any) -> None:
    """After every migration the channels of our own are there."""
    from mekong.channels.commands.accounts import furnish

    if using == DEFAULT_DB_ALIAS and "channels_channel" in connection.introspection.table_names():
        furnish()
