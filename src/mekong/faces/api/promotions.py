"""Promotions: written down, tried on a basket, let go, paused and ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from mekong.catalog import queries as catalog
from mekong.channels.queries import channel_names
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.price_shapes import PreviewOut, PromotionIn, PromotionOut, State, StateIn, TriedOut, TryIn
from mekong.faces.api.shapes import Cursor, Limit, Moment, PageOf
from mekong.faces.price_checks import check_places
from mekong.faces.price_words import reason_words
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.orders import queries as orders
from mekong.pricing import commands, queries
from mekong.pricing.contracts.lists import PromotionDraft, PromotionView
from mekong.pricing.errors import PromotionInvalid
from mekong.pricing.queries import Spoken, Tried, TryLine

router = Router(tags=["prices"])
_PLAIN = frozenset(PromotionOut.model_fields) - {"goods", "effect"}


def _out(views: Iterable[PromotionView]) -> list[dict[str, Any]]:
    found = list(views)
    spoken = Spoken([(each.goods, each.effect) for each in found])
    return [
        {
            **{name: getattr(each, name) for name in _PLAIN},
            "goods": spoken.goods(each.goods),
            "effect": spoken.effect(each.effect),
        }
        for each in found
    ]


def _draft(body: PromotionIn) -> PromotionDraft:
    """Raises: PromotionInvalid naming the field as the caller wrote it."""
    audience = body.audience.kept()
    check_places(audience, PromotionInvalid)
    said = {
        **body.model_dump(exclude={"effect", "goods", "audience"}),
        "goods": queries.keys_of_goods(body.goods.model_dump()),
        "effect": queries.keys_of_effect(body.effect.said()),
        "audience": audience,
    }
    return PromotionDraft(**said)


def _saved(request: HttpRequest, actor: Actor, body: PromotionIn, promotion: int | None = None) -> dict[str, Any]:
    draft = _draft(body)
    try:
        saved = commands.save_promotion(actor=actor, draft=draft, promotion_id=promotion, now=moment(request))
    except PromotionInvalid as wrong:
        field = str(wrong.params["field"])
        raise PromotionInvalid(**{**wrong.params, "field": queries.NAMED_FIELDS.get(field, field)}) from wrong
    return _out([saved])[0]


def _manager(request: HttpRequest) -> Actor:
    """Who may not set offers is not told which there are."""
    actor = authenticate(request)
    actor.require("pricing.manage")
    return actor


@router.get("/promotions", response=PageOf[PromotionOut])
def list_promotions(
    request: HttpRequest,
    state: State | None = None,
    q: Annotated[str, Field(max_length=100, description="Part of the code or the name.")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Promotions, newest first."""
    actor = authenticate(request)
    after = decode_cursor(cursor, tuple[int])[0] if cursor else None
    found = queries.list_promotions(actor=actor, state=state or "", text=q, after=after, limit=limit + 1)
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return {"items": _out(found[:limit]), "next_cursor": more}


@router.post("/promotions", response={201: PromotionOut})
def create_promotion(request: HttpRequest, body: PromotionIn) -> Any:
    """Write a promotion down. It is a draft until it is let go; try it on a basket before."""
    actor = _manager(request)
    return Status(201, _saved(request, actor, body))


@router.get("/promotions/{code}", response=PromotionOut)
def get_promotion(request: HttpRequest, code: str) -> Any:
    """One promotion, and how much of it is used."""
    return _out([queries.get_promotion(actor=authenticate(request), code=code)])[0]


@router.put("/promotions/{code}", response=PromotionOut)
def change_promotion(request: HttpRequest, code: str, body: PromotionIn) -> Any:
    """Set everything of a promotion; one that runs is changed for baskets from now on. A repeat changes nothing."""
    actor = _manager(request)
    promotion = queries.get_promotion(actor=SYSTEM, code=code).id
    return _saved(request, actor, body, promotion)


@router.post("/promotions/{code}/state", response=PromotionOut)
def turn_promotion(request: HttpRequest, code: str, body: StateIn) -> Any:
    """Let a promotion run (`active`), pause or end it. A repeat changes nothing."""
    actor = _manager(request)
    promotion = queries.get_promotion(actor=SYSTEM, code=code).id
    turned = commands.turn_promotion(actor=actor, promotion_id=promotion, state=body.state, now=moment(request))
    return _out([turned])[0]


@router.post("/promotions/{code}/try", response=TriedOut)
def try_promotion(request: HttpRequest, code: str, body: TryIn) -> Any:
    """What a basket would cost with a promotion, live or not, and without it. Changes nothing and takes nothing.

    The buyer is one whom it is meant for, with a voucher where it needs one.
    """
    actor, now = authenticate(request), moment(request)
    kept = queries.get_promotion(actor=actor, code=code)
    at = body.at or max(now, kept.starts_at or now)
    tried = queries.try_promotion(
        actor=actor, draft=kept, promotion_id=kept.id, lines=[TryLine(line.sku, line.units) for line in body.lines],
        channel=body.channel, at=at, delivery_fee_minor=body.delivery_fee_minor,
    )  # fmt: skip
    return _tried(tried)


def _tried(tried: Tried) -> dict[str, Any]:
    quote = tried.quote
    gifts = catalog.variants_by_id(actor=SYSTEM, ids={gift.variant_id for gift in quote.gifts})
    return {
        "applies": tried.applies, "benefit_minor": tried.benefit_minor, "currency": quote.currency,
        "total_minor": quote.total_minor, "without_minor": tried.without.total_minor,
        "delivery_minor": quote.delivery_minor, "guarded_minor": quote.guarded_minor,
        "lines": [{name: getattr(line, name) for name in _LINE} for line in quote.lines],
        "gifts": [
            {"sku": gifts[gift.variant_id].sku, "units": gift.units, "worth_minor": gift.worth_minor, "name": gift.name}
            for gift in quote.gifts
        ],
        "reasons": [
            {"line": each.line, "amount_minor": each.amount_minor, "text": reason_words(each, quote.currency)}
            for each in quote.reasons
        ],
    }  # fmt: skip


@router.get("/promotions/{code}/preview", response=PreviewOut)
def preview_promotion(
    request: HttpRequest,
    code: str,
    placed_from: Annotated[Moment, Query(description="Orders placed from then on.")],
    placed_to: Annotated[Moment, Query(description="Up to then, itself not counted.")],
) -> Any:
    """What a promotion, running or not, would have cost on past orders of our own channels. Looks at the newest 20,000.

    Each basket is priced again at today's prices with the promotion and without; its limits hold, its dates are left out.
    Needs `reports.view` too; margins are null without `money.view_cost`.
    """
    actor = authenticate(request)
    promotion = queries.get_promotion(actor=actor, code=code).id
    own = [each.code for each in channel_names() if not each.is_remote]
    made = orders.preview_offer(
        actor=actor, promotion_id=promotion, channels=own, starts_at=placed_from, ends_at=placed_to
    )
    return asdict(made)


_LINE = ("sku", "units", "unit_minor", "total_minor", "discount_minor", "paid_minor")
