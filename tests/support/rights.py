"""What each page, act and address needs: the declared side of the matrix in `tests/integration/security/test_matrix.py`.

An address that is not here fails that test. "" is for everybody signed in, ANYONE for those who are not; a page answers
the methods that stand here and no other.
"""

from __future__ import annotations

from collections.abc import Mapping

ANYONE = "anyone"

PAGES: Mapping[str, Mapping[str, str]] = {
    "": {"GET": ""},
    "sign-in/": {"GET": ANYONE, "POST": ANYONE},
    "sign-in/second/": {"GET": ANYONE, "POST": ANYONE},
    "sign-in/passkey/": {"POST": ANYONE},
    "sign-in/passkey/options/": {"POST": ANYONE},
    "sign-in/demo/": {"POST": ANYONE},
    "sign-out/": {"POST": ANYONE},
    "welcome/<str:person>/<str:token>/": {"GET": ANYONE, "POST": ANYONE},
    "preferences/": {"POST": ANYONE},
    "media/<path:path>": {"GET": ANYONE},
    "last-unit/": {"GET": ANYONE, "POST": ANYONE},
    "password/": {"GET": "", "POST": ""},
    "account/": {"GET": ""},
    "account/app/": {"GET": "", "POST": ""},
    "account/app/begin/": {"POST": ""},
    "account/app/remove/": {"POST": ""},
    "account/codes/": {"POST": ""},
    "account/confirm/": {"GET": "", "POST": ""},
    "account/confirm/passkey/": {"POST": ""},
    "account/confirm/passkey/options/": {"POST": ""},
    "account/passkeys/": {"POST": ""},
    "account/passkeys/options/": {"POST": ""},
    "account/passkeys/<uuid:key>/": {"POST": ""},
    "account/sessions/end/": {"POST": ""},
    "palette/": {"GET": ""},
    "parts/pulse/": {"GET": ""},
    "channels/": {"GET": "channels.view"},
    "channels/new/": {"GET": "channels.manage", "POST": "channels.manage"},
    "channels/<slug:code>/": {"GET": "channels.view"},
    "channels/<slug:code>/act/": {"POST": "channels.view"},
    "channels/<slug:code>/authorise/": {"POST": "channels.manage"},
    "channels/<slug:code>/authorised/": {"GET": "channels.manage"},
    "channels/<slug:code>/listings/<int:listing>/": {"GET": "channels.view"},
    "channels/<slug:code>/match/": {"GET": "channels.view", "POST": "channels.view"},
    "channels/<slug:code>/orders-file/": {"GET": "channels.sync", "POST": "channels.sync"},
    "channels/<slug:code>/orders-file/judge/": {"POST": "channels.sync"},
    "channels/<slug:code>/orders-file/confirm/": {"POST": "channels.sync"},
    "channels/<slug:code>/stock-file/": {"GET": "channels.view"},
    "live/": {"GET": "inventory.view"},
    "live/figures/": {"GET": "inventory.view"},
    "live/replay": {"GET": "channels.view", "POST": "channels.view"},
    "orders/": {"GET": "orders.view"},
    "orders/bulk/": {"POST": "orders.view"},
    "orders/<str:code>/": {"GET": "orders.view"},
    "orders/<str:code>/act/": {"POST": "orders.view"},
    "orders/<str:code>/reveal/": {"POST": "customers.reveal"},
    "products/": {"GET": "catalog.view"},
    "products/suggest/": {"GET": "catalog.view"},
    "products/new/": {"GET": "catalog.edit", "POST": "catalog.edit"},
    "products/import/": {"GET": "catalog.import", "POST": "catalog.import"},
    "products/import/confirm/": {"POST": "catalog.import"},
    "products/import/errors/": {"POST": "catalog.import"},
    "products/export/": {"GET": "catalog.view"},
    "products/template/": {"GET": "catalog.view"},
    "products/<path:sku>/edit/": {"GET": "catalog.edit", "POST": "catalog.edit"},
    "products/<path:sku>/archive/": {"POST": "catalog.edit"},
    "products/<path:sku>/restore/": {"POST": "catalog.edit"},
    "products/<path:sku>/picture/": {"POST": "catalog.edit"},
    "products/<path:sku>/": {"GET": "catalog.view"},
    "settings/": {"GET": ""},
    "settings/audit/": {"GET": "audit.view"},
    "settings/audit/file/": {"GET": "audit.view"},
    "settings/security/": {"GET": "staff.manage"},
    "settings/security/break-glass/": {"POST": "settings.manage"},
    "settings/security/policy/": {"POST": "settings.manage"},
    "settings/security/rules/": {"POST": "settings.manage"},
    "settings/security/unlock/": {"POST": "staff.manage"},
    "settings/staff/": {"GET": "staff.manage"},
    "settings/staff/new/": {"GET": "staff.manage", "POST": "staff.manage"},
    "settings/staff/seats/": {"GET": "staff.manage"},
    "settings/staff/seats/file/": {"GET": "staff.manage"},
    "settings/staff/<uuid:uid>/": {"GET": "staff.manage"},
    "settings/staff/<uuid:uid>/act/": {"POST": "staff.manage"},
    "stock/": {"GET": "inventory.view"},
    # Receiving goods and adjusting share the form; the command asks for the right that fits the reason.
    "stock/adjust/": {"GET": "", "POST": ""},
    "stock/adjust/undo/": {"POST": "inventory.adjust"},
    "stock/controls/": {"GET": "inventory.view", "POST": "inventory.view"},
    "stock/controls/<uuid:uid>/remove/": {"POST": "inventory.controls"},
    "stock/<path:sku>/low/": {"POST": "inventory.adjust"},
    "stock/<path:sku>/": {"GET": "inventory.view"},
}
"""By the pattern of `faces/backoffice/urls.py`."""

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "live/buy": {"POST": "channels.view"},
    "live/put-back": {"POST": "inventory.view"},
}
"""Django views with JSON, of people on a browser: the first right that they ask for."""

EXPRESS: Mapping[str, str] = {
    "POST /api/v1/reservations": "inventory.reserve",
    "POST /api/v1/orders": "orders.place",
    "DELETE /api/v1/reservations/{reservation_id}": "inventory.reserve",
    "GET /live/events": "",
    "GET /live/last-unit": "",
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /metrics": ANYONE,
    "POST /hooks/{channel}": ANYONE,
}
"""The express lane. Streams need somebody signed in; notices of platforms carry their own signature."""

ORDER_ACTS: Mapping[str, str] = {
    "confirm": "orders.confirm", "pack": "orders.ship", "ship": "orders.ship", "deliver": "orders.ship",
    "complete": "orders.confirm", "cancel": "orders.cancel", "return": "orders.return", "receive": "orders.return",
    "match": "orders.edit", "address": "orders.edit", "note": "orders.edit", "tags": "orders.edit",
}  # fmt: skip
"""Steps of an order's page, all posted to one address."""

SAMPLES: Mapping[str, str] = {
    "code": "web", "sku": "NO-SUCH", "listing": "1", "path": "no-such.png", "token": "x",
    "reservation_id": "res_00000000000000000000000000000000",
    "uid": "00000000-0000-7000-8000-000000000000", "key": "00000000-0000-7000-8000-000000000000",
    "person": "00000000000070008000000000000000", "channel": "web",
}  # fmt: skip
"""What stands in an address for each of its parts: nothing that exists, for rights are asked for first."""
