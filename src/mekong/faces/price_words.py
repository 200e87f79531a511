"""Sentences for people on how a price came about: on pages, papers, tills and in the API."""

from __future__ import annotations

from django.utils.translation import gettext

from mekong.foundation.money import exponent, to_decimal
from mekong.pricing.contracts.quote import Reason


def amount(minor: int, currency: str) -> str:
    """An amount as people read it in a sentence: 1.250.000 ₫, 12,50 GBP."""
    number = to_decimal(minor, currency)
    text = f"{number:,.{exponent(currency)}f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    return f"{text} ₫" if currency == "VND" else f"{text} {currency}"


def reason_words(reason: Reason, currency: str) -> str:
    """One step as a sentence."""
    off = amount(abs(reason.amount_minor), currency)
    name = reason.name
    if reason.kind == "list":
        if reason.amount_minor < 0:
            return gettext("Price list “{name}”: {amount} less than retail").format(name=name, amount=off)
        return gettext("Price list “{name}”: {amount} more than retail").format(name=name, amount=off)
    if reason.kind == "sale":
        return gettext("Sale “{name}”: {amount} less").format(name=name, amount=off)
    if reason.kind == "hand_price":
        if reason.amount_minor < 0:
            return gettext("Price set by hand: {amount} less").format(amount=off)
        return gettext("Price set by hand: {amount} more").format(amount=off)
    if reason.kind == "offer":
        return gettext("Offer “{name}”: {amount} less").format(name=name, amount=off)
    if reason.kind == "hand":
        return gettext("Taken off by hand: {amount}").format(amount=off)
    return gettext("Not given, to keep the price floor: {amount}").format(amount=off)


def idle_words(reason: str) -> str:
    """Why a voucher changes nothing."""
    return {
        "unknown": gettext("There is no such voucher, or it was used or is over."),
        "conditions": gettext("This basket does not meet the voucher's conditions."),
        "better": gettext("Other offers leave less to pay; the voucher was not used."),
        "gone": gettext("Somebody else was first: nothing is left of this offer."),
    }[reason]
