"""Orders by file: exports as the seller centres make them come in as orders, once, and what is wrong is named."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from mekong.catalog.errors import NoHeader, UnreadableFile
from mekong.channels import commands, queries
from mekong.channels.commands.outbound import give_up_on_short_orders
from mekong.channels.contracts import OrderFileReport
from mekong.channels.errors import CannotDo, ChannelInvalid, ChannelNotFound, ColumnUnknown
from mekong.channels.files import import_orders, write_stock_file
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.orders.models import OrderLine, SalesOrder
from tests.integration.catalog.builders import a_csv, a_workbook
from tests.support.orders import seen
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, assert_sound, level, stock

pytestmark = pytest.mark.django_db(transaction=True)


def columns(headers: str) -> list[str]:
    return headers.split("|")


SHOPEE = columns(
    "Mã đơn hàng|Mã Kiện Hàng|Ngày đặt hàng|Trạng Thái Đơn Hàng|Sản Phẩm Bán Chạy|Lý do hủy|Nhận xét từ Người mua|"
    "Mã vận đơn|Đơn Vị Vận Chuyển|Phương thức giao hàng|Loại đơn hàng|Ngày giao hàng dự kiến|Ngày gửi hàng|"
    "Thời gian giao hàng|Trạng thái Trả hàng/Hoàn tiền|SKU sản phẩm|Tên sản phẩm|Cân nặng sản phẩm|Tổng cân nặng|"
    "SKU phân loại hàng|Tên phân loại hàng|Giá gốc|Người bán trợ giá|Được Shopee trợ giá|"
    "Tổng số tiền được người bán trợ giá|Giá ưu đãi|Số lượng|Số lượng sản phẩm được hoàn trả|"
    "Tổng số tiền Người mua thanh toán|Tổng giá trị đơn hàng (VND)|Mã giảm giá của Shop|Hoàn Xu|Mã giảm giá của Shopee|"
    "Chỉ tiêu Combo Khuyến Mãi|Giảm giá từ combo Shopee|Giảm giá từ Combo của Shop|Shopee Xu được hoàn|"
    "Số tiền giảm thanh toán bằng thẻ|Trade-in Discount|Trade-in Bonus|Phí vận chuyển (dự kiến)|"
    "Trade-in Bonus by Seller|Phí vận chuyển mà người mua trả|Phí vận chuyển tài trợ bởi Shopee|"
    "Phí vận chuyển trả hàng|Tổng số tiền người mua thanh toán|Thời gian hoàn thành đơn hàng|"
    "Thời gian đơn hàng được thanh toán|Phương thức thanh toán|Phí cố định|Phí Dịch Vụ|Phí thanh toán|Tiền ký quỹ|"
    "Người Mua|Tên Người nhận|Số điện thoại|Tỉnh/Thành phố|TP / Quận / Huyện|Quận|Địa chỉ nhận hàng|Quốc gia"
)
SHOPEE_OLD = columns(
    "Mã đơn hàng|Mã Kiện Hàng|Ngày đặt hàng|Trạng Thái Đơn Hàng|Nhận xét từ Người mua|Mã vận đơn|Đơn Vị Vận Chuyển|"
    "Phương thức giao hàng|Loại đơn hàng|Ngày giao hàng dự kiến|Ngày gửi hàng|Thời gian giao hàng|"
    "Tình trạng Trả hàng / Hoàn tiền|SKU sản phẩm|Tên sản phẩm|Cân nặng sản phẩm|Tổng cân nặng|Cân nặng sản phẩm|"
    "SKU phân loại hàng|Tên phân loại hàng|Giá gốc|Người bán trợ giá|Được Shopee trợ giá|"
    "Tổng số tiền được người bán trợ giá|Giá ưu đãi|Số lượng|Tổng giá bán (sản phẩm)|Tổng giá trị đơn hàng (VND)|"
    "Mã giảm giá của Shop|Phí vận chuyển mà người mua trả|Tổng số tiền người mua thanh toán|Phương thức thanh toán|"
    "Phí giao dịch|Người Mua|Tên Người nhận|Số điện thoại|Tỉnh/Thành phố|TP / Quận / Huyện|Quận|Địa chỉ nhận hàng"
)
LAZADA = columns(
    "orderItemId|orderType|lazadaId|sellerSku|lazadaSku|createTime|updateTime|rtsSla|orderNumber|deliveredDate|"
    "customerName|shippingName|shippingAddress|shippingAddress3|shippingAddress4|shippingAddress5|shippingPhone|"
    "payMethod|paidPrice|unitPrice|itemName|variation|trackingCode|status"
)
LAZADA_OLD = columns(
    "Order Item Id|Seller SKU|Created at|Updated at|Order Number|Customer Name|Shipping Name|Shipping Address|"
    "Shipping Phone Number|Payment Method|Paid Price|Unit Price|Item Name|Variation|Tracking Code|Status"
)
TIKTOK = columns(
    "Order ID|Order Status|Order Substatus|SKU ID|Seller SKU|Product Name|Variation|Quantity|SKU Unit Original Price|"
    "SKU Seller Discount|SKU Subtotal After Discount|Shipping Fee After Discount|Order Amount|Created Time|Paid Time|"
    "Shipped Time|Delivered Time|Tracking ID|Buyer Message|Buyer Username|Recipient|Phone #|Province|Detail Address|"
    "Payment Method|Package ID"
)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


@pytest.fixture
def shop() -> tuple[int, int, int]:
    """A place with five shirts and five hats; ids of both."""
    place = a_location("KHO")
    shirt, hat = a_variant("AO-DO-M"), a_variant("MU-01")
    stock(shirt, "KHO", 5)
    stock(hat, "KHO", 5)
    return place, shirt, hat


def a_channel(kind: str) -> str:
    commands.create_channel(actor=SYSTEM, code=f"{kind}-1", name=kind, kind=kind, shop_id="1", now=NOON)
    return f"{kind}-1"


def rows_of(headers: Sequence[str], *rows: Mapping[str, Any]) -> list[list[Any]]:
    for row in rows:
        assert set(row) <= set(headers), set(row) - set(headers)
    return [list(headers), *([row.get(header, "") for header in headers] for row in rows)]


def sheet(headers: Sequence[str], *rows: Mapping[str, Any]) -> io.BytesIO:
    return a_workbook(rows_of(headers, *rows))


def bring(channel: str, file: io.BytesIO, **more: Any) -> OrderFileReport:
    return import_orders(actor=more.pop("actor", SYSTEM), channel=channel, file=file, now=NOON, **more)


def of_shopee(number: str = "2611220ABCDE01", **more: Any) -> dict[str, Any]:
    return {
        "Mã đơn hàng": number, "Ngày đặt hàng": "2026-11-20 10:00", "Trạng Thái Đơn Hàng": "Chờ lấy hàng",
        "SKU phân loại hàng": "AO-DO-M", "Tên sản phẩm": "Áo thun", "Tên phân loại hàng": "Đỏ,M", "Giá ưu đãi": "99.000",
        "Số lượng": 2, "Tổng số tiền Người mua thanh toán": "198.000", "Tổng số tiền người mua thanh toán": "193.000",
        "Người Mua": "lan.nguyen", "Tên Người nhận": "N****n", "Số điện thoại": "******45", "Quận": "Phường Bến Nghé",
        "TP / Quận / Huyện": "Quận 1", "Tỉnh/Thành phố": "TP. Hồ Chí Minh", "Địa chỉ nhận hàng": "12 Lê Lợi",
        "Phương thức thanh toán": "Thanh toán khi nhận hàng", "Mã giảm giá của Shop": 20_000,
        "Phí vận chuyển mà người mua trả": "15.000", **more,
    }  # fmt: skip


def of_tiktok(number: str = "5791234567890123456\t", **more: Any) -> dict[str, Any]:
    return {
        "Order ID": number, "Order Status": "To ship", "Order Substatus": "Awaiting shipment",
        "SKU ID": "1729384756019283746", "Seller SKU": "AO-DO-M", "Product Name": "Áo thun", "Quantity": "2",
        "SKU Unit Original Price": "120000", "SKU Subtotal After Discount": "200001", "Created Time": "20/11/2026 10:00:00",
        "Payment Method": "Thẻ", **more,
    }  # fmt: skip


def test_an_export_of_shopee_becomes_orders_and_a_repeat_changes_nothing(shop: tuple[int, int, int]) -> None:
    place, shirt, hat = shop
    channel = a_channel("shopee")
    file = sheet(
        SHOPEE,
        of_shopee(),
        of_shopee(**{"SKU phân loại hàng": "MU-01", "Giá ưu đãi": 50000.0, "Số lượng": 1.0, "Tên phân loại hàng": ""}),
        of_shopee("2611220ABCDE02", **{"Trạng Thái Đơn Hàng": "Hoàn thành"}),
    )
    judged = bring(channel, file, dry_run=True)
    assert (judged.rows, judged.orders, judged.known, judged.is_written) == (3, 2, 0, False)
    assert not SalesOrder.objects.exists()

    done = bring(channel, file)
    assert (done.is_written, done.placed, done.parked, done.problems) == (True, 2, (), ())
    order = seen(SalesOrder.objects.get(external_id="2611220ABCDE01").code)
    assert (order.channel, order.state, order.customer_name, order.is_cod) == (channel, "ready_to_ship", "N****n", True)
    assert (order.subtotal_minor, order.discount_minor, order.shipping_fee_minor) == (248_000, 20_000, 15_000)
    assert order.shipping_address == {
        "line": "12 Lê Lợi", "ward": "Phường Bến Nghé", "district": "Quận 1", "province": "TP. Hồ Chí Minh",
    }  # fmt: skip
    assert order.placed_at == datetime(2026, 11, 20, 3, 0, tzinfo=UTC), "ten in the morning in Vietnam"
    assert [(line.sku, line.quantity, line.unit_price_minor) for line in order.lines] == [
        ("AO-DO-M", 2, 99_000), ("MU-01", 1, 50_000),
    ]  # fmt: skip
    assert SalesOrder.objects.get(external_id="2611220ABCDE02").state == "completed"
    assert (level(shirt, place), level(hat, place)) == ((3, 2), (5, 1)), "what was completed has left the shelf"

    again = bring(channel, file)
    assert (again.known, again.placed, again.advanced) == (2, 0, 0)
    assert OrderLine.objects.count() == 3


def test_a_newer_export_moves_orders_on_and_an_older_one_does_not_move_them_back(shop: tuple[int, int, int]) -> None:
    place, shirt, _ = shop
    channel = a_channel("shopee")
    early, late = of_shopee(), of_shopee(**{"Trạng Thái Đơn Hàng": "Đang giao", "Mã vận đơn": "SPXVN1"})
    bring(channel, sheet(SHOPEE, early))
    bring(channel, sheet(SHOPEE, late))
    order = SalesOrder.objects.get()
    assert (order.state, order.tracking_no, level(shirt, place)) == ("shipped", "SPXVN1", (3, 0))
    bring(channel, sheet(SHOPEE, early))
    assert SalesOrder.objects.get().state == "shipped"


def test_headers_that_differ_in_one_letters_case_stay_two_and_old_ones_are_known(shop: tuple[int, int, int]) -> None:
    channel = a_channel("shopee")
    report = bring(
        channel, sheet(SHOPEE, of_shopee()), columns={"discount": "Tổng số tiền Người mua thanh toán"}, dry_run=True
    )
    assert report.columns["discount"] == "Tổng số tiền Người mua thanh toán"
    old = {name: value for name, value in of_shopee("OLD1").items() if name in SHOPEE_OLD}
    report = bring(a_channel("lazada").replace("lazada", "shopee"), sheet(SHOPEE_OLD, old), dry_run=True)
    assert (report.missing, report.orders, report.problems) == ((), 1, ())


def test_an_export_of_tiktok_has_a_row_of_explanations_and_ids_of_19_digits(shop: tuple[int, int, int]) -> None:
    channel = a_channel("tiktok")
    explained = dict.fromkeys(TIKTOK, "Platform unique order ID.")
    bring(channel, sheet(TIKTOK, explained, of_tiktok()))
    order = SalesOrder.objects.get()
    assert (order.external_id, order.state) == ("5791234567890123456", "confirmed")
    lines = OrderLine.objects.order_by("line").values_list("sku", "quantity", "unit_price_minor")
    assert list(lines) == [("AO-DO-M", 1, 100_000), ("AO-DO-M", 1, 100_001)], "to the đồng, although it does not divide"


def test_an_id_that_was_stored_as_a_number_is_refused(shop: tuple[int, int, int]) -> None:
    channel = a_channel("tiktok")
    report = bring(channel, sheet(TIKTOK, of_tiktok(number=5791234567890123456.0), of_tiktok("5791234567890123999")))  # type: ignore[arg-type]
    assert [(bad.column, bad.row, bad.code) for bad in report.problems] == [("A", 2, "channels.lost_digits")]
    assert [order.external_id for order in SalesOrder.objects.all()] == ["5791234567890123999"]


@pytest.mark.parametrize("headers", [LAZADA, LAZADA_OLD], ids=["camelCase", "Title Case"])
def test_an_export_of_lazada_has_a_row_for_each_unit(shop: tuple[int, int, int], headers: Sequence[str]) -> None:
    new = headers is LAZADA
    channel = a_channel("lazada")

    def unit(line: str, status: str) -> dict[str, Any]:
        said = {
            "orderItemId": line, "sellerSku": "AO-DO-M", "createTime": "20 Nov 2026 10:00", "updateTime": "21 Nov 2026 9:00",
            "orderNumber": "480001", "paidPrice": "99000.00", "itemName": "Áo thun", "status": status,
            "shippingName": "Lan", "payMethod": "COD",
        }  # fmt: skip
        old = dict(
            zip(
                said,
                ("Order Item Id", "Seller SKU", "Created at", "Updated at", "Order Number", "Paid Price", "Item Name",
                 "Status", "Shipping Name", "Payment Method"), strict=True,
            )
        )  # fmt: skip
        return said if new else {old[name]: value for name, value in said.items()}

    made = rows_of(headers, unit("1", "delivered"), unit("2", "shipped"), unit("3", "canceled"))
    bring(channel, a_workbook(made) if new else a_csv(*(",".join(map(str, row)) for row in made)))
    line = OrderLine.objects.get()
    assert (line.quantity, line.unit_price_minor, list(line.external_ids)) == (2, 99_000, ["1", "2"])
    assert SalesOrder.objects.get().state == "shipped", "the least far of what is not cancelled"


def test_columns_that_nobody_knows_are_asked_for_once(shop: tuple[int, int, int]) -> None:
    channel = a_channel("shopee")
    headers = ["Số đơn", "Ngày", "Tình trạng", "Mã hàng", "SL", "Đơn giá"]
    file = a_workbook([headers, ["A1", "20/11/2026", "Mới", "AO-DO-M", 1, "10.000"]])
    asked = bring(channel, file)
    assert (asked.missing, asked.is_written) == (("order", "status", "placed", "sku", "price", "quantity"), False)
    columns = dict(zip(("order", "placed", "status", "sku", "quantity", "price"), headers, strict=True))
    told = bring(channel, file, columns=columns, dry_run=True)
    assert (told.missing, told.unknown_states, told.left_out) == ((), ("Mới",), ("A1",))
    bring(channel, file, states={"mới": "placed"})
    assert SalesOrder.objects.get().external_id == "A1"
    other = a_workbook([headers, ["A2", "20/11/2026", "MỚI", "AO-DO-M", 1, "10.000"]])
    assert bring(channel, other).placed == 1, "remembered"


def test_bad_cells_are_named_and_only_their_orders_are_left_out(shop: tuple[int, int, int]) -> None:
    channel = a_channel("shopee")
    report = bring(
        channel,
        sheet(
            SHOPEE,
            of_shopee("B1", **{"Số lượng": "hai"}),
            of_shopee("B2", **{"Giá ưu đãi": ""}),
            of_shopee("B3", **{"Ngày đặt hàng": "hôm qua"}),
            of_shopee("B4", **{"Số lượng": -1}),
            of_shopee("B5", **{"Trạng Thái Đơn Hàng": "Chờ chút"}),
            of_shopee("'; drop table orders_salesorder; --7", **{"Tên sản phẩm": "<script>alert(1)</script>"}),
        ),
    )
    assert report.left_out == ("B1", "B2", "B3", "B4", "B5")
    assert [(bad.column, bad.row) for bad in report.problems] == [("AA", 2), ("Z", 3), ("C", 4), ("AA", 5), ("D", 6)]
    assert SalesOrder.objects.get().external_id.endswith("--7")
    assert (report.unknown_states, report.placed) == (("Chờ chút",), 1)


def test_what_is_no_sku_of_ours_is_told_beforehand_and_held(shop: tuple[int, int, int]) -> None:
    channel = a_channel("shopee")
    file = sheet(SHOPEE, of_shopee(**{"SKU phân loại hàng": "KHONG-CO"}))
    assert bring(channel, file, dry_run=True).unmatched == (("KHONG-CO", 1),)
    bring(channel, file)
    assert SalesOrder.objects.get().issues == ["unmatched_line"]


def test_orders_beyond_stock_are_not_cancelled_where_nobody_can_be_told(shop: tuple[int, int, int]) -> None:
    channel = a_channel("shopee")
    bring(channel, sheet(SHOPEE, of_shopee(**{"Số lượng": 9})))
    assert SalesOrder.objects.get().state == "awaiting_stock"
    assert give_up_on_short_orders(now=datetime(2030, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"columns": {"order": "Không có"}}, ColumnUnknown),
        ({"columns": {"colour": "Mã đơn hàng"}}, ChannelInvalid),
        ({"states": {"Mới": "unheard of"}}, ChannelInvalid),
        ({"actor": an_actor("catalog.view")}, MayNot),
    ],
)
def test_what_cannot_be_is_refused(shop: tuple[int, int, int], more: dict[str, Any], error: type[Exception]) -> None:
    channel = a_channel("shopee")
    with pytest.raises(error):
        bring(channel, sheet(SHOPEE, of_shopee()), **more)
    assert not SalesOrder.objects.exists()


def test_files_and_channels_that_are_none_are_refused(shop: tuple[int, int, int]) -> None:
    channel = a_channel("shopee")
    with pytest.raises(NoHeader):
        bring(channel, a_workbook([]))
    with pytest.raises(UnreadableFile):
        bring(channel, io.BytesIO(b"PK\x03\x04 no workbook"))
    with pytest.raises(ChannelNotFound):
        bring("nowhere", sheet(SHOPEE, of_shopee()))
    commands.ensure_own_channels(actor=SYSTEM, now=NOON)
    with pytest.raises(CannotDo):
        bring("web", sheet(SHOPEE, of_shopee()))


def test_the_stock_file_has_what_the_channel_may_sell(shop: tuple[int, int, int]) -> None:
    channel = a_channel("shopee")
    bring(channel, sheet(SHOPEE, of_shopee()))
    out = io.BytesIO()
    assert write_stock_file(actor=SYSTEM, channel=channel, out=out) == 2
    out.seek(0)
    rows = CalamineWorkbook.from_filelike(out).get_sheet_by_index(0).to_python()
    assert {(row[2], row[4]) for row in rows[1:]} == {("AO-DO-M", 3.0), ("MU-01", 5.0)}
    assert queries.get_channel(actor=SYSTEM, code=channel).state == "new"
