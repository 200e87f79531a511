"""`mekong import online-retail`: a file of invoices through the channels, with a progress bar."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mekong.faces.cli import installation
from mekong.faces.cli.words import language, say, stop, words


def replay(data: Path | None, file: Path, *, names: list[str], speed: float, out: Path | None, location: str) -> int:
    """Play the file; exit status 0 when its end was reached, 3 when it was stopped. Raises: Stop."""
    if out is not None and not out.absolute().parent.is_dir():
        stop(f"Không có thư mục {out.absolute().parent}.", f"There is no folder {out.absolute().parent}.")
    with installation.opened(data):
        from django.utils import translation

        from mekong.foundation.errors import MekongError

        with translation.override(language()):
            try:
                is_finished, said = _play(file.expanduser(), names, speed, location)
            except MekongError as failure:
                text = failure.message(translation.gettext(failure.template))
                stop(text, text)
    if out is not None:
        out.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    _show(said)
    if not is_finished:
        say("Đã dừng. Chạy lại lệnh này để tiếp tục.", "Stopped. Run this command again to go on.")
    return 0 if is_finished else 3


def _play(file: Path, names: list[str], speed: float, location: str) -> tuple[bool, dict[str, Any]]:
    from mekong.faces.demo.listings import offer_missing
    from mekong.faces.replay import commands, queries
    from mekong.faces.replay.contracts import REPLAYER
    from mekong.faces.replay.report import report
    from mekong.faces.replay.running import alone, get_ready, play, require_worker
    from mekong.faces.replay.ways import choose, worker_is_there
    from mekong.foundation.errors import MekongError

    now = datetime.now(UTC)
    channels = choose(actor=REPLAYER, names=names)
    if not names:
        channels = [each for each in channels if not each.is_remote or worker_is_there(each, now)]
        say(f"Qua các kênh: {', '.join(each.code for each in channels)}",
            f"Through: {', '.join(each.code for each in channels)}")  # fmt: skip
    require_worker(channels, now)
    codes = [each.code for each in channels]
    _open_a_place()
    say("Đang đọc tệp và chuẩn bị hàng…", "Reading the file and laying in goods…")
    ready = get_ready(actor=REPLAYER, file=file, names=codes, location=location, now=now)
    for channel in ready.channels:
        if channel.is_remote:
            new = offer_missing(actor=REPLAYER, channel=channel, plan=ready.plan)
            if new:
                say(f"{channel.code}: {new} tin đăng mới", f"{channel.code}: {new} new listings")
    run = commands.begin_run(actor=REPLAYER, file=file, ways=codes, speed=speed, by_worker=False, now=now)
    state, error = "failed", dict[str, Any]()
    shown = _Bar()

    async def until_asked() -> bool:
        asked = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, asked.set)
        async with alone():
            return await play(ready, speed=speed, run_id=run.id, show=shown, until=asked)

    try:
        is_finished = asyncio.run(until_asked())
        state = "finished" if is_finished else "stopped"
    except MekongError as failure:
        error = {"code": failure.code, "message": str(failure)}
        raise
    finally:
        shown.end()
        commands.end_run(actor=REPLAYER, run_id=run.id, state=state, error=error, now=datetime.now(UTC))
    latest = queries.latest_run(actor=REPLAYER, now=datetime.now(UTC))
    oversold = int(latest.progress.get("oversold", 0)) if latest else 0
    return is_finished, report(ready.plan, differing=ready.supplied.differing, oversold=oversold)


def _open_a_place() -> None:
    """An installation that was never started has no shelf yet: it gets the one that its first start would give it."""
    from mekong.foundation.actor import SYSTEM
    from mekong.inventory.commands import create_location
    from mekong.inventory.queries import list_locations

    if not any(place.kind in {"warehouse", "store"} for place in list_locations(actor=SYSTEM)):
        create_location(actor=SYSTEM, code="CH1", name="Cửa hàng", kind="store")


class _Bar:
    """A progress bar on a terminal; one line in ten seconds elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True)
        self._bar = Progress(
            BarColumn(bar_width=28),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task: Any = None
        self._told_at = 0.0

    def __call__(self, progress: Any) -> None:
        import time

        orders = "  ".join(f"{code} {count}" for code, count in progress.orders_by_channel.items())
        at = progress.t.strftime("%Y-%m-%d") if progress.t else ""
        oversold = words(f"bán quá {progress.oversold}", f"oversold {progress.oversold}")
        text = f"{at}  {orders}  {oversold}"
        if self._console.is_terminal:
            if self._task is None:
                self._bar.start()
                self._task = self._bar.add_task(text, total=progress.total)
            self._bar.update(self._task, completed=progress.done, total=progress.total, description=text)
        elif time.monotonic() - self._told_at > 10:
            self._told_at = time.monotonic()
            print(f"{progress.done}/{progress.total}  {text}", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._task is not None:
            self._bar.stop()


def _show(said: dict[str, Any]) -> None:
    from mekong.foundation.money import to_decimal

    sold = f"{to_decimal(said['revenue_minor'], said['currency']):,} {said['currency']}"
    say(
        f"{said['orders']} đơn, {said['lines']} dòng, {said['units']} sản phẩm, {sold}; "
        f"{said['cancelled_orders']} phiếu huỷ ({said['cancelled_lines']} dòng), "
        f"{said['adjustments']} dòng điều chỉnh, {said['rejected_lines']} dòng bị loại, "
        f"{said['pending_lines']} dòng còn lại; bán quá: {said['oversold']}",
        f"{said['orders']} orders, {said['lines']} lines, {said['units']} units, {sold}; "
        f"{said['cancelled_orders']} cancellations ({said['cancelled_lines']} lines), "
        f"{said['adjustments']} adjusted lines, {said['rejected_lines']} rejected lines, "
        f"{said['pending_lines']} left; oversold: {said['oversold']}",
    )
    for code, each in said["channels"].items():
        say(
            f"  {code}: {each['orders']} đơn, {each['units']} sản phẩm",
            f"  {code}: {each['orders']} orders, {each['units']} units",
        )
    reasons: dict[str, int] = {}
    for each in said["rejected"]:
        reasons[each["reason"]] = reasons.get(each["reason"], 0) + len(each["lines"])
    for reason, count in sorted(reasons.items(), key=lambda pair: -pair[1]):
        example = next(each for each in said["rejected"] if each["reason"] == reason)
        print(
            f"  {count:6} × {reason}: {words(example['reason_vi'] or example['reason_en'], example['reason_en'])}",
            file=sys.stderr,
        )
    if said["disagreements"]:
        say(
            f"{len(said['disagreements'])} đơn khác hoá đơn của chúng.",
            f"{len(said['disagreements'])} orders differ from their invoices.",
        )
