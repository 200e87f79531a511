"""`mekong import …`: the commands of this group. Each imports what it does when it runs."""

import typer

from mekong.faces.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback(help=words("Đưa dữ liệu vào.", "Bring data in."))
def group() -> None:
    """Hold the commands of this group."""
