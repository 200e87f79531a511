"""Pictures that sellers upload (protocol notes, section 5). They belong to the app that sent them."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.pictures import Picture, Unreadable, absolute, parts_of
from mekong_sandbox.shopee.gate import Answer, Call, Refused

MAX_BYTES = 10 * 1024 * 1024


def _region(call: Call, picture: Picture) -> list[dict[str, str]]:
    return [{"image_url_region": "VN", "image_url": absolute(call.request, picture.path)}]


def upload_image(call: Call) -> Answer:
    """Take a picture in a multipart part named `image`."""
    files = parts_of(call.request)[1] if call.request.content_type == "multipart/form-data" else {}
    content = files.get("image", b"")
    if not content:
        raise Refused("media_space.error_param", "The multipart field image is required.")
    if len(content) > MAX_BYTES:
        raise Refused("media_space.error_param", "The image is larger than 10 MB.")
    image_id = f"vn-11134207-{call.world.number('shopee.image', 11_000_000):x}"
    try:
        picture = call.world.pictures.keep(image_id, "shopee", call.app.partner_id, content)
    except Unreadable:
        raise Refused("media_space.error_param", "Invalid image: only JPG, JPEG and PNG are supported.") from None
    info = {"image_id": image_id, "image_url_list": _region(call, picture)}
    return {"image_info": info, "image_info_list": [{"id": 0, "error": "", "message": "", "image_info": info}]}


def known(call: Call, image_ids: list[str], *, own: dict[str, str] | None = None) -> list[str]:
    """Where pictures are, by their ids; `own`: those an item already has. Raises: Refused."""
    paths = []
    for image_id in image_ids:
        picture = call.world.pictures.get(image_id, "shopee", str(call.app.partner_id))
        if picture is None and image_id not in (own or {}):
            raise Refused("product.error_param", f"Image not exist. Image id: {image_id}.")
        paths.append(picture.path if picture else (own or {})[image_id])
    return paths


def option_image(call: Call, image_id: str) -> dict[str, Any]:
    """The picture of an option as reads show it."""
    picture = call.world.pictures.get(image_id, "shopee")
    return {"image_id": image_id, "image_url": absolute(call.request, picture.path) if picture else ""}
