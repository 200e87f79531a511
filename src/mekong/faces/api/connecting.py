"""Connecting channels: the account and its keys, the merchant's consent, and what the platform lists."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from mekong.channels import commands, queries, remote
from mekong.channels.socket import Secrets
from mekong.faces.api import channels
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.channels import ChannelOut, ListingId, ListingOut, channel_out, listing_out
from mekong.faces.api.shapes import Body, Flag, Moment, Sku

router = channels.router
"""One for both: the two share addresses."""
Url = Annotated[str, Field(max_length=500)]
Secret = Annotated[str, Field(max_length=2_000)]


class ConnectorOut(Schema):
    """A kind of channel to connect. `secrets`: fields of `POST /channels/{code}/secrets`, by the platform's names."""

    name: str
    title: str
    letters: str
    api_version: str
    capabilities: list[str]
    docs_url: str
    secrets: dict[str, str]


class ConnectorsOut(Schema):
    items: list[ConnectorOut]


class ChannelIn(Body):
    """`kind`: a connector's name, or web, store, phone, social. `shop_id`: needed where there is a platform.

    `orders_from`: orders that changed on the platform before it are not taken over; now, when it is left out.
    """

    code: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    kind: Annotated[str, Field(min_length=1, max_length=40)]
    shop_id: Annotated[str, Field(max_length=80)] = ""
    currency: Annotated[str, Field(min_length=3, max_length=3)] = "VND"
    api_url: Url = ""
    auth_url: Url = ""
    notice_url: Url = ""
    price_sync: Flag = False
    orders_from: Moment | None = None


class SecretsIn(Body):
    """Keys from the platform's developer console; tokens only where they are at hand. They are kept encrypted."""

    app_key: Annotated[str, Field(min_length=1, max_length=400)]
    app_secret: Annotated[str, Field(min_length=1, max_length=2_000)]
    notice_secret: Secret = ""
    access_token: Secret = ""
    refresh_token: Secret = ""
    access_expires_at: Moment | None = None
    refresh_expires_at: Moment | None = None


class AuthorisationIn(Body):
    """`redirect_url`: where the platform sends the merchant back to, as registered with it."""

    redirect_url: Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s]+$")]


class AuthorisationOut(Schema):
    url: str


class ConsentIn(Body):
    """`params`: the query with which the platform sent the merchant back, `state` among it."""

    params: Annotated[
        dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=2_000)]], Field(max_length=50)
    ]


class PulledOut(Schema):
    """`ambiguous`: its SKU or barcode fits more than one variant of ours. `gone`: was listed before and is no more."""

    channel: str
    seen: int
    added: int
    matched: int
    unmatched: int
    ambiguous: int
    gone: int


class AuditedOut(Schema):
    """Listings by id. `drifted`: showed another figure than acknowledged, and are being set right."""

    channel: str
    read: int
    drifted: list[int]
    missing: list[int]


class MatchListingIn(Body):
    sku: Sku


@router.get("/connectors", response=ConnectorsOut)
def list_connectors(request: HttpRequest) -> Any:
    """The platforms that a channel can be connected to, and the keys that each asks for."""
    authenticate(request).require("channels.view")
    return {
        "items": [
            {**asdict(each), "capabilities": sorted(each.capabilities), "secrets": dict(each.secrets)}
            for each in queries.list_connectors()
        ]
    }


@router.post("/channels", response={201: ChannelOut})
def create_channel(request: HttpRequest, body: ChannelIn) -> Any:
    """Add a place orders come from; of a marketplace, it waits for its keys."""
    made = commands.create_channel(actor=authenticate(request), now=moment(request), **body.model_dump())
    return Status(201, channel_out(made))


@router.post("/channels/{code}/secrets", response=ChannelOut)
def store_secrets(request: HttpRequest, code: str, body: SecretsIn) -> Any:
    """Store an account's keys. With tokens it works at once; without, the merchant says yes first."""
    secrets = Secrets(**body.model_dump())
    return channel_out(commands.connect(actor=authenticate(request), code=code, secrets=secrets, now=moment(request)))


@router.post("/channels/{code}/authorisation", response=AuthorisationOut)
def begin_authorisation(request: HttpRequest, code: str, body: AuthorisationIn) -> Any:
    """The address at which the merchant says yes, on the platform. Good once, for half an hour at most."""
    now: datetime = moment(request)
    url = commands.begin_authorisation(actor=authenticate(request), code=code, redirect_url=body.redirect_url, now=now)
    return {"url": url}


@router.post("/channels/{code}/authorisation/finish", response=ChannelOut)
def finish_authorisation(request: HttpRequest, code: str, body: ConsentIn) -> Any:
    """Hand in what the platform sent the merchant back with; whoever began it finishes it, and the channel works."""
    return channel_out(remote.finish_authorisation(actor=authenticate(request), params=body.params, channel=code))


@router.post("/channels/{code}/pause", response=ChannelOut)
def pause_channel(request: HttpRequest, code: str) -> Any:
    """Stop synchronising a channel. A repeat changes nothing."""
    return channel_out(commands.pause_channel(actor=authenticate(request), code=code))


@router.post("/channels/{code}/resume", response=ChannelOut)
def resume_channel(request: HttpRequest, code: str) -> Any:
    """Go on with a paused channel: missed orders first, then every figure is set right. A repeat changes nothing."""
    return channel_out(commands.resume_channel(actor=authenticate(request), code=code))


@router.post("/channels/{code}/listings/pull", response=PulledOut)
def pull_listings(request: HttpRequest, code: str) -> Any:
    """Take over everything the platform lists, now, and match it by SKU, then by barcode. Safe to repeat."""
    return asdict(remote.pull_listings(actor=authenticate(request), channel=code))


@router.post("/channels/{code}/listings/audit", response=AuditedOut)
def audit_listings(request: HttpRequest, code: str) -> Any:
    """Read every matched listing back from the platform, now, and have set right what differs. Safe to repeat."""
    report = remote.audit_listings(actor=authenticate(request), channel=code)
    return {**asdict(report), "drifted": list(report.drifted), "missing": list(report.missing)}


@router.post("/listings/{listing_id}/match", response=ListingOut)
def match_listing(request: HttpRequest, listing_id: ListingId, body: MatchListingIn) -> Any:
    """Say by hand which SKU a listing is; its stock is pushed from now on. A repeat changes nothing."""
    return listing_out(commands.match_listing(actor=authenticate(request), listing_id=listing_id, sku=body.sku))


@router.post("/listings/{listing_id}/unmatch", response=ListingOut)
def unmatch_listing(request: HttpRequest, listing_id: ListingId) -> Any:
    """Take a wrong match away; the platform's figure stays as it is until it is matched again."""
    return listing_out(commands.unmatch_listing(actor=authenticate(request), listing_id=listing_id))


@router.post("/listings/{listing_id}/ignore", response=ListingOut)
def ignore_listing(request: HttpRequest, listing_id: ListingId) -> Any:
    """Leave a listing alone for good: it is none of ours."""
    return listing_out(commands.ignore_listing(actor=authenticate(request), listing_id=listing_id))
