"""Files of a shop: made of a staged upload or an address, and given to products (Admin GraphQL 2026-07, File)."""

from __future__ import annotations

from mekong_sandbox.shopify import uploads
from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.inputs import check_size, payload, user_error
from mekong_sandbox.shopify.model import File, Media, Product
from mekong_sandbox.shopify.rows import gid, number_of

Input = dict[str, object]


def own(call: Call, value: object) -> File | None:
    """A file of the shop by its id."""
    file = call.market.files.get(number_of(value, "MediaImage"))
    return file if file is not None and file.shop_id == call.shop.shop_id else None


def keep(call: Call, address: str, alt: str) -> File:
    """A new file."""
    file = File(call.world.number("shopify.media", 31_000_001), call.shop.shop_id, address, alt)
    call.market.save_file(file)
    return file


def media(file: File, alt: object = None) -> Media:
    """The file as a picture of a product."""
    return Media(file.id, file.url, file.alt if alt is None else str(alt))


def node(call: Call, file: File, status: str = "READY") -> Node:
    """A picture among the shop's files. It is worked on when it comes, and ready when it is looked at again."""
    return {**call.nodes.media(media(file)), "fileStatus": status, "fileErrors": []}


def get(call: Call, args: Arguments) -> Node | None:
    """One file."""
    file = own(call, args.get("id"))
    return node(call, file) if file else None


def _inputs(args: Arguments) -> list[Input]:
    sent = args.get("files")
    if not isinstance(sent, list) or not sent or not all(isinstance(one, dict) for one in sent):
        raise GraphError("Variable $files was provided invalid value", "INVALID_VARIABLE")
    check_size(sent)
    return sent


def create(call: Call, args: Arguments) -> Node:
    """fileCreate: all or none."""
    sent, errors, found = _inputs(args), [], []
    for at, one in enumerate(sent):
        address = uploads.address_of(call, one.get("originalSource"))
        if address is None:
            path = ["files", str(at), "originalSource"]
            errors.append(user_error(path, "Image URL is invalid", "INVALID_IMAGE_SOURCE_URL"))
        elif one.get("contentType", "IMAGE") != "IMAGE":
            errors.append(user_error(["files", str(at), "contentType"], "Content type is invalid", "INVALID"))
        else:
            found.append((address, str(one.get("alt") or "")))
    if errors:
        return payload("FileCreate", errors, files=[])
    return payload("FileCreate", files=[node(call, keep(call, *one), "UPLOADED") for one in found])


def update(call: Call, args: Arguments) -> Node:
    """fileUpdate: words of a file, and the products that show it; a variant whose picture goes has none. All or none."""
    sent = _inputs(args)
    files = [own(call, one.get("id")) for one in sent]
    changes = [
        (one, _products(call, one, "referencesToAdd"), _products(call, one, "referencesToRemove")) for one in sent
    ]
    for at, (file, (_, added, removed)) in enumerate(zip(files, changes, strict=True)):
        if file is None:
            path = ["files", str(at), "id"]
            return payload("FileUpdate", [user_error(path, "File id does not exist.", "FILE_DOES_NOT_EXIST")], files=[])
        if None in added or None in removed:
            path, text = ["files", str(at), "referencesToAdd"], "The reference target does not exist."
            return payload("FileUpdate", [user_error(path, text, "REFERENCE_TARGET_DOES_NOT_EXIST")], files=[])
    changed: dict[int, Product] = {}
    for file, (one, added, removed) in zip(files, changes, strict=True):
        assert file is not None  # noqa: S101 - looked at above
        if one.get("alt") is not None:
            file.alt = str(one["alt"])
            call.market.save_file(file)
        for product in filter(None, added):
            if file.id not in [each.id for each in product.media]:
                product.media = [*product.media, media(file)]
                changed[product.id] = product
        for product in filter(None, removed):
            product.media = [each for each in product.media if each.id != file.id]
            for variant in product.variants:
                if variant.image == file.url:
                    variant.image = ""
            changed[product.id] = product
    for product in changed.values():
        _save(call, product)
    return payload("FileUpdate", files=[node(call, file) for file in files if file])


def _products(call: Call, one: Input, name: str) -> list[Product | None]:
    ids = one.get(name) or []
    if not isinstance(ids, list):
        raise GraphError("Variable $files was provided invalid value", "INVALID_VARIABLE")
    found = [call.market.products.get(number_of(each, "Product")) for each in ids]
    return [each if each is not None and each.shop_id == call.shop.shop_id else None for each in found]


def _save(call: Call, product: Product) -> None:
    product.images = [one.url for one in product.media]
    call.market.save_product(product)


def reorder(call: Call, args: Arguments) -> Node:
    """productReorderMedia: moves, each made after the ones before it; a place beyond the end is the end."""
    product = call.market.products.get(number_of(args.get("id"), "Product"))
    if product is None or product.shop_id != call.shop.shop_id:
        error = user_error(["id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return payload("ProductReorderMedia", job=None, mediaUserErrors=[error])
    row = list(product.media)
    for at, move in enumerate(args.get("moves") or []):
        found = next((one for one in row if gid("MediaImage", one.id) == move.get("id")), None)
        place = str(move.get("newPosition"))
        if found is None or not place.isdecimal():
            error = user_error(["moves", str(at), "id"], "Media does not exist on the product", "MEDIA_DOES_NOT_EXIST")
            return payload("ProductReorderMedia", job=None, mediaUserErrors=[error])
        row.remove(found)
        row.insert(int(place), found)
    product.media = row
    _save(call, product)
    job = {"__typename": "Job", "id": f"gid://shopify/Job/{product.id}", "done": True}
    return payload("ProductReorderMedia", job=job, mediaUserErrors=[])
