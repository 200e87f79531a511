"""The worker process: jobs, delivery of events and the modules' own background services, until TERM or Ctrl-C."""

import asyncio
import os

from mekong.faces.cli.installation import choose, set_up_django


def work() -> None:
    """Work until asked to stop."""
    os.environ["MEKONG_PROCESS"] = "worker"
    chosen = choose()
    set_up_django("worker")
    from procrastinate.contrib.django import app

    async def run() -> None:
        jobs = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's own connector has it
        async with jobs.open_async():
            await jobs.run_worker_async(
                concurrency=chosen.worker_concurrency,
                install_signal_handlers=True,
                shutdown_graceful_timeout=2.0,
                delete_jobs="successful",
            )

    asyncio.run(run())
