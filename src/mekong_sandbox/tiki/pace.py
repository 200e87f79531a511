"""Call rates of an app: so many a second and so many a minute, both told in the headers of every reply."""

from __future__ import annotations

from mekong_sandbox.limits import Bucket


class Meter(Bucket):
    """A bucket that tells what is left in it."""

    __slots__ = ()

    def left(self) -> int:
        return int(self._left)


class Pace:
    """The meters in use, per app."""

    def __init__(self) -> None:
        self._meters: dict[str, tuple[Meter, Meter]] = {}

    def take(self, app_key: str, rate: float, burst: float, per_minute: float) -> bool:
        """Use one call; False when a second's or a minute's calls are used up. A rate of 0 means no limit."""
        if rate <= 0:
            self._meters.pop(app_key, None)
            return True
        fresh = Meter(rate, burst), Meter(per_minute / 60, per_minute)
        meters = self._meters.get(app_key, fresh)
        if [(one.rate, one.burst) for one in meters] != [(one.rate, one.burst) for one in fresh]:
            meters = fresh
        self._meters[app_key] = meters
        return all(meter.take() for meter in meters)

    def headers(self, app_key: str) -> dict[str, str]:
        """Limits and what is left of them."""
        told = {}
        for span, meter in zip(("Second", "Minute"), self._meters.get(app_key, ()), strict=False):
            if meter.rate > 0:
                told[f"X-RateLimit-Limit-{span}"] = f"{meter.burst:.0f}"
                told[f"X-RateLimit-Remaining-{span}"] = str(meter.left())
        return told
