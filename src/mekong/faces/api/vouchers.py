"""Vouchers: codes that open a promotion."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import Field

from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.price_shapes import (
    CodeIn,
    CodeOut,
    GivenIn,
    SharedCodeIn,
    VoucherOut,
    VouchersIn,
    VouchersOut,
)
from mekong.faces.api.shapes import Cursor, Limit, PageOf, public_id
from mekong.foundation import ids
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.foundation.phones import e164
from mekong.pricing import commands, queries
from mekong.pricing.contracts.lists import VoucherView
from mekong.pricing.errors import VoucherInvalid

router = Router(tags=["prices"])
BATCH = "vcb"
_FIELDS = frozenset(VoucherOut.model_fields)


def _issuer(request: HttpRequest) -> Actor:
    """Who may not issue vouchers is not told which promotions there are."""
    actor = authenticate(request)
    actor.require("vouchers.issue")
    return actor


def _promotion(code: str) -> int:
    return queries.get_promotion(actor=SYSTEM, code=code).id


def _out(view: VoucherView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in _FIELDS}


@router.post("/promotions/{code}/vouchers", response={201: VouchersOut})
def make_vouchers(request: HttpRequest, code: str, body: VouchersIn) -> Any:
    """Make up to 50,000 codes of their own for a promotion that needs a voucher."""
    actor = _issuer(request)
    made = commands.make_vouchers(
        actor=actor, promotion_id=_promotion(code), count=body.count, name=body.name, most_uses=body.most_uses,
        expires_at=body.expires_at, now=moment(request),
    )  # fmt: skip
    return Status(
        201,
        {
            "id": ids.public(BATCH, made.uid), "promotion": made.promotion, "name": made.name,
            "codes": [queries.written_code(each) for each in made.codes],
        },
    )  # fmt: skip


@router.post("/promotions/{code}/shared-code", response=CodeOut)
def share_code(request: HttpRequest, code: str, body: SharedCodeIn) -> Any:
    """One code for everybody, such as TET2027. A repeat changes nothing."""
    kept = commands.share_code(
        actor=_issuer(request), promotion_id=_promotion(code), code=body.code, most_uses=body.most_uses,
        expires_at=body.expires_at, now=moment(request),
    )  # fmt: skip
    return {"code": kept}


@router.post("/promotions/{code}/personal-vouchers", response={201: CodeOut})
def give_voucher(request: HttpRequest, code: str, body: GivenIn) -> Any:
    """One code for one person, who alone may use it, once. The same `reference` again answers with the same code."""
    actor = _issuer(request)
    person = e164(body.person)
    if person is None:
        raise VoucherInvalid(field="person", problem="This is no phone number. Send it as 0901 234 567 or +84…")
    given = commands.give_voucher(
        actor=actor, promotion_code=queries.get_promotion(actor=SYSTEM, code=code).code, person=person,
        reference=body.reference, expires_at=body.expires_at, now=moment(request),
    )  # fmt: skip
    return Status(201, {"code": queries.written_code(given)})


@router.get("/vouchers", response=PageOf[VoucherOut])
def list_vouchers(
    request: HttpRequest,
    promotion: Annotated[str, Field(max_length=40, description="Code of a promotion.")] = "",
    q: Annotated[str, Field(max_length=60, description="The beginning of a code, or a person's phone.")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Vouchers, newest first."""
    actor = _issuer(request)
    after = decode_cursor(cursor, tuple[int])[0] if cursor else None
    found = queries.list_vouchers(
        actor=actor, promotion_id=_promotion(promotion) if promotion else None, text=q, after=after, limit=limit + 1
    )
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return {"items": [_out(each) for each in found[:limit]], "next_cursor": more}


@router.get(
    "/voucher-batches/{batch_id}/codes",
    openapi_extra={
        "responses": {
            "200": {
                "description": "A code a line, as it is printed.",
                "content": {"text/csv; charset=utf-8": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def get_voucher_codes(request: HttpRequest, batch_id: str) -> Any:
    """The codes that were made together, as CSV."""
    actor = _issuer(request)
    found = queries.batch_codes(actor=actor, batch=public_id(BATCH, batch_id, "Batch of vouchers"))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["code", "promotion"])
    writer.writerows([queries.written_code(code), found.promotion] for code in found.codes)
    headers = {
        "Content-Disposition": f'attachment; filename="vouchers-{found.promotion}.csv"',
        "X-Batch-Codes": str(len(found.codes)),
    }
    return HttpResponse(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers)


@router.post("/vouchers/block", response=CodeOut)
def block_voucher(request: HttpRequest, body: CodeIn) -> Any:
    """Let a code open nothing any more. A repeat changes nothing."""
    commands.block_voucher(actor=_issuer(request), code=body.code, is_blocked=True)
    return {"code": body.code}


@router.post("/vouchers/unblock", response=CodeOut)
def unblock_voucher(request: HttpRequest, body: CodeIn) -> Any:
    """Let a blocked code open its promotion again. A repeat changes nothing."""
    commands.block_voucher(actor=_issuer(request), code=body.code, is_blocked=False)
    return {"code": body.code}
