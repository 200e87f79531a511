"""The table of variants in a real browser: 10,000 rows scrolled from top to bottom and back, and fifty cells typed."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks import goods
from benchmarks.installation import CannotRun, Installation
from benchmarks.result import Result, percentile, summary

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_ROWS = int(os.environ.get("BENCH_GRID_ROWS", "10000"))
_EDITS = 50
_LONGEST_S = 0.100
_SEEN_S = 0.050
"""Browsers report tasks from 50 ms on as long; what is shorter counts as that."""
_CHANNELS = (("shopee-1", "shopee"), ("lazada-1", "lazada"))

_WATCH = """() => {
  window.longest = []; window.frames = [];
  new PerformanceObserver((list) => list.getEntries().forEach((each) => window.longest.push(each.duration)))
    .observe({ entryTypes: ["longtask"] });
}"""
_SCROLL = """([steps, back]) => new Promise((done) => {
  const box = document.querySelector("#grid"), most = box.scrollHeight - box.clientHeight;
  let n = 0, last = performance.now();
  const step = (now) => {
    window.frames.push(now - last);
    last = now;
    n += 1;
    box.scrollTop = most * (back ? steps - n : n) / steps;
    if (n < steps) requestAnimationFrame(step); else done(window.frames.length);
  };
  requestAnimationFrame(step);
})"""
_FULL = """() => !document.querySelector(".gr.blank:not([hidden])")"""


def measure(installation: Installation) -> Result:
    """Load, open, scroll down and up in as many frames as a hurried hand takes, then type down a column of prices."""
    chromium = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), "")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as missing:
        raise CannotRun("Playwright is not installed: it comes with the development requirements.") from missing
    if not chromium:
        raise CannotRun("there is no Chromium on this machine: install the package chromium.")
    loaded_s = _load(installation)
    cookie = _session()
    installation.start_web()
    # Playwright keeps an event loop in this thread: nothing of Django's is asked below.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="vi-VN")
        context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": installation.web_url}])
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"{installation.web_url}/products/grid/?sort=sku")
        page.wait_for_selector(".gr:not([hidden]) .gname img, .gr:not([hidden]) .gname svg", timeout=60_000)
        opened_ms = (time.perf_counter() - began) * 1000
        page.evaluate(_WATCH)
        meter = context.new_cdp_session(page)
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        before_s = _busy_s(meter)
        for back in (False, True):
            page.evaluate(_SCROLL, [300, back])
            page.wait_for_function(_FULL, timeout=60_000)
        used_s = _busy_s(meter) - before_s
        scrolled = page.evaluate("() => ({ longest: [...window.longest], frames: [...window.frames] })")
        page.evaluate("() => { window.longest = []; }")
        saved_ms = _edit(page)
        typed: list[float] = page.evaluate("() => window.longest")
        browser.close()
    return _result(scrolled, typed, saved_ms, {"opened_ms": opened_ms, "loaded_s": loaded_s, "used_s": used_s})


def _busy_s(meter: CDPSession) -> float:
    """Processor seconds of the page's main thread so far, which other work on the machine bends least."""
    told = {each["name"]: each["value"] for each in meter.send("Performance.getMetrics")["metrics"]}
    return float(told["TaskDuration"])


def _result(scrolled: dict[str, Any], typed: list[float], saved_ms: list[float], took: dict[str, float]) -> Result:
    used_ms = took["used_s"] * 1000 / len(scrolled["frames"])
    tasks = [*scrolled["longest"], *typed]
    frames = sorted(scrolled["frames"])
    value = max([each / 1000 for each in tasks], default=_SEEN_S)
    return Result(
        value=value, unit="s", limit=_LONGEST_S, ratio=value / _LONGEST_S, **summary(frames),
        notes=[
            f"{_ROWS:,} rows with {len(_CHANNELS)} channels (loaded in {took['loaded_s']:.0f} s); "
            "value: the longest task, latencies: "
            "frames while scrolling",
            f"{len(scrolled['longest'])} tasks above 50 ms in {len(frames)} frames of scrolling, {len(typed)} in {_EDITS} edits",
            f"longest frame {max(frames):.0f} ms; opened after {took['opened_ms']:.0f} ms",
            f"processor time of the page's main thread: {used_ms:.1f} ms a frame of scrolling",
            f"from Enter to saved: p50 {percentile(sorted(saved_ms), 0.5):.0f} ms, "
            f"p95 {percentile(sorted(saved_ms), 0.95):.0f} ms",
        ],
        figures={
            "long_tasks": len(tasks), "longest_frame_ms": max(frames), "opened_ms": took["opened_ms"],
            "saved_p95_ms": percentile(sorted(saved_ms), 0.95), "rows": _ROWS, "main_thread_ms_a_frame": used_ms,
        },
        passed=value <= _LONGEST_S,
    )  # fmt: skip


def _edit(page: Page) -> list[float]:
    """Type a price into each of fifty cells, one below the other; how long each took to be saved, in ms."""
    heads = page.locator(".gh .gc:not(.gpick)").all_text_contents()
    price = next(at for at, head in enumerate(heads) if head.strip() == "Giá bán lẻ")
    page.locator(".gr[aria-rowindex='2'] .gc:not(.gpick)").nth(price).click()
    took = []
    for number in range(_EDITS):
        text = str(301_000 + number * 1_000)
        page.keyboard.type(text)
        with page.expect_response("**/products/grid/edit/") as answered:
            began = time.perf_counter()
            page.keyboard.press("Enter")
        told = answered.value.json()["results"][0]
        took.append((time.perf_counter() - began) * 1000)
        if told != {"ok": True, "before": told.get("before"), "after": text}:
            raise CannotRun(f"the edit of cell {number} was answered with {told}")
    return took


def _load(installation: Installation) -> float:
    from mekong.channels import commands as channels
    from mekong.channels.socket import ListingKey, RemoteListing, Secrets
    from mekong.foundation.actor import SYSTEM

    began = time.perf_counter()
    skus = goods.plain(installation, _ROWS)
    installation.stock(installation.variant_ids(skus), 20)
    now = datetime.now(UTC)
    keys = ("k", "s", "a", "r")  # of a platform that is never asked
    secrets = Secrets(*keys, access_expires_at=now + timedelta(hours=4))
    for code, kind in _CHANNELS:
        channels.create_channel(
            actor=SYSTEM, code=code, name=code, kind=kind, now=now, shop_id="1", price_sync=True,
            api_url="http://127.0.0.1:9",
        )  # fmt: skip
        channels.connect(actor=SYSTEM, code=code, secrets=secrets, now=now)
        for start in range(0, len(skus), 1_000):
            page = [
                RemoteListing(key=ListingKey(str(start + at)), sku=sku, name=sku, quantity=3)
                for at, sku in enumerate(skus[start : start + 1_000])
            ]
            channels.store_listings(actor=SYSTEM, channel=code, listings=page, now=now)
    installation.analyse()
    return time.perf_counter() - began


def _session() -> tuple[str, str]:
    """The cookie of a browser where an owner is signed in."""
    from django.conf import settings
    from django.test import Client

    from mekong.foundation.actor import SYSTEM
    from mekong.foundation.commands import assign_role, create_person
    from mekong.foundation.models import Person

    made = create_person(actor=SYSTEM, email="grid@bench.example", name="Bench", now=datetime.now(UTC)).person
    assign_role(actor=SYSTEM, person_id=made.id, role="owner", location_ids=())
    row = Person.objects.get(uid=made.id)
    row.must_change_password = False
    row.save()
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value
