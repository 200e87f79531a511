"""Reading of GraphQL documents: operations, variables, fragments, aliases, arguments, directives.

The grammar is that of the GraphQL specification, chapter 2, as far as clients write it; documents that define types are not
read. The sandbox needs no more of the language, and no package for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|\#[^\n]*)|(?P<block>"""(?:\\"""|[\s\S])*?""")|(?P<text>"(?:\\.|[^"\\\n])*")'
    r"|(?P<float>-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+))|(?P<int>-?\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark>\.\.\.|[!$&()\[\]{}:=@|])",
    re.ASCII,
)
WORDS = {"true": True, "false": False, "null": None}
MAX_DEPTH = 40


class Malformed(Exception):
    """The text is not a document; `at` is the line of the first wrong token."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Variable:
    """A variable in place of a value."""

    name: str


@dataclass(frozen=True)
class Field:
    """A field selected, under its alias. Arguments may hold variables."""

    name: str
    alias: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    directives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()


@dataclass(frozen=True)
class Spread:
    """A fragment: named, or written in place for a type ("" = any)."""

    fragment: str
    type_name: str = ""
    directives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()


Selection = Field | Spread


@dataclass(frozen=True)
class Asked:
    """A variable of an operation; `type_name` as written, with its marks."""

    name: str
    type_name: str
    default: Any = None
    has_default: bool = False


@dataclass(frozen=True)
class Operation:
    """A query or a mutation."""

    kind: str
    name: str
    variables: tuple[Asked, ...]
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Document:
    """What a client sent."""

    operations: tuple[Operation, ...]
    fragments: Mapping[str, Spread]


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        at, line = 0, 1
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                raise Malformed(f"unexpected character {text[at]!r}", line)
            if found.lastgroup != "skip":
                self._tokens.append((str(found.lastgroup), found[0], line))
            line += found[0].count("\n")
            at = found.end()
        self._tokens.append(("end", "", line))
        self._at = 0
        self._depth = 0

    def wrong(self) -> Malformed:
        _, shown, line = self._tokens[self._at]
        return Malformed(f"unexpected {shown!r}" if shown else "unexpected end of the document", line)

    def sees(self, *marks: str) -> bool:
        kind, shown, _ = self._tokens[self._at]
        return kind in ("mark", "name") and shown in marks

    def ends(self) -> bool:
        return self._tokens[self._at][0] == "end"

    def skip(self, mark: str) -> bool:
        if not self.sees(mark):
            return False
        self._at += 1
        return True

    def take(self, mark: str) -> None:
        if not self.skip(mark):
            raise self.wrong()

    def name(self) -> str:
        kind, shown, _ = self._tokens[self._at]
        if kind != "name":
            raise self.wrong()
        self._at += 1
        return shown

    # -- values

    def value(self, *, constant: bool = False) -> Any:
        kind, shown, _ = self._tokens[self._at]
        if kind == "mark" and shown == "$" and not constant:
            self._at += 1
            return Variable(self.name())
        if self.skip("["):
            values = []
            while not self.skip("]"):
                values.append(self.value(constant=constant))
            return values
        if self.skip("{"):
            fields = {}
            while not self.skip("}"):
                key = self.name()
                self.take(":")
                fields[key] = self.value(constant=constant)
            return fields
        self._at += 1
        match kind:
            case "int":
                return int(shown)
            case "float":
                return float(shown)
            case "name":
                return WORDS.get(shown, shown)
            case "block":
                return _block(shown)
            case "text":
                try:
                    return msgspec.json.decode(shown)
                except msgspec.DecodeError:
                    pass
        self._at -= 1
        raise self.wrong()

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.skip("("):
            while not self.skip(")"):
                key = self.name()
                self.take(":")
                found[key] = self.value()
        return found

    def directives(self) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        while self.skip("@"):
            key = self.name()
            found[key] = self.arguments()
        return found

    # -- selections

    def selections(self) -> tuple[Selection, ...]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Malformed(f"nested deeper than {MAX_DEPTH}", self._tokens[self._at][2])
        self.take("{")
        found: list[Selection] = []
        while not self.skip("}"):
            found.append(self._spread() if self.skip("...") else self._field())
        if not found:
            self._at -= 1
            raise self.wrong()
        self._depth -= 1
        return tuple(found)

    def _field(self) -> Field:
        alias = name = self.name()
        if self.skip(":"):
            name = self.name()
        arguments, directives = self.arguments(), self.directives()
        return Field(name, alias, arguments, directives, self.selections() if self.sees("{") else ())

    def _spread(self) -> Spread:
        if not self.sees("on", "{", "@"):
            return Spread(self.name(), "", self.directives())
        type_name = self.name() if self.skip("on") else ""
        directives = self.directives()
        return Spread("", type_name, directives, self.selections())

    # -- definitions

    def _type(self) -> str:
        if self.skip("["):
            inner = self._type()
            self.take("]")
            shown = f"[{inner}]"
        else:
            shown = self.name()
        return shown + ("!" if self.skip("!") else "")

    def operation(self) -> Operation:
        if self.sees("{"):
            return Operation("query", "", (), self.selections())
        kind = self.name()
        if kind not in ("query", "mutation"):
            self._at -= 1
            raise self.wrong()
        name = "" if self.sees("(", "{", "@") else self.name()
        asked = []
        if self.skip("("):
            while not self.skip(")"):
                self.take("$")
                key = self.name()
                self.take(":")
                type_name = self._type()
                has_default = self.skip("=")
                asked.append(Asked(key, type_name, self.value(constant=True) if has_default else None, has_default))
        self.directives()
        return Operation(kind, name, tuple(asked), self.selections())

    def fragment(self) -> tuple[str, Spread]:
        name = self.name()
        self.take("on")
        type_name = self.name()
        return name, Spread(name, type_name, self.directives(), self.selections())


def _block(shown: str) -> str:
    """A text between triple quotes, without the indent that its lines have in common."""
    lines = shown[3:-3].replace('\\"""', '"""').split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    cut = min(indents, default=0)
    return "\n".join([lines[0], *(line[cut:] for line in lines[1:])]).strip("\n")


def parse(text: str) -> Document:
    """Read a document. Raises: Malformed."""
    reader = _Reader(text)
    operations: list[Operation] = []
    fragments: dict[str, Spread] = {}
    while not reader.ends():
        if reader.skip("fragment"):
            name, fragment = reader.fragment()
            fragments[name] = fragment
        else:
            operations.append(reader.operation())
    if not operations:
        raise reader.wrong()
    return Document(tuple(operations), fragments)
