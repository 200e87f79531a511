"""What a platform asks of products in a category, as a form: where each answer comes from, in which of its choices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import AttributeView
from mekong.channels.contracts.publishing import AttributeRule, CategoryMappingView, PlatformAttributeView
from mekong.channels.queries import publishing as channels
from mekong.faces.backoffice.publishing_words import KINDS, asked_anchor
from mekong.faces.backoffice.visit import Visit
from mekong.foundation.text import fold

FEW = 24
"""So many choices are shown at once, to be ticked; of more, names are typed."""
MOST_VALUES = 200
"""Values of ours in one table."""
_SPARE = 2
_CHUNKS = 4


@dataclass(frozen=True)
class Pair:
    """A value of ours and the platform's choice for it. `is_alike`: spelt alike there, so that nothing need be said."""

    ours: str
    theirs: str
    is_alike: bool = False


@dataclass
class Ask:
    """One thing the platform asks. `source`: "", `attribute:CODE`, `option:NAME` or `fixed`; `found`: what is taken while
    nothing is said. `problems`: by part of the form."""

    at: int
    asked: PlatformAttributeView
    anchor: str
    source: str = ""
    found: str = ""
    found_name: str = ""
    values: Sequence[str] = ()
    unit: str = ""
    pairs: Sequence[Pair] = ()
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str | Promise:
        return KINDS.get(self.asked.kind, self.asked.kind)

    @property
    def is_answered(self) -> bool:
        return bool(self.source or self.found)

    @property
    def widget(self) -> str:
        """How a fixed value is given: yesno, select, checks, names, lines or text."""
        is_many = self.asked.kind == "choices"
        if self.asked.kind == "bool" and not self.asked.choices:
            return "yesno"
        if not self.asked.choices:
            return "lines" if is_many else "text"
        if is_many:
            return "checks" if len(self.asked.choices) <= FEW and not self.asked.takes_own_words else "names"
        return "names" if self.asked.takes_own_words or len(self.asked.choices) > 100 else "select"

    @property
    def typed(self) -> list[str]:
        """Fields for names: those given, and some to spare."""
        spare = 1 if self.asked.kind != "choices" else _SPARE
        return [*self.values, *[""] * (spare if self.asked.kind == "choices" else max(0, 1 - len(self.values)))]

    @property
    def strays(self) -> list[str]:
        """Values given that are none of the platform's choices: typed by a script, or offered there no more."""
        names = {each.name for each in self.asked.choices}
        return [each for each in self.values if each not in names]

    @property
    def has_pairs(self) -> bool:
        """Whether our values are told apart by choices of the platform, so that a table of them is of use."""
        return bool(self.asked.choices) and (self.source or self.found).startswith(("attribute:", "option:"))

    @property
    def strangers(self) -> int:
        """Values of ours that the platform has no choice for, and takes in no other way."""
        return 0 if self.asked.takes_own_words else sum(bool(each.ours) and not each.theirs for each in self.pairs)

    @property
    def opens(self) -> bool:
        return bool(self.strangers)


@dataclass(frozen=True)
class Sources:
    """What an answer may come from. `texts`: our values by source, as far as they are known."""

    attributes: Sequence[AttributeView]
    options: Sequence[str]
    category: str
    category_id: int

    def values(self, visit: Visit, source: str) -> list[str]:
        kind, _, key = source.partition(":")
        if kind == "attribute":
            own = next((each for each in self.attributes if each.code == key), None)
            if own is None:
                return []
            return list(own.choices) if own.kind == "choice" else ["true", "false"] if own.kind == "bool" else []
        return _option_values(visit, self.category, key) if kind == "option" else []


def sources(visit: Visit, category: str) -> Sources:
    tree = catalog.list_categories(actor=visit.actor)
    ours = next(each for each in tree if each.code == category)
    options = catalog.options_used(actor=visit.actor, category_id=ours.id)
    return Sources(catalog.list_attributes(actor=visit.actor), options, " > ".join(ours.path), ours.id)


def _option_values(visit: Visit, category: str, option: str) -> list[str]:
    """Values that products on sale in the category have for an option, of as many as are quickly read."""
    found: dict[str, None] = {}
    for number, chunk in enumerate(catalog.shown_variants(actor=visit.actor)):
        for each in chunk:
            if f"{each.category} > ".startswith(f"{category} > "):
                found |= {value: None for name, value in each.options.items() if fold(name) == fold(option)}
        if number + 1 >= _CHUNKS or len(found) >= MOST_VALUES:
            break
    return list(found)[:MOST_VALUES]


def asks(visit: Visit, channel: str, mapping: CategoryMappingView, known: Sources) -> list[Ask]:
    """The form as it stands, what is required first, then what sets variants apart."""
    missing = _missing_values(visit, channel)
    names = {f"attribute:{each.code}": each.name for each in known.attributes}
    made, anchors = [], set[str]()
    order = sorted(mapping.attributes, key=lambda each: (not each.is_required, not each.is_option))
    for at, each in enumerate(order):
        anchor = asked_anchor(each.name)
        ask = Ask(at, each, anchor if anchor not in anchors else f"{anchor}-{at}")
        anchors.add(ask.anchor)
        if each.rule is not None:
            source = each.rule.source if each.rule.source == "fixed" else f"{each.rule.source}:{each.rule.key}"
            if each.is_found:
                ask.found, ask.found_name = source, names.get(source, each.rule.key)
            else:
                ask.source = source
            ask.values, ask.unit = each.rule.values, each.rule.unit
        ask.pairs = pairs(visit, ask, known, each.rule.choices if each.rule else {}, missing.get(each.name, ()))
        made.append(ask)
    return made


def pairs(visit: Visit, ask: Ask, known: Sources, said: Mapping[str, str], missing: Collection[str] = ()) -> list[Pair]:
    """The table of our values: those said, those that products wait for, then all others that are known; and a free row."""
    if not ask.has_pairs:
        return []
    by_id = {each.id: each.name for each in ask.asked.choices}
    alike = {fold(each.name): each.name for each in ask.asked.choices}
    made = {fold(ours): Pair(ours, by_id.get(theirs, "")) for ours, theirs in said.items()}
    for ours in (*missing, *known.values(visit, ask.source or ask.found)):
        name = alike.get(fold(ours), "")
        made.setdefault(fold(ours), Pair(ours, name, bool(name)))
    return [*list(made.values())[:MOST_VALUES], Pair("", "")]


def _missing_values(visit: Visit, channel: str) -> dict[str, list[str]]:
    """Values that keep products back because the platform has no such choice, by what it asks."""
    found: dict[str, list[str]] = {}
    waiting = channels.list_publications(actor=visit.actor, channel=channel, state="incomplete", limit=200)
    for publication in waiting.publications:
        for gap in publication.gaps:
            if gap.what == "choice_unknown":
                found.setdefault(str(gap.params.get("attribute", "")), []).append(str(gap.params.get("value", "")))
    return found


# --- what was typed ---------------------------------------------------------------------------------------------------


def read(visit: Visit, form: Sequence[Ask]) -> dict[str, AttributeRule | None]:
    """The rules that differ from those there are, by the platform's attribute id; None takes one away. What cannot be
    read is noted with its field, and everything typed stays in the form."""
    changed: dict[str, AttributeRule | None] = {}
    posted = visit.request.POST
    for ask in form:
        said = next((at for at in range(len(form)) if posted.get(f"id-{at}") == ask.asked.id), None)
        if said is None:
            continue
        before = ask.asked.rule if not ask.asked.is_found else None
        after = _typed(visit, ask, said)
        if not ask.problems and after != before:
            changed[ask.asked.id] = after
    return changed


def _typed(visit: Visit, ask: Ask, at: int) -> AttributeRule | None:
    ask.source = visit.posted(f"source-{at}", longest=200)
    ask.unit = visit.posted(f"unit-{at}", longest=60)
    posted = visit.request.POST
    bare = [value[:500].replace("\x00", "").strip() for value in posted.getlist(f"value-{at}")]
    lines = [line.strip() for value in bare for line in value.splitlines()] if ask.widget == "lines" else bare
    ask.values = tuple(line for line in lines if line)
    choices = _choices(visit, ask, at)
    kind, _, key = ask.source.partition(":")
    unit = ask.unit if ask.asked.units else ""
    if kind == "fixed":
        if not ask.values:
            ask.problems["values"] = gettext("Give a value.")
        return AttributeRule("fixed", values=tuple(ask.values), unit=unit)
    ask.values = ()
    if kind not in ("attribute", "option"):
        kind, _, key = ask.found.partition(":")
        was = ask.asked.rule.unit if ask.asked.rule else ""
        if not choices and unit in ("", was, ask.asked.units[0] if ask.asked.units else ""):
            return None
    if kind == "option":
        return AttributeRule("option", key, unit=unit, choices=choices)
    return AttributeRule("attribute", key, unit=unit, choices=choices) if kind == "attribute" else None


def _choices(visit: Visit, ask: Ask, at: int) -> dict[str, str]:
    """The table of values: the platform's choice by its name for each of ours; those that are spelt alike are left out."""
    ids = {fold(each.name): each.id for each in ask.asked.choices}
    ours, theirs = (visit.request.POST.getlist(f"{name}-{at}")[: MOST_VALUES + 1] for name in ("ours", "theirs"))
    said: dict[str, str] = {}
    shown: list[Pair] = []
    for text, name in zip(ours, theirs, strict=False):
        value, choice = text[:200].replace("\x00", "").strip(), name[:200].replace("\x00", "").strip()
        if not value and not choice:
            continue
        shown.append(Pair(value, choice, bool(choice) and fold(value) == fold(choice)))
        if choice and fold(choice) not in ids:
            problem = gettext("“{value}” is not among what the platform offers. Choose one of its names.")
            ask.problems.setdefault("choices", problem.format(value=choice))
        elif choice and not value:
            problem = gettext("Which value of ours is “{value}”? Fill it in, or empty both.")
            ask.problems.setdefault("choices", problem.format(value=choice))
        elif choice and fold(value) != fold(choice):
            said[value] = ids[fold(choice)]
    if shown:
        ask.pairs = [*shown, Pair("", "")]
    return said


def place(form: Sequence[Ask], told: str) -> tuple[Ask, str] | None:
    """The field of the form that a command's `rules.ID.part` names."""
    rest = told.removeprefix("rules.")
    for ask in sorted(form, key=lambda each: -len(each.asked.id)):
        if rest == ask.asked.id or rest.startswith(f"{ask.asked.id}."):
            return ask, rest.removeprefix(ask.asked.id).lstrip(".") or "key"
    return None
