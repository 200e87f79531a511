"""Which role may do what, where."""

from __future__ import annotations

import pytest

from mekong.foundation.access import token_actor, union
from mekong.foundation.actor import Actor
from mekong.foundation.permissions import PERMISSIONS, ROLES, unknown

A, B = 1, 2


def test_every_permission_and_role_has_both_languages() -> None:
    for each in (*PERMISSIONS.values(), *ROLES.values()):
        assert each.vi
        assert each.en
        assert each.label("vi") != each.label("en-GB")


def test_roles_are_made_of_permissions_that_exist() -> None:
    for role in ROLES.values():
        assert unknown(role.permissions or ()) == []


def test_the_owner_is_the_one_role_with_everything() -> None:
    assert [role.name for role in ROLES.values() if role.permissions is None] == ["owner"]
    assert union([("cashier", frozenset({A})), ("owner", None)]) is None


def test_a_manager_of_one_store_who_sells_everywhere_manages_that_store_alone() -> None:
    held = union([("manager", frozenset({A})), ("cashier", None)])
    assert held is not None
    assert held["inventory.adjust"] == {A}
    assert held["orders.place"] is None


@pytest.mark.parametrize("order", [1, -1])
def test_roles_add_up_whatever_their_order(order: int) -> None:
    roles = [("warehouse", frozenset({A})), ("warehouse", frozenset({B})), ("cashier", frozenset({B}))][::order]
    held = union(roles)
    assert held is not None
    assert held["inventory.adjust"] == {A, B}
    assert held["orders.place"] == {B}


def test_a_narrowed_role_loses_what_governs_the_whole_company_and_keeps_what_has_no_place() -> None:
    held = union([("manager", frozenset({A}))])
    assert held is not None
    assert "channels.manage" not in held
    assert "audit.view" not in held
    assert held["catalog.view"] is None


def test_a_role_that_is_no_more_gives_nothing() -> None:
    assert union([("astronaut", None)]) == {}


def test_an_actor_answers_by_permission_and_is_strict_without_one() -> None:
    held = union([("manager", frozenset({A})), ("cashier", None)])
    assert held is not None
    actor = Actor("person", "person:1", "Lan", frozenset(held), frozenset({A}), held)
    assert actor.locations_for("orders.place") is None
    assert actor.locations_for("inventory.adjust") == {A}
    assert actor.locations_for("settings.manage") == frozenset()
    assert actor.sees_location(B, "orders.place")
    assert not actor.sees_location(B, "inventory.adjust")
    assert not actor.sees_location(B)
    assert actor.within([A, B], "orders.place") == [A, B]
    assert actor.within([A, B]) == [A]


def test_a_token_for_all_at_one_place_has_no_company_rights() -> None:
    actor = token_actor("token:1", "till", ["all"], [A])
    assert actor.permissions is not None
    assert not actor.may("settings.manage")
    assert actor.locations_for("orders.place") == {A}
    assert actor.locations_for("catalog.view") is None
    assert token_actor("token:2", "erp", ["all"], []).permissions is None


# What each preset is for; a change of a preset is a change of this table.
MATRIX = {
    "catalog.view": "manager warehouse online_orders cashier accountant",
    "catalog.edit": "manager",
    "catalog.import": "manager",
    "inventory.view": "manager warehouse online_orders cashier accountant",
    "inventory.adjust": "manager warehouse",
    "inventory.receive": "manager warehouse",
    "inventory.transfer": "manager warehouse",
    "inventory.approve": "manager",
    "inventory.reserve": "manager online_orders cashier",
    "inventory.sell_below_zero": "manager",
    "inventory.controls": "manager",
    "orders.view": "manager warehouse online_orders cashier accountant",
    "orders.place": "manager online_orders cashier",
    "orders.confirm": "manager online_orders cashier",
    "orders.edit": "manager online_orders cashier",
    "orders.cancel": "manager online_orders",
    "orders.ship": "manager warehouse online_orders",
    "orders.return": "manager warehouse online_orders cashier",
    "pricing.view": "manager online_orders cashier accountant",
    "pricing.manage": "manager",
    "pricing.discount": "manager online_orders cashier",
    "pricing.below_guard": "manager",
    "vouchers.issue": "manager",
    "loyalty.view": "manager online_orders cashier accountant",
    "loyalty.enroll": "manager online_orders cashier",
    "loyalty.redeem": "manager online_orders cashier",
    "loyalty.adjust": "manager",
    "loyalty.manage": "manager",
    "channels.view": "manager online_orders accountant",
    "channels.manage": "manager",
    "channels.sync": "manager online_orders",
    "customers.view": "manager online_orders cashier accountant",
    "customers.reveal": "manager online_orders",
    "money.view_cost": "manager accountant",
    "reports.view": "manager accountant",
    "staff.manage": "manager",
    "tokens.manage": "",
    "webhooks.manage": "manager",
    "audit.view": "manager accountant",
    "settings.manage": "",
}


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_presets_hold_what_their_work_needs(permission: str) -> None:
    holders = {role.name for role in ROLES.values() if role.permissions is None or permission in role.permissions}
    assert holders == {"owner", *MATRIX[permission].split()}
