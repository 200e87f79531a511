"""What the doctor says is said in both languages: no sentence of a finding is plain English text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from checks.catalogues import ROOT, read_po, sentences

_TRANSLATED = {"gettext", "ngettext", "words"}
_COMMANDS = ("chmod ", "mekong ")
"""A remedy may be a command, which is the same in every language."""
_MAKERS = {"Finding", "_differences"}


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _plain(node: ast.AST) -> Iterator[str]:
    """Texts with words in them that no translation goes over."""
    if isinstance(node, ast.Call):
        if _name(node) in _TRANSLATED:
            return
        # Not what stands between or is looked up: "; ".join(…), found["sku"].
        for each in ([node.func.value] if isinstance(node.func, ast.Attribute) else []) + node.args:
            yield from _plain(each)
        for keyword in node.keywords:
            yield from _plain(keyword.value)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and any(letter.isalpha() for letter in node.value):
            yield node.value
    elif not isinstance(node, ast.Subscript):
        for child in ast.iter_child_nodes(node):
            yield from _plain(child)


def _english(source: str) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and _name(node) in _MAKERS]
    texts = [text for call in calls for argument in call.args[1:] for text in _plain(argument)]
    return [text for text in texts if not text.startswith(_COMMANDS)]


def test_no_finding_is_plain_english() -> None:
    found: dict[str, list[str]] = {}
    for source in Path(ROOT).rglob("*.py"):
        if english := _english(source.read_text(encoding="utf-8")):
            found[str(source.relative_to(ROOT))] = english
    assert found == {}


def test_the_search_finds_what_it_looks_for() -> None:
    assert _english('Finding(False, f"{n} are wrong: {x[\'a\']}", gettext("Mend it."))') == [" are wrong: "]
    assert _english('Finding(False, gettext("{n} a").format(n="; ".join(x)), f"chmod 600 {path}")') == []


def test_every_sentence_of_a_module_has_vietnamese() -> None:
    said = {message.msgid: text for file in ROOT.rglob("*.po") for message, text in read_po(file).items()}
    wanted = sentences()
    assert len(wanted) > 40
    assert sorted(each for each in wanted if not said.get(each)) == []
