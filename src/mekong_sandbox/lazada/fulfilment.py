"""Pack, label, ready to ship, cancel, in the current and the legacy form (protocol notes, section 7)."""

from __future__ import annotations

import base64
from typing import Any

from mekong_sandbox.label import label_pdf
from mekong_sandbox.lazada import life
from mekong_sandbox.lazada.gate import Answer, Call, Flat, Refused
from mekong_sandbox.lazada.model import Order, Units
from mekong_sandbox.lazada.orders import own_order

PROVIDER = "LEX VN"
REASONS = [{"reason_id": 15, "reason_name": "Out of stock"}, {"reason_id": 21, "reason_name": "Wrong price"}]
MAX_PACKED = 20


def _result(data: Any) -> Flat:
    return Flat(result={"success": True, "error_code": "0", "error_msg": "", "data": data})


def _units(call: Call, name: str) -> list[int]:
    ids = call.json(name)
    if not isinstance(ids, list) or not ids or not all(str(one).isdecimal() for one in ids):
        raise Refused("37", f"{name} must be a list of ids")
    return [int(one) for one in ids]


def _one_order(call: Call, unit_ids: list[int]) -> Order:
    orders = {order.order_id if (order := call.market.order_of_unit(one)) else 0 for one in unit_ids}
    if len(orders) != 1 or 0 in orders:
        raise Refused("37", "One or more order items are invalid, or of several orders")
    return own_order(call, str(orders.pop()))


def providers(call: Call) -> Answer:
    """Carriers for some orders."""
    row = {"name": PROVIDER, "provider_code": "LEX_VN", "cod": 1, "is_default": 1, "api_integration": 1}
    return _result({"shipment_providers": [row], "shipping_allocate_type": "TFS"})


def legacy_providers(call: Call) -> Answer:
    """Carriers, legacy form."""
    return {"shipment_providers": [{"name": PROVIDER, "cod": 1, "is_default": 1, "api_integration": 1}]}


def pack(call: Call) -> Answer:
    """Put units in parcels, an order each."""
    asked = call.json("packReq")
    rows = asked.get("pack_order_list") if isinstance(asked, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_PACKED:
        raise Refused("37", f"pack_order_list must hold 1 to {MAX_PACKED} orders")
    answers = []
    for row in rows:
        order = own_order(call, str(row.get("order_id", "")))
        unit_ids = [int(one) for one in row.get("order_item_list", []) if str(one).isdecimal()]
        answers.append({"order_id": order.order_id, "order_item_list": _pack(call, order, unit_ids)})
    return _result({"pack_order_list": answers})


def _pack(call: Call, order: Order, unit_ids: list[int]) -> list[dict[str, Any]]:
    try:
        if not unit_ids:
            raise life.WrongStep("order_item_list is empty")
        runs = life.chosen(order, unit_ids)
        package_id = life.pack(call.market, order, runs, PROVIDER)
    except life.WrongStep as wrong:
        return [
            {"order_item_id": unit_id, "item_err_code": "39", "msg": str(wrong), "retry": False} for unit_id in unit_ids
        ]
    return [
        {
            "order_item_id": unit_id,
            "item_err_code": "0",
            "msg": "success",
            "retry": False,
            "tracking_number": run.tracking,
            "shipment_provider": PROVIDER,
            "package_id": package_id,
        }
        for run in runs
        for unit_id in run.ids()
    ]


def _packages(call: Call, name: str) -> list[str]:
    asked = call.json(name)
    rows = asked.get("packages") if isinstance(asked, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_PACKED:
        raise Refused("37", f"packages must hold 1 to {MAX_PACKED} rows")
    return [str(row.get("package_id", "")) for row in rows]


def _owned(call: Call, package_id: str) -> Order | None:
    order = call.market.orders.get(call.market.packages.get(package_id, 0))
    return order if order and order.seller_id == call.seller.seller_id else None


def ready_to_ship(call: Call) -> Answer:
    """Parcels are ready; only packed ones can be."""
    answers = []
    for package_id in _packages(call, "readyToShipReq"):
        row = {"package_id": package_id, "item_err_code": "0", "msg": "success", "retry": False}
        try:
            if _owned(call, package_id) is None:
                raise life.WrongStep("package not found")
            life.ready(call.market, package_id)
        except life.WrongStep as wrong:
            row |= {"item_err_code": "38", "msg": str(wrong)}
        answers.append(row)
    return _result({"packages": answers})


def repack(call: Call) -> Answer:
    """Take units out of their parcels."""
    answers = []
    for package_id in _packages(call, "repackReq"):
        order = _owned(call, package_id)
        runs = [run for run in order.units if run.package_id == package_id] if order else []
        good = bool(runs) and all(run.status == "packed" for run in runs)
        if order is not None and good:
            life.change(call.market, order, runs, "repacked")
            for run in runs:
                run.package_id = run.tracking = ""
        code, text = ("0", "success") if good else ("38", "only packed units can be repacked")
        answers.append({"package_id": package_id, "item_err_code": code, "msg": text, "retry": False})
    return _result({"packages": answers})


def document(call: Call) -> Answer:
    """The label of parcels as base64 PDF."""
    ids = _packages(call, "getDocumentReq")
    if any(_owned(call, package_id) is None for package_id in ids):
        raise Refused("37", "package not found")
    file = base64.b64encode(label_pdf([f"Package {package_id}" for package_id in ids])).decode()
    return _result({"doc_type": "PDF", "file": file, "pdf_url": f"https://doc.example/{ids[0]}.pdf"})


# -- legacy forms


def legacy_pack(call: Call) -> Answer:
    """Pack units of one order."""
    unit_ids = _units(call, "order_item_ids")
    order = _one_order(call, unit_ids)
    rows = _pack(call, order, unit_ids)
    if rows and rows[0]["item_err_code"] != "0":
        raise Refused("39", str(rows[0]["msg"]))
    kept = ("order_item_id", "tracking_number", "shipment_provider", "package_id")
    return {"order_items": [{"purchase_order_id": "", **{name: row[name] for name in kept}} for row in rows]}


def legacy_ready(call: Call) -> Answer:
    """Units are ready to ship: the parcels that hold them."""
    unit_ids = _units(call, "order_item_ids")
    order = _one_order(call, unit_ids)
    ids = {run.package_id for run in order.units if any(unit_id in run.ids() for unit_id in unit_ids)}
    try:
        for package_id in sorted(ids):
            life.ready(call.market, package_id)
    except life.WrongStep as wrong:
        raise Refused("38", str(wrong)) from None
    return {"order_items": [{"order_item_id": unit_id} for unit_id in unit_ids]}


def legacy_document(call: Call) -> Answer:
    """A document of units as base64."""
    kind = call.text("doc_type")
    if kind not in ("invoice", "shippingLabel", "carrierManifest"):
        raise Refused("34", f'"{kind}" Invalid document type')
    unit_ids = _units(call, "order_item_ids")
    order = _one_order(call, unit_ids)
    lines = [f"Order {order.order_id}", *(f"Line {unit_id}" for unit_id in unit_ids[:30])]
    file = base64.b64encode(label_pdf(lines)).decode()
    return {"document": {"file": file, "mime_type": "application/pdf", "document_type": kind}}


def _cancel(call: Call, order: Order, unit_ids: list[int] | None, reason: str) -> list[Units]:
    try:
        return life.cancel(call.market, order, unit_ids, reason)
    except life.WrongStep as wrong:
        raise Refused("38", str(wrong)) from None


def legacy_cancel(call: Call) -> Answer:
    """Cancel one unit."""
    unit_id = call.text("order_item_id")
    order = _one_order(call, [int(unit_id)] if unit_id.isdecimal() else [0])
    _cancel(call, order, [int(unit_id)], call.text("reason_detail", call.text("reason_id", "")))
    return {}


def cancel_validate(call: Call) -> Answer:
    """Whether the seller may cancel, and the reasons to choose from."""
    order = own_order(call, call.text("order_id"))
    unit_ids = _units(call, "order_item_id_list")
    found = [order.find(unit_id) for unit_id in unit_ids]
    if None in found:
        raise Refused("37", "One or more order items are invalid")
    good = all(run.status in life.CANCELLABLE for run in found if run)
    return {"tip_content": "", "tip_type": "NORMAL" if good else "FORBIDDEN", "reason_options": REASONS if good else []}


def cancel_create(call: Call) -> Answer:
    """The seller cancels units."""
    order = own_order(call, call.text("order_id"))
    unit_ids = _units(call, "order_item_id_list")
    reason = call.text("reason_id")
    known = {str(row["reason_id"]): str(row["reason_name"]) for row in REASONS}
    if reason not in known:
        raise Refused("19", f'"{reason}" Invalid reason_id')
    _cancel(call, order, unit_ids, known[reason])
    return {"tip_content": "", "tip_type": "NORMAL"}
