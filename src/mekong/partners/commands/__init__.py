"""What people, apps and the machine do with partners. Those that talk to the outside stand in `mekong.partners.remote`."""

from mekong.partners.commands.apps import create_app, create_key, revoke_app, revoke_key, rotate_key, update_app
from mekong.partners.commands.deliveries import claim_messages, forget_messages, note_answer, note_fact
from mekong.partners.commands.feeds import change_feed_path, create_feed, remove_feed, update_feed, want_feed
from mekong.partners.commands.webhooks import (
    create_webhook,
    remove_webhook,
    resend_failed,
    resend_message,
    reveal_secret,
    rotate_secret,
    send_ping,
    update_webhook,
)

__all__ = [
    "change_feed_path",
    "claim_messages",
    "create_app",
    "create_feed",
    "create_key",
    "create_webhook",
    "forget_messages",
    "note_answer",
    "note_fact",
    "remove_feed",
    "remove_webhook",
    "resend_failed",
    "resend_message",
    "reveal_secret",
    "revoke_app",
    "revoke_key",
    "rotate_key",
    "rotate_secret",
    "send_ping",
    "update_app",
    "update_feed",
    "update_webhook",
    "want_feed",
]
