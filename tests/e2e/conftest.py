"""A real installation, started as people start it, and the system's Chromium."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.installations import clean_environment, free_port, prepare

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
PASSWORD = "con sông lớn chảy về biển"


@dataclass
class Installation:
    url: str
    data: Path
    owner: str
    password: str
    cookies: list[Any] = field(default_factory=list)
    """Of the owner's latest session, as they were when it began."""


@dataclass
class Visit:
    """A page, and what its console complained of."""

    page: Page
    complaints: list[str]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    off = os.environ.get("MEKONG_E2E") == "0"
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.timeout(900))
        if off or not CHROMIUM:
            item.add_marker(pytest.mark.skip(reason="MEKONG_E2E=0" if off else "no Chromium on this machine"))


_PATIENCE_MS = 60_000
"""What has not come about by then will not: generous, for machines that others slow down."""


@contextlib.contextmanager
def started(*, furnished: bool) -> Iterator[Installation]:
    """A new installation that runs, empty or with the test shop in it."""
    data = Path(tempfile.mkdtemp(prefix="mke-"))
    prepare(data)
    port = free_port()
    environment = {**clean_environment(), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "MEKONG_DATA": str(data)}
    # Receivers of webhooks are threads of the tests.
    environment["MEKONG_WEBHOOKS_PRIVATE"] = "1"
    command = [sys.executable, "-m", "mekong.faces.cli", "up", "--data", str(data), "--port", str(port), "--no-browser"]
    log = data / "up.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=ROOT)
    try:
        deadline = time.monotonic() + 120
        found = None
        while found is None:
            said = log.read_text("utf-8")
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the installation did not start:\n{said}")
            if f":{port}" in said:
                found = re.search(r"(\S+@\S+)\n.*?: (\S+)", said)
            time.sleep(0.2)
        if furnished:
            subprocess.run(
                [sys.executable, "-m", "tests.e2e.seeding"],
                env={**environment, "MEKONG_SUPERVISED": "1"}, cwd=ROOT, check=True, timeout=120,
            )  # fmt: skip
        yield Installation(f"http://127.0.0.1:{port}", data, found[1], found[2])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    with started(furnished=True) as running:
        yield running


# Playwright keeps an event loop running in this thread while it is open: no longer than for the browser's own tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def _is_complaint(said: ConsoleMessage) -> bool:
    """A request that is broken off because the page is left is none; one that fails says more than these two words."""
    return said.type in ("error", "warning") and not said.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))


@pytest.fixture
def visit(installation: Installation, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a page where the owner is signed in; what the console complains of is in `complaints`."""
    contexts = []

    def opened(*, width: int = 1440, theme: str = "light", signed_in: bool = True) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            locale="vi-VN",
            base_url=installation.url,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        complaints: list[str] = []
        page.on("console", lambda said: _is_complaint(said) and complaints.append(said.text))
        page.on("pageerror", lambda failed: complaints.append(str(failed)))
        if signed_in:
            _come_in(page, installation)
        return Visit(page, complaints)

    yield opened
    for context in contexts:
        context.close()


def _come_in(page: Page, installation: Installation) -> None:
    """With the session of the visit before, as by one more window; where that has ended, by the form."""
    page.context.add_cookies(installation.cookies)
    if page.request.get("/help/", max_redirects=0).status != 200:
        page.context.clear_cookies()
        sign_in(page, installation)
        installation.cookies = page.context.cookies()


def sign_in(page: Page, installation: Installation) -> None:
    """By the form; the first time the one-time password is exchanged for one's own."""
    page.goto("/sign-in/")
    page.fill("#email", installation.owner)
    page.fill("#password", installation.password)
    page.click("button.primary")
    page.wait_for_load_state()
    if "/password/" in page.url:
        page.fill("#current", installation.password)
        page.fill("#new", PASSWORD)
        page.fill("#again", PASSWORD)
        page.click("button.primary")
        page.wait_for_load_state()
        installation.password = PASSWORD
