"""Where given words stand, and what is nearest where they do not."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.page.passage import Text, bare, pieces, with_marks
from archiver.page.typography import same_words

PAGE = (
    "Council meets\n“We will not raise the fare this year,” Ann Lee said on Monday. “Never again.”\n"
    "Tom Berg, her deputy, said: ‘It’s the valves – not the wall.’\n"
    "« Nous n’avons rien caché ! » a dit Luc.\n「苦しい決断だったが、やむを得ない」と述べた。\nnever again, they wrote."
)


def words(passages: list[object]) -> list[str]:
    return [PAGE[found.start : found.end] for found in passages]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "stands"),
    [
        ("We will not raise the fare", ["We will not raise the fare"]),
        ('"We will not raise the fare this year,"', ["We will not raise the fare this year,"]),
        ("Never again", ["Never again"]),
        ("Never again.", ["Never again."]),
        ("never again,", ["never again,"]),
        ("It's the valves - not the wall.", ["It’s the valves – not the wall."]),
        ("It's the valves—not the wall", ["It’s the valves – not the wall"]),
        ("Nous n'avons rien caché!", ["Nous n’avons rien caché !"]),
        ("苦しい決断だった", ["苦しい決断だった"]),
        ("Monday. “Never again.”", ["Monday. “Never again.”"]),
        ("Ann\u00adLee", []),
        ("we will not raise", []),
        ("We will not raise the fare.", []),
        ("We will not raise the fares", []),
        ("We will raise the fare", []),
        ("ever again", []),
        ("Its the valves", []),
        ("", []),
        ("“”…", []),
    ],
)
def test_standing(given: str, stands: list[str]) -> None:
    assert words(list(Text(PAGE).standing(given))) == stands


def test_soft_hyphens_and_composed_letters_do_not_count() -> None:
    text = Text("She said: the Dam\u00adage is u\u0301nique.")
    assert len(text.standing("the Damage is únique")) == 1


def test_alike_forgives_case_and_signs() -> None:
    assert words(list(Text(PAGE).alike("never AGAIN"))) == ["Never again", "never again"]
    assert words(list(Text(PAGE).alike("Never again!"))) == ["Never again.", "never again,"]


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("We will raise the fare this year", "We will not raise the fare this year"),
        ("We shall not raise the fare this year", "We will not raise the fare this year"),
        ("They will not raise the fares", "We will not raise the fare"),
        ("It's the pipes, not the wall", "It’s the valves – not the wall"),
        ("苦しい選択だったが", "苦しい決断だったが"),
        ("valvs", "valves"),
    ],
)
def test_nearest(given: str, nearest: str) -> None:
    found = Text(PAGE).nearest(given)
    assert found is not None
    assert PAGE[found.start : found.end] == nearest
    assert 0.3 <= found.likeness < 1


@pytest.mark.parametrize("given", ["zebras graze", "", "…", "7,000 kilometres", "象が歩く"])
def test_nothing_is_near(given: str) -> None:
    assert Text(PAGE).nearest(given) is None


def test_nothing_is_in_nothing() -> None:
    text = Text("")
    assert (text.standing("a"), text.alike("a"), text.nearest("a")) == ([], [], None)


@pytest.mark.parametrize(
    ("given", "core"),
    [
        (" “No.” ", "No."),
        ('"No"', "No"),
        ("'No'", "No"),
        ("the lads’", "the lads’"),
        ("«\u00a0Non\u00a0!\u00a0»", "Non\u00a0!"),
        ("„Nein“, sagte er", "„Nein“, sagte er"),
        ("”", ""),
        ("“No", "No"),
        ("No”", "No"),
        ("“‘No’”", "No"),
        ("He said “No”", "He said “No”"),
    ],
)
def test_bare(given: str, core: str) -> None:
    assert bare(given) == core


def test_pieces() -> None:
    assert pieces("“We will […] never (...) again … ”") == ["We will", "never", "again"]
    assert pieces("We ... ... will") == ["We", "will"]
    assert pieces("One.") == ["One."]


def test_with_marks() -> None:
    text = "He said “No” and left"
    assert with_marks(text, 9, 11) == (8, 12)
    assert with_marks(text, 8, 12) == (8, 12)
    assert with_marks(text, 0, 2) == (0, 2)
    assert with_marks("“No”", 1, 3) == (0, 4)


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=60))
def test_what_stands_is_found_and_is_the_same(before: str, said: str, after: str) -> None:
    text = f"{before} {said} {after}"
    for found in Text(text).standing(said):
        assert same_words(text[found.start : found.end], bare(said))
    Text(text).nearest(said)
    Text(text).alike(said)


@given(
    st.lists(
        st.sampled_from(["never", "again", "we", "will", "not", "海", "は", "يوم", "d’ici"]), min_size=1, max_size=8
    )
)
def test_whole_words_between_others_always_stand(said: list[str]) -> None:
    words = " ".join(said)
    text = f"Xerxes, {words}; Yorick"
    assert any(found.start == 8 for found in Text(text).standing(words))


@pytest.mark.parametrize(
    "text",
    ["hello " * 200_000, "a b " * 300_000, "あ" * 400_000, "“ " * 300_000, "x" * 1_000_000, "a-" * 300_000],
    ids=["word", "two words", "signs", "marks", "one word", "dashes"],
)
def test_repetitive_texts_take_no_longer(text: str) -> None:
    begun = time.process_time()
    whole = Text(text)
    for words in ("hello " * 300 + "x", "a b a b c", "あ" * 300 + "い", "hello hello", "a-a-a-b", "“"):
        whole.standing(words)
        whole.alike(words)
        whole.nearest(words)
    assert time.process_time() - begun < 15


def test_a_large_page_takes_its_time_in_proportion() -> None:
    chance = random.Random(1)
    text = " ".join(
        chance.choice(["alpha", "beta", "gamma", "delta", "the", "of"]) + str(n % 977) for n in range(200_000)
    )
    whole = Text(text)
    begun = time.process_time()
    for _ in range(20):
        whole.nearest("the977 of12 alpha13 beta99 gamma")
        whole.standing("alpha1 beta2")
    assert time.process_time() - begun < 10
