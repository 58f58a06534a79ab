"""Which part of a page is the article: trafilatura's answer, kept within bounds, and found again in the page text.

trafilatura reads what the projection left of the page (no scripts, styles, comments), so both take the same characters
for text. It decides which words are the article, never what the bytes say. Pages that could keep it busy for long are
not given to it, and the reason is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archiver.page.outline import Outline

MAX_SOURCE = 4 << 20  # characters that are given to trafilatura
MAX_TAGS = 60_000
MAX_DEPTH = 250
MAX_TAG = 1 << 20  # characters
MAX_PIECES = 20_000
SEARCHES = 40  # times the page text's length that may be searched through for pieces that are no whole line
MAX_RANGES = 1_000

_BLOCKS = frozenset({"p", "head", "item", "list", "quote", "row", "cell", "table", "code", "lb", "div", "body", "ab"})
_SPACES = re.compile(r"[\t\n\f\r ]+")


@dataclass(frozen=True, slots=True)
class Main:
    """`ranges`: code points of the page text; `text`: the same words, a line for each piece. `problem`: why it was not
    looked for, or not found."""

    text: str | None
    ranges: tuple[tuple[int, int], ...]
    title: str | None = None
    byline: str | None = None
    date: str | None = None
    problem: str | None = None


def extract(outline: Outline, page_text: str, url: str, *, guess: bool) -> Main:
    """The main text; with `guess` also title, byline and date as trafilatura and htmldate make them out."""
    if problem := _too_much(outline):
        return Main(None, (), problem=problem)
    from lxml.etree import LxmlError
    from trafilatura import bare_extraction, extract_metadata, load_html

    source = outline.reduced()
    if len(source) > MAX_SOURCE:
        return Main(None, (), problem=f"main text not read: {len(source)} characters of markup (limit {MAX_SOURCE})")
    try:
        tree = load_html(source)
        if tree is None:
            return Main(None, (), problem="main text not read: the page has no tree of elements")
        title = byline = date = None
        if guess:
            guessed = extract_metadata(tree, default_url=url, date_config=dict(_DATES))
            title, byline, date = guessed.title, guessed.author, guessed.date
        document: Any = bare_extraction(tree, url=url, favor_precision=True, include_comments=False)
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, LxmlError) as error:
        return Main(None, (), problem=f"main text not read: trafilatura failed ({type(error).__name__})")
    pieces = [] if document is None or document.body is None else list(_pieces(document.body))
    if not pieces:
        return Main(None, (), title, byline, date, "no main text found")
    return Main("\n".join(pieces), locate(page_text, pieces), title, byline, date)


# No clock: the newest date that is believed is a fixed one, so that a reading can be repeated.
_DATES: dict[str, Any] = {"original_date": True, "extensive_search": False, "max_date": "2099-12-31"}


def _too_much(outline: Outline) -> str | None:
    if outline.tags > MAX_TAGS:
        return f"main text not read: {outline.tags} tags (limit {MAX_TAGS})"
    if outline.depth > MAX_DEPTH:
        return f"main text not read: elements nested {outline.depth} deep (limit {MAX_DEPTH})"
    if outline.longest_tag > MAX_TAG:
        return f"main text not read: a tag of {outline.longest_tag} characters (limit {MAX_TAG})"
    return None


def _pieces(body: Any) -> Iterator[str]:
    """The text between the block boundaries of trafilatura's result, white space collapsed."""
    parts: list[str] = []

    def piece() -> Iterator[str]:
        if words := _SPACES.sub(" ", "".join(parts)).strip(" "):
            yield words
        parts.clear()

    from lxml.etree import iterwalk

    for event, element in iterwalk(body, events=("start", "end")):
        block = element.tag in _BLOCKS
        if event == "start":
            if block:
                yield from piece()
            if element.text:
                parts.append(element.text)
        else:
            if block:
                yield from piece()
            if element.tail and element is not body:
                parts.append(element.tail)
    yield from piece()


def locate(page_text: str, pieces: list[str]) -> tuple[tuple[int, int], ...]:
    """Where the pieces stand in the page text, in order; neighbours are joined. Linear: whole lines are looked up,
    other pieces searched for while the budget lasts."""
    lines: dict[str, list[int]] = {}
    at = 0
    for line in page_text.split("\n"):
        lines.setdefault(line, []).append(at)
        at += len(line) + 1
    found: list[tuple[int, int]] = []
    cursor, budget = 0, SEARCHES * len(page_text)
    for piece in pieces[:MAX_PIECES]:
        start = -1
        if places := lines.get(piece):
            later = next((place for place in places[:50] if place >= cursor), None)
            start = places[0] if later is None else later
        elif budget > 0:
            start = page_text.find(piece, cursor)
            budget -= (start if start >= 0 else len(page_text)) - cursor
            if start < 0 and cursor and budget > 0:
                start = page_text.find(piece, 0, cursor)
                budget -= cursor if start < 0 else start
        if start >= 0:
            found.append((start, start + len(piece)))
            cursor = max(cursor, start + len(piece))
    return _joined(sorted(found), page_text)


def _joined(ranges: list[tuple[int, int]], page_text: str) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in ranges:
        if joined and (start <= joined[-1][1] or page_text[joined[-1][1] : start] in ("\n", " ")):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif len(joined) < MAX_RANGES:
            joined.append((start, end))
    return tuple(joined)
