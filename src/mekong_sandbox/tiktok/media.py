"""Pictures that sellers upload (protocol notes, section 4). They belong to the shop whose token sent them."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.pictures import Unreadable, absolute, parts_of
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.products import image_url

USES = ("MAIN_IMAGE", "ATTRIBUTE_IMAGE", "DESCRIPTION_IMAGE", "CERTIFICATION_IMAGE", "SIZE_CHART_IMAGE")
MAX_BYTES = 10 * 1024 * 1024
FOLDER = "tos-alisg-i-aphluv4xwc-sg/"


def upload(call: Call) -> dict[str, Any]:
    """Take a picture as the file part `data`."""
    request = call.request
    if request.content_type != "multipart/form-data":
        text = "Invalid request format. The value of the `content-type` header must be `multipart/form-data`."
        raise Refused(codes.NOT_MULTIPART, text, 400)
    texts, files = parts_of(request)
    content, use = files.get("data", b""), texts.get("use_case", "").strip() or "MAIN_IMAGE"
    if use not in USES:
        raise codes.invalid(f"Invalid use_case. It must be one of {', '.join(USES)}.")
    if not content:
        raise Refused(codes.IMAGES_INVALID, "The picture is missing or empty.")
    if len(content) > MAX_BYTES:
        raise Refused(codes.IMAGES_INVALID, "The picture is larger than 10 MB.")
    number = f"{call.world.number('tiktok.image', 9_000_001):032x}"
    try:
        picture = call.world.pictures.keep(number, "tiktok", call.grant.shop_id, content)
    except Unreadable:
        raise Refused(codes.IMAGES_INVALID, "The picture is not a JPG, PNG, WEBP or GIF.") from None
    uri = f"{FOLDER}{number}.{picture.ending}"
    url = absolute(request, picture.path)
    return {"uri": uri, "url": url, "height": picture.height, "width": picture.width, "use_case": use}


def known(call: Call, uris: list[str], had: list[str]) -> list[str]:
    """Pictures by their uri; those that were not uploaded for the shop, or `had`, are unknown. Raises: Refused."""
    for uri in uris:
        picture = call.world.pictures.at(image_url(uri)) if uri.startswith(FOLDER) else None
        if uri not in had and (picture is None or picture.platform != "tiktok" or picture.owner != call.shop.shop_id):
            raise Refused(codes.IMAGES_INVALID, f"The picture {uri} does not exist.")
    return uris
