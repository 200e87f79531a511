"""Staged uploads: an address is asked for, the picture is sent there, a product then names the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request
from mekong_sandbox.pictures import PREFIX as PICTURES
from mekong_sandbox.pictures import Unreadable, absolute, parts_of
from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.inputs import payload, user_error
from mekong_sandbox.shopify.model import Staged

if TYPE_CHECKING:
    from mekong_sandbox.shopify.market import ShopifyMarket

PREFIX = "/shopify/uploads/"
MAX_BYTES = 20 * 1024 * 1024
MAX_TARGETS = 250


def create(call: Call, args: Arguments) -> Node:
    """stagedUploadsCreate: addresses to send files to, by POST (a form) or PUT (the bytes alone)."""
    sent = args.get("input")
    if (
        not isinstance(sent, list)
        or not 1 <= len(sent) <= MAX_TARGETS
        or not all(isinstance(one, dict) for one in sent)
    ):
        raise GraphError("Variable $input was provided invalid value", "INVALID_VARIABLE")
    errors: list[Node] = []
    targets = []
    for at, one in enumerate(sent):
        mime, method = str(one.get("mimeType", "")), str(one.get("httpMethod") or "POST")
        if not one.get("filename") or not mime.startswith("image/"):
            errors.append(user_error(["input", str(at), "mimeType"], "Mime type is not an accepted image type"))
        elif one.get("resource") not in ("IMAGE", "PRODUCT_IMAGE", "FILE") or method not in ("POST", "PUT"):
            errors.append(user_error(["input", str(at), "resource"], "Resource is invalid"))
        else:
            targets.append(_target(call, str(one["filename"]), mime, method))
    return payload("StagedUploadsCreate", errors, stagedTargets=[] if errors else targets)


def _target(call: Call, filename: str, mime: str, method: str) -> Node:
    key = f"{call.world.number('shopify.upload', 41_000_001):024x}"
    call.market.save_staged(Staged(key, call.shop.shop_id, filename, mime, method))
    url = absolute(call.request, PICTURES).removesuffix(PICTURES) + PREFIX + key
    names = (
        {"content_type": mime, "acl": "private", "key": key} if method == "PUT" else {"Content-Type": mime, "key": key}
    )
    parameters = [
        {"__typename": "StagedUploadParameter", "name": name, "value": value} for name, value in names.items()
    ]
    return {"__typename": "StagedMediaUploadTarget", "url": url, "resourceUrl": url, "parameters": parameters}


def take(market: ShopifyMarket, request: Request) -> Reply:
    """The bytes themselves, from whoever knows the address."""
    key = request.path.removeprefix(PREFIX).partition("/")[0]
    request.counted_as = f"{PREFIX}(a file)"
    staged = market.staged.get(key)
    if staged is None or request.method != staged.method:
        return Reply(b"<Error><Code>AccessDenied</Code></Error>", status=403, content_type="application/xml")
    content = request.body
    if staged.method == "POST":
        if request.content_type != "multipart/form-data":
            return Reply(b"<Error><Code>InvalidArgument</Code></Error>", status=400, content_type="application/xml")
        content = parts_of(request)[1].get("file", b"")
    try:
        if not content or len(content) > MAX_BYTES:
            raise Unreadable("empty or too large")
        market.world.pictures.keep(key, "shopify", staged.shop_id, content)
    except Unreadable:
        return Reply(b"<Error><Code>InvalidArgument</Code></Error>", status=400, content_type="application/xml")
    market.world.store.flush()
    return Reply(b"", status=201 if staged.method == "POST" else 200, content_type="application/xml")


def address_of(call: Call, source: Any) -> str | None:
    """Where the picture of an `originalSource` is: kept here after a staged upload, or elsewhere; None: nowhere."""
    text = str(source or "")
    _, is_staged, key = text.partition(PREFIX)
    if is_staged:
        picture = call.world.pictures.get(key, "shopify", call.shop.shop_id)
        return picture.path if picture else None
    own = call.world.pictures.at(text)
    if own is not None and own.owner == call.shop.shop_id:
        return own.path
    return text if text.startswith(("http://", "https://")) else None
