"""The tree of categories: departments, groups and leaves. Only leaves take products."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

WORDS = """
fashion|Thời trang|Fashion
  men|Thời trang nam|Men's clothing
    t_shirts|Áo thun|T-shirts
    shirts|Áo sơ mi|Shirts
    jeans|Quần jean|Jeans
    shorts|Quần short|Shorts
  women|Thời trang nữ|Women's clothing
    dresses|Váy đầm|Dresses
    blouses|Áo kiểu|Blouses
    skirts|Chân váy|Skirts
  shoes|Giày dép|Shoes
    sneakers|Giày thể thao|Sneakers
    sandals|Dép và sandal|Slippers & sandals
  bags|Túi và phụ kiện|Bags & accessories
    handbags|Túi xách|Handbags
    hats|Mũ nón|Hats
    belts|Thắt lưng|Belts
beauty|Sắc đẹp|Beauty
  skincare|Chăm sóc da mặt|Skincare
    cleansers|Sữa rửa mặt|Facial cleansers
    sunscreens|Kem chống nắng|Sunscreens
    masks|Mặt nạ|Face masks
  makeup|Trang điểm|Makeup
    lipsticks|Son môi|Lipsticks
    foundations|Phấn nền|Foundations
  hair|Chăm sóc tóc|Hair care
    shampoos|Dầu gội|Shampoos
home|Nhà cửa & Đời sống|Home & Living
  kitchen|Nhà bếp|Kitchen
    pans|Nồi và chảo|Pots & pans
    knives|Dao kéo|Knives
    boxes|Hộp đựng thực phẩm|Food boxes
  bedroom|Phòng ngủ|Bedroom
    bedding|Chăn ga gối|Bedding
    lamps|Đèn ngủ|Bedside lamps
  cleaning|Vệ sinh nhà cửa|Cleaning
    detergents|Nước giặt|Laundry detergents
    mops|Dụng cụ lau dọn|Mops & brushes
electronics|Thiết bị điện tử|Electronics
  mobiles|Điện thoại & phụ kiện|Mobiles & accessories
    phones|Điện thoại|Mobile phones
    cases|Ốp lưng|Phone cases
    chargers|Sạc và cáp|Chargers & cables
  audio|Âm thanh|Audio
    earphones|Tai nghe|Earphones
    speakers|Loa di động|Portable speakers
  appliances|Đồ điện gia dụng|Home appliances
    fans|Quạt điện|Fans
    cookers|Nồi cơm điện|Rice cookers
groceries|Bách hóa|Groceries
  drinks|Đồ uống|Drinks
    coffee|Cà phê|Coffee
    tea|Trà|Tea
    juices|Nước ép|Juices
  snacks|Đồ ăn vặt|Snacks
    sweets|Bánh kẹo|Biscuits & sweets
    nuts|Hạt và trái cây sấy|Nuts & dried fruit
  seasoning|Gia vị|Seasoning
    fish_sauce|Nước mắm|Fish sauce
    oils|Dầu ăn|Cooking oils
"""


@dataclass(frozen=True)
class Category:
    """A node. `place`: counts from 1 in the order of the tree; the platforms' numbers are made from it."""

    key: str
    name: str
    english: str
    parent: str
    level: int
    place: int
    department: str
    is_leaf: bool


def _read() -> dict[str, Category]:
    lines = [line for line in WORDS.splitlines() if line.strip()]
    levels = [(len(line) - len(line.lstrip())) // 2 + 1 for line in lines]
    found: dict[str, Category] = {}
    path: list[str] = []
    for place, (line, level) in enumerate(zip(lines, levels, strict=True), 1):
        key, name, english = line.strip().split("|")
        path = [*path[: level - 1], key]
        is_leaf = place == len(lines) or levels[place] <= level
        parent = path[-2] if level > 1 else ""
        found[key] = Category(key, name, english, parent, level, place, path[0], is_leaf)
    return found


CATEGORIES = MappingProxyType(_read())


class Numbers:
    """The numbers one platform gives to the categories: counted from `first` by `step`, but for those `given`."""

    def __init__(self, first: int, step: int, given: dict[str, int]) -> None:
        self._numbers = {one.key: given.get(one.key, first + step * one.place) for one in CATEGORIES.values()}
        self._categories = {number: CATEGORIES[key] for key, number in self._numbers.items()}
        if len(self._categories) != len(CATEGORIES):
            raise ValueError("two categories have one number")

    def of(self, key: str) -> int:
        """The number of a category; 0 stands for the root above the departments ("")."""
        return self._numbers[key] if key else 0

    def find(self, number: int | str) -> Category | None:
        """The category with a number."""
        text = str(number)
        return self._categories.get(int(text)) if text.isdecimal() else None

    def chain(self, category: Category) -> list[Category]:
        """From the department down to the category."""
        chain = [category]
        while chain[0].parent:
            chain.insert(0, CATEGORIES[chain[0].parent])
        return chain
