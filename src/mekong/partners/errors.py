"""What the partners module refuses. Templates name the remedy."""

from __future__ import annotations

from mekong.foundation.errors import Conflict, Invalid, NotFound, RateLimited


class AppNotFound(NotFound):
    code = "partners.app_not_found"
    template = "App {key} does not exist. Look it up under Settings, Apps."


class KeyNotFound(NotFound):
    code = "partners.key_not_found"
    template = "This app has no key {key}. Look it up on the app’s page."


class AppInvalid(Invalid):
    code = "partners.app_invalid"


class AppRevoked(Conflict):
    code = "partners.app_revoked"
    template = "App {name} is shut out for good. Make a new app instead."


class KeyEnded(Conflict):
    code = "partners.key_ended"
    template = "This key has ended. Make a new one instead."


class OverAppLimit(RateLimited):
    """`retry_after_s`: seconds until a call is taken again; `per_minute`, `burst`: what the app is allowed."""

    code = "partners.over_limit"
    template = "This app may send {per_minute} requests a minute. Wait {retry_after_s} seconds."


class WebhookNotFound(NotFound):
    code = "partners.webhook_not_found"
    template = "Webhook {key} does not exist. Look it up under Settings, Webhooks."


class MessageNotFound(NotFound):
    code = "partners.message_not_found"
    template = "This webhook has no message {key}; messages are kept for 30 days."


class WebhookInvalid(Invalid):
    code = "partners.webhook_invalid"


class TooManyWebhooks(Conflict):
    code = "partners.too_many_webhooks"
    template = "There are {most} webhooks already. Remove one that is not needed."


class WebhookPaused(Conflict):
    code = "partners.webhook_paused"
    template = "This webhook is paused. Switch it on first."


class FeedNotFound(NotFound):
    code = "partners.feed_not_found"
    template = "Feed {key} does not exist. Look it up under Settings, Feeds."


class FeedInvalid(Invalid):
    code = "partners.feed_invalid"
