"""Simple pictures of products, drawn: a shape in the product's colour on a calm ground."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

_SIDE = 480
Draw = ImageDraw.ImageDraw
Colour = tuple[int, int, int]


def picture(shape: str, colour: str) -> bytes:
    """A square WebP. Unknown shapes are drawn as a box."""
    body = _rgb(colour)
    image = Image.new("RGB", (_SIDE, _SIDE), _mixed(body, (250, 247, 241), 88))
    pen = ImageDraw.Draw(image)
    pen.ellipse((90, 400, 390, 440), fill=_mixed(body, (214, 207, 196), 80))
    _SHAPES.get(shape, _box)(pen, body, _mixed(body, (255, 255, 255), 35), _mixed(body, (0, 0, 0), 25))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=82)
    return out.getvalue()


def _rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(one: Colour, other: Colour, percent: int) -> Colour:
    """`one` with so many per cent of `other` in it."""
    red, green, blue = ((a * (100 - percent) + b * percent) // 100 for a, b in zip(one, other, strict=True))
    return red, green, blue


def _vase(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.ellipse((140, 190, 340, 420), fill=body)
    pen.polygon([(205, 100), (275, 100), (285, 230), (195, 230)], fill=body)
    pen.ellipse((185, 85, 295, 120), fill=dark)
    pen.arc((165, 210, 320, 400), 140, 220, fill=light, width=10)
    pen.arc((150, 250, 330, 330), 10, 170, fill=light, width=6)


def _bowl(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.pieslice((90, 60, 390, 400), 0, 180, fill=body)
    pen.ellipse((90, 195, 390, 265), fill=dark)
    pen.rectangle((195, 390, 285, 420), fill=dark)
    pen.arc((120, 110, 360, 370), 30, 150, fill=light, width=8)


def _plate(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.ellipse((80, 90, 400, 410), fill=body)
    pen.ellipse((130, 140, 350, 360), outline=light, width=8)
    pen.ellipse((190, 200, 290, 300), outline=dark, width=6)


def _pot(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.arc((300, 190, 420, 350), 270, 90, fill=dark, width=18)
    pen.polygon([(70, 200), (150, 260), (140, 320)], fill=dark)
    pen.ellipse((120, 170, 350, 410), fill=body)
    pen.ellipse((165, 150, 305, 195), fill=dark)
    pen.ellipse((220, 120, 250, 160), fill=light)


def _cup(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.arc((270, 210, 400, 350), 270, 90, fill=dark, width=18)
    pen.rounded_rectangle((130, 160, 330, 410), 40, fill=body)
    pen.ellipse((130, 140, 330, 200), fill=dark)
    pen.line((160, 220, 160, 350), fill=light, width=10)


def _jar(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rounded_rectangle((130, 150, 350, 415), 60, fill=body)
    pen.rounded_rectangle((150, 110, 330, 170), 16, fill=dark)
    pen.rectangle((160, 230, 320, 320), fill=light)


def _lamp(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.line((240, 60, 240, 120), fill=dark, width=8)
    pen.ellipse((120, 110, 360, 370), fill=body)
    for left in (170, 220, 260, 300):
        pen.arc((left - 50, 115, left + 50, 365), 80, 280, fill=light, width=4)
    pen.rectangle((200, 365, 280, 385), fill=dark)
    pen.line((240, 385, 240, 430), fill=dark, width=10)


def _cloth(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.polygon([(90, 130), (390, 100), (400, 390), (110, 420)], fill=body)
    for step in range(4):
        pen.line((100, 180 + step * 60, 395, 155 + step * 62), fill=light, width=8)
    pen.line((110, 420, 400, 390), fill=dark, width=14)


def _cushion(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rounded_rectangle((90, 120, 390, 400), 50, fill=body)
    pen.polygon([(240, 160), (340, 260), (240, 360), (140, 260)], outline=light, width=10)
    pen.ellipse((225, 245, 255, 275), fill=dark)


def _shirt(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.polygon([(180, 100), (300, 100), (330, 225), (330, 420), (150, 420), (150, 225)], fill=body)
    pen.polygon([(180, 100), (70, 180), (120, 250), (165, 215)], fill=body)
    pen.polygon([(300, 100), (410, 180), (360, 250), (315, 215)], fill=body)
    pen.pieslice((195, 60, 285, 150), 0, 180, fill=dark)
    pen.line((240, 150, 240, 420), fill=light, width=6)


def _bag(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.arc((165, 70, 315, 290), 180, 360, fill=dark, width=16)
    pen.polygon([(110, 190), (370, 190), (395, 420), (85, 420)], fill=body)
    pen.line((110, 240, 375, 240), fill=light, width=8)


def _wallet(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rounded_rectangle((80, 170, 400, 390), 24, fill=body)
    pen.rounded_rectangle((280, 250, 400, 310), 16, fill=dark)
    pen.ellipse((300, 268, 324, 292), fill=light)


def _hat(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.polygon([(240, 90), (430, 370), (50, 370)], fill=body)
    pen.ellipse((50, 340, 430, 400), fill=dark)
    for end in (130, 240, 350):
        pen.line((240, 95, end, 360), fill=light, width=4)


def _ring(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.ellipse((110, 110, 370, 370), outline=body, width=36)
    pen.ellipse((205, 85, 275, 155), fill=dark)
    pen.ellipse((225, 100, 245, 120), fill=light)


def _shoe(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.polygon([(70, 330), (180, 200), (250, 270), (410, 320), (410, 380), (70, 380)], fill=body)
    pen.rectangle((70, 375, 410, 405), fill=dark)
    pen.line((190, 230, 260, 300), fill=light, width=12)


def _fan(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.pieslice((50, 110, 430, 490), 200, 340, fill=body)
    for angle in range(200, 341, 20):
        pen.arc((50, 110, 430, 490), angle - 1, angle + 1, fill=light, width=120)
    pen.ellipse((222, 282, 258, 318), fill=dark)


def _tin(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rectangle((140, 140, 340, 400), fill=body)
    pen.ellipse((140, 375, 340, 425), fill=body)
    pen.ellipse((140, 110, 340, 165), fill=dark)
    pen.ellipse((185, 215, 295, 325), outline=light, width=8)


def _packet(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.polygon([(130, 110), (350, 110), (365, 415), (115, 415)], fill=body)
    pen.rectangle((130, 110, 350, 145), fill=dark)
    pen.ellipse((180, 220, 300, 340), fill=light)


def _bottle(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rounded_rectangle((165, 190, 315, 420), 30, fill=body)
    pen.rectangle((210, 110, 270, 200), fill=body)
    pen.rectangle((204, 80, 276, 120), fill=dark)
    pen.rectangle((180, 270, 300, 350), fill=light)


def _candle(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rounded_rectangle((140, 200, 340, 415), 18, fill=body)
    pen.ellipse((140, 180, 340, 230), fill=light)
    pen.line((240, 150, 240, 205), fill=dark, width=8)
    pen.ellipse((222, 90, 258, 165), fill=(236, 168, 62))


def _soap(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rounded_rectangle((90, 220, 390, 400), 60, fill=body)
    pen.rounded_rectangle((140, 260, 340, 350), 30, outline=dark, width=6)
    for left, top in ((120, 150), (190, 110), (270, 160)):
        pen.ellipse((left, top, left + 46, top + 46), outline=light, width=6)


def _frame(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rectangle((90, 110, 390, 400), fill=body)
    pen.rectangle((125, 145, 355, 365), fill=light)
    pen.polygon([(140, 360), (220, 230), (280, 310), (310, 270), (350, 360)], fill=dark)


def _sticks(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    for step in range(6):
        pen.line((130 + step * 42, 90, 160 + step * 30, 420), fill=(body, light, dark)[step % 3], width=16)


def _basket(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.arc((130, 70, 350, 330), 180, 360, fill=dark, width=14)
    pen.polygon([(90, 200), (390, 200), (350, 420), (130, 420)], fill=body)
    for step in range(5):
        pen.line((98 + step * 8, 235 + step * 42, 382 - step * 8, 235 + step * 42), fill=light, width=6)


def _box(pen: Draw, body: Colour, light: Colour, dark: Colour) -> None:
    pen.rectangle((110, 160, 370, 410), fill=body)
    pen.rectangle((110, 160, 370, 210), fill=dark)
    pen.rectangle((220, 160, 260, 410), fill=light)


_SHAPES: dict[str, Callable[[Draw, Colour, Colour, Colour], None]] = {
    "vase": _vase, "bowl": _bowl, "plate": _plate, "pot": _pot, "cup": _cup, "jar": _jar, "lamp": _lamp,
    "cloth": _cloth,
    "cushion": _cushion, "shirt": _shirt, "bag": _bag, "wallet": _wallet, "hat": _hat, "ring": _ring, "shoe": _shoe,
    "fan": _fan, "tin": _tin, "packet": _packet, "bottle": _bottle, "candle": _candle, "soap": _soap, "frame": _frame,
    "sticks": _sticks, "basket": _basket,
}  # fmt: skip
