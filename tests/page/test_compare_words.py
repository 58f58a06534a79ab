"""Typography, word diffs, signs of change: what is equal, what is not, and what is said of it."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.page.signs_of_change import signs_of
from archiver.page.text_diff import differences, is_changed, paragraphs
from archiver.page.typography import fold, same_words
from archiver.page.wording import blocks, changed, split

SIGNS = st.text(alphabet="ab1 “”‘’\"'«»-–—\u00ad\u00a0\n.,!’é日本", max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“Don’t wait,”", '"Don\'t wait,"'),
        ("“Don’t wait,”", "‘Don’t wait,’"),
        ("''Don't wait,''", "“Don’t wait,”"),
        ("« Non ! »", "“Non!”"),
        ("„Nein“", "»Nein«"),
        ("「はい」", "“はい”"),
        ("a — b", "a - b"),
        ("a—b", "a -- b"),
        ("1990–1995", "1990-1995"),
        ("5\u00a0million", "5 million"),
        ("one\ntwo", "one two"),
        ("Dam\u00adage", "Damage"),
        ("e\u0301te\u0301", "été"),
        ("zero\u200bwidth", "zerowidth"),
    ],
)
def test_mere_typography(one: str, other: str) -> None:
    assert same_words(one, other)
    assert same_words(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("its", "it's"),
        ("re-sign", "resign"),
        ("now here", "nowhere"),
        ("no one", "noone"),
        ("10 000", "10000"),
        ("10,000", "10.000"),
        ("1.5", "15"),
        ("Yes", "yes"),
        ("yes.", "yes"),
        ("yes?", "yes!"),
        ("…", "..."),
        ("“yes”", "yes"),
        ("“yes”", "“yes"),
        ("6' of water", '6" of water'),
        ("naïve", "naive"),
        ("Straße", "Strasse"),
        ("four", "five"),
        ("-5", "5"),
        ("日本", "日木"),
        ("a b", "b a"),
        ("ﬁne", "fine"),
        ("½", "1/2"),
    ],
)
def test_more_than_typography(one: str, other: str) -> None:
    assert not same_words(one, other)
    assert not same_words(other, one)


@given(SIGNS, SIGNS)
def test_typography_is_an_equality(one: str, other: str) -> None:
    assert same_words(one, one)
    assert same_words(one, other) == same_words(other, one) == (fold(one) == fold(other))


LETTERS = st.text(alphabet="abAB12é", min_size=1, max_size=6)


@given(st.lists(LETTERS, min_size=1, max_size=6), st.lists(LETTERS, min_size=1, max_size=6))
def test_other_letters_are_never_typography(one: list[str], other: list[str]) -> None:
    """However the words are set: with the letters in another order or number they are others."""
    for a, b in ((" ".join(one), " ".join(other)), ("“" + "–".join(one) + "”", '"' + "-".join(other) + '"')):
        assert same_words(a, b) == (one == other)


@given(SIGNS, SIGNS)
def test_a_diff_gives_both_texts(old: str, new: str) -> None:
    for diff in (changed(old, new), differences(old, new)):
        assert "".join(text for sign, text in diff if sign != "+") == old
        assert "".join(text for sign, text in diff if sign != "-") == new
        assert all(text for _, text in diff)
        assert all(a[0] != b[0] for a, b in itertools.pairwise(diff))
        assert (old == new) == (not any(sign != "=" for sign, _ in diff))


def test_a_diff_is_one_of_words() -> None:
    assert changed("We will not pay 5 million.", "We will pay 50 million.") == (
        ("=", "We will "),
        ("-", "not "),
        ("=", "pay "),
        ("-", "5"),
        ("+", "50"),
        ("=", " million."),
    )
    assert changed("same", "same") == (("=", "same"),)


@given(SIGNS)
def test_words_have_their_places(text: str) -> None:
    words = split(text)
    assert all(a < b for a, b in zip(words.starts, words.ends, strict=True))
    assert all(end <= start for end, start in zip(words.ends, words.starts[1:], strict=False))
    rest = list(text)
    for start, end in zip(words.starts, words.ends, strict=True):
        rest[start:end] = [" "] * (end - start)
    assert "".join(rest).replace("\u00ad", " ").strip() == ""


def test_words() -> None:
    keys = split("“Don’t,” he’d said — 12,000.5 U.S. lads’ 日本 Dam\u00adage").keys
    assert keys == [
        "'",
        "don't",
        ",",
        "'",
        "he'd",
        "said",
        "-",
        "12,000.5",
        "u.s",
        ".",
        "lads",
        "'",
        "日",
        "本",
        "damage",
    ]
    assert split("“Nein“sagte").keys == ["'", "nein", "'", "sagte"]
    assert split("İstanbul’da").keys == ["i̇stanbul'da"] or len(split("İstanbul’da").keys) == 1


@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 3), max_size=30))
def test_blocks_are_a_common_subsequence(old: list[int], new: list[int]) -> None:
    found = blocks(old, new)
    at = to = 0
    for i, j, length in found:
        assert i >= at
        assert j >= to
        assert length > 0
        assert old[i : i + length] == new[j : j + length]
        at, to = i + length, j + length


@pytest.mark.parametrize(
    ("old", "new", "signs"),
    [
        ("We will pay.", "We will not pay.", ("negation",)),
        ("We can pay.", "We can’t pay.", ("negation",)),
        ("Wir zahlen.", "Wir zahlen nicht.", ("negation",)),
        ("Il a payé.", "Il n’a pas payé.", ("negation",)),
        ("Мы заплатим.", "Мы не заплатим.", ("negation",)),
        ("It cost 5 million.", "It cost 50 million.", ("number",)),
        ("Four died.", "Five died.", ("number",)),
        ("I met Ann Lee there.", "I met Tom Lee there.", ("name",)),
        ("“Yes, we do.”", "Yes, we do.", ("quotation marks",)),
        ("Yes, we do", "yes, we do", ("case only",)),
        ("Yes, we do", "Yes; we do", ("punctuation only",)),
        ("red and blue", "blue and red", ("order of words",)),
        ("a red one", "a blue one", ()),
        ("“same”", '"same"', ()),
        ("I saw 5 of them", "I never saw 6 of them", ("negation", "number")),
    ],
)
def test_signs_of_change(old: str, new: str, signs: tuple[str, ...]) -> None:
    assert signs_of(old, new) == signs


@given(SIGNS, SIGNS)
def test_signs_of_anything(old: str, new: str) -> None:
    assert isinstance(signs_of(old, new), tuple)
    assert signs_of(old, old) == ()


def test_paragraphs_of_a_diff() -> None:
    found = paragraphs(differences("One.\nTwo men came.\nThree.", "One.\nTwo women came.\nThree."))
    assert [is_changed(paragraph) for paragraph in found] == [False, True, False]
    assert found[1] == (("=", "Two "), ("-", "men"), ("+", "women"), ("=", " came."))
    assert paragraphs(differences("", "")) == []


def test_a_diff_of_long_texts_takes_no_quadratic_time() -> None:
    rng = random.Random(1)
    words = [f"word{rng.randrange(977)}" for _ in range(60_000)]
    other = [word if number % 50 else "other" for number, word in enumerate(words)]
    start = time.process_time()
    diff = differences(" ".join(words), " ".join(other))
    assert time.process_time() - start < 6
    assert sum(sign == "+" for sign, _ in diff) == 1200
    start = time.process_time()
    changed("same " * 40_000, "other " * 40_000)
    assert time.process_time() - start < 4
