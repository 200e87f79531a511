"""What commands refuse, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext

from mekong.faces.backoffice import words
from mekong.foundation.errors import MekongError
from mekong.foundation.permissions import PERMISSIONS


class _Filled(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def fill(template: str, params: Mapping[str, object]) -> str:
    """An English msgid in the reader's language, with its parameters; those that are words are translated too."""
    known = _Filled(params)
    permission = PERMISSIONS.get(str(known.get("permission", "")))
    if permission is not None:
        known["permission"] = permission.label(get_language() or "vi")
    for name in ("state", "wanted"):
        if isinstance(code := known.get(name), str) and code in words.ORDER_STATES:
            known[name] = words.ORDER_STATES[code].word
        elif isinstance(code, str) and code in words.RETURN_STATES:
            known[name] = words.RETURN_STATES[code].word
    if isinstance(held := known.get("issues"), str):
        known["issues"] = ", ".join(str(words.ISSUES.get(each, (each, ""))[0]) for each in held.split(", "))
    if isinstance(known.get("problem"), str) and known["problem"]:
        known["problem"] = gettext(str(known["problem"])).format_map(_Filled(params))
    return gettext(template).format_map(known) if template else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def of(refused: MekongError) -> str:
    """The whole sentence of an error."""
    return _capital(fill(refused.template, refused.params))


def without_field(refused: MekongError) -> str:
    """The sentence of an error that stands beside its field, where naming the field again would only be noise."""
    text = fill(refused.template, {**refused.params, "field": "\u2060"})
    return _capital(text.removeprefix("\u2060").lstrip(": ").strip().replace("\u2060", ""))
