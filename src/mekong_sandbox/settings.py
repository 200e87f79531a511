"""What may be switched while the stand-ins run. Stored; read and changed by `/control/settings`."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Seconds are measured on the clock that `/control/clock` can fast-forward."""

    shopee_rate: float = 10.0
    """Calls a second per shop; the platform publishes none. 0 = no limit."""
    shopee_burst: float = 10.0
    shopee_throttle_status: int = 429
    """HTTP status of `error_rate_limit`."""
    shopee_stock_includes_reserved: bool = False
    """update_stock writes the total, never below the reserved units; False: it writes what is available."""
    shopee_review: bool = False
    """A new item is REVIEWING until a control call decides; False: it is on sale at once."""
    shopee_description_least: int = 20
    """Letters of a description; the platform's own figures come by `get_item_limit` and differ by category."""
    shopee_description_most: int = 5000
    shopee_ack_timeout_s: float = 3.0
    shopee_access_token_s: int = 4 * 3600
    shopee_tracking_delay_s: float = 1.0
    shopee_document_delay_s: float = 0.5

    lazada_stock_rate: float = 50.0
    """Stock and price writes a second per seller. 0 = no limit."""
    lazada_stock_burst: float = 50.0
    lazada_call_rate: float = 0.0
    """All other calls a second per seller. 0 = no limit."""
    lazada_call_burst: float = 0.0
    lazada_detail_with_code_zero: bool = True
    """Failed SKUs of a partly done stock write come in `detail` beside code "0"; False: beside a failure code."""
    lazada_require_item_ids: bool = False
    """True: a stock write naming a SKU by SellerSku alone fails."""
    lazada_special_least_bp: int = 0
    """Basis points of the price below which a special price is refused (4119); the platform publishes no figure."""
    lazada_review: bool = False
    """A new product is Pending until a control call decides; False: it is on sale at once."""
    lazada_ack_timeout_s: float = 0.5
    lazada_unpaid_release_s: float = 1800.0
    lazada_notices_per_change: int = 50
    """One order change sends at most this many line messages (a unit is a line). 0 = no cap."""
    lazada_stop_rule: bool = True
    """Stop sending to a callback URL that fails more than half of the time."""

    woocommerce_over_tls: bool = True
    """True: as if TLS ended in front of the shops, so keys are taken as Basic or in the query, and signatures too; False:
    as over plain HTTP, where the engine takes signatures alone."""
    woocommerce_rate: float = 0.0
    """Calls a second that the web host of a shop lets through; the engine itself counts none. 0 = no limit."""
    woocommerce_burst: float = 0.0
    woocommerce_hold_stock_s: float = 3600.0
    """An unpaid order holds its units so long, then it is cancelled."""
    woocommerce_fetch_images: bool = True
    """Pictures named by `src` are fetched and kept, and one that cannot be had is refused; False: shown from where they are."""
    woocommerce_ack_timeout_s: float = 60.0

    tiki_rate: float = 50.0
    """Calls a second per app. 0 = no limit, neither a second nor a minute."""
    tiki_burst: float = 50.0
    tiki_per_minute: float = 500.0
    """Calls a minute per app. 0 = no limit."""
    tiki_access_token_s: int = 86399
    tiki_refresh_token_s: int = 30 * 86400
    """The platform publishes no figure."""
    tiki_stock_includes_reserved: bool = True
    """`qty_available` counts the reserved units, as `quantity_available` does; False: it is what buyers can order."""
    tiki_event_delay_s: float = 0.1
    """Until an event can be pulled; about 5 s on the platform."""
    tiki_event_batch: int = 20
    """Events a pull gives at most; the platform publishes no figure."""
    tiki_review_s: float = 1.0
    """Until a request for a product is approved. 0 = only by a control call."""
    tiki_ready_delay_s: float = 0.5
    """Until a confirmed order counts as packed."""
    tiki_unpaid_release_s: float = 1800.0

    tiktok_rate: float = 50.0
    """Calls a second per app and shop; the platform publishes none. 0 = no limit."""
    tiktok_burst: float = 50.0
    tiktok_review: bool = False
    """A new or changed product is PENDING until a control call decides; False: its audit passes at once."""
    tiktok_title_least: int = 25
    """Letters of a title, at least; so the platform has it in South East Asia."""
    tiktok_ack_timeout_s: float = 3.0
    tiktok_access_token_s: int = 7 * 86400
    tiktok_hold_s: float = 0.0
    """Seconds that a paid order is ON_HOLD before it can be shipped; 0 = not at all."""

    shopify_points_per_s: float = 100.0
    """Points of GraphQL cost that come back a second, per app and shop: the standard plan. 0 = no limit."""
    shopify_points_at_once: float = 2000.0

    return_answer_s: float = 2 * 86400.0
    """Sellers answer a buyer's wish to return, and then what came back, within this; after it the platform grants it."""
    return_ship_s: float = 7 * 86400.0
    """Buyers send goods of a granted return within this; after it the return is closed."""
    refund_delay_s: float = 1.0
    """Until the platform has paid a granted refund."""

    commission_bp: int = 400
    """Basis points of what the buyer paid that the platform keeps of a settled order: its commission."""
    payment_fee_bp: int = 250
    """And its fee for taking the payment."""

    notice_retry_scale: float = 0.01
    """Retry delays of the platforms are multiplied by this (30 min become 18 s)."""

    life: bool = False
    """Orders are paid, fetched by the carrier, delivered and completed by themselves, after these delays."""
    life_pay_s: float = 1.0
    life_pickup_s: float = 2.0
    life_deliver_s: float = 2.0
    life_complete_s: float = 2.0
