"""What people and modules do to channels. Those that talk to a platform stand in `mekong.channels.remote`."""

from mekong.channels.commands.accounts import (
    adopt_tokens,
    begin_authorisation,
    connect,
    create_channel,
    ensure_own_channels,
    note_problem,
    pause_channel,
    resume_channel,
    set_give_up,
    set_limits,
    set_price_sync,
    update_channel,
)
from mekong.channels.commands.audits import ask_audit, begin_audit, end_audit, note_audited
from mekong.channels.commands.earnings import expect_earnings, keep_earnings, note_untold
from mekong.channels.commands.incidents import Facts, hush_incident, note_caught_up, note_trouble, note_well
from mekong.channels.commands.listings import (
    ignore_listing,
    match_listing,
    match_listings,
    push_now,
    resolve_held_lines,
    retry_listing,
    retry_refused,
    set_listing_sync,
    store_listings,
    unmatch_listing,
)
from mekong.channels.commands.mappings import map_category, set_attribute_rules, store_attributes, store_categories
from mekong.channels.commands.notices import areceive_notice, receive_notice
from mekong.channels.commands.outbound import (
    answer_cancellation,
    give_up_on_short_orders,
    retry_outbound,
    tell_platform,
)
from mekong.channels.commands.prices import set_listing_price, set_own_price
from mekong.channels.commands.publishing import (
    forget_publication,
    publish_products,
    retry_publication,
    set_follows,
    set_shown,
)
from mekong.channels.commands.returns import begin_answer, end_answer, keep_returns, mark_read
from mekong.channels.commands.silence import learn_habits, watch_silence

__all__ = [
    "Facts",
    "adopt_tokens",
    "answer_cancellation",
    "areceive_notice",
    "ask_audit",
    "begin_answer",
    "begin_audit",
    "begin_authorisation",
    "connect",
    "create_channel",
    "end_answer",
    "end_audit",
    "ensure_own_channels",
    "expect_earnings",
    "forget_publication",
    "give_up_on_short_orders",
    "hush_incident",
    "ignore_listing",
    "keep_earnings",
    "keep_returns",
    "learn_habits",
    "map_category",
    "mark_read",
    "match_listing",
    "match_listings",
    "note_audited",
    "note_caught_up",
    "note_problem",
    "note_trouble",
    "note_untold",
    "note_well",
    "pause_channel",
    "publish_products",
    "push_now",
    "receive_notice",
    "resolve_held_lines",
    "resume_channel",
    "retry_listing",
    "retry_outbound",
    "retry_publication",
    "retry_refused",
    "set_attribute_rules",
    "set_follows",
    "set_give_up",
    "set_limits",
    "set_listing_price",
    "set_listing_sync",
    "set_own_price",
    "set_price_sync",
    "set_shown",
    "store_attributes",
    "store_categories",
    "store_listings",
    "tell_platform",
    "unmatch_listing",
    "update_channel",
    "watch_silence",
]
