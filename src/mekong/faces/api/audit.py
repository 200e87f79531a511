"""The audit trail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mekong.faces.api.auth import authenticate
from mekong.faces.api.shapes import Cursor, Limit, Moment, PageOf, page
from mekong.foundation import queries

router = Router(tags=["audit"])


class AuditOut(Schema):
    """One change: the columns that changed, before and after. Secrets read `•••`."""

    id: int
    at: Moment
    actor: str
    actor_name: str
    table: str
    row_id: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@router.get("/audit", response=PageOf[AuditOut])
def list_audit(
    request: HttpRequest,
    table: Annotated[str, Field(max_length=63)] | None = None,
    row_id: Annotated[str, Field(max_length=64)] | None = None,
    actor: Annotated[str, Field(max_length=80, description="A ref, such as `person:12`.")] | None = None,
    action: Annotated[str, Field(max_length=10, description="`insert`, `update`, `delete`, `read`, `sign_in`…")]
    | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """Who changed what, newest first. Nothing can edit it. Customers' data is masked without `customers.reveal`."""
    found = queries.list_audit(
        actor=authenticate(request),
        table=table,
        row_id=row_id,
        by=actor,
        action=action,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    return page(found, asdict)
