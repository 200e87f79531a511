"""`mekong export …`: the commands of this group. Each imports what it does when it runs."""

from pathlib import Path
from typing import Annotated

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


@app.command(
    "price-list",
    help=words(
        "Ghi giá của một bảng giá vào tệp .xlsx hoặc .csv, nhập lại được.",
        "Write the prices of a price list to an .xlsx or .csv file that imports back unchanged.",
    ),
)
def price_list(
    file: Path,
    code: Annotated[str, typer.Option("--list", help=words("Mã bảng giá.", "Code of the price list."))],
    is_whole: Annotated[
        bool,
        typer.Option(
            "--all",
            help=words("Cả hàng đang bán chưa có giá riêng.", "Goods on sale without a price of their own too."),
        ),
    ] = False,
    data: Data = None,
) -> None:
    from mekong.faces.cli.sheets import export_price_list

    export_price_list(data, file, code=code, is_whole=is_whole)
