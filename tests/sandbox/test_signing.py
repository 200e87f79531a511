"""Signatures against recorded vectors, several of them printed in the platforms' own documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mekong_sandbox.lazada import signing as lazada
from mekong_sandbox.shopee import signing as shopee

VECTORS = Path(__file__).parent / "vectors"
SHOPEE: dict[str, Any] = json.loads((VECTORS / "shopee.json").read_text())
LAZADA: dict[str, Any] = json.loads((VECTORS / "lazada.json").read_text())


def named(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


@named(SHOPEE["request_vectors"])
def test_a_shopee_call_is_signed_as_recorded(vector: dict[str, Any]) -> None:
    identity = [vector[name] for name in ("access_token", "shop_id", "merchant_id") if vector.get(name)]
    signed = shopee.sign_call(
        vector["partner_key"], vector["partner_id"], vector["path"], vector["timestamp"], *identity
    )
    assert signed == vector["sign"]


@named(SHOPEE["push_vectors"])
def test_a_shopee_push_is_signed_as_recorded(vector: dict[str, Any]) -> None:
    signed = shopee.sign_push(vector["key"], vector["callback_url"], vector["raw_body"].encode())
    assert signed == vector["authorization"]


@named(SHOPEE["negative_push_vectors"])
def test_a_wrong_shopee_push_recipe_gives_another_signature(vector: dict[str, Any]) -> None:
    signed = shopee.sign_push(vector["key"], vector["callback_url"], vector["raw_body"].encode())
    assert not shopee.same(signed, vector["authorization"])


@named(LAZADA["request_vectors"])
def test_a_lazada_call_is_signed_as_recorded(vector: dict[str, Any]) -> None:
    assert lazada.base_of(vector["api_path"], vector["params"]) == vector["base_string"]
    assert lazada.sign_call(vector["app_secret"], vector["api_path"], vector["params"]) == vector["sign"]


@named(LAZADA["push_vectors"])
def test_a_lazada_push_is_signed_as_recorded(vector: dict[str, Any]) -> None:
    signed = lazada.sign_push(vector["app_secret"], vector["app_key"], vector["raw_body"].encode())
    assert signed == vector["authorization"]


@named(LAZADA["negative_push_vectors"])
def test_a_wrong_lazada_push_recipe_gives_another_signature(vector: dict[str, Any]) -> None:
    signed = lazada.sign_push(vector["app_secret"], vector["app_key"], vector["raw_body"].encode())
    assert not lazada.same(signed, vector["authorization"])


def test_case_of_a_signature_counts() -> None:
    assert not lazada.same("AB", "ab")
    assert not shopee.same("AB", "ab")
