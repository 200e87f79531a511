"""The form of a promotion: few plain choices, whose fields follow what the promotion gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.price_fields import (
    Field,
    Typed,
    audience_fields,
    audience_typed,
    bare_percent,
    names_in,
    read_audience,
    read_dates,
    read_percent,
    read_whole,
)
from mekong.faces.backoffice.promotion_words import KINDS
from mekong.foundation.actor import SYSTEM
from mekong.pricing import queries
from mekong.pricing.contracts.lists import PromotionDraft, PromotionView
from mekong.pricing.queries import Spoken

GOODS = ("skus", "categories", "brands", "excluded_skus")


def top_fields() -> list[Field]:
    return [
        Field("name", _("Name, as buyers read it"), is_needed=True, most=120),
        Field("code", _("Code"), hint=_("Letters A to Z, digits, dots and dashes; for you and for reports."),
              is_needed=True, most=40),
    ]  # fmt: skip


def goods_fields(kind: str) -> list[Field]:
    """On which goods; a bundle names its own."""
    if not KINDS[kind].has_goods:
        return []
    categories = [(each.code, " › ".join(each.path)) for each in catalog.list_categories(actor=SYSTEM)]
    return [
        Field(
            "skus",
            _("SKUs or product codes"),
            "goods",
            _("Commas or lines between them. Nothing named here: all goods."),
        ),
        Field("categories", _("Categories"), "checks", options=categories),
        Field("brands", _("Brands"), hint=_("Commas between them.")),
        Field("excluded_skus", _("But not these SKUs or product codes"), "goods"),
        Field("least_minor", _("From a value of these goods of, in ₫"), "number"),
        Field("least_units", _("From so many units of these goods"), "number"),
    ]


def limit_fields() -> list[Field]:
    return [
        Field("most_uses", _("Uses altogether"), "number", _("Empty: no limit.")),
        Field(
            "most_per_person",
            _("Uses a person"),
            "number",
            _("Empty: no limit. Buyers without a phone then do not get it."),
        ),
        Field(
            "budget_minor", _("Budget, in ₫"), "number", _("The most it may save buyers altogether. Empty: no limit.")
        ),
        Field("needs_code", _("Only with a voucher"), "check", _("Make its codes under Vouchers.")),
    ]


def mixing_fields() -> list[Field]:
    return [
        Field("is_exclusive", _("Together with no other promotion"), "check"),
        Field("layer", _("Layer"), "select", _("Layers add up; within one the best for the buyer is taken."),
              options=[(str(each), str(each)) for each in range(1, 10)]),
        Field("priority", _("Priority"), "number", _("Decides where two save the same.")),
        Field("note", _("Note for colleagues"), "area", most=2000),
    ]  # fmt: skip


def sections(kind: str) -> list[tuple[Any, list[Field]]]:
    """The form's fields under their headings."""
    found = [
        (_("What it is called"), top_fields()), (KINDS[kind].word, list(KINDS[kind].fields)),
        (_("On which goods"), goods_fields(kind)), (_("When, where, for whom"), audience_fields(has_more=True)),
        (_("Limits"), limit_fields()), (_("With other promotions"), mixing_fields()),
    ]  # fmt: skip
    return [(word, fields) for word, fields in found if fields]


def as_typed(kept: PromotionView) -> Typed:
    """A kept promotion as its form holds it."""
    spoken = Spoken([(kept.goods, kept.effect)])
    found = audience_typed(kept.audience, kept.starts_at, kept.ends_at)
    goods = spoken.goods(kept.goods)
    found.lists["categories"] = list(goods.get("categories", ()))
    without = goods.get("excluded") or {}
    found.values |= {
        "name": kept.name, "code": kept.code, "note": kept.note,
        "skus": ", ".join([*goods.get("skus", ()), *goods.get("products", ())]),
        "brands": ", ".join(goods.get("brands", ())),
        "excluded_skus": ", ".join([*without.get("skus", ()), *without.get("products", ())]),
        "needs_code": "on" if kept.needs_code else "", "is_exclusive": "on" if kept.is_exclusive else "",
        "layer": str(kept.layer), "priority": str(kept.priority),
    }  # fmt: skip
    for name in ("most_uses", "most_per_person", "budget_minor", "least_minor", "least_units"):
        found.values[name] = str(getattr(kept, name) or "")
    effect = spoken.effect(kept.effect)
    for name, value in effect.items():
        if name == "get":
            found.values["get_skus"] = ", ".join([*value.get("skus", ()), *value.get("products", ())])
        elif name == "parts":
            found.values["parts"] = "\n".join(f"{part['units']} {', '.join(_named(part['goods']))}" for part in value)
        elif name.endswith("_bp"):
            found.values[name] = bare_percent(value if name != "times_bp" else value // 100)
        elif name != "kind":
            found.values[name] = str(value) if value or name == "price_minor" else ""
    return found


def _named(goods: Mapping[str, Any]) -> list[str]:
    return [*goods.get("skus", ()), *goods.get("products", ())]


def read(errors: Errors, said: Typed, kind: str, kept: PromotionView | None) -> PromotionDraft | None:
    """The promotion that the form says, None where a field is wrong. Raises: PromotionInvalid, where goods are not there."""
    values = said.values
    effect = _effect(errors, values, kind)
    audience = read_audience(errors, said, kept.audience if kept else {})
    dates = read_dates(errors, said)
    numbers = {
        name: read_whole(errors, name, values.get(name, ""))
        for name in ("most_uses", "most_per_person", "budget_minor", "least_minor", "least_units", "priority")
    }
    if errors:
        return None
    goods = queries.keys_of_goods(_goods(said, kept)) if KINDS[kind].has_goods else {}
    return PromotionDraft(
        code=values["code"], name=values["name"], note=values["note"], effect=queries.keys_of_effect(effect), goods=goods,
        audience=audience, starts_at=dates["starts_at"], ends_at=dates["ends_at"], needs_code=bool(values["needs_code"]),
        layer=int(values["layer"]) if values["layer"] in "123456789" and values["layer"] else 1,
        priority=numbers["priority"] or 0, is_exclusive=bool(values["is_exclusive"]),
        least_units=numbers["least_units"] or 0, least_minor=numbers["least_minor"] or 0,
        most_uses=numbers["most_uses"], most_per_person=numbers["most_per_person"], budget_minor=numbers["budget_minor"],
    )  # fmt: skip


def _goods(said: Typed, kept: PromotionView | None) -> dict[str, Any]:
    """Names as typed: what is no SKU is taken for the code of a product. Attributes, which have no field here, stay."""
    found: dict[str, Any] = {
        **_split(names_in(said.values["skus"])), "categories": said.lists.get("categories", []),
        "brands": names_in(said.values["brands"]),
    }  # fmt: skip
    without = _split(names_in(said.values["excluded_skus"]))
    if kept is not None:
        before = Spoken([(kept.goods, {})]).goods(kept.goods)
        found["attributes"] = before.get("attributes", [])
        without |= {
            name: (before.get("excluded") or {}).get(name, []) for name in ("categories", "brands", "attributes")
        }
    return {**found, "excluded": without}


def _split(names: Sequence[str]) -> dict[str, Any]:
    skus = catalog.variants_by_sku(actor=SYSTEM, skus=names)
    products = catalog.products_by_code(actor=SYSTEM, codes=[each for each in names if each not in skus])
    return {
        "skus": [each for each in names if each not in products],
        "products": [each for each in names if each in products],
    }


def _effect(errors: Errors, values: Mapping[str, str], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": kind}
    for each in KINDS[kind].fields:
        text = values.get(each.name, "")
        if each.is_needed and not text:
            errors.add(each.name, gettext("This belongs to the promotion. Fill it in."))
        elif not text:
            continue
        elif each.name == "parts":
            found["parts"] = _parts(errors, text)
        elif each.name == "get_skus":
            found["get"] = _split(names_in(text))
        elif each.name == "sku":
            found["sku"] = text
        elif each.kind == "percent":
            points = read_percent(errors, each.name, text)
            found[each.name] = points * 100 if each.name == "times_bp" and points is not None else points
        else:
            found[each.name] = read_whole(errors, each.name, text)
    return found


_PART = re.compile(r"(\d{1,4})\s*[x×]?\s+(.+)")


def _parts(errors: Errors, text: str) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate([line.strip() for line in text.splitlines() if line.strip()], 1):
        part = _PART.fullmatch(line)
        if part is None:
            errors.add("parts", gettext("Line {n}: units and a SKU belong there, such as 2 AC-01.").format(n=number))
            return []
        found.append({"units": int(part[1]), "goods": _split(names_in(part[2]))})
    return found
