"""Errors as RFC 9457 problem documents, in the caller's language.

`problem` is a plain function of an error and a language, so both lanes answer alike. `detail` is the sentence for
people, `code` is for programs and stays as it is, `params` are the facts of this case, and `errors` names each wrong
field with its problem and its remedy.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.utils.translation import trans_real

from mekong.faces.api.errors import BadFields, FieldProblem
from mekong.foundation.errors import Invalid, MekongError
from mekong.foundation.permissions import PERMISSIONS

MEDIA_TYPE = "application/problem+json"
LANGUAGES = ("vi", "en")

TITLES: Mapping[int, str] = {
    400: "The request cannot be read",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "A clash with what is there",
    413: "Too large",
    415: "Not read here",
    422: "Something in the request is wrong",
    429: "Too many requests",
    500: "A mistake on our side",
    502: "The other system refused",
    503: "Not available right now",
}


@dataclass(frozen=True)
class Problem:
    """`body` is ready for JSON; `headers` belong to the answer beside the usual ones."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    def encoded(self) -> bytes:
        return msgspec.json.encode(self.body)


def negotiate(accept_language: str | None) -> str:
    """`vi` or `en`, whichever an Accept-Language header prefers; `vi` when it prefers neither."""
    best, best_weight = LANGUAGES[0], 0.0
    for choice in (accept_language or "")[:200].split(","):
        tag, _, weight_text = choice.partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(weight_text)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(text: str) -> float:
    found = re.fullmatch(r"\s*q=(\d(?:\.\d{0,3})?)\s*", text)
    return float(found[1]) if found else 0.0 if text.strip() else 1.0


def problem(error: MekongError, language: str, instance: str = "") -> Problem:
    """The problem document of an error.

    Args:
        language: of `title`, `detail` and `errors`: vi or en.
        instance: the path that was asked for.
    """
    translated = _translator(language)
    errors: list[dict[str, str]] = []
    if isinstance(error, BadFields):
        errors = [_field(each, language) for each in error.fields]
        detail = " ".join(f"{each['field']}: {each['problem']}" for each in errors[:3])
        params: Mapping[str, Any] = {}
    else:
        params = error.params
        detail = sentence(error.template, params, language)
        if isinstance(error, Invalid) or "field" in params:
            what, _, remedy = detail.partition(". ")
            errors = [{"field": str(params.get("field", "")), "problem": what.rstrip(".") + ".", "remedy": remedy}]
    body = {
        "type": f"urn:mekong:problem:{error.code}",
        "title": translated(TITLES.get(error.status, TITLES[500])),
        "status": error.status,
        "detail": detail,
        "code": error.code,
        "instance": instance,
        "errors": errors,
        "params": {name: _plain(value) for name, value in params.items()},
    }
    headers = {"Content-Language": language}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="mekong"'
    if (wait := params.get("retry_after_s")) is not None:
        headers["Retry-After"] = str(wait)
    if error.status == 405:
        headers["Allow"] = str(params.get("allowed", ""))
    return Problem(error.status, body, headers)


def _translator(language: str) -> Callable[[str], str]:
    return trans_real.translation(language if language in LANGUAGES else LANGUAGES[0]).gettext


def sentence(template: str, params: Mapping[str, Any], language: str) -> str:
    """An English msgid in a language, with its facts filled in."""
    translated = _translator(language)
    return translated(template).format_map(_Shown(params, language, translated))


def sentence_of(code: str, params: Mapping[str, Any], language: str) -> str:
    """The sentence of an error that was kept as its code and facts; the code itself where no error has it."""
    template = _templates().get(code)
    return sentence(template, params, language) if template else code


@functools.cache
def _templates() -> dict[str, str]:
    found: dict[str, str] = {}
    waiting: list[type[MekongError]] = [MekongError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind.template)
        waiting.extend(kind.__subclasses__())
    return found


def _field(wrong: FieldProblem, language: str) -> dict[str, str]:
    return {
        "field": wrong.field,
        "problem": sentence(wrong.problem, wrong.params, language),
        "remedy": sentence(wrong.remedy, wrong.params, language) if wrong.remedy else "",
    }


class _Shown(dict[str, Any]):
    """Parameters as people read them: a sentence translated, a permission with its label; a missing one as its name."""

    def __init__(self, params: Mapping[str, Any], language: str, translated: Callable[[str], str]) -> None:
        super().__init__(params)
        if isinstance(sentence := self.get("problem"), str) and sentence:
            self["problem"] = translated(sentence).format_map(_Facts(params))
        if isinstance(kind := self.get("kind"), str):
            self["kind"] = translated(kind)
        if (known := PERMISSIONS.get(str(self.get("permission", "")))) is not None:
            self["permission"] = f"{known.label(language)} ({known.name})"

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class _Facts(dict[str, Any]):
    """Parameters of a sentence within the sentence; a missing one as its name."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _plain(value: Any) -> Any:
    """What JSON can hold: numbers, texts, lists and objects as they are, anything else as its text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_plain(each) for each in value]
    return str(value)


# --- what validators say, in our words -------------------------------------------------------------------------------

_SAYS: Mapping[str, tuple[str, str]] = {
    "missing": ("This field is missing.", "Send it."),
    "extra_forbidden": ("This field is not known here.", "Leave it out, or check its spelling."),
    "int_type": ("A whole number is needed.", "Send digits without quotes or a decimal point."),
    "int_parsing": ("A whole number is needed.", "Send digits alone."),
    "int_from_float": ("A whole number is needed, not a fraction.", "Send digits without a decimal point."),
    "int_parsing_size": ("This number is too large.", "Send a smaller one."),
    "string_type": ("A text is needed.", "Put it in quotes."),
    "string_too_long": ("At most {max_length} characters are taken.", "Shorten it."),
    "string_too_short": ("At least {min_length} characters are needed.", "Fill it in."),
    "string_pattern_mismatch": ("This text does not have the form {pattern}.", "Correct it."),
    "greater_than": ("It must be above {gt}.", "Send a larger number."),
    "greater_than_equal": ("It must be {ge} or more.", "Send a larger number."),
    "less_than": ("It must be below {lt}.", "Send a smaller number."),
    "less_than_equal": ("It must be {le} or less.", "Send a smaller number."),
    "literal_error": ("This is not one of: {expected}.", "Choose one of these."),
    "enum": ("This is not one of: {expected}.", "Choose one of these."),
    "bool_type": ("True or false is needed.", "Send true or false without quotes."),
    "bool_parsing": ("True or false is needed.", "Send true or false."),
    "list_type": ("A list is needed.", "Send it in square brackets."),
    "tuple_type": ("A list is needed.", "Send it in square brackets."),
    "dict_type": ("An object is needed.", "Send it in curly brackets."),
    "model_type": ("An object is needed.", "Send it in curly brackets."),
    "model_attributes_type": ("An object is needed.", "Send it in curly brackets."),
    "too_long": ("At most {max_length} entries are taken.", "Send it in several requests."),
    "too_short": ("At least {min_length} entries are needed.", "Add one."),
    "datetime": ("This is not a moment in time.", "Write it as 2026-11-22T09:30:00+07:00."),
    "timezone": ("The time zone is missing.", "Write it as 2026-11-22T09:30:00+07:00."),
    "date": ("This is not a date.", "Write it as 2026-11-22."),
    "uuid": ("This is not an id.", "Send the id as the API gave it."),
    "unstorable": ("It holds characters that cannot be stored.", "Remove control characters and broken letters."),
}
_OTHERWISE = ("This value is not valid.", "Compare it with the OpenAPI document.")


def say(kind: str) -> tuple[str, str]:
    """Problem and remedy of a validator's error type."""
    if kind in _SAYS:
        return _SAYS[kind]
    return _SAYS.get(kind.partition("_")[0], _OTHERWISE)


def field_path(parts: Sequence[int | str]) -> str:
    """`("lines", 0, "quantity")` as people write it: `lines[0].quantity`."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


_MSGSPEC = re.compile(r"^(?P<what>.*?)(?: - at (?:`key` in )?`(?P<path>[^`]*)`)?$", re.DOTALL)
_MSGSPEC_KINDS: tuple[tuple[str, str], ...] = (
    (r"missing required field `(?P<name>[^`]+)`", "missing"),
    (r"unknown field `(?P<name>[^`]+)`", "extra_forbidden"),
    (r"Expected `int`", "int_type"),
    (r"Integer value out of range|Number out of range", "int_parsing_size"),
    (r"Expected `int \| null`", "int_type"),
    (r"Expected `str \| null`", "string_type"),
    (r"Expected `object \| null`", "dict_type"),
    (r"Expected `str` matching regex (?P<pattern>.+)", "string_pattern_mismatch"),
    (r"Expected `str` of length <= (?P<max_length>\d+)", "string_too_long"),
    (r"Expected `str` of length >= (?P<min_length>\d+)", "string_too_short"),
    (r"Expected `str`", "string_type"),
    (r"Expected `array` of length <= (?P<max_length>\d+)", "too_long"),
    (r"Expected `array` of length >= (?P<min_length>\d+)", "too_short"),
    (r"Expected `array`", "list_type"),
    (r"Expected `object`", "dict_type"),
    (r"Expected `bool`", "bool_type"),
    (r"Expected `int` >= (?P<ge>-?\d+)", "greater_than_equal"),
    (r"Expected `int` <= (?P<le>-?\d+)", "less_than_equal"),
)


def from_msgspec(error: msgspec.ValidationError) -> BadFields:
    """The wrong field of a msgspec decoder, as the express lane meets it, in the words of the other lane."""
    matched = _MSGSPEC.match(str(error))
    what, path = (matched["what"], matched["path"] or "$") if matched else (str(error), "$")
    path = path.removeprefix("$").removeprefix(".")
    for pattern, kind in sorted(_MSGSPEC_KINDS, key=lambda each: -len(each[0])):
        if found := re.search(pattern, what):
            params = found.groupdict()
            if name := params.pop("name", None):
                path = f"{path}.{name}" if path else name
            return BadFields([FieldProblem(path or "body", *say(kind), params)])
    return BadFields([FieldProblem(path or "body", *say("otherwise"))])
