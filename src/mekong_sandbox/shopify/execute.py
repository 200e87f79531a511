"""Answering of a GraphQL operation from plain values, and what it costs.

An object is a mapping with its `__typename`; a value in it that is a function gets the field's arguments. Answers hold
exactly the fields selected.

Cost (protocol notes, section 2): an object is a point, a scalar none, a mutation ten; a connection is two points and a
quarter of what its nodes would cost one by one, a stand-in for a weight that the platform does not publish. What is asked
for is taken by `first`, what is charged by the rows that came.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from mekong_sandbox.shopify.graphql import Document, Field, Operation, Selection, Spread, Variable

Arguments = dict[str, Any]
Node = Mapping[str, Any]
FREE = ("edges", "node", "nodes", "pageInfo", "userErrors")
MUTATION_COST = 10
ITEM_SHARE = 4


class GraphError(Exception):
    """The operation is refused: `errors` in the answer, under HTTP 200."""

    def __init__(self, message: str, code: str = "", **more: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = ({"code": code} if code else {}) | more

    def row(self) -> dict[str, Any]:
        """As it stands in `errors`."""
        shown: dict[str, Any] = {"message": self.message}
        return shown | ({"extensions": self.extensions} if self.extensions else {})


def chosen(document: Document, name: str) -> Operation:
    """The operation to run. Raises: GraphError."""
    found = [one for one in document.operations if not name or one.name == name]
    if len(found) != 1:
        raise GraphError(f"No operation named {name!r}" if name else "An operation name is required")
    return found[0]


def variables_of(operation: Operation, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an operation's variables; one that is not sent and has no default is absent. Raises: GraphError."""
    values: dict[str, Any] = {}
    for asked in operation.variables:
        if asked.name in sent:
            values[asked.name] = sent[asked.name]
        elif asked.has_default:
            values[asked.name] = asked.default
        if asked.type_name.endswith("!") and values.get(asked.name) is None:
            problem = {"path": [], "explanation": "Expected value to not be null"}
            text = f"Variable ${asked.name} of type {asked.type_name} was provided invalid value"
            raise GraphError(text, "INVALID_VARIABLE", value=None, problems=[problem])
    return values


class Run:
    """One operation under way. `charged` grows as objects are answered."""

    def __init__(self, document: Document, operation: Operation, variables: Mapping[str, Any]) -> None:
        self._fragments = document.fragments
        self._declared = {asked.name for asked in operation.variables}
        self._variables = variables
        self._unfolding: set[str] = set()
        self._items = 0
        self._objects = 0

    def value(self, written: Any) -> Any:
        """A written value with its variables filled in; fields of an input that get no value are left out."""
        if isinstance(written, Variable):
            if written.name not in self._declared:
                raise GraphError(f"Variable ${written.name} is used but not declared", "variableNotDefined")
            return self._variables.get(written.name)
        if isinstance(written, list):
            return [self.value(one) for one in written]
        if isinstance(written, dict):
            return self.arguments(written)
        return written

    def arguments(self, written: Mapping[str, Any]) -> Arguments:
        """Arguments with their variables filled in; one whose variable was not sent is not there."""
        return {
            name: self.value(one)
            for name, one in written.items()
            if not isinstance(one, Variable) or one.name in self._variables or one.name not in self._declared
        }

    def fields(self, selections: tuple[Selection, ...], type_name: str) -> Iterator[Field]:
        """The fields selected of a type, fragments unfolded, `@skip` and `@include` obeyed."""
        for one in selections:
            if self._is_left_out(one.directives):
                continue
            if isinstance(one, Field):
                yield one
                continue
            fragment = self._fragments.get(one.fragment) if one.fragment else one
            if fragment is None:
                raise GraphError(f"Fragment {one.fragment} was used, but not defined", "useAndDefineFragment")
            if one.fragment in self._unfolding:
                raise GraphError(f"Fragment {one.fragment} contains an infinite loop", "infiniteLoop")
            if not type_name or fragment.type_name in ("", type_name, "Node"):
                yield from self._unfolded(fragment, type_name)

    def _unfolded(self, fragment: Spread, type_name: str) -> Iterator[Field]:
        """The fields of a fragment. Whatever is looked at before this ends stands inside of it."""
        named = {fragment.fragment} - {""}
        self._unfolding |= named
        yield from self.fields(fragment.selections, type_name)
        self._unfolding -= named

    def _is_left_out(self, directives: Mapping[str, Mapping[str, Any]]) -> bool:
        skipped = "skip" in directives and self.value(directives["skip"].get("if")) is True
        return skipped or ("include" in directives and self.value(directives["include"].get("if")) is False)

    # -- answers

    def answer(self, found: Any, selected: Field, path: str) -> Any:
        """What a field answers of the value found for it. Raises: GraphError."""
        if callable(found):
            found = found(self.arguments(selected.arguments))
        if isinstance(found, list | tuple):
            return [self.answer(one, selected, path) for one in found]
        if not isinstance(found, Mapping):
            if selected.selections and found is not None:
                raise GraphError(f"Selections can't be made on scalars (field '{path}')", "selectionMismatch")
            return found
        if not selected.selections:
            text = f"Field must have selections (field '{path}' returns {found['__typename']} but has no selections)"
            raise GraphError(text, "selectionMismatch")
        self._count(found, selected.name)
        answered: dict[str, Any] = {}
        for one in self.fields(selected.selections, found["__typename"]):
            if one.name not in found:
                text = f"Field '{one.name}' doesn't exist on type '{found['__typename']}'"
                raise GraphError(text, "undefinedField", typeName=found["__typename"], fieldName=one.name)
            shown = self.answer(found[one.name], one, one.name)
            _merge(answered, one.alias, shown)
        return answered

    def _count(self, found: Node, name: str) -> None:
        if name in ("node", "nodes"):
            self._items += 1
        elif name not in FREE:
            self._objects += 2 if str(found["__typename"]).endswith("Connection") else 1

    # -- costs

    def asked_cost(self, operation: Operation) -> int:
        """Points that the operation may cost at most."""
        if operation.kind == "mutation":
            fields = list(self.fields(operation.selections, ""))
            return sum(MUTATION_COST + self._cost(one.selections) for one in fields)
        return self._cost(operation.selections)

    def charged(self, operation: Operation) -> int:
        """Points that it did cost."""
        base = MUTATION_COST * len(operation.selections) if operation.kind == "mutation" else 0
        return base + self._objects + math.ceil(self._items / ITEM_SHARE)

    def _cost(self, selections: tuple[Selection, ...]) -> int:
        total = 0
        for one in self.fields(selections, ""):
            if not one.selections:
                continue
            inner = self._cost(one.selections)
            size = next((self.value(one.arguments[key]) for key in ("first", "last") if key in one.arguments), None)
            if isinstance(size, int):
                total += 2 + math.ceil(size * max(1, inner) / ITEM_SHARE)
            else:
                total += inner if one.name in FREE else 1 + inner
        return total


def _merge(answered: dict[str, Any], key: str, shown: Any) -> None:
    """Two selections of one field add up."""
    kept = answered.get(key)
    if isinstance(kept, dict) and isinstance(shown, dict):
        for name, one in shown.items():
            _merge(kept, name, one)
    elif isinstance(kept, list) and isinstance(shown, list) and kept and isinstance(kept[0], dict):
        for left, right in zip(kept, shown, strict=True):
            for name, one in right.items():
                _merge(left, name, one)
    else:
        answered[key] = shown
