"""Message catalogues without the gettext programs: what the pages say, whether Vietnamese has it, and the .mo of it.

    python -m checks.catalogues            says what is missing, left over or stale; status 1 then
    python -m checks.catalogues --write    adds missing msgids (empty) to the .po, drops the others, compiles every .mo

Msgids are English. They are found in Python by the name of the function they are given to, in templates by Django's own
reader of templates. `src/mekong/locale` holds those of the pages; a module's errors stand in its own `locale`.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "src" / "mekong"
PAGES = ROOT / "faces" / "backoffice"
CATALOGUE = ROOT / "locale" / "vi" / "LC_MESSAGES" / "django.po"

_ONE = {"gettext", "gettext_lazy", "_", "gettext_noop", "_n"}
_MANY = {"ngettext", "ngettext_lazy"}
_CONTEXT = {"pgettext", "pgettext_lazy"}


@dataclass(frozen=True, order=True)
class Message:
    """`plural` "" for a message without one; `context` tells apart what English says alike."""

    msgid: str
    plural: str = ""
    context: str = ""


def of_python(text: str) -> Iterator[Message]:
    """Messages of a module's source."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if name in _ONE and texts:
            yield Message(texts[0])
        elif name in _MANY and len(texts) > 1:
            yield Message(texts[0], texts[1])
        elif name in _CONTEXT and len(texts) > 1:
            yield Message(texts[1], context=texts[0])


def of_template(text: str) -> Iterator[Message]:
    """Messages of a template, as `templatize` turns it into calls of gettext."""
    from django.utils.translation.template import templatize

    for call in re.finditer(r"\b(n?p?gettext|_)\((.*?)\)(?=\s|$)", templatize(text), re.DOTALL):
        texts = [
            ast.literal_eval(each.removeprefix("u"))
            for each in re.findall(r"u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"", call[2])
        ]
        if call[1] in ("gettext", "_") and texts:
            yield Message(texts[0])
        elif call[1] == "ngettext" and len(texts) > 1:
            yield Message(texts[0], texts[1])
        elif call[1] == "pgettext" and len(texts) > 1:
            yield Message(texts[1], context=texts[0])


def used() -> set[Message]:
    """Every message of the pages."""
    found: set[Message] = set()
    for file in PAGES.rglob("*.py"):
        found.update(of_python(file.read_text(encoding="utf-8")))
    for file in (PAGES / "templates").rglob("*.html"):
        found.update(of_template(file.read_text(encoding="utf-8")))
    return {each for each in found if each.msgid}


# --- .po --------------------------------------------------------------------------------------------------------------

HEADER = """\
# Vietnamese of the pages. Kept in step by `python -m checks.catalogues --write`.
msgid ""
msgstr ""
"Language: vi\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""
_FIELD = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[0\])?) "(.*)"$')


def read_po(path: Path) -> dict[Message, str]:
    """Translations of a catalogue; its header is left out."""
    found: dict[Message, str] = {}
    fields: dict[str, str] = {}
    last = ""

    def keep() -> None:
        if fields.get("msgid"):
            message = Message(fields["msgid"], fields.get("msgid_plural", ""), fields.get("msgctxt", ""))
            found[message] = fields.get("msgstr", "")
        fields.clear()

    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        head = _FIELD.match(line)
        if head:
            name = head[1].removesuffix("[0]")
            if (name == "msgid" and "msgid" in fields) or (name == "msgctxt" and "msgid" in fields):
                keep()
            fields[name] = _unescaped(head[2])
            last = name
        elif line.startswith('"') and last:
            fields[last] += _unescaped(line[1:-1])
    keep()
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def write_po(path: Path, said: Mapping[Message, str]) -> None:
    """The catalogue in alphabetical order, one line a text, so that two branches seldom clash."""
    parts = [HEADER]
    for message in sorted(said):
        lines = [f'msgctxt "{_escaped(message.context)}"'] if message.context else []
        lines.append(f'msgid "{_escaped(message.msgid)}"')
        if message.plural:
            lines.append(f'msgid_plural "{_escaped(message.plural)}"')
        lines.append(f'msgstr{"[0]" if message.plural else ""} "{_escaped(said[message])}"')
        parts.append("\n".join(lines) + "\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


# --- .mo --------------------------------------------------------------------------------------------------------------


def compiled(path: Path) -> bytes:
    """The binary form of a catalogue. Source: GNU gettext manual, “The Format of GNU MO Files”."""
    header = "".join(_unescaped(line[1:-1]) for line in HEADER.splitlines() if line.startswith('"'))
    texts = {"": header}
    for message, translation in read_po(path).items():
        if translation:
            key = f"{message.context}\x04{message.msgid}" if message.context else message.msgid
            texts[f"{key}\x00{message.plural}" if message.plural else key] = translation
    pairs = sorted((key.encode(), value.encode()) for key, value in texts.items())
    ids, values = b"", b""
    places: list[tuple[int, int, int, int]] = []
    for key, value in pairs:
        places.append((len(key), len(ids), len(value), len(values)))
        ids += key + b"\0"
        values += value + b"\0"
    start = 7 * 4
    id_start = start + 16 * len(pairs)
    table = b"".join(struct.pack("<II", length, id_start + at) for length, at, _, _ in places)
    table += b"".join(struct.pack("<II", length, id_start + len(ids) + at) for _, _, length, at in places)
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), start, start + 8 * len(pairs), 0, 0) + table + ids + values


# --- what is wrong ----------------------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(r"\{\w+\}|%\(\w+\)s")


def findings() -> list[str]:
    """One line for each thing that is wrong with the pages' catalogue."""
    said, wanted = read_po(CATALOGUE), used()
    wrong = [f"not in the catalogue: {each.msgid!r}" for each in sorted(wanted - said.keys())]
    wrong += [f"no longer used: {each.msgid!r}" for each in sorted(said.keys() - wanted)]
    for message, translation in sorted(said.items()):
        if not translation:
            wrong.append(f"not translated: {message.msgid!r}")
        elif set(_PLACEHOLDER.findall(translation)) - set(_PLACEHOLDER.findall(message.msgid + message.plural)):
            wrong.append(f"a placeholder that English lacks: {message.msgid!r}")
        elif set(_PLACEHOLDER.findall(message.plural or message.msgid)) - set(_PLACEHOLDER.findall(translation)):
            wrong.append(f"a placeholder is missing: {message.msgid!r}")
    for catalogue in sorted(ROOT.rglob("*.po")):
        binary = catalogue.with_suffix(".mo")
        if not binary.exists() or binary.read_bytes() != compiled(catalogue):
            wrong.append(f"{binary.relative_to(ROOT)} is not of its .po: python -m checks.catalogues --write")
    known = {message.msgid for catalogue in ROOT.rglob("*.po") for message in read_po(catalogue)}
    wrong += [f"a refusal without Vietnamese: {each!r}" for each in sorted(refusals() - known)]
    wrong += [f"a sentence without Vietnamese: {each!r}" for each in sorted(sentences() - known)]
    return wrong


def sentences() -> set[str]:
    """What modules below the pages say by gettext: the doctor's findings, words in sheets."""
    return {
        message.msgid
        for module in (folder for folder in ROOT.iterdir() if folder.is_dir() and folder.name != "faces")
        for source in module.rglob("*.py")
        for message in of_python(source.read_text(encoding="utf-8"))
    }


def refusals() -> set[str]:
    """Sentences that commands refuse with, beside the templates of their errors: `problem="…"`, or a variable so named."""
    found: set[str] = set()
    for source in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "problem" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
            if isinstance(node, ast.Assign) and _is_problem(node.targets) and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
    return found


def _is_problem(targets: list[ast.expr]) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "problem" for each in targets)


def main() -> int:
    if "--write" in sys.argv[1:]:
        said = read_po(CATALOGUE)
        write_po(CATALOGUE, {each: said.get(each, "") for each in used()})
        for catalogue in ROOT.rglob("*.po"):
            catalogue.with_suffix(".mo").write_bytes(compiled(catalogue))
    wrong = findings()
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
