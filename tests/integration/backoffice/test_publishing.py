"""Products on their way to a platform, as people map categories, answer what is asked, publish and follow them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.channels import commands
from mekong.channels.models import CategoryMapping, PlatformCategory, Publication
from mekong.channels.socket.publishing import RemoteAttribute, RemoteCategory
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import RemoteRefused, Unavailable
from tests.integration.backoffice.conftest import Visitor
from tests.integration.backoffice.publishing_platform import ASKED, MADE_OF, Shelf, furnish, product_id
from tests.support.marketplaces import close_all

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "/channels/bz/categories/"
LIST = "/channels/bz/publishing/"
PUBLISH = "/products/publish/"


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    yield furnish(monkeypatch)
    close_all()


def text(client: Client, path: str, status: int = 200, **headers: str) -> str:
    got = client.get(path, headers=headers)
    assert got.status_code == status, got.content
    return got.content.decode()


def act(client: Client, **fields: str) -> Any:
    return client.post(f"{HERE}act/", fields)


def mapped(client: Client) -> None:
    assert act(client, act="read").status_code == 302
    assert act(client, act="map", category="ao-thun", external_id="111").status_code == 302


def attribute(name: str, code: str, kind: str = "text", choices: tuple[str, ...] = ()) -> None:
    catalog.create_attribute(actor=SYSTEM, code=code, name=name, kind=kind, choices=choices)


def answers(client: Client, **fields: str | list[str]) -> Any:
    """The form of ao-thun, all its four questions in order, with these fields."""
    ids = {f"id-{at}": each.id for at, each in enumerate(ASKED)}
    return client.post(f"{HERE}ao-thun/", {**ids, **fields})


def published(code: str = "AT-1") -> Publication:
    return Publication.objects.get(product_id=product_id(code))


def publish(client: Client, *skus: str, channel: str = "bz", once: str = "") -> Any:
    return client.post(PUBLISH, {"pick": list(skus), "channel": channel, "once": once})


# --- categories -------------------------------------------------------------------------------------------------------


def test_the_platforms_tree_is_read_and_a_category_of_ours_chosen_in_it(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    assert "Tải ngành hàng của Bazaar" in text(client, HERE)
    assert "data-choose" not in text(client, HERE)

    assert act(client, act="read").status_code == 302

    page = text(client, HERE)
    for word in ("Đã tải 6 ngành hàng", "6 ngành hàng trên sàn", 'data-choose="ao-thun"', "chưa chọn ngành"):
        assert word in page, word
    found = text(client, f"{HERE}search/?find=thun+ao")
    assert "Thời trang nữ › Áo" in found
    assert 'value="111"' in found
    assert 'value="112"' not in found
    assert "&lt;b&gt;khoác&lt;/b&gt;" in text(client, f"{HERE}search/?find=khoac"), "a platform's words stay text"

    assert act(client, act="map", category="ao", external_id="111")["Location"] == f"{HERE}?#at-ao"

    page = text(client, HERE)
    for word in ("Áo quần là Thời trang nữ › Áo › Áo thun trên sàn. Còn thiếu 2 thuộc tính bắt buộc", "theo Áo quần"):
        assert word in page, word
    assert CategoryMapping.objects.get().external_id == "111"


def test_what_nothing_has_in_full_is_found_by_its_first_words(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    act(client, act="read")
    found = text(client, f"{HERE}search/?find=Áo+thun+cổ+tròn")
    assert "bỏ “cổ tròn”" in found
    assert 'value="111"' in found
    assert "Không có ngành nào chứa đủ các từ này" in text(client, f"{HERE}search/?find=xe+tăng")


def test_the_list_of_categories_is_narrowed_to_what_is_left_to_do(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    act(client, act="read")
    part = {"HX-Request": "true", "HX-Target": "list"}
    left = text(client, f"{HERE}?view=open", **part)
    assert 'id="at-ao-thun"' in left
    assert 'id="at-trong"' not in left
    assert "<html" not in left
    mapped(client)
    assert "Mọi danh mục có hàng đều đã có ngành trên sàn" in text(client, f"{HERE}?view=open")
    assert 'id="at-ao-thun"' in text(client, f"{HERE}?view=unanswered")
    named = text(client, f"{HERE}?text=de+trong")
    assert 'id="at-trong"' in named
    assert 'id="at-ao"' not in named
    assert "Không có danh mục nào khớp bộ lọc" in text(client, f"{HERE}?text=%3Cscript%3E")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"category": "ao-thun", "external_id": "11"}, "Áo"),
        ({"category": "ao-thun", "external_id": "999"}, "999"),
        ({"category": "khong-co", "external_id": "111"}, "khong-co"),
    ],
)
def test_a_category_that_takes_no_products_is_refused(
    shelf: Shelf, visitor: Visitor, fields: dict[str, str], said: str
) -> None:
    client = visitor("owner")
    act(client, act="read")
    refused = act(client, act="map", **fields)
    assert refused.status_code == 422
    assert said in refused.content.decode()
    assert not CategoryMapping.objects.exists()


def test_nothing_chosen_changes_nothing(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    act(client, act="read")
    assert act(client, act="map", category="ao-thun").status_code == 302
    assert "Chọn một ngành hàng của sàn." in text(client, HERE)
    assert not CategoryMapping.objects.exists()


def test_a_platform_that_is_away_is_said_and_asked_later(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    refusal = RemoteRefused(remote="Bazaar", remote_code="<u>no</u>", remote_message="keine Rechte")
    shelf.trouble = refusal
    refused = act(client, act="read")
    assert refused.status_code == 502
    assert "keine Rechte (&lt;u&gt;no&lt;/u&gt;)" in refused.content.decode()
    assert not PlatformCategory.objects.exists()
    act(client, act="read")
    shelf.trouble = refusal
    assert act(client, act="map", category="ao-thun", external_id="111").status_code == 502
    assert "Chưa biết sàn hỏi gì ở ngành này" in text(client, f"{HERE}ao-thun/")

    assert act(client, act="ask", category="ao-thun", back="mapping")["Location"] == f"{HERE}ao-thun/"

    assert "Chất liệu" in text(client, f"{HERE}ao-thun/")


def test_a_mapping_is_taken_away_and_the_one_above_holds_again(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    act(client, act="map", category="ao", external_id="21")
    assert act(client, act="unmap", category="ao-thun", back="mapping")["Location"] == f"{HERE}ao-thun/"
    page = text(client, f"{HERE}ao-thun/")
    assert "Nhà cửa › Bình hoa" in page
    assert "Đi theo Áo quần" in page
    assert act(client, act="unmap", category="ao-thun").status_code == 302, "twice does no harm"
    assert CategoryMapping.objects.count() == 1


# --- what the platform asks -------------------------------------------------------------------------------------------


def test_what_is_asked_is_answered_all_at_once(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    attribute("Chất", "chat", "choice", ("Cotton", "Lua to tam"))
    attribute("Xuất xứ", "xuat-xu")
    mapped(client)
    page = text(client, f"{HERE}ao-thun/")
    for word in ("Xuất xứ – tự tìm theo tên", 'id="ask-chat-lieu"', "còn 1", "g/m2", "Cỡ"):
        assert word in page, word
    assert page.index("Chất liệu") < page.index("Cân nặng vải"), "what is required stands first"
    row = text(client, f"{HERE}ao-thun/?ask=100&source-0=attribute%3Achat", **{"HX-Request": "true"})
    assert "<html" not in row
    assert 'value="Lua to tam"' in row
    assert 'value="Cotton"' in row
    assert "trùng tên" in row, "Cotton is spelt alike on both sides"

    saved = answers(client, **{
        "source-0": "attribute:chat", "ours-0": ["Cotton", "Lua to tam", ""], "theirs-0": ["Cotton", "lụa", ""],
        "source-1": "", "source-2": "fixed", "value-2": "180", "unit-2": "g/m2", "source-3": "fixed", "value-3": ["Hè", "Đông"],
    })  # fmt: skip

    assert (saved.status_code, saved["Location"]) == (302, f"{HERE}ao-thun/")
    assert "Đã lưu 3 câu trả lời" in text(client, f"{HERE}ao-thun/")
    rules = CategoryMapping.objects.get().rules
    assert rules["100"]["choices"] == {"Lua to tam": "c2"}
    assert (rules["100"]["source"], rules["100"]["key"]) == ("attribute", "chat")
    assert (rules["102"]["values"], rules["102"]["unit"]) == (["180"], "g/m2")
    assert rules["103"]["values"] == ["Hè", "Đông"]
    assert "101" not in rules, "what is found by its name needs no rule"

    before = CategoryMapping.objects.get().rules
    same = answers(client, **{
        "source-0": "attribute:chat", "ours-0": ["Lua to tam"], "theirs-0": ["Lụa"], "source-1": "", "source-2": "fixed",
        "value-2": "180", "unit-2": "g/m2", "source-3": "", "value-3": "",
    })  # fmt: skip
    assert same.status_code == 302
    assert CategoryMapping.objects.get().rules == {key: before[key] for key in ("100", "101", "102") if key in before}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source-0": "attribute:khong-co"}, "There is no attribute “khong-co” in the catalogue."),
        ({"source-0": "fixed", "value-0": ""}, "Give a value."),
        ({"source-0": "fixed", "value-0": "Giấy"}, "Choose among what the platform offers."),
        ({"source-0": "option:Cỡ", "ours-0": "S", "theirs-0": "<b>Giấy</b>"}, "“&lt;b&gt;Giấy&lt;/b&gt;” is not among"),
        ({"source-0": "option:Cỡ", "ours-0": "", "theirs-0": "Lụa"}, "Which value of ours is “Lụa”?"),
        ({"source-2": "fixed", "value-2": "1", "unit-2": "kg"}, "Choose one of: g/m2, oz."),
        ({"source-1": "fixed", "value-1": "x" * 501, "source-0": "option:"}, "Name the option it comes from."),
    ],
)
def test_an_answer_that_is_not_right_is_said_beside_its_field(
    shelf: Shelf, visitor: Visitor, fields: dict[str, str], said: str
) -> None:
    client = visitor("owner", language="en")
    mapped(client)
    refused = answers(client, **fields)
    assert refused.status_code == 422
    page = refused.content.decode()
    assert said in page
    assert "Nothing was saved: 1 answer is not right." in page
    assert CategoryMapping.objects.get().rules == {}
    typed = fields.get("value-0") or fields.get("value-2")
    assert not typed or typed in page, "what was typed stays"


def test_a_question_that_moved_meanwhile_is_answered_by_its_name(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    shelf.asked["111"] = (RemoteAttribute("90", "Cổ áo", is_required=True), MADE_OF)
    commands.store_attributes(
        actor=SYSTEM, channel="bz", external_id="111", attributes=shelf.asked["111"], now=datetime.now(UTC)
    )
    assert (
        answers(client, **{"source-0": "fixed", "value-0": "Lụa", "source-1": "fixed", "value-1": "VN"}).status_code
        == 302
    )
    rules = CategoryMapping.objects.get().rules
    assert rules.keys() == {"100"}, "and what is asked no more is left out"


def test_answers_below_begin_a_mapping_of_their_own(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    act(client, act="read")
    act(client, act="map", category="ao", external_id="111")
    assert answers(client, **{"source-1": "fixed", "value-1": "Việt Nam"}).status_code == 302
    own = CategoryMapping.objects.get(category="ao-thun")
    assert (own.external_id, own.rules["101"]["values"]) == ("111", ["Việt Nam"])


def test_values_that_products_wait_for_stand_in_the_table(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    attribute("Chất liệu", "chat-lieu")
    catalog.create_product(
        actor=SYSTEM, now=datetime.now(UTC),
        product=NewProduct(
            name="Áo lạ", code="AL", category="ao-thun", attributes={"chat-lieu": "Đay <i>"},
            variants=(NewVariant(sku="AL", price_minor=1),),
        ),
    )  # fmt: skip
    publish(client, "AL")
    listed = text(client, LIST)
    assert "“Đay &lt;i&gt;” không phải lựa chọn của Bazaar cho “Chất liệu”" in listed
    assert f"{HERE}ao-thun/#ask-chat-lieu" in listed
    page = text(client, f"{HERE}ao-thun/")
    assert 'value="Đay &lt;i&gt;"' in page
    answers(client, **{"source-0": "", "ours-0": "Đay <i>", "theirs-0": "Cotton"})
    rule = CategoryMapping.objects.get().rules["100"]
    assert (rule["source"], rule["key"], rule["choices"]) == ("attribute", "chat-lieu", {"Đay <i>": "c1"})


# --- publishing -------------------------------------------------------------------------------------------------------


def test_a_product_is_seen_as_the_platform_would_have_it_then_published_once(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    answers(client, **{"source-0": "fixed", "value-0": "Cotton", "source-1": "fixed", "value-1": "Việt Nam"})
    box = text(client, "/products/AT-1-S/")
    assert f"{PUBLISH}?pick=AT-1-S&amp;channel=bz" in box
    assert "Đăng lên Bazaar" in box
    seen = text(client, f"{PUBLISH}?pick=AT-1-M&channel=bz")
    for word in ("Áo thun trơn", "Thời trang nữ › Áo › Áo thun", "Việt Nam", "150.000", "AT-1-S", "Tạo mới trên sàn"):
        assert word in seen, word
    assert "Còn thiếu" not in seen

    sent = publish(client, "AT-1-M", once="a-token")

    assert (sent.status_code, sent["Location"]) == (302, LIST)
    assert "Đang gửi 1 sản phẩm lên Bazaar" in text(client, LIST)
    row = published()
    assert (row.state, row.turn, row.is_shown) == ("waiting", 1, True)
    assert publish(client, "AT-1-M", once="a-token")["Location"] == LIST
    assert published().turn == 1, "the second click of two finds the first one's answer"
    assert Publication.objects.count() == 1
    assert "Đang gửi" in text(client, "/products/AT-1-S/")


def test_two_clicks_at_the_same_moment_publish_once(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    begin = threading.Barrier(2)
    answered: list[int] = []

    def click() -> None:
        begin.wait()
        answered.append(publish(client, "AT-1-S", once="same").status_code)
        connections.close_all()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert set(answered) <= {302, 409}
    assert published().turn == 1


def test_what_is_missing_leads_to_where_it_is_mended(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    act(client, act="read")
    assert publish(client, "AT-1-S", "AT-2-S").status_code == 302
    page = text(client, LIST)
    assert "2 sản phẩm được giữ lại cho Bazaar tới khi đủ thông tin" in page
    assert "Danh mục “Áo thun” chưa có ngành trên Bazaar" in page
    assert f'href="{HERE}ao-thun/"' in page
    assert "Áo thun &lt;i&gt;in&lt;/i&gt;" in page
    mapped(client)
    many = text(client, f"{PUBLISH}?pick=AT-1-S&pick=AT-2-M&pick=AT-2-S&channel=bz")
    assert many.count("Bazaar hỏi “Chất liệu”") == 2, "two variants of one product are one product"
    assert f"{HERE}ao-thun/#ask-xuat-xu" in many
    attribute("Xuất xứ", "xuat-xu")
    assert "/products/AT-1-S/edit/#attr-xuat-xu" in text(client, f"{PUBLISH}?pick=AT-1-S&channel=bz"), (
        "answered by an attribute that the product does not have"
    )


def test_what_the_channels_would_be_sent_follows_the_choice(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    part = client.post(f"{PUBLISH}previews/", {"pick": ["AT-1-S", "AT-2-S"], "channel": "bz"}).content.decode()
    assert "<html" not in part
    assert "tạo mới" in part
    none = client.post(f"{PUBLISH}previews/", {"pick": ["AT-1-S"]}).content.decode()
    assert "Chọn kênh để xem sẽ gửi gì lên đó" in none
    assert not Publication.objects.exists()


def test_all_that_a_list_finds_is_taken_together(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    page = text(client, f"{PUBLISH}?all=1&category=ao")
    assert "Đăng bán 3 sản phẩm" in page
    assert page.count('name="pick"') == 3
    assert "Chọn tối đa 500 sản phẩm" in text(client, PUBLISH)
    assert "Chọn tối đa 500 sản phẩm" in text(client, f"{PUBLISH}?all=1&q=khong-co-gi")
    assert "Publish" not in text(client, "/products/")
    assert 'formaction="/products/publish/"' in text(client, "/products/")


def test_what_cannot_be_published_is_refused_whole(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    mapped(client)
    assert "Choose a channel." in publish(client, "AT-1-S", channel="").content.decode()
    assert publish(client, "AT-1-S", channel="").status_code == 422
    nothing = publish(client, "KHONG-CO")
    assert nothing.status_code == 422
    assert "Choose 1 to 500 products." in nothing.content.decode()
    catalog.archive_product(actor=SYSTEM, product_id=product_id("AT-2"), now=datetime.now(UTC))
    refused = publish(client, "AT-1-S", "AT-2-S")
    assert refused.status_code == 422
    assert "is in the archive" in refused.content.decode()
    elsewhere = client.post(PUBLISH, {"pick": "AT-1-S", "channel": ["bz", "khong-co"]})
    assert elsewhere.status_code == 404
    assert "being sent" not in text(client, "/products/"), "nothing is said to be sent that was not"
    many = client.post(PUBLISH, {"pick": [f"X-{n}" for n in range(501)], "channel": "bz"})
    assert many.status_code == 422
    assert not Publication.objects.exists()


# --- following them ---------------------------------------------------------------------------------------------------


def stand(code: str, **fields: Any) -> None:
    Publication.objects.filter(product_id=product_id(code)).update(**{"gaps": [], "next_at": None, **fields})


def standing(client: Client) -> None:
    """One on sale, one refused, one that was there by hand."""
    mapped(client)
    publish(client, "AT-1-S", "AT-2-S", "AT-3-S")
    now = datetime.now(UTC)
    stand("AT-1", state="live", item_id="i-1", url="https://bazaar.example/1", sent_at=now, live_at=now, done_turn=1)
    stand("AT-2", state="refused", reasons=["Tên có <b>từ cấm</b>"], done_turn=1)
    problem = {"code": "channels.listed_by_hand", "params": {"item_id": "77"}}
    stand("AT-3", state="refused", problem=problem, done_turn=1)
    client.get(LIST)


def test_every_state_is_shown_in_words_with_what_is_left_to_do(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    assert "Chưa đăng sản phẩm nào lên Bazaar từ đây" in text(client, LIST)
    standing(client)
    page = text(client, LIST)
    for word in (
        "Đang bán", "https://bazaar.example/1", "Bị từ chối", "Tên có &lt;b&gt;từ cấm&lt;/b&gt;",
        "Đã có trên Bazaar với mã 77 do đăng tay", "Gửi đè lên sàn",
    ):  # fmt: skip
        assert word in page, word
    assert "data-moving" not in page, "nothing is under way"
    refused = text(client, f"{LIST}?state=refused")
    assert "AT-2" in refused
    assert f'id="p-{product_id("AT-1")}"' not in refused
    assert "Không có sản phẩm trong trạng thái này" in text(client, f"{LIST}?state=gone") or "trạng thái" in refused
    stand("AT-1", turn=2)
    part = text(client, LIST, **{"HX-Request": "true", "HX-Target": "list"})
    assert "<html" not in part
    assert "data-moving" in part
    assert "đang gửi thay đổi" in part
    one = text(client, f"{LIST}{product_id('AT-3')}/")
    assert "Nội dung gửi lên" in one
    assert "do đăng tay" in one
    assert client.get(f"{LIST}99999999/").status_code == 404


def test_products_are_sent_again_hidden_shown_left_alone_and_forgotten(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    standing(client)
    one, two = product_id("AT-1"), product_id("AT-2")

    def do(what: str, *ids: int) -> str:
        done = client.post(f"{LIST}act/", {"act": what, "pick": [str(each) for each in ids], "query": "state=live"})
        assert (done.status_code, done["Location"]) == (302, f"{LIST}?state=live")
        return text(client, LIST)

    assert "Đang ẩn 1 sản phẩm trên sàn" in do("hide", one)
    assert (published().is_shown, published().turn) == (False, 2)
    do("hide", one)
    assert published().turn == 2, "hidden twice is hidden once"
    do("show", one)
    assert (published().is_shown, published().turn) == (True, 3)
    do("leave", one)
    assert published().follows is False
    assert "không tự gửi khi sửa sản phẩm" in do("retry", one, two)
    assert (published().turn, published("AT-2").turn) == (4, 2)
    do("follow", one)
    assert published().follows is True
    page = do("forget", one, two, 99999999)
    assert "Đã ngừng quản lý 2 sản phẩm" in page
    assert "1 sản phẩm giữ nguyên" in page
    assert Publication.objects.count() == 1
    for fields in ({"act": "hide"}, {"act": "burn", "pick": "1"}, {"act": "hide", "pick": "1e5"}):
        assert client.post(f"{LIST}act/", fields).status_code == 302
        assert "Chọn sản phẩm trước." in text(client, LIST)


def test_a_header_cannot_be_slipped_in_by_the_way_back(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    back = client.post(f"{LIST}act/", {"act": "hide", "pick": "9", "query": "a=1\r\nSet-Cookie: x=1"})
    assert back.status_code == 302
    assert "x" not in back.cookies


# --- who may ----------------------------------------------------------------------------------------------------------


def test_without_the_right_there_is_no_button_and_no_act(shelf: Shelf, visitor: Visitor) -> None:
    standing(visitor("owner"))
    before = list(Publication.objects.order_by("id").values())
    client = visitor("accountant")
    for path in (HERE, f"{HERE}ao-thun/", LIST, "/products/AT-1-S/", f"{LIST}{product_id('AT-1')}/"):
        got = client.get(path)
        if got.status_code == 200:
            page = got.content.decode()
            assert 'value="forget"' not in page
            assert "data-choose" not in page
            assert "Đăng lên Bazaar" not in page
    assert act(client, act="read").status_code == 403
    assert answers(client, **{"source-1": "fixed", "value-1": "x"}).status_code == 403
    assert client.get(PUBLISH).status_code == 403
    assert publish(client, "AT-1-S").status_code == 403
    for what in ("retry", "hide", "forget"):
        assert client.post(f"{LIST}act/", {"act": what, "pick": str(product_id("AT-1"))}).status_code == 403
    assert CategoryMapping.objects.get().rules == {}
    assert list(Publication.objects.order_by("id").values()) == before


def test_a_channel_that_takes_no_products_says_so(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    commands.ensure_own_channels(actor=SYSTEM, now=datetime.now(UTC))
    for path in ("/channels/web/categories/", "/channels/web/publishing/", "/channels/web/categories/ao/"):
        assert client.get(path).status_code == 409
    assert client.get("/channels/none/publishing/").status_code == 404
    assert "/categories/" not in text(client, "/channels/web/")
    assert "/channels/bz/categories/" in text(client, "/channels/bz/")


def test_a_tree_read_again_forgets_what_is_gone(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    mapped(client)
    shelf.tree = (RemoteCategory("1", "Thời trang", "", False), RemoteCategory("5", "Áo mới", "1"))
    shelf.trouble = Unavailable()
    assert act(client, act="read").status_code == 302, "one failure is tried again"
    page = text(client, HERE)
    assert "2 ngành hàng trên sàn" in page
    assert "chưa chọn ngành" in page
