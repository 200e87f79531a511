"""Reading of inputs of mutations, and the payloads they answer."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from mekong_sandbox.shopify.execute import Arguments, GraphError, Node

Input = TypeVar("Input", bound=msgspec.Struct)
MAX_ITEMS = 250


def read(args: Arguments, name: str, input_type: type[Input], graph_type: str) -> Input:
    """An argument as its input type. Raises: GraphError."""
    try:
        return msgspec.convert(args.get(name), input_type)
    except msgspec.ValidationError as bad:
        text = f"Variable ${name} of type {graph_type}! was provided invalid value ({bad})"
        raise GraphError(text, "INVALID_VARIABLE") from None


def undefined(field: str, graph_type: str) -> GraphError:
    """A field that the input does not have in this version."""
    return GraphError(f"Field is not defined on {graph_type}: {field}", "INVALID_VARIABLE")


def check_size(items: list[Any]) -> None:
    """Raises: GraphError."""
    if len(items) > MAX_ITEMS:
        text = f"The input array size of {len(items)} is greater than the maximum allowed of {MAX_ITEMS}."
        raise GraphError(text, "MAX_INPUT_SIZE_EXCEEDED")


def user_error(field: list[str] | None, message: str, code: str | None = None) -> Node:
    """What is wrong with the caller's input, told under HTTP 200."""
    return {"__typename": "UserError", "field": field, "message": message, "code": code}


def payload(kind: str, errors: list[Node] | None = None, **fields: Any) -> Node:
    """The answer of a mutation."""
    return {"__typename": f"{kind}Payload", **fields, "userErrors": errors or []}
