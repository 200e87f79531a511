"""The step before the first start and after an update: tables, static files, and somebody who can sign in.

Run by the supervisor as `python -m mekong.faces.cli.preparing OUTCOME`; notes for people are left in that file as JSON.
"""

import json
import os
import sys
from pathlib import Path

from mekong.faces.cli.installation import opened, prepare, progress_line
from mekong.faces.cli.words import Stop


def main(outcome: Path) -> None:
    """Prepare the installation of MEKONG_DATA."""
    with opened(process="command", prepared=False) as chosen:
        prepare(chosen, progress_line("Chuẩn bị cơ sở dữ liệu", "Preparing the database"))
        notes: list[str] = []
        with open(os.open(outcome, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"notes": notes}, file, ensure_ascii=False)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Stop as reason:
        sys.exit(str(reason))
