"""Options that every command takes."""

from pathlib import Path
from typing import Annotated

import typer

from mekong.faces.cli.words import words

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help=words(
            "Thư mục chứa mọi thứ của hệ thống; mặc định MEKONG_DATA hoặc ./data.",
            "Folder of everything of the installation; MEKONG_DATA or ./data by default.",
        ),
    ),
]
