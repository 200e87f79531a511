"""The commands and their arguments. What they do is imported when they run, so that every command starts fast."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mekong.faces.cli import exports, imports
from mekong.faces.cli.options import Data
from mekong.faces.cli.words import words

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=words(
        "Mekong: một tồn kho, một sổ đơn hàng, mọi kênh bán.",
        "Mekong: one stock, one order book, every channel.",
    ),
)
token = typer.Typer(no_args_is_help=True, help=words("Khoá truy cập API.", "API tokens."))
app.add_typer(token, name="token")
person = typer.Typer(no_args_is_help=True, help=words("Tài khoản nhân viên.", "Staff accounts."))
app.add_typer(person, name="person")
security = typer.Typer(no_args_is_help=True, help=words("Bảo mật.", "Security."))
app.add_typer(security, name="security")
app.add_typer(imports.app, name="import")
app.add_typer(exports.app, name="export")


@app.command(help=words("Chạy Mekong tại chỗ cho đến khi Ctrl-C.", "Run Mekong in the foreground until Ctrl-C."))
def up(
    data: Data = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help=words("Nạp dữ liệu thật và các sàn mô phỏng.", "Load real data and marketplace sandboxes.")
        ),
    ] = False,
    port: Annotated[
        int | None, typer.Option(help=words("Cổng web; mặc định 8000.", "Web port; 8000 by default."))
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help=words("Địa chỉ nghe; 0.0.0.0 để máy khác truy cập.", "Listen on; 0.0.0.0 to let others in.")),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help=words("Không mở trình duyệt.", "Open no browser."))
    ] = False,
) -> None:
    from mekong.faces.cli.up import up

    up(data, demo=demo, host=host, port=port, browser=not no_browser)


@app.command(help=words("Chạy riêng tiến trình web.", "Run the web process alone."))
def web(data: Data = None) -> None:
    from mekong.faces.cli import installation
    from mekong.faces.cli.serving import serve

    with installation.served(installation.choose(data)):
        serve()


@app.command(help=words("Chạy riêng tiến trình xử lý việc nền.", "Run the worker process alone."))
def worker(data: Data = None) -> None:
    from mekong.faces.cli import installation
    from mekong.faces.cli.working import work

    with installation.served(installation.choose(data)):
        work()


@app.command(help=words("Đưa cơ sở dữ liệu lên phiên bản này.", "Bring the database to this release."))
def migrate(data: Data = None) -> None:
    from mekong.faces.cli import installation

    with installation.opened(data, prepared=False) as chosen:
        installation.prepare(chosen, installation.progress_line("Chuẩn bị cơ sở dữ liệu", "Preparing the database"))


@app.command(help=words("Kiểm tra các bất biến trên dữ liệu thật.", "Check every invariant on the live data."))
def doctor(
    data: Data = None,
    as_json: Annotated[
        bool, typer.Option("--json", help=words("In kết quả dạng JSON.", "Print the findings as JSON."))
    ] = False,
) -> None:
    from mekong.faces.cli.doctor import examine

    sys.exit(0 if examine(data, as_json=as_json) else 1)


@app.command(help=words("Sao lưu cả hệ thống vào một tệp.", "Back up the whole installation into one file."))
def backup(file: Path, data: Data = None) -> None:
    from mekong.faces.cli.backup import back_up

    back_up(data, file)


@app.command(
    help=words("Khôi phục cả hệ thống từ một tệp sao lưu.", "Restore the whole installation from a backup file.")
)
def restore(
    file: Path,
    data: Data = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help=words("Thay dữ liệu đang có (được cất sang một bên).", "Replace what is there (it is set aside)."),
        ),
    ] = False,
) -> None:
    from mekong.faces.cli.restore import restore

    restore(data, file, force=force)


@token.command("create", help=words("Tạo khoá và chỉ in ra khoá đó.", "Make a token and print it alone."))
def token_create(
    name: str,
    scopes: Annotated[
        str,
        typer.Option(
            help=words("all, hoặc các quyền cách nhau bằng dấu phẩy.", "all, or permissions, comma separated.")
        ),
    ],
    data: Data = None,
) -> None:
    from mekong.faces.cli.tokens import create

    create(data, name=name, scopes=scopes)


@person.command(
    "reset-password",
    help=words("Đặt mật khẩu một lần mới và chỉ in ra mật khẩu đó.", "Set a new one-time password and print it alone."),
)
def person_reset_password(email: str, data: Data = None) -> None:
    from mekong.faces.cli.people import reset_password

    reset_password(data, email=email)


@person.command(
    "reset-second-factor",
    help=words(
        "Bỏ bước xác minh thứ hai của người bị mất điện thoại.", "Take the second step from somebody who lost theirs."
    ),
)
def person_reset_second_factor(email: str, data: Data = None) -> None:
    from mekong.faces.cli.people import reset_second_factor

    reset_second_factor(data, email=email)


@security.command(
    "lift",
    help=words(
        "Gỡ mọi quy tắc nơi và giờ truy cập, khi không ai vào được nữa.",
        "Take every rule of places and hours away, when nobody gets in any more.",
    ),
)
def security_lift(data: Data = None) -> None:
    from mekong.faces.cli.people import lift_rules

    lift_rules(data)


@app.command(
    help=words(
        "Định dạng, kiểu, ranh giới và kiểm thử nhanh của mã nguồn.",
        "Format, types, borders and quick tests of the code.",
    ),
)
def check(data: Data = None) -> None:  # noqa: ARG001 - every command takes it, so that scripts need not know which
    from mekong.faces.cli.development import check

    sys.exit(check())


@app.command(
    help=words("Chạy kiểm thử; tham số được chuyển cho pytest.", "Run the tests; arguments go to pytest."),
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def test(context: typer.Context, data: Data = None) -> None:  # noqa: ARG001, PT028 - as for check; it is a command
    from mekong.faces.cli.development import test

    sys.exit(test(context.args))


@app.command(help=words("Đo hiệu năng.", "Measure performance."))
def bench(
    scenario: Annotated[list[str] | None, typer.Argument()] = None,
    json: Annotated[
        Path | None, typer.Option(help=words("Ghi kết quả dạng JSON.", "Write the figures as JSON."))
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help=words("Thoát với mã 1 khi hụt mục tiêu.", "Exit 1 when a target is missed.")),
    ] = False,
    data: Data = None,
) -> None:
    from mekong.faces.cli.development import bench

    sys.exit(bench(scenario or [], json, data, strict=strict))


@app.command("demo-load", hidden=True)
def demo_load(data: Data = None) -> None:
    from mekong.faces.cli import installation

    with installation.opened(data):
        from mekong.faces.cli.demo import load

        load()


@app.command(
    hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False
)
def manage(context: typer.Context, data: Data = None) -> None:
    """Django's own commands, for those who develop Mekong: `mekong manage makemigrations catalog`."""
    from mekong.faces.cli import installation

    with installation.opened(data, prepared=False):
        from django.core.management import execute_from_command_line

        execute_from_command_line(["mekong manage", *context.args])
