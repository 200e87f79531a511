"""The worker's services: run, started again when they fail, ended when asked."""

import threading

from mekong.faces.cli import working
from mekong.foundation import services


def test_a_service_that_fails_is_told_and_run_again() -> None:
    stopping, calls = threading.Event(), []

    class Patient(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            return super().wait(0)

    pauses: list[float | None] = []
    stopping = Patient()

    def service(asked: threading.Event) -> None:
        calls.append(asked)
        if len(calls) == 4:
            asked.set()
        raise RuntimeError("broken")

    working._keep_running("test.service", service, stopping)

    assert calls == [stopping] * 4
    assert pauses == [2.0, 4.0, 8.0, 16.0]


def test_services_are_known_by_name() -> None:
    def service(stopping: threading.Event) -> None:
        stopping.wait()

    services.register("test.known", service)

    assert services.registered()["test.known"] is service
    services._services.pop("test.known")
