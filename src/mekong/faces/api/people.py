"""People, roles and tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from mekong.faces.api.auth import authenticate, confirmed, moment
from mekong.faces.api.shapes import Body, Cursor, Flag, Limit, LocationIds, Moment, PageOf, page, public_id
from mekong.foundation import commands, ids, queries
from mekong.foundation.contracts import PersonView, TokenView
from mekong.foundation.permissions import PERMISSIONS, ROLES

router = Router(tags=["people"])


class RoleHeldOut(Schema):
    role: str
    location_ids: list[int]


class PersonOut(Schema):
    id: str
    email: str
    name: str
    phone: str
    language: str
    is_active: bool
    must_change_password: bool
    created_at: Moment
    roles: list[RoleHeldOut]


class NewPersonOut(Schema):
    """`password` signs in once; it is shown here and nowhere else."""

    person: PersonOut
    password: str


class MeOut(Schema):
    """`permissions` null: all. `location_ids` null: everywhere; otherwise where every right holds."""

    kind: str
    ref: str
    name: str
    permissions: list[str] | None
    location_ids: list[int] | None


class PermissionOut(Schema):
    name: str
    vi: str
    en: str
    reach: str


class RoleOut(Schema):
    """`permissions` null: all, those to come included."""

    name: str
    vi: str
    en: str
    permissions: list[str] | None


class RolesOut(Schema):
    roles: list[RoleOut]
    permissions: list[PermissionOut]


class TokenOut(Schema):
    id: str
    name: str
    hint: str
    scopes: list[str]
    location_ids: list[int]
    created_by: str
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None
    is_personal: bool


class NewTokenOut(Schema):
    """`text` goes behind `Authorization: Bearer`; it is shown here and nowhere else."""

    token: TokenOut
    text: str


class NewPersonIn(Body):
    email: Annotated[str, Field(min_length=3, max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    phone: Annotated[str, Field(max_length=20)] = ""
    language: Literal["vi", "en"] = "vi"


class PersonPatchIn(Body):
    is_active: Flag | None = None
    language: Literal["vi", "en"] | None = None


class RoleIn(Body):
    """`location_ids` empty: at every location."""

    role: Annotated[str, Field(max_length=30)]
    location_ids: LocationIds = Field(default_factory=list)


class NewTokenIn(Body):
    """`scopes`: permissions, or `["all"]`. `is_personal`: for the person who makes it, and never more than they may."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    scopes: Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=100)]
    location_ids: LocationIds = Field(default_factory=list)
    expires_at: Moment | None = None
    is_personal: Flag = False


def person_out(person: PersonView) -> dict[str, Any]:
    return {
        **{name: getattr(person, name) for name in PersonOut.model_fields if name not in {"id", "roles"}},
        "id": ids.public("per", person.id),
        "roles": [{"role": each.role, "location_ids": list(each.location_ids)} for each in person.roles],
    }


def token_out(token: TokenView) -> dict[str, Any]:
    return {
        **{name: getattr(token, name) for name in TokenOut.model_fields},
        "id": ids.public("tok", token.id),
        "scopes": list(token.scopes),
        "location_ids": list(token.location_ids),
    }


@router.get("/me", response=MeOut, tags=["people"])
def me(request: HttpRequest) -> Any:
    """Who the caller is, and what they may do."""
    actor = authenticate(request)
    return {
        "kind": actor.kind,
        "ref": actor.ref,
        "name": actor.name,
        "permissions": None if actor.permissions is None else sorted(actor.permissions),
        "location_ids": None if actor.location_ids is None else sorted(actor.location_ids),
    }


@router.get("/roles", response=RolesOut)
def roles(request: HttpRequest) -> Any:  # noqa: ARG001 - Ninja's signature
    """The role presets, and every permission there is."""
    return {
        "roles": [
            {
                "name": role.name,
                "vi": role.vi,
                "en": role.en,
                "permissions": None if role.permissions is None else sorted(role.permissions),
            }
            for role in ROLES.values()
        ],
        "permissions": [
            {"name": each.name, "vi": each.vi, "en": each.en, "reach": each.reach} for each in PERMISSIONS.values()
        ],
    }


@router.get("/people", response=PageOf[PersonOut])
def list_people(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """Everyone who works or worked here."""
    return page(queries.list_people(actor=authenticate(request), cursor=cursor, limit=limit), person_out)


@router.post("/people", response={201: NewPersonOut})
def create_person(request: HttpRequest, body: NewPersonIn) -> Any:
    """Add someone. The answer has a one-time password to hand over."""
    made = commands.create_person(actor=confirmed(request), now=moment(request), **body.model_dump())
    return Status(201, {"person": person_out(made.person), "password": made.password})


@router.get("/people/{person_id}", response=PersonOut)
def get_person(request: HttpRequest, person_id: str) -> Any:
    """One person: oneself, or anyone with `staff.manage`."""
    found = queries.get_person(actor=authenticate(request), person_id=public_id("per", person_id, "Person"))
    return person_out(found)


@router.patch("/people/{person_id}", response=PersonOut)
def change_person(request: HttpRequest, person_id: str, body: PersonPatchIn) -> Any:
    """Shut someone out or let them in again, or set the language of their pages."""
    return person_out(
        commands.change_person(
            actor=authenticate(request) if body.is_active is None else confirmed(request),
            person_id=public_id("per", person_id, "Person"),
            is_active=body.is_active,
            language=body.language,
            now=moment(request),
        )
    )


@router.post("/people/{person_id}/roles", response=PersonOut)
def assign_role(request: HttpRequest, person_id: str, body: RoleIn) -> Any:
    """Give a role, at all locations or at some; a role already held is moved to these locations."""
    given = commands.assign_role(
        actor=confirmed(request),
        person_id=public_id("per", person_id, "Person"),
        role=body.role,
        location_ids=body.location_ids,
    )
    return person_out(given)


@router.delete("/people/{person_id}/roles/{role}", response=PersonOut)
def remove_role(request: HttpRequest, person_id: str, role: str) -> Any:
    """Take a role. A repeat changes nothing."""
    actor = confirmed(request)
    return person_out(commands.remove_role(actor=actor, person_id=public_id("per", person_id, "Person"), role=role))


@router.post("/people/{person_id}/password", response=NewPersonOut)
def reset_password(request: HttpRequest, person_id: str) -> Any:
    """A new one-time password; the old one and open sessions end."""
    actor = confirmed(request)
    made = commands.reset_password(actor=actor, person_id=public_id("per", person_id, "Person"))
    return {"person": person_out(made.person), "password": made.password}


@router.get("/tokens", response=PageOf[TokenOut], tags=["tokens"])
def list_tokens(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """Every token, revoked ones too, newest first. Their texts are not kept."""
    return page(queries.list_tokens(actor=authenticate(request), cursor=cursor, limit=limit), token_out)


@router.post("/tokens", response={201: NewTokenOut}, tags=["tokens"])
def create_token(request: HttpRequest, body: NewTokenIn) -> Any:
    """Make a token with no more rights than the caller has. The answer has its text, once."""
    made = commands.create_token(actor=confirmed(request), now=moment(request), **body.model_dump())
    return Status(201, {"token": token_out(made.token), "text": made.text})


@router.delete("/tokens/{token_id}", response=TokenOut, tags=["tokens"])
def revoke_token(request: HttpRequest, token_id: str) -> Any:
    """End a token, within five seconds everywhere. A repeat changes nothing."""
    actor = authenticate(request)
    return token_out(
        commands.revoke_token(actor=actor, token_id=public_id("tok", token_id, "Token"), now=moment(request))
    )
