"""`mekong person …` and `mekong security …`: for the one who can reach the machine and nobody's password."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mekong.faces.cli import installation
from mekong.faces.cli.words import say, stop

if TYPE_CHECKING:
    from mekong.foundation.contracts import PersonView


def reset_password(data: Path | None, *, email: str) -> None:
    """Give a person a new one-time password, and print it alone. Raises: Stop, when there is no such person."""
    with installation.opened(data):
        from mekong.foundation import commands
        from mekong.foundation.actor import SYSTEM

        print(commands.reset_password(actor=SYSTEM, person_id=_found(email).id).password)


def reset_second_factor(data: Path | None, *, email: str) -> None:
    """Take app, passkeys and recovery codes from a person. Raises: Stop, when there is no such person."""
    with installation.opened(data):
        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.models import Person
        from mekong.foundation.security import factors

        person = Person.objects.get(uid=_found(email).id)
        factors.reset(actor=SYSTEM, person=person, now=datetime.now(UTC))
    say(f"{email} đăng nhập lại chỉ bằng mật khẩu.", f"{email} signs in with the password alone again.")


def lift_rules(data: Path | None) -> None:
    """Take every rule of places and hours away; no role needs a second factor any more."""
    with installation.opened(data):
        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.security import setting

        gone = setting.lift(actor=SYSTEM)
    say(
        f"Đã gỡ {gone} quy tắc. Không vai trò nào còn bắt buộc bước xác minh thứ hai.",
        f"{gone} rules are gone. No role needs a second step any more.",
    )


def _found(email: str) -> PersonView:
    """Raises: Stop."""
    from mekong.foundation import queries
    from mekong.foundation.actor import SYSTEM

    cursor: str | None = None
    while True:
        page = queries.list_people(actor=SYSTEM, text=email, cursor=cursor, limit=200)
        for person in page.items:
            if person.email.casefold() == email.casefold():
                return person
        if (cursor := page.next_cursor) is None:
            stop(f"Không có tài khoản {email}.", f"There is no account {email}.")
