"""Reads of partners: plain values of `contracts`, never rows."""

from mekong.partners.queries.apps import get_app, list_apps
from mekong.partners.queries.feeds import feed_file, get_feed, list_feeds
from mekong.partners.queries.webhooks import get_message, get_webhook, list_messages, list_webhooks

__all__ = [
    "feed_file",
    "get_app",
    "get_feed",
    "get_message",
    "get_webhook",
    "list_apps",
    "list_feeds",
    "list_messages",
    "list_webhooks",
]
