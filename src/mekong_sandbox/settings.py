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
    lazada_ack_timeout_s: float = 0.5
    lazada_unpaid_release_s: float = 1800.0
    lazada_notices_per_change: int = 50
    """One order change sends at most this many line messages (a unit is a line). 0 = no cap."""
    lazada_stop_rule: bool = True
    """Stop sending to a callback URL that fails more than half of the time."""

    notice_retry_scale: float = 0.01
    """Retry delays of the platforms are multiplied by this (30 min become 18 s)."""

    life: bool = False
    """Orders are paid, fetched by the carrier, delivered and completed by themselves, after these delays."""
    life_pay_s: float = 1.0
    life_pickup_s: float = 2.0
    life_deliver_s: float = 2.0
    life_complete_s: float = 2.0
