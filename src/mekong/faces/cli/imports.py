"""`mekong import …`: the commands of this group. Each imports what it does when it runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mekong.faces.cli.options import Data
from mekong.faces.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

DryRun = Annotated[
    bool, typer.Option("--dry-run", help=words("Chỉ kiểm tra, không ghi gì.", "Judge everything, write nothing."))
]


@app.callback(help=words("Đưa dữ liệu vào.", "Bring data in."))
def group() -> None:
    """Hold the commands of this group."""


@app.command(
    help=words(
        "Nhập sản phẩm từ bảng tính (.xlsx, .xls, .csv).", "Import products from a spreadsheet (.xlsx, .xls, .csv)."
    )
)
def products(
    file: Path,
    dry_run: DryRun = False,
    mode: Annotated[
        str, typer.Option(help=words("insert, update hoặc upsert.", "insert, update or upsert."))
    ] = "upsert",
    errors: Annotated[
        Path | None,
        typer.Option(help=words("Ghi các dòng sai vào tệp .xlsx này.", "Write the bad rows to this .xlsx file.")),
    ] = None,
    data: Data = None,
) -> None:
    from mekong.faces.cli.sheets import import_products

    sys.exit(0 if import_products(data, file, mode=mode, dry_run=dry_run, errors=errors) else 1)


@app.command(
    help=words(
        "Nhập tồn đầu kỳ từ bảng tính: mã SKU, kho, số lượng.",
        "Import opening stock from a spreadsheet: SKU, location, quantity.",
    )
)
def stock(
    file: Path,
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    from mekong.faces.cli.sheets import import_stock

    sys.exit(0 if import_stock(data, file, dry_run=dry_run) else 1)


@app.command(
    "price-list",
    help=words(
        "Nhập giá của một bảng giá từ bảng tính: mã SKU, từ số lượng, giá.",
        "Import prices of a price list from a spreadsheet: SKU, from units, price.",
    ),
)
def price_list(
    file: Path,
    code: Annotated[str, typer.Option("--list", help=words("Mã bảng giá.", "Code of the price list."))],
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    from mekong.faces.cli.sheets import import_price_list

    sys.exit(0 if import_price_list(data, file, code=code, dry_run=dry_run) else 1)


@app.command(
    help=words(
        "Nhập đơn hàng từ tệp xuất của sàn (.xlsx, .xls, .csv).",
        "Import orders from an export of a platform's seller centre (.xlsx, .xls, .csv).",
    )
)
def orders(
    file: Path,
    channel: Annotated[str, typer.Option(help=words("Mã kênh bán.", "Code of the channel."))],
    column: Annotated[
        list[str] | None,
        typer.Option(
            help=words(
                "Cột nào chứa gì, ví dụ order=Số đơn; được ghi nhớ.",
                "Which column holds what, e.g. order=Number; remembered.",
            )
        ),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            help=words(
                "Trạng thái nghĩa là gì, ví dụ “Mới=placed”; được ghi nhớ.",
                "What a status means, e.g. “New=placed”; remembered.",
            )
        ),
    ] = None,
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    from mekong.faces.cli.sheets import import_orders

    columns, states = (
        {left: right for left, _, right in (each.partition("=") for each in said or [])} for said in (column, status)
    )
    sys.exit(0 if import_orders(data, file, channel=channel, columns=columns, states=states, dry_run=dry_run) else 1)


@app.command(
    "online-retail",
    help=words(
        "Phát lại lịch sử hoá đơn (bố cục Online Retail của UCI) qua các kênh bán.",
        "Replay an invoice history (the column layout of UCI's Online Retail) through the channels.",
    ),
)
def online_retail(
    file: Path,
    through: Annotated[
        str,
        typer.Option(
            help=words(
                "Các kênh, cách nhau bằng dấu phẩy; mặc định: mọi kênh đang nhận đơn được.",
                "Channels, comma separated; by default every one that takes orders now.",
            )
        ),
    ] = "",
    speed: Annotated[
        float,
        typer.Option(
            min=0,
            help=words(
                "Nhanh gấp bao nhiêu lần thời gian thật; 0 là nhanh nhất có thể.",
                "Times as fast as it happened; 0 is as fast as it goes.",
            ),
        ),
    ] = 0,
    json: Annotated[
        Path | None, typer.Option(help=words("Ghi kết quả dạng JSON.", "Write the figures as JSON."))
    ] = None,
    location: Annotated[str, typer.Option(help=words("Kho nhận hàng.", "Location that receives the goods."))] = "",
    data: Data = None,
) -> None:
    from mekong.faces.cli.replay import replay

    names = [name.strip().lower() for name in through.split(",") if name.strip()]
    sys.exit(replay(data, file, names=names, speed=speed, out=json, location=location))
