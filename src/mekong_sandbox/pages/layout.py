"""The plain frame of all pages. Neutral: no marketplace's logo, colours or fonts."""

from __future__ import annotations

from html import escape

from mekong_sandbox.http import HTML, Reply
from mekong_sandbox.money import exponent

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --paper: #f5f6f8;
  --card: #fff; --go: #205493 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf0; --soft: #a3adba; --line: #353e4a; --paper: #161b22; --card: #1e252e; --go: #8ab8f0 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
header, main { max-width: 60rem; margin: auto; padding: 1rem }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline }
header small, .soft { color: var(--soft) }
h1 { font-size: 1.4rem; margin: .2rem 0 } a { color: var(--go) }
.grid { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .9rem;
  overflow-wrap: anywhere }
.price { font-size: 1.1rem; font-weight: 600 } .left { font-variant-numeric: tabular-nums }
table { width: 100%; border-collapse: collapse }
td, th { text-align: left; padding: .4rem; border-top: 1px solid var(--line) }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin-top: .75rem }
form + .grid, form + .soft { margin-top: 1rem } a.card { color: inherit; text-decoration: none }
a.card:hover { border-color: var(--go) } input[type=number] { width: 6rem }
label { display: grid; font-size: .9rem; color: var(--soft) }
input, select, button { font: inherit; padding: .45rem .6rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: var(--ink); max-width: 100% }
button { background: var(--go); border-color: var(--go); color: var(--card); font-weight: 600; cursor: pointer }
button:disabled { opacity: .5; cursor: not-allowed }
:focus-visible { outline: 3px solid var(--go); outline-offset: 2px }
"""


def page(title: str, body: str, *, home: str = "", status: int = 200) -> Reply:
    """A whole page; `home` is the front page of its marketplace."""
    link = f'<a href="{home}">Tất cả sản phẩm</a>' if home else ""
    html = (
        f'<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<header><strong>{escape(title)}</strong>{link}<small>Sàn thử nghiệm, không phải sàn thật</small></header>"
        f"<main>{body}</main></html>"
    )
    return Reply(html.encode(), status=status, content_type=HTML)


def money(minor: int, currency: str) -> str:
    """An amount as Vietnamese readers write it."""
    decimals = exponent(currency)
    text = f"{minor / 10**decimals:,.{decimals}f}".replace(",", "\0").replace(".", ",").replace("\0", ".")
    return f"{text} {'₫' if currency == 'VND' else escape(currency)}"


def shown_image(url: str, name: str, width: int = 160) -> str:
    """A picture, when it has an address a browser can open."""
    if not url.startswith(("http://", "https://", "/")) or ".example" in url:
        return ""
    return f'<img src="{escape(url, quote=True)}" alt="{escape(name, quote=True)}" width="{width}" loading="lazy">'


def live_stock(url: str) -> str:
    """A script that keeps the figures on the page true: every element with data-stock follows the JSON of `url`."""
    return (
        "<script>setInterval(async () => { try {"
        f" const seen = await (await fetch({url!r})).json();"
        " for (const one of document.querySelectorAll('[data-stock]'))"
        " { const left = seen.stock[one.dataset.stock]; if (left !== undefined) one.textContent = left; }"
        " } catch { } }, 1000)</script>"
    )


def buy_form(action: str, hidden: dict[str, str], choices: list[tuple[str, str]], *, can_buy: bool) -> str:
    """Quantity, variant when there is a choice, name and phone, and the button."""
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    if len(choices) > 1:
        options = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in choices)
        fields += f'<label>Phân loại<select name="variant">{options}</select></label>'
    elif choices:
        fields += f'<input type="hidden" name="variant" value="{escape(choices[0][0])}">'
    return (
        f'<form method="post" action="{action}">{fields}'
        '<label>Số lượng<input name="quantity" type="number" min="1" value="1" required></label>'
        '<label>Người nhận<input name="name" value="Nguyễn Văn An" required></label>'
        '<label>Điện thoại<input name="phone" value="0901234567" required></label>'
        f"<button{'' if can_buy else ' disabled'}>Mua ngay</button></form>"
    )
