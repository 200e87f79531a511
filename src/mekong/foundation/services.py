"""What the worker does without end beside its jobs: modules register it, the worker runs it and starts it again.

A service is a function that gets an event and returns soon after that is set. It runs in a thread of its own, in every
worker process: one that must run once at a time takes an advisory lock. A service that raises is logged and started
again after a pause that doubles from one second to a minute.
"""

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType

Service = Callable[[threading.Event], None]

_services: dict[str, Service] = {}


def register(name: str, service: Service) -> None:
    """Have every worker run a service, under a stable name such as `channels.sync`; call it in `AppConfig.ready`."""
    _services[name] = service


def registered() -> Mapping[str, Service]:
    """Every service by its name."""
    return MappingProxyType(_services)
