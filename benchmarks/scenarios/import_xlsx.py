"""Excel files of 50,000 rows through the command line: products, and the order export of a marketplace.

Each import is a process of its own, as a person would start it; its peak of resident memory is read every 50 ms.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil
import xlsxwriter

from benchmarks.installation import CannotRun, Installation, clean_environment
from benchmarks.result import Result

_ROWS = 50_000
_LINES_PER_ORDER = 2
_LIMIT_S = 60.0
_LIMIT_MIB = 400.0
_PATIENCE_S = 600.0
_PRODUCTS = ("Mã SKU*", "Tên hàng*", "Thuộc tính", "Mã vạch", "Danh mục", "ĐVT", "Giá bán lẻ")
_ORDERS = (
    "Mã đơn hàng", "Ngày đặt hàng", "Trạng Thái Đơn Hàng", "SKU phân loại hàng", "Tên sản phẩm", "Giá ưu đãi", "Số lượng",
    "Người Mua", "Tên Người nhận", "Số điện thoại", "Tỉnh/Thành phố", "Quận", "Địa chỉ nhận hàng", "Phương thức thanh toán",
)  # fmt: skip


def measure(installation: Installation) -> Result:
    """Products first; then orders that sell them, on a channel that is not connected."""
    from datetime import UTC, datetime

    from mekong.channels import commands
    from mekong.foundation.actor import SYSTEM

    commands.create_channel(
        actor=SYSTEM, code="shopee-1", name="Shopee", kind="shopee", shop_id="1", now=datetime.now(UTC)
    )
    with tempfile.TemporaryDirectory() as folder:
        products, orders = Path(folder) / "products.xlsx", Path(folder) / "orders.xlsx"
        _write(products, _PRODUCTS, _product_rows())
        _write(orders, _ORDERS, _order_rows())
        goods_s, goods_mib = _import(installation, "products", str(products))
        installation.stock(installation.variant_ids([_sku(number) for number in range(_ROWS)]), 100)
        installation.analyse()
        orders_s, orders_mib = _import(installation, "orders", str(orders), "--channel", "shopee-1")
    value, most_mib = max(goods_s, orders_s), max(goods_mib, orders_mib)
    return Result(
        value=value,
        unit="s",
        limit=_LIMIT_S,
        ratio=value / _LIMIT_S,
        notes=[
            f"{_ROWS:,} product rows {goods_s:.1f} s, {goods_mib:.0f} MiB at most",
            f"{_ROWS:,} order lines in {_ROWS // _LINES_PER_ORDER:,} orders {orders_s:.1f} s, {orders_mib:.0f} MiB at most",
            "the whole command, from its start to its end; value: the slower",
            f"target: {_LIMIT_S:g} s, {_LIMIT_MIB:g} MiB",
        ],
        figures={"memory_mib": most_mib, "products_s": goods_s, "orders_s": orders_s},
        passed=value <= _LIMIT_S and most_mib <= _LIMIT_MIB,
    )


def _sku(number: int) -> str:
    return f"EX-{number:06d}"


def _product_rows() -> Iterable[Sequence[object]]:
    for number in range(_ROWS):
        yield (
            _sku(number), f"Áo thun cổ tròn mẫu {number // 4}", f"Màu: {['Đỏ', 'Xanh', 'Trắng', 'Đen'][number % 4]}", "",
            "Thời trang > Áo", "cái", 99_000 + number % 50 * 1000,
        )  # fmt: skip


def _order_rows() -> Iterable[Sequence[object]]:
    for number in range(_ROWS):
        order = number // _LINES_PER_ORDER
        yield (
            f"26112{order:08d}", f"2026-11-{order % 20 + 1:02d} {order % 24:02d}:{order % 60:02d}", "Chờ lấy hàng",
            _sku(number), "Áo thun cổ tròn", "99.000", 1, f"khach{order % 9000}", "Nguyễn Văn A", f"09{order:08d}",
            "TP. Hồ Chí Minh", "Phường Bến Nghé", "12 Lê Lợi", "Thanh toán khi nhận hàng",
        )  # fmt: skip


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, header)
        for number, row in enumerate(rows, 1):
            page.write_row(number, 0, row)


def _import(installation: Installation, *what: str) -> tuple[float, float]:
    """Seconds and peak MiB of `mekong import …`. Raises: CannotRun."""
    command = [sys.executable, "-m", "mekong.faces.cli", "import", *what, "--data", str(installation.data)]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=clean_environment(installation.data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        most = 0
        seen = psutil.Process(running.pid)
        while running.poll() is None:
            if time.perf_counter() - began > _PATIENCE_S:
                running.kill()
                raise CannotRun(f"import {what[0]} took more than {_PATIENCE_S:g} s")
            try:
                most = max(most, seen.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.05)
        took = time.perf_counter() - began
        said = running.stdout.read() if running.stdout else ""
    if running.returncode:
        raise CannotRun(f"import {what[0]} failed: {said[-500:]}")
    return took, most / 1024 / 1024
