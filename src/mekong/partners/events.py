"""Facts about partners. Key of each: `webhook:<id>`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class WebhookDisabled:
    """Nothing is sent there any more until a person switches it on. `reason`: gone, failing or app."""

    name: ClassVar[str] = "partners.webhook_disabled"
    version: ClassVar[int] = 1
    webhook: str
    url: str
    reason: str
