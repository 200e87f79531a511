"""Two letters and a hue for each channel, never a marketplace's logo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HUES: Mapping[str, str] = {
    "store": "store", "pos": "store", "web": "web", "shopee": "sp", "lazada": "lz", "tiki": "tk", "tiktok": "tt",
    "woocommerce": "web", "shopify": "web", "facebook": "social", "zalo": "social", "field": "field", "phone": "call",
}  # fmt: skip
LETTERS: Mapping[str, str] = {
    "store": "CH", "pos": "CH", "web": "WB", "shopee": "SP", "lazada": "LZ", "tiki": "TK", "tiktok": "TT",
    "woocommerce": "WC", "shopify": "SF", "facebook": "FB", "zalo": "ZL", "field": "GT", "phone": "ĐT",
}  # fmt: skip
NAMES: Mapping[str, str | Promise] = {
    "store": _("Store"), "pos": _("Store"), "web": _("Web"), "shopee": "Shopee", "lazada": "Lazada", "tiki": "Tiki",
    "tiktok": "TikTok Shop",
    "woocommerce": "WooCommerce", "shopify": "Shopify", "facebook": "Facebook", "zalo": "Zalo",
    "field": _("Field"), "phone": _("Phone"),
}  # fmt: skip
ORDER = ("store", "web", "sp", "lz", "tk", "tt", "social", "field", "call")
"""Channels stand in this order in every chart and list."""


@dataclass(frozen=True)
class Mark:
    code: str
    kind: str
    letters: str
    hue: str
    name: str

    @property
    def place(self) -> tuple[int, str]:
        return (ORDER.index(self.hue) if self.hue in ORDER else len(ORDER), self.code)


def mark(code: str, *, kind: str = "", name: str = "", letters: str = "") -> Mark:
    """The mark of a channel; of one that is only known by its code, told from how the code begins."""
    kind = kind or next((known for known in HUES if code == known or code.startswith(f"{known}-")), "")
    return Mark(
        code=code,
        kind=kind,
        letters=(LETTERS.get(kind) or letters or code[:2].upper() or "?")[:2],
        hue=HUES.get(kind, "call"),
        name=name or str(NAMES.get(kind, code)),
    )
