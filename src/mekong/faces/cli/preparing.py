"""The step before the first start and after an update: tables, static files, and somebody who can sign in.

Run by the supervisor with the name of a file; notes for people are left in that file as JSON.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from mekong.faces.cli.installation import opened, prepare, progress_line
from mekong.faces.cli.words import Stop, words
from mekong.foundation.config import Config

OWNER = "owner@mekong.local"
"""Sign-in name of the first owner, unless MEKONG_OWNER_EMAIL says otherwise."""


def furnished(chosen: Config) -> Path:
    """Exists when this installation has had somebody who can sign in."""
    return chosen.data / "run" / "furnished"


def main() -> None:
    """Prepare the installation of MEKONG_DATA."""
    try:
        _prepare(Path(sys.argv[1]))
    except Stop as reason:
        sys.exit(str(reason))


def _prepare(outcome: Path) -> None:
    with opened(process="command", prepared=False) as chosen:
        prepare(chosen, progress_line("Chuẩn bị cơ sở dữ liệu", "Preparing the database"))
        notes = _furnish(os.environ.get("MEKONG_OWNER_EMAIL") or OWNER, datetime.now(UTC))
        with open(os.open(outcome, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"notes": notes}, file, ensure_ascii=False)
        furnished(chosen).touch()


def _furnish(email: str, now: datetime) -> list[str]:
    """Give an installation its first owner and its first place, when it has none; says how to sign in."""
    from mekong.foundation.actor import SYSTEM
    from mekong.foundation.commands import create_first_owner
    from mekong.foundation.queries import list_people
    from mekong.inventory.commands import create_location
    from mekong.inventory.queries import list_locations

    if not any(place.kind in {"warehouse", "store"} for place in list_locations(actor=SYSTEM)):
        create_location(actor=SYSTEM, code="CH1", name="Cửa hàng", kind="store")
    if list_people(actor=SYSTEM, limit=1).items:
        return []
    made = create_first_owner(email=email, name=words("Chủ cửa hàng", "Owner"), now=now)
    return [
        words("Đăng nhập lần đầu (chỉ hiện một lần này):", "First sign-in (shown this once only):"),
        f"  {words('tài khoản', 'account ')}: {made.person.email}",
        f"  {words('mật khẩu', 'password')} : {made.password}",
    ]
