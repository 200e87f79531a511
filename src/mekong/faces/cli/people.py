"""`mekong person …`: for the one who can reach the machine and nobody's password."""

from pathlib import Path

from mekong.faces.cli import installation
from mekong.faces.cli.words import stop


def reset_password(data: Path | None, *, email: str) -> None:
    """Give a person a new one-time password, and print it alone. Raises: Stop, when there is no such person."""
    with installation.opened(data):
        from mekong.foundation import commands, queries
        from mekong.foundation.actor import SYSTEM

        cursor: str | None = None
        while True:
            page = queries.list_people(actor=SYSTEM, cursor=cursor, limit=200)
            for person in page.items:
                if person.email.casefold() == email.casefold():
                    print(commands.reset_password(actor=SYSTEM, person_id=person.id).password)
                    return
            if (cursor := page.next_cursor) is None:
                stop(f"Không có tài khoản {email}.", f"There is no account {email}.")
