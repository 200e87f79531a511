"""What the command line says, in Vietnamese and English. Not by gettext: that needs Django, which starts slowly."""

import os
import sys
from typing import NoReturn


class Stop(Exception):
    """The command cannot go on; the message says why and what to do. Becomes exit status 1."""


def language() -> str:
    """Language of the console: MEKONG_LANG, else the terminal's when that is English, else Vietnamese."""
    for name in ("MEKONG_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "en" if value.lower().startswith("en") else "vi"
    return "vi"


def words(vi: str, en: str) -> str:
    """The text in the console's language."""
    return en if language() == "en" else vi


def say(vi: str, en: str) -> None:
    """Print a line for people, to standard error: standard output is for results."""
    print(words(vi, en), file=sys.stderr, flush=True)


def stop(vi: str, en: str) -> NoReturn:
    """End the command with a message. Raises: Stop."""
    raise Stop(words(vi, en))
