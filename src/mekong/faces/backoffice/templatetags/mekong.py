"""How the pages write numbers, money, time, and the pieces of the design system."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from mekong.faces.backoffice import marks, offer_words, problems, words
from mekong.faces.backoffice.marks import Mark
from mekong.foundation import masking
from mekong.foundation.actor import Actor
from mekong.foundation.money import exponent
from mekong.orders.contracts import OrderCount

register = template.Library()

MINUS, NBSP = "\u2212", "\u00a0"


def _english() -> bool:
    return (get_language() or "vi").startswith("en")


@register.filter
def num(value: int | None) -> str:
    """1234567 as `1.234.567` (en: `1,234,567`); None as a dash; a true minus."""
    if value is None:
        return "–"
    text = f"{abs(int(value)):,}"
    return (MINUS if int(value) < 0 else "") + (text if _english() else text.replace(",", "."))


@register.filter
def counted(value: OrderCount) -> str:
    """A count that may have stopped: `10.000+`."""
    return f"{num(value.n)}+" if value.is_more else num(value.n)


@register.simple_tag
def words_of(name: str) -> Any:
    """A table of `words.py` by its name: `{% words_of "ORDER_STATES" as states %}`."""
    return getattr(words, name)


@register.filter
def condition_word(name: str) -> str:
    """A condition of the order list, by its parameter in the address."""
    return str(words.CONDITIONS.get(name, name))


@register.filter
def signed(value: int) -> str:
    return f"+{num(value)}" if value > 0 else num(value)


@register.filter
def money(minor: int | None, currency: str = "VND") -> str:
    """Minor units for people: `1.234.567 ₫`, `12,50 GBP`."""
    if minor is None:
        return "–"
    digits = exponent(currency)
    whole, rest = divmod(abs(int(minor)), 10**digits)
    text = num(whole)
    if digits:
        text += ("." if _english() else ",") + str(rest).zfill(digits)
    return f"{MINUS if minor < 0 else ''}{text}{NBSP}{'₫' if currency == 'VND' else currency}"


@register.filter
def amount(minor: int | None, currency: str = "VND") -> str:
    """Money without its sign, for columns whose head says the currency."""
    return money(minor, currency).rsplit(NBSP, 1)[0]


@register.filter
def sign(currency: str) -> str:
    """A currency as the heads of columns write it."""
    return "₫" if currency == "VND" else currency


@register.filter
def millions(minor: int, currency: str = "VND") -> str:
    """For charts: `14,2` (millions of đồng)."""
    tenths = round(minor / 10 ** exponent(currency) / 100_000)
    text = f"{tenths / 10:.1f}"
    return text if _english() else text.replace(".", ",")


@register.filter
def ms(value: float | None) -> str:
    """A delay: `184 ms`, `1,4 s` (en: `1.4 s`), `12 min`."""
    if value is None:
        return "–"
    if value < 1000:
        return f"{num(round(value))}{NBSP}ms"
    if value < 60_000:
        text = f"{value / 1000:.1f}"
        return f"{text if _english() else text.replace('.', ',')}{NBSP}s"
    return gettext("{count} min").format(count=num(round(value / 60_000)))


@register.filter
def day(value: datetime | date | None) -> str:
    if value is None:
        return "–"
    return f"{timezone.localtime(value) if isinstance(value, datetime) else value:%d/%m/%Y}"


@register.filter
def iso(value: datetime | date) -> str:
    """A day for addresses: `2026-11-22`."""
    return f"{timezone.localtime(value).date() if isinstance(value, datetime) else value:%Y-%m-%d}"


@register.filter
def days(value: float) -> str:
    """How long something lasts: `2,5 ngày` (en: `2.5 days`); from ten days on without the half."""
    shown = round(value) if value >= 10 else round(value * 2) / 2
    text = f"{shown:.1f}".removesuffix(".0")
    return ngettext("{n} day", "{n} days", 1 if shown == 1 else 2).format(
        n=text if _english() else text.replace(".", ",")
    )


@register.filter
def shift(basis_points: int) -> str:
    """A change in whole percent with its sign: `+6%`, `−44%`."""
    whole = round(basis_points / 100)
    return f"{'+' if whole > 0 else MINUS if whole < 0 else ''}{num(abs(whole))}%"


@register.filter
def clock(value: datetime | None) -> str:
    return "–" if value is None else f"{timezone.localtime(value):%H:%M}"


@register.filter
def seconds(value: datetime | None) -> str:
    return "–" if value is None else f"{timezone.localtime(value):%H:%M:%S}"


@register.filter
def when(value: datetime | None) -> str:
    """Within today the time alone, else date and time; last year's with the year."""
    return "–" if value is None else moment(timezone.localtime(value), timezone.localtime())


def moment(there: datetime, today: datetime) -> str:
    """`when`, of two times by the same clock."""
    if there.date() == today.date():
        return f"{there:%H:%M}"
    return f"{there:%d/%m %H:%M}" if there.year == today.year else f"{there:%d/%m/%Y %H:%M}"


@register.filter
def weekday(value: datetime | date) -> str:
    """“Thứ Ba 03/11/2026”."""
    there = timezone.localtime(value).date() if isinstance(value, datetime) else value
    names = [gettext(each) for each in _WEEKDAYS]
    return f"{names[there.weekday()]} {there:%d/%m/%Y}"


def weekday_word(isoday: int) -> str:
    """“Thứ Ba”, of 1 Monday to 7 Sunday."""
    return gettext(_WEEKDAYS[isoday - 1])


def _n(text: str) -> str:
    return text


_WEEKDAYS = (
    _n("Monday"), _n("Tuesday"), _n("Wednesday"), _n("Thursday"), _n("Friday"), _n("Saturday"), _n("Sunday"),
)  # fmt: skip


@register.filter
def left(value: datetime | None) -> str:
    """How long until, or how long ago: “còn 3 giờ 48 phút”, “quá 12 phút”."""
    if value is None:
        return ""
    gap = value - timezone.now()
    length = span(abs(gap))
    return (gettext("{span} left") if gap > timedelta() else gettext("{span} late")).format(span=length)


@register.filter
def until(value: datetime | None) -> str:
    """How long until, in its largest unit: “22 ngày”, “14 giờ”; “đã hết” when it is over."""
    if value is None:
        return "–"
    gap = value - timezone.now()
    if gap <= timedelta():
        return gettext("ended")
    hours = int(gap.total_seconds()) // 3600
    if hours >= 48:
        return ngettext("{n} day", "{n} days", hours // 24).format(n=num(hours // 24))
    return ngettext("{n} hour", "{n} hours", hours).format(n=hours) if hours else span(gap)


@register.filter
def lasting(seconds_: float) -> str:
    """A length of time given in seconds: “12 giây”, “4 phút”."""
    return span(timedelta(seconds=float(seconds_)))


@register.filter
def hundredths(part_: float) -> int:
    """0.31 as 31."""
    return round(float(part_) * 100)


@register.filter
def part(part_: float) -> str:
    """0.31 as `31%`."""
    return percent(hundredths(part_) * 100)


@register.filter
def rest(hundredths_: int) -> int:
    return max(0, 100 - int(hundredths_))


@register.filter
def lane(name: str) -> str:
    """One of a platform's rate limits in words."""
    return str(words.LANES.get(name, name))


@register.filter
def mark_name(known: Mark | None) -> str:
    return known.name if known else ""


@register.filter
def ago(value: datetime | None) -> str:
    """“12 phút trước”."""
    if value is None:
        return gettext("never")
    gap = timezone.now() - value
    if gap < timedelta(seconds=60):
        return gettext("just now")
    return gettext("{span} ago").format(span=span(gap))


def span(gap: timedelta) -> str:
    length_s = int(gap.total_seconds())
    unit_s = 1 if length_s < 60 else 60 if length_s < 86_400 else 86_400
    return _span(length_s - length_s % unit_s, get_language() or "vi")


@lru_cache(maxsize=4096)
def _span(length_s: int, language: str) -> str:  # noqa: ARG001 - the words are those of the language
    minutes = length_s // 60
    if minutes < 1:
        return ngettext("{n} second", "{n} seconds", length_s).format(n=length_s)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return ngettext("{n} day", "{n} days", days).format(n=num(days))
    short = ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    if not hours:
        return short
    long = ngettext("{n} hour", "{n} hours", hours).format(n=hours)
    return f"{long} {short}" if minutes else long


@register.filter
def masked(phone: str) -> str:
    """`+84903123218` as `0903 ••• 218`: recognisable, and of no use to who may not see it."""
    return masking.phone(phone)


@register.filter
def masked_email(address: str) -> str:
    """`lan@example.vn` as `l•••@example.vn`."""
    return masking.email(address)


@register.filter
def may(actor: Actor, permission: str) -> bool:
    """Whether somebody has a right."""
    return actor.may(permission)


@register.filter
def day_before(value: datetime) -> str:
    """The last day of what ends at this moment, as `31/12/2026`."""
    return day(value - timedelta(microseconds=1))


@register.simple_tag(takes_context=True)
def buyer(context: dict[str, Any], name: str) -> str:
    """A customer's name: whole for those who may reveal personal data, masked for everyone else."""
    return name if context["actor"].may("customers.reveal") else masking.name(name)


@register.filter
def phone(value: str) -> str:
    """`+84903123218` as `0903 123 218`."""
    if re.fullmatch(r"\+84\d{9}", value):
        local = "0" + value[3:]
        return f"{local[:4]} {local[4:7]} {local[7:]}"
    return value


@cache
def _file(name: str) -> str:
    """The address of one of our own files: dozens of times a page, and the same for as long as the process lives."""
    return static(name)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        f" {extra}" if extra else "", _file("backoffice/icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def wordmark(part: str = "logo", box: str = "0 0 139 32") -> SafeString:
    return format_html(
        '<svg viewBox="{}" aria-hidden="true"><use href="{}#{}"/></svg>', box, _file("backoffice/icons.svg"), part
    )


@register.simple_tag
def ch(channel: Mark | str, extra: str = "") -> SafeString:
    """A channel's two letters."""
    known = channel if isinstance(channel, Mark) else marks.mark(channel)
    return format_html(
        '<span class="ch{}" data-ch="{}" role="img" aria-label="{}">{}</span>',
        f" {extra}" if extra else "", known.hue, known.name, known.letters,
    )  # fmt: skip


def _shape(shape: words.Shape | None, code: str) -> SafeString:
    if shape is None:
        return format_html('<span class="st wait">{}</span>', code)
    if shape.tone:
        return format_html('<span class="st {}">{}</span>', shape.tone, shape.word)
    return format_html('<span class="st" style="--p:{}">{}</span>', shape.fill, shape.word)


@register.simple_tag
def status(code: str) -> SafeString:
    """Where an order stands."""
    return _shape(words.ORDER_STATES.get(code), code)


@register.simple_tag
def return_status(code: str) -> SafeString:
    """Where a return stands with its platform."""
    return _shape(words.RETURN_STATES.get(code), code)


@register.filter
def return_reason(code: str) -> str:
    """Why a buyer wants to return something; a code that is not known stays out of the way."""
    return str(words.RETURN_REASONS.get(code, ""))


@register.simple_tag
def transfer_status(code: str) -> SafeString:
    """Where a transfer stands."""
    return _shape(words.TRANSFER_STATES.get(code), code)


@register.simple_tag
def adjustment_status(code: str) -> SafeString:
    return _shape(words.ADJUSTMENT_STATES.get(code), code)


@register.filter
def cause_word(code: str) -> str:
    """Why goods of a transfer did not arrive."""
    return str(words.CAUSES.get(code, (code, ""))[0])


@register.simple_tag
def payment(code: str) -> SafeString:
    return _shape(words.PAYMENT_STATES.get(code), code)


@register.simple_tag
def product_status(code: str) -> SafeString:
    return _shape(words.PRODUCT_STATES.get(code), code)


@register.simple_tag
def shaped(shape: words.Shape) -> SafeString:
    """A status mark as its words give it."""
    return _shape(shape, "")


@register.simple_tag
def campaign_state(code: str) -> SafeString:
    """Where a campaign's stock stands."""
    return _shape(words.CAMPAIGN_STATES.get(code), code)


@register.simple_tag
def card_state(code: str) -> SafeString:
    """Where a gift card stands."""
    return _shape(offer_words.CARD_STATES.get(code), code)


@register.simple_tag
def game_state(code: str) -> SafeString:
    """Where a game stands."""
    return _shape(offer_words.GAME_STATES.get(code), code)


_PICTURES: tuple[tuple[str, str], ...] = (
    ("bag|túi|tote|shopper|sack", "bag"), ("candle|nến|t-light|holder|lantern|light", "candle"),
    ("tea|trà|mug|cup|chén|ấm|coffee|cà phê|teapot", "tea"), ("bowl|bát|tô|pudding", "bowl"),
    ("plate|đĩa|dish|cakestand|tray", "plate"), ("tin|hộp|box|lon|jar|can ", "tin"), ("bình|vase|lọ|pot", "lam"),
    ("khăn|scarf|towel|apron|áo|vải|blanket|shawl", "scarf"),
)  # fmt: skip


@register.simple_tag
def thumb(url: str, name: str = "", extra: str = "") -> SafeString:
    """A product's picture; without one, a drawing of the kind of thing its name says, or a parcel."""
    kind = f" {extra}" if extra else ""
    if url:
        return format_html('<img class="thumb{}" src="{}" alt="" loading="lazy" width="36" height="36">', kind, url)
    return _drawing(name, kind)


@lru_cache(maxsize=4096)
def _drawing(name: str, kind: str) -> SafeString:
    folded = name.casefold()
    drawing = next((found for pattern, found in _PICTURES if re.search(pattern, folded)), "parcel")
    return format_html(
        '<svg class="thumb{}" viewBox="0 0 64 64" aria-hidden="true"><use href="{}#p-{}"/></svg>',
        kind, _file("backoffice/goods.svg"), drawing,
    )  # fmt: skip


@register.simple_tag
def meter(free: int, buffer: int, held: int, incoming: int = 0, extra: str = "", scale: int = 0) -> SafeString:
    """The stock meter: free, buffer, held, on the way. `scale`: the units of a full bar, to compare within a column."""
    label = gettext("Free to sell {free}, buffer {buffer}, held {held}, incoming {incoming}").format(
        free=num(free), buffer=num(buffer), held=num(held), incoming=num(incoming)
    )
    parts = [("free", free), ("buf", buffer), ("held", held), ("inc", incoming)]
    parts.append(("rest", scale - sum(max(0, int(q)) for _, q in parts)))
    return format_html(
        '<span class="meter{}" role="img" aria-label="{}">{}</span>',
        f" {extra}" if extra else "", label,
        format_html_join("", '<i class="{}" style="--q:{}"></i>', ((n, max(0, int(q))) for n, q in parts if q > 0)),
    )  # fmt: skip


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """A value of a mapping by a key that is a variable."""
    return mapping.get(key) if mapping is not None else None


@register.filter
def reason(code: str) -> str:
    """A movement's reason in words; one in the shop's own words stays."""
    return str(words.REASONS.get(code, code))


@register.filter
def cancel_word(said: str) -> str:
    """Why an order was cancelled: in words when a code says it, else as it was typed."""
    return str(words.CANCEL_REASONS.get(said, said))


@register.filter
def remote_word(code: str) -> str:
    """Where the platform says an order stands; a state that is not known stays as it is written there."""
    return str(words.REMOTE_STATES.get(code.lower(), code))


@register.filter
def place(code: str) -> str:
    """A location in words: those of the system by name, ours by code."""
    return str(words.PLACES.get(code.upper(), code))


@register.filter
def issue(code: str) -> str:
    return str(words.ISSUES.get(code, (code, ""))[0])


@register.filter
def issue_remedy(code: str) -> str:
    return str(words.ISSUES.get(code, ("", ""))[1])


@register.filter
def percent(basis_points: int) -> str:
    """800 as `8%`."""
    text = f"{basis_points / 100:.2f}".rstrip("0").rstrip(".")
    return f"{text if _english() else text.replace('.', ',')}%"


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The query of this page with some parameters changed; an empty value takes one out. Paging starts anew."""
    query = context["request"].GET.copy()
    query.pop("cursor", None)
    query.pop("page", None)
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    encoded: str = query.urlencode()
    return f"?{encoded}"


@register.filter
def initials(name: str) -> str:
    """Two letters of a name: of the family and the given name, as they stand."""
    parts = name.split()
    return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else "")).upper() or "?"


@register.filter
def sub(value: int, other: int) -> int:
    return int(value) - int(other)


@register.filter
def minus(value: int) -> int:
    return -int(value)


@register.filter
def problem(said: Any) -> str:
    """What keeps something from working, in plain words."""
    return problems.sentence(said)


@register.filter
def at_place(code: str, places: Any) -> str:
    """A location's name: ours from the list, those of the system in words."""
    known = places.get(code) if places else None
    return str(known.name) if known is not None else str(words.PLACES.get(code.upper(), code))


@register.filter
def document(reference: str) -> str:
    """A document's code for people; one that only machines read is shortened, a movement without one has none."""
    if reference in words.REASONS:
        return ""  # The reason stands beside it already.
    kind, _, rest = reference.partition("_")
    return f"{kind.upper()}-{rest[-6:].upper()}" if rest and len(rest) >= 24 else reference


_DOCUMENTS = (("DH-", "/orders/"), ("CK-", "/stock/transfers/"), ("DC-", "/stock/adjustments/"))


@register.filter
def document_url(reference: str) -> str:
    """The page of a document by its code; "" when it has none."""
    return next((f"{path}{reference}/" for prefix, path in _DOCUMENTS if reference.startswith(prefix)), "")


@register.filter
def remedy(said: Any) -> str:
    return problems.remedy(said)
