"""`mekong export …`: the commands of this group. Each imports what it does when it runs."""

from pathlib import Path

import typer

from mekong.faces.cli.options import Data
from mekong.faces.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback(help=words("Lấy dữ liệu ra.", "Take data out."))
def group() -> None:
    """Hold the commands of this group."""


@app.command(
    help=words(
        "Ghi mọi sản phẩm vào tệp .xlsx hoặc .csv, nhập lại được.",
        "Write every product to an .xlsx or .csv file that imports back unchanged.",
    )
)
def products(file: Path, data: Data = None) -> None:
    from mekong.faces.cli.sheets import export_products

    export_products(data, file)
