"""Making, changing and withdrawing products (protocol notes, section 2): checked whole, then changed."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.money import to_minor
from mekong_sandbox.shopify import rows, taxonomy, uploads
from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.inputs import check_size, payload, user_error
from mekong_sandbox.shopify.model import Level, Media, Product, Variant
from mekong_sandbox.shopify.prices import GRAMS
from mekong_sandbox.shopify.rows import number_of

STATUSES = ("ACTIVE", "DRAFT", "ARCHIVED")
MAX_OPTIONS, MAX_VARIANTS, MAX_FILES, MAX_TITLE, MAX_WORD = 3, 2048, 250, 255, 255
Input = dict[str, Any]


class Wrong(Exception):
    """The input cannot be: which field, and how the platform says so."""

    def __init__(self, field: list[str], message: str, code: str) -> None:
        super().__init__(message)
        self.row = user_error(field, message, code)


def _dicts(value: object, name: str) -> list[Input]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise GraphError(f"Variable ${name} was provided invalid value", "INVALID_VARIABLE")
    check_size(value)
    return value


def own_product(call: Call, value: object) -> Product | None:
    """A product of the shop by its id."""
    product = call.market.products.get(number_of(value, "Product"))
    return product if product is not None and product.shop_id == call.shop.shop_id else None


# -- facts of a product


def _facts(call: Call, sent: Input, product: Product | None, at: list[str]) -> Input:
    """What is said of a product, checked. Raises: Wrong."""
    found: Input = {}
    if "title" in sent or product is None:
        title = str(sent.get("title") or "").strip()
        if not title:
            raise Wrong([*at, "title"], "Title can't be blank", "BLANK")
        if len(title) > MAX_TITLE:
            raise Wrong([*at, "title"], f"Title is too long (maximum is {MAX_TITLE} characters)", "TOO_LONG")
        found["title"] = title
    if "status" in sent and sent["status"] not in STATUSES:
        text = f'Expected "{sent["status"]}" to be one of: {", ".join(STATUSES)}'
        raise GraphError(f"Variable was provided invalid value ({text})", "INVALID_VARIABLE")
    if sent.get("category"):
        category = taxonomy.find(sent["category"])
        if category is None:
            raise Wrong([*at, "category"], "Taxonomy category is invalid", "INVALID_INPUT")
        found["category"] = category.key
    if sent.get("handle"):
        handle = str(sent["handle"])
        other = call.market.by_handle(call.shop.shop_id, handle)
        if other is not None and other is not product:
            raise Wrong(
                [*at, "handle"], f"Handle '{handle}' already in use. Please provide a new handle.", "HANDLE_NOT_UNIQUE"
            )
        found["handle"] = handle
    names = {"status": "status", "descriptionHtml": "description", "vendor": "vendor", "productType": "product_type"}
    found |= {own: str(sent[name] or "") for name, own in names.items() if name in sent}
    if isinstance(sent.get("tags"), list):
        found["tags"] = [str(one) for one in sent["tags"]]
    return found


def _media(call: Call, sent: object, at: list[str]) -> list[Media]:
    """Pictures of `files` or `media`. Raises: Wrong."""
    found = []
    for number, one in enumerate(_dicts(sent, "files")):
        address = uploads.address_of(call, one.get("originalSource"))
        if address is None:
            raise Wrong([*at, str(number), "originalSource"], "Image URL is invalid", "INVALID_INPUT")
        found.append(Media(call.world.number("shopify.media", 31_000_001), address, str(one.get("alt") or "")))
    if len(found) > MAX_FILES:
        raise Wrong(at, f"A product has at most {MAX_FILES} files", "INVALID_INPUT")
    return found


# -- options and variants


def _options(sent: list[Input], at: list[str]) -> dict[str, list[str]]:
    """Options with their values, in order. Raises: Wrong."""
    if len(sent) > MAX_OPTIONS:
        raise Wrong(at, f"Can only specify a maximum of {MAX_OPTIONS} options", "OPTIONS_OVER_LIMIT")
    options: dict[str, list[str]] = {}
    for number, one in enumerate(sent):
        name = str(one.get("name") or "").strip()
        values = [str(each.get("name") or "").strip() for each in one.get("values") or [] if isinstance(each, dict)]
        if not name or len(name) > MAX_WORD:
            raise Wrong([*at, str(number), "name"], "Option name can't be blank", "INVALID_INPUT")
        if name in options:
            raise Wrong([*at, str(number), "name"], "Duplicated option name", "DUPLICATED_OPTION_NAME")
        if not values or not all(values):
            raise Wrong(
                [*at, str(number), "values"], f"Option values for '{name}' are missing", "OPTION_VALUES_MISSING"
            )
        if len({each.casefold() for each in values}) < len(values):
            raise Wrong([*at, str(number), "values"], f"Duplicated option value in '{name}'", "DUPLICATED_OPTION_VALUE")
        options[name] = values
    return options


def _price(call: Call, sent: Input, name: str, at: list[str]) -> int | None:
    if sent.get(name) is None:
        return None
    try:
        minor = to_minor(sent[name], call.shop.currency)
    except ValueError:
        raise Wrong([*at, name], f"{name} is not an amount", "INVALID_INPUT") from None
    if minor < 0:
        raise Wrong([*at, name], "Price must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO")
    return minor


def _chosen(sent: Input, options: dict[str, list[str]], at: list[str], *, grow: bool) -> list[str]:
    """The values a variant stands for, one of each option. Raises: Wrong."""
    given: dict[str, str] = {}
    for one in sent.get("optionValues") or []:
        given[str(one.get("optionName"))] = str(one.get("name") or "").strip()
    for name, value in given.items():
        if name not in options:
            raise Wrong([*at, "optionValues"], f"Option '{name}' does not exist", "INVALID_VARIANT")
        if value not in options[name] and (not grow or not value):
            raise Wrong([*at, "optionValues"], f"Option value '{value}' does not exist", "INVALID_VARIANT")
    missing = [name for name in options if name not in given]
    if missing and list(options) != ["Title"]:
        raise Wrong(
            [*at, "optionValues"], f"You need to add option values for {missing[0]}", "NEED_TO_ADD_OPTION_VALUES"
        )
    return [given.get(name, "Default Title") for name in options]


def _levels(call: Call, sent: Input, at: list[str]) -> dict[int, Level]:
    """Stock of a new variant. Raises: Wrong."""
    stamp = call.world.clock.stamp()
    levels = {}
    for number, one in enumerate(sent.get("inventoryQuantities") or []):
        place = call.nodes.place_by_id(one.get("locationId"))
        quantity = one.get("quantity", one.get("availableQuantity"))
        if place is None or not isinstance(quantity, int):
            raise Wrong([*at, "inventoryQuantities", str(number)], "Location does not exist", "INVALID_INPUT")
        levels[place.id] = Level(quantity, 0, stamp)
    return levels or {call.shop.places[0].id: Level(0, 0, stamp)}


def _grams(item: Input, at: list[str]) -> int | None:
    weight = (item.get("measurement") or {}).get("weight")
    if not isinstance(weight, dict):
        return None
    value = weight.get("value")
    if weight.get("unit") not in GRAMS or not isinstance(value, int | float) or value < 0:
        raise Wrong([*at, "inventoryItem", "measurement"], "Weight is invalid", "INVALID_INPUT")
    return round(value * GRAMS[weight["unit"]])


def _variant(
    call: Call, sent: Input, options: dict[str, list[str]], had: Variant | None, at: list[str], *, grow: bool
) -> Variant:
    """A variant as it will be; the one it was stays as it is. Raises: Wrong."""
    raw = sent.get("inventoryItem")
    item: Input = raw if isinstance(raw, dict) else {}
    chosen = _chosen(sent, options, at, grow=grow)
    price, compared = _price(call, sent, "price", at), _price(call, sent, "compareAtPrice", at)
    sku = sent.get("sku", item.get("sku"))
    variant = Variant(
        had.id if had else 0,
        had.item_id if had else 0,
        str(sku) if sku is not None else (had.sku if had else ""),
        price if price is not None else (had.price if had else 0),
        had.levels if had else _levels(call, sent, at),
        " / ".join(chosen),
        [] if list(options) == ["Title"] else chosen,
    )
    variant.compare_at_price = compared if "compareAtPrice" in sent else (had.compare_at_price if had else None)
    variant.barcode = str(sent["barcode"] or "") if "barcode" in sent else (had.barcode if had else "")
    variant.tracked = bool(item["tracked"]) if "tracked" in item else (had.tracked if had else False)
    policy = sent.get("inventoryPolicy")
    variant.oversells = policy == "CONTINUE" if policy else (had.oversells if had else False)
    grams = _grams(item, at)
    variant.weight_g = grams if grams is not None else (had.weight_g if had else 0)
    variant.image = had.image if had else ""
    source = (sent.get("file") or {}).get("originalSource") or next(iter(sent.get("mediaSrc") or []), None)
    if source:
        address = uploads.address_of(call, source)
        if address is None:
            raise Wrong([*at, "file", "originalSource"], "Image URL is invalid", "INVALID_INPUT")
        variant.image = address
    return variant


def _number(call: Call, variants: list[Variant]) -> None:
    for variant in variants:
        if not variant.id:
            variant.id = call.world.number("shopify.variant", 43_729_076)
            variant.item_id = call.world.number("shopify.item", 30_322_695)


def _once(variants: list[Variant], at: list[str], code: str) -> None:
    titles = [variant.title for variant in variants]
    for title in titles:
        if titles.count(title) > 1:
            raise Wrong(at, f"The variant '{title}' already exists.", code)
    if len(variants) > MAX_VARIANTS:
        raise Wrong(at, f"Can only specify a maximum of {MAX_VARIANTS} variants", "VARIANTS_OVER_LIMIT")


def _write(product: Product, found: Input) -> None:
    for name, value in found.items():
        setattr(product, name, value)


def _new(call: Call) -> Product:
    stamp = call.world.clock.stamp()
    return Product(0, call.shop.shop_id, "", [], stamp, stamp)


def _add(call: Call, product: Product) -> None:
    product.id = call.world.number("shopify.product", 9_072_001)
    call.market.add_product(product)
    call.market.push.product(product, "create")


# -- the mutations


def product_set(call: Call, args: Arguments) -> Node:
    """productSet: a whole product as it shall be; lists that are named are written anew."""
    sent = args.get("input")
    if not isinstance(sent, dict):
        raise GraphError("Variable $input was provided invalid value", "INVALID_VARIABLE")
    if args.get("synchronous") is False:
        raise GraphError("The stand-in answers productSet synchronously alone: send synchronous: true", "BAD_REQUEST")
    try:
        product = _identified(call, sent, args.get("identifier"))
        found = _facts(call, sent, product, ["input"])
        media = _media(call, sent["files"], ["input", "files"]) if sent.get("files") is not None else None
        names, variants = _set_variants(call, sent, product)
    except Wrong as wrong:
        return payload("ProductSet", [wrong.row], product=None, productSetOperation=None)
    is_new = product is None
    product = product or _new(call)
    _write(product, found)
    _number(call, variants)
    product.option_names = names
    if media is not None:
        product.media, product.images = media, [one.url for one in media]
    call.market.replace_variants(product, variants)
    if is_new:
        _add(call, product)
    else:
        call.market.save_product(product)
    return payload("ProductSet", product=call.nodes.product(product), productSetOperation=None)


def _identified(call: Call, sent: Input, identifier: object) -> Product | None:
    """The product meant; None for a new one. Raises: Wrong."""
    named = identifier if isinstance(identifier, dict) else {}
    value = named.get("id") or sent.get("id")
    if value:
        product = own_product(call, value)
        if product is None:
            raise Wrong(["input", "id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return product
    return call.market.by_handle(call.shop.shop_id, str(named["handle"])) if named.get("handle") else None


def _set_variants(call: Call, sent: Input, product: Product | None) -> tuple[list[str], list[Variant]]:
    """Names of the options and all variants as they will be. Raises: Wrong."""
    if sent.get("productOptions") is None and sent.get("variants") is None:
        if product is not None:
            return product.option_names, product.variants
        return ["Title"], [_variant(call, {}, {"Title": ["Default Title"]}, None, ["input"], grow=False)]
    if sent.get("productOptions") is None:
        text = "Product options input is required when updating variants"
        raise Wrong(["input", "productOptions"], text, "PRODUCT_OPTIONS_INPUT_MISSING")
    if not sent.get("variants"):
        text = "Variants input is required when updating product options"
        raise Wrong(["input", "variants"], text, "VARIANTS_INPUT_MISSING")
    options = _options(_dicts(sent["productOptions"], "input"), ["input", "productOptions"])
    options = options or {"Title": ["Default Title"]}
    variants = []
    for at, one in enumerate(sent["variants"]):
        path = ["input", "variants", str(at)]
        had = _named_variant(product, one, options, path)
        variants.append(_variant(call, one, options, had, path, grow=False))
    _once(variants, ["input", "variants"], "INVALID_VARIANT")
    return list(options), variants


def _named_variant(
    product: Product | None, one: Input, options: dict[str, list[str]], path: list[str]
) -> Variant | None:
    """The variant a row is about: by its id, else by the values it stands for. Raises: Wrong."""
    if one.get("id"):
        found = (
            [each for each in product.variants if rows.gid("ProductVariant", each.id) == one["id"]] if product else []
        )
        if not found:
            raise Wrong([*path, "id"], "Variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")
        return found[0]
    if product is None or product.option_names != list(options):
        return None
    title = " / ".join(_chosen(one, options, path, grow=False))
    return next((each for each in product.variants if each.title == title), None)


def _sent_product(args: Arguments) -> Input:
    sent = args.get("product", args.get("input"))
    if not isinstance(sent, dict):
        raise GraphError("Variable $product was provided invalid value", "INVALID_VARIABLE")
    return sent


def product_create(call: Call, args: Arguments) -> Node:
    """productCreate: a product with one variant; the first value of each option."""
    sent = _sent_product(args)
    try:
        found = _facts(call, sent, None, ["product"])
        media = _media(call, args.get("media") or [], ["media"])
        options = _options(_dicts(sent.get("productOptions") or [], "product"), ["product", "productOptions"])
        first = {"optionValues": [{"optionName": name, "name": values[0]} for name, values in options.items()]}
        options = options or {"Title": ["Default Title"]}
        variant = _variant(call, first, options, None, ["product"], grow=False)
    except Wrong as wrong:
        return payload("ProductCreate", [wrong.row], product=None)
    product = _new(call)
    _write(product, found)
    _number(call, [variant])
    product.option_names, product.variants = list(options), [variant]
    product.media, product.images = media, [one.url for one in media]
    _add(call, product)
    return payload("ProductCreate", product=call.nodes.product(product))


def product_update(call: Call, args: Arguments) -> Node:
    """productUpdate: facts of a product; pictures of `media` are added."""
    sent = _sent_product(args)
    product = own_product(call, sent.get("id"))
    try:
        if product is None:
            raise Wrong(["id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        found = _facts(call, sent, product, ["product"])
        media = _media(call, args.get("media") or [], ["media"])
    except Wrong as wrong:
        return payload("ProductUpdate", [wrong.row], product=None)
    _write(product, found)
    product.media = product.media + media
    product.images = product.images + [one.url for one in media]
    call.market.save_product(product)
    return payload("ProductUpdate", product=call.nodes.product(product))


def product_delete(call: Call, args: Arguments) -> Node:
    """productDelete."""
    product = own_product(call, _sent_product(args).get("id"))
    if product is None:
        return payload("ProductDelete", [user_error(["id"], "Product does not exist")], deletedProductId=None)
    call.market.withdraw(product)
    return payload("ProductDelete", deletedProductId=rows.gid("Product", product.id))


def variants_create(call: Call, args: Arguments) -> Node:
    """productVariantsBulkCreate: all or none; values that the options lack are added to them."""
    kind, product = "ProductVariantsBulkCreate", own_product(call, args.get("productId"))
    sent = _dicts(args.get("variants"), "variants")
    try:
        if product is None:
            raise Wrong(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        options = call.nodes.option_values(product)
        if list(options) == ["Title"]:
            raise Wrong(["variants"], "The product has no options for variants", "INVALID_INPUT")
        made = [_variant(call, one, options, None, ["variants", str(at)], grow=True) for at, one in enumerate(sent)]
        kept = (
            []
            if args.get("strategy") == "REMOVE_STANDALONE_VARIANT" and len(product.variants) == 1
            else product.variants
        )
        _once(kept + made, ["variants"], "VARIANT_ALREADY_EXISTS")
    except Wrong as wrong:
        return payload(
            kind, [wrong.row], product=call.nodes.product(product) if product else None, productVariants=None
        )
    _number(call, made)
    call.market.replace_variants(product, kept + made)
    call.market.save_product(product)
    shown = [call.nodes.variant(product, one) for one in made]
    return payload(kind, product=call.nodes.product(product), productVariants=shown)


def variants_delete(call: Call, args: Arguments) -> Node:
    """productVariantsBulkDelete: all or none."""
    kind, product = "ProductVariantsBulkDelete", own_product(call, args.get("productId"))
    if product is None:
        error = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return payload(kind, [error], product=None)
    numbers = [number_of(one, "ProductVariant") for one in args.get("variantsIds") or []]
    known = {one.id for one in product.variants}
    for at, number in enumerate(numbers):
        if number not in known:
            text = "At least one variant does not belong to the product"
            error = user_error(["variantsIds", str(at)], text, "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT")
            return payload(kind, [error], product=call.nodes.product(product))
    kept = [one for one in product.variants if one.id not in numbers]
    if not kept:
        error = user_error(["variantsIds"], "Cannot delete the last variant of a product", "CANNOT_DELETE_LAST_VARIANT")
        return payload(kind, [error], product=call.nodes.product(product))
    call.market.replace_variants(product, kept)
    call.market.save_product(product)
    return payload(kind, product=call.nodes.product(product))


def publish(call: Call, args: Arguments) -> Node:
    """publishablePublish: show a product in a sales channel. The online store is the only one."""
    product = own_product(call, args.get("id"))
    wanted = [number_of(one.get("publicationId"), "Publication") for one in _dicts(args.get("input"), "input")]
    if product is None:
        return payload("PublishablePublish", [user_error(["id"], "Resource does not exist")], publishable=None)
    if not wanted or any(number != call.shop.number for number in wanted):
        error = user_error(["input", "0", "publicationId"], "Publication does not exist or is not publishable")
        return payload("PublishablePublish", [error], publishable=None)
    product.published_at = product.published_at or call.world.clock.stamp()
    call.market.save_product(product)
    return payload("PublishablePublish", publishable=call.nodes.product(product))


def get_by_identifier(call: Call, args: Arguments) -> Node | None:
    """A product by its id or handle."""
    named = args.get("identifier") or {}
    product = own_product(call, named["id"]) if named.get("id") else None
    if product is None and named.get("handle"):
        product = call.market.by_handle(call.shop.shop_id, str(named["handle"]))
    return call.nodes.product(product) if product else None
