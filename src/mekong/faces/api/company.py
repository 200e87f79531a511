"""Who runs this installation."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mekong.faces.api.auth import authenticate
from mekong.faces.api.shapes import Body
from mekong.foundation import company

router = Router(tags=["company"])


class CompanyOut(Schema):
    """As documents name it; `name` is empty until it was said. `phone` is E.164."""

    name: str
    tax_code: str
    phone: str
    email: str
    address: str


class CompanyIn(Body):
    """`tax_code`: 10 digits, 13 for a branch, 12 for a household."""

    name: Annotated[str, Field(max_length=160)]
    tax_code: Annotated[str, Field(max_length=20)] = ""
    phone: Annotated[str, Field(max_length=30)] = ""
    email: Annotated[str, Field(max_length=254)] = ""
    address: Annotated[str, Field(max_length=300)] = ""


@router.get("/company", response=CompanyOut)
def get_company(request: HttpRequest) -> Any:
    """The company as its documents name it."""
    authenticate(request)
    return company.get_company()


@router.put("/company", response=CompanyOut)
def set_company(request: HttpRequest, body: CompanyIn) -> Any:
    """Say who runs this installation. What is left out becomes empty."""
    return company.set_company(actor=authenticate(request), **body.model_dump())
