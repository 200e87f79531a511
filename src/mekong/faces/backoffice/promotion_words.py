"""Promotions in plain words: what kinds there are, and the sentence that says a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.faces.backoffice import channel_book
from mekong.faces.backoffice.price_fields import Field, hours
from mekong.faces.backoffice.templatetags.mekong import money, num, percent, weekday_word, when
from mekong.faces.backoffice.words import Shape
from mekong.foundation.actor import SYSTEM
from mekong.pricing.contracts.lists import PromotionDraft
from mekong.pricing.queries import Spoken

Word = str | Promise
_WHOLE_BP = 10_000

STATES: Mapping[str, Shape] = {
    "draft": Shape(_("Draft"), "wait"),
    "active": Shape(_("Running"), "done"),
    "coming": Shape(_("Coming up"), fill=15),
    "paused": Shape(_("Paused"), "risk"),
    "ended": Shape(_("Has ended"), "off"),
}


@dataclass(frozen=True)
class KindWords:
    """A kind of promotion to choose, and the fields of what it gives."""

    word: Word
    about: Word
    fields: Sequence[Field]
    has_goods: bool = True


_OFF = Field("off_bp", _("Percent off"), "percent", is_needed=True)
_TIMES = Field("most_times", _("At most so many times an order"), "number", _("Empty: no limit."))
_MOST = Field("most_minor", _("At most, in ₫"), "number", _("Empty: no limit."))

KINDS: Mapping[str, KindWords] = {
    "percent_off": KindWords(
        _("Percent off each unit"), _("10 % off all shirts."),
        (_OFF, Field("price_step_minor", _("Round the price to, in ₫"), "number", _("Such as 1.000. Empty: no rounding."))),
    ),
    "amount_off": KindWords(
        _("Amount off each unit"), _("20.000 ₫ off each shirt."),
        (Field("off_minor", _("Amount off, in ₫"), "number", is_needed=True),),
    ),
    "fixed_price": KindWords(
        _("One price"), _("Every scarf 99.000 ₫."), (Field("price_minor", _("Price of a unit, in ₫"), "number", is_needed=True),)
    ),
    "nth_item": KindWords(
        _("Buy some, get some of the same cheaper"), _("Buy two, get one free; the second at half the price."),
        (
            Field("group", _("Of every so many units"), "number", is_needed=True),
            Field("last", _("so many, the cheapest,"), "number", is_needed=True),
            Field("off_bp", _("are cheaper by, in percent"), "percent", _("100: free."), is_needed=True),
            _TIMES,
        ),
    ),
    "set_price": KindWords(
        _("Several for one price"), _("Any three for 99.000 ₫."),
        (
            Field("units", _("So many units"), "number", is_needed=True),
            Field("price_minor", _("together cost, in ₫"), "number", is_needed=True), _TIMES,
        ),
    ),
    "bundle": KindWords(
        _("A bundle of different goods"), _("Pot and two cups together 690.000 ₫."),
        (
            Field("parts", _("Parts, one a line"), "area",
                  _("Units, then the SKU, or several that may take its place: 2 AC-01, AC-02"), is_needed=True),
            Field("price_minor", _("together cost, in ₫"), "number", is_needed=True), _TIMES,
        ),
        has_goods=False,
    ),
    "buy_get": KindWords(
        _("Buy some, get others cheaper"), _("With a tea pot, a cup at half the price."),
        (
            Field("buy", _("For every so many units of the goods below"), "number", is_needed=True),
            Field("get_units", _("so many units"), "number", is_needed=True),
            Field("get_skus", _("of these SKUs"), "goods", is_needed=True),
            Field("off_bp", _("are cheaper by, in percent"), "percent", _("100: free."), is_needed=True),
            _TIMES,
        ),
    ),
    "basket_percent": KindWords(_("Percent off the order"), _("10 % off orders from 500.000 ₫."), (_OFF, _MOST)),
    "basket_amount": KindWords(
        _("Amount off the order"), _("50.000 ₫ off; or for every 500.000 ₫ again."),
        (
            Field("off_minor", _("Amount off, in ₫"), "number", is_needed=True),
            Field("per_minor", _("for every such value of goods, in ₫"), "number", _("Empty: once.")), _TIMES,
        ),
    ),
    "gift": KindWords(
        _("A gift"), _("A cup with orders from 1.000.000 ₫."),
        (
            Field("sku", _("SKU of the gift"), "goods", is_needed=True),
            Field("units", _("Units"), "number", is_needed=True),
            Field("worth_minor", _("Worth of a unit, in ₫"), "number", _("Empty: its retail price.")),
        ),
    ),
    "delivery_off": KindWords(_("Cheaper delivery"), _("Free delivery from 300.000 ₫."), (_OFF, _MOST)),
    "points_times": KindWords(
        _("More points"), _("Twice the points on birthdays."),
        (Field("times_bp", _("Times the points"), "percent", _("2: twice the points."), is_needed=True),),
    ),
}  # fmt: skip


class Speaker:
    """Says promotions; what their goods are called is read once for all of them."""

    def __init__(self, drafts: Sequence[PromotionDraft]) -> None:
        self.spoken = Spoken([(each.goods, each.effect) for each in drafts])
        self._categories = {each.code: each.name for each in catalog.list_categories(actor=SYSTEM)}
        self._channels = {code: mark.name for code, mark in channel_book.marks().items()}

    def sentence(self, draft: PromotionDraft) -> str:
        """The rule in plain words."""
        said = [self._effect(draft), *self._conditions(draft), *_limits(draft)]
        return " ".join(f"{each[:1].upper()}{each[1:]}." for each in said if each)

    def goods(self, kept: Mapping[str, Any]) -> str:
        named = self.spoken.goods(kept)
        words = [*named.get("skus", ()), *named.get("products", ())]
        words += [
            gettext("category {name}").format(name=self._categories.get(each, each))
            for each in named.get("categories", ())
        ]
        words += [gettext("brand {name}").format(name=each) for each in named.get("brands", ())]
        words += [f"{each['code']} {each['value']}" for each in named.get("attributes", ())]
        text = _few(words) or gettext("all goods")
        excluded = named.get("excluded") or {}
        without = [*excluded.get("skus", ()), *excluded.get("products", ())]
        without += [self._categories.get(each, each) for each in excluded.get("categories", ())]
        without += list(excluded.get("brands", ()))
        return gettext("{goods} but {others}").format(goods=text, others=_few(without)) if without else text

    def _effect(self, draft: PromotionDraft) -> str:
        effect, goods = draft.effect, self.goods(draft.goods)
        kind = str(effect.get("kind", ""))
        off = percent(effect.get("off_bp", 0))
        price, times = money(effect.get("price_minor", 0)), num(effect.get("most_times", 0))
        most = money(effect.get("most_minor", 0))
        is_free = effect.get("off_bp") == _WHOLE_BP
        says: Mapping[str, Callable[[], str]] = {
            "percent_off": lambda: gettext("{percent} off each unit of {goods}").format(percent=off, goods=goods),
            "amount_off": lambda: gettext("{amount} off each unit of {goods}").format(
                amount=money(effect["off_minor"]), goods=goods
            ),
            "fixed_price": lambda: gettext("{price} for each unit of {goods}").format(price=price, goods=goods),
            "nth_item": lambda: (
                gettext("buy {buy}, get {free} free, of {goods}").format(
                    buy=num(effect["group"] - effect["last"]), free=num(effect["last"]), goods=goods
                )
                if is_free
                else gettext("of every {group} units of {goods}, the {last} cheapest are {percent} off").format(
                    group=num(effect["group"]), last=num(effect["last"]), percent=off, goods=goods
                )
            ),
            "set_price": lambda: gettext("any {units} of {goods} for {price}").format(
                units=num(effect["units"]), goods=goods, price=price
            ),
            "bundle": lambda: gettext("{goods} together for {price}").format(
                goods=" + ".join(f"{num(part['units'])} {self.goods(part['goods'])}" for part in effect["parts"]), price=price
            ),
            "buy_get": lambda: (
                gettext("buy {buy} of {goods}, get {units} of {others} free")
                if is_free
                else gettext("buy {buy} of {goods}, get {units} of {others} {percent} off")
            ).format(
                buy=num(effect["buy"]), goods=goods, units=num(effect["get_units"]), others=self.goods(effect["get"]),
                percent=off,
            ),
            "basket_percent": lambda: gettext("{percent} off the order, for {goods}").format(percent=off, goods=goods),
            "basket_amount": lambda: (
                gettext("{amount} off for every {value} of {goods}")
                if effect.get("per_minor")
                else gettext("{amount} off the order, for {goods}")
            ).format(amount=money(effect["off_minor"]), value=money(effect.get("per_minor", 0)), goods=goods),
            "gift": lambda: gettext("{units} {gift} as a gift with {goods}").format(
                units=num(effect["units"]), gift=self._gift(effect["variant_id"]), goods=goods
            ),
            "delivery_off": lambda: gettext("{percent} off the delivery fee").format(percent=off),
            "points_times": lambda: gettext("{times} times the points").format(
                times=percent(effect["times_bp"] // 100).rstrip("%")
            ),
        }  # fmt: skip
        text = says[kind]() if kind in says else ""
        if effect.get("most_minor"):
            text += ", " + gettext("at most {amount}").format(amount=most)
        if effect.get("most_times"):
            text += ", " + gettext("at most {times} times an order").format(times=times)
        return text

    def _gift(self, variant_id: int) -> str:
        view = self.spoken.variant(variant_id)
        return view.full_name if view else "–"

    def _conditions(self, draft: PromotionDraft) -> list[str]:
        said = []
        if draft.least_minor:
            said.append(gettext("From {amount} of these goods on").format(amount=money(draft.least_minor)))
        if draft.least_units:
            said.append(gettext("From {units} units of these goods on").format(units=num(draft.least_units)))
        if draft.needs_code:
            said.append(gettext("Only with a voucher"))
        return [*said, *audience_words(draft.audience, self._channels)]


def worth(draft: PromotionDraft) -> str:
    """What a promotion gives, as short as a voucher prints it: “−10 %”, “−50.000 ₫”, or its kind in words."""
    effect = draft.effect
    if effect["kind"] in ("percent_off", "basket_percent"):
        return f"−{percent(effect['off_bp'])}"
    if effect["kind"] in ("amount_off", "basket_amount"):
        return f"−{money(effect['off_minor'])}"
    if effect["kind"] == "delivery_off" and effect.get("off_bp") == _WHOLE_BP:
        return gettext("Free delivery")
    return str(KINDS[effect["kind"]].word)


def audience_words(audience: Mapping[str, Any], channels: Mapping[str, str]) -> list[str]:
    """For whom, where and at what hours, a sentence each."""
    said = []
    if named := audience.get("channels"):
        said.append(gettext("On {names}").format(names=_few([channels.get(each, each) for each in named])))
    if named := audience.get("locations"):
        said.append(gettext("At {names}").format(names=_few(named)))
    if named := [*audience.get("groups", ()), *audience.get("segments", ()), *audience.get("tiers", ())]:
        said.append(gettext("For {names}").format(names=_few(named)))
    if days := audience.get("weekdays"):
        said.append(gettext("On {days}").format(days=", ".join(weekday_word(day + 1) for day in sorted(days))))
    if spans := audience.get("minutes"):
        said.append(gettext("From {hours} o'clock").format(hours=hours(spans)))
    if audience.get("first_order_only"):
        said.append(gettext("For somebody's first order"))
    if (around := audience.get("birthday_days")) is not None:
        said.append(
            ngettext("Within {n} day of the birthday", "Within {n} days of the birthday", around).format(n=around)
        )
    if named := [*audience.get("payments", ()), *audience.get("deliveries", ())]:
        said.append(gettext("With {names}").format(names=_few(named)))
    return said


def _limits(draft: PromotionDraft) -> list[str]:
    said = []
    if draft.most_uses:
        said.append(gettext("{times} times altogether").format(times=num(draft.most_uses)))
    if draft.most_per_person:
        said.append(gettext("{times} times a person").format(times=num(draft.most_per_person)))
    if draft.budget_minor:
        said.append(gettext("Until {amount} are given").format(amount=money(draft.budget_minor)))
    if draft.is_exclusive:
        said.append(gettext("Together with no other promotion"))
    return said


def span_words(starts_at: datetime | None, ends_at: datetime | None) -> str:
    """From when to when."""
    if starts_at and ends_at:
        return f"{when(starts_at)} – {when(ends_at)}"
    if starts_at:
        return gettext("from {when}").format(when=when(starts_at))
    return gettext("until {when}").format(when=when(ends_at)) if ends_at else gettext("without end")


def _few(words: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(words[:most])
    more = len(words) - most
    return shown if more <= 0 else gettext("{names} and {n} more").format(names=shown, n=num(more))
