"""What a product of a category says of itself, what its variants may differ by, and who makes such things."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from mekong_sandbox.catalogue.tree import Category


@dataclass(frozen=True)
class Attribute:
    """A question about a product.

    `values`: the choices there are, (Vietnamese, English). `has_own_words`: others may be written. `units`: the answer is a
    number with one of them. Without choices and units the answer is text. `limit`: letters of a text.
    """

    key: str
    place: int
    name: str
    english: str
    values: tuple[tuple[str, str], ...] = ()
    units: tuple[str, ...] = ()
    is_multiple: bool = False
    has_own_words: bool = False
    limit: int = 200

    def value(self, name: str) -> int | None:
        """The place of a choice by either of its names, counted from 1; None when there is no such choice."""
        for place, names in enumerate(self.values, 1):
            if name in names:
                return place
        return None


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Choices as "Đỏ=Red, Xanh=Blue"; one name where both tongues have the same."""
    rows = [part.strip().partition("=") for part in text.split(",")]
    return tuple((name, english or name) for name, _, english in rows)


MATERIALS = (
    "Cotton, Polyester, Len=Wool, Da=Leather, Jean=Denim, Lụa=Silk, Gỗ=Timber, Inox=Steel, Nhựa=Plastic, Sứ=Ceramic"
)
COUNTRIES = "Việt Nam=Vietnam, Trung Quốc=China, Thái Lan=Thailand, Hàn Quốc=South Korea, Nhật Bản=Japan"
SKINS = "Da dầu=Oily, Da khô=Dry, Da nhạy cảm=Sensitive, Mọi loại da=All"
WARRANTIES = "Không bảo hành=No warranty, 6 tháng=6 months, 12 tháng=12 months, 24 tháng=24 months"
FEATURES = "Chống nước=Waterproof, Không dây=Wireless, Sạc nhanh=Fast charging, Chống ồn=Noise cancelling"
COLORS = "Đỏ=Red, Xanh dương=Blue, Xanh lá=Green, Đen=Black, Trắng=White, Vàng=Yellow, Hồng=Pink"
PATTERNS = "Trơn=Plain, Sọc=Striped, Caro=Checked, Hoa=Floral"

ALL = (
    Attribute("material", 1, "Chất liệu", "Material", _pairs(MATERIALS), is_multiple=True, has_own_words=True),
    Attribute("gender", 2, "Giới tính", "Gender", _pairs("Nam=Men, Nữ=Women, Unisex")),
    Attribute("origin", 3, "Xuất xứ", "Country of origin", _pairs(COUNTRIES), has_own_words=True),
    Attribute("pattern", 4, "Họa tiết", "Pattern", _pairs(PATTERNS)),
    Attribute("skin_type", 5, "Loại da", "Skin type", _pairs(SKINS), is_multiple=True),
    Attribute("volume", 6, "Dung tích", "Volume", units=("ml", "l")),
    Attribute("ingredients", 7, "Thành phần", "Ingredients", limit=500),
    Attribute("warranty", 8, "Thời hạn bảo hành", "Warranty", _pairs(WARRANTIES)),
    Attribute("power", 9, "Công suất", "Power", units=("W", "kW")),
    Attribute("net_weight", 10, "Khối lượng tịnh", "Net weight", units=("g", "kg")),
    Attribute("shelf_life", 11, "Hạn sử dụng", "Shelf life", units=("ngày", "tháng", "năm")),
    Attribute("storage", 12, "Bảo quản", "Storage", limit=300),
    Attribute("care", 13, "Hướng dẫn giặt", "Care", limit=300),
    Attribute("feature", 14, "Tính năng", "Features", _pairs(FEATURES), is_multiple=True),
)
ATTRIBUTES = MappingProxyType({one.key: one for one in ALL})

ASKED = MappingProxyType(
    {
        "fashion": (("material", True), ("gender", True), ("origin", False), ("pattern", False), ("care", False)),
        "beauty": (("volume", True), ("origin", True), ("skin_type", False), ("shelf_life", False), ("ingredients", False)),
        "home": (("material", True), ("origin", False), ("storage", False)),
        "electronics": (("warranty", True), ("power", False), ("feature", False), ("origin", False)),
        "groceries": (("net_weight", True), ("origin", True), ("shelf_life", False), ("ingredients", False), ("storage", False)),
    }
)  # fmt: skip
"""By department: which questions, and whether they must be answered."""

SALE = (
    Attribute("color", 51, "Màu sắc", "Color", _pairs(COLORS), has_own_words=True),
    Attribute("size", 52, "Kích cỡ", "Size", _pairs("S, M, L, XL, XXL, 38, 39, 40, 41, 42"), has_own_words=True),
    Attribute("capacity", 53, "Dung lượng", "Capacity", _pairs("64GB, 128GB, 256GB"), has_own_words=True),
    Attribute("pack", 54, "Quy cách", "Pack", _pairs("Gói=Bag, Hộp=Box, Thùng=Carton"), has_own_words=True),
)
SALE_ATTRIBUTES = MappingProxyType({one.key: one for one in SALE})
DIFFER = MappingProxyType(
    {
        "fashion": ("color", "size"),
        "beauty": ("color", "pack"),
        "home": ("color", "size"),
        "electronics": ("color", "capacity"),
        "groceries": ("pack", "size"),
    }
)
"""By department: what variants may differ by."""


@dataclass(frozen=True)
class Brand:
    """A maker. `departments` empty: of anything."""

    number: int
    name: str
    departments: tuple[str, ...] = ()


BRANDS = (
    Brand(1_100_001, "Áo Việt", ("fashion",)),
    Brand(1_100_002, "Sợi Xanh", ("fashion", "home")),
    Brand(1_100_003, "Sen Hồng", ("beauty",)),
    Brand(1_100_004, "Da Tươi", ("beauty",)),
    Brand(1_100_005, "Bếp Ấm", ("home", "electronics")),
    Brand(1_100_006, "Điện Sao", ("electronics",)),
    Brand(1_100_007, "Âm Vang", ("electronics",)),
    Brand(1_100_008, "Vườn Nhà", ("groceries",)),
    Brand(1_100_009, "Biển Mặn", ("groceries",)),
    Brand(1_100_010, "OEM"),
)


def asked(category: Category) -> list[tuple[Attribute, bool]]:
    """The questions of a category, each with whether it must be answered."""
    return [(ATTRIBUTES[key], required) for key, required in ASKED[category.department]]


def differ(category: Category) -> list[Attribute]:
    """What variants of a category may differ by."""
    return [SALE_ATTRIBUTES[key] for key in DIFFER[category.department]]


def brands(category: Category) -> list[Brand]:
    """Who makes things of a category."""
    return [one for one in BRANDS if not one.departments or category.department in one.departments]
