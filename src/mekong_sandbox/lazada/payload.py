"""The `payload` parameter of product calls: XML or JSON, read into one shape (protocol notes, section 5)."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import msgspec

from mekong_sandbox.lazada.gate import Call, Refused

LISTS = {"Skus": "Sku", "Images": "Image", "MultiWarehouseInventories": "MultiWarehouseInventory", "options": "option"}
MAX_SKUS = 50


def _from_xml(element: ElementTree.Element) -> Any:
    tag = element.tag
    if tag in LISTS:
        return [_from_xml(child) for child in element]
    if len(element):
        return {child.tag: _from_xml(child) for child in element}
    return (element.text or "").strip()


def _from_json(value: Any, name: str = "") -> Any:
    if name in LISTS:
        inner = value.get(LISTS[name], []) if isinstance(value, dict) else value
        inner = inner if isinstance(inner, list) else [inner]
        return [_from_json(one) for one in inner]
    if isinstance(value, dict):
        return {key: _from_json(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_from_json(one) for one in value]
    return "" if value is None else str(value)


def product_of(call: Call, name: str = "payload") -> dict[str, Any]:
    """The Product of the payload. Raises: Refused."""
    inner = request_of(call, name)
    product = inner.get("Product")
    if not isinstance(product, dict):
        raise Refused("1000", "The payload must be Request > Product", "ISP")
    return product


def request_of(call: Call, name: str = "payload") -> dict[str, Any]:
    """What stands in the Request of a payload. Raises: Refused."""
    text = call.sent.get(name, "").strip()
    if not text:
        raise Refused("E006", "E006: Unexpected internal error, the payload is missing", "ISP")
    if "<!" in text[:2000] and "<!DOCTYPE" in text.upper():
        raise Refused("1000", "The payload must not hold a document type", "ISP")
    try:
        if text.startswith("<"):
            root = ElementTree.fromstring(text)  # noqa: S314 - document types, the only danger, are refused above
            request = {root.tag: _from_xml(root)}
        else:
            request = _from_json(msgspec.json.decode(text.encode()))
    except (ElementTree.ParseError, msgspec.DecodeError) as bad:
        raise Refused("30", f"The payload cannot be read: {bad}", "ISP") from None
    inner = request.get("Request") if isinstance(request, dict) else None
    if not isinstance(inner, dict):
        raise Refused("1000", "The payload must be Request > Product", "ISP")
    return inner


def skus_of(call: Call) -> list[dict[str, Any]]:
    """The SKUs of the payload, 1 to 50. Raises: Refused."""
    skus = product_of(call).get("Skus")
    if not isinstance(skus, list) or not skus or not all(isinstance(sku, dict) for sku in skus):
        raise Refused("5", "The payload holds no Sku", "ISP")
    if len(skus) > MAX_SKUS:
        raise Refused("6", f"The payload holds more than {MAX_SKUS} Sku", "ISP")
    return skus
