from mekong.catalog.rules import search
from mekong.catalog.rules.search import Candidate, Spread


def test_a_document_is_folded_with_the_name_first():
    assert (
        search.document("Áo thun Đà Nẵng", "Đỏ / M", "Việt Tiến", "AO-01/M") == "ao thun da nang do m viet tien ao 01 m"
    )


def test_words_of_a_query_are_distinct_and_few():
    assert search.query_words("Áo, ÁO thun") == ["ao", "thun"]
    assert len(search.query_words(" ".join(f"w{i}" for i in range(50)))) == search.MOST_WORDS


def order(query, *texts, **archived):
    hits = [Candidate(i, text, text in archived.get("archived", ()), 0) for i, text in enumerate(texts)]
    return [hit.text for hit in search.order(hits, query.split())]


def test_the_likelier_hit_comes_first():
    assert order("ao thun", "quan ao thun", "thun ao", "ao thun nam dai tay", "ao thunder", "ao thun nam") == [
        "ao thun nam", "ao thun nam dai tay", "ao thunder", "quan ao thun", "thun ao",
    ]  # fmt: skip


def test_archived_hits_come_last_and_sellers_first():
    assert order("ao", "ao moi", "ao", archived=("ao",)) == ["ao moi", "ao"]
    hits = [Candidate(1, "ao cu", False, 0), Candidate(2, "ao moi dep", False, 9)]
    assert [hit.variant_id for hit in search.order(hits, ["ao"])] == [2, 1]


def test_words_typed_to_their_end_are_looked_up_as_they_are():
    spreads = {"tui": Spread(900, 1000), "x": Spread(5, 90_000), "da": Spread(3, 4)}

    assert search.split_terms(["tui", "x"], spreads) == (["tui"], ["x:*"])
    assert search.split_terms(["tui", "da"], spreads) == (["tui", "da:*"], [])
    assert search.split_terms(["x"], spreads) == (["x:*"], [])


def test_slips_are_counted_as_people_make_them():
    assert search.distance("balo", "balp", 2) == 1
    assert search.distance("giay", "gaiy", 2) == 1
    assert search.distance("giay", "dep", 2) == 3
    assert search.nearest("balp", [("balo", 5), ("bale", 9), ("tui", 99)]) == "bale"
    assert search.nearest("zzzzz", [("balo", 5)]) is None
