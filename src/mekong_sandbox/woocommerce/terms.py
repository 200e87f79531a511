"""Categories of products, attributes of the whole shop, and the values of those (protocol notes, section 1)."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.woocommerce import rows
from mekong_sandbox.woocommerce.fields import text, whole
from mekong_sandbox.woocommerce.gate import Answer, Call, Refused
from mekong_sandbox.woocommerce.model import Term
from mekong_sandbox.woocommerce.taxonomy import ATTRIBUTE, CATEGORY, DEFAULT, all_of, value_kind

FIRST_OWN = 1000


def _row(call: Call, one: Term) -> dict[str, Any]:
    row: dict[str, Any] = {"id": one.id, "name": one.name, "slug": rows.slug_of(one.name)}
    if one.kind == ATTRIBUTE:
        row["slug"] = f"pa_{row['slug']}"
        return row | {"type": "select", "order_by": "menu_order", "has_archives": False}
    own = call.market.shop_products.get(call.shop.shop_id, {}).values()
    row |= {"description": "", "menu_order": 0, "count": sum(one.id in product.categories for product in own)}
    return row | {"parent": one.parent, "display": "default", "image": None} if one.kind == CATEGORY else row


def _kind(call: Call) -> str:
    path = call.request.path
    if "/categories" in path:
        return CATEGORY
    if "/terms" not in path:
        return ATTRIBUTE
    if call.ids[0] not in all_of(call.market, call.shop.shop_id, ATTRIBUTE):
        raise Refused("woocommerce_rest_taxonomy_invalid", "Resource does not exist.", 404)
    return value_kind(call.ids[0])


def _own(call: Call) -> Term:
    found = all_of(call.market, call.shop.shop_id, _kind(call)).get(call.ids[-1])
    if found is None:
        raise Refused("woocommerce_rest_term_invalid", "Resource does not exist.", 404)
    return found


def list_terms(call: Call) -> Answer:
    """A page of terms, by name."""
    found = list(all_of(call.market, call.shop.shop_id, _kind(call)).values())
    sought, slug, include = call.query.get("search", "").casefold(), call.query.get("slug", ""), call.several("include")
    if call.query.get("parent", "").isdecimal():
        found = [one for one in found if one.parent == int(call.query["parent"])]
    found = [
        one
        for one in found
        if sought in one.name.casefold()
        and (not slug or rows.slug_of(one.name) == slug)
        and (not include or str(one.id) in include)
    ]
    by_id = (
        call.choice("orderby", "name", ("name", "id", "include", "slug", "term_group", "description", "count")) == "id"
    )
    found.sort(key=lambda one: (one.id, "") if by_id else (0, one.name.casefold()))
    if call.choice("order", "asc", ("asc", "desc")) == "desc":
        found.reverse()
    return call.page(found, lambda one: _row(call, one))


def get_term(call: Call) -> Answer:
    """One term."""
    return _row(call, _own(call))


def _checked(call: Call, kind: str, sent: dict[str, Any], had: Term | None) -> tuple[str, int]:
    """Name and parent of a term. Raises: Refused."""
    known = all_of(call.market, call.shop.shop_id, kind)
    name = (text(sent, "name") or (had.name if had else "")).strip()
    if not name:
        raise Refused("rest_missing_callback_param", "Missing parameter(s): name", 400)
    parent = whole(sent, "parent") if "parent" in sent else (had.parent if had else 0)
    if parent and parent not in known:
        raise Refused("woocommerce_rest_term_invalid", "Parent resource does not exist.", 404)
    for other in known.values():
        if other is not had and other.parent == parent and other.name.casefold() == name.casefold():
            said = "A term with the name provided already exists with this parent."
            raise Refused("term_exists", said, 400, resource_id=other.id)
    return name, parent


def create_term(call: Call) -> Answer:
    """A new category, attribute or value."""
    kind = _kind(call)
    name, parent = _checked(call, kind, call.sent, None)
    number = call.world.number("woocommerce.term", FIRST_OWN)
    return _row(call, call.market.save_term(Term(number, call.shop.shop_id, kind, name, parent)))


def update_term(call: Call) -> Answer:
    """Another name or parent."""
    had = _own(call)
    name, parent = _checked(call, had.kind, call.sent, had)
    return _row(call, call.market.save_term(Term(had.id, had.shop_id, had.kind, name, parent)))


def delete_term(call: Call) -> Answer:
    """Take a term away; it knows no trash."""
    had = _own(call)
    if not call.flag("force"):
        raise Refused("woocommerce_rest_trash_not_supported", "Resource does not support trashing.", 501)
    if had.id == DEFAULT:
        raise Refused("woocommerce_rest_cannot_delete", "The resource cannot be deleted.", 500)
    row = _row(call, had)
    call.market.save_term(Term(had.id, had.shop_id, had.kind, had.name, had.parent, is_gone=True))
    return row
