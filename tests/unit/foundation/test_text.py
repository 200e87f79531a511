"""Folding: two texts that a Vietnamese shopper would type alike fold alike."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.foundation.text import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Áo thun Đà Nẵng, size M", "ao thun da nang size m"), ("ĐƯỜNG", "duong"), ("  a--b  ", "a b"), ("", ""), ("%%%", ""),
     ("Nước mắm 40°N", "nuoc mam 40 n")],
)  # fmt: skip
def test_a_text_folds_to_plain_letters(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="aăâđeêioôơuưyAĂÂĐEÊIOÔƠUƯYáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệ bcx0"))
def test_composed_and_decomposed_and_either_case_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert fold(text.upper()) == fold(text.lower())
