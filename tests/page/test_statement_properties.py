"""Any text gives statements that stand in it; the same ones each time; in a time that grows with the text."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.page.marks import Mark
from archiver.page.statements import Statement, find, find_in_page

MARKS = "\"“”„‟«»‹›‘’‚'`「」『』"
PIECES = [
    *MARKS, *(f" {mark}" for mark in MARKS), *(f"{mark} " for mark in MARKS), "''", "``", ",,",
    "said", "He said", "Ann Lee", "Ann Lee said, ", "according to ", "sagte Lea Kern", "a déclaré Léa Roy",
    "сказал Иван",
    "と述べた", "は", "说：", "قال", "אמר", "that ", "who ", "to ", "and ", ", ", ". ", ": ", "; ", "? ", "! ", "… ",
    "— ", "–", "(", ")", "[", "]", "\n", "\n\n", "\t", "\u00a0", "\u200b", "1", "12\"", "6'2\"", "’90s",
    "’s ", "it’s ", "BOB: ", "\ud800", "\0", "é", "😀",
]  # fmt: skip
LANGUAGES = st.sampled_from(
    [None, "en", "de", "fr", "es", "pl", "ru", "ar", "he", "ja", "zh", "nl", "xx", "", "en-US", "x" * 99]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=120).map("".join))


def check(text: str, statements: list[Statement]) -> None:
    for statement in statements:
        assert statement.kind in ("direct", "mixed", "indirect")
        assert statement.polarity in ("affirmed", "denied")
        assert 0 <= statement.confidence <= 100
        assert statement.parts
        assert statement.reasons
        spans = list(statement.parts)
        assert all(before.end <= after.start for before, after in pairwise(spans))
        if statement.speaker is not None:
            assert statement.speaker.name.strip()
            if statement.speaker.mention is not None:
                spans.append(statement.speaker.mention)
        if statement.cue is not None:
            spans.append(statement.cue.span)
            assert text[statement.cue.span.start : statement.cue.span.end] == statement.cue.text
        for span in spans:
            assert 0 <= span.start < span.end <= len(text)
            assert not text[span.start].isspace()
            assert not text[span.end - 1].isspace()
    firsts = [statement.parts[0] for statement in statements]
    assert firsts == sorted(firsts)


@settings(max_examples=400, deadline=None)
@given(TEXTS, LANGUAGES)
def test_any_text(text: str, language: str | None) -> None:
    statements = find(text, language)
    check(text, statements)
    assert find(text, language) == statements


@settings(max_examples=150, deadline=None)
@given(
    TEXTS,
    st.lists(
        st.tuples(
            st.sampled_from(["q", "blockquote", "h1", "h3", "nav", "aside", "footer", "header", "article", "cite"]),
            st.integers(0, 300),
            st.integers(1, 200),
        ),
        max_size=12,
    ),
)
def test_any_page(text: str, ranges: list[tuple[str, int, int]]) -> None:
    marks = [Mark(kind, start, min(start + length, len(text))) for kind, start, length in ranges if start < len(text)]
    check(text, find_in_page(text, sorted(marks, key=lambda mark: (mark.start, -mark.end)), None))


PARAGRAPHS = [
    "“The lamp was out,” Ann Corley said.",
    "“The gate was open,” Bram Holt said.",
    "“The key was gone,” Cara Doyle said.",
    "“The boat was late,” Dan Evers said.",
    "“The dog was calm,” Eve Farrant said.",
]


@given(st.integers(0, 4), st.integers(0, 36), st.sampled_from(["“", "”", '"', "‘", "'", "«", "„", "」", "''"]))
def test_an_odd_mark_costs_its_paragraph_only(which: int, at: int, mark: str) -> None:
    paragraphs = list(PARAGRAPHS)
    paragraphs[which] = paragraphs[which][:at] + mark + paragraphs[which][at:]
    text = "\n\n".join(paragraphs)
    found = {text[part.start : part.end] for statement in find(text, "en") for part in statement.parts}
    for number, paragraph in enumerate(PARAGRAPHS):
        if number != which:
            assert paragraph[: paragraph.index("”") + 1] in found


ADVERSARIAL = [
    '"', "“", "”", "‘", "'", "«", "「", "‘’", "hello ", "Hello ", "said ", "he said “a” ", "“a ", '"a ', " 'a ",
    '5" ', "“a ‘b “c” d’ e” ", "and ", "who said ", "to say ", "“a b c d”\n", "'a b c d'\n", "BOB: hi there.\n",
    "— hola —dijo Ana—. ", ", ", ": ", "は「あ」と", "李明说：“好”", "قال «ا» ", "A.B.", "Lee, ", "according to ",
    "(a) said ", "“a”: ", "’s ", "als „a“ sagte er. ", "l’a’b’c’",
]  # fmt: skip


def seconds(piece: str, language: str, size: int) -> float:
    text = (piece * (size // len(piece) + 1))[:size]
    best = 9e9
    for _ in range(2):
        start = time.process_time()
        find(text, language)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("piece", ADVERSARIAL, ids=range(len(ADVERSARIAL)))
def test_twice_the_text_takes_about_twice_the_time(piece: str) -> None:
    small, large = seconds(piece, "en", 8_000), seconds(piece, "en", 32_000)
    assert large < 4 * 2.5 * max(small, 0.03)


ELSEWHERE = [
    ("fr", "«a, dit Ana, b» "), ("fr", "se dit "), ("fr", ", dit dans un "),
    ("es", "el martes dijo ante la prensa «a» "),
    ("it", "dal ministero di "), ("de", "„a“, sagte im Interview "), ("ru", "— a — сказал он — "),
    ("ru", "в беседе с «"),
    ("pl", "„a” – mówi "), ("he", 'ב"אבג" '), ("ja", "「a」は「b」と言った。"), ("zh", "“a”他说"),
    ("ar", "قال لوكالة «ا» "),
    ("en", "“a.’ "), ("nl", "zei de A van A "),
]  # fmt: skip


@pytest.mark.parametrize(("language", "piece"), ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_and_in_every_language(language: str, piece: str) -> None:
    small, large = seconds(piece, language, 4_000), seconds(piece, language, 16_000)
    assert large < 4 * 2.5 * max(small, 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("mark", ['"', "“", "'", "«"])
def test_a_million_marks(mark: str) -> None:
    start = time.process_time()
    check(mark * 1_000_000, find(mark * 1_000_000, "en"))
    assert time.process_time() - start < 60
