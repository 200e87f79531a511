"""The worker process: jobs, delivery of events and the modules' services, until TERM or Ctrl-C."""

import asyncio
import os
import sys
import threading
import time
from datetime import UTC, datetime

import psycopg
import structlog

from mekong.faces.cli.installation import choose, set_up_django
from mekong.foundation.services import Service, registered

log = structlog.get_logger(__name__)

_GRACE_S = 2.0
"""How long jobs and services may take once asked to stop. Cut off, they are begun again by the next worker."""

_LOOK_EVERY_S = 5.0
"""How often deliveries that wait for another try are looked for; fresh ones announce themselves."""

_LONGEST_PAUSE_S = 60.0


def work() -> None:
    """Work until asked to stop; ends the process."""
    os.environ["MEKONG_PROCESS"] = "worker"
    chosen = choose()
    set_up_django("worker")
    from procrastinate.contrib.django import app

    stopping = threading.Event()
    services: dict[str, Service] = {"foundation.delivery": deliver, **registered()}
    threads = [
        threading.Thread(target=_keep_running, args=(name, service, stopping), name=name, daemon=True)
        for name, service in services.items()
    ]
    for thread in threads:
        thread.start()

    async def run() -> None:
        jobs = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's has it
        async with jobs.open_async():
            await jobs.run_worker_async(
                concurrency=chosen.worker_concurrency,
                install_signal_handlers=True,
                shutdown_graceful_timeout=_GRACE_S,
                delete_jobs="successful",
            )

    status = 1
    try:
        asyncio.run(run())
        status = 0
    finally:
        stopping.set()
        deadline = time.monotonic() + _GRACE_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if status:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        sys.stderr.flush()
        # A service that did not heed is cut off: everything it does is safe to repeat.
        os._exit(status)


def deliver(stopping: threading.Event) -> None:
    """Hand published events to their subscribers as they come."""
    from django.conf import settings

    from mekong.foundation.delivery import deliver_due

    with psycopg.connect(settings.MEKONG.effective_database_url, autocommit=True) as ear:
        ear.execute("listen mekong_events")
        looked_at = 0.0
        while not stopping.is_set():
            heard = [*ear.notifies(timeout=0.5, stop_after=1)]
            if heard or time.monotonic() - looked_at > _LOOK_EVERY_S:
                looked_at = time.monotonic()
                while deliver_due(now=datetime.now(UTC)) and not stopping.is_set():
                    pass


def _keep_running(name: str, service: Service, stopping: threading.Event) -> None:
    from django.db import connection

    pause_s = 1.0
    while not stopping.is_set():
        began = time.monotonic()
        try:
            service(stopping)
        except Exception:  # whatever it was, the service is wanted: tell, and go on
            log.exception("service_failed", service=name)
        finally:
            connection.close()
        pause_s = 1.0 if time.monotonic() - began > _LONGEST_PAUSE_S else min(pause_s * 2, _LONGEST_PAUSE_S)
        stopping.wait(pause_s)
