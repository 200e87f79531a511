"""What the partners module takes and gives across its border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from mekong.foundation.contracts import TokenView

# --- webhooks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WebhookView:
    """`disabled_reason`: "" unless the machine switched it off: gone (the receiver said so), failing, app (its app is
    shut out). `failing_since`: nothing was taken since then. `secrets`: how many sign; more than one while they are
    being changed. `failed`, `waiting`: messages of the last 30 days."""

    id: UUID
    url: str
    name: str
    event_types: tuple[str, ...]
    with_person: bool
    is_active: bool
    disabled_reason: str
    failing_since: datetime | None
    last_delivered_at: datetime | None
    app_id: UUID | None
    app_name: str
    created_at: datetime
    secrets: int
    secrets_until: datetime | None
    failed: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class NewWebhook:
    webhook: WebhookView
    secret: str


@dataclass(frozen=True)
class AttemptView:
    """`status`: what the receiver answered, None when nothing came. `problem`: "" when it was taken."""

    number: int
    at: datetime
    took_ms: int
    status: int | None
    problem: str
    excerpt: str


@dataclass(frozen=True)
class MessageView:
    """`state`: waiting, delivered, failed. `id` is the webhook-id the receiver sees, the same at every try."""

    id: str
    webhook_id: UUID
    event_type: str
    state: str
    tries: int
    last_status: int | None
    last_problem: str
    occurred_at: datetime
    next_at: datetime | None
    delivered_at: datetime | None
    took_ms: int | None
    data: Mapping[str, Any] = field(default_factory=dict)
    attempts: tuple[AttemptView, ...] = ()


@dataclass(frozen=True)
class Dispatch:
    """One message that a worker has taken to send. `secrets`: newest first."""

    message_id: int
    webhook_key: int
    webhook_id: str
    url: str
    secrets: tuple[str, ...]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What came of one try. `retry_after_s`: when the receiver asked for a pause."""

    status: int | None
    problem: str
    excerpt: str
    took_ms: int
    retry_after_s: int | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


# --- apps -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AppView:
    """`calls`, `errors`, `limited`: of the last 7 days. `last_used_at`: of its keys, to the minute."""

    id: UUID
    name: str
    contact: str
    scopes: tuple[str, ...]
    per_minute: int
    burst: int
    revoked_at: datetime | None
    created_by: str
    created_at: datetime
    keys: int = 0
    last_used_at: datetime | None = None
    calls: int = 0
    errors: int = 0
    limited: int = 0


@dataclass(frozen=True)
class KeyView:
    label: str
    token: TokenView


@dataclass(frozen=True)
class NewKey:
    """`text` goes behind `Authorization: Bearer`. It is shown here and nowhere else."""

    app: AppView
    key: KeyView
    text: str


@dataclass(frozen=True)
class AppDayView:
    """Calls of an app on one day of Vietnam. `errors`: answered 4xx or 5xx; `limited`: those of them sent too fast."""

    day: str
    calls: int
    errors: int
    limited: int


@dataclass(frozen=True)
class AppDetail:
    app: AppView
    keys: tuple[KeyView, ...]
    days: tuple[AppDayView, ...]


# --- feeds ------------------------------------------------------------------------------------------------------------

FeedKind = Literal["google", "meta"]


@dataclass(frozen=True)
class FeedRow:
    """One sellable variant as every platform is told of it; the renderers shape it. Money in minor units, text plain.

    `quantity`: what the feed's channel may sell. `group`: the product's code when it has more variants than one.
    """

    sku: str
    title: str
    description: str
    link: str
    pictures: tuple[str, ...]
    quantity: int
    allow_backorder: bool
    price_minor: int
    currency: str
    brand: str
    gtin: str
    group: str
    options: Mapping[str, str]
    category: str
    weight_g: int | None


@dataclass(frozen=True)
class Finding:
    """Something about one variant. `is_left_out`: it is not in the file for this."""

    sku: str
    code: str
    is_left_out: bool


@dataclass(frozen=True)
class FeedReport:
    """What the last build made of the catalogue. `findings`: the first few hundred; `counts`: all, by code."""

    rows: int = 0
    left_out: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class FeedView:
    """`path`: where the platform fetches it; who knows it can read it. `problem`: why the last build failed."""

    id: UUID
    kind: str
    name: str
    channel: str
    link_template: str
    brand: str
    is_active: bool
    path: str
    etag: str
    size: int
    built_at: datetime | None
    changed_at: datetime | None
    fetched_at: datetime | None
    is_due: bool
    problem: str
    report: FeedReport


@dataclass(frozen=True)
class FeedFile:
    """What is served. `stem`: the file's name without its ending, beside it stands the same with `.gz`."""

    stem: str
    media: str
    etag: str
    changed_at: datetime
