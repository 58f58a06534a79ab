"""Text fragments: how links spell the words that they scroll to."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.page.fragment import Spot, directive, link

LONG = (
    "“We have counted the boxes, the letters and the keys, "
    + "and then again, " * 20
    + "and the sum is never the same.”"
)


JAPANESE = Spot("海は待ってくれる", "父はいつも『", "』と言っていた")


@pytest.mark.parametrize(
    ("spot", "spelled"),
    [
        (Spot("we will never do that again"), "we%20will%20never%20do%20that%20again"),
        (Spot("“We will never do that again”"), "We%20will%20never%20do%20that%20again"),
        (Spot("never, ever & nowhere - again"), "never%2C%20ever%20%26%20nowhere%20%2D%20again"),
        (Spot("“No.”", "told reporters: ", " and left"), "told%20reporters%3A-,%E2%80%9CNo.%E2%80%9D,-and%20left"),
        (Spot("“No.”", "", " and left"), "%E2%80%9CNo.%E2%80%9D,-and%20left"),
        (Spot("“No.”", "x-ray, ", ""), "x%2Dray%2C-,%E2%80%9CNo.%E2%80%9D"),
        (Spot("“No.”"), "%E2%80%9CNo.%E2%80%9D"),
        (Spot("we will never do it again", "It is: ", often=True), "It%20is%3A-,we%20will%20never%20do%20it%20again"),
        (Spot("the first block ends\nand another begins"), "the%20first%20block%20ends,and%20another%20begins"),
        (Spot("“No.”", "end of a block\nJune", "\nNext block"), "June-,%E2%80%9CNo.%E2%80%9D,-Next%20block"),
        (JAPANESE, ",".join((f"{quote('父はいつも『')}-", quote("海は待ってくれる"), f"-{quote('』と言っていた')}"))),
    ],
)  # fmt: skip
def test_directive(spot: Spot, spelled: str) -> None:
    assert directive(spot) == spelled


def test_long_words_are_given_by_their_beginning_and_end() -> None:
    assert len(LONG) > 300
    start, end = map(unquote, directive(Spot(LONG)).split(","))
    assert LONG.strip("“”").startswith(start) and LONG.strip("“”").endswith(end)
    assert 20 <= len(start) <= 60 and 20 <= len(end) <= 60
    assert not start.endswith(" ") and not end.startswith(" ")


def test_a_context_that_may_be_cut_begins_and_ends_with_whole_words() -> None:
    before = "ers of the council, who told the reporters: "
    after = ", and nobody of those who were there will forg"
    found = [unquote(part) for part in directive(Spot("“No.”", before, after)).split(",")]
    assert found[0].removesuffix("-").endswith("told the reporters:")
    assert not found[0].startswith("ers")
    assert not found[2].endswith("forg")


def test_the_link() -> None:
    spots = [Spot("we will never do that again"), Spot("and that is all there is")]
    there = "https://news.example/a"
    assert link(there, spots) == (
        f"{there}#:~:text=we%20will%20never%20do%20that%20again&text=and%20that%20is%20all%20there%20is"
    )
    assert link(f"{there}#top", spots[:1]).startswith(f"{there}#top:~:text=we")
    assert link(there, []) == there
    assert link(there, spots * 20).count("text=") == 10


@given(st.text(min_size=1, max_size=400), st.text(max_size=48), st.text(max_size=48), st.booleans())
def test_any_words(exact: str, prefix: str, suffix: str, often: bool) -> None:
    made = directive(Spot(exact, prefix, suffix, often))
    assert made.isascii()
    parts = made.split(",")
    assert 1 <= len(parts) <= 4
    for part in parts:
        assert not set(part.strip("-")) & set('-&, #"<>\n')
    if len(parts[0]) > 1:
        assert "-" not in parts[0][:-1]
