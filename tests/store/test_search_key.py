"""Search keys: one for all spellings of the same words."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.store import search_key
from archiver.store.search_key import grams, key


def test_the_specimens_of_the_module() -> None:
    document = search_key.__doc__ or ""
    for text, found in (
        ("“Don’t wait,” he said.", " dont wait he said "),
        ("Ça coûte 12\u202f000 €", " ca coute 12 000 "),
        ("苦しい決断だった", " 苦 し い 決 断 た っ た "),
    ):
        assert key(text) == found
        assert found in document


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“We will not,” she said", "We will not she said"),
        ("Don't", "DON’T"),
        ("Straße", "STRASSE"),
        ("Crème brûlée", "creme brulee"),
        ("Cre\u0300me", "Crème"),
        ("Dam\u00adage", "damage"),
        ("re-sign", "re sign"),
        ("« Non ! »", "non"),
        ("船がなくなれば、島は", "船がなくなれば島は"),
        ("１２", "12"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("a\nb\tc", "a b c"),
    ],
)
def test_spellings_of_the_same_words(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("resign", "re-sign"), ("10,000", "10000"), ("never", "ever"), ("犬", "猫")]
)
def test_other_words_have_other_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_words_of_one_letter_have_trigrams() -> None:
    assert grams(key("I")) == {" i "}
    assert grams(key("海")) == {" 海 "}
    assert grams(key("no")) == {" no", "no "}
    assert grams(key("!?")) == set()


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    found = key(text)
    assert found.startswith(" ") and found.endswith(" ")
    assert "  " not in found.strip(" ")
    assert found.encode("utf-8")
    assert key(found) == found
    assert key(unicodedata.normalize("NFD", text)) == key(unicodedata.normalize("NFC", text))


def test_every_sign_that_folds_or_decomposes() -> None:
    """A key is its own key, whatever Unicode makes of a sign: "℠" gives "SM", "ŉ" gives "ʼn"."""
    for sign in map(chr, [*range(0xD800), *range(0xE000, 0x110000)]):
        if sign.casefold() != sign or not unicodedata.is_normalized("NFKD", sign):
            for text in (sign, f"a{sign}b"):
                assert key(key(text)) == key(text), hex(ord(sign))


def test_long_texts_take_their_time_in_proportion() -> None:
    begun = time.process_time()
    for text in ("ﷺ" * 200_000, "’" * 2_000_000, "é" * 1_000_000, "a’" * 500_000):
        key(text)
    assert time.process_time() - begun < 20
