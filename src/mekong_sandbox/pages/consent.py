"""What the pages have in common on which sellers let an app in."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from mekong_sandbox.http import Reply, Request, parse_pairs
from mekong_sandbox.pages.layout import page


def with_query(url: str, more: dict[str, str]) -> str:
    """The URL with more parameters."""
    base, hash_mark, fragment = url.partition("#")
    return f"{base}{'&' if '?' in base else '?'}{urlencode(more)}{hash_mark}{fragment}"


def form(title: str, app: str, choices: list[tuple[str, str]], hidden: dict[str, str], action: str) -> Reply:
    """The question; posts `owner`, the id chosen, and what is hidden."""
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    options = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in choices)
    body = (
        f'<h1>Cho phép ứng dụng {escape(app)}?</h1><div class="card">'
        "<p>Ứng dụng sẽ xem và sửa sản phẩm, tồn kho và đơn hàng của gian hàng.</p>"
        f'<form method="post" action="{action}">{fields}'
        f'<label>Gian hàng<select name="owner">{options}</select></label>'
        f"<button>Cho phép / Allow</button></form></div>"
    )
    if not choices:
        body = "<h1>Chưa có gian hàng nào</h1><p>Hãy tạo gian hàng thử trước.</p>"
    return page(title, body)


def sent_with(request: Request) -> dict[str, str]:
    """Query parameters and form fields."""
    return dict(request.pairs()) | dict(parse_pairs(request.body.decode("utf-8", "replace")))


def wrong(text: str) -> Reply:
    """A page that says what is wrong with the link."""
    return page("Liên kết không đúng", f"<h1>Liên kết không đúng</h1><p>{escape(text)}</p>", status=422)


def is_web(url: str) -> bool:
    """Whether a redirect may go there."""
    return url.startswith(("http://", "https://"))
