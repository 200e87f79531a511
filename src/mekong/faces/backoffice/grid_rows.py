"""Rows of the table of variants as its script takes them: facts, and for every channel a price and a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import GridFacts
from mekong.channels import queries as channels
from mekong.channels.contracts import ListingView
from mekong.faces.backoffice import problems
from mekong.faces.backoffice.grid_columns import Market, limit_of, limit_sentence, money_text
from mekong.faces.backoffice.templatetags.mekong import clock, num, thumb
from mekong.faces.backoffice.templatetags.mekong import money as shown_money
from mekong.faces.backoffice.visit import Visit
from mekong.inventory import queries as inventory
from mekong.inventory.contracts import ControlView

Cell = dict[str, Any]


def rows(visit: Visit, ids: Sequence[int], shown: Sequence[Market]) -> list[dict[str, Any]]:
    """These variants in the order asked for. About a dozen statements, however many."""
    facts = catalog.grid_facts(actor=visit.actor, ids=ids)
    sees_stock = visit.actor.may("inventory.view")
    sums = inventory.stock_sums(actor=visit.actor, variant_ids=ids) if sees_stock else {}
    controls = inventory.sku_controls(actor=visit.actor, skus=[each.sku for each in facts]) if sees_stock else {}
    listed: dict[tuple[int, str], list[ListingView]] = {}
    if shown:
        for listing in channels.listings_of(actor=visit.actor, variant_ids=ids):
            if listing.variant_id is not None:
                listed.setdefault((listing.variant_id, listing.channel), []).append(listing)
    return [_row(each, sums.get(each.id, (0, 0)), shown, listed, controls, sees_stock=sees_stock) for each in facts]


def _row(
    facts: GridFacts,
    stock: tuple[int, int],
    shown: Sequence[Market],
    listed: Mapping[tuple[int, str], Sequence[ListingView]],
    controls: Mapping[tuple[str, str], ControlView],
    *,
    sees_stock: bool,
) -> dict[str, Any]:
    cells: dict[str, Cell] = {}
    for market in shown:
        code = market.view.code
        own = listed.get((facts.id, code), ())
        cells[f"p:{code}"] = _price(market, own)
        cells[f"q:{code}"] = _figure(market, own, controls.get((code, facts.sku)))
    made: dict[str, Any] = {
        "id": facts.id, "product": facts.product_id, "name": facts.name, "title": facts.title, "sku": facts.sku,
        "barcode": facts.barcode, "category": facts.category, "status": facts.status, "price": facts.price,
        "currency": facts.currency, "picture": thumb(facts.thumbnail_url, facts.name), "cells": cells,
    }  # fmt: skip
    if facts.cost is not None:
        made["cost"] = facts.cost
    if sees_stock:
        on_hand, reserved = stock
        made["free"] = None if facts.is_bundle else on_hand - reserved
        held = gettext("{on_hand} on hand · {held} held").format(on_hand=num(on_hand), held=num(reserved))
        made["why_free"] = gettext("A bundle sells from its parts’ stock.") if facts.is_bundle else held
    return made


def _price(market: Market, own: Sequence[ListingView]) -> Cell:
    currency = market.view.currency
    if not own:
        return {
            "v": "",
            "show": "",
            "state": "none",
            "why": gettext("Not listed on {name}.").format(name=_name(market)),
        }
    first = own[0]
    value = money_text(first.own_price_minor, currency)
    if not market.view.price_sync:
        return {
            "v": value, "show": money_text(first.remote_price_minor, currency), "state": "off",
            "why": gettext("Prices here are kept on the platform."),
        }  # fmt: skip
    desired = first.desired_price_minor
    cell: Cell = {"v": value, "show": money_text(desired, currency), "state": "ok", "own": bool(value)}
    reasons = [gettext("Own price on this channel.") if value else gettext("The catalogue’s price.")]
    if len({each.own_price_minor for each in own}) > 1:
        reasons.append(gettext("Its {count} listings have different prices.").format(count=num(len(own))))
    wrong = next((each.price_error for each in own if each.price_error), None)
    if wrong:
        cell["state"] = "bad"
        reasons.append(problems.sentence(wrong))
    elif any(each.acknowledged_price_minor != each.desired_price_minor for each in own if each.is_synced):
        cell["state"] = "wait"
        reasons.append(
            gettext("Being sent; it shows {price}.").format(price=shown_money(_last(first), currency))
            if _last(first) is not None
            else gettext("Being sent.")
        )
    return {**cell, "why": " ".join(reasons)}


def _last(listing: ListingView) -> int | None:
    known = listing.acknowledged_price_minor
    return known if known is not None else listing.remote_price_minor


def _figure(market: Market, own: Sequence[ListingView], control: ControlView | None) -> Cell:
    rule = limit_of(control)
    if not own:
        why = gettext("Not listed on {name}.").format(name=_name(market))
        return {"v": rule, "show": "", "state": "none", "why": why}
    desired = max((each.desired for each in own if each.desired is not None), default=None)
    acknowledged = max((each.acknowledged for each in own if each.acknowledged is not None), default=None)
    if acknowledged is None:
        acknowledged = max((each.remote_quantity for each in own if each.remote_quantity is not None), default=None)
    states = {each.state for each in own}
    reasons = [limit_sentence(control)]
    cell: Cell = {"v": rule, "show": "" if desired is None else num(desired), "state": "ok", "own": bool(rule)}
    if "parked" in states:
        cell["state"] = "bad"
        reasons.append(problems.sentence(next((each.error for each in own if each.error), None)))
    elif states == {"off"}:
        cell |= {"state": "off", "show": "" if acknowledged is None else num(acknowledged)}
        reasons = [gettext("Its stock is not kept in step.")]
    elif states & {"queued", "retrying"}:
        if market.is_stale:
            cell |= {"state": "stale", "show": "" if acknowledged is None else num(acknowledged)}
            reasons.append(_stale(market, desired))
        else:
            cell["state"] = "wait"
            if acknowledged is not None:
                reasons.append(gettext("Being sent; it shows {quantity}.").format(quantity=num(acknowledged)))
            else:
                reasons.append(gettext("Being sent."))
    if len(own) > 1:
        reasons.append(gettext("{count} listings.").format(count=num(len(own))))
    return {**cell, "why": " ".join(each for each in reasons if each)}


def _stale(market: Market, desired: int | None) -> str:
    since = market.view.last_push_at
    now = gettext("Should show {quantity}.").format(quantity=num(desired))
    if since is None:
        return now
    return gettext("Nothing has been taken since {at}.").format(at=clock(since)) + " " + now


def _name(market: Market) -> str:
    return market.mark.name
