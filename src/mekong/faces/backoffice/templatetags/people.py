"""How the pages of account, staff and security write browsers, ways to sign in, and who acted."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

register = template.Library()

# The first that fits: many browsers name others beside themselves.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("coc_coc", "Cốc Cốc"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
_WAYS: dict[str, str | Promise] = {
    "password": _("password"), "totp": _("password and app"), "recovery": _("password and recovery code"),
    "passkey": _("passkey"), "demo": _("demo"),
}  # fmt: skip


@register.filter
def device(agent: str) -> str:
    """“Chrome, Windows”, as far as the browser tells."""
    names = [next((name for mark, name in marks if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in names if name) or gettext("Unknown device")


@register.filter
def device_icon(agent: str) -> str:
    return "phone" if any(mark in agent for mark in ("iPhone", "Android", "Mobile")) else "keys"


@register.filter
def way(code: str) -> str:
    """How somebody proved who they are."""
    return str(_WAYS.get(code, code))
