"""`mekong token …`."""

from datetime import UTC, datetime
from pathlib import Path

from mekong.faces.cli import installation


def create(data: Path | None, *, name: str, scopes: str) -> None:
    """Make an API token and print its text alone, so that a script can keep it. Raises: UnknownScope, Invalid."""
    with installation.opened(data):
        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.commands import create_token

        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        made = create_token(actor=SYSTEM, name=name, scopes=wanted, now=datetime.now(UTC))
        print(made.text)
