"""`mekong demo-load`: what `mekong up --demo` runs once, and again when an address of its sandbox has moved."""

import os
from datetime import UTC, datetime

from mekong.faces.cli import installation
from mekong.faces.cli.words import say, stop, words

_STEPS = {
    "places": ("kho, cửa hàng và người dùng", "places and people"),
    "catalogue": ("sản phẩm và tồn đầu kỳ", "products and opening stock"),
    "offers": ("bảng giá, khuyến mãi và thành viên", "price lists, offers and members"),
    "past": ("đơn của bốn tuần trước, ảnh sản phẩm", "orders of the four weeks before, pictures"),
    "channels": ("kênh bán", "channels"),
    "history": ("lịch sử bán hàng thật", "real order history"),
    "listings": ("tin đăng trên sàn", "listings on the marketplaces"),
    "matching": ("kéo và ghép tin đăng", "pulling and matching listings"),
    "orders": ("đơn hàng gần đây", "recent orders"),
}


def load() -> None:
    """Load the demo into the installation that is open. Raises: Stop."""
    from django.conf import settings

    from mekong.faces.demo.load import load
    from mekong.foundation.actor import SYSTEM
    from mekong.foundation.errors import MekongError

    sandbox_url = os.environ.get("MEKONG_SANDBOX_URL", "")
    if not sandbox_url:
        stop(
            "Chưa có sàn mô phỏng. Hãy chạy: mekong up --demo",
            "The marketplace sandboxes do not run. Start them with: mekong up --demo",
        )
    show = installation.progress_line("Nạp dữ liệu demo", "Loading the demo")

    def report(done: int, total: int, name: str) -> None:
        show(done, total, words(*_STEPS[name]) if name else "")

    try:
        loaded = load(
            actor=SYSTEM,
            sandbox_url=sandbox_url,
            base_url=settings.MEKONG.base_url,
            now=datetime.now(UTC),
            report=report,
        )
    except MekongError as failure:
        why = failure.params.get("reason", "")
        stop(f"Không nạp được dữ liệu demo: {failure} {why}", f"The demo could not be loaded: {failure} {why}")
    if loaded.accounts:
        say("Tài khoản demo (mật khẩu chỉ hiện một lần này):", "Demo accounts (passwords shown this once only):")
        for each in loaded.accounts:
            say(
                f"  {each.email:24} {each.password:20} {each.role}", f"  {each.email:24} {each.password:20} {each.role}"
            )
