"""The types that request and answer bodies are made of."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from mekong.foundation import ids
from mekong.foundation.contracts import Page
from mekong.foundation.errors import NotFound
from mekong.foundation.paging import MAX_LIMIT

T = TypeVar("T")
V = TypeVar("V")

BIGGEST = 2**63 - 1
MAX_UNITS = 2**31 - 1

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many entries a page has.")]
Cursor = Annotated[str, Field(max_length=500, description="`next_cursor` of the page before.")]
Units = Annotated[int, Field(strict=True, ge=1, le=MAX_UNITS, description="Smallest stock units.")]
SignedUnits = Annotated[int, Field(strict=True, ge=-MAX_UNITS, le=MAX_UNITS, description="Smallest stock units.")]
Minor = Annotated[int, Field(strict=True, ge=0, le=10**15, description="Amount in minor units; VND has none.")]
Flag = Annotated[bool, Field(strict=True)]
Number = Annotated[int, Field(strict=True, ge=0, le=MAX_UNITS)]
Sku = Annotated[str, Field(min_length=1, max_length=64)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(max_length=2000)]


def _written(value: Any) -> Any:
    """A moment is written as ISO 8601; a bare number could be seconds or milliseconds."""
    if isinstance(value, date) or (isinstance(value, str) and not re.fullmatch(r"\s*[-+]?\d*\.?\d*\s*", value)):
        return value
    raise PydanticCustomError("datetime_type", "not a moment in time")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as wrong:
        raise PydanticCustomError("datetime_type", "not a moment in time") from wrong


Moment = Annotated[
    AwareDatetime, BeforeValidator(_written, json_schema_input_type=AwareDatetime), AfterValidator(_in_utc)
]
"""Taken with any zone, answered in UTC."""
Day = Annotated[date, BeforeValidator(_written, json_schema_input_type=date)]
"""Written as ISO 8601; a bare number is none."""
LocationIds = Annotated[list[Annotated[int, Field(strict=True, ge=1, le=BIGGEST)]], Field(max_length=1000)]


class Body(BaseModel):
    """A request body. A field that is not in it is refused by name."""

    model_config = ConfigDict(extra="forbid")


class PageOf(Schema, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def page(found: Page[V], shown: Any) -> dict[str, Any]:
    """A page of views as its answer; `shown` turns one view into its shape."""
    return {"items": [shown(each) for each in found.items], "next_cursor": found.next_cursor}


def public_id(kind: str, text: str, what: str) -> UUID:
    """The id inside a public one. Raises: NotFound."""
    found = ids.parse_public(kind, text)
    if found is None:
        raise NotFound(kind=what, key=text)
    return found


class ProblemField(Schema):
    field: str
    problem: str
    remedy: str


class ProblemDocument(Schema):
    """RFC 9457. `code` is stable and for programs, `detail` is for people, `errors` names each wrong field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[ProblemField]
    params: dict[str, Any]
