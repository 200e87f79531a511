"""Products for benchmarks: plain ones, and a shop of many named as Vietnamese shops name theirs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.installation import Installation
    from mekong.catalog.contracts import NewProduct


def plain(installation: Installation, count: int, *, prefix: str = "BN", price_minor: int = 120_000) -> list[str]:
    """So many products of one variant each; their SKUs."""
    from mekong.catalog.contracts import NewProduct, NewVariant

    skus = [f"{prefix}-{number:06d}" for number in range(count)]
    installation.load(
        [
            NewProduct(name=f"Hàng đo {sku}", variants=(NewVariant(sku, price_minor + 1_000 * (number % 50)),))
            for number, sku in enumerate(skus)
        ]
    )
    return skus


_KINDS: Sequence[tuple[str, Sequence[str], Sequence[str]]] = (
    ("Áo thun", ("cổ tròn", "cổ tim", "tay lỡ", "tay dài", "form rộng", "in hình"), ("nam", "nữ", "bé trai")),
    ("Áo sơ mi", ("kẻ sọc", "trắng công sở", "lụa", "đũi", "cổ trụ", "tay ngắn"), ("nam", "nữ")),
    ("Áo khoác", ("dù", "nỉ", "gió hai lớp", "phao", "chống nắng", "da lộn"), ("nam", "nữ", "trẻ em")),
    ("Quần jean", ("ống rộng", "ống đứng", "rách gối", "lưng cao", "co giãn"), ("nam", "nữ")),
    ("Quần short", ("kaki", "thể thao", "đi biển", "jean"), ("nam", "nữ", "bé trai")),
    ("Chân váy", ("chữ A", "xếp ly", "bút chì", "dài"), ("nữ",)),
    ("Đầm", ("maxi", "suông", "dự tiệc", "hai dây", "bầu"), ("nữ",)),
    ("Giày thể thao", ("chạy bộ", "đế bằng", "cổ cao", "siêu nhẹ"), ("nam", "nữ", "trẻ em")),
    ("Dép", ("quai ngang", "sục", "kẹp", "đi trong nhà"), ("nam", "nữ", "trẻ em")),
    ("Balo", ("laptop chống sốc", "du lịch", "học sinh", "mini"), ("nam", "nữ")),
    ("Túi xách", ("đeo chéo", "tote vải", "cầm tay", "da thật"), ("nữ",)),
    ("Sữa tươi tiệt trùng", ("ít đường", "không đường", "có đường", "dâu", "socola"), ("110ml", "180ml", "1 lít")),
    ("Nước mắm", ("cá cơm", "nhĩ", "40 độ đạm", "truyền thống"), ("500ml", "750ml", "1 lít")),
    ("Cà phê", ("hòa tan", "rang xay", "phin giấy", "nguyên hạt"), ("250g", "500g", "1kg")),
    ("Nước giặt", ("hương hoa", "cho bé", "đậm đặc", "cửa trước"), ("túi 2kg", "chai 3.6kg")),
    ("Kem chống nắng", ("nâng tông", "cho da dầu", "vật lý", "SPF50+"), ("50ml", "75ml")),
    ("Sữa rửa mặt", ("tạo bọt", "cho da nhạy cảm", "trà xanh", "than hoạt tính"), ("100g", "150ml")),
    ("Ốp lưng", ("trong suốt", "chống sốc", "nhám mờ", "ví da"), ("iPhone 15", "iPhone 14 Pro", "Galaxy S24")),
    ("Tai nghe", ("không dây", "chụp tai", "chống ồn", "có dây Type-C"), ("Bluetooth 5.3", "gaming")),
    ("Nồi chiên không dầu", ("điện tử", "cơ", "hai ngăn"), ("5 lít", "6.5 lít", "8 lít")),
    ("Chảo chống dính", ("vân đá", "đáy từ", "sâu lòng"), ("20cm", "24cm", "28cm")),
    ("Bộ chăn ga gối", ("cotton poly", "lụa tencel", "họa tiết hoa"), ("1m6", "1m8")),
)  # fmt: skip
_BRANDS = (
    "Sông Hồng", "An Phước", "Bạch Liên", "Coolmate", "Đông Á", "Hoàng Gia", "Lan Chi", "Minh Long", "Nam Sơn",
    "Thiên Long",
    "Việt Tiến", "Yody", "Zenka", "Kim Ngân", "Phương Nam", "Bình Minh", "Sao Việt", "Mộc An", "Hạ Long", "Tây Đô",
)  # fmt: skip
_COLOURS = ("Đỏ", "Đen", "Trắng", "Xanh navy", "Be", "Hồng pastel", "Xám tiêu", "Vàng nghệ")
_SIZES = ("S", "M", "L", "XL")

QUERIES = (
    "áo thun nam", "ao thun nu co tron", "quan jean ong rong nu", "giày thể thao chạy bộ", "sữa tươi không đường 180ml",
    "nuoc mam ca com", "balo laptop", "op lung iphone 15", "kem chong nang spf50", "đầm maxi hai dây", "đen xl",
    "viet tien so mi trang", "noi chien khong dau 5 lit", "ao thunn", "tai nghe bluetooth", "coolmate ao khoac",
    "cà phê phin giấy 500g", "SP-004217", "SP-011000-DEN-M", "chan ga goi 1m8",
)  # fmt: skip
"""What people type at a counter: with and without marks, words out of order, slips, a SKU and its beginning."""


def shop(variants: int, *, seed: int = 1) -> Iterator[NewProduct]:
    """A shop of so many variants: clothes in colours and sizes, and goods of one variant."""
    from mekong.catalog.contracts import NewProduct, NewVariant

    draw = random.Random(seed)
    made = number = 0
    while made < variants:
        kind, styles, whom = draw.choice(_KINDS)
        brand = draw.choice(_BRANDS)
        name = f"{kind} {draw.choice(styles)} {draw.choice(whom)} {brand} {draw.randint(1, 999):03d}"
        code, price = f"SP-{number:06d}", draw.randint(20, 900) * 1_000
        if kind[0] in "ÁQCĐGD" and variants - made >= 8:
            colours = draw.sample(_COLOURS, 2)
            each = tuple(
                NewVariant(f"{code}-{_letters(colour)}-{size}", price, option_values=(colour, size))
                for colour in colours
                for size in _SIZES
            )
            yield NewProduct(name=name, brand=brand, variants=each, code=code, options=("Màu", "Cỡ"))
        else:
            each = (NewVariant(code, price),)
            yield NewProduct(name=name, brand=brand, variants=each, code=code)
        made += len(each)
        number += 1


def _letters(colour: str) -> str:
    from mekong.foundation.text import fold

    return fold(colour).replace(" ", "").upper()
