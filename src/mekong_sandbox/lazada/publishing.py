"""Making, changing, hiding and withdrawing products (protocol notes, section 5). Codes as the platform's documents list them."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.catalogue.tree import Category
from mekong_sandbox.lazada import media, taxonomy
from mekong_sandbox.lazada.gate import Answer, Call, Refused
from mekong_sandbox.lazada.model import Held, Product, Sku
from mekong_sandbox.lazada.payload import MAX_SKUS, product_of, skus_of
from mekong_sandbox.lazada.products import PACKAGE, Failed, whole
from mekong_sandbox.lazada.special import Special, Wrong, check, give, read, special_of
from mekong_sandbox.lazada.taxonomy import wrong
from mekong_sandbox.money import exact_minor

MAX_NAME, MAX_DESCRIPTION, MAX_SKU_CODE = 255, 25_000, 200
MAX_WEIGHT_KG, MAX_SIDES_CM = 40, 300
STANDARD = ("name", "description", "short_description", "brand", "brand_id")


def _texts(given: Any) -> dict[str, str]:
    return {key: value for key, value in given.items() if isinstance(value, str)} if isinstance(given, dict) else {}


def _name(given: dict[str, str]) -> str:
    name = given.get("name", "").strip()
    if not name:
        raise wrong("4108", "CHK_BASIC_REQUIRED", "name is mandatory", "name")
    if len(name) > MAX_NAME:
        raise wrong(
            "4160", "THD_IC_ERR_F_PRODUCT_00_15_004", f"The max length of name can not exceed {MAX_NAME}", "name"
        )
    return name


def _description(given: dict[str, str]) -> str:
    text = given.get("description", "")
    if len(text) > MAX_DESCRIPTION:
        raise wrong("4120", "CHK_CATPROP_CPV_MAX_LEGNTH", "description is too long", "description")
    return text


# -- SKUs


def _value(row: dict[str, Any], name: str) -> str:
    return str(row.get(name, row.get(name.capitalize(), ""))).strip()


def _price(call: Call, row: dict[str, Any], name: str, code: str) -> int:
    try:
        price = exact_minor(_value(row, name), call.seller.currency)
    except ValueError:
        raise wrong("4104", "BIZ_CHECK_PRICE_PRECISION_INVALID", f"{name} is not a price", name, code) from None
    if price <= 0:
        raise wrong("4118", "BIZ_CHECK_PRICE_IS_ZERO", f"{name} must be more than 0", name, code)
    return price


def _special(call: Call, row: dict[str, Any], code: str, price: int, had: Sku | None) -> Special:
    """The special price as the payload writes it, else as it was; either must be lower than the price."""
    names = ("special_price", "special_from_date", "special_to_date")
    sent = [_value(row, name) for name in names]
    now, least_bp = call.world.clock.now(), call.world.settings.lazada_special_least_bp
    try:
        special = read(*sent, country=call.seller.country, currency=call.seller.currency)
        special = special or (special_of(had) if had else Special())
        check(special, price, now=now, least_bp=least_bp)
    except Wrong as bad:
        raise wrong(bad.code, bad.name, bad.message, names[bad.place], code) from None
    return special


def _package(row: dict[str, Any], code: str, had: dict[str, str] | None) -> dict[str, str]:
    """Weight and sides of the parcel; a new SKU must say all of them."""
    package = dict(had or {})
    for name in PACKAGE:
        text = str(row.get(name, "")).strip()
        if text:
            package[name] = text
        elif had is None:
            raise wrong("4108", "CHK_BASIC_REQUIRED", f"{name} is mandatory", name, code)
    for name, text in package.items():
        if not text.replace(".", "", 1).isdecimal() or float(text) <= 0:
            raise wrong("4149", "BIZ_CHECK_PACKAGE_DECIMAL_INVALID", f"{name} is not valid", name, code)
    if float(package.get("package_weight", 0)) > MAX_WEIGHT_KG:
        raise wrong("4164", "BIZ_CHECK_MAX_PACKAGE_WEIGHT", "The package weight exceeds 40kg", "package_weight", code)
    if sum(float(text) for name, text in package.items() if name != "package_weight") > MAX_SIDES_CM:
        text = "The Package dimension(Length+Width+Height) exceeds 300cm"
        raise wrong("4165", "BIZ_CHECK_MAX_PACKAGE_DIMENISIONS", text, "package_length", code)
    return package


def _choices(row: dict[str, Any], code: str, names: set[str]) -> dict[str, str]:
    chosen = {name: text.strip() for name, text in _texts(row.get("saleProp")).items() if text.strip()}
    for name, text in chosen.items():
        if name not in names:
            reason = f"This variation attribute {name} is not found in the variation label"
            raise wrong("4143", "BIZ_CHECK_SALEPROP_ATTRIBUTE_INVALID", reason, name, code)
        if any(letter in text for letter in taxonomy.FORBIDDEN):
            raise wrong(
                "4129", "BIZ_CHECK_PROP_SPECIAL_CHAR", f"Special characters are not allowed: {text}", name, code
            )
    return chosen


def _code(call: Call, row: dict[str, Any], product: Product | None, had: Sku | None) -> str:
    code = str(row.get("SellerSku", had.seller_sku if had else "")).strip()
    if not code or len(code) > MAX_SKU_CODE:
        raise wrong("4150", "SELLER_SKU_INVALID", "seller sku is invalid", "SellerSku", code)
    taken = call.market.by_seller_sku.get((call.seller.seller_id, code))
    if taken is not None and taken[1] is not had:
        raise wrong("4105", "BIZ_CHECK_SELLER_SKU_DUPLICATE", "SellerSku repeat", "SellerSku", code)
    return code


def _sku(call: Call, row: dict[str, Any], names: set[str], product: Product | None, had: Sku | None) -> Sku:
    """A SKU as it will be; the one it was stays as it is."""
    code = _code(call, row, product, had)
    price = _price(call, row, "price", code) if had is None or _value(row, "price") else had.price
    special = _special(call, row, code, price, had)
    stock = dict(had.stock) if had else {name: Held(0) for name in call.seller.warehouses}
    first = call.seller.warehouses[0]
    if _value(row, "quantity"):
        try:
            units = whole(_value(row, "quantity"), "quantity")
        except Failed as failed:
            raise wrong("4152", "THD_INVENTORY_ERR_INV_PARAM_ILLEGAL", failed.message, "quantity", code) from None
        held = stock.get(first, Held(0))
        if units < held.withhold + held.occupy:
            raise wrong("4171", "INV_BELOW_HELD", "quantity is below the units held for orders", "quantity", code)
        stock[first] = Held(units, held.withhold, held.occupy)
    chosen = _choices(row, code, names) if "saleProp" in row or had is None else had.sale_prop
    images = had.images if had else []
    if "Images" in row:
        images = media.known(call, row["Images"], images + ([had.image] if had else []), main=False)
    status = str(row.get("Status", "")).lower() or (had.status if had else "active")
    if status not in ("active", "inactive"):
        raise wrong("4132", "Invalid Request Format", "Status must be active or inactive", "Status", code)
    sku = Sku(had.sku_id if had else 0, code, price, stock, ",".join(chosen.values()), sale_prop=chosen, status=status)
    sku.barcode = str(row.get("barcode_ean", had.barcode if had else ""))
    give(sku, special)
    sku.images, sku.image = images, had.image if had else ""
    sku.package = _package(row, code, (PACKAGE | had.package) if had else None)
    return sku


def _check_together(skus: list[Sku]) -> None:
    """What SKUs of one product must have in common, and must not."""
    if len(skus) > MAX_SKUS:
        raise wrong("209", "Invalid variation", f"A product has at most {MAX_SKUS} SKUs", "Skus")
    codes = [sku.seller_sku for sku in skus]
    for code in codes:
        if codes.count(code) > 1:
            raise wrong("4105", "BIZ_CHECK_SELLER_SKU_DUPLICATE", "SellerSku repeat", "SellerSku", code)
    if len({frozenset(sku.sale_prop) for sku in skus}) > 1:
        raise wrong("4113", "CHK_SKU_PROPS_NOT_IDENTICAL", "Sales attribute is not filled in", "saleProp")
    if len({tuple(sorted(sku.sale_prop.items())) for sku in skus}) < len(skus):
        raise wrong("4112", "CHK_SKU_PROPS_DUPLICATE", "Duplicate Sku attributes", "saleProp")
    pictured = [bool(sku.images) for sku in skus]
    if any(pictured) and not all(pictured):
        text = "If you upload a sku picture then all sku must be uploaded"
        raise wrong("4153", "THD_IC_ERR_FC_IC_SKU_IMAGE_001", text, "Images")


def _custom(body: dict[str, Any]) -> list[str]:
    """Names of choices that the payload declares as the seller's own."""
    declared = body.get("variation", body.get("Variation"))
    rows = declared.values() if isinstance(declared, dict) else []
    return [str(one["name"]) for one in rows if isinstance(one, dict) and one.get("name") and _is_custom(one)]


def _is_custom(row: dict[str, Any]) -> bool:
    return str(row.get("customize", "")).lower() == "true"


def _numbered(call: Call, skus: list[Sku]) -> list[Sku]:
    for sku in skus:
        sku.sku_id = sku.sku_id or call.world.number("lazada.sku", 7_654_321)
    return skus


def _made(product: Product, skus: list[Sku]) -> dict[str, Any]:
    rows = [
        {"shop_sku": f"{product.item_id}_VNAMZ-{sku.sku_id}", "seller_sku": sku.seller_sku, "sku_id": sku.sku_id}
        for sku in skus
    ]
    return {"item_id": product.item_id, "item_status": product.status, "sku_list": rows}


# -- making


def create(call: Call) -> Answer:
    """Make a product with its SKUs, or add SKUs to the product of `AssociatedSku`."""
    body, rows = product_of(call), skus_of(call)
    associated = str(body.get("AssociatedSku", "")).strip()
    if associated:
        return _joined(call, associated, body, rows)
    given = _texts(body.get("Attributes"))
    if not body.get("PrimaryCategory"):
        raise Refused("1", "E001: Parameter PrimaryCategory is mandatory", "ISP")
    category = taxonomy.leaf(str(body["PrimaryCategory"]))
    name, text, brand = _name(given), _description(given), taxonomy.check_brand(category, given)
    answers = taxonomy.check_answers(category, given)
    images = media.known(call, body.get("Images", []), [])
    custom = _custom(body)
    skus = [_sku(call, row, taxonomy.sale_names(category) | set(custom), None, None) for row in rows]
    _check_together(skus)
    stamp = call.world.clock.stamp()
    product = Product(call.world.number("lazada.item", 1_234_567), call.seller.seller_id, name, [], stamp, stamp)
    product.skus, product.category, product.images = _numbered(call, skus), str(body["PrimaryCategory"]), images
    product.description, product.attributes, product.custom = text, answers, custom
    product.brand_id, product.brand = brand
    product.status = "Pending" if call.world.settings.lazada_review else "Active"
    call.market.add_product(product)
    return _made(product, skus)


def _joined(call: Call, associated: str, body: dict[str, Any], rows: list[dict[str, Any]]) -> Answer:
    found = call.market.skus.get(int(associated)) if associated.isdecimal() else None
    found = found or call.market.by_seller_sku.get((call.seller.seller_id, associated))
    if found is None or found[0].seller_id != call.seller.seller_id or found[1].status == "deleted":
        raise wrong("4136", "SELLER_SKU_NOT_FOUND", "AssociatedSku not found", "AssociatedSku", associated)
    product = found[0]
    category = _category(product)
    names = (taxonomy.sale_names(category) if category else set()) | set(product.custom) | set(found[1].sale_prop)
    skus = [_sku(call, row, names, product, None) for row in rows]
    _check_together([sku for sku in product.skus if sku.status != "deleted"] + skus)
    product.skus += _numbered(call, skus)
    call.market.index_skus(product)
    call.market.save_product(product)
    return _made(product, skus)


def _category(product: Product) -> Category | None:
    return taxonomy.NUMBERS.find(product.category)


# -- changing


def _own_product(call: Call, item_id: str) -> Product:
    if not item_id:
        raise Refused("1", "E001: Parameter ItemId is mandatory", "ISP")
    product = call.market.products.get(int(item_id)) if item_id.isdecimal() else None
    if product is None or product.seller_id != call.seller.seller_id or product.status == "Deleted":
        raise wrong("4137", "ITEM_NOT_FOUND", f"item {item_id} not found", "ItemId")
    return product


def _had(product: Product, row: dict[str, Any]) -> Sku | None:
    """The SKU a row is about: by its id, else by its code; None for a new one. Raises: Refused."""
    live = [sku for sku in product.skus if sku.status != "deleted"]
    sku_id, code = str(row.get("SkuId", "")).strip(), str(row.get("SellerSku", "")).strip()
    if sku_id:
        for sku in live:
            if str(sku.sku_id) == sku_id:
                return sku
        raise wrong("4136", "SELLER_SKU_NOT_FOUND", f"SkuId {sku_id} not found", "SkuId", code)
    return next((sku for sku in live if sku.seller_sku == code), None)


def update(call: Call) -> Answer:
    """Change what the payload names of a product; a SKU without id whose code is new is added."""
    body = product_of(call)
    product = _own_product(call, str(body.get("ItemId", "")).strip())
    given, category = _texts(body.get("Attributes")), _category(product)
    moved = str(body.get("PrimaryCategory", "")).strip()
    if moved and moved != product.category:
        category = taxonomy.leaf(moved)
        answers = taxonomy.check_answers(category, product.attributes | given)
    else:
        moved = product.category
        answers = product.attributes | (taxonomy.check_answers(category, given, partial=True) if category else {})
        answers = {name: text for name, text in answers.items() if given.get(name, text).strip()}
    name = _name(given) if "name" in given else product.name
    text = _description(given) if "description" in given else product.description
    brand = (product.brand_id, product.brand)
    if category and ("brand" in given or "brand_id" in given):
        brand = taxonomy.check_brand(category, given)
    images = media.known(call, body["Images"], product.images) if "Images" in body else product.images
    custom = _custom(body) or product.custom
    skus = _merged(call, product, body, (taxonomy.sale_names(category) if category else set()) | set(custom))
    product.name, product.description, product.images = name, text, images
    product.category, product.attributes, product.custom = moved, answers, custom
    product.brand_id, product.brand = brand
    product.skus = _numbered(call, skus)
    if product.status in ("Active", "InActive"):
        product.status = "Active" if any(sku.status == "active" for sku in skus) else "InActive"
    elif product.status == "Rejected":
        product.status, product.reason = "Pending", ""
    call.market.index_skus(product)
    call.market.save_product(product)
    return {"item_id": product.item_id, "item_status": product.status}


def _merged(call: Call, product: Product, body: dict[str, Any], names: set[str]) -> list[Sku]:
    """The SKUs of a product with those of the payload changed or added."""
    rows = skus_of(call) if body.get("Skus") else []
    names = names | {name for sku in product.skus for name in sku.sale_prop}
    changed: dict[int, Sku] = {}
    added = []
    for row in rows:
        had = _had(product, row)
        if had is None:
            added.append(_sku(call, row, names, product, None))
        else:
            changed[had.sku_id] = _sku(call, row, names, product, had)
    skus = [changed.get(sku.sku_id, sku) for sku in product.skus]
    _check_together([sku for sku in skus if sku.status != "deleted"] + added)
    for old in product.skus:
        if old.sku_id in changed:
            _forget_code(call, product, old, changed[old.sku_id])
    return skus + added


def _forget_code(call: Call, product: Product, old: Sku, new: Sku) -> None:
    if old.seller_sku != new.seller_sku:
        call.market.by_seller_sku.pop((product.seller_id, old.seller_sku), None)


def deactivate(call: Call) -> Answer:
    """Hide a product, or some SKUs of it, from buyers; `/product/update` with Status active shows them again."""
    name = "apiRequestBody" if call.sent.get("apiRequestBody") else "payload"
    body = product_of(call, name) if call.sent.get(name) else {}
    item_id = str(body.get("ItemId", "")) or call.text("item_id", "")
    if not item_id:
        raise Refused("E0001", "Parameter ItemId is mandatory", "ISP")
    product = call.market.products.get(int(item_id)) if item_id.isdecimal() else None
    if product is None or product.seller_id != call.seller.seller_id or product.status == "Deleted":
        raise Refused("E0002", f"Product:{item_id} not exist", "ISP")
    if product.status != "Active":
        raise Refused("E0004", "Product Status not online", "ISP")
    wanted = [_called(product, row) for row in body.get("Skus") or []]
    if any(sku is None for sku in wanted):
        raise Refused("E0003", "Seller Sku not exists", "ISP")
    for sku in product.skus:
        if sku.status == "active" and (not wanted or sku in wanted):
            sku.status = "inactive"
    if not any(sku.status == "active" for sku in product.skus):
        product.status = "InActive"
    call.market.save_product(product)
    return {"item_id": product.item_id}


def _called(product: Product, row: Any) -> Sku | None:
    """A SKU by its entry: an object, or an id or code alone, as the samples of `/product/deactivate` have it."""
    if isinstance(row, dict):
        return _had(product, row)
    return next((sku for sku in product.skus if row in (str(sku.sku_id), sku.seller_sku)), None)


def remove_skus(call: Call) -> Answer:
    """Withdraw SKUs of one product, which must keep one: `CAN_NOT_REMOVE_ALL_SKU`."""
    body = product_of(call)
    item_id = str(body.get("ItemId", ""))
    product = call.market.products.get(int(item_id)) if item_id.isdecimal() else None
    if product is None or product.seller_id != call.seller.seller_id or product.status == "Deleted":
        raise Refused("EDIT_ITEM_NOT_BELONG_SELLER", "You are not authorized to edit the item.", "ISP")
    gone = [_called(product, str(row.get("SkuId") or row.get("SellerSku", ""))) for row in skus_of(call)]
    if any(sku is None or sku.status == "deleted" for sku in gone):
        raise Refused("SELLER_SKU_NOT_FOUND", "sellerSku not found", "ISP")
    if all(sku.status == "deleted" or sku in gone for sku in product.skus):
        raise Refused("CAN_NOT_REMOVE_ALL_SKU", "Can not remove all sku", "ISP")
    for sku in gone:
        if sku is not None:
            sku.status = "deleted"
    call.market.index_skus(product)
    call.market.save_product(product)
    return {}


def remove(call: Call) -> Answer:
    """Withdraw SKUs, by their codes or as `SkuId_<item>_<sku>`; a product without any is deleted."""
    by_id = bool(call.sent.get("sku_id_list"))
    names = call.json("sku_id_list" if by_id else "seller_sku_list")
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_SKUS:
        raise Refused("501", f"seller_sku_list must hold 1 to {MAX_SKUS} names", "ISP")
    found = []
    for name in map(str, names):
        number = name.rpartition("_")[2]
        one = call.market.skus.get(int(number)) if by_id and number.isdecimal() else None
        one = call.market.by_seller_sku.get((call.seller.seller_id, name)) if not by_id else one
        if one is None or one[0].seller_id != call.seller.seller_id or one[1].status == "deleted":
            raise Refused("207", "ITEM_NOT_FOUND", "ISP")
        found.append(one)
    for product, sku in found:
        sku.status = "deleted"
        if all(one.status == "deleted" for one in product.skus):
            product.status = "Deleted"
        call.market.index_skus(product)
        call.market.save_product(product)
    return {"removed": names}
