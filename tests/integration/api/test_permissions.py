"""Every endpoint asks for its permission before it does or tells anything: each role preset against each of them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from django.test import Client

from mekong.faces.api.openapi import EXTRA_PATHS, document
from mekong.foundation.permissions import PERMISSIONS, ROLES
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db

NEW_PRODUCT = {"name": "Áo", "variants": [{"sku": "A", "price_minor": 1}]}
LINE = {"sku": "A", "quantity": 1}
NEW_PROMOTION = {"code": "KM", "name": "KM", "effect": {"kind": "percent_off", "off_bp": 1000}}
LIMITS = dict.fromkeys(("transfer_units", "transfer_value_minor", "adjustment_units", "adjustment_value_minor"))

ASKS: dict[str, tuple[str, Any]] = {
    "GET /people": ("staff.manage", None),
    "POST /people": ("staff.manage", {"email": "a@example.vn", "name": "A"}),
    "GET /people/{person_id}": ("staff.manage", None),
    "PATCH /people/{person_id}": ("staff.manage", {"language": "en"}),
    "POST /people/{person_id}/roles": ("staff.manage", {"role": "cashier"}),
    "DELETE /people/{person_id}/roles/{role}": ("staff.manage", None),
    "POST /people/{person_id}/password": ("staff.manage", None),
    "GET /people/{person_id}/sessions": ("staff.manage", None),
    "DELETE /people/{person_id}/sessions": ("staff.manage", None),
    "DELETE /people/{person_id}/second-factor": ("staff.manage", None),
    "POST /people/{person_id}/unlock": ("staff.manage", None),
    "GET /security": ("staff.manage", None),
    "PUT /security/rules/{role}": ("settings.manage", {}),
    "GET /seats": ("staff.manage", None),
    "GET /tokens": ("tokens.manage", None),
    "POST /tokens": ("tokens.manage", {"name": "t", "scopes": ["catalog.view"]}),
    "DELETE /tokens/{token_id}": ("tokens.manage", None),
    "GET /audit": ("audit.view", None),
    "GET /company": ("", None),
    "PUT /company": ("settings.manage", {"name": "Mekong"}),
    "GET /webhook-event-types": ("webhooks.manage", None),
    "GET /webhooks": ("webhooks.manage", None),
    "POST /webhooks": ("webhooks.manage", {"url": "https://example.vn", "event_types": ["partners.webhook_disabled"]}),
    "GET /webhooks/{webhook_id}": ("webhooks.manage", None),
    "PATCH /webhooks/{webhook_id}": ("webhooks.manage", {"name": "x"}),
    "DELETE /webhooks/{webhook_id}": ("webhooks.manage", None),
    "POST /webhooks/{webhook_id}/secret": ("webhooks.manage", {"overlap_hours": 1}),
    "POST /webhooks/{webhook_id}/ping": ("webhooks.manage", None),
    "POST /webhooks/{webhook_id}/resend": ("webhooks.manage", {"since": "2026-11-22T00:00:00Z"}),
    "GET /webhooks/{webhook_id}/messages": ("webhooks.manage", None),
    "GET /webhooks/{webhook_id}/messages/{message_id}": ("webhooks.manage", None),
    "POST /webhooks/{webhook_id}/messages/{message_id}/resend": ("webhooks.manage", None),
    "GET /products": ("catalog.view", None),
    "POST /products": ("catalog.edit", NEW_PRODUCT),
    "DELETE /pictures/{picture_id}": ("catalog.edit", None),
    "GET /products/export": ("catalog.view", None),
    "GET /products/{sku}": ("catalog.view", None),
    "PATCH /products/{sku}": ("catalog.edit", {"name": "B"}),
    "POST /products/{sku}/archive": ("catalog.edit", None),
    "POST /products/{sku}/restore": ("catalog.edit", None),
    "POST /products/{sku}/variants": ("catalog.edit", {"variants": [{"sku": "B", "price_minor": 1}]}),
    "GET /variants/search": ("catalog.view", None),
    "GET /variants/{sku}": ("catalog.view", None),
    "PATCH /variants/{sku}": ("catalog.edit", {"weight_g": 1}),
    "POST /prices": ("catalog.edit", {"lines": [{"sku": "A", "price_minor": 2}]}),
    "GET /categories": ("catalog.view", None),
    "POST /categories": ("catalog.edit", {"name": "Áo"}),
    "PATCH /categories/{code}": ("catalog.edit", {"name": "B"}),
    "POST /categories/{code}/move": ("catalog.edit", {"parent": ""}),
    "GET /categories/{code}/attributes": ("catalog.view", None),
    "PUT /categories/{code}/attributes": ("catalog.edit", {"attributes": []}),
    "GET /attributes": ("catalog.view", None),
    "POST /attributes": ("catalog.edit", {"name": "Men"}),
    "PATCH /attributes/{code}": ("catalog.edit", {"name": "B"}),
    "PUT /products/{sku}/pictures/order": ("catalog.edit", {"pictures": []}),
    "PATCH /pictures/{picture_id}": ("catalog.edit", {"alt_text": "B"}),
    "POST /pictures/{picture_id}/restore": ("catalog.edit", None),
    "PUT /variants/{sku}/parts": ("catalog.edit", {"parts": [{"sku": "B"}]}),
    "POST /barcodes/in-store": ("catalog.edit", {"skus": ["A"]}),
    "GET /products/{sku}/readiness": ("channels.view", None),
    "GET /locations": ("", None),
    "POST /locations": ("settings.manage", {"code": "X", "name": "X"}),
    "PATCH /locations/{code}": ("settings.manage", {"name": "X"}),
    "POST /stock/adjustments": ("inventory.adjust", {"location": "HN", "reason": "count", "lines": [LINE]}),
    "GET /stock/levels": ("inventory.view", None),
    "GET /stock/movements": ("inventory.view", None),
    "GET /stock/availability": ("inventory.view", None),
    "GET /stock/lots": ("inventory.view", None),
    "GET /stock/controls": ("inventory.view", None),
    "POST /stock/controls": ("inventory.controls", {"channel": "web", "scope": "channel", "kind": "pool"}),
    "DELETE /stock/controls/{control_id}": ("inventory.controls", None),
    "GET /stock/campaigns": ("inventory.view", None),
    "POST /stock/campaigns": (
        "inventory.controls",
        {"channel": "web", "name": "11.11", "ends_at": "2026-11-23T00:00:00Z", "lines": [LINE]},
    ),
    "GET /stock/campaigns/{code}": ("inventory.view", None),
    "POST /stock/campaigns/{code}/extend": ("inventory.controls", {"ends_at": "2026-11-23T00:00:00Z"}),
    "POST /stock/campaigns/{code}/end": ("inventory.controls", None),
    "POST /stock/campaigns/{code}/lines/{position}/try": ("inventory.controls", {}),
    "PUT /stock/reorder-levels": ("inventory.adjust", {"sku": "A", "location": "HN", "min_qty": 1}),
    "POST /stock/oversell": (
        "inventory.sell_below_zero",
        {"channel": "store", "location": "HN", "reference": "R-1", "lines": [LINE]},
    ),
    "PUT /stock/supply": ("inventory.controls", {"channel": "web", "locations": []}),
    "POST /stock/transfers": ("inventory.transfer", {"from_location": "HN", "to_location": "SG", "lines": [LINE]}),
    "POST /stock/transfers/{transfer_id}/receive": ("inventory.transfer", {}),
    "GET /stock/transfers": ("inventory.view", None),
    "GET /stock/transfers/{transfer_id}": ("inventory.view", None),
    "PUT /stock/transfers/{transfer_id}": (
        "inventory.transfer",
        {"from_location": "HN", "to_location": "SG", "lines": [LINE]},
    ),
    "POST /stock/transfers/{transfer_id}/request": ("inventory.transfer", None),
    "POST /stock/transfers/{transfer_id}/approve": ("inventory.transfer", None),
    "POST /stock/transfers/{transfer_id}/send-back": ("inventory.transfer", {}),
    "POST /stock/transfers/{transfer_id}/cancel": ("inventory.transfer", {}),
    "POST /stock/transfers/{transfer_id}/ship": ("inventory.transfer", {}),
    "POST /stock/transfers/{transfer_id}/settle": ("inventory.transfer", {"lines": [{"sku": "A", "cause": "lost"}]}),
    "GET /stock/adjustments": ("inventory.view", None),
    "GET /stock/adjustments/{code}": ("inventory.view", None),
    "POST /stock/adjustments/{code}/approve": ("inventory.approve", {}),
    "POST /stock/adjustments/{code}/reject": ("inventory.approve", {"note": "x"}),
    "POST /stock/adjustments/{code}/withdraw": ("inventory.adjust", None),
    "GET /stock/approval-limits": ("inventory.view", None),
    "PUT /stock/approval-limits": ("settings.manage", LIMITS),
    "GET /stock/low": ("inventory.view", None),
    "GET /stock/ledger": ("inventory.view", None),
    "GET /order-filters": ("orders.view", None),
    "POST /order-filters": ("orders.view", {"name": "VIP", "conditions": {"tag": "VIP"}}),
    "PATCH /order-filters/{filter_id}": ("orders.view", {"name": "VIP"}),
    "DELETE /order-filters/{filter_id}": ("orders.view", None),
    "GET /order-filters/{filter_id}/orders": ("orders.view", None),
    "GET /orders": ("orders.view", None),
    "GET /orders/{code}": ("orders.view", None),
    "POST /orders/{code}/confirm": ("orders.confirm", None),
    "POST /orders/{code}/cancel": ("orders.cancel", {}),
    "POST /orders/{code}/move": ("orders.ship", {"to": "packed"}),
    "POST /orders/{code}/ship": ("orders.ship", {}),
    "POST /orders/{code}/deliver": ("orders.ship", None),
    "POST /orders/{code}/complete": ("orders.confirm", None),
    "POST /orders/{code}/return-requests": ("orders.return", {}),
    "POST /orders/{code}/returns": (
        "orders.return",
        {"location": "HN", "lines": [{"line": 1, "quantity": 1, "grade": "resellable"}]},
    ),
    "POST /orders/{code}/notes": ("orders.edit", {"text": "x"}),
    "PUT /orders/{code}/tags": ("orders.edit", {"tags": []}),
    "POST /orders/{code}/tags": ("orders.edit", {"add": ["x"]}),
    "PUT /orders/{code}/address": ("orders.edit", {"address": {}}),
    "POST /orders/{code}/split": ("orders.edit", {"lines": [{"line": 0, "quantity": 1}]}),
    "POST /orders/{code}/merge": ("orders.edit", {"others": ["DH-1"]}),
    "POST /orders/{code}/pack-with": ("orders.edit", {"others": ["DH-1"]}),
    "DELETE /orders/{code}/pack-with": ("orders.edit", None),
    "POST /orders/{code}/duplicate": ("orders.cancel", {"other": "DH-1"}),
    "POST /orders/{code}/holds": ("orders.edit", {"hold": "manual", "reason": "x"}),
    "DELETE /orders/{code}/holds/{hold}": ("orders.edit", None),
    "GET /orders/{code}/buyer": ("customers.view", None),
    "GET /orders/{code}/earnings": ("reports.view", None),
    "POST /orders/{code}/earnings/read": ("reports.view", None),
    "GET /return-requests": ("orders.view", None),
    "GET /return-requests/{return_id}": ("orders.view", None),
    "POST /return-requests/{return_id}/answer": ("orders.return", {"accept": True}),
    "POST /orders/{code}/lines/{line}/match": ("orders.edit", {"sku": "A"}),
    "GET /channels": ("channels.view", None),
    "GET /channels/{code}": ("channels.view", None),
    "PATCH /channels/{code}": ("channels.manage", {"is_active": True}),
    "GET /channels/{code}/health": ("channels.view", None),
    "GET /channels/{code}/incidents": ("channels.view", None),
    "POST /channels/{code}/incidents/{incident_id}/hush": ("channels.sync", None),
    "GET /channels/{code}/audits": ("channels.view", None),
    "GET /channels/{code}/audits/{audit_id}": ("channels.view", None),
    "GET /connectors": ("channels.view", None),
    "POST /channels": ("channels.manage", {"code": "s1", "name": "S", "kind": "shopee", "shop_id": "1"}),
    "POST /channels/{code}/secrets": ("channels.manage", {"app_key": "1", "app_secret": "x"}),
    "POST /channels/{code}/authorisation": ("channels.manage", {"redirect_url": "https://shop.example/back"}),
    "POST /channels/{code}/authorisation/finish": ("channels.manage", {"params": {}}),
    "POST /channels/{code}/pause": ("channels.manage", None),
    "POST /channels/{code}/resume": ("channels.manage", None),
    "POST /channels/{code}/push": ("channels.sync", None),
    "POST /channels/{code}/listings/pull": ("channels.sync", None),
    "POST /channels/{code}/listings/audit": ("channels.sync", None),
    "GET /channels/{code}/platform-categories": ("channels.view", None),
    "POST /channels/{code}/platform-categories/read": ("channels.manage", None),
    "GET /channels/{code}/category-mappings": ("channels.view", None),
    "GET /channels/{code}/category-mappings/{category}": ("channels.view", None),
    "PUT /channels/{code}/category-mappings/{category}": ("channels.manage", {"external_id": "1"}),
    "PATCH /channels/{code}/category-mappings/{category}": ("channels.manage", {"rules": {"a": None}}),
    "GET /channels/{code}/publications": ("channels.view", None),
    "POST /channels/{code}/publications": ("channels.manage", {"skus": ["A"]}),
    "GET /channels/{code}/publications/{sku}": ("channels.view", None),
    "GET /channels/{code}/publications/{sku}/preview": ("channels.view", None),
    "PATCH /channels/{code}/publications/{sku}": ("channels.manage", {"is_shown": False}),
    "POST /channels/{code}/publications/{sku}/retry": ("channels.sync", None),
    "DELETE /channels/{code}/publications/{sku}": ("channels.manage", None),
    "GET /consistency": ("channels.view", None),
    "GET /consistency/counts": ("channels.view", None),
    "POST /consistency/repair": ("channels.sync", {}),
    "GET /products/{sku}/consistency": ("channels.view", None),
    "POST /products/{sku}/consistency/look": ("channels.sync", None),
    "POST /listings/{listing_id}/accept-price": ("channels.manage", {"price_minor": 1}),
    "GET /listings": ("channels.view", None),
    "GET /listings/{listing_id}": ("channels.view", None),
    "PATCH /listings/{listing_id}": ("channels.manage", {"is_synced": True}),
    "POST /listings/{listing_id}/match": ("channels.manage", {"sku": "A"}),
    "POST /listings/{listing_id}/unmatch": ("channels.manage", None),
    "POST /listings/{listing_id}/ignore": ("channels.manage", None),
    "POST /listings/{listing_id}/retry": ("channels.sync", None),
    "POST /quotes": ("orders.place", {"channel": "web", "lines": [{"sku": "AT-1", "quantity": 1}]}),
    "DELETE /checkouts/{checkout_id}": ("orders.place", None),
    "GET /gift-cards": ("pricing.view", None),
    "POST /gift-cards": ("vouchers.issue", {"name": "Tết", "value_minor": 1}),
    "POST /gift-cards/check": ("orders.place", {"code": "22222222222222222N"}),
    "POST /gift-cards/codes": ("vouchers.issue", {"cards": ["gcd_00000000000000000000000000000000"]}),
    "GET /gift-cards/{card_id}": ("pricing.view", None),
    "GET /gift-cards/{card_id}/entries": ("pricing.view", None),
    "POST /gift-cards/{card_id}/activate": ("vouchers.issue", {}),
    "POST /gift-cards/{card_id}/top-up": ("vouchers.issue", {"amount_minor": 1, "reference": "x"}),
    "POST /gift-cards/{card_id}/block": ("vouchers.issue", {"reason": "x"}),
    "POST /gift-cards/{card_id}/unblock": ("vouchers.issue", None),
    "POST /gift-cards/{card_id}/extend": ("vouchers.issue", {"expires_at": None}),
    "GET /gift-card-issues/{issue_id}": ("pricing.view", None),
    "POST /gift-card-issues/{issue_id}/activate": ("vouchers.issue", {}),
    "POST /gift-card-issues/{issue_id}/codes": ("vouchers.issue", None),
    "POST /gift-card-issues/{issue_id}/forget": ("vouchers.issue", None),
    "POST /gift-card-holds": (
        "orders.place",
        {"cards": [{"card_pass": "x", "amount_minor": 1}], "reference": "x"},
    ),
    "POST /gift-card-holds/{hold_id}/claim": ("orders.place", {"used_by": "DH-1"}),
    "DELETE /gift-card-holds/{hold_id}": ("orders.place", None),
    "POST /gift-card-holds/{hold_id}/give-back": ("orders.return", {"amount_minor": 1, "reference": "x"}),
    "POST /members": ("loyalty.enroll", {"phone": "0903123456", "name": "Lan", "has_consented": True}),
    "GET /members": ("loyalty.view", None),
    "GET /members/lookup": ("loyalty.view", None),
    "GET /members/{member_id}": ("loyalty.view", None),
    "PATCH /members/{member_id}": ("loyalty.enroll", {"name": "Lan"}),
    "POST /members/{member_id}/close": ("loyalty.adjust", None),
    "PUT /members/{member_id}/groups": ("loyalty.manage", {"groups": ["dai-ly"]}),
    "POST /members/{member_id}/card": ("loyalty.enroll", None),
    "GET /members/{member_id}/points": ("loyalty.view", None),
    "POST /members/{member_id}/adjust": ("loyalty.adjust", {"points": 1, "note": "quà"}),
    "GET /members/{member_id}/quote": ("loyalty.view", None),
    "POST /members/{member_id}/holds": (
        "loyalty.redeem",
        {"points": 1, "reference": "G-1", "channel": "store", "order_minor": 1},
    ),
    "GET /point-holds/{hold_id}": ("loyalty.view", None),
    "POST /point-holds/{hold_id}/claim": ("loyalty.redeem", {"reference": "HD-1"}),
    "POST /point-holds/{hold_id}/release": ("loyalty.redeem", None),
    "POST /members/{member_id}/merge": ("loyalty.adjust", {"merged_id": "mem_00000000000000000000000000000001"}),
    "POST /member-merges/{merge_id}/undo": ("loyalty.adjust", None),
    "PUT /members/{member_id}/account": ("loyalty.enroll", {"kind": "family", "name": "Nhà"}),
    "POST /members/{member_id}/account/members": (
        "loyalty.enroll",
        {"member_id": "mem_00000000000000000000000000000001"},
    ),
    "PUT /members/{member_id}/account/limit": ("loyalty.enroll", {"monthly_limit": 1}),
    "POST /members/{member_id}/account/own": ("loyalty.enroll", None),
    "POST /members/{member_id}/account/leave": ("loyalty.enroll", None),
    "GET /membership": ("loyalty.view", None),
    "PUT /membership/tiers": (
        "loyalty.manage",
        {"tiers": [], "basis": "spend", "window_months": 12, "downgrade": "one"},
    ),
    "PUT /membership/earn-rules": ("loyalty.manage", {"earn_rules": []}),
    "PUT /membership/burn-rules": ("loyalty.manage", {"burn_rules": []}),
    "GET /price-lists": ("pricing.view", None),
    "POST /price-lists": ("pricing.manage", {"code": "SI", "name": "Sỉ"}),
    "GET /price-lists/{code}": ("pricing.view", None),
    "PUT /price-lists/{code}": ("pricing.manage", {"code": "SI", "name": "Sỉ"}),
    "GET /price-lists/{code}/entries": ("pricing.view", None),
    "PUT /price-lists/{code}/entries": ("pricing.manage", {"lines": [{"sku": "A", "price_minor": 1}]}),
    "GET /price-policy": ("pricing.view", None),
    "PUT /price-policy": ("pricing.manage", {"guard_bp": None}),
    "GET /promotions": ("pricing.view", None),
    "POST /promotions": ("pricing.manage", NEW_PROMOTION),
    "GET /promotions/{code}": ("pricing.view", None),
    "PUT /promotions/{code}": ("pricing.manage", NEW_PROMOTION),
    "POST /promotions/{code}/state": ("pricing.manage", {"state": "active"}),
    "POST /promotions/{code}/try": ("pricing.view", {"lines": [{"sku": "A", "units": 1}]}),
    "GET /promotions/{code}/preview": ("pricing.view", None),
    "POST /promotions/{code}/vouchers": ("vouchers.issue", {"count": 1}),
    "POST /promotions/{code}/shared-code": ("vouchers.issue", {"code": "TET2027"}),
    "POST /promotions/{code}/personal-vouchers": ("vouchers.issue", {"person": "0901234567"}),
    "GET /vouchers": ("vouchers.issue", None),
    "GET /voucher-batches/{batch_id}/codes": ("vouchers.issue", None),
    "POST /vouchers/block": ("vouchers.issue", {"code": "TET2027"}),
    "POST /vouchers/unblock": ("vouchers.issue", {"code": "TET2027"}),
}
"""What each endpoint needs. "": nothing but a token."""

OPEN = {"GET /me", "GET /roles"}
FILES = {"POST /products/import", "POST /products/{sku}/pictures"}

PLACES = {
    "person_id": "per_00000000000000000000000000000000",
    "token_id": "tok_00000000000000000000000000000000",
    "control_id": "ctl_00000000000000000000000000000000",
    "transfer_id": "trf_00000000000000000000000000000000",
    "webhook_id": "whk_00000000000000000000000000000000",
    "message_id": "msg_00000000000000000000000000000000",
    "filter_id": "flt_00000000000000000000000000000000",
    "return_id": "ret_00000000000000000000000000000000",
    "card_id": "gcd_00000000000000000000000000000000",
    "checkout_id": "cart-1",
    "issue_id": "gcb_00000000000000000000000000000000",
    "hold_id": "00000000000000000000000000000000",
    "batch_id": "vcb_00000000000000000000000000000000",
    "picture_id": "pic_00000000000000000000000000000000",
    "member_id": "mem_00000000000000000000000000000000",
    "merge_id": "mrg_00000000000000000000000000000000",
    "role": "cashier",
    "category": "ao",
    "sku": "A",
    "code": "HN",
    "line": "1",
    "hold": "manual",
    "listing_id": "1",
    "incident_id": "1",
    "audit_id": "1",
    "position": "0",
}


@cache
def preset(role: str) -> frozenset[str]:
    held = ROLES[role].permissions
    return frozenset(PERMISSIONS) if held is None else held


def url_of(operation: str) -> str:
    """The address of an operation, with all that it needs in its path and query."""
    _, _, path = operation.partition(" ")
    url = f"/api/v1{path.format(**PLACES)}"
    if path in {"/stock/movements", "/stock/availability", "/stock/lots"}:
        url += "?sku=A&channel=web"
    if path.endswith("/preview"):
        url += "?placed_from=2026-10-01T00:00:00Z&placed_to=2026-11-01T00:00:00Z"
    return url


def ask(client: Client, operation: str, body: Any) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    return client.generic(
        operation.split(" ", maxsplit=1)[0], url_of(operation), content, content_type="application/json"
    )


def test_the_table_has_every_endpoint() -> None:
    described = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document()["paths"].items()
        for method in operations
        if method not in EXTRA_PATHS.get(path, {})
    }
    assert described == {*ASKS, *OPEN, *FILES}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_in_where_its_permissions_say_and_nowhere_else(role: str) -> None:
    client = a_caller(*sorted(preset(role)))
    for operation, (permission, body) in ASKS.items():
        response = ask(client, operation, body)
        named = response.json().get("params", {}).get("permission") if response.status_code == 403 else None
        if not permission or permission in preset(role):
            assert named != permission, (operation, response.content)
        else:
            assert response.status_code == 403, (operation, response.status_code, response.content)
            assert named in {permission, "catalog.view", "inventory.view", "orders.view"}, (operation, named)


@pytest.mark.parametrize("operation", [*ASKS, *sorted(OPEN)])
def test_no_token_no_answer(operation: str) -> None:
    response = ask(Client(headers={"Host": "localhost"}), operation, ASKS.get(operation, ("", None))[1])
    assert response.status_code == 401, response.content
