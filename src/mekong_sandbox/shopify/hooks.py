"""Mutations of webhook subscriptions; each app sees its own."""

from __future__ import annotations

from mekong_sandbox.pages.consent import is_web
from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.inputs import payload, user_error
from mekong_sandbox.shopify.model import Hook
from mekong_sandbox.shopify.nodes import topic_name
from mekong_sandbox.shopify.push import TOPICS
from mekong_sandbox.shopify.rows import gid, number_of

BY_NAME = {topic_name(topic): topic for topic in TOPICS}


def own_hooks(call: Call) -> list[Hook]:
    """The subscriptions of the calling app at the shop."""
    owner = (call.shop.shop_id, call.grant.client_id)
    return [one for one in call.market.hooks.values() if (one.shop_id, one.client_id) == owner]


def own_hook(call: Call, value: object) -> Hook | None:
    number = number_of(value, "WebhookSubscription")
    return next((one for one in own_hooks(call) if one.id == number), None)


def _uri(args: Arguments) -> str:
    """Where to; `uri` in newer versions, `callbackUrl` in former ones."""
    sent = args.get("webhookSubscription")
    if not isinstance(sent, dict):
        raise GraphError("Variable $webhookSubscription was provided invalid value", "INVALID_VARIABLE")
    return str(sent.get("uri") or sent.get("callbackUrl") or "")


def _wrong_uri(call: Call, uri: str, topic: str, kept: Hook | None) -> Node | None:
    path = ["webhookSubscription", "callbackUrl"]
    if not is_web(uri):
        return user_error(path, "Address is invalid")
    if any(one is not kept and (one.uri, one.topic) == (uri, topic) for one in own_hooks(call)):
        return user_error(path, "Address for this topic has already been taken")
    return None


def create(call: Call, args: Arguments) -> Node:
    """webhookSubscriptionCreate."""
    topic = BY_NAME.get(str(args.get("topic")))
    if topic is None:
        text = f"Variable $topic of type WebhookSubscriptionTopic! was provided invalid value: {args.get('topic')}"
        raise GraphError(text, "INVALID_VARIABLE")
    uri = _uri(args)
    error = _wrong_uri(call, uri, topic, None)
    if error is not None:
        return payload("WebhookSubscriptionCreate", [error], webhookSubscription=None)
    number, stamp = call.world.number("shopify.hook", 1_760_001), call.world.clock.stamp()
    hook = Hook(number, call.shop.shop_id, call.grant.client_id, topic, uri, call.version, stamp, stamp)
    call.market.save_hook(hook)
    return payload("WebhookSubscriptionCreate", webhookSubscription=call.nodes.hook(hook))


def update(call: Call, args: Arguments) -> Node:
    """webhookSubscriptionUpdate."""
    hook = own_hook(call, args.get("id"))
    if hook is None:
        missing = user_error(["id"], "Webhook subscription does not exist")
        return payload("WebhookSubscriptionUpdate", [missing], webhookSubscription=None)
    uri = _uri(args)
    error = _wrong_uri(call, uri, hook.topic, hook)
    if error is not None:
        return payload("WebhookSubscriptionUpdate", [error], webhookSubscription=None)
    hook.uri, hook.failures, hook.updated_at = uri, 0, call.world.clock.stamp()
    call.market.save_hook(hook)
    return payload("WebhookSubscriptionUpdate", webhookSubscription=call.nodes.hook(hook))


def delete(call: Call, args: Arguments) -> Node:
    """webhookSubscriptionDelete."""
    hook = own_hook(call, args.get("id"))
    if hook is None:
        missing = user_error(["id"], "Webhook subscription does not exist")
        return payload("WebhookSubscriptionDelete", [missing], deletedWebhookSubscriptionId=None)
    call.market.remove_hook(hook)
    return payload("WebhookSubscriptionDelete", deletedWebhookSubscriptionId=gid("WebhookSubscription", hook.id))
