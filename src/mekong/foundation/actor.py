"""Who is acting, and what they may do where: the first argument of every command and query."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mekong.foundation.errors import MayNot, OutOfScope


@dataclass(frozen=True)
class Actor:
    """A person, an API token, a channel or the system itself, with rights already resolved.

    `permissions` None means all (owner, system). A right holds at locations: someone may manage store A and only sell
    at store B, so ask `locations_for(permission)`, or name the permission to `sees_location`, `require_location` and
    `within`. `location_ids` are the locations where *every* right of the actor holds (None: everywhere); `grants` names
    the permissions that hold elsewhere. `ref` is stable (`person:12`, `token:…`, `channel:shopee-1`).
    """

    kind: Literal["person", "token", "channel", "system"]
    ref: str
    name: str
    permissions: frozenset[str] | None = None
    location_ids: frozenset[int] | None = None
    grants: Mapping[str, frozenset[int] | None] = field(default_factory=dict, hash=False)

    def may(self, permission: str) -> bool:
        return self.permissions is None or permission in self.permissions

    def require(self, permission: str) -> None:
        """Raises: MayNot."""
        if not self.may(permission):
            raise MayNot(permission=permission)

    def locations_for(self, permission: str) -> frozenset[int] | None:
        """Where this actor may do it: None means everywhere, an empty set nowhere."""
        if not self.may(permission):
            return frozenset()
        return self.grants.get(permission, self.location_ids)

    def sees_location(self, location_id: int, permission: str | None = None) -> bool:
        """Whether `permission` holds there; without one, whether every right of the actor does (the strict answer)."""
        held = self.location_ids if permission is None else self.locations_for(permission)
        return held is None or location_id in held

    def require_location(self, location_id: int, code: str, permission: str | None = None) -> None:
        """Raises: OutOfScope."""
        if not self.sees_location(location_id, permission):
            raise OutOfScope(location=code)

    def within(self, location_ids: Collection[int], permission: str | None = None) -> list[int]:
        """Those of `location_ids` where `permission` holds; without one, where every right of the actor does."""
        return [location for location in location_ids if self.sees_location(location, permission)]


SYSTEM = Actor(kind="system", ref="system", name="Mekong")


def channel_actor(channel: str) -> Actor:
    """The actor under which a channel's own facts (its orders, its cancellations) are booked."""
    return Actor(kind="channel", ref=f"channel:{channel}", name=channel)
