"""Returns that buyers asked platforms for, and the answer to them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mekong.channels import queries, remote
from mekong.channels.contracts import ReturnView
from mekong.faces.api.auth import authenticate
from mekong.faces.api.shapes import Body, Cursor, Flag, Limit, Moment, PageOf
from mekong.foundation import ids

router = Router(tags=["orders"])
ReturnState = Literal["requested", "accepted", "shipping_back", "received", "disputed", "refunded", "closed"]


class ReturnLineOut(Schema):
    sku: str
    name: str
    quantity: int


class ReturnOut(Schema):
    """`order_code`: ours, "" while the order is not in the book. `answer_by`: when the platform decides alone, null where
    it does not say. `answer`: accept, refuse or ""; the platform has taken it from `answered_at` on. `is_waiting`: somebody
    here is to answer.
    """

    id: str
    channel: str
    external_id: str
    order_external_id: str
    order_code: str
    state: str
    raw_state: str
    reason_code: str
    reason: str
    refund_minor: int
    currency: str
    is_goods_coming_back: bool
    lines: list[ReturnLineOut]
    tracking_no: str
    requested_at: Moment
    answer_by: Moment | None
    answer: str
    answer_reason: str
    answered_by: str
    answered_at: Moment | None
    is_waiting: bool


class ReturnAnswerIn(Body):
    """`reason`: needed to refuse; the platform shows it to the buyer."""

    accept: Flag
    reason: Annotated[str, Field(max_length=300)] = ""


_PLAIN = frozenset(ReturnOut.model_fields) - {"id", "lines"}


def return_out(each: ReturnView) -> dict[str, Any]:
    plain = {name: getattr(each, name) for name in _PLAIN}
    return {**plain, "id": ids.public("ret", each.id), "lines": [asdict(line) for line in each.lines]}


@router.get("/return-requests", response=PageOf[ReturnOut])
def list_return_requests(
    request: HttpRequest,
    waiting: bool | None = None,
    state: ReturnState | None = None,
    channel: Annotated[str, Field(max_length=40)] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Returns that buyers asked platforms for, newest first; with `waiting=1` those to answer, nearest deadline first."""
    found = queries.list_returns(
        actor=authenticate(request), is_waiting=waiting, state=state or "", channel=channel, cursor=cursor, limit=limit
    )
    return {"items": [return_out(each) for each in found.returns], "next_cursor": found.next_cursor}


@router.get("/return-requests/{return_id}", response=ReturnOut)
def get_return_request(request: HttpRequest, return_id: str) -> Any:
    """One of them."""
    return return_out(queries.get_return(actor=authenticate(request), return_id=return_id))


@router.post("/return-requests/{return_id}/answer", response=ReturnOut)
def answer_return_request(request: HttpRequest, return_id: str, body: ReturnAnswerIn) -> Any:
    """Agree or refuse; the platform is told now. Agreeing opens the order's return, and its goods are counted in when they
    are received and graded. A repeat changes nothing.
    """
    actor = authenticate(request)
    return return_out(remote.answer_return(actor=actor, return_id=return_id, accept=body.accept, reason=body.reason))
